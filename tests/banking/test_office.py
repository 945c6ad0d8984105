"""`/office/bank` for the order desk: pages, forms without JavaScript, rights, exports, refusals."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from shop.accounts.permissions import Role
from shop.banking.models import BankFile, BankLine, FileState, LineState, Queue
from shop.kernel import clock
from shop.kernel.db import session, transaction
from shop.payments import services as payments
from shop.payments.models import PaymentState
from tests.banking.conftest import HEAD, key, lines, payment_of, place, send, statement, told
from tests.imports import sheets
from tests.people import sign_in

BANK = "/office/bank"


@pytest.fixture
def desk(client: Any, ctx: Flask) -> Any:
    """The order desk, signed in."""
    sign_in(client, Role.ORDER_DESK)
    return client


def post(client: Any, path: str, *, page: str = f"{BANK}/accounts", **fields: Any) -> Any:
    """Post a form with a token and a fresh key; `file` is (content, name)."""
    sent = {"csrf_token": client.token(page), "op_key": key()} | fields
    if "file" in sent:
        content, name = sent["file"]
        sent["file"] = (io.BytesIO(content), name)
    return client.post(path, data=sent)


def test_a_statement_from_the_form_to_the_paid_order(desk: Any) -> None:
    placed = place("vietqr")
    page = desk.get(f"{BANK}/files").get_data(as_text=True)
    assert "…6789" in page  # the account of VietQR, before anything was written of it
    content = statement(
        told(185_000, f"{placed.code}"), told(1_000, "khong ro"), ["", "", "", "5", "", "loi", "", "", ""]
    )
    answer = post(desk, f"{BANK}/files", account="own", file=(content, "sao-ke.csv"))
    assert answer.status_code == 303
    file = answer.headers["Location"]
    page = desk.get(file).get_data(as_text=True)
    assert "Ghi 2 dòng mới" in page
    assert "Không có ngày giao dịch." in page
    assert lines() == []
    assert post(desk, f"{file}/apply").status_code == 303
    assert [x.state for x in lines()] == [LineState.CREDITED, LineState.OPEN]
    assert payment_of(placed).state is PaymentState.CAPTURED
    page = desk.get(BANK).get_data(as_text=True)
    assert "khong ro" in page
    assert placed.code not in page
    assert post(desk, f"{file}/apply").status_code == 409


def test_a_strange_head_is_matched_in_the_form(desk: Any, account: str) -> None:
    content = sheets.text(["Thời điểm", "Nội dung", "Vào"], ["28/11/2026", "x", "1.000"])
    answer = post(desk, f"{BANK}/files", account=account, file=(content, "a.csv"))
    file = answer.headers["Location"]
    assert "Ghép cột" in desk.get(file).get_data(as_text=True)
    refused = post(desk, f"{file}/columns", **{"column-0": "", "column-1": "memo", "column-2": "credit"})
    assert refused.status_code == 422
    assert (
        post(desk, f"{file}/columns", **{"column-0": "day", "column-1": "memo", "column-2": "credit"}).status_code
        == 303
    )
    assert session().scalars(select(BankFile.state)).one() is FileState.TRIED
    assert post(desk, f"{file}/rematch").status_code == 303
    assert post(desk, f"{file}/drop").status_code == 303
    assert post(desk, f"{file}/drop").status_code == 409


@pytest.mark.parametrize(
    ("content", "name"), [(b"", "a.csv"), (b"%PDF-1.7", "a.pdf"), (b"x,y\n1,2\n", "a.csv"), (b"x", "a.xlsx")]
)
def test_what_is_no_statement_is_refused_with_its_reason(desk: Any, account: str, content: bytes, name: str) -> None:
    answer = post(desk, f"{BANK}/files", account=account, file=(content, name))
    assert answer.status_code == 422
    assert 'data-testid="error"' in answer.get_data(as_text=True)
    assert post(desk, f"{BANK}/files", account=account).status_code == 422
    answer = post(desk, f"{BANK}/files", account="TK-NONE", file=(statement(told(1, "x")), "a.csv"))
    assert answer.status_code == 422
    assert session().scalars(select(BankFile)).all() == []


def test_one_click_takes_the_suggestion(desk: Any, account: str) -> None:
    placed = place("vietqr")
    send(account, statement(told(200_000, f"{placed.code}")))
    page = desk.get(BANK).get_data(as_text=True)
    assert 'data-testid="offer"' in page
    line = lines()[0]
    path = f"{BANK}/lines/{line.reference}"
    answer = post(desk, f"{path}/credit", version=line.version, code=placed.reference, amount="185000", back=BANK)
    assert (answer.status_code, answer.headers["Location"]) == (303, BANK)
    assert payment_of(placed).state is PaymentState.CAPTURED
    page = desk.get(path).get_data(as_text=True)
    assert f"Hoàn lại qua đơn {placed.reference}" in page
    line = lines()[0]
    assert line.queue == Queue.REST
    answer = post(desk, f"{path}/return", version=line.version, code=placed.reference, reason="trả thừa")
    assert answer.status_code == 303
    assert lines()[0].state is LineState.CREDITED


def test_acts_and_refusals_on_a_lines_page(desk: Any, account: str) -> None:
    placed = place("vietqr", 300_000)
    send(account, statement(told(100_000, "x"), told(-11_000, "phi sms")))
    line, fee = lines()
    path = f"{BANK}/lines/{line.reference}"
    assert post(desk, f"{path}/take").status_code == 303
    assert post(desk, f"{path}/leave").status_code == 303
    assert post(desk, f"{path}/leave").status_code == 409
    version = lines()[0].version
    for act, fields, status in [
        ("credit", {"code": "HX7K-3M2P", "amount": "1000"}, 422),
        ("credit", {"code": placed.reference, "amount": "mot tram"}, 422),
        ("credit", {"code": placed.reference, "amount": "100001"}, 409),
        ("credit", {}, 422),
        ("keep", {"reason": ""}, 422),
        ("aside", {"category": "x"}, 422),
        ("adopt", {"receipt": "x"}, 422),
        ("adopt", {"receipt": "99"}, 404),
        ("return", {"code": placed.reference, "reason": "tra lai"}, 409),
        ("undo", {"part": "1"}, 409),
        ("undo", {"part": "x"}, 422),
        ("confirm-refund", {"target": "1"}, 409),
    ]:
        answer = post(desk, f"{path}/{act}", version=version, **fields)
        assert (act, fields, answer.status_code) == (act, fields, status)
    assert post(desk, f"{path}/keep", version="x", reason="ly do").status_code == 422
    stale = post(desk, f"{path}/keep", version=version - 1, reason="ly do")
    assert stale.status_code == 409
    assert 'content="bank-line-changed"' in stale.get_data(as_text=True)
    assert post(desk, f"{path}/credit", version=version, code=placed.reference, amount="100.000").status_code == 303
    part = session().scalars(select(BankFile.id)).first()
    assert part is not None
    page = desk.get(path).get_data(as_text=True)
    assert 'data-testid="undo"' in page
    out = f"{BANK}/lines/{fee.reference}"
    assert post(desk, f"{out}/aside", version=lines()[1].version, category="fee").status_code == 303
    assert desk.get(f"{BANK}/lines/SK-NONE").status_code == 404


def test_lists_filter_and_export_without_formulas(desk: Any, account: str) -> None:
    send(account, statement(told(100_000, "=HYPERLINK(1)", name="@x"), told(-5_000, "phi", "")))
    for path in (f"{BANK}/lines", BANK):
        page = desk.get(f"{path}?way=in").get_data(as_text=True)
        assert "HYPERLINK" in page
        assert "-5.000" not in page
        csv = desk.get(f"{path}?format=csv").get_data(as_text=True)
        assert "'=HYPERLINK" in csv
        assert desk.get(f"{path}?format=xlsx").get_data()[:2] == b"PK"
        assert "HYPERLINK" in desk.get(f"{path}?q=hyperlink").get_data(as_text=True)
    assert desk.get(f"{BANK}/files?format=csv").status_code == 200
    file = session().scalars(select(BankFile.reference)).one()
    assert "'=HYPERLINK" in desk.get(f"{BANK}/files/{file}?format=csv").get_data(as_text=True)
    assert HEAD[0] == "Ngày giao dịch"


def test_accounts_are_put_down_once(desk: Any) -> None:
    good = {"bank_bin": "970422", "number": "0011 2233 44", "holder": "CHO BEN"}
    assert post(desk, f"{BANK}/accounts", **good).status_code == 303
    assert post(desk, f"{BANK}/accounts", **good).status_code == 409
    for wrong in ({"bank_bin": "1"}, {"number": "12"}, {"holder": ""}):
        assert post(desk, f"{BANK}/accounts", **(good | wrong)).status_code == 422
    assert "0011223344" in desk.get(f"{BANK}/accounts").get_data(as_text=True)


def test_only_the_desk_and_administrators_see_the_bank(client: Any, ctx: Flask) -> None:
    sign_in(client, Role.PROMOTION_STAFF)
    for path in (BANK, f"{BANK}/lines", f"{BANK}/files", f"{BANK}/accounts"):
        assert client.get(path).status_code == 403
    assert post(client, f"{BANK}/accounts", page="/tai-khoan").status_code == 403


def test_the_desk_confirms_no_payouts(desk: Any, account: str) -> None:
    send(account, statement(told(-5_000, "chi")))
    line = lines()[0]
    answer = post(desk, f"{BANK}/lines/{line.reference}/confirm-payout", version=line.version, target="P-1")
    assert answer.status_code == 403


def test_no_card_account_no_comparison(desk: Any) -> None:
    assert payments.keepers() == {}
    assert payments.compare() is None
    page = desk.get("/office/payments/gateway").get_data(as_text=True)
    assert "chưa nối tài khoản nhận thẻ" in page
    assert "/gateway/compare" not in page
    answer = post(desk, "/office/payments/gateway/compare")
    assert "Chưa đối chiếu được" in desk.get(answer.location).get_data(as_text=True)


def test_the_queue_shows_age_and_owner(desk: Any, account: str) -> None:
    send(account, statement(told(1_000, "khong ro")))
    with transaction() as s:
        s.execute(update(BankLine).values(seen_at=clock.now() - timedelta(hours=5, minutes=2)))
    line = lines()[0]
    page = desk.get(BANK).get_data(as_text=True)
    assert "5 giờ" in page
    assert "chưa ai nhận" in page
    assert desk.fill(BANK, form=f"{BANK}/lines/{line.reference}/take").location == BANK
    assert "Trả việc" in desk.get(BANK).get_data(as_text=True)
    assert lines()[0].taken_label is not None
