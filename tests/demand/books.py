"""Books of past weeks for tests, written straight into the tables: goods that came and went, orders, weeks."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from shop.catalog.models import Price, Variant
from shop.demand.history import WEEK, monday
from shop.demand.models.forecasts import WHOLE, DemandWeek
from shop.kernel import clock
from shop.kernel.db import session, transaction
from shop.orders.models import (
    DeliveryKind,
    Fulfilment,
    FulfilmentStatus,
    Order,
    OrderLine,
    OrderStatus,
    OrderTransition,
    PaymentMethod,
    PaymentStatus,
)
from shop.points.models import Point
from shop.stock.models import Lot, MovementKind, Stage, StockHold, StockLevel, StockMovement

_numbers = itertools.count(1)
THIS_WEEK = monday(clock.today())


def weeks_ago(n: int) -> date:
    return THIS_WEEK - WEEK * n


def at(weeks: int, day: int = 0, hour: float = 0.0) -> datetime:
    """An instant of a day (0: Monday) and hour in Vietnam, so many weeks ago."""
    return clock.start_of(weeks_ago(weeks) + timedelta(days=day)) + timedelta(hours=hour)


def moves(variant: Variant, point: Point, changes: Sequence[tuple[datetime, int]], **lot: Any) -> int:
    """A level with these changes of on hand; returns its id."""
    n = next(_numbers)
    with transaction() as s:
        made = Lot(variant_id=variant.id, code=f"L{n}", created_at=changes[0][0], **lot)
        s.add(made)
        s.flush()
        level = StockLevel(
            variant_id=variant.id, point_id=point.id, lot_id=made.id, on_hand=sum(q for _at, q in changes), held=0, allocated=0,
            updated_at=clock.now(),
        )  # fmt: skip
        s.add(level)
        s.flush()
        balance = 0
        for i, (moment, quantity) in enumerate(sorted(changes)):
            balance += quantity
            s.add(
                StockMovement(
                    level_id=level.id, kind=MovementKind.ADJUSTMENT, quantity=quantity, balance=max(balance, 0), reason="thử",
                    actor_key="system", actor_label="thử", op_key=f"books-{n}-{i}", at=moment,
                )
            )  # fmt: skip
    return level.id


def hold(level_id: int, quantity: int, since: datetime, until: datetime | None) -> None:
    with transaction() as s:
        s.add(
            StockHold(
                reference=f"order:T-{next(_numbers)}", level_id=level_id, quantity=quantity, stage=Stage.ALLOCATED,
                created_at=since, closed_at=until, outcome=None if until is None else "released",
            )
        )  # fmt: skip


def sale(variant: Variant, point: Point, quantity: int, placed_at: datetime, *, refused: int = 0, channel: str = "web",
         kind: DeliveryKind = DeliveryKind.SHIP, status: OrderStatus = OrderStatus.COMPLETED,
         parcel: FulfilmentStatus = FulfilmentStatus.DELIVERED) -> int:  # fmt: skip
    """An order of one line; returns its id."""
    n = next(_numbers)
    price = session().scalars(select(Price).where(Price.variant_id == variant.id)).first()
    assert price is not None
    goods = price.amount * quantity
    with transaction() as s:
        order = Order(
            reference=f"BK{n:04d}-TEST", secret_hash="x", op_key=f"books-order-{n}", op_digest="x", channel=channel,
            status=status, payment_status=PaymentStatus.PAID, payment_method=PaymentMethod.COD, delivery=kind,
            name="Trần Thị Bưởi", phone="+84912345678", goods_amount=goods, delivery_amount=0, total_amount=goods,
            placed_at=placed_at,
        )  # fmt: skip
        s.add(order)
        s.flush()
        made = Fulfilment(order_id=order.id, number=1, point_id=point.id, kind=kind, status=parcel)
        s.add(made)
        s.flush()
        s.add(
            OrderLine(
                order_id=order.id, fulfilment_id=made.id, variant_id=variant.id, sku=variant.sku, name="Thử", pack="Gói",
                quantity=quantity, refused_quantity=refused, unit_price_amount=price.amount, line_amount=goods,
                price_id=price.id,
            )
        )  # fmt: skip
        s.add(
            OrderTransition(
                order_id=order.id, subject="order", from_status="", to_status=status, at=placed_at, actor_key="system",
                actor_label="thử",
            )
        )  # fmt: skip
    return order.id


def weeks(
    variant: Variant,
    place: int,
    sold: Sequence[int],
    *,
    exposure: Sequence[int] | None = None,
    asked: Sequence[int] | None = None,
    **more: Any,
) -> None:
    """The last weeks of a series as they stand in the table, the last one being last week."""
    n = len(sold)
    rows = [
        {
            "week_on": weeks_ago(n - i), "variant_id": variant.id, "place": place, "sold": sold[i],
            "asked": asked[i] if asked else 0, "exposure": exposure[i] if exposure else WHOLE, "listed": WHOLE, "fair": 0,
            "price": WHOLE, "source": "shop", **more,
        }
        for i in range(n)
    ]  # fmt: skip
    with transaction() as s:
        s.execute(insert(DemandWeek), rows)


def row(variant: Variant, place: int, n: int) -> DemandWeek | None:
    """The stored week so many weeks ago."""
    session().rollback()
    session().expire_all()
    return session().get(DemandWeek, (weeks_ago(n), variant.id, place))
