"""Goods that travel from one point to another: out of a level, on the road, into the level of the same lot and owner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, func, insert, select, update

from shop.kernel import clock
from shop.kernel.actor import Actor
from shop.kernel.db import execute, in_batches, insert_missing, is_sqlite, session, transaction
from shop.stock.errors import MoreThanSent, NoClaim
from shop.stock.models import Lot, MovementKind, Outcome, Passage, Stage, StockHold, StockLevel, StockMovement
from shop.stock.services import _close, _movement
from shop.stock.services.levels import _LET_GO_OF_LEVEL, _change_level, _Tally, lock_shelves, refused


@dataclass(frozen=True, slots=True)
class Arrived:
    """What came of one passage: `good` units are stock now; `damaged` came but cannot be sold, `missing` never came.

    `reason` explains the latter two and is written on their movements.
    """

    passage_id: int
    good: int
    damaged: int = 0
    missing: int = 0
    reason: str | None = None

    @property
    def units(self) -> int:
        """How many units of the road this accounts for."""
        return self.good + self.damaged + self.missing


def send(actor: Actor, reference: str, to_point_id: int) -> int:
    """Let what is allocated under `reference` leave for the point; return how many units are on the road now.

    The levels where the goods will arrive are made at once, empty, so that whoever waits there sees what is coming.

    Raises:
        NoClaim: nothing is allocated under `reference`.
        LotStopped, LotExpired: a lot was stopped, or came past its date, after its goods were claimed.
    """
    with transaction() as s:
        stopped = _lots_locked(reference)
        claims = _close(and_(StockHold.reference == reference, StockHold.stage == Stage.ALLOCATED), Outcome.TAKEN)
        if not claims:
            raise NoClaim
        leaving: dict[int, int] = {}
        for level_id, quantity, _stage, _hold_id in claims:
            leaving[level_id] = leaving.get(level_id, 0) + quantity
        movements = []
        for level_id in sorted(leaving):
            n = leaving[level_id]
            changed = _change_level(level_id, on_hand=-n, allocated=-n, statement=_LET_GO_OF_LEVEL)
            if changed is None:
                raise refused(level_id)
            key = f"{reference}:out:{level_id}"
            movements.append(
                _movement(actor, level_id, MovementKind.TRANSFER_OUT, -n, changed[2], None, reference, key)
            )
        s.execute(insert(StockMovement), movements)
        into = _twins(sorted(leaving), to_point_id, stopped)
        now = clock.now()
        s.execute(
            insert(Passage),
            [
                {
                    "reference": reference,
                    "level_id": level_id,
                    "to_level_id": into[level_id],
                    "quantity": leaving[level_id],
                    "on_road": leaving[level_id],
                    "lost": 0,
                    "sent_at": now,
                }
                for level_id in sorted(leaving)
            ],
        )
        return sum(leaving.values())


def _lots_locked(reference: str) -> dict[int, bool]:
    """Whether each lot claimed under `reference` is stopped: their rows come before levels in the order of locks, so that no
    lot is stopped while a level of it is being made."""
    of_claims = (
        select(StockLevel.lot_id)
        .join(StockHold, StockHold.level_id == StockLevel.id)
        .where(StockHold.reference == reference, StockHold.outcome.is_(None))
    )
    rows = session().execute(
        select(Lot.id, Lot.stopped_at).where(Lot.id.in_(of_claims)).order_by(Lot.id).with_for_update()
    )
    return {lot_id: stopped_at is not None for lot_id, stopped_at in rows}


def _twins(level_ids: Sequence[int], point_id: int, stopped: Mapping[int, bool]) -> dict[int, int]:
    """For each level the one of the same variant, lot and owner at the point, made where it is new."""
    s, now = session(), clock.now()
    found: dict[int, int] = {}
    for batch in in_batches(level_ids):
        kinds = {
            row.id: (row.variant_id, row.lot_id, row.owner)
            for row in s.execute(
                select(StockLevel.id, StockLevel.variant_id, StockLevel.lot_id, StockLevel.owner).where(
                    StockLevel.id.in_(batch)
                )
            )
        }
        zero = {"point_id": point_id, "on_hand": 0, "held": 0, "allocated": 0, "updated_at": now}
        insert_missing(
            StockLevel,
            [
                zero | {"variant_id": v, "lot_id": lot, "owner": owner, "is_stopped": stopped[lot]}
                for v, lot, owner in kinds.values()
            ],
            ["variant_id", "point_id", "lot_id", "owner"],
        )
        there: dict[Any, int] = {
            (row.variant_id, row.lot_id, row.owner): row.id
            for row in s.execute(
                select(StockLevel.id, StockLevel.variant_id, StockLevel.lot_id, StockLevel.owner).where(
                    StockLevel.point_id == point_id, StockLevel.lot_id.in_({lot for _v, lot, _o in kinds.values()})
                )
            )
        }
        found |= {level_id: there[kind] for level_id, kind in kinds.items()}
    return found


_ARRIVE = (
    update(Passage)
    .where(
        Passage.id == bindparam("passage_id"),
        Passage.reference == bindparam("of"),
        Passage.on_road >= bindparam("units"),
    )
    .values(on_road=Passage.on_road - bindparam("units"), lost=Passage.lost + bindparam("gone"))
    .returning(Passage.to_level_id)
)


def arrive(actor: Actor, reference: str, number: int, arrived: Sequence[Arrived]) -> int:
    """Book what came of `reference`; return how many units are still on the road.

    `number` counts the arrivals of a reference, so that each is booked once. What is damaged or missing goes in and is
    written off in the same breath: what went out has come in, and the loss stands in the books of the point that found it.

    Raises:
        MoreThanSent: more than is on the road, or no passage of this reference; `passage_id` names it.
    """
    with transaction() as s:
        into: list[tuple[int, Arrived]] = []
        for part in sorted((a for a in arrived if a.units), key=lambda a: a.passage_id):
            if min(part.good, part.damaged, part.missing) < 0:
                raise ValueError("what arrives is counted from 0")
            values = {
                "passage_id": part.passage_id,
                "of": reference,
                "units": part.units,
                "gone": part.damaged + part.missing,
            }
            row = execute(_ARRIVE, values).first()
            if row is None:
                raise MoreThanSent(part.passage_id)
            into.append((row[0], part))
        if into and not is_sqlite():
            # Whoever is counting one of these shelves for the web finishes first: he may not know of its new level.
            lock_shelves([level_id for level_id, _part in into])
        tally, movements = _Tally(), []
        for level_id, part in sorted(into, key=lambda found: found[0]):
            changed = _change_level(level_id, on_hand=part.good)
            balance = changed[2] + part.damaged + part.missing
            key = f"{reference}:in:{number}:{part.passage_id}"
            movements.append(
                _movement(actor, level_id, MovementKind.TRANSFER_IN, part.units, balance, None, reference, key)
            )
            for name, n in (("damaged", part.damaged), ("missing", part.missing)):
                if n:
                    balance -= n
                    movements.append(
                        _movement(
                            actor,
                            level_id,
                            MovementKind.WRITE_OFF,
                            -n,
                            balance,
                            part.reason,
                            reference,
                            f"{key}:{name}",
                        )
                    )
            if part.good:
                tally.add(changed, part.good)
        if movements:
            s.execute(insert(StockMovement), movements)
        tally.write()
        return s.scalar(select(func.sum(Passage.on_road)).where(Passage.reference == reference)) or 0
