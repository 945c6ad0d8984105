"""What a point keeper has to do today: reads over several rooms, each only of his points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, or_, select

from shop.counts import queries as counts
from shop.kernel import clock, text
from shop.kernel.db import session
from shop.orders.models import DeliveryKind, Fulfilment, FulfilmentStatus, Order, OrderLine, OrderStatus, PaymentStatus
from shop.points.models import Point
from shop.receipts import queries as receipts
from shop.receipts.queries import DeliveryRow
from shop.stock.queries import lots
from shop.stock.queries.lots import LotHere
from shop.transfers import queries as transfers
from shop.transfers.queries import TransferRow, replenish
from shop.transfers.queries.replenish import TargetRow

SHOWN = 50
# Deliveries are shown so many days before they are expected.
AHEAD_DAYS = 2


@dataclass(frozen=True, slots=True)
class PickUp:
    """A parcel that its buyer collects: `key` opens it in the office, `ready` once it is packed."""

    reference: str
    number: int
    point: str
    name: str
    phone: str
    units: int
    since: date | None
    ready: bool
    paid: bool
    total_amount: int

    @property
    def key(self) -> str:
        """`HX7K-3M2P/1`."""
        return f"{self.reference}/{self.number}"


@dataclass(frozen=True, slots=True)
class Day:
    """All that waits at some points. `due` are the ids of points whose full count is due."""

    pickups: list[PickUp]
    deliveries: list[DeliveryRow]
    transfers: list[TransferRow]
    stopped: list[LotHere]
    low: list[TargetRow]
    ending: list[LotHere]
    due: list[int]


def _waiting_pickups(point_ids: Sequence[int]) -> Any:
    units = (
        select(func.sum(OrderLine.quantity - OrderLine.refused_quantity))
        .where(OrderLine.fulfilment_id == Fulfilment.id)
        .scalar_subquery()
    )
    return (
        select(
            Order.reference, Fulfilment.number, Point.name, Order.name, Order.phone, units, Fulfilment.expected_from_on,
            Fulfilment.status == FulfilmentStatus.PACKED, Order.payment_status == PaymentStatus.PAID,
            Order.total_amount - Order.reduced_amount,
        )
        .join(Order, Order.id == Fulfilment.order_id)
        .join(Point, Point.id == Fulfilment.point_id)
        .where(
            Fulfilment.point_id.in_(point_ids),
            Fulfilment.kind == DeliveryKind.PICKUP,
            Fulfilment.status.in_((FulfilmentStatus.PENDING, FulfilmentStatus.PACKED)),
            Order.status == OrderStatus.CONFIRMED,
        )
    )  # fmt: skip


def day(point_ids: Sequence[int]) -> Day:
    """What waits at the points `point_ids`; each list holds at most `SHOWN`, the most pressing first."""
    today, s, mine = clock.today(), session(), list(point_ids)
    found = s.execute(
        _waiting_pickups(mine)
        .order_by(Fulfilment.status.desc(), Fulfilment.expected_from_on, Fulfilment.id)
        .limit(SHOWN)
    )
    wanted = replenish.at_all_points(mine)
    low = s.execute(wanted.statement.where(wanted.below).order_by(Point.id).limit(SHOWN))
    coming = s.execute(transfers.rows(mine).where(transfers.in_state("road")).limit(SHOWN))
    return Day(
        pickups=[PickUp(*tuple(row)) for row in found],
        deliveries=receipts.coming(mine, until=today + timedelta(days=AHEAD_DAYS), limit=SHOWN),
        transfers=[row for row in (TransferRow(*tuple(r)) for r in coming) if row.to_point_id in set(mine)],
        low=[TargetRow(*tuple(row)) for row in low],
        stopped=lots.stopped(mine, limit=SHOWN),
        ending=lots.ending(mine, limit=SHOWN),
        due=counts.due(mine),
    )


def _end_of_phone(raw: str) -> str:
    """What a stored number must end in, of a phone number as buyers say it: whole (`0912 345 678`, `+84912345678`) or its
    last digits; empty if it is neither."""
    said = "".join(c for c in raw if c not in " .-()")
    if len(said) < 4 or not said.removeprefix("+").isascii() or not said.removeprefix("+").isdigit():
        return ""
    if len(said) < 9:
        return said
    return said.removeprefix("+84") if said.startswith("+84") else said.removeprefix("+").removeprefix("0")


def pick_ups_by_code(raw: str, point_ids: Sequence[int]) -> list[str]:
    """The keys of the parcels (at most two) that a buyer's code names among those that wait at these points: the order's
    reference as people type it, or his phone or its last digits."""
    asked = [Order.reference == text.normal_reference(raw)]
    if end := _end_of_phone(raw):
        asked.append(Order.phone.endswith(end, autoescape=True))
    found = session().execute(_waiting_pickups(point_ids).where(or_(*asked)).limit(2))
    return [PickUp(*tuple(row)).key for row in found]
