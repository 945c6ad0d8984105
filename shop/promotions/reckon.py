"""What promotions take off a basket: pure arithmetic in whole đồng, the same for the page, the order and the counter.

Timed sales come first and line by line: so many units cost less as the quota, the buyer's limit and the line allow. One code
follows, reckoned on what is left of the goods it is for (or on the fee of delivery). Both together cut no line deeper than the
law lets them (`CodeTerms.deepest_percent`): the code stops there and its discount says so. Nothing goes below zero, and
`least_amount` is always left to pay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shop.kernel import text
from shop.kernel.errors import ShopError
from shop.kernel.money import split, vnd
from shop.promotions import errors
from shop.promotions.models import Measure, Payer, ScopeKind

WHOLE = 10_000
# Each letter that is taken for another on paper or by ear is kept as that one.
_ALIKE = str.maketrans({"O": "0", "Q": "0", "I": "1", "L": "1", "S": "5", "B": "8", "Z": "2", "U": "V"})
SHORTEST, LONGEST = 4, 24


def code_key(typed: str) -> str:
    """`typed` as codes are compared: no marks, blanks or hyphens, upper case, letters that look alike made one.

    >>> code_key("Tết-o1") == code_key("TETOI")
    True
    """
    return re.sub(r"[^A-Z0-9]", "", text.fold(typed).upper()).translate(_ALIKE)[:40]


@dataclass(frozen=True, slots=True)
class LiveOffer:
    """One pack of a timed sale that is on: `left` units may still be had at `price_amount`, `person_limit` by one buyer."""

    offer_id: int
    promotion_id: int
    reference: str
    variant_id: int
    price_amount: int
    left: int
    person_limit: int | None
    starts_at: datetime
    ends_at: datetime
    name: str
    name_en: str | None
    payer: Payer
    producer_id: int | None
    lowest_amount: int | None

    def on(self, at: datetime) -> bool:
        """Whether it is on at the instant `at`."""
        return self.starts_at <= at < self.ends_at


@dataclass(frozen=True, slots=True)
class CodeTerms:
    """A code that is open to this buyer."""

    promotion_id: int
    reference: str
    name: str
    name_en: str | None
    code: str
    measure: Measure
    value: int
    ceiling_amount: int | None
    minimum_amount: int
    on_freight: bool
    payer: Payer
    producer_id: int | None
    # What of its budget is left, in đồng; None: it has none.
    left_amount: int | None
    scopes: tuple[tuple[ScopeKind, int], ...] = ()
    # How deep a sale price and the code together may cut one line, in percent of what it costs otherwise.
    deepest_percent: int = 100

    @property
    def is_for_fairs(self) -> bool:
        """Whether it matters at which fair the goods are bought."""
        return any(kind is ScopeKind.FAIR for kind, _n in self.scopes)


@dataclass(frozen=True, slots=True)
class Goods:
    """One line: what it is, how many, and where the buyer met it (`fair_id`)."""

    variant_id: int
    product_id: int
    set_number: int
    producer_id: int | None
    quantity: int
    unit_amount: int
    fair_id: int | None = None


def fair_of(origin: str | None) -> int | None:
    """The fair at which the buyer met the goods, by the words of a basket's line (`exhibition:3:A12`)."""
    parts = (origin or "").split(":")
    return int(parts[1]) if parts[0] == "exhibition" and len(parts) > 1 and parts[1].isdecimal() else None


@dataclass(frozen=True, slots=True)
class Discount:
    """What one promotion takes off one pack (`variant_id`) or off delivery (None). `slot` is the offer's id, 0 for a code;
    `units` are those sold at a sale's price."""

    promotion_id: int
    slot: int
    variant_id: int | None
    units: int
    amount: int
    name: str
    name_en: str | None
    payer: Payer
    producer_id: int | None


@dataclass(frozen=True, slots=True)
class Reckoned:
    """All discounts, and why the code does not count where it does not."""

    discounts: tuple[Discount, ...]
    problem: ShopError | None = None

    @property
    def amount(self) -> int:
        return sum(d.amount for d in self.discounts)


def reckon(
    goods: Sequence[Goods],
    delivery_amount: int,
    offers: Mapping[int, LiveOffer],
    code: CodeTerms | None = None,
    *,
    point_id: int | None = None,
    least_amount: int = 0,
) -> Reckoned:
    """What comes off `goods` and off their delivery (đồng). `point_id`: the point at which they are bought or collected;
    `least_amount`: what is left to pay whatever the code is worth."""
    found = [d for line in goods if (d := _sale(line, offers.get(line.variant_id))) is not None]
    if code is None:
        return Reckoned(tuple(found))
    off = {d.variant_id: d.amount for d in found}
    try:
        more = _code(goods, off, delivery_amount, code, point_id=point_id, least_amount=least_amount)
    except errors.CodeRefused as refusal:
        return Reckoned(tuple(found), refusal)
    return Reckoned((*found, *more))


def code_only(goods: Sequence[Goods], off: Mapping[int, int], code: CodeTerms, *, point_id: int) -> dict[int, int]:
    """What a code takes off each pack at a counter (đồng by variant), where timed sales have taken `off` already.

    Raises:
        CodeRefused: why it does not count.
    """
    already: dict[int | None, int] = {variant_id: amount for variant_id, amount in off.items()}  # noqa: C416
    found = _code(goods, already, 0, code, point_id=point_id, least_amount=0)
    return {d.variant_id: d.amount for d in found if d.variant_id is not None}


def units_at(offer: LiveOffer, quantity: int, unit_amount: int) -> int:
    """How many of `quantity` units cost the sale's price; none where that is not lower than the usual one."""
    if offer.price_amount >= unit_amount:
        return 0
    return max(0, min(quantity, offer.left, quantity if offer.person_limit is None else offer.person_limit))


def _sale(line: Goods, offer: LiveOffer | None) -> Discount | None:
    units = units_at(offer, line.quantity, line.unit_amount) if offer is not None else 0
    if offer is None or not units:
        return None
    return Discount(
        offer.promotion_id, offer.offer_id, line.variant_id, units, (line.unit_amount - offer.price_amount) * units,
        offer.name, offer.name_en, offer.payer, offer.producer_id,
    )  # fmt: skip


def for_goods(scopes: Sequence[tuple[ScopeKind, int]], line: Goods) -> bool:
    """Whether the scopes let a code count for these goods, wherever they are bought."""
    named = {(kind, n) for kind, n in scopes if kind in (ScopeKind.PRODUCT, ScopeKind.SET, ScopeKind.PRODUCER)}
    own = {(ScopeKind.PRODUCT, line.product_id), (ScopeKind.SET, line.set_number)}
    if line.producer_id is not None:
        own.add((ScopeKind.PRODUCER, line.producer_id))
    return not named or bool(named & own)


def is_here(scopes: Sequence[tuple[ScopeKind, int]], line: Goods, point_id: int | None) -> bool:
    """Whether the scopes let a code count where these goods are bought."""
    named = {(kind, n) for kind, n in scopes if kind in (ScopeKind.POINT, ScopeKind.FAIR)}
    return not named or (ScopeKind.POINT, point_id) in named or (ScopeKind.FAIR, line.fair_id) in named


def _room(line: Goods, off: int, deepest_percent: int) -> int:
    """How many đồng a code may still take off a line of which a sale has taken `off`."""
    return max(0, line.quantity * line.unit_amount * deepest_percent // 100 - off)


def _within(parts: Sequence[int], rooms: Sequence[int]) -> list[int]:
    """`parts` with what is beyond the room of a line put to lines that have some left; they take all of it together."""
    found = [min(part, room) for part, room in zip(parts, rooms, strict=True)]
    over = sum(parts) - sum(found)
    if over:
        more = split(over, [room - part for room, part in zip(rooms, found, strict=True)])
        found = [a + b for a, b in zip(found, more, strict=True)]
    return found


def _code(
    goods: Sequence[Goods],
    off: Mapping[int | None, int],
    delivery_amount: int,
    code: CodeTerms,
    *,
    point_id: int | None,
    least_amount: int,
) -> list[Discount]:
    fitting = [line for line in goods if for_goods(code.scopes, line)]
    if not fitting:
        raise errors.CodeNotForThese
    here = [line for line in fitting if is_here(code.scopes, line, point_id)]
    if not here:
        raise errors.CodeNotHere
    worth = [line.quantity * line.unit_amount - off.get(line.variant_id, 0) for line in here]
    if sum(worth) < code.minimum_amount:
        raise errors.CodeBelowMinimum(minimum=vnd(code.minimum_amount), missing=vnd(code.minimum_amount - sum(worth)))
    base = delivery_amount if code.on_freight else sum(worth)
    if code.on_freight and not base:
        raise errors.CodeNoFreight
    amount = base * code.value // WHOLE if code.measure is Measure.PERCENT else code.value
    if code.ceiling_amount is not None:
        amount = min(amount, code.ceiling_amount)
    whole = sum(line.quantity * line.unit_amount for line in goods) - sum(off.values()) + delivery_amount
    amount = min(amount, base, whole - least_amount)
    if amount <= 0:
        raise errors.CodeNotForThese
    rooms = [_room(line, off.get(line.variant_id, 0), code.deepest_percent) for line in here]
    stopped = not code.on_freight and amount > sum(rooms)
    if stopped:
        amount = sum(rooms)
    if amount <= 0:
        raise errors.CodeTooDeep(n=code.deepest_percent)
    if code.left_amount is not None and amount > code.left_amount:
        raise errors.CodeUsedUp

    def made(variant_id: int | None, part: int) -> Discount:
        return Discount(code.promotion_id, 0, variant_id, 0, part, name, name_en, code.payer, code.producer_id)

    name, name_en = code.name, code.name_en
    if stopped:
        name = f"{name} (dừng ở mức giảm cao nhất {code.deepest_percent} % giá bán)"
        name_en = f"{name_en or code.name} (stops at the highest cut, {code.deepest_percent} % of the price)"
    if code.on_freight:
        return [made(None, amount)]
    parts = _within(split(amount, worth), rooms)
    return [made(line.variant_id, part) for line, part in zip(here, parts, strict=True) if part]
