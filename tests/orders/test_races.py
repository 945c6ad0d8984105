"""Two who act on one parcel at one moment: real threads, real commits."""

from __future__ import annotations

from typing import Any

from flask import Flask

from shop.kernel import clock, invariants, operations
from shop.kernel.db import session
from shop.orders import desk
from shop.orders import services as orders
from shop.orders.errors import StepNotAllowed
from shop.orders.models import FulfilmentStatus, Order, OrderRefusal, OrderStatus, RefusalWhy
from shop.payments.models import Payment, Refund
from shop.stock.models import StockLevel
from tests.orders.conftest import MATE, MEMBER, Store, fresh, make_store, one_parcel, pay, two_parcels


def clean() -> None:
    session().rollback()
    assert [(found.name, found.offenders) for found in invariants.run() if not found.ok] == []


def captured(order: Order) -> tuple[int, int]:
    session().rollback()
    found = session().query(Payment).filter_by(order_id=order.id).populate_existing().one()
    return found.captured_amount, found.refunded_amount


def test_the_producer_refuses_while_the_buyer_cancels(store: Store, app: Flask, together: Any) -> None:
    """Whoever is first wins; in the end all is back where it was, and every đồng goes back once."""
    for n in range(3):
        order = pay(one_parcel(store, method="vietqr"), f"FT2632800{n}")
        parcel, fish = order.fulfilments[0].id, order.lines[0].id
        told = together(
            app,
            [
                lambda parcel=parcel, fish=fish: desk.refuse(
                    MEMBER, parcel, {fish: 1}, RefusalWhy.SOLD_OUT, "Hết mẻ", operations.new_key()
                ),
                lambda order=order: orders.cancel(MATE, order.id, "Khách hủy", by_buyer=True),
            ],
        )
        assert told[1].error is None
        assert told[0].error is None or isinstance(told[0].error, StepNotAllowed)
        assert fresh(order).status == OrderStatus.CANCELLED
        assert captured(order) == (630_000, 630_000)
    level = session().get(StockLevel, store.fish.level_id, populate_existing=True)
    assert (level.on_hand, level.allocated, level.held) == (20, 0, 0)
    clean()


def test_two_members_pack_at_once(store: Store, app: Flask, together: Any) -> None:
    order = one_parcel(store)
    parcel = order.fulfilments[0].id
    desk.confirm_parcel(MEMBER, parcel, clock.today(), operations.new_key())
    told = together(
        app, [lambda who=who: desk.pack(who, parcel, operations.new_key()) for who in (MEMBER, MATE, MEMBER, MATE)]
    )
    assert sum(one.error is None for one in told) == 1
    assert all(isinstance(one.error, StepNotAllowed) for one in told if one.error is not None)
    assert fresh(order).fulfilments[0].status == FulfilmentStatus.PACKED
    clean()


def test_a_double_click_refuses_once(store: Store, app: Flask, together: Any) -> None:
    order = pay(one_parcel(store, method="vietqr"))
    parcel, tea, key = order.fulfilments[0].id, order.lines[1].id, operations.new_key()
    told = together(app, lambda: desk.refuse(MEMBER, parcel, {tea: 1}, RefusalWhy.SOLD_OUT, "Hết mẻ", key), times=4)
    assert [one.error for one in told if one.error is not None] == []
    session().rollback()
    assert session().query(OrderRefusal).count() == 1
    assert session().query(Refund).count() == 1
    assert captured(order) == (630_000, 120_000)
    clean()


def test_two_members_refuse_the_same_units(store: Store, app: Flask, together: Any) -> None:
    """Each with a form of his own: together never more than was ordered."""
    order = pay(one_parcel(store, method="vietqr"))
    parcel, tea = order.fulfilments[0].id, order.lines[1].id
    together(
        app,
        lambda: desk.refuse(MEMBER, parcel, {tea: 2}, RefusalWhy.SOLD_OUT, "Hết mẻ", operations.new_key()),
        times=3,
    )
    assert fresh(order).lines[1].refused_quantity == 2
    assert captured(order) == (630_000, 240_000)
    clean()


def test_both_producers_of_one_order_refuse_at_once(store: Store, app: Flask, together: Any) -> None:
    """The second finds nothing left beside his own: the order ends, all its money goes back."""
    order = pay(two_parcels(store, make_store("HTX Khác"), method="vietqr"))
    ids = [f.id for f in order.fulfilments]
    told = together(
        app,
        [lambda i=i: desk.refuse(MEMBER, i, None, RefusalWhy.SOLD_OUT, "Hết mẻ", operations.new_key()) for i in ids],
    )
    assert [one.error for one in told if one.error is not None] == []
    assert fresh(order).status == OrderStatus.CANCELLED
    assert captured(order) == (540_000, 540_000)
    clean()
