"""Files that tell what is known again, in other clothes or with other words: nothing is credited twice, or elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from shop.banking.models import LineState
from shop.imports.legacy import Encoding
from shop.kernel import clock
from shop.payments.models import PaymentState
from tests.banking.conftest import HEAD, broken, lines, number, payment_of, place, send, statement, told
from tests.imports import sheets
from tests.imports.test_readers import written_in

# The same account's lines as another bank's program writes them: other columns, days, amounts, and its own order.
OTHER_HEAD = [
    "STT", "Ngày giao dịch", "Số bút toán", "Phát sinh nợ", "Phát sinh có", "Số dư", "Nội dung",
    "Đơn vị thụ hưởng/Đơn vị chuyển", "Tài khoản",
]  # fmt: skip


def other_file(*rows: list[Any]) -> bytes:
    """The rows of `told` as an XLSX of another layout."""
    found = []
    for n, (day, _none, debit, credit, _balance, memo, name, account, reference) in enumerate(reversed(rows)):
        plus, minus = credit.replace(".", ","), debit.replace(".", ",")
        found.append(
            [n + 1, f"{day} 10:15:00", reference.lower(), minus, plus, "", f"  {memo.lower()}  ", name, account]
        )
    return sheets.book(["SỔ PHỤ TÀI KHOẢN"], [], OTHER_HEAD, *found)


def test_the_same_lines_in_another_file_are_known(account: str) -> None:
    placed, silent = place("vietqr"), place("vietqr", 92_000)
    rows = [
        told(185_000, f"{placed.code} MUA CHA MUC"), told(92_000, f"{silent.code} MUA HANG", ""), told(-11_000, "PHI SMS", ""),
    ]  # fmt: skip
    assert send(account, statement(*rows)).counts == {"new": 3}
    again = send(account, other_file(*rows), name="so-phu.xlsx")
    assert (again.layout, again.counts) == ("MB", {"known": 3})
    assert [x.amount for x in lines()] == [185_000, 92_000, -11_000]
    assert [payment_of(p).captured_amount for p in (placed, silent)] == [185_000, 92_000]
    assert broken() == set()


@pytest.mark.parametrize("how", ["code", "twice", "amount"])
def test_a_file_that_was_written_anew_credits_nobody_else(account: str, how: str) -> None:
    """Somebody takes a real line and puts another order's code, a second copy or another amount into a file of his own."""
    payer, other = place("vietqr"), place("vietqr")
    real = number()
    send(account, statement(told(185_000, f"{payer.code} tra tien", real)))
    forged = {
        "code": [told(185_000, f"{other.code} tra tien", real)],
        "twice": [told(185_000, f"{payer.code} tra tien", real), told(185_000, f"{other.code} tra tien", real)],
        "amount": [told(185_001, f"{other.code} tra tien", real)],
    }[how]
    found = send(account, statement(*forged))
    assert "new" not in found.counts
    assert [x.memo for x in lines()] == [f"{payer.code} tra tien"]
    assert payment_of(payer).captured_amount == 185_000
    assert (payment_of(other).state, payment_of(other).captured_amount) == (PaymentState.PENDING, 0)
    assert broken() == set()


def test_a_formula_names_no_order_and_no_amount(account: str) -> None:
    """What a formula shows is text or a number like any other; one without a value makes its row refused, and only that row."""
    placed, other = place("vietqr"), place("vietqr", 70_000)
    day = clock.today().strftime("%d/%m/%Y")

    def formulas(_book: Any, sheet: Any) -> None:
        sheet.write_formula(
            1, 3, f'=CONCATENATE("{placed.code}"," mua")', None, "mua hang"
        )  # it says one thing, shows another
        sheet.write_formula(2, 2, "=185000-115000", None, "#REF!")
        sheet.write_formula(3, 3, '=WEBSERVICE("http://127.0.0.1/x")', None, f"{other.code} mua")

    head = ["Ngày giao dịch", "Mã giao dịch", "Số tiền", "Nội dung"]
    rows = [[day, number(), 185_000, ""], [day, number(), "", f"{other.code} mua"], [day, number(), 70_000, ""]]
    found = send(account, sheets.book(head, *rows, more=formulas), name="sao-ke.xlsx")
    assert found.counts == {"new": 2, "refused": 1}
    assert [(x.amount, x.memo, x.state) for x in lines()] == [
        (185_000, "mua hang", LineState.OPEN),
        (70_000, f"{other.code} mua", LineState.CREDITED),
    ]
    assert payment_of(placed).state is PaymentState.PENDING
    assert broken() == set()


def test_bytes_of_an_old_font_are_read_and_known_again(account: str) -> None:
    """A CSV in TCVN3, as programs of before Unicode write it: it pays its orders, and the same in Unicode adds nothing."""
    placed = place("vietqr")
    rows = [
        told(185_000, f"{placed.code} chuyển tiền mua chả mực Hạ Long"),
        told(50_000, "mua rượu ba kích và nước mắm"),
        told(-11_000, "thu phí dịch vụ tháng"),
    ]
    table = [HEAD[:1] + HEAD[2:], *([r[0], *r[2:]] for r in rows)]
    old = "\n".join(written_in(",".join(row), Encoding.TCVN3) for row in table).encode("latin-1")
    found = send(account, old)
    assert found.counts == {"new": 3}
    assert [x.memo for x in lines()] == [r[5] for r in rows]
    assert payment_of(placed).state is PaymentState.CAPTURED
    assert send(account, statement(*rows)).counts == {"known": 3}
    assert broken() == set()
