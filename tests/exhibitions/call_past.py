"""A former fair: goods brought to a booth and sold at its counter."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

from sqlalchemy import update

from shop.catalog.models import Price, Product
from shop.kernel import clock
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.orders.models import PaymentMethod
from shop.orders.services import DraftLine, counter
from shop.payments.services import counter as money
from shop.points.models import Point
from shop.points.queries import forget
from shop.stock.models import StockMovement
from shop.stock.services import counter as goods
from tests import factories
from tests.exhibitions.call_made import Maker

DESK = Actor("user", "Người bán", 914, "127.0.0.1")
_numbers = itertools.count(1)


def sell_at_fair(maker: Maker, point: Point, *, brought: int, sold: int, hour: int = 10) -> None:
    """`brought` units came before the first day opened, `sold` of them went at `hour` of it (local)."""
    forget()
    variant = maker.variant
    assert point.opened_on is not None
    opening = clock.start_of(point.opened_on)
    level = factories.put_in(variant, point, brought)
    with transaction() as s:
        s.execute(update(StockMovement).where(StockMovement.level_id == level).values(at=opening + timedelta(hours=6)))
    _sell(maker, point, sold, opening + timedelta(hours=hour))


def _sell(maker: Maker, point: Point, units: int, at: datetime) -> None:
    n = next(_numbers)
    number, variant = f"H9-{n:06d}", maker.variant
    price = session().query(Price).filter_by(variant_id=variant.id).one()
    name = session().get_one(Product, variant.product_id).name
    line = DraftLine(
        variant.id, maker.row.id, variant.sku, name, variant.pack, units, price.amount, price.id, False, None, False,
        "none", 550
    )  # fmt: skip
    with transaction():
        made = counter.record(
            DESK,
            counter.CounterSale(
                number, "x", f"fair:{n}:test", "x", point.id, [line], 0, PaymentMethod.CASH, False, at, at
            ),
        )
        money.take(DESK, made.order_id, [money.Taken(PaymentMethod.CASH, made.total_amount)], event=f"f{n}", at=at)
        goods.sell(
            DESK, point.id, [goods.Want(variant.id, units)], reference=f"order:{number}:1", shortage=number,
            op_key=f"fair:test:{n}",
        )  # fmt: skip
