"""What promotions cost, by month, payer and promotion: every number opens its rows, which add up; producers see their own."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

from python_calamine import load_workbook
from sqlalchemy import func, select, update

from shop.accounts.permissions import Role
from shop.kernel import clock
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.kernel.money import vnd
from shop.kernel.operations import new_key
from shop.ledger.models import Posting
from shop.orders import services as orders
from shop.orders.models import Order
from shop.pages import promoted
from shop.promotions import queries
from shop.promotions.models import Payer
from shop.promotions.services import editing
from tests import factories
from tests.people import sign_in
from tests.promotions.conftest import Bench, make_code, make_sale
from tests.promotions.test_books import deliver, paid

CLERK = Actor("user", "Nguyễn Thị Lan", 7)
OFFICE, MINE = "/office/promotions/report", "/producer/promotions/report"


def year(bench: Bench) -> int:
    """Orders of two months, of the shop and of a producer, one cancelled; returns the producer's id."""
    producer = factories.make_producer("HTX Chịu Giảm").id
    with transaction() as s:
        s.execute(update(type(bench.variant.product)).values(producer_id=producer))
    make_code()
    sale = make_sale((bench.variant.id, 90_000, 5), payer=Payer.PRODUCER, producer_id=producer)
    editing.agree(CLERK, sale.reference, 1, new_key())
    queries.forget()
    deliver(paid(bench, 2, code="CHOBEN10"))
    orders.cancel(SYSTEM, paid(bench, 1, code="CHOBEN10", phone="0912 345 670").id, "thử")
    old = paid(bench, 1, phone="0912 345 671")
    with transaction() as s:
        s.execute(update(Order).where(Order.id == old.id).values(placed_at=clock.now() - timedelta(days=40)))
    session().expire_all()
    return producer


def test_every_number_opens_rows_that_add_up_to_it(bench: Bench) -> None:
    producer = year(bench)
    office, maker = bench.app.test_client(), bench.app.test_client()
    sign_in(office, Role.PROMOTION_STAFF)
    sign_in(maker, (Role.PRODUCER_OWNER, f"producer:{producer}"))
    span = {
        "from": (clock.today() - timedelta(days=80)).isoformat(),
        "to": clock.today().isoformat(),
        "period": "dates",
    }
    report = promoted.Report(span, OFFICE)
    assert [(r.payer.value, r.orders, r.given, r.back, r.kept) for r in report.rows] == [
        ("producer", 2, 90_000, 30_000, 60_000), ("shop", 2, 27_000, 9_000, 18_000), ("producer", 1, 30_000, 0, 30_000)
    ]  # fmt: skip
    page = office.get(OFFICE, query_string=span).get_data(as_text=True)
    links = dict.fromkeys(re.findall(rf'href="({OFFICE}/rows\?[^"]+)"', page))
    assert len(links) == len(report.rows) + len(report.sums)
    sums = {(r.given, r.kept) for r in (*report.rows, *report.sums)}
    for link in links:
        rows = office.get(link.replace("&amp;", "&")).get_data(as_text=True)
        assert any(f"đã giảm {vnd(given)}, còn chịu {vnd(kept)}" in rows for given, kept in sums), link
        book = office.get(link.replace("&amp;", "&") + "&format=xlsx").get_data()
        lines = load_workbook(io.BytesIO(book)).get_sheet_by_index(0).to_python()[1:]
        assert (sum(x[-3] for x in lines), sum(x[-1] for x in lines)) in sums
    for kind in ("csv", "xlsx"):
        assert office.get(OFFICE, query_string=span | {"format": kind}).status_code == 200
    book = office.get(OFFICE, query_string=span | {"format": "xlsx"}).get_data()
    assert load_workbook(io.BytesIO(book)).get_sheet_by_index(0).to_python()[-1][-3:] == [147_000, 39_000, 108_000]
    # What the shop bears of what was handed over is what the ledger has.
    expense = session().scalar(select(func.sum(Posting.amount)).where(Posting.account == "promotions"))
    assert expense == next(s.kept for s in report.sums if s.payer is Payer.SHOP)
    # The producer reads what he bears, and nothing of the shop's code.
    page = maker.get(MINE, query_string=span).get_data(as_text=True)
    assert vnd(90_000) in page and vnd(18_000) not in page and "Ưu đãi thử" not in page
    rows = maker.get(f"{MINE}/rows").get_data(as_text=True)
    assert f"đã giảm {vnd(120_000)}, còn chịu {vnd(90_000)}" in rows
    other = bench.app.test_client()
    sign_in(other, (Role.PRODUCER_OWNER, f"producer:{factories.make_producer('HTX Khác').id}"))
    assert "Không có dòng nào" in other.get(f"{MINE}/rows").get_data(as_text=True)
    wrong = office.get(OFFICE, query_string={"period": "dates", "from": "2026-02-30", "to": "x"})
    assert wrong.status_code == 422 and "Hãy chọn ngày" in wrong.get_data(as_text=True)
    assert "Chưa giảm gì" in office.get(OFFICE, query_string={"period": "2024"}).get_data(as_text=True)


def test_what_is_kept_is_shared_as_the_ledger_shares_it(bench: Bench) -> None:
    """Odd đồng of a line that came back in part fall on the same side."""
    from shop.orders.models import RefusalWhy
    from shop.orders.services import parcels

    make_code(value=333)
    order = paid(bench, 3, code="CHOBEN10")
    parcels.refuse(SYSTEM, order.fulfilments[0].id, {order.lines[0].id: 1}, RefusalWhy.SOLD_OUT, "hết hàng")
    deliver(order)
    _view, (given, kept) = promoted.lines(_nothing(), f"{OFFICE}/rows")
    expense = session().scalar(select(func.sum(Posting.amount)).where(Posting.account == "promotions"))
    assert (given, kept) == (11_988, expense) and kept == 7_992


def _nothing() -> dict[str, Any]:
    return {}
