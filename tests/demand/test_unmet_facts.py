"""What other rooms tell: late money without goods, refused orders, refused asks, questions at counters."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from shop.demand import visits
from shop.demand.models.unmet import Channel, Kind, UnmetAsk
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.payments import services as payments
from shop.payments.models import Payment
from shop.points.models import PointKind
from shop.points.queries import forget as forget_points
from shop.supply.models import Reply
from shop.supply.services import asks
from shop.supply.services.asks import Answer
from tests.checkout.conftest import Bench, bench, bench_with, code  # noqa: F401
from tests.checkout.test_ordering import overdue
from tests.demand.test_unmet import BROWSER, kinds, rows, whole
from tests.orders.conftest import make_store, one_parcel, refuse
from tests.supply.conftest import MAKER, Supply, key, row, supply  # noqa: F401
from tests.till.conftest import counter  # noqa: F401


def test_late_money_without_goods(bench: Bench) -> None:  # noqa: F811
    from shop.checkout import services as checkout

    bench.add(quantity=8)
    order = bench.placed(bench.order(payment="vietqr"))
    overdue(order)
    checkout.cancel_overdue()
    other = bench.app.test_client()
    bench.add(quantity=8, client=other)
    bench.placed(bench.order(client=other, phone="0987 654 321"))
    payment = session().query(Payment).filter_by(order_id=order.id).one()
    payments.confirm_transfer(SYSTEM, payment.id, order.total_amount, "FT26328000003", "confirm-transfer-3")
    (found,) = rows()
    assert (found.kind, found.quantity, found.variant_id) == (Kind.HOLD_LAPSED, 6, bench.variant.id)  # two were left
    assert found.reference == f"order:{order.reference}"
    assert (found.lost_units, found.lost_amount) == (6000, 720_000)
    whole()


def test_an_order_refused_for_want_of_goods_counts_once_with_the_basket(bench: Bench) -> None:  # noqa: F811
    from shop.stock.models import StockLevel

    client = bench.client
    for name, value in (("User-Agent", BROWSER["User-Agent"]), ("Accept-Language", "vi")):
        client.environ_base[f"HTTP_{name.upper().replace('-', '_')}"] = value
    bench.add(quantity=5)
    page = client.get("/thanh-toan")
    assert page.status_code == 200
    assert visits.flush() == 0
    taken = bench.app.test_client()
    bench.add(quantity=8, client=taken)
    form = {"name": "Nguyễn Thị Thử"}
    # Somebody else takes eight of ten between the page and the order.
    original = client.get

    def first_somebody_else(*args: Any, **kwargs: Any) -> Any:
        answer = original(*args, **kwargs)
        bench.placed(bench.order(client=taken, phone="0987 654 321"))
        return answer

    client.get = first_somebody_else
    refused = bench.order(**form)
    assert (refused.status_code, code(refused)) == (409, "sold-out")
    assert visits.flush() == 1
    assert kinds() == [("basket_cut", 3)]
    assert session().scalar(select(StockLevel.allocated)) == 8
    whole()


def test_refused_by_the_producer(ctx: Any) -> None:
    store = make_store()
    order = one_parcel(store)
    fish, _tea = order.lines
    refuse(order.fulfilments[0], {fish.id: 1})
    refuse(order.fulfilments[0], {fish.id: 1})
    assert kinds() == [("refused", 1), ("refused", 1)]
    (one, _two) = rows()
    assert (one.channel, one.variant_id, one.reference) == (
        Channel.WEB, store.fish.variant.id, f"order:{order.reference}",
    )  # fmt: skip
    assert one.lost_units == 1000
    whole()


def test_a_refused_ask_of_the_office_is_shown_and_loses_nothing(supply: Supply) -> None:  # noqa: F811
    reference = supply.ask()
    no = Answer(Reply.REFUSED, refusal="hết giống")
    said = supply.answers(reference, hen=Answer(Reply.ACCEPTED), egg=no)
    asks.answer(MAKER, reference, said, op_key=key())
    (found,) = rows()
    assert (found.kind, found.channel, found.quantity) == (Kind.REFUSED, Channel.OFFICE, 60)
    assert (found.variant_id, found.point_id) == (supply.egg.id, supply.point.id)
    assert (found.lost_units, found.lost_amount) == (0, 0)
    assert found.reference == f"ask:{row(reference).reference}"
    whole()


@pytest.mark.parametrize("kind", [PointKind.SHOP, PointKind.FAIR])
def test_asked_at_a_counter_once_however_often_it_is_sent(counter: Any, kind: PointKind) -> None:  # noqa: F811
    d = counter.device
    with transaction() as s:
        s.get(type(counter.point), counter.point.id).kind = kind
    forget_points()
    nothing = {"session": None, "variant_id": None, "text": None}
    events = [
        d.event("ask", nothing | {"text": "Sá sùng  khô", "quantity": 3}),
        d.event("ask", nothing | {"variant_id": counter.goods.id, "quantity": 2}),
        d.event("ask", nothing | {"text": "gọi chị Lan 0912 345 678", "quantity": 1}),
    ]
    assert [r["status"] for r in d.send(*events)] == ["done"] * 3
    assert [r["status"] for r in d.send(*events)] == ["again"] * 3
    words, goods = rows()
    channel = Channel.FAIR if kind is PointKind.FAIR else Channel.TILL
    assert {(r.channel, r.point_id, r.kind) for r in (words, goods)} == {(channel, counter.point.id, Kind.TILL_ASKED)}
    assert (words.text, words.words, words.quantity, words.lost_amount) == ("sa sung kho", "Sá sùng khô", 3, 0)
    assert (goods.variant_id, goods.quantity, goods.lost_units, goods.lost_amount) == (
        counter.goods.id, 2, 2000, 240_000,
    )  # fmt: skip
    assert goods.reference == f"till:{events[1]['uuid']}"
    # The keeper's own words stay with the till; here nothing names anybody.
    assert session().scalar(select(UnmetAsk.id).where(UnmetAsk.words.contains("0912"))) is None
    whole()
