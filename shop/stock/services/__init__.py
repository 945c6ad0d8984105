"""The only writers of goods. Taking is one conditional UPDATE per level, in id order; its row count is the decision.

What may be taken is decided inside that UPDATE: goods are free, the lot is neither stopped nor past its date, and the web
leaves each point its reserve.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Date,
    Integer,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import aliased

from shop.kernel import audit, clock, operations
from shop.kernel.actor import Actor
from shop.kernel.db import execute, insert_missing, is_sqlite, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.events import publish
from shop.points.models import Point
from shop.stock.errors import LotExpired, LotStopped, NoClaim, NotEnough, SoldOut
from shop.stock.events import StockCrossed
from shop.stock.models import (
    SHOP,
    Availability,
    Lot,
    MovementKind,
    Outcome,
    Stage,
    StockHold,
    StockLevel,
    StockMovement,
)

LARGEST_QUANTITY = 1_000_000


@dataclass(frozen=True, slots=True)
class Take:
    """`quantity` sale units wanted from one level."""

    level_id: int
    quantity: int


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
    """Units of each pack that the web leaves at the point of the level being updated."""
    return select(Point.web_reserve).where(Point.id == StockLevel.point_id).correlate(StockLevel).scalar_subquery()


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


_CHANGE_LEVEL = (
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
_CHANGE_LEVEL_IF_FREE = _CHANGE_LEVEL.where(_free() >= bindparam("need_free", type_=Integer))
_TAKE_FROM_LEVEL = _CHANGE_LEVEL_IF_FREE.where(_sellable(StockLevel))
_TAKE_FOR_WEB = _TAKE_FROM_LEVEL.where(_leaves_reserve())
# PostgreSQL tells at once what stood on the shelf before; SQLite leaves open what a sub-select in RETURNING sees of the table.
_TAKE_FOR_WEB_AND_TELL = _TAKE_FOR_WEB.returning(_shelf())
_LET_GO_OF_LEVEL = _CHANGE_LEVEL.where(_sellable(StockLevel))


def _change_level(
    level_id: int, *, on_hand: int = 0, held: int = 0, allocated: int = 0, need_free: int = 0, statement: Any = None
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
        chosen = _CHANGE_LEVEL_IF_FREE if statement is None else statement
        return execute(chosen, {**values, "need_free": need_free}).first()
    return execute(_CHANGE_LEVEL if statement is None else statement, values).first()


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
def _availability_update(variants: int) -> Any:
    """The statement that adds to the availability of so many variants (v0…), each its own (s0…, p0…)."""

    def by_variant(prefix: str) -> Any:
        return case(
            {bindparam(f"v{n}", type_=BigInteger): bindparam(f"{prefix}{n}", type_=Integer) for n in range(variants)},
            value=Availability.variant_id,
            else_=0,
        )

    return (
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

    def write(self) -> None:
        if self.reserved:
            self._count_reserved()
        ids = sorted(v for v in self.ship if self.ship[v] or self.pickup[v])
        if not ids:
            return
        values: dict[str, Any] = {"now": clock.now()}
        for n, v in enumerate(ids):
            values |= {f"v{n}": v, f"s{n}": self.ship[v], f"p{n}": self.pickup[v]}
        rows = execute(_availability_update(len(ids)), values)
        crossed = []
        for variant_id, now_ship, now_pickup in rows:
            before = now_ship - self.ship[variant_id] + now_pickup - self.pickup[variant_id]
            if (before > 0) != (now_ship + now_pickup > 0):
                crossed.append(variant_id)
        if crossed:
            publish(StockCrossed(tuple(sorted(crossed))))


# --- claims ------------------------------------------------------------------------------------------------------


_INSERT_HOLDS = insert(StockHold)
_WANTED = aliased(StockLevel)
# All levels of the packs wanted at points with a reserve: the reserve is counted over them, so nobody else may be taking
# from another of them meanwhile.
_LOCK_SHELVES = (
    select(StockLevel.id)
    .join(Point, Point.id == StockLevel.point_id)
    .where(
        Point.web_reserve > 0,
        tuple_(StockLevel.variant_id, StockLevel.point_id).in_(
            select(_WANTED.variant_id, _WANTED.point_id).where(_WANTED.id.in_(bindparam("levels", expanding=True)))
        ),
    )
    .order_by(StockLevel.id)
    .with_for_update(of=StockLevel)
)


def take(reference: str, takes: Iterable[Take], *, until: datetime | None = None, web: bool = False) -> None:
    """Claim goods under `reference`: held until `until`, or allocated for good if it is None. `web` leaves each point its
    reserve of each pack.

    All wants of one level are summed first. Call inside a transaction: a refusal must undo it whole.

    Raises:
        SoldOut: a level has fewer free units than wanted, or the reserve would be touched; `variant_id` names the goods.
        LotStopped, LotExpired: kinds of SoldOut: nothing of that lot may be sold or sent.
    """
    wanted: dict[int, int] = defaultdict(int)
    for want in takes:
        if want.quantity <= 0:
            raise ValueError("a want is a positive count")
        wanted[want.level_id] += want.quantity
    stage = Stage.ALLOCATED if until is None else Stage.HELD
    statement = _TAKE_FOR_WEB if web else _TAKE_FROM_LEVEL
    if web and wanted and not is_sqlite():
        execute(_LOCK_SHELVES, {"levels": sorted(wanted)}).all()
        statement = _TAKE_FOR_WEB_AND_TELL
    tally = _Tally()
    for level_id in sorted(wanted):
        n = wanted[level_id]
        row = _change_level(level_id, need_free=n, statement=statement, **{stage.value: n})
        if row is None:
            raise refused(level_id)
        tally.add(row, -n)
    now = clock.now()
    execute(
        _INSERT_HOLDS,
        [
            {
                "reference": reference,
                "level_id": level_id,
                "quantity": wanted[level_id],
                "stage": stage,
                "expires_at": until,
                "created_at": now,
            }
            for level_id in sorted(wanted)
        ],
    )
    tally.write()


def _close(condition: Any, outcome: Outcome) -> list[Any]:
    """Close live claims that meet `condition`; whoever changes the row has the right to its goods."""
    rows = session().execute(
        update(StockHold)
        .where(StockHold.outcome.is_(None), condition)
        .values(outcome=outcome, closed_at=clock.now())
        .returning(StockHold.level_id, StockHold.quantity, StockHold.stage, StockHold.id)
        .execution_options(synchronize_session=False)
    )
    return sorted(rows, key=lambda row: row[0])


def commit(reference: str) -> int:
    """Make what is held under `reference` allocated (it was paid); return how many units. Held goods past their term
    that nobody has swept yet are still there and are committed too.

    Raises:
        NoClaim: nothing is held under `reference` any more.
    """
    with transaction() as s:
        rows = sorted(
            s.execute(
                update(StockHold)
                .where(StockHold.reference == reference, StockHold.outcome.is_(None), StockHold.stage == Stage.HELD)
                .values(stage=Stage.ALLOCATED, expires_at=None)
                .returning(StockHold.level_id, StockHold.quantity)
                .execution_options(synchronize_session=False)
            ),
            key=lambda row: row[0],
        )
        if not rows:
            raise NoClaim
        for level_id, quantity in rows:
            _change_level(level_id, held=-quantity, allocated=quantity)
        return sum(quantity for _level, quantity in rows)


def release(reference: str, outcome: Outcome = Outcome.RELEASED) -> int:
    """Give back every live claim under `reference`; return how many units. Nothing to give back is no error."""
    with transaction():
        return _give_back(_close(StockHold.reference == reference, outcome))


def _give_back(rows: Sequence[Any]) -> int:
    tally = _Tally()
    for level_id, quantity, stage, _hold_id in rows:
        tally.add(_change_level(level_id, **{stage.value: -quantity}), quantity)
    tally.write()
    return sum(row[1] for row in rows)


def give_back_part(hold_id: int, level_id: int, quantity: int, left: int, stage: Stage) -> None:
    """Give `quantity` units of one live claim back, whose row the caller has locked; `left` units stay claimed."""
    with transaction() as s:
        closed = {"outcome": Outcome.RELEASED, "closed_at": clock.now()}
        s.execute(
            update(StockHold)
            .where(StockHold.id == hold_id, StockHold.outcome.is_(None))
            .values(**({"quantity": left} if left else closed))
            .execution_options(synchronize_session=False)
        )
        _give_back([(level_id, quantity, stage, hold_id)])


def lapse_due(limit: int = 500) -> int:
    """Give back held goods whose term is over; return how many claims. The sweep calls this."""
    with transaction() as s:
        due = list(
            s.scalars(
                select(StockHold.id)
                .where(StockHold.outcome.is_(None), StockHold.expires_at <= clock.now())
                .order_by(StockHold.id)
                .limit(limit)
            )
        )
        if due:
            _give_back(_close(StockHold.id.in_(due), Outcome.LAPSED))
        return len(due)


def hand_over(actor: Actor, reference: str) -> int:
    """Let allocated goods under `reference` leave: a sale movement for each level; return how many units.

    Raises:
        NoClaim: nothing is allocated under `reference`.
        LotStopped, LotExpired: a lot was stopped, or came past its date, after its goods were claimed (see `lots.swap`).
    """
    with transaction():
        rows = _close(and_(StockHold.reference == reference, StockHold.stage == Stage.ALLOCATED), Outcome.TAKEN)
        if not rows:
            raise NoClaim
        by_level: dict[int, list[Any]] = defaultdict(list)
        for row in rows:
            by_level[row[0]].append(row)
        movements = []
        for level_id, claims in by_level.items():
            quantity = sum(row[1] for row in claims)
            changed = _change_level(level_id, on_hand=-quantity, allocated=-quantity, statement=_LET_GO_OF_LEVEL)
            if changed is None:
                raise refused(level_id)
            key = f"{reference}:sale:{min(row[3] for row in claims)}"
            movements.append(_movement(actor, level_id, MovementKind.SALE, -quantity, changed[2], None, reference, key))
        session().execute(insert(StockMovement), movements)
        return sum(row[1] for row in rows)


def take_back(actor: Actor, reference: str, *, restock: bool, reason: str) -> int:
    """Bring goods handed over under `reference` back to their levels; without `restock` they are written off at once.

    Returns how many units came back; a second call brings nothing back.
    """
    with transaction() as s:
        known = select(StockMovement.op_key).where(
            StockMovement.reference == reference, StockMovement.kind == MovementKind.RETURN
        )
        returned = set(s.scalars(known))
        sold = s.execute(
            select(StockMovement.level_id, StockMovement.quantity, StockMovement.op_key)
            .where(StockMovement.reference == reference, StockMovement.kind == MovementKind.SALE)
            .order_by(StockMovement.level_id)
        )
        back = [(level_id, -n, key) for level_id, n, key in sold if f"{key}:return" not in returned]
        tally = _Tally()
        movements = []
        for level_id, n, key in back:
            row = _change_level(level_id, on_hand=n)
            movements.append(
                _movement(actor, level_id, MovementKind.RETURN, n, row[2], reason, reference, f"{key}:return")
            )
            if restock:
                tally.add(row, n)
            else:
                row = _change_level(level_id, on_hand=-n)
                movements.append(
                    _movement(
                        actor, level_id, MovementKind.WRITE_OFF, -n, row[2], reason, reference, f"{key}:write-off"
                    )
                )
        if movements:
            s.execute(insert(StockMovement), movements)
        tally.write()
        return sum(n for _level, n, _key in back)


# --- goods in and corrections ------------------------------------------------------------------------------------


def _movement(
    actor: Actor,
    level_id: int,
    kind: MovementKind,
    quantity: int,
    balance: int,
    reason: str | None,
    reference: str | None,
    op_key: str,
) -> dict[str, Any]:
    return {
        "level_id": level_id,
        "kind": kind,
        "quantity": quantity,
        "balance": balance,
        "reason": reason,
        "reference": reference,
        "actor_key": actor.key,
        "actor_label": actor.label,
        "op_key": op_key,
        "at": clock.now(),
    }


def _level(
    variant_id: int, point_id: int, owner: str, lot_code: str, produced: date | None, expires: date | None
) -> int:
    """The id of the level, made with its lot and availability row where it is new."""
    now = clock.now()
    lot = {
        "variant_id": variant_id,
        "code": lot_code,
        "produced_on": produced,
        "expires_on": expires,
        "created_at": now,
    }
    insert_missing(Lot, [lot], ["variant_id", "code"])
    s = session()
    found_lot = s.scalars(
        select(Lot).where(Lot.variant_id == variant_id, Lot.code == lot_code).with_for_update(),
        execution_options={"populate_existing": True},
    ).one()
    _date_lot(found_lot, produced, expires)
    lot_id = found_lot.id
    key = {"variant_id": variant_id, "point_id": point_id, "lot_id": lot_id, "owner": owner}
    stopped = found_lot.stopped_at is not None
    zero = {"on_hand": 0, "held": 0, "allocated": 0, "is_stopped": stopped, "updated_at": now}
    insert_missing(StockLevel, [key | zero], list(key))
    insert_missing(
        Availability, [{"variant_id": variant_id, "ship": 0, "pickup": 0, "updated_at": now}], ["variant_id"]
    )
    found = s.scalar(
        select(StockLevel.id).where(
            StockLevel.variant_id == variant_id,
            StockLevel.point_id == point_id,
            StockLevel.lot_id == lot_id,
            StockLevel.owner == owner,
        )
    )
    assert found is not None  # noqa: S101 - just inserted
    if not is_sqlite():
        # Whoever is counting this shelf for the web finishes first: a level of which he knows nothing would be missed.
        execute(_LOCK_SHELVES, {"levels": [found]}).all()
    return found


def _date_lot(lot: Lot, produced: date | None, expires: date | None) -> None:
    """Give a lot the dates it lacks; a lot has one date of each kind.

    Raises:
        Invalid: the lot is known with another date.
    """
    for field, value in (("produced_on", produced), ("expires_on", expires)):
        known = getattr(lot, field)
        if value is None or known == value:
            continue
        if known is not None:
            raise Invalid(
                N_("Lô này đã được ghi ngày %(day)s. Hãy kiểm tra lại, hoặc ghi số lô khác."),
                field=field,
                day=f"{known:%d/%m/%Y}",
            )
        setattr(lot, field, value)
    session().flush()


def _checked_quantity(quantity: int) -> int:
    if not 1 <= quantity <= LARGEST_QUANTITY:
        raise Invalid(
            N_("Số lượng phải từ %(low)s đến %(high)s."),
            field="quantity",
            low=1,
            high=f"{LARGEST_QUANTITY:,}".replace(",", "."),
        )
    return quantity


def receive(
    actor: Actor,
    variant_id: int,
    point_id: int,
    quantity: int,
    *,
    owner: str = SHOP,
    lot_code: str = "",
    produced_on: date | None = None,
    expires_on: date | None = None,
    reason: str | None = None,
    reference: str | None = None,
    op_key: str,
) -> int:
    """Book `quantity` sale units in at a point; return the level's id. The same `op_key` books once.

    Raises:
        Invalid: the quantity is out of range; a lot expires before it was produced, has expired, or is known with other
            dates; dates without a lot (goods of unknown lot lie together).
        LotStopped: nothing more of that lot comes in.
    """
    _checked_quantity(quantity)
    if produced_on and expires_on and expires_on < produced_on:
        raise Invalid(N_("Hạn dùng không thể trước ngày sản xuất."), field="expires_on")
    if expires_on and expires_on < clock.today():
        raise Invalid(N_("Hàng đã quá hạn dùng, không nhập được."), field="expires_on")
    if (produced_on or expires_on) and not lot_code:
        raise Invalid(N_("Có ngày sản xuất hoặc hạn dùng thì phải ghi số lô."), field="lot")

    def command() -> dict[str, Any]:
        level_id = _level(variant_id, point_id, owner, lot_code, produced_on, expires_on)
        if isinstance(why := refused(level_id), LotStopped):
            raise why
        changed = _change_level(level_id, on_hand=quantity)
        row = _movement(actor, level_id, MovementKind.RECEIPT, quantity, changed[2], reason, reference, op_key)
        session().execute(insert(StockMovement), [row])
        tally = _Tally()
        tally.add(changed, quantity)
        tally.write()
        audit.record(actor, "stock.receive", f"level:{level_id}", quantity=quantity, reason=reason)
        return {"level_id": level_id}

    body = [variant_id, point_id, quantity, owner, lot_code]
    return int(operations.once(op_key, "stock.receive", actor.key, body, command)["level_id"])


def adjust(
    actor: Actor,
    level_id: int,
    change: int,
    reason: str,
    op_key: str,
    *,
    kind: MovementKind = MovementKind.ADJUSTMENT,
) -> None:
    """Correct on hand by `change` (not zero) with a reason; goods under a claim cannot be taken away.

    Raises:
        Invalid: no change or no reason.
        NotEnough: fewer free goods than the correction takes away.
        NotFound: there is no such level.
    """
    if change == 0:
        raise Invalid(N_("Hãy nhập số lượng thay đổi khác 0."), field="change")
    _checked_quantity(abs(change))
    if len(reason.strip()) < 2:
        raise Invalid(N_("Hãy ghi lý do điều chỉnh."), field="reason")

    def command() -> dict[str, Any]:
        changed = _change_level(level_id, on_hand=change, need_free=max(0, -change))
        if changed is None:
            if session().get(StockLevel, level_id) is None:
                raise NotFound
            raise NotEnough(field="change")
        row = _movement(actor, level_id, kind, change, changed[2], reason.strip(), None, op_key)
        session().execute(insert(StockMovement), [row])
        tally = _Tally()
        tally.add(changed, change)
        tally.write()
        audit.record(actor, "stock.adjust", f"level:{level_id}", change=change, kind=kind.value, reason=reason.strip())
        return {}

    operations.once(op_key, "stock.adjust", actor.key, [level_id, change, kind.value], command)


def refresh_availability(variant_ids: Sequence[int] | None = None) -> int:
    """Bring availability back in step with levels and open points (a point opened, closed or changed); return how many
    variants were out of step. Lists only: no decision rests on it."""
    from shop.stock import queries

    with transaction() as s:
        wrong = queries.availability_out_of_step(variant_ids)
        if not wrong:
            return 0
        now = clock.now()
        insert_missing(
            Availability,
            [{"variant_id": v, "ship": 0, "pickup": 0, "updated_at": now} for v, _s, _p in wrong],
            ["variant_id"],
        )
        # Counted again behind the lock: whoever changes a level meanwhile adds his part after us.
        ids = [v for v, _s, _p in wrong]
        _lock_availability(ids)
        crossed = []
        for variant_id, ship, pickup in queries.availability_out_of_step(ids):
            row = s.get(Availability, variant_id, populate_existing=True)
            assert row is not None  # noqa: S101 - just inserted
            if (row.ship + row.pickup > 0) != (ship + pickup > 0):
                crossed.append(variant_id)
            row.ship, row.pickup, row.updated_at = ship, pickup, now
        s.flush()
        if crossed:
            publish(StockCrossed(tuple(sorted(crossed))))
        return len(wrong)
