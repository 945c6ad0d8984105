"""A year of made-up trade, walked through day by day: buyers come, the desk works, parcels travel, money comes and goes.

Nothing is written here: the walk gives rows (`shop.seed.ledger` writes them), so a thousand orders take a second or two. Each
order follows the same tables of allowed steps as a real one, and stops where today is.
"""

from __future__ import annotations

import hashlib
import heapq
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from shop.catalog.models import Cold
from shop.delivery import days, fees
from shop.delivery import queries as delivery
from shop.kernel import clock
from shop.kernel.actor import GUEST, SYSTEM, Actor
from shop.kernel.errors import ShopError
from shop.kernel.text import REFERENCE_ALPHABET
from shop.orders.models import CLOSED, DeliveryKind, FulfilmentStatus, OrderStatus, PaymentMethod, PaymentStatus
from shop.payments.models import PaymentState, RefundState
from shop.places.models import HOME_PROVINCE
from shop.seed.goods import Ware
from shop.seed.liking import FAVOURITES, GIFTS, RARE, TET_CAKE
from shop.seed.people import Person
from shop.seed.shelves import FRESH_DAYS, Batch, Shelves, chance
from shop.stock.models import Outcome

PAY_WITHIN = timedelta(hours=24)
# The web sells what keeps for days only since then (goods of a short season in theirs).
FRESH_SINCE = timedelta(days=60)
# So long ago a lot was called back.
RECALLED_AGO = timedelta(days=24)
CARRIERS = ("Bưu điện (minh họa)", "Giao hàng nhanh (minh họa)", "Xe khách (minh họa)")
NOTES = (
    "Giao giờ hành chính",
    "Gọi trước khi giao",
    "Cho xem hàng trước khi nhận",
    "Gửi kèm túi giấy",
    "Gói quà giúp tôi",
)


@dataclass(slots=True)
class Parcel:
    """What leaves one point together."""

    number: int
    point_id: int
    lines: list[tuple[Ware, int]]
    fee_amount: int
    weight_g: int
    from_on: date | None
    to_on: date | None
    status: FulfilmentStatus = FulfilmentStatus.PENDING
    carrier: str | None = None
    tracking_number: str | None = None
    packed_at: datetime | None = None
    handed_over_at: datetime | None = None
    delivered_at: datetime | None = None
    closed_at: datetime | None = None


@dataclass(slots=True)
class Trade:
    """One order with its money."""

    n: int
    reference: str
    person: Person
    user_id: int | None
    delivery: DeliveryKind
    method: PaymentMethod
    point_id: int | None
    placed_at: datetime
    parcels: list[Parcel]
    status: OrderStatus
    money: PaymentStatus
    pay_until: datetime | None
    email: str | None
    note: str | None
    locale: str
    actor: Actor
    invoice: dict[str, Any] | None = None
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    completed_at: datetime | None = None
    payment: PaymentState = PaymentState.PENDING
    captured_at: datetime | None = None
    bank_reference: str | None = None
    collector: Actor | None = None
    refund: tuple[RefundState, datetime, datetime | None, str, Actor] | None = None

    @property
    def goods_amount(self) -> int:
        """Đồng of all lines."""
        return sum(self.unit(ware)[1] * n for parcel in self.parcels for ware, n in parcel.lines)

    @property
    def delivery_amount(self) -> int:
        """Đồng of all parcels' fees."""
        return sum(parcel.fee_amount for parcel in self.parcels)

    @property
    def day(self) -> date:
        """The business day it was placed on."""
        return clock.business_day(self.placed_at)

    @property
    def first_pay_until(self) -> datetime | None:
        """The deadline it was placed with."""
        return self.placed_at + PAY_WITHIN if self.method is not PaymentMethod.COD else None

    def unit(self, ware: Ware) -> tuple[int, int]:
        """(price id, đồng) that this order was placed at."""
        found = ware.price_at(self.placed_at)
        if found is None:
            raise LookupError(ware.sku)
        return found

    def hold(self, parcel: Parcel) -> str:
        """The reference under which a parcel's goods are claimed."""
        return f"order:{self.reference}:{parcel.number}"

    def digest(self) -> str:
        """What stands for the form that was sent."""
        return hashlib.sha256(f"seed:demo:{self.n}".encode()).hexdigest()


@dataclass(slots=True)
class Outlets:
    """Ids of the points: the web's warehouse, the one in the east of the province, all that ship beside the warehouse, and
    those where buyers collect. (Points of which the web sells nothing get their goods by the rooms' own ways.)"""

    warehouse: int
    east: int | None
    ships: tuple[int, ...]
    pickup: tuple[int, ...]


@dataclass(slots=True)
class Year:
    """The walk. `history` are rows of order_transitions with `trade` and `parcel` in place of ids."""

    rng: random.Random
    since: date
    now: datetime
    outlets: Outlets
    desk: Actor
    people: list[Person]
    member: tuple[Actor, Person]
    shelves: Shelves = field(default_factory=Shelves)
    # The lot that is called back, and when.
    recalled: tuple[Batch, datetime] | None = None
    trades: list[Trade] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    _queue: list[tuple[datetime, int, Callable[[datetime], None]]] = field(default_factory=list)
    _count: int = 0
    _references: set[str] = field(default_factory=set)
    _cold: dict[str, bool] = field(default_factory=dict)
    _weights: dict[tuple[int, int, bool], list[float]] = field(default_factory=dict)

    def since_instant(self) -> datetime:
        """The first instant of the first day."""
        return clock.start_of(self.since)

    # --- time --------------------------------------------------------------------------------------------------

    def at(self, when: datetime, what: Callable[[datetime], None]) -> None:
        """Let `what` happen then; what would be after today never happens."""
        if when <= self.now:
            self._count += 1
            heapq.heappush(self._queue, (when, self._count, what))

    def working(self, when: datetime) -> datetime:
        """The next instant in the desk's hours (8 to 18 o'clock on working days)."""
        local = when.astimezone(clock.VIETNAM)
        while True:
            if local.hour >= 18 or not days.is_working(local.date()):
                local = datetime.combine(
                    local.date() + timedelta(days=1), time(8, self.rng.randrange(60)), clock.VIETNAM
                )
            elif local.hour < 8:
                local = local.replace(hour=8, minute=self.rng.randrange(60))
            else:
                return local

    def hours(self, low: float, high: float) -> timedelta:
        """A span of chance, in whole seconds."""
        return timedelta(seconds=int(self.rng.uniform(low, high) * 3600))

    # --- the walk ----------------------------------------------------------------------------------------------

    def walk(self, wares: list[Ware]) -> None:
        """Walk from the first day to now."""
        self._put_up(wares)
        today = clock.business_day(self.now)
        tets = {year: new_year(year) for year in range(self.since.year, today.year + 2)}
        day = self.since
        while day <= today:
            morning = clock.start_of(day) + timedelta(hours=6, minutes=10)
            self.at(morning, self._fill)
            for _ in range(self._orders_on(day, tets)):
                self.at(clock.start_of(day) + self._time_of_day(), self._order_of(wares, tets))
            day += timedelta(days=1)
        self.at(clock.start_of(today - RECALLED_AGO) + timedelta(hours=10, minutes=20), self._recall)
        # Whenever it is loaded, somebody is to collect his order, and some of the last hours wait for the desk.
        for hours in (60, 52, 44):
            self.at(self.now - timedelta(hours=hours), self._order_to_collect(wares))
        for _ in range(6):
            self.at(self.now - self.hours(0.1, 2.5), self._order_of(wares, tets))
        while self._queue:
            when, _n, what = heapq.heappop(self._queue)
            what(when)
        paid = [t for t in self.trades if t.status is OrderStatus.COMPLETED and t.money is PaymentStatus.PAID]
        if paid:
            self._broken(self.now, paid[-1])

    def _put_up(self, wares: list[Ware]) -> None:
        for ware in wares:
            popular = FAVOURITES.get(ware.no, 1)
            dear = any(amount > 1_000_000 for _f, _t, _i, amount in ware.prices)
            base = 6 if dear else 12 + 9 * popular
            fresh = ware.keeps is not None and ware.keeps <= FRESH_DAYS
            if ware.keeps is not None:  # what keeps for weeks only is not bought for months
                base = max(4, min(base, base * ware.keeps // 180))
            if self.outlets.east is None or not self._eastern(ware):
                self.shelves.add(ware, self.outlets.warehouse, base)
            else:
                self.shelves.add(ware, self.outlets.east, base)
            if fresh:
                continue
            for point_id in self.outlets.ships:
                if (ware.variant_id, point_id) not in self.shelves.shelves and self._belongs(ware, point_id):
                    self.shelves.add(ware, point_id, max(4, base // 2))
            for point_id in self.outlets.pickup:
                if point_id not in self.outlets.ships and self._belongs(ware, point_id):
                    self.shelves.add(ware, point_id, max(3, base // 3))

    @staticmethod
    def _eastern(ware: Ware) -> bool:
        """Fresh goods of the border districts go out from there; in one basket with others they make a second parcel."""
        return ware.set_number in {1, 2} and any(name in ware.locality for name in ("Móng Cái", "Đầm Hà", "Hải Hà"))

    def _belongs(self, ware: Ware, point_id: int) -> bool:
        """Three goods in five lie at a given point, the best known ones everywhere."""
        return ware.no in FAVOURITES or chance(ware.no, point_id) < 58

    def _fill(self, when: datetime) -> None:
        month = when.astimezone(clock.VIETNAM).month
        early = when < self.now - FRESH_SINCE
        for shelf in self.shelves.shelves.values():
            ware = shelf.ware
            self.shelves.clear(when, shelf)
            if early and ware.keeps and ware.keeps <= FRESH_DAYS and not ware.note and ware.no != TET_CAKE:
                continue
            if self._offered(shelf.ware, month):
                self.shelves.fill(when, shelf)
            else:
                self.shelves.empty(when, shelf)

    def _recall(self, when: datetime) -> None:
        """A lot of nobody in particular is stopped: the one that most buyers with an address have, and that is still there."""
        writes = {trade.reference for trade in self.trades if trade.email}
        buyers: dict[tuple[int, str], set[str]] = defaultdict(set)
        there: dict[tuple[int, str], Batch] = {}
        for pile in self.shelves.piles():
            ware = pile.shelf.ware
            if pile.free > 0 and ware.producer_id is None and ware.keeps and ware.keeps > FRESH_DAYS:
                there[ware.variant_id, pile.batch.code] = pile.batch
        for reference, claims in self.shelves.claims.items():
            order = reference.split(":")[1]
            for claim in claims:
                if claim.outcome is Outcome.TAKEN and order in writes:
                    buyers[claim.pile.batch.variant_id, claim.pile.batch.code].add(order)
        found = max(there, key=lambda key: (len(buyers[key]), key), default=None)
        if found is not None:
            self.recalled = there[found], when
            self.shelves.stop(when, *found)

    @staticmethod
    def _offered(ware: Ware, month: int) -> bool:
        """Fresh fruit is there in its season only."""
        if ware.note == "sold-out":
            return month in {5, 6}
        if ware.no == TET_CAKE:
            return month in {12, 1, 2}
        return ware.note != "fresh" or month in ware.months

    def _orders_on(self, day: date, tets: dict[int, date]) -> int:
        """How many orders a day brings: a few, many before Tết, none at Tết, more in the summer's weekends."""
        mean = 2.1
        for tet in tets.values():
            left = (tet - day).days
            if -4 <= left <= 1:
                return 0
            if 2 <= left <= 40:
                mean = 2.4 + (42 - left) * 0.19
        if day.month in {6, 7, 8}:
            mean *= 1.25
        if day.weekday() >= 5:
            mean *= 1.2
        if (clock.business_day(self.now) - day).days <= 2:
            mean = max(mean, 7.0)
        return min(16, int(self.rng.gauss(mean, mean**0.5) + 0.5)) if mean else 0

    def _time_of_day(self) -> timedelta:
        hour = self.rng.choices(
            range(24), (1, 0, 0, 0, 0, 1, 3, 6, 9, 10, 10, 9, 8, 7, 7, 7, 7, 7, 8, 11, 13, 12, 7, 3)
        )[0]
        return timedelta(hours=hour, seconds=self.rng.randrange(3600))

    # --- one order ---------------------------------------------------------------------------------------------

    def _order_of(self, wares: list[Ware], tets: dict[int, date]) -> Callable[[datetime], None]:
        def come(when: datetime) -> None:
            day = clock.business_day(when)
            near_tet = any(2 <= (tet - day).days <= 30 for tet in tets.values())
            self._buy(when, wares, near_tet=near_tet)

        return come

    def _order_to_collect(self, wares: list[Ware]) -> Callable[[datetime], None]:
        return lambda when: self._buy(when, wares, near_tet=False, point_id=self.outlets.pickup[0])

    def _weights_for(self, wares: list[Ware], month: int, *, near_tet: bool) -> list[float]:
        key = (len(wares), month, near_tet)
        if key not in self._weights:
            self._weights[key] = [self._weight(ware, month, near_tet=near_tet) for ware in wares]
        return self._weights[key]

    def _weight(self, ware: Ware, month: int, *, near_tet: bool) -> float:
        if not self._offered(ware, month):
            return 0.0
        weight = float(FAVOURITES.get(ware.no, RARE.get(ware.no, 1.0)))
        if ware.note or month in ware.months:
            weight *= 4 if ware.note else 1.5
        if near_tet:
            weight *= GIFTS.get(ware.no, 2.0 if ware.is_alcohol else 1.0)
        return weight

    def _buy(self, when: datetime, wares: list[Ware], *, near_tet: bool, point_id: int | None = None) -> None:
        rng = self.rng
        member = rng.random() < 0.02
        actor, person = self.member if member else (GUEST, self.people[int(len(self.people) * rng.random() ** 1.6)])
        pickup = point_id is not None
        if not pickup and person.province_code == HOME_PROVINCE and rng.random() < 0.42:
            pickup, point_id = True, rng.choice(self.outlets.pickup)
        lines = self._choose(when, wares, person, point_id, near_tet=near_tet)
        if not lines:
            return
        alcohol = any(ware.is_alcohol for ware, _n in lines)
        method = PaymentMethod.VIETQR if alcohol or rng.random() < 0.2 else PaymentMethod.COD
        parcels = self._parcels(when, lines, person, point_id, method)
        if not parcels:
            return
        prepaid = method is not PaymentMethod.COD
        recent = self.now - when < timedelta(days=6)
        trade = Trade(
            n=len(self.trades) + 1,
            reference=self._reference(),
            person=person,
            user_id=actor.user_id,
            delivery=DeliveryKind.PICKUP if pickup else DeliveryKind.SHIP,
            method=method,
            point_id=point_id,
            placed_at=when,
            parcels=parcels,
            status=OrderStatus.AWAITING_PAYMENT if prepaid else OrderStatus.PLACED,
            money=PaymentStatus.UNPAID if prepaid else PaymentStatus.DUE,
            pay_until=when + PAY_WITHIN if prepaid else None,
            # Open orders have no address, so that what is done with them in the demonstration sends no letter.
            email=None if recent else person.email,
            note=rng.choice(NOTES) if rng.random() < 0.12 else None,
            locale="en" if rng.random() < 0.03 else "vi",
            actor=actor,
        )
        if rng.random() < 0.03:
            trade.invoice = {
                "company": "Công ty TNHH Minh Họa",
                "tax_code": "9900000016",
                "address": "Số 1, đường Minh Họa",
                "email": "hoadon@example.vn",
            }
        self.trades.append(trade)
        for subject, to in (("order", trade.status), ("payment", trade.money)):
            self._note(when, trade, subject, "", to, actor)
        for parcel in parcels:
            self._note(when, trade, "fulfilment", "", FulfilmentStatus.PENDING, actor, parcel=parcel)
            counts = {ware.variant_id: n for ware, n in parcel.lines}
            self.shelves.take(when, trade.hold(parcel), parcel.point_id, counts, trade.pay_until)
        self._go_on(trade)

    def _choose(
        self, when: datetime, wares: list[Ware], person: Person, point_id: int | None, *, near_tet: bool
    ) -> list[tuple[Ware, int]]:
        rng, day = self.rng, clock.business_day(when)
        weights = self._weights_for(wares, when.astimezone(clock.VIETNAM).month, near_tet=near_tet)
        wanted = rng.choices((1, 2, 3, 4, 5), (34, 30, 20, 11, 5))[0]
        chosen: dict[int, tuple[Ware, int]] = {}
        weight = 0
        for ware in rng.choices(wares, weights, k=wanted * 3):
            n = rng.choices((1, 2, 3, 5), (62, 24, 9, 5))[0]
            if ware.weight_g > 4000 or ware.prices[-1][3] > 1_000_000:
                n = 1
            if (
                len(chosen) >= wanted
                or ware.variant_id in chosen
                or ware.price_at(when) is None
                or (ware.needs_certificate and ware.certificate_on(day) is None)
                or (point_id is None and ware.cold is not Cold.NONE and not self._takes_cold(person.province_code))
                or weight + n * ware.weight_g > 24_000
                or self._source(ware, n, point_id) is None
            ):
                continue
            chosen[ware.variant_id] = (ware, n)
            weight += n * ware.weight_g
        return list(chosen.values())

    def _source(self, ware: Ware, n: int, point_id: int | None) -> int | None:
        """The point that gives `n` units: the one of the pick-up, else the warehouse, else another that ships."""
        for candidate in (point_id,) if point_id is not None else (self.outlets.warehouse, *self.outlets.ships):
            if self.shelves.free(ware.variant_id, candidate) >= n:
                return candidate
        return None

    def _takes_cold(self, province: str) -> bool:
        if province not in self._cold:
            try:
                delivery.quote([fees.Line(1, 500)], HOME_PROVINCE, province, cold=True)
                self._cold[province] = True
            except ShopError:
                self._cold[province] = False
        return self._cold[province]

    def _parcels(
        self, when: datetime, lines: list[tuple[Ware, int]], person: Person, point_id: int | None, method: PaymentMethod
    ) -> list[Parcel]:
        by_point: dict[int, list[tuple[Ware, int]]] = defaultdict(list)
        for ware, n in lines:
            source = self._source(ware, n, point_id)
            if source is not None:
                by_point[source].append((ware, n))
        parcels = []
        day = clock.business_day(when)
        for number, (source, goods) in enumerate(sorted(by_point.items()), start=1):
            if point_id is not None:
                weight = sum(ware.weight_g * n for ware, n in goods)
                parcels.append(Parcel(number, source, goods, 0, weight, days.after(day, 1), None))
                continue
            try:
                quote = delivery.quote(
                    [fees.Line(n, ware.weight_g, *ware.size_mm) for ware, n in goods],
                    HOME_PROVINCE,
                    person.province_code,
                    cold=any(ware.cold is not Cold.NONE for ware, _n in goods),
                    cod=method is PaymentMethod.COD,
                    goods_amount=sum((ware.price_at(when) or (0, 0))[1] * n for ware, n in goods),
                )
            except ShopError:
                return []
            first, last = quote.arrives(day)
            parcels.append(Parcel(number, source, goods, quote.total_amount, quote.weight_g, first, last))
        return parcels

    def _reference(self) -> str:
        while True:
            symbols = "".join(self.rng.choice(REFERENCE_ALPHABET) for _ in range(8))
            reference = f"{symbols[:4]}-{symbols[4:]}"
            if reference not in self._references:
                self._references.add(reference)
                return reference

    # --- what becomes of it ------------------------------------------------------------------------------------

    def _note(
        self,
        when: datetime,
        trade: Trade,
        subject: str,
        before: str,
        after: str,
        actor: Actor,
        *,
        parcel: Parcel | None = None,
        reason: str | None = None,
    ) -> None:
        self.history.append(
            {
                "trade": trade.n,
                "parcel": parcel.number if parcel else None,
                "subject": subject,
                "from_status": str(before),
                "to_status": str(after),
                "at": when,
                "actor_key": actor.key,
                "actor_label": actor.label,
                "reason": reason,
            }
        )

    def _order(self, when: datetime, trade: Trade, to: OrderStatus, actor: Actor, reason: str | None = None) -> None:
        self._note(when, trade, "order", trade.status, to, actor, reason=reason)
        trade.status = to

    def _money(self, when: datetime, trade: Trade, to: PaymentStatus, actor: Actor) -> None:
        self._note(when, trade, "payment", trade.money, to, actor)
        trade.money = to

    def _parcel(
        self,
        when: datetime,
        trade: Trade,
        parcel: Parcel,
        to: FulfilmentStatus,
        actor: Actor,
        reason: str | None = None,
    ) -> None:
        self._note(when, trade, "fulfilment", parcel.status, to, actor, parcel=parcel, reason=reason)
        parcel.status = to
        parcel.closed_at = when if to in CLOSED else None

    def _go_on(self, trade: Trade) -> None:
        """Decide what the buyer will do, and let the first step happen."""
        rng, when = self.rng, trade.placed_at
        if trade.method is PaymentMethod.COD:
            if rng.random() < 0.045:
                self.at(when + self.hours(0.2, 5), lambda at: self._cancel(at, trade, trade.actor, "Khách đổi ý"))
            self.at(self.working(when + self.hours(0.3, 9)), lambda at: self._confirm(at, trade))
            return
        forgets = rng.random() < 0.09
        seen = self.working(when + self.hours(0.1, 4)) if not forgets else when
        # What nobody would see before Monday ends in time all the same.
        if trade.pay_until is not None and (forgets or seen >= trade.pay_until):
            self.at(trade.pay_until, lambda at: self._cancel(at, trade, SYSTEM, "Hết hạn thanh toán"))
            return
        self.at(seen, lambda at: self._paid(at, trade))

    def _cancel(self, when: datetime, trade: Trade, actor: Actor, reason: str) -> None:
        if trade.status is OrderStatus.CANCELLED or any(
            p.status not in {FulfilmentStatus.PENDING, FulfilmentStatus.PACKED} for p in trade.parcels
        ):
            return
        for parcel in trade.parcels:
            self.shelves.release(when, trade.hold(parcel))
            self._parcel(when, trade, parcel, FulfilmentStatus.CANCELLED, actor)
        self._order(when, trade, OrderStatus.CANCELLED, actor, reason)
        trade.cancelled_at, trade.cancel_reason, trade.pay_until = when, reason, None
        if trade.money in {PaymentStatus.UNPAID, PaymentStatus.DUE}:
            self._money(when, trade, PaymentStatus.VOID, actor)
            trade.payment = PaymentState.CANCELLED
        elif trade.money is PaymentStatus.PAID:
            self._refund(when, trade, reason)

    def _paid(self, when: datetime, trade: Trade) -> None:
        for parcel in trade.parcels:
            self.shelves.commit(trade.hold(parcel))
        self._capture(when, trade)
        self._order(when, trade, OrderStatus.PLACED, self.desk)
        trade.pay_until = None
        self.at(self.working(when + self.hours(0.2, 4)), lambda at: self._confirm(at, trade))

    def _capture(self, when: datetime, trade: Trade) -> None:
        self._money(when, trade, PaymentStatus.PAID, self.desk)
        trade.payment, trade.captured_at, trade.collector = PaymentState.CAPTURED, when, self.desk
        trade.bank_reference = f"MH{when:%y%m%d}{trade.n:05d}"

    def _refund(self, when: datetime, trade: Trade, reason: str) -> None:
        self._money(when, trade, PaymentStatus.REFUND_PENDING, self.desk)
        trade.refund = (RefundState.PENDING, when, None, reason, self.desk)

        def done(at: datetime) -> None:
            trade.refund = (RefundState.SUCCEEDED, when, at, reason, self.desk)
            self._money(at, trade, PaymentStatus.REFUNDED, self.desk)

        self.at(self.working(when + self.hours(3, 40)), done)

    def _confirm(self, when: datetime, trade: Trade) -> None:
        if trade.status is not OrderStatus.PLACED:
            return
        self._order(when, trade, OrderStatus.CONFIRMED, self.desk)
        if self.rng.random() < 0.012:
            self.at(when + self.hours(0.2, 1), lambda at: self._cancel(at, trade, self.desk, "Khách đặt trùng đơn"))
            return
        for parcel in trade.parcels:
            self.at(self.working(when + self.hours(0.5, 6)), self._pack(trade, parcel))

    def _pack(self, trade: Trade, parcel: Parcel) -> Callable[[datetime], None]:
        def pack(when: datetime) -> None:
            if parcel.status is not FulfilmentStatus.PENDING:
                return
            self._parcel(when, trade, parcel, FulfilmentStatus.PACKED, self.desk)
            parcel.packed_at = when
            wait = (2, 70) if trade.delivery is DeliveryKind.PICKUP else (1, 18)
            if trade.delivery is DeliveryKind.PICKUP and self.now - trade.placed_at < timedelta(days=3):
                wait = (60, 70)  # not before today
            self.at(self.working(when + self.hours(*wait)), self._hand_over(trade, parcel))

        return pack

    def _hand_over(self, trade: Trade, parcel: Parcel) -> Callable[[datetime], None]:
        def hand_over(when: datetime) -> None:
            if parcel.status is not FulfilmentStatus.PACKED:
                return
            self._parcel(when, trade, parcel, FulfilmentStatus.HANDED_OVER, self.desk)
            parcel.handed_over_at = when
            self.shelves.hand_over(when, trade.hold(parcel), self.desk)
            if trade.delivery is DeliveryKind.PICKUP:
                self.at(when + timedelta(minutes=1), self._deliver(trade, parcel))
                return
            parcel.carrier = self.rng.choice(CARRIERS)
            parcel.tracking_number = f"MH{trade.n:06d}{parcel.number}"
            far = 26 if trade.person.province_code == HOME_PROVINCE else 60
            refused = trade.method is PaymentMethod.COD and self.rng.random() < 0.035 and len(trade.parcels) == 1
            nxt = self._refused(trade, parcel) if refused else self._deliver(trade, parcel)
            self.at(self.working(when + self.hours(14, far)), nxt)

        return hand_over

    def _refused(self, trade: Trade, parcel: Parcel) -> Callable[[datetime], None]:
        def refused(when: datetime) -> None:
            reason = "Khách không nhận hàng"
            self._parcel(when, trade, parcel, FulfilmentStatus.RETURNED, self.desk, reason)
            cold = any(ware.cold is not Cold.NONE for ware, _n in parcel.lines)
            self.shelves.take_back(when, trade.hold(parcel), self.desk, reason, restock=not cold)
            told = "Khách không nhận hàng, hàng đã trả về"
            self._order(when, trade, OrderStatus.CANCELLED, self.desk, told)
            trade.cancelled_at, trade.cancel_reason = when, told
            self._money(when, trade, PaymentStatus.VOID, self.desk)
            trade.payment = PaymentState.CANCELLED

        return refused

    def _deliver(self, trade: Trade, parcel: Parcel) -> Callable[[datetime], None]:
        def deliver(when: datetime) -> None:
            self._parcel(when, trade, parcel, FulfilmentStatus.DELIVERED, self.desk)
            parcel.delivered_at = when
            if any(p.status is not FulfilmentStatus.DELIVERED for p in trade.parcels):
                return
            if trade.money is PaymentStatus.DUE:
                wait = timedelta(minutes=2) if trade.delivery is DeliveryKind.PICKUP else self.hours(2, 50)
                self.at(when + wait, lambda at: self._collect(at, trade))
            else:
                self._complete(when, trade)

        return deliver

    def _collect(self, when: datetime, trade: Trade) -> None:
        self._capture(when, trade)
        trade.bank_reference = f"seed:demo:cash:{trade.n}"
        self._complete(when, trade)

    def _complete(self, when: datetime, trade: Trade) -> None:
        self._order(when, trade, OrderStatus.COMPLETED, self.desk)
        trade.completed_at = when
        if self.rng.random() < 0.012:
            self.at(self.working(when + self.hours(20, 90)), lambda at: self._broken(at, trade))

    def _broken(self, when: datetime, trade: Trade) -> None:
        """What was not as it should be comes back and is paid back."""
        pickup = trade.delivery is DeliveryKind.PICKUP
        reason = "Bao bì hở, khách mang trả tại điểm" if pickup else "Hàng vỡ khi vận chuyển"
        for parcel in trade.parcels:
            self._parcel(when, trade, parcel, FulfilmentStatus.RETURNED, self.desk, reason)
            self.shelves.take_back(when, trade.hold(parcel), self.desk, reason, restock=False)
        self._refund(when, trade, reason)

    # --- today -------------------------------------------------------------------------------------------------

    def settle(self, scarce: dict[int, int]) -> None:
        """A last count: `scarce` says of a pack (variant id) how many free units the web has left, nowhere else any."""
        for (variant_id, point_id), shelf in self.shelves.shelves.items():
            if variant_id in scarce:
                there = (variant_id, self.outlets.warehouse) in self.shelves.shelves
                web = self.outlets.warehouse if there else self.outlets.east
                self.shelves.count(self.now, shelf, scarce[variant_id] if point_id == web else 0)


def new_year(year: int) -> date:
    """The first day of Tết (source: the package `holidays`, which is large and loaded only here)."""
    import holidays

    named = holidays.country_holidays("VN", years=year, language="en_US")
    return next(day for day, name in sorted(named.items()) if "Lunar New Year" in name and "Eve" not in name)
