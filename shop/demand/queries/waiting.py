"""Reads of the wait list: one's place, what is kept for one, when goods are expected, how long queues are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import case, exists, func, or_, select

from shop.catalog.models import Product, Variant
from shop.demand.models.waiting import (
    OPEN,
    OfferState,
    WaitEntry,
    WaitOffer,
    WaitState,
)
from shop.demand.services import offers
from shop.kernel import clock
from shop.kernel.db import session
from shop.points import queries as points
from shop.points.models import Point
from shop.receipts.models import Delivery, DeliveryLine
from shop.receipts.queries import OPEN as DELIVERIES_OPEN
from shop.supply import queries as supply
from shop.supply.models import Capacity, Harvest

WEEKS_AHEAD = 13


class Source(StrEnum):
    """Why goods are expected: a producer is to bring them on that day, or he says that he can have made them by then."""

    DELIVERY = "delivery"
    CAPACITY = "capacity"


@dataclass(frozen=True, slots=True)
class Expected:
    """When the next goods may come. Nobody promises it."""

    on: date
    source: Source


def expected(variant_ids: Sequence[int], *, ahead: int = 0) -> Expected | None:
    """When the next of these packs may come: the first delivery on its way to a point (receipts), else the first week in which
    the producer says he surely has more than `ahead` units (supply: rates, seasons, harvests, after his lead time). None:
    nobody knows."""
    if not variant_ids:
        return None
    today = clock.today()
    brought = session().scalar(
        select(func.min(Delivery.expected_on))
        .join(DeliveryLine, DeliveryLine.delivery_id == Delivery.id)
        .where(
            DeliveryLine.variant_id.in_(list(variant_ids)),
            Delivery.state.in_(DELIVERIES_OPEN),
            Delivery.expected_on >= today,
        )
    )
    if brought is not None:
        return Expected(brought, Source.DELIVERY)
    product = select(Variant.product_id).where(Variant.id.in_(list(variant_ids)))
    said = or_(
        exists().where(Capacity.product_id.in_(product), Capacity.withdrawn_at.is_(None)),
        exists().where(Harvest.product_id.in_(product), Harvest.to_on > today),
    )
    if not session().scalar(select(said)):  # the usual case on a product's page costs one statement
        return None
    days = []
    for found in supply.capacity(variant_ids, today, today + timedelta(days=7 * WEEKS_AHEAD)).values():
        first = today + timedelta(days=found.lead_days or 0)
        units = 0
        for week in found.weeks:
            units += week.low if week.ends_on > first else 0
            if found.stated and week.ends_on > first and units > ahead:
                # Made in the course of that week: there at its end, as far as anybody can say.
                days.append(max(first, week.ends_on - timedelta(days=1)))
                break
    return Expected(min(days), Source.CAPACITY) if days else None


def length(product_id: int) -> int:
    """How many stand in a product's queue, those with an offer among them."""
    return (
        session().scalar(
            select(func.count()).where(
                WaitEntry.product_id == product_id, WaitEntry.state.in_((WaitState.WAITING, WaitState.OFFERED))
            )
        )
        or 0
    )


@dataclass(frozen=True, slots=True)
class OfferView:
    """Goods kept for somebody: what, how many (sale units), until when, and whether they are in a basket."""

    reference: str
    variant_id: int
    pack: str
    quantity: int
    until: datetime
    state: OfferState
    basket_hash: str | None
    made_at: datetime
    told_at: datetime | None

    @property
    def live(self) -> bool:
        """Whether the goods are still kept."""
        return self.state is OfferState.OPEN and self.until > clock.now()


@dataclass(frozen=True, slots=True)
class EntryView:
    """A place in a queue as its owner sees it. `place` counts from 1 among those who could use the same goods; `waiting` is how
    many those are in all. `point_open`: he can collect where he wants to; `sold`: some pack that he takes is on sale."""

    entry: WaitEntry
    product: str
    product_en: str | None
    slug: str
    pack: str
    pack_en: str | None
    sku: str
    point: str | None
    place: int | None
    waiting: int
    expected: Expected | None
    offer: OfferView | None
    point_open: bool = True
    sold: bool = True


def by_reference(reference: str) -> WaitEntry | None:
    """The entry of this reference."""
    return session().scalar(select(WaitEntry).where(WaitEntry.reference == reference))


def by_offer(reference: str) -> WaitEntry | None:
    """The entry that an offer was made to."""
    return session().scalar(
        select(WaitEntry).join(WaitOffer, WaitOffer.entry_id == WaitEntry.id).where(WaitOffer.reference == reference)
    )


def _offers(condition: Any) -> list[OfferView]:
    rows = session().execute(
        select(
            WaitOffer.reference, WaitOffer.variant_id, Variant.pack, WaitOffer.quantity, WaitOffer.until, WaitOffer.state,
            WaitOffer.basket_hash, WaitOffer.made_at, WaitOffer.told_at,
        )
        .join(Variant, Variant.id == WaitOffer.variant_id)
        .where(condition)
        .order_by(WaitOffer.id.desc())
    )  # fmt: skip
    return [OfferView(*row) for row in rows]


def offer(reference: str) -> OfferView | None:
    """One offer."""
    return next(iter(_offers(WaitOffer.reference == reference)), None)


def offer_by_id(offer_id: int) -> tuple[WaitEntry, OfferView] | None:
    """One offer with its entry."""
    found = next(iter(_offers(WaitOffer.id == offer_id)), None)
    entry = by_offer(found.reference) if found else None
    return (entry, found) if entry is not None and found is not None else None


def offers_of(entry_id: int) -> list[OfferView]:
    """All offers made to an entry, newest first."""
    return _offers(WaitOffer.entry_id == entry_id)


def place(entry: WaitEntry) -> tuple[int | None, int]:
    """Where a waiting entry stands among those who could use the same goods, from 1 (None: it does not stand in the queue), and
    how many those are."""
    rows = session().execute(
        select(WaitEntry.id, WaitEntry.choice, WaitEntry.variant_id)
        .where(WaitEntry.product_id == entry.product_id, WaitEntry.state == WaitState.WAITING)
        .order_by(WaitEntry.queued_at, WaitEntry.id)
    ).all()  # fmt: skip
    packs, _sold = offers.accepted(entry.product_id)
    mine = set(offers.takes_of(entry.choice, entry.variant_id, packs))
    rivals = [i for i, choice, v in rows if i == entry.id or mine & set(offers.takes_of(choice, v, packs))]
    return (rivals.index(entry.id) + 1 if entry.id in rivals else None), len(rivals)


def view(entry: WaitEntry) -> EntryView:
    """The entry as its owner sees it."""
    product = session().get(Product, entry.product_id)
    variant = session().get(Variant, entry.variant_id)
    assert product is not None  # noqa: S101 - foreign keys
    assert variant is not None  # noqa: S101
    point = session().get(Point, entry.point_id) if entry.point_id is not None else None
    number, waiting = place(entry)
    packs, sold = offers.accepted(entry.product_id)
    wanted = offers.takes_of(entry.choice, entry.variant_id, packs)
    return EntryView(
        entry=entry,
        product=product.name,
        product_en=product.name_en,
        slug=product.slug,
        pack=variant.pack,
        pack_en=variant.pack_en,
        sku=variant.sku,
        point=point.name if point else None,
        place=number,
        waiting=waiting,
        expected=expected(wanted) if entry.state is WaitState.WAITING else None,
        offer=next(iter(_offers((WaitOffer.entry_id == entry.id) & (WaitOffer.state == OfferState.OPEN))), None),
        point_open=point is None or any(p.id == point.id for p in points.pickup_points()),
        sold=any(v in sold for v in wanted),
    )


@dataclass(frozen=True, slots=True)
class Mine:
    """A line of the account's list."""

    reference: str
    product: str
    slug: str
    quantity: int
    state: WaitState
    joined_at: datetime
    until: datetime | None


def of_user(user_id: int, *, limit: int = 100) -> list[Mine]:
    """What a user waits and waited for, what is open first, newest first."""
    until = (
        select(WaitOffer.until)
        .where(WaitOffer.entry_id == WaitEntry.id, WaitOffer.state == OfferState.OPEN)
        .correlate(WaitEntry)
        .scalar_subquery()
    )
    rows = session().execute(
        select(
            WaitEntry.reference, Product.name, Product.slug, WaitEntry.quantity, WaitEntry.state, WaitEntry.joined_at, until
        )
        .join(Product, Product.id == WaitEntry.product_id)
        .where(WaitEntry.user_id == user_id)
        .order_by(case((WaitEntry.state.in_(OPEN), 0), else_=1), WaitEntry.id.desc())
        .limit(limit)
    )  # fmt: skip
    return [Mine(*row) for row in rows]


# --- for staff and producers -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A product's queue in numbers: entries by state, sale units still wanted, offers that were bought and that lapsed."""

    product_id: int
    product: str
    slug: str
    producer_id: int | None
    waiting: int
    offered: int
    unconfirmed: int
    units: int
    bought: int
    lapsed: int
    since: datetime | None
    expected: Expected | None = None


def _count(*states: WaitState) -> Any:
    return func.count(case((WaitEntry.state.in_(states), 1)))


def queues(*, producer_id: int | None = None, limit: int = 200) -> list[QueueRow]:
    """Queues in which somebody stands or stood, longest first; of one producer's goods if he is named."""
    made = (
        select(
            WaitEntry.product_id.label("product_id"),
            func.count(case((WaitOffer.state == OfferState.BOUGHT, 1))).label("bought"),
            func.count(case((WaitOffer.state == OfferState.LAPSED, 1))).label("lapsed"),
        )
        .join(WaitOffer, WaitOffer.entry_id == WaitEntry.id)
        .group_by(WaitEntry.product_id)
        .subquery()
    )
    standing = (WaitState.WAITING, WaitState.OFFERED)
    waiting = _count(*standing)
    statement = (
        select(
            Product.id,
            Product.name,
            Product.slug,
            Product.producer_id,
            _count(WaitState.WAITING),
            _count(WaitState.OFFERED),
            _count(WaitState.UNCONFIRMED),
            func.coalesce(func.sum(case((WaitEntry.state.in_(standing), WaitEntry.quantity), else_=0)), 0),
            func.coalesce(func.max(made.c.bought), 0),
            func.coalesce(func.max(made.c.lapsed), 0),
            func.min(case((WaitEntry.state.in_(standing), WaitEntry.joined_at))),
        )
        .join(WaitEntry, WaitEntry.product_id == Product.id)
        .outerjoin(made, made.c.product_id == Product.id)
        .group_by(Product.id, Product.name, Product.slug, Product.producer_id, Product.sort_name)
        .order_by(waiting.desc(), Product.sort_name, Product.id)
        .limit(limit)
    )
    if producer_id is not None:
        statement = statement.where(Product.producer_id == producer_id)
    rows: Any = session().execute(statement).all()
    packs: dict[int, list[int]] = {}
    ids = [row[0] for row in rows]
    wanted = select(Variant.product_id, Variant.id).where(Variant.product_id.in_(ids))
    for product_id, variant_id in session().execute(wanted):
        packs.setdefault(product_id, []).append(variant_id)
    found = []
    for row in rows:
        when = expected(packs.get(row[0], ())) if row[4] else None
        values = (*row[:7], int(row[7]), int(row[8]), int(row[9]), row[10], when)
        found.append(QueueRow(*values))
    return found


def entries() -> Any:
    """The statement behind the office's list of entries."""
    until = (
        select(WaitOffer.until)
        .where(WaitOffer.entry_id == WaitEntry.id, WaitOffer.state == OfferState.OPEN)
        .correlate(WaitEntry)
        .scalar_subquery()
    )
    return (
        select(WaitEntry, Product.name, Product.slug, Variant.pack, until)
        .join(Product, Product.id == WaitEntry.product_id)
        .join(Variant, Variant.id == WaitEntry.variant_id)
    )


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody without an e-mail address who must be called: to confirm (no `offer`), or because goods are kept for him."""

    reference: str
    product: str
    pack: str
    quantity: int
    phone: str
    since: datetime
    offer: str | None
    until: datetime | None
    told_at: datetime | None


def calls(*, limit: int = 200) -> list[Call]:
    """Whom to call, those first whose goods are kept for the shortest time."""
    rows: Any = session().execute(
        select(
            WaitEntry.reference, Product.name, Variant.pack, func.coalesce(WaitOffer.quantity, WaitEntry.quantity),
            WaitEntry.phone, WaitEntry.joined_at, WaitOffer.reference, WaitOffer.until, WaitOffer.told_at,
        )
        .join(Product, Product.id == WaitEntry.product_id)
        .outerjoin(WaitOffer, (WaitOffer.entry_id == WaitEntry.id) & (WaitOffer.state == OfferState.OPEN))
        .join(Variant, Variant.id == func.coalesce(WaitOffer.variant_id, WaitEntry.variant_id))
        .where(
            WaitEntry.phone.is_not(None),
            or_(WaitEntry.state == WaitState.UNCONFIRMED, WaitOffer.id.is_not(None)),
        )
        .order_by(WaitOffer.told_at.is_not(None), WaitOffer.until.is_(None), WaitOffer.until, WaitEntry.id)
        .limit(limit)
    )  # fmt: skip
    return [Call(*row) for row in rows]


def to_call() -> int:
    """How many calls are still to be made."""
    return sum(call.told_at is None for call in calls())


def waiting_for(producer_id: int) -> int:
    """How many people wait for goods of a producer."""
    return (
        session().scalar(
            select(func.count())
            .select_from(WaitEntry)
            .join(Product, Product.id == WaitEntry.product_id)
            .where(Product.producer_id == producer_id, WaitEntry.state.in_((WaitState.WAITING, WaitState.OFFERED)))
        )
        or 0
    )


def masked(contact: str | None) -> str:
    """A contact of which only so much is shown that its owner knows it again."""
    if not contact:
        return "–"
    name, at, host = contact.partition("@")
    return f"{name[:2]}…{at}{host}" if at else f"…{contact[-3:]}"
