"""What a basket would become if it were ordered now: lines, parcels with fee and day, and what stands in the way.

The basket's page, the checkout's page and the order's transaction all make the same plan, so that what is shown is what
is sold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from shop.catalog.models import Cold
from shop.catalog.queries import Sellable
from shop.checkout import errors, rules
from shop.checkout.queries import BasketRow
from shop.checkout.sourcing import Sourced, SourcedParcel, source
from shop.delivery import fees
from shop.delivery import queries as delivery
from shop.kernel import clock
from shop.kernel.errors import ShopError
from shop.orders.models import DeliveryKind
from shop.points import queries as points
from shop.promotions import fairs, reckon
from shop.promotions import rules as promotions
from shop.promotions.queries import Coupon
from shop.promotions.reckon import Discount, LiveOffer
from shop.stock.queries import FreeLevel


@dataclass(frozen=True, slots=True)
class Wanted:
    """How the goods shall come: parcels to `province` (code) or pick-up at `point_id`; `cod` pays at the door."""

    delivery: DeliveryKind
    province: str | None = None
    commune: str | None = None
    point_id: int | None = None
    cod: bool = False


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One line of the basket: what is wanted, what can be had, and why not more (`problem`)."""

    goods: Sellable
    quantity: int
    seen_amount: int
    available: int
    limit: int
    problem: ShopError | None
    # Units that stock keeps for this line already.
    kept: int = 0
    # A timed sale of it that is on, and how many of its units are sold at that price.
    offer: LiveOffer | None = None
    offer_units: int = 0

    @property
    def unit_amount(self) -> int:
        """The price in force, in đồng (the one last seen where none is)."""
        return self.goods.unit_price_amount or self.seen_amount

    @property
    def line_amount(self) -> int:
        """Units times price, in đồng, before any discount."""
        return self.unit_amount * self.quantity

    @property
    def asked_amount(self) -> int:
        """What one unit costs this buyer now: the sale's price, if he gets any unit at it."""
        return self.offer.price_amount if self.offer is not None and self.offer_units else self.unit_amount

    @property
    def price_changed(self) -> bool:
        """Whether the price differs from the one the buyer saw."""
        return self.goods.unit_price_amount is not None and self.asked_amount != self.seen_amount


@dataclass(frozen=True, slots=True)
class PlanParcel:
    """What one point gives, with its fee (đồng) and the days on which it can arrive or be collected."""

    point_id: int
    counts: tuple[tuple[int, int], ...]
    sourced: SourcedParcel
    fee_amount: int
    weight_g: int
    from_on: date | None
    to_on: date | None
    fee_parts: tuple[tuple[str, int], ...]
    problem: ShopError | None
    # What paying at the door costs, in the fee exactly if that is wanted.
    collecting_amount: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole: amounts in đồng."""

    lines: tuple[PlanLine, ...]
    parcels: tuple[PlanParcel, ...]
    wanted: Wanted
    # What promotions take off, and why the code that was given does not count where it does not.
    discounts: tuple[Discount, ...] = ()
    code_problem: ShopError | None = None

    @property
    def goods_amount(self) -> int:
        return sum(line.line_amount for line in self.lines)

    @property
    def delivery_amount(self) -> int:
        return sum(parcel.fee_amount for parcel in self.parcels)

    @property
    def collecting_amount(self) -> int:
        """What paying at the door costs; a part of `delivery_amount` exactly if that is wanted."""
        return sum(parcel.collecting_amount for parcel in self.parcels)

    @property
    def total_amount(self) -> int:
        return self.goods_amount + self.delivery_amount - self.discount_amount

    @property
    def discount_amount(self) -> int:
        return sum(d.amount for d in self.discounts)

    @property
    def has_alcohol(self) -> bool:
        return any(line.goods.is_alcohol for line in self.lines)

    @property
    def price_changed(self) -> bool:
        return any(line.price_changed for line in self.lines)

    @property
    def problem(self) -> ShopError | None:
        """The first thing that stands in the way, or None."""
        if not self.lines:
            return errors.EmptyBasket()
        for line in self.lines:
            if line.problem is not None:
                return line.problem
        for parcel in self.parcels:
            if parcel.problem is not None:
                return parcel.problem
        return None


def limit_of(goods: Sellable) -> int:
    """The most units of a variant that one order may have."""
    return goods.order_limit or int(rules.LINE_LIMIT.get())


def make(
    basket: BasketRow,
    sellable: dict[int, Sellable],
    levels: Sequence[FreeLevel],
    wanted: Wanted,
    *,
    at: datetime,
    kept: Mapping[int, int] | None = None,
    offers: Mapping[int, LiveOffer] | None = None,
    coupon: Coupon | None = None,
) -> Plan:
    """Plan `basket` from goods (`sellable`), free levels and the way they shall come. `kept` are the units
    that stock keeps for the basket, by variant; they are among the levels. `offers` are timed sales that are on for this
    buyer, `coupon` what his code is worth. Reads rates through delivery."""
    able = [
        level
        for level in levels
        if (
            level.pickup and level.point_id == wanted.point_id
            if wanted.delivery is DeliveryKind.PICKUP
            else level.ships
        )
    ]
    free: dict[int, int] = defaultdict(int)
    for level in able:
        free[level.variant_id] += level.free
    pickup = wanted.delivery is DeliveryKind.PICKUP
    lines = tuple(
        _line(sellable[v], n, seen, free[v], pickup=pickup, kept=(kept or {}).get(v, 0), offer=(offers or {}).get(v))
        for v, n, seen in basket.lines
        if v in sellable
    )
    good = [line for line in lines if line.goods.refusal is None and line.available > 0]
    needs = {line.goods.variant_id: min(line.quantity, line.available, line.limit) for line in good}
    sourced = source(needs, able, province=wanted.province, commune=wanted.commune)
    origins = {level.point_id: level.province_code for level in able}
    parcels = _parcels(sourced, sellable, origins, wanted, at)
    made = Plan(lines, parcels, wanted)
    return _discounted(made, basket, coupon) if offers or coupon else made


def _discounted(made: Plan, basket: BasketRow, coupon: Coupon | None) -> Plan:
    """`made` with what sales and the code take off it."""
    point_id = made.wanted.point_id if made.wanted.delivery is DeliveryKind.PICKUP else None
    for_fair = coupon is not None and coupon.terms is not None and coupon.terms.is_for_fairs
    there = fairs.of_point(point_id) if for_fair and point_id is not None else None
    goods = [
        reckon.Goods(
            line.goods.variant_id, line.goods.product_id, line.goods.set_number, line.goods.producer_id, line.quantity,
            line.unit_amount, reckon.fair_of(basket.origins.get(line.goods.variant_id)) or there,
        )
        for line in made.lines
    ]  # fmt: skip
    found = reckon.reckon(
        goods,
        made.delivery_amount,
        {line.goods.variant_id: line.offer for line in made.lines if line.offer is not None},
        coupon.terms if coupon is not None else None,
        point_id=point_id,
        least_amount=int(promotions.LEAST_AMOUNT.get()),
    )
    refused = coupon.refusal if coupon is not None else None
    return replace(made, discounts=found.discounts, code_problem=refused or found.problem)


def _line(
    goods: Sellable,
    quantity: int,
    seen: int,
    available: int,
    *,
    pickup: bool,
    kept: int,
    offer: LiveOffer | None = None,
) -> PlanLine:
    limit = limit_of(goods)
    problem: ShopError | None = None
    refusal = goods.refusal
    if refusal is not None:
        problem = errors.of_goods(refusal, goods.name)
    elif available <= 0:
        problem = errors.NotAtPoint(name=goods.name) if pickup else errors.BasketSoldOutWhole(name=goods.name)
    elif available < quantity:
        kind: Callable[..., ShopError] = errors.TooFewAtPoint if pickup else errors.BasketSoldOut
        problem = kind(name=goods.name, left=available)
    elif quantity > limit:
        problem = errors.LimitReached(name=goods.name, limit=limit)
    units = reckon.units_at(offer, quantity, goods.unit_price_amount or 0) if offer is not None else 0
    return PlanLine(goods, quantity, seen, available, limit, problem, kept, offer, units)


def _parcels(
    sourced: Sourced, sellable: dict[int, Sellable], origins: dict[int, str], wanted: Wanted, at: datetime
) -> tuple[PlanParcel, ...]:
    parcels = []
    for parcel in sourced.parcels:
        amount = sum((sellable[v].unit_price_amount or 0) * n for v, n in parcel.counts)
        parcels.append(_freight(parcel, sellable, origins[parcel.point_id], wanted, amount, at))
    return tuple(parcels)


def _freight(
    parcel: SourcedParcel,
    sellable: dict[int, Sellable],
    origin: str,
    wanted: Wanted,
    amount: int,
    at: datetime,
) -> PlanParcel:
    """The delivery room's price of one parcel; goods collected at a point cost nothing and are ready on its next day."""
    if wanted.delivery is DeliveryKind.PICKUP:
        weight = sum((sellable[v].weight_g or 0) * n for v, n in parcel.counts)
        point = points.by_ids([parcel.point_id]).get(parcel.point_id)
        ready = delivery.pickup_ready(point.hours if point else None, at) or clock.business_day(at)
        return PlanParcel(parcel.point_id, parcel.counts, parcel, 0, weight, ready, None, (), None)
    lines = [
        fees.Line(n, g.weight_g, g.length_mm, g.width_mm, g.height_mm)
        for g, n in ((sellable[v], n) for v, n in parcel.counts)
    ]
    cold = any(sellable[v].cold is not Cold.NONE for v, _n in parcel.counts)
    try:
        quote = delivery.quote(
            lines,
            origin,
            wanted.province or origin,
            cold=cold,
            cod=wanted.cod,
            goods_amount=amount,
            on=clock.business_day(at),
        )
    except ShopError as refusal:
        return PlanParcel(parcel.point_id, parcel.counts, parcel, 0, 0, None, None, (), refusal)
    first, last = quote.arrives(clock.business_day(at))
    parts = tuple((fees.PART_NAMES[key], part) for key, part in quote.parts())
    return PlanParcel(
        parcel.point_id, parcel.counts, parcel, quote.total_amount, quote.weight_g, first, last, parts, None,
        quote.collecting_amount,
    )  # fmt: skip
