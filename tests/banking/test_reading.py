"""Statements of nine layouts and of none, dirty, legacy and hostile: each row accounted for, or the file refused clearly."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shop.banking import layouts, reading
from shop.banking.models import BankRow, FileState, RowOutcome
from shop.banking.services import files
from shop.imports.errors import Unclear
from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.errors import Invalid
from shop.kernel.sheets import BadTable
from tests.banking.conftest import CLERK, HEAD, key, lines, send, statement, told
from tests.imports import sheets

TODAY = "28/11/2026"
# For each layout: head, a row of 185.000 that came under FT26001 and a row of 20.000 that left.
LAYOUTS: dict[str, tuple[list[str], list[Any], list[Any]]] = {
    "Vietcombank": (
        ["STT", "Ngày giao dịch/ Số CT (Doc No)", "Số tiền ghi nợ (Debit)", "Số tiền ghi có (Credit)", "Số dư (Balance)",
         "Nội dung chi tiết (Transactions in detail)"],
        [1, "28/11/2026\nFT26001", "", "185,000", "1,185,000", "tien hang"],
        [2, "28/11/2026\nFT26002", "20,000", "", "1,165,000", "phi"],
    ),
    "VietinBank": (
        ["STT", "Ngày giao dịch", "Nội dung giao dịch", "Ghi nợ", "Ghi có", "Số dư", "Số giao dịch", "Tài khoản đối ứng",
         "Tên tài khoản đối ứng"],
        [1, "28-11-2026 10:15:00", "tien hang", "", "185.000", "", "FT26001", "19001", "NGUYEN VAN A"],
        [2, "28-11-2026 10:16:00", "phi", "20.000", "", "", "FT26002", "", ""],
    ),
    "BIDV": (
        ["STT", "Ngày giao dịch", "Ngày hiệu lực", "Số tiền ghi nợ", "Số tiền ghi có", "Số dư", "Nội dung giao dịch",
         "Số chứng từ"],
        [1, "28/11/2026", "29/11/2026", "0", "185,000.00", "", "tien hang", "FT26001"],
        [2, "28/11/2026", "29/11/2026", "20,000.00", "0.00", "", "phi", "FT26002"],
    ),
    "Techcombank": (
        ["Ngày giao dịch (Transaction date)", "Đối tác (Remitter)", "NH đối tác", "Diễn giải (Details)",
         "Số bút toán (Transaction No)", "Nợ TKTT (Debit)", "Có TKTT (Credit)", "Số dư (Balance)"],
        ["28/11/2026", "NGUYEN VAN A", "VCB", "tien hang", "FT26001", "", "185,000", ""],
        ["28/11/2026", "", "", "phi", "FT26002", "-20,000", "", ""],
    ),
    "MB": (
        ["STT", "Ngày giao dịch", "Số bút toán", "Phát sinh nợ", "Phát sinh có", "Số dư", "Nội dung",
         "Đơn vị thụ hưởng/Đơn vị chuyển", "Tài khoản"],
        [1, "28/11/2026 10:15:00", "FT26001", "", "185,000", "", "tien hang", "NGUYEN VAN A", "19001"],
        [2, "28/11/2026 10:15:00", "FT26002", "20,000", "", "", "phi", "", ""],
    ),
    "ACB": (
        ["Ngày hiệu lực", "Ngày giao dịch", "Số giao dịch", "Nội dung giao dịch", "Rút ra", "Gửi vào", "Số dư"],
        ["28/11/2026", "28/11/2026", "FT26001", "tien hang", "", "185.000", ""],
        ["28/11/2026", "28/11/2026", "FT26002", "phi", "20.000", "", ""],
    ),
    "TPBank": (
        ["Ngày giao dịch", "Mã giao dịch", "Số tiền", "Nội dung", "Số dư"],
        ["28/11/2026", "FT26001", "+185,000 VND", "tien hang", ""],
        ["28/11/2026", "FT26002", "-20,000 VND", "phi", ""],
    ),
    "Agribank": (
        ["Ngày giờ GD", "Mã GD", "Số tiền", "Ghi nợ/có", "Diễn giải", "Số dư"],
        ["28/11/2026 10:15", "FT26001", "185.000", "C", "tien hang", ""],
        ["28/11/2026 10:16", "FT26002", "20.000", "Nợ", "phi", ""],
    ),
    "Sacombank": (
        ["Ngày", "Mô tả", "PS nợ", "PS có", "Số dư", "Số tham chiếu"],
        ["28.11.2026", "tien hang", "", "185.000", "", "FT26001"],
        ["28.11.2026", "phi", "(20.000)", "", "", "FT26002"],
    ),
}  # fmt: skip
TITLE = [["NGÂN HÀNG"], ["SAO KÊ TÀI KHOẢN", "", "0123456789"], [], ["Từ ngày 01/11/2026 đến ngày 28/11/2026"], []]
FOOT = [["Tổng cộng", "", "20.000", "185.000"], [], ["Số dư cuối kỳ", "1.165.000"]]


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    real = clock.today
    monkeypatch.setattr(clock, "today", lambda: max(real(), date(2026, 11, 28)))


def read(content: bytes, name: str = "a.csv") -> list[reading.Read]:
    book = reading.opened(content, name)
    found = reading.survey(book)
    return list(reading.rows(book, found.sheet, found.head_row, found.head, found.columns, found.verdicts))


@pytest.mark.parametrize("kind", ["csv", "semicolons", "tabs", "xlsx", "utf-16", "cp1258"])
@pytest.mark.parametrize("bank", LAYOUTS)
def test_each_layout_is_known_by_its_words(bank: str, kind: str) -> None:
    head, came, left = LAYOUTS[bank]
    table = [*TITLE, head, came, left, *FOOT]
    if kind == "xlsx":
        content = sheets.book(*table)
    elif kind == "csv":
        content = sheets.text(*table)
    elif kind in {"semicolons", "tabs"}:
        content = sheets.text(*table, separator=";" if kind == "semicolons" else "\t")
    else:
        content = sheets.text(*(row for row in table))
        told_there = content.decode()
        if kind == "cp1258":
            import unicodedata

            # Windows-1258 has letters with hats and breves, and tones behind them.
            told_there = "".join(
                c if c in "âêôăơưđÂÊÔĂƠƯĐ" or ord(c) < 128 else unicodedata.normalize("NFD", c)
                for c in _tones_apart(told_there)
            )
        content = told_there.encode(kind)
    found = reading.survey(reading.opened(content))
    assert found.layout == bank
    rows = read(content)
    lines_of = [r for r in rows if r.is_line]
    assert [(r.why, r.booked_on, r.amount) for r in lines_of] == [
        (None, date(2026, 11, 28), 185_000), (None, date(2026, 11, 28), -20_000)
    ]  # fmt: skip
    assert [r.bank_reference for r in lines_of] == ["FT26001", "FT26002"]
    assert [r.memo for r in lines_of] == ["tien hang", "phi"]


def _tones_apart(told_there: str) -> str:
    import unicodedata

    out = []
    for char in told_there:
        parts = unicodedata.normalize("NFD", char)
        tone = "".join(p for p in parts if p in "\u0300\u0301\u0303\u0309\u0323")
        bare = unicodedata.normalize("NFC", "".join(p for p in parts if p not in tone or not tone))
        out.append(bare + tone)
    return "".join(out)


def test_a_strange_head_waits_for_a_person_and_is_remembered(account: str) -> None:
    head = ["Cột A", "Thời điểm", "Vào", "Ra", "Lời nhắn", "Ngày", "Mã tham chiếu"]
    row = ["x", TODAY, "185.000", "", "tien hang", "", "FT26001"]
    content = sheets.text(head, row)
    found = send(account, content, apply=False)
    assert found.state is FileState.MATCHING
    wanted = [None, "day", "credit", "debit", "memo", None, "reference"]
    for wrong in (
        [None] * 7, [None, None, "credit", "debit", "memo", None, None], [None, "day", "credit", "credit", *[None] * 3],
        [None, "day", "memo", *[None] * 4], [None, "day", "credit", "amount", *[None] * 3], ["?", *[None] * 6],
    ):  # fmt: skip
        with pytest.raises(Invalid):
            files.match(CLERK, found.reference, wrong)
    files.match(CLERK, found.reference, wanted)
    files.apply(CLERK, found.reference)
    assert [x.amount for x in lines()] == [185_000]
    again = send(account, sheets.text(head, row, ["y", TODAY, "", "5.000", "phi", "", "FT26002"]), apply=False)
    assert again.state is FileState.TRIED
    assert again.counts == {"known": 1, "new": 1}


BAD: list[tuple[list[Any], str]] = [
    ([TODAY, "", "", "", "", "khong co tien", "", "", "R0001"], reading.NO_AMOUNT),
    ([TODAY, "", "5.000", "5.000", "", "hai chieu", "", "", "R0002"], reading.TWO_AMOUNTS),
    (["", "", "", "5.000", "", "khong ngay", "", "", "R0003"], reading.NO_DAY),
    (["28/13/2026", "", "", "5.000", "", "thang 13", "", "", "R0004"], ""),
    (["28/11/2099", "", "", "5.000", "", "tuong lai", "", "", "R0005"], reading.FUTURE),
    ([TODAY, "", "", "5.000,5", "", "phan le", "", "", "R0006"], ""),
    ([TODAY, "", "", "nam nghin", "", "chu", "", "", "R0007"], ""),
    ([TODAY, "", "", "99.999.999.999.999", "", "qua lon", "", "", "R0008"], ""),
]


def test_rows_that_cannot_be_read_are_refused_with_their_reason_and_touch_nothing_else(account: str) -> None:
    found = send(account, statement(told(1000, "tot"), *(row for row, _why in BAD), told(2000, "tot")))
    assert found.counts == {"new": 2, "refused": len(BAD)}
    assert [x.amount for x in lines()] == [1000, 2000]
    refused = (
        session().scalars(select(BankRow).where(BankRow.outcome == RowOutcome.REFUSED).order_by(BankRow.number)).all()
    )
    for row, (_cells, why) in zip(refused, BAD, strict=True):
        assert row.why
        assert not why or row.why[0] == why


@pytest.mark.parametrize(
    ("cell", "told"),
    [("1,000.00 USD", "USD"), ("-20 eur", "EUR"), ("$50", "$"), ("100 €", "€"), ("USD 12", "USD"), ("-5 usd", "USD")],
)
def test_an_amount_that_names_another_currency_is_refused_by_its_name(cell: str, told: str) -> None:
    with pytest.raises(Unclear) as refused:
        reading._money(cell)
    assert (refused.value.title, refused.value.values["currency"]) == (reading.CURRENCY, told)


@pytest.mark.parametrize("cell", ["20.000 VND", "20.000VND", "20,000.00 vnđ", "+20.000 ₫", "20000 đ", "VND 20.000"])
def test_an_amount_may_name_the_dong(cell: str) -> None:
    assert reading._money(cell) == 20_000


def test_other_currencies_are_no_money_of_ours(account: str) -> None:
    head = ["Ngày giao dịch", "Mã giao dịch", "Số tiền", "Loại tiền", "Nội dung"]
    content = sheets.text(head, [TODAY, "FT1001", "185.000", "USD", "x"], [TODAY, "FT1002", "185.000", "VND", "x"])
    found = send(account, content)
    assert found.counts == {"refused": 1, "new": 1}
    assert [x.bank_reference for x in lines()] == ["FT1002"]


def test_old_fonts_are_turned_into_unicode(account: str) -> None:
    rows = [
        told(1000 + n, memo)
        for n, memo in enumerate(["ThanhTo\xb8n ti\xd2n ch\xb6 m\xf9c H\xb9 Long", "mua r\xad\xeeu ba k\xddch"])
    ]
    content = sheets.book(HEAD[:1] + HEAD[2:], *([r[0], *r[2:]] for r in rows))
    send(account, content)
    assert "chả mực" in lines()[0].memo


def test_a_formula_is_its_value_or_nothing(account: str) -> None:
    def formulas(book: Any, sheet: Any) -> None:
        sheet.write_formula(2, 2, "=185000*1", None, 185_000)
        sheet.write_formula(3, 2, '=HYPERLINK("http://127.0.0.1/x")', None, "")

    head = ["Ngày giao dịch", "Mã giao dịch", "Số tiền", "Nội dung"]
    rows = [[TODAY, "FT1001", 1000, "=1+1 cua khach"], [TODAY, "FT1002", "", "x"], [TODAY, "FT1003", "", "x"]]
    content = sheets.book(head, *rows, more=formulas)
    found = send(account, content)
    assert [(x.bank_reference, x.amount) for x in lines()] == [("FT1001", 1000), ("FT1002", 185_000)]
    assert found.counts == {"new": 2, "refused": 1}
    assert lines()[0].memo.startswith("=1+1")  # a payer's words are text


def test_too_many_rows_and_hostile_files_get_a_clear_answer_soon() -> None:
    rows = [told(1000, "x", "") for _ in range(2)]
    long = statement(*rows) + (statement(rows[0]).split(b"\r\n")[2] + b"\r\n") * 200_000
    with pytest.raises(BadTable, match=r"dòng|MB"):
        read(long[: reading.LARGEST_FILE])
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as box:
        box.writestr("xl/worksheets/sheet1.xml", b"0" * 300_000_000)
    for content in (
        b"", b"%PDF-1.7 x", b"\xd0\xcf\x11\xe0" + b"0" * 600, bomb.getvalue(), b"PK\x03\x04 broken", b"<html>x</html>",
        b"\xff\xd8\xff\xe0 JFIF", b"a,b\n1,2\n", b"\0" * 5000, b"0" * (reading.LARGEST_FILE + 1),
    ):  # fmt: skip
        with pytest.raises(BadTable):
            list(read(content))


def test_an_empty_statement_and_an_unknown_account_are_refused(account: str) -> None:
    from shop.kernel.errors import NotFound

    with pytest.raises(BadTable):
        files.upload(CLERK, account, statement(), "a.csv", op_key=key())
    with pytest.raises(NotFound):
        files.upload(CLERK, "TK-none", statement(told(1000, "x")), "a.csv", op_key=key())
    assert lines() == []


def test_a_head_repeated_on_every_page_and_sums_are_no_transactions(account: str) -> None:
    head = HEAD[:1] + HEAD[2:]
    found = send(account, sheets.text(
        head, ["Số dư đầu kỳ", "", "", "", "1.000.000", "", "", ""], [*told(1000, "a")[:1], *told(1000, "a")[2:]], head,
        [*told(2000, "b")[:1], *told(2000, "b")[2:]], ["Cộng phát sinh", "", "3.000", "", "", "", "", ""],
        ["Tổng cộng", "1", "0", "3.000", "", "", "", ""],
    ))  # fmt: skip
    assert found.counts == {"new": 2, "ignored": 4}


def test_no_head_means_no_guess() -> None:
    assert layouts.recognised(["a", "b"]) is None
    assert not layouts.enough(layouts.guess(["Nội dung", "Số dư"]))


def test_the_same_form_twice_is_one_file(account: str, app: Flask) -> None:
    op_key = key()
    one = files.upload(CLERK, account, statement(told(1000, "x", "FT9001")), "a.csv", op_key=op_key)
    assert files.upload(CLERK, account, statement(told(1000, "x", "FT9001")), "a.csv", op_key=op_key) == one
