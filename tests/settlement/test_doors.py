"""The pages of both doors: who sees what, what a form says when it is wrong, files and papers."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image
from python_calamine import CalamineWorkbook

from shop.accounts.permissions import Role
from shop.kernel import clock
from shop.kernel.db import session, transaction
from shop.payments import vietqr
from shop.settlement.models import Agreement, AgreementState, Batch, Payout, Statement, StatementState
from shop.settlement.queries import payouts as read
from shop.settlement.queries import statements as statement_reads
from shop.settlement.services import payouts, statements
from tests.people import sign_in
from tests.settlement.conftest import DESK, OWNER, Trade, Turn, broken, key, last_month, settle
from tests.statements import statements as counted


@pytest.fixture
def sold(trade: Trade, turn: Turn) -> Trade:
    """Last month: three fish cakes of one producer and two packs of tea of another."""
    now = clock.now()
    turn(last_month())
    trade.agree(since=last_month() - timedelta(days=60))
    trade.agree(trade.other, since=last_month() - timedelta(days=60))
    trade.counter((trade.fish, 3), (trade.tea, 2))
    settle()
    turn(now)
    return trade


def member(client: Any, trade: Trade, role: Role = Role.PRODUCER_OWNER) -> None:
    sign_in(client, (role, f"producer:{trade.producer.id}"))


def text(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def test_each_sees_his_own(client: Any, sold: Trade) -> None:
    mine, theirs = sold.open().reference, sold.open(sold.other).reference
    other = session().query(Agreement).filter_by(producer_id=sold.other.id).one().reference
    member(client, sold, Role.PRODUCER_MONEY)
    page = text(client.get("/producer/statements"))
    assert mine in page
    assert theirs not in page
    assert client.get(f"/producer/statements/{mine}").status_code == 200
    for path in (
        f"/producer/statements/{theirs}",
        f"/producer/statements/{theirs}.pdf",
        f"/producer/agreements/{other}",
    ):
        assert client.get(path).status_code == 404, path
    for path in (f"/producer/statements/{theirs}/agree", f"/producer/statements/{theirs}/dispute",
                 f"/producer/agreements/{other}/agree"):  # fmt: skip
        assert client.post(path, data={"csrf_token": client.token("/tai-khoan")}).status_code == 404, path
    assert client.get("/office/statements").status_code in (403, 404)
    sign_in(client, (Role.PRODUCER_PACKING, f"producer:{sold.producer.id}"))
    assert client.get("/producer/statements").status_code == 403
    assert client.get(f"/producer/statements/{mine}").status_code == 403


def test_the_office_closes_and_the_producer_answers(client: Any, sold: Trade, app: Any) -> None:
    reference = sold.open().reference
    sign_in(client, Role.ORDER_DESK)
    address = f"/office/statements/{reference}"
    page = text(client.get(address))
    assert "306.000" in page
    assert "Chả mực" in page
    assert client.fill(address, form=f"{address}/close").status_code == 303
    assert "Dấu niêm" in text(client.get(address))
    maker = app.test_client()
    member(maker, sold)
    mine = f"/producer/statements/{reference}"
    short = maker.fill(mine, form=f"{mine}/dispute", reason="x")
    assert short.status_code == 422
    assert "ít nhất 5 ký tự" in text(short)
    assert maker.fill(mine, form=f"{mine}/dispute", reason="Thiếu một gói ở ngày 10").status_code == 303
    again = client.get(address)
    assert "Thiếu một gói" in text(again)
    remark = text(again).split("/answer/")[1].split('"')[0]
    wrong = client.fill(address, form=f"{address}/answer/{remark}", answer="Đã xem lại rồi", amount="mười")
    assert wrong.status_code == 422
    assert "Đã xem lại rồi" in text(wrong)
    assert (
        client.fill(address, form=f"{address}/answer/{remark}", answer="Bù một gói", amount="102.000").status_code
        == 303
    )
    assert maker.fill(mine, form=f"{mine}/agree").status_code == 303
    assert sold.statement(reference).state is StatementState.AGREED
    assert "102.000" in text(client.get(f"/office/statements/{sold.open().reference}"))
    assert broken() == []


def test_closing_many_says_what_could_not_be(client: Any, sold: Trade) -> None:
    sign_in(client, Role.ORDER_DESK)
    page = client.get("/office/statements?state=due")
    assert text(page).count('name="statement"') == 2
    answer = client.fill(
        "/office/statements?state=due", form="/office/statements/close",
        statement=[sold.open().reference, sold.open(sold.other).reference],
    )  # fmt: skip
    assert answer.status_code == 303
    states = {s.state for s in session().query(Statement).filter(Statement.to_on < clock.today())}
    assert states == {StatementState.CLOSED}


def test_papers_and_files_say_the_same(client: Any, sold: Trade) -> None:
    row = sold.close()
    member(client, sold)
    pdf = client.get(f"/producer/statements/{row.reference}.pdf")
    assert pdf.get_data().startswith(b"%PDF-")
    answer = client.get(f"/producer/statements/{row.reference}?format=xlsx")
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.get_data()))
    assert book.sheet_names == ["Bảng đối soát", "Từng dòng"]
    front = {str(label): value for label, value in book.get_sheet_by_index(0).to_python()}
    assert front["Mã bảng"] == row.reference
    assert front["Cuối kỳ, phải trả cơ sở"] == row.closing_amount
    assert front["Số dư đầu kỳ"] == row.opening_amount
    assert front["Cơ sở sản xuất"] and front["Kỳ"]
    whole = statement_reads.whole(row.reference)
    assert sum(front[name] for _kind, name, _n, _amount in whole.groups) == row.closing_amount - row.opening_amount
    sheet = book.get_sheet_by_name("Từng dòng").to_python()
    assert sum(line[-1] for line in sheet[1:]) == row.closing_amount
    rows = list(csv.reader(io.StringIO(text(client.get(f"/producer/statements/{row.reference}?format=csv")))))
    assert sum(int(line[-1]) for line in rows[1:]) == row.closing_amount


def test_few_queries_however_many_lines(client: Any, sold: Trade, app: Any) -> None:
    row = sold.close()
    statements.dispute(OWNER, row.reference, "Xem lại giúp tôi", op_key=key())
    member(client, sold)
    office = app.test_client()
    sign_in(office, Role.ORDER_DESK)
    for visitor, path in (
        (client, f"/producer/statements/{row.reference}"), (client, "/producer/statements"),
        (office, f"/office/statements/{row.reference}"), (office, "/office/agreements"), (office, "/office/payouts"),
    ):  # fmt: skip
        visitor.get(path)
        with counted() as seen:
            assert visitor.get(path).status_code == 200
        own = [s for s in seen if "settlement_" in s.text]
        assert len(own) <= 6, seen


def _paper() -> tuple[io.BytesIO, str]:
    out = io.BytesIO()
    Image.new("RGB", (640, 480), (250, 250, 250)).save(out, "JPEG")
    return io.BytesIO(out.getvalue()), "ky.jpg"


def test_an_agreement_is_proposed_and_answered(client: Any, trade: Trade, app: Any) -> None:
    sign_in(client, Role.ORDER_DESK)
    form = "/office/agreements/new"
    address = f"{form}?producer={trade.producer.slug}"
    values = {"web_bp": "12,5", "point_bp": "15", "fair_bp": "101", "tax_kind": "household"}
    wrong = client.fill(address, form=form, **values)
    assert wrong.status_code == 422
    assert 'value="12,5"' in text(wrong)
    assert client.fill(address, form=form, **(values | {"fair_bp": "20"})).status_code == 303
    row = session().query(Agreement).one()
    assert (row.web_bp, row.state, row.losses) == (
        1250, AgreementState.PROPOSED, ["damaged", "lost", "count", "transfer", "tasting", "gift"]
    )  # fmt: skip
    maker = app.test_client()
    member(maker, trade)
    assert row.reference in text(maker.get("/producer/statements"))
    mine = f"/producer/agreements/{row.reference}"
    assert "12,5 %" in text(maker.get(mine))
    assert maker.fill(mine, form=f"{mine}/refuse", reason="").status_code == 422
    assert maker.fill(mine, form=f"{mine}/agree").status_code == 303
    assert maker.get(mine).status_code == 200
    assert client.fill(address, form=form, paper=_paper(), **(values | {"fair_bp": "20"})).status_code == 303
    session().expire_all()
    signed = session().query(Agreement).order_by(Agreement.id.desc()).first()
    assert signed.state is AgreementState.AGREED
    assert signed.effective_from == clock.today() + timedelta(days=1)
    assert client.get(f"/office/agreements/{signed.reference}/paper").status_code == 200
    own = f"/producer/agreements/{signed.reference}"
    assert f'href="{own}/paper"' in text(maker.get(own))
    assert maker.get(f"{own}/paper").mimetype == "image/jpeg"
    assert maker.get(f"{mine}/paper").status_code == 404  # that one was agreed to here
    sign_in(maker, (Role.PRODUCER_OWNER, f"producer:{trade.other.id}"))
    assert maker.get(f"{own}/paper").status_code == 404
    assert broken() == []


def test_payouts_through_the_pages(client: Any, sold: Trade, app: Any) -> None:
    with transaction() as s:
        s.merge(sold.producer).name = "=HTX Thử"
    sold.bank()
    row = sold.close()
    statements.agree(OWNER, row.reference)
    sign_in(client, Role.ORDER_DESK)
    assert client.fill("/office/payouts/new", form="/office/payouts/new", statement=row.reference).status_code == 303
    batch = session().query(Batch).one().reference
    address = f"/office/payouts/{batch}"
    assert client.get(address).status_code == 200
    assert f"{address}/approve" not in text(client.get(address))
    assert client.get(f"{address}.csv").status_code == 403
    boss = app.test_client()
    sign_in(boss, Role.ADMINISTRATOR)
    assert boss.get(f"{address}.csv").status_code == 409
    assert boss.fill(address, form=f"{address}/approve").status_code == 303
    lines = list(csv.reader(io.StringIO(text(boss.get(f"{address}.csv")).removeprefix("\ufeff"))))
    assert lines[1][:7] == ["1", "970436", lines[1][2], "0011001234567", "HTX BEN THU", "306000", "VND"]
    assert all(cell.isascii() for cell in lines[1])
    payout = session().query(Payout).one().reference
    page = boss.get(f"{address}/{payout}")
    assert "<svg" in text(page)
    assert boss.get(f"{address}.pdf").get_data().startswith(b"%PDF-")
    found = payouts_read_qr(batch, payout)
    assert (found.account, found.amount, found.bank_bin) == ("0011001234567", 306_000, "970436")
    assert boss.fill(f"{address}/{payout}", form=f"{address}/{payout}/paid", bank_reference="").status_code == 422
    assert boss.fill(f"{address}/{payout}", form=f"{address}/{payout}/paid", bank_reference="FT 1").status_code == 303
    assert sold.statement(row.reference).state is StatementState.PAID
    assert broken() == []


def payouts_read_qr(batch: str, payout: str) -> vietqr.Transfer:
    return vietqr.parse(read.one(batch, payout).qr)


def test_corrections_and_rates_through_the_pages(client: Any, sold: Trade, app: Any) -> None:
    sign_in(client, Role.ORDER_DESK)
    address = "/office/statements/corrections"
    wrong = client.fill(address, form=address, producer=str(sold.producer.id), amount="0", reason="Thử một chút")
    assert wrong.status_code == 422
    assert "Thử một chút" in text(wrong)
    large = {"producer": str(sold.producer.id), "amount": "-900.000", "reason": "Trừ tiền thùng xốp"}
    assert client.fill(address, form=address, **large).status_code == 303
    assert "Chờ người khác duyệt" in text(client.get(address))
    boss = app.test_client()
    sign_in(boss, Role.ADMINISTRATOR)
    page = text(boss.get(address))
    decide = page.split('action="')[-1].split('"')[0]
    assert boss.fill(address, form=decide, agree="1").status_code == 303
    rates = "/office/statements/withholding"
    assert "Chưa nhập thuế suất nào" in text(boss.get(rates))
    values = {"tax_kind": "household", "vat": "1", "income": "0,5", "source": "Luật thuế thử, điều 9"}
    assert boss.fill(rates, form=rates, **(values | {"vat": "x"})).status_code == 422
    assert boss.fill(rates, form=rates, **values).status_code == 303
    assert "0,5 %" in text(boss.get(rates))
    assert broken() == []


def test_the_morning_says_what_waits(client: Any, sold: Trade, app: Any) -> None:
    sign_in(client, Role.ORDER_DESK)
    home = text(client.get("/office"))
    assert "Bảng hết kỳ, chờ chốt" in home
    row = sold.close()
    maker = app.test_client()
    member(maker, sold)
    assert "Bảng đối soát chờ bạn xem" in text(maker.get("/producer"))
    statements.agree(OWNER, row.reference)
    sold.bank()
    payouts.prepare(DESK, [row.reference], op_key=key())
    assert "Đợt chi chờ duyệt" in text(client.get("/office"))
