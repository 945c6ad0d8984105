"""The only writers of goods. Taking is one conditional UPDATE per level, in id order; its row count is the decision.

What may be taken is decided inside that UPDATE: goods are free, the lot is neither stopped nor past its date, and the web
leaves each point its reserve.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, func, insert, select, update

from shop.kernel import audit, clock, operations
from shop.kernel.actor import Actor
from shop.kernel.db import insert_missing, is_sqlite, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.events import publish
from shop.kernel.prepared import Prepared
from shop.stock.errors import LotStopped, NoClaim, NotEnough
from shop.stock.events import StockCrossed, StockGrew
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
from shop.stock.services import lot_dates
from shop.stock.services.levels import (
    _LET_GO_OF_LEVEL,
    _TAKE_FOR_WEB,
    _TAKE_FOR_WEB_AND_TELL,
    _TAKE_FROM_LEVEL,
    _lock_availability,
    leaves_reserve,
    lock_shelves,
    refused,
)
from shop.stock.services.levels import _change_level as _change_level
from shop.stock.services.levels import _Tally as _Tally

LARGEST_QUANTITY = 1_000_000


@dataclass(frozen=True, slots=True)
class Take:
    """`quantity` sale units wanted from one level."""

    level_id: int
    quantity: int


# --- claims ------------------------------------------------------------------------------------------------------


_INSERT_HOLDS = Prepared(insert(StockHold))


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
    counts = web and bool(wanted) and not is_sqlite()
    locked: set[int] = set()
    if counts:
        locked = lock_shelves(wanted)
        statement = _TAKE_FOR_WEB_AND_TELL
    tally = _Tally()
    for level_id in sorted(wanted):
        n = wanted[level_id]
        row = _change_level(level_id, need_free=n, statement=statement, **{stage.value: n})
        if row is None:
            raise refused(level_id)
        if counts and row[5] and level_id not in locked:
            # The reserve was set while we waited: others may be at further levels of the shelf, so it is counted behind a lock.
            lock_shelves([level_id])
            if not leaves_reserve(row):
                raise refused(level_id)
            row = row[:6]
        tally.add(row, -n)
    now = clock.now()
    _INSERT_HOLDS.many(
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
        ]
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


def hold_again(reference: str, until: datetime) -> int:
    """What was paid for under `reference` is not: its goods are held until `until` instead; return how many units."""
    with transaction() as s:
        rows = sorted(
            s.execute(
                update(StockHold)
                .where(
                    StockHold.reference == reference, StockHold.outcome.is_(None), StockHold.stage == Stage.ALLOCATED
                )
                .values(stage=Stage.HELD, expires_at=until)
                .returning(StockHold.level_id, StockHold.quantity)
                .execution_options(synchronize_session=False)
            ),
            key=lambda row: row[0],
        )
        for level_id, quantity in rows:
            _change_level(level_id, held=quantity, allocated=-quantity)
        return sum(quantity for _level, quantity in rows)


def release(reference: str, outcome: Outcome = Outcome.RELEASED) -> int:
    """Give back every live claim under `reference`; return how many units. Nothing to give back is no error."""
    with transaction():
        return _give_back(_close(StockHold.reference == reference, outcome))


def exchange(reference: str) -> int:
    """Give back what is claimed under `reference` to whoever takes the same goods later in the same transaction; return how
    many units. Nobody is told that there is more: the goods are as good as taken. Call inside a transaction."""
    with transaction():
        return _give_back(_close(StockHold.reference == reference, Outcome.RELEASED), tell_growth=False)


def _give_back(rows: Sequence[Any], *, tell_growth: bool = True) -> int:
    tally = _Tally()
    for level_id, quantity, stage, _hold_id in rows:
        tally.add(_change_level(level_id, **{stage.value: -quantity}), quantity)
    tally.write(tell_growth=tell_growth)
    return sum(row[1] for row in rows)


def release_units(reference: str, wanted: Mapping[int, int]) -> int:
    """Give back so many units of each variant (`wanted`) of what `reference` claims; return how many units. Of several lots
    the one that ends last is given back first: what is sent should be the older goods.

    Raises:
        NoClaim: less is claimed than is to be given back; nothing has changed.
    """
    with transaction() as s:
        rows = s.execute(
            select(StockHold.id, StockHold.level_id, StockHold.quantity, StockHold.stage, StockLevel.variant_id)
            .join(StockLevel, StockLevel.id == StockHold.level_id)
            .join(Lot, Lot.id == StockLevel.lot_id)
            .where(StockHold.reference == reference, StockHold.outcome.is_(None), StockLevel.variant_id.in_(wanted))
            .order_by(Lot.expires_on.is_not(None), Lot.expires_on.desc(), StockHold.id.desc())
            .with_for_update(of=StockHold)
        ).all()
        left = {variant_id: n for variant_id, n in wanted.items() if n > 0}
        back = []
        for hold_id, level_id, quantity, stage, variant_id in rows:
            n = min(quantity, left.get(variant_id, 0))
            if not n:
                continue
            left[variant_id] -= n
            closed = {"outcome": Outcome.RELEASED, "closed_at": clock.now()}
            s.execute(
                update(StockHold)
                .where(StockHold.id == hold_id)
                .values(**({"quantity": quantity - n} if n < quantity else closed))
                .execution_options(synchronize_session=False)
            )
            back.append((level_id, n, stage, hold_id))
        if left is not None and any(left.values()):
            raise NoClaim
        return _give_back(sorted(back, key=lambda row: row[0]))


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


def has_returns(reference: str) -> bool:
    """Whether goods handed over under `reference` came back, all or some."""
    came = select(StockMovement.id).where(
        StockMovement.reference == reference, StockMovement.kind == MovementKind.RETURN
    )
    return session().scalar(came.limit(1)) is not None


def take_back(actor: Actor, reference: str, *, restock: bool, reason: str, bad: Mapping[int, int] | None = None) -> int:
    """Bring goods handed over under `reference` back to their levels; without `restock` they are written off at once, or of
    each variant the `bad` units, if given.

    Returns how many units came back; a second call brings nothing back.

    Raises:
        ValueError: more is bad than came back (a defect of the caller).
    """
    with transaction() as s:
        # Part of it may have come back before, line by line.
        came = select(StockMovement.level_id, func.sum(StockMovement.quantity)).where(
            StockMovement.reference == reference, StockMovement.kind == MovementKind.RETURN
        )
        returned = {level_id: int(n) for level_id, n in s.execute(came.group_by(StockMovement.level_id))}
        sold = s.execute(
            select(StockMovement.level_id, StockLevel.variant_id, StockMovement.quantity, StockMovement.op_key)
            .join(StockLevel, StockLevel.id == StockMovement.level_id)
            .where(StockMovement.reference == reference, StockMovement.kind == MovementKind.SALE)
            .order_by(StockMovement.level_id)
        )
        back = []
        for level_id, v, n, key in sold:
            before = min(-n, returned.get(level_id, 0))
            returned[level_id] = returned.get(level_id, 0) - before
            if before < -n:
                back.append((level_id, v, -n - before, key))
        if not back:
            return 0
        left = None if bad is None else dict(bad)
        tally = _Tally()
        movements = []
        for level_id, variant_id, n, key in back:
            row = _change_level(level_id, on_hand=n)
            movements.append(
                _movement(actor, level_id, MovementKind.RETURN, n, row[2], reason, reference, f"{key}:return")
            )
            off = (0 if restock else n) if left is None else min(n, left.get(variant_id, 0))
            if left is not None and off:
                left[variant_id] -= off
            if off:
                row = _change_level(level_id, on_hand=-off)
                movements.append(
                    _movement(
                        actor, level_id, MovementKind.WRITE_OFF, -off, row[2], reason, reference, f"{key}:write-off"
                    )
                )
            if n > off:
                tally.add(row, n - off)
        if left is not None and any(left.values()):
            raise ValueError(f"{reference}: more is bad than came back")
        s.execute(insert(StockMovement), movements)
        tally.write()
        return sum(n for _level, _variant, n, _key in back)


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
    there = select(StockLevel.id).where(
        StockLevel.variant_id == variant_id,
        StockLevel.point_id == point_id,
        StockLevel.lot_id == lot_id,
        StockLevel.owner == owner,
    )
    found = s.scalar(there)
    if found is not None:
        # No insert that gives way: on PostgreSQL it and somebody's change of the level could wait for each other.
        return _counted(found)
    key = {"variant_id": variant_id, "point_id": point_id, "lot_id": lot_id, "owner": owner}
    stopped = found_lot.stopped_at is not None
    zero = {"on_hand": 0, "held": 0, "allocated": 0, "is_stopped": stopped, "updated_at": now}
    insert_missing(StockLevel, [key | zero], list(key))
    insert_missing(
        Availability, [{"variant_id": variant_id, "ship": 0, "pickup": 0, "updated_at": now}], ["variant_id"]
    )
    found = s.scalar(there)
    assert found is not None  # noqa: S101 - just inserted
    return _counted(found)


def _counted(level_id: int) -> int:
    """The level, once whoever is counting its shelf for the web has finished: a level of which he knows nothing would be
    missed."""
    if not is_sqlite():
        lock_shelves([level_id])
    return level_id


def level_of(variant_id: int, point_id: int, owner: str = SHOP, lot_code: str = "") -> int:
    """The id of the level of these goods at a point, made empty where there is none. Call inside a transaction."""
    return _level(variant_id, point_id, owner, lot_code, None, None)


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
    if produced or expires:  # one of them may have been known already
        lot_dates.check(lot.produced_on, lot.expires_on)
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
        Invalid: the quantity is out of range; a lot's dates are none that a lot has (`lot_dates`), it has expired, or is
            known with other dates; dates without a lot (goods of unknown lot lie together).
        LotStopped: nothing more of that lot comes in.
    """
    _checked_quantity(quantity)
    lot_dates.check(produced_on, expires_on)
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
    reference: str | None = None,
) -> None:
    """Correct on hand by `change` (not zero) with a reason; goods under a claim cannot be taken away. `reference` names
    what it belongs to (`count:K-7K2P-Q4MD`).

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
        row = _movement(actor, level_id, kind, change, changed[2], reason.strip(), reference, op_key)
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
        crossed, grown = [], []
        for variant_id, ship, pickup in queries.availability_out_of_step(ids):
            row = s.get(Availability, variant_id, populate_existing=True)
            assert row is not None  # noqa: S101 - just inserted
            if (row.ship + row.pickup > 0) != (ship + pickup > 0):
                crossed.append(variant_id)
            if ship > row.ship or pickup > row.pickup:
                grown.append(variant_id)
            row.ship, row.pickup, row.updated_at = ship, pickup, now
        s.flush()
        if crossed:
            publish(StockCrossed(tuple(sorted(crossed))))
        if grown:
            publish(StockGrew(tuple(sorted(grown))))
        return len(wrong)
