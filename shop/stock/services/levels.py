"""One level changed by one statement, what may be taken decided inside it; and what lists show, kept in step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Date, Integer, and_, bindparam, case, exists, func, or_, select, tuple_, update
from sqlalchemy.orm import aliased

from shop.kernel import clock
from shop.kernel.db import execute, is_sqlite, session
from shop.kernel.events import publish
from shop.kernel.prepared import Prepared
from shop.kernel.reading import among
from shop.points.models import Point
from shop.stock.errors import LotExpired, LotStopped, SoldOut
from shop.stock.events import StockCrossed, StockGrew
from shop.stock.models import Availability, Lot, StockLevel, WebReserve


def _free() -> Any:
    return StockLevel.on_hand - StockLevel.held - StockLevel.allocated


_TODAY = bindparam("today", type_=Date)


def _sellable(level: Any) -> Any:
    """Whether the lot of `level` may be sold or sent: neither stopped nor past its date."""
    dated = exists().where(Lot.id == level.lot_id, or_(Lot.expires_on.is_(None), Lot.expires_on >= _TODAY))
    return and_(level.is_stopped.is_(False), dated)


def _point_flag(flag: Any) -> Any:
    """Whether the level being updated counts for lists: its point is open and has `flag`, its lot may be sold."""
    # One table in each sub-select: SQLite's RETURNING names columns without their tables.
    open_point = exists().where(
        Point.id == StockLevel.point_id,
        flag,
        or_(Point.opened_on.is_(None), Point.opened_on <= _TODAY),
        or_(Point.closed_on.is_(None), Point.closed_on > _TODAY),
    )
    return and_(open_point, _sellable(StockLevel))


def _reserve() -> Any:
    """Units of the pack that the web leaves at the point of the level being updated: its own number, else the point's."""
    own = (
        select(WebReserve.units)
        .where(
            WebReserve.at_point_id == StockLevel.point_id,
            WebReserve.of_variant_id == StockLevel.variant_id,
            or_(WebReserve.until_on.is_(None), WebReserve.until_on >= _TODAY),
        )
        .correlate(StockLevel)
        .scalar_subquery()
    )
    every = select(Point.web_reserve).where(Point.id == StockLevel.point_id).correlate(StockLevel).scalar_subquery()
    return func.coalesce(own, every)


_BESIDE = aliased(StockLevel)


def _shelf() -> Any:
    """What may be sold of the pack at the point of the level being updated, over all its levels, as the statement finds it."""
    return (
        select(func.coalesce(func.sum(_BESIDE.on_hand - _BESIDE.held - _BESIDE.allocated), 0))
        .where(_BESIDE.variant_id == StockLevel.variant_id, _BESIDE.point_id == StockLevel.point_id, _sellable(_BESIDE))
        .correlate(StockLevel)
        .scalar_subquery()
    )


def _leaves_reserve() -> Any:
    """Whether the point keeps its reserve of the pack if `need_free` units go."""
    return or_(_reserve() == 0, _shelf() - bindparam("need_free", type_=Integer) >= _reserve())


_CHANGE = (
    update(StockLevel)
    .where(StockLevel.id == bindparam("level_id"))
    .values(
        on_hand=StockLevel.on_hand + bindparam("more_on_hand", type_=Integer),
        held=StockLevel.held + bindparam("more_held", type_=Integer),
        allocated=StockLevel.allocated + bindparam("more_allocated", type_=Integer),
        updated_at=bindparam("now"),
    )
    .returning(
        StockLevel.variant_id,
        StockLevel.point_id,
        StockLevel.on_hand,
        _point_flag(Point.ships),
        _point_flag(Point.pickup),
        _reserve(),
    )
)
_IF_FREE = _CHANGE.where(_free() >= bindparam("need_free", type_=Integer))
_FROM_LEVEL = _IF_FREE.where(_sellable(StockLevel))
_FOR_WEB = _FROM_LEVEL.where(_leaves_reserve())
_CHANGE_LEVEL = Prepared(_CHANGE)
_CHANGE_LEVEL_IF_FREE = Prepared(_IF_FREE)
_TAKE_FROM_LEVEL = Prepared(_FROM_LEVEL)
_TAKE_FOR_WEB = Prepared(_FOR_WEB)
# PostgreSQL tells at once what stood on the shelf before; SQLite leaves open what a sub-select in RETURNING sees of the table.
_TAKE_FOR_WEB_AND_TELL = Prepared(_FOR_WEB.returning(_shelf()))
_LET_GO_OF_LEVEL = Prepared(_CHANGE.where(_sellable(StockLevel)))


def _change_level(
    level_id: int,
    *,
    on_hand: int = 0,
    held: int = 0,
    allocated: int = 0,
    need_free: int = 0,
    statement: Prepared | None = None,
) -> Any:
    """Change one level if `need_free` units are free; return (variant, point, on hand, ships, pickup, reserve) or None.

    `statement` is a stricter one (`_TAKE_FROM_LEVEL`, `_TAKE_FOR_WEB`, `_LET_GO_OF_LEVEL`)."""
    values = {
        "level_id": level_id,
        "more_on_hand": on_hand,
        "more_held": held,
        "more_allocated": allocated,
        "now": clock.now(),
        "today": clock.today(),
    }
    if need_free:
        return (statement or _CHANGE_LEVEL_IF_FREE).first({**values, "need_free": need_free})
    return (statement or _CHANGE_LEVEL).first(values)


def refused(level_id: int) -> SoldOut:
    """Why nothing could be taken from a level: its lot is stopped or past its date, else the goods are gone."""
    row = (
        session()
        .execute(
            select(StockLevel.variant_id, StockLevel.is_stopped, Lot.code, Lot.expires_on)
            .join(Lot, Lot.id == StockLevel.lot_id)
            .where(StockLevel.id == level_id)
        )
        .first()
    )
    if row is None:
        return SoldOut(None)
    if row.is_stopped:
        return LotStopped(row.variant_id, lot=row.code)
    if row.expires_on is not None and row.expires_on < clock.today():
        return LotExpired(row.variant_id, lot=row.code or "–", day=f"{row.expires_on:%d/%m/%Y}")
    return SoldOut(row.variant_id)


@lru_cache(64)
def _availability_update(variants: int) -> Prepared:
    """The statement that adds to the availability of so many variants (v0…), each its own (s0…, p0…)."""

    def by_variant(prefix: str) -> Any:
        return case(
            {bindparam(f"v{n}", type_=BigInteger): bindparam(f"{prefix}{n}", type_=Integer) for n in range(variants)},
            value=Availability.variant_id,
            else_=0,
        )

    return Prepared(
        update(Availability)
        .where(Availability.variant_id.in_([bindparam(f"v{n}", type_=BigInteger) for n in range(variants)]))
        .values(
            ship=Availability.ship + by_variant("s"),
            pickup=Availability.pickup + by_variant("p"),
            updated_at=bindparam("now"),
        )
        .returning(Availability.variant_id, Availability.ship, Availability.pickup)
    )


# What may be sold of a pack at a point, over its lots and owners.
_SHELVES = (
    select(
        StockLevel.variant_id,
        StockLevel.point_id,
        func.sum(StockLevel.on_hand - StockLevel.held - StockLevel.allocated),
    )
    .where(
        StockLevel.variant_id.in_(bindparam("variants", expanding=True)),
        StockLevel.point_id.in_(bindparam("points", expanding=True)),
        _sellable(StockLevel),
    )
    .group_by(StockLevel.variant_id, StockLevel.point_id)
)
_LOCK_AVAILABILITY = (
    select(Availability.variant_id)
    .where(Availability.variant_id.in_(bindparam("variants", expanding=True)))
    .order_by(Availability.variant_id)
    .with_for_update()
)


def _lock_availability(variant_ids: Iterable[int]) -> None:
    """Take turns with others who change what lists show of these variants; SQLite has one writer anyway."""
    if not is_sqlite():
        execute(_LOCK_AVAILABILITY, {"variants": sorted(variant_ids)}).all()


class _Tally:
    """Gathers what a command does to availability and writes it with one statement at its end.

    Where the web leaves a reserve, what lists lose is not what the level lost: the shelf is counted again, behind the
    lock of the variant's row, so that two who change different lots of one shelf each count the other's once. Whoever has
    locked the whole shelf (`take` for the web) hands over its count instead.
    """

    def __init__(self) -> None:
        self.ship: dict[int, int] = defaultdict(int)
        self.pickup: dict[int, int] = defaultdict(int)
        # (variant, point) → units changed, reserve, ships, pickup, units left on the shelf if that is known
        self.reserved: dict[tuple[int, int], tuple[int, int, bool, bool, int | None]] = {}

    def add(self, row: Any, free_change: int) -> None:
        if row[5]:
            if row[3] or row[4]:
                key = (row[0], row[1])
                change = free_change + (self.reserved[key][0] if key in self.reserved else 0)
                left = row[6] + free_change if len(row) > 6 else None
                self.reserved[key] = (change, row[5], bool(row[3]), bool(row[4]), left)
            return
        self.ship[row[0]] += free_change if row[3] else 0
        self.pickup[row[0]] += free_change if row[4] else 0

    def _count_reserved(self) -> None:
        left = {key: found[4] for key, found in self.reserved.items()}
        if None in left.values():
            variants, points = zip(*self.reserved, strict=True)
            _lock_availability({*variants, *self.ship})
            values = {"variants": sorted(set(variants)), "points": sorted(set(points)), "today": clock.today()}
            counted = {(variant_id, point_id): int(n) for variant_id, point_id, n in execute(_SHELVES, values)}
            left = {key: counted.get(key, 0) for key in self.reserved}
        for key, (change, reserve, ships, pickup, _left) in self.reserved.items():
            now = left[key] or 0
            seen = max(0, now - reserve) - max(0, now - change - reserve)
            self.ship[key[0]] += seen if ships else 0
            self.pickup[key[0]] += seen if pickup else 0

    def write(self, *, tell_growth: bool = True) -> None:
        """Write it down and tell what crossed zero and, with `tell_growth`, of what there is more."""
        if self.reserved:
            self._count_reserved()
        ids = sorted(v for v in self.ship if self.ship[v] or self.pickup[v])
        if not ids:
            return
        values: dict[str, Any] = {"now": clock.now()}
        for n, v in enumerate(ids):
            values |= {f"v{n}": v, f"s{n}": self.ship[v], f"p{n}": self.pickup[v]}
        rows = _availability_update(len(ids)).all(values)
        crossed = []
        for variant_id, now_ship, now_pickup in rows:
            before = now_ship - self.ship[variant_id] + now_pickup - self.pickup[variant_id]
            if (before > 0) != (now_ship + now_pickup > 0):
                crossed.append(variant_id)
        if crossed:
            publish(StockCrossed(tuple(sorted(crossed))))
        grown = tuple(v for v in ids if self.ship[v] > 0 or self.pickup[v] > 0) if tell_growth else ()
        if grown:
            publish(StockGrew(grown))


_WANTED = aliased(StockLevel)
# The levels wanted, and all levels of their packs at points with a reserve: the reserve is counted over them, so nobody else
# may be taking from another of them meanwhile. Who sets a reserve locks the same rows: after this it stays as it is.
_SET_ASIDE = func.coalesce(WebReserve.units, Point.web_reserve) > 0
_LOCK_SHELVES = Prepared(
    select(StockLevel.id, _SET_ASIDE)
    .join(Point, Point.id == StockLevel.point_id)
    .outerjoin(
        WebReserve,
        and_(
            WebReserve.at_point_id == StockLevel.point_id,
            WebReserve.of_variant_id == StockLevel.variant_id,
            or_(WebReserve.until_on.is_(None), WebReserve.until_on >= _TODAY),
        ),
    )
    .where(
        or_(_SET_ASIDE, among(StockLevel.id, "levels")),
        tuple_(StockLevel.variant_id, StockLevel.point_id).in_(
            select(_WANTED.variant_id, _WANTED.point_id).where(among(_WANTED.id, "levels"))
        ),
    )
    .order_by(StockLevel.id)
    .with_for_update(of=StockLevel)
)


def lock_shelves(level_ids: Iterable[int]) -> set[int]:
    """Lock these levels, and the whole shelf of each where the web leaves a reserve; return the latter's ids."""
    rows = _LOCK_SHELVES.all({"levels": sorted(level_ids), "today": clock.today()})
    return {level_id for level_id, set_aside in rows if set_aside}


def leaves_reserve(row: Any) -> bool:
    """Whether the shelf of a changed level (`_change_level`) still has its reserve, counted anew."""
    values = {"variants": [row[0]], "points": [row[1]], "today": clock.today()}
    return sum(int(n) for _variant, _point, n in execute(_SHELVES, values)) >= int(row[5])
