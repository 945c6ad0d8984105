"""Money back line by line: what was paid and no đồng more, whoever acts at once; goods to the shelf after a look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, text, update

from shop.accounts.permissions import Role
from shop.kernel import invariants, jobs
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.kernel.mail import Letter
from shop.kernel.operations import new_key
from shop.orders import services as orders
from shop.orders.errors import PartCameBack
from shop.orders.models import Fulfilment, FulfilmentStatus, Order
from shop.orders.services import returns as parcels_back
from shop.payments import services as payments
from shop.payments.errors import RefundTooLarge
from shop.payments.models import Payment, Refund
from shop.returns import queries
from shop.returns import services as returns
from shop.returns.errors import FreightTooLarge, GoodsNotThere, LookedAt, NothingChosen, TooManyUnits
from shop.returns.models import Return, ReturnLine
from shop.stock.models import StockLevel
from tests.checkout.conftest import Bench
from tests.people import sign_in

CLERK = Actor("user", "Nguyễn Thị Lan", 7)


def broken() -> list[str]:
    return [f.name for f in invariants.run() if not f.ok]


def delivered(bench: Bench, quantity: int = 3) -> Order:
    """An order by transfer, paid, delivered."""
    bench.add(quantity=quantity)
    order = bench.placed(bench.order(payment="vietqr", email="khach@example.vn"))
    payment = session().query(Payment).filter_by(order_id=order.id).one()
    payments.confirm_transfer(SYSTEM, payment.id, order.total_amount, f"FT{order.id:08d}", new_key())
    orders.confirm(SYSTEM, order.id)
    parcel = session().query(Fulfilment).filter_by(order_id=order.id).one().id
    orders.pack(SYSTEM, parcel)
    orders.hand_over(SYSTEM, parcel, carrier="Bưu điện")
    orders.deliver(SYSTEM, parcel)
    session().expire_all()
    return order


def line_of(order: Order) -> int:
    return int(order.lines[0].id)


def make(order: Order, quantity: int, *, back: bool = False, freight: int = 0, **more: Any) -> returns.Made:
    units = {line_of(order): returns.Units(quantity, back)} if quantity else {}
    return returns.make(
        more.pop("actor", CLERK),
        order.id,
        units,
        freight,
        "damaged",
        "Hỏng một gói",
        more.pop("key", new_key()),
        **more,
    )


def test_units_and_freight_go_back_and_the_buyer_sees_it(bench: Bench) -> None:
    order = delivered(bench)
    price = order.lines[0].unit_price_amount
    key = new_key()
    first = make(order, 1, freight=5_000, key=key)
    assert make(order, 1, freight=5_000, key=key) == first
    session().expire_all()
    refund = session().query(Refund).one()
    assert (refund.amount, refund.state, first.by_hand) == (price + 5_000, "pending", True)
    for wrong, kind in (
        (lambda: make(order, 3), TooManyUnits),
        (lambda: make(order, 0), NothingChosen),
        (lambda: make(order, 0, freight=order.delivery_amount), FreightTooLarge),
    ):
        with pytest.raises(kind):
            wrong()
    page = bench.client.get(f"/don-hang/{order.reference}").text
    assert 'data-testid="returned"' in page
    jobs.dispatch()
    assert session().scalar(select(func.count()).where(Letter.kind == "return.made")) == 1
    payments.give_up_refund(CLERK, refund.id, "Nhầm", new_key())
    assert 'data-testid="returned"' not in bench.client.get(f"/don-hang/{order.reference}").text
    make(order, 3)
    assert broken() == []


def test_goods_come_back_by_being_looked_at_and_never_twice(bench: Bench) -> None:
    order = delivered(bench)
    level = session().query(StockLevel).one()
    before = level.on_hand
    made = make(order, 2, back=True)
    session().refresh(level)
    assert level.on_hand == before  # nothing is on the shelf before somebody looked
    key = new_key()
    returns.look_at(CLERK, made.reference, line_of(order), 1, 1, key)
    returns.look_at(CLERK, made.reference, line_of(order), 1, 1, key)
    with pytest.raises(LookedAt):
        returns.look_at(CLERK, made.reference, line_of(order), 2, 0, new_key())
    session().refresh(level)
    assert level.on_hand == before + 1
    # The parcel is not taken back whole any more: what is still out comes back line by line too.
    with pytest.raises(PartCameBack):
        parcels_back.take_back(CLERK, order.fulfilments[0].id, restock=True, reason="Trả hết")
    rest = make(order, 1, back=True)
    returns.look_at(CLERK, rest.reference, line_of(order), 1, 0, new_key())
    session().refresh(level)
    assert level.on_hand == before + 2
    other = delivered(bench, 1)
    parcels_back.take_back(CLERK, other.fulfilments[0].id, restock=True, reason="Trả hết")
    with pytest.raises(GoodsNotThere):
        make(other, 1, back=True)
    assert broken() == []


@pytest.mark.race
def test_four_clerks_at_once_give_back_what_was_paid(
    bench: Bench,
    together: Callable[..., Any],
) -> None:
    order = delivered(bench, 3)
    order_id, line = order.id, line_of(order)
    session().rollback()

    def clerk(n: int) -> Callable[[], Any]:
        def go() -> Any:
            with bench.app.app_context():
                return returns.make(
                    Actor("user", f"Người {n}", n),
                    order_id,
                    {line: returns.Units(2, False)},
                    0,
                    "damaged",
                    "Hỏng",
                    new_key(),
                )

        return go

    outcomes = together(None, [clerk(n) for n in range(1, 5)])
    assert sorted(type(o.error).__name__ for o in outcomes) == [
        "NoneType",
        "TooManyUnits",
        "TooManyUnits",
        "TooManyUnits",
    ]
    session().rollback()
    session().expire_all()
    (refund,) = session().query(Refund).all()
    assert refund.amount == 2 * order.lines[0].unit_price_amount
    assert broken() == []


@pytest.mark.race
def test_clerks_at_two_doors_at_once_never_give_back_more_than_came(
    bench: Bench,
    together: Callable[..., Any],
) -> None:
    """Two by the line, two by the payment, each all that there is: one of them."""
    order = delivered(bench, 3)
    order_id, line, whole = order.id, line_of(order), order.total_amount
    payment_id = session().query(Payment).filter_by(order_id=order_id).one().id
    session().rollback()

    def by_line(who: Actor) -> Any:
        return returns.make(who, order_id, {line: returns.Units(3, False)}, 0, "damaged", "Hỏng", new_key())

    def by_payment(who: Actor) -> Any:
        return payments.request_refund(who, payment_id, whole, "Đền bù", new_key())

    clerks = [Actor("user", f"Người {n}", n) for n in range(1, 5)]
    doors = [by_line, by_payment, by_line, by_payment]
    outcomes = together(bench.app, [lambda d=d, c=c: d(c) for d, c in zip(doors, clerks, strict=True)])
    refused = [o.error for o in outcomes if o.error is not None]
    assert len(refused) == 3
    assert all(isinstance(e, RefundTooLarge | TooManyUnits) for e in refused), refused
    session().rollback()
    session().expire_all()
    (refund,) = session().query(Refund).all()
    payment = session().get_one(Payment, payment_id)
    assert payment.refunded_amount == refund.amount <= payment.captured_amount == whole
    assert session().query(Return).count() == (1 if refund.amount < whole else 0)
    assert broken() == []


def test_a_refund_without_lines_leaves_less_for_them(bench: Bench) -> None:
    order = delivered(bench)
    payment = session().query(Payment).filter_by(order_id=order.id).one()
    payments.request_refund(CLERK, payment.id, order.total_amount - 1_000, "Đền bù", new_key())
    with pytest.raises(RefundTooLarge):
        make(order, 1)
    assert session().scalar(select(func.count()).select_from(Return)) == 0
    assert broken() == []


@given(st.integers(1, 50), st.integers(0, 10**7), st.data())
def test_the_units_of_a_line_make_what_was_paid_for_it(whole: int, paid: int, data: st.DataObject) -> None:
    before, sum_ = 0, 0
    while before < whole:
        n = data.draw(st.integers(1, whole - before))
        left = queries.Left(1, "", "", 1, FulfilmentStatus.DELIVERED, whole, before, whole - before, paid)
        sum_ += left.worth(n)
        before += n
    assert sum_ == paid


@pytest.mark.parametrize(
    ("fault", "fires"),
    [
        (update(Return).values(goods_amount=1, amount=1, freight_amount=0), "returns.refund-is-its-lines"),
        (update(ReturnLine).values(quantity=9), "returns.never-more-than-sold"),
        (
            text("UPDATE returns SET freight_amount = amount * 1000, amount = amount * 1000 + goods_amount"),
            "returns.never-more-than-sold",
        ),
    ],
    ids=["sum", "units", "freight"],
)  # fmt: skip
def test_faults_are_seen(bench: Bench, fault: Any, fires: str) -> None:
    order = delivered(bench)
    make(order, 1)
    assert broken() == []
    with transaction() as s:
        s.execute(fault)
    assert fires in broken()


def test_staff_fill_the_form(bench: Bench) -> None:
    order = delivered(bench)
    desk = bench.app.test_client()
    sign_in(desk, Role.ORDER_DESK)
    here = f"/office/orders/{order.reference}/return"
    assert 'data-testid="return"' in desk.get(f"/office/orders/{order.reference}").text
    line = line_of(order)
    bad = desk.fill(here, form=here, **{f"units-{line}": "7", "why": "damaged", "note": "Hỏng"})
    assert bad.status_code == 422
    assert 'value="7"' in bad.text
    good = desk.fill(here, form=here, **{f"units-{line}": "1", f"back-{line}": "1", "why": "damaged", "note": "Hỏng"})
    assert good.status_code == 303
    page = desk.get(good.location)
    assert "Chờ kiểm" in page.text
    looked = desk.fill(good.location, form=f"{good.location}/lines/{line}/looked", good="1", bad="0")
    assert looked.status_code == 303
    for path in ("/office/returns", "/office/returns?goods=1", "/office/returns?format=xlsx", "/en" + good.location):
        assert desk.get(path, buffered=True).status_code == 200
    assert broken() == []
