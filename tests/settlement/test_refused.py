"""What a producer refused of an order is not sold: no amount, no commission, no refund; the rest is owed as it was agreed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from shop.kernel import clock, invariants
from shop.kernel.db import session
from shop.orders import services as orders
from shop.orders.models import Fulfilment, Order, OrderLine, PaymentStatus, RefusalWhy
from shop.orders.services import parcels, returns
from shop.payments import services as payments
from shop.payments.models import Payment, Refund
from shop.settlement.models import Entry, EntryKind, Party
from shop.settlement.services import agreements
from shop.settlement.services.agreements import Draft, Rates
from tests.orders.conftest import make_store, one_parcel, pay
from tests.settlement.conftest import DESK, OWNER, Trade, broken, entries, key, settle, sums


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """A shop that takes transfers too."""
    return make_app(bank_bin="970436", bank_account="9889559357", bank_account_name="CHO BEN")


def _parcels(order_id: int) -> list[int]:
    return list(session().scalars(select(Fulfilment.id).where(Fulfilment.order_id == order_id).order_by(Fulfilment.id)))


def _lines(order_id: int) -> list[int]:
    return list(session().scalars(select(OrderLine.id).where(OrderLine.order_id == order_id).order_by(OrderLine.id)))


def _refuse(parcel_id: int, units: dict[int, int] | None) -> None:
    parcels.refuse(OWNER, parcel_id, units, RefusalWhy.SOLD_OUT, "Mẻ này hỏng mất")


def test_refused_units_are_not_sold(trade: Trade) -> None:
    trade.agree(voucher_bearer=Party.PRODUCER, freight_earner=Party.PRODUCER)
    order = trade.order((trade.fish, 5, trade.levels["fish"]), fee=30_000, discount=50_000)
    _refuse(_parcels(order)[0], {_lines(order)[0]: 2})
    trade.arrive(order)
    settle()
    # Three of five at 120.000, each with its 10.000 of the discount; the fee stays, as a part of the parcel was sent.
    assert sums() == {"sale": 360_000, "voucher": -30_000, "commission": -33_000, "freight": 30_000}
    (sale,) = entries(EntryKind.SALE)
    assert (sale.quantity, sale.discount_amount) == (3, 30_000)
    assert settle() == 0
    assert broken() == []


def test_units_of_one_pack_on_two_lines_stay_on_theirs(trade: Trade) -> None:
    """Two lines of one pack at two prices: what left is counted to the line that was not refused."""
    trade.agree()
    dear, cheap = trade.line(trade.fish, 2), trade.line(trade.fish, 3)
    draft = trade.parcel((trade.fish, 5, trade.levels["fish"]))
    object.__setattr__(cheap, "unit_price_amount", 70_000)
    object.__setattr__(draft, "lines", (dear, cheap))
    order = trade.order_of(draft)
    _refuse(_parcels(order)[0], {_lines(order)[0]: 2})
    trade.arrive(order)
    settle()
    assert sums() == {"sale": 210_000, "commission": -21_000}
    assert [(e.line_id, e.quantity) for e in entries(EntryKind.SALE)] == [(_lines(order)[1], 3)]
    assert broken() == []


@pytest.mark.parametrize("before", [True, False])
def test_a_refused_parcel_leaves_the_other_as_it_was_agreed(trade: Trade, before: bool) -> None:
    """Whether the other was posted before or after the refusal: its discount is the same."""
    trade.agree(voucher_bearer=Party.PRODUCER)
    trade.agree(trade.other)
    order = trade.order_of(
        trade.parcel((trade.fish, 2, trade.levels["fish"]), fee=20_000),
        trade.parcel((trade.tea, 3, trade.levels["tea"]), fee=20_000),
        discount=33_999,
    )
    first, second = _parcels(order)
    orders.confirm(DESK, order)
    if not before:
        _refuse(second, None)
    trade.send(first)
    trade.pay(order)
    settle()
    if before:
        _refuse(second, None)
        settle()
    # 23.999 of 33.999 lie on the fish: 240.000 of 339.999 đồng of goods.
    assert sums() == {"sale": 240_000, "voucher": -23_999, "commission": -21_600}
    assert settle() == 0
    assert broken() == []


def test_a_parcel_that_came_back_undoes_no_other(trade: Trade) -> None:
    """Two parcels of the same goods: the one that comes back was never earned, so nothing is undone."""
    trade.agree()
    order = trade.order_of(
        trade.parcel((trade.fish, 2, trade.levels["fish"])), trade.parcel((trade.fish, 3, trade.levels["fish"]))
    )
    first, second = _parcels(order)
    orders.confirm(DESK, order)
    trade.send(first)
    orders.pack(DESK, second)
    orders.hand_over(DESK, second, carrier="GHN")
    trade.pay(order)
    settle()
    returns.take_back(DESK, second, restock=True, reason="Không liên lạc được")
    settle()
    assert sums() == {"sale": 240_000, "commission": -24_000}
    assert settle() == 0
    assert broken() == []


def test_the_refund_of_what_was_refused_is_nobodys_then_all_goes_back(ctx: Flask) -> None:
    store = make_store()
    agreements.agree(
        OWNER, agreements.propose(DESK, store.producer.id, Draft(clock.today(), Rates(1000, 1500, 2000)), op_key=key())
    )
    order = pay(one_parcel(store, fish=2, tea=3, method="vietqr"))
    (parcel,) = _parcels(order.id)
    _refuse(parcel, {_lines(order.id)[0]: 1})
    (refund,) = session().query(Refund).all()
    assert refund.amount == 120_000
    payments.settle_refund(DESK, refund.id, "FT26328777", key())
    orders.confirm(DESK, order.id)
    orders.pack(DESK, parcel)
    orders.hand_over(DESK, parcel, carrier="GHN")
    orders.deliver(DESK, parcel)
    settle()
    assert session().get(Order, order.id, populate_existing=True).payment_status == PaymentStatus.PAID
    assert sums() == {"sale": 480_000, "commission": -48_000}, "four of five; what went back was for the fifth"
    assert broken() == []
    # Then all the rest goes back, the goods stay with the buyer: just the four are undone.
    payment = session().query(Payment).filter_by(order_id=order.id).one()
    left = payment.captured_amount - payment.refunded_amount
    payments.request_refund(DESK, payment.id, left, "Hàng không đúng", key())
    rest = session().query(Refund).order_by(Refund.id.desc()).first()
    assert rest is not None
    payments.settle_refund(DESK, rest.id, "FT26328778", key())
    settle()
    assert sums() == {"sale": 480_000, "refund": -480_000, "commission": 0}
    assert session().query(Entry).filter_by(kind=EntryKind.REFUND).count() == 2
    session().rollback()
    assert [(f.name, f.offenders) for f in invariants.run() if not f.ok] == []
