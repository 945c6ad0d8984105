"""Score cards: how far products come, from registered to selling outside the province; how well producers keep their word.

Counted over a span of whole months: filled is what was sent of what was ordered; without goods is the share of the web's open
hours in which the shelf was bare, as days; on time is a parcel delivered by its last promised day; a complaint is money back
for goods that were damaged, wrong, poor, missing or late.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select

from shop.catalog import rules as catalog_rules
from shop.catalog.models import Certificate, Product, ProductState, Variant
from shop.cycle.localities import Finder
from shop.cycle.models.ideas import KEPT, Idea
from shop.cycle.queries.steps import codes
from shop.demand.models.forecasts import WEB, WHOLE, DemandWeek
from shop.kernel import clock
from shop.kernel.db import session
from shop.orders.models import SENT, DeliveryKind, Fulfilment, Order, OrderLine
from shop.payments.models import Refund, RefundState
from shop.places.models import HOME_PROVINCE
from shop.producers.models import Producer, ProducerState
from shop.programme.models.dossiers import Dossier
from shop.reports.queries.counting import GONE, SOLD
from shop.returns.models import Return, ReturnLine, ReturnWhy

FUNNEL = ("registered", "selected", "certified", "selling", "outside")


@dataclass(slots=True)
class Card:
    """What a producer, or all of a locality, did over the span. Units are sale units; None: nothing to judge by."""

    key: str
    name: str
    path: str = ""
    place: str = ""
    ordered: int = 0
    refused: int = 0
    parcels: int = 0
    on_time: int = 0
    complaints: int = 0
    # Packs that the web had on offer, and how much of their weeks without goods (ten thousandths of a week).
    packs: int = 0
    bare: int = 0
    funnel: dict[str, set[int]] = field(default_factory=lambda: {step: set() for step in FUNNEL})

    def add(self, other: Card) -> None:
        """Count another card into this one."""
        for name in ("ordered", "refused", "parcels", "on_time", "complaints", "packs", "bare"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for step in FUNNEL:
            self.funnel[step] |= other.funnel[step]

    @property
    def filled(self) -> int | None:
        """Percent of what was ordered that was sent."""
        return (self.ordered - self.refused) * 100 // self.ordered if self.ordered else None

    @property
    def punctual(self) -> int | None:
        """Percent of parcels that came by their last promised day."""
        return self.on_time * 100 // self.parcels if self.parcels else None

    @property
    def days_bare(self) -> int | None:
        """Days without goods on the web, of one pack on average."""
        return round(self.bare * 7 / WHOLE / self.packs) if self.packs else None

    @property
    def steps(self) -> list[tuple[str, int, int | None]]:
        """The funnel: step, products, percent of those registered (not of the step before: goods without a star sell too)."""
        all_of_them = len(self.funnel[FUNNEL[0]])
        found: list[tuple[str, int, int | None]] = []
        for step in FUNNEL:
            n = len(self.funnel[step])
            found.append((step, n, n * 100 // all_of_them if all_of_them and step != FUNNEL[0] else None))
        return found


@dataclass(frozen=True, slots=True)
class Cards:
    """All cards of a span that the reader may see."""

    first: date
    end: date
    whole: Card
    producers: list[Card]
    localities: list[Card]
    # Goods on show, and those of them with a star, that no card counts because nobody knows who makes them; None: the reader
    # does not see the whole province.
    orphans: tuple[int, int] | None


def cards(first: date, end: date, scopes: Collection[str]) -> Cards:
    """The cards of the months from `first` until before `end`. A fixed number of statements."""
    last = min(end - timedelta(days=1), clock.today())
    finder, seen = Finder(last), codes(scopes)
    found, place = _blank(finder, seen)
    count(found, first, end)
    whole, by_place = Card("", ""), defaultdict[str, list[Card]](list)
    for i, card in found.items():
        whole.add(card)
        by_place[place[i]].append(card)
    places = []
    for here in finder.all:
        if here.code in by_place:
            one = Card(here.code, here.name)
            for card in by_place[here.code]:
                one.add(card)
            places.append(one)
    return Cards(first, end, whole, list(found.values()), places, _orphans(last) if seen is None else None)


def _blank(finder: Finder, seen: Collection[str] | None) -> tuple[dict[int, Card], dict[int, str]]:
    """An empty card for each producer that the reader may see, and in which locality he is."""
    found: dict[int, Card] = {}
    place: dict[int, str] = {}
    makers = select(Producer.id, Producer.name, Producer.slug, Producer.commune_code, Producer.locality_text)
    for i, name, slug, code, words in session().execute(
        makers.where(Producer.state == ProducerState.ACTIVE).order_by(Producer.sort_name, Producer.id)
    ):
        at = finder.of(code, words)
        if seen is None or (at and at in seen):
            here = finder.by_code.get(at)
            place[i] = at
            found[i] = Card(str(i), name, f"/office/producers/{slug}", here.name if here else "")
    return found, place


def count(found: dict[int, Card], first: date, end: date) -> None:
    """Fill the cards of these producers with what they did from `first` until before `end`."""
    count_funnel(found, first, end)
    count_word(found, first, end)
    _bare(found, first, end)


def chosen(key: str, end: date, scopes: Collection[str]) -> tuple[Card, dict[int, Card]] | None:
    """An empty card for a producer (`7`), a locality (`l06994`) or all (``), and those of its producers; None: the reader sees
    no such one."""
    last = min(end - timedelta(days=1), clock.today())
    finder, seen = Finder(last), codes(scopes)
    found, place = _blank(finder, seen)
    if not key:
        return Card("", ""), found
    if not key.startswith("l"):
        mine = {i: card for i, card in found.items() if str(i) == key}
        return (
            (Card(key, *(getattr(c, n) for n in ("name", "path", "place"))), mine)
            if (c := mine.get(_int(key)))
            else None
        )
    here = finder.by_code.get(key[1:])
    mine = {i: card for i, card in found.items() if place[i] == key[1:]}
    return (Card(key, here.name), mine) if here is not None and mine else None


def _int(key: str) -> int:
    return int(key) if key.isascii() and key.isdigit() and len(key) < 18 else 0


def over_time(key: str, months: list[date], scopes: Collection[str]) -> tuple[Card, list[tuple[date, Card]]] | None:
    """The card of a producer, a locality or all, in each of the `months` (their first days); None: see `chosen`."""
    found = chosen(key, clock.add_months(months[0], 1), scopes)
    if found is None:
        return None
    head, told = found[0], []
    for month in months:
        mine = {i: Card(c.key, c.name) for i, c in found[1].items()}
        count(mine, month, clock.add_months(month, 1))
        whole = Card(head.key, head.name)
        for card in mine.values():
            whole.add(card)
        told.append((month, whole))
    return head, told


def _orphans(last: date) -> tuple[int, int]:
    """Goods on show whose maker is not known: all, and those with a certificate in force on `last`."""
    certified = select(Certificate.product_id).where(catalog_rules.certificate_in_force(last))
    row = session().execute(
        select(func.count(), func.count().filter(Product.id.in_(certified))).where(
            Product.state == ProductState.SHOWN, Product.producer_id.is_(None)
        )
    )
    shown, starred = row.one()
    return int(shown), int(starred)


def count_funnel(found: dict[int, Card], first: date, end: date) -> None:
    """Put the products of these producers on the steps that they reached."""
    s, last = session(), min(end - timedelta(days=1), clock.today())
    maker = {}
    for i, producer_id in s.execute(
        select(Product.id, Product.producer_id).where(
            Product.state != ProductState.HIDDEN, Product.producer_id.is_not(None),
            # Goods of the registers were there before we wrote them down.
            or_(Product.created_at < clock.start_of(end), Product.source_url.is_not(None)),
        )
    ):  # fmt: skip
        if producer_id in found:
            maker[i] = producer_id
            found[producer_id].funnel["registered"].add(i)

    def put(step: str, products: Any) -> None:
        for product_id in products:
            if product_id in maker:
                found[maker[product_id]].funnel[step].add(product_id)

    put("selected", s.scalars(select(Idea.product_id).where(Idea.state.in_(KEPT), Idea.product_id.is_not(None))))
    put("selected", s.scalars(select(Dossier.product_id).distinct()))
    put("selected", s.scalars(select(Certificate.product_id).where(Certificate.issued_on <= last).distinct()))
    put(
        "certified",
        s.scalars(select(Certificate.product_id).where(catalog_rules.certificate_in_force(last)).distinct()),
    )
    sold = (
        select(Variant.product_id)
        .join(OrderLine, OrderLine.variant_id == Variant.id)
        .join(Order, Order.id == OrderLine.order_id)
        .join(Fulfilment, Fulfilment.id == OrderLine.fulfilment_id)
        .where(
            Order.status.in_(SOLD), Fulfilment.status.not_in(GONE), OrderLine.quantity > OrderLine.refused_quantity,
            within(first, end),
        )
        .distinct()
    )  # fmt: skip
    put("selling", s.scalars(sold))
    put("outside", s.scalars(sold.where(Order.delivery == DeliveryKind.SHIP, Order.province_code != HOME_PROVINCE)))


def within(first: date, end: date) -> Any:
    """Orders placed from `first` until before `end`."""
    return and_(Order.placed_at >= clock.start_of(first), Order.placed_at < clock.start_of(end))


def promised() -> Any:
    """Parcels of which it is known by when they were promised and when they came."""
    return and_(Order.channel.in_(SENT), Fulfilment.delivered_at.is_not(None), Fulfilment.expected_to_on.is_not(None))


def complaints(first: date, end: date) -> Any:
    """Money back for goods that were damaged, wrong, poor, missing or late."""
    return and_(
        Return.why.not_in((ReturnWhy.CHANGED_MIND, ReturnWhy.OTHER)), Return.created_at >= clock.start_of(first),
        Return.created_at < clock.start_of(end), Refund.state != RefundState.FAILED,
    )  # fmt: skip


def weeks(first: date, end: date) -> Any:
    """Weeks in which the web had a pack on offer."""
    return and_(
        DemandWeek.place == WEB, DemandWeek.week_on >= first, DemandWeek.week_on < end, DemandWeek.listed > 0,
        DemandWeek.listed >= DemandWeek.exposure,
    )  # fmt: skip


def count_word(found: dict[int, Card], first: date, end: date) -> None:
    """Fill in what was ordered and sent, promised and on time, complained of."""
    s = session()
    ordered = (
        select(OrderLine.producer_id, func.sum(OrderLine.quantity), func.sum(OrderLine.refused_quantity))
        .join(Order, Order.id == OrderLine.order_id)
        .where(Order.channel.in_(SENT), Order.status.in_(SOLD), within(first, end))
        .group_by(OrderLine.producer_id)
    )
    for i, quantity, refused in s.execute(ordered):
        if i in found:
            found[i].ordered, found[i].refused = int(quantity), int(refused)
    parcels = (
        select(OrderLine.producer_id, Fulfilment.id, Fulfilment.delivered_at, Fulfilment.expected_to_on)
        .join(OrderLine, OrderLine.fulfilment_id == Fulfilment.id)
        .join(Order, Order.id == Fulfilment.order_id)
        .where(within(first, end), promised())
        .distinct()
    )
    for i, _parcel, delivered, due in s.execute(parcels):
        if i in found:
            found[i].parcels += 1
            found[i].on_time += bool(delivered and due and clock.business_day(delivered) <= due)
    back = (
        select(OrderLine.producer_id, func.count(Return.id.distinct()))
        .join(ReturnLine, ReturnLine.line_id == OrderLine.id)
        .join(Return, Return.id == ReturnLine.return_id)
        .join(Refund, Refund.id == Return.refund_id)
        .where(complaints(first, end))
        .group_by(OrderLine.producer_id)
    )
    for i, n in s.execute(back):
        if i in found:
            found[i].complaints = int(n)


def _bare(found: dict[int, Card], first: date, end: date) -> None:
    rows = session().execute(
        select(
            Product.producer_id, func.count(Variant.id.distinct()), func.sum(DemandWeek.listed - DemandWeek.exposure)
        )
        .join(Variant, Variant.id == DemandWeek.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .where(weeks(first, end))
        .group_by(Product.producer_id)
    )
    for i, packs, bare in rows:
        if i in found:
            found[i].packs, found[i].bare = int(packs), int(bare or 0)
