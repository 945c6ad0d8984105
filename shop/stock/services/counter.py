"""Goods handed over at a counter: sold at once without a claim, never refused for what the books lack.

The buyer has the goods in his hand, so the books follow: what a point has not free is booked in first, under a reference of its
own, and told to the caller, who shows it to a person. Claims of others are never touched.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import bindparam, insert, select

from shop.kernel import clock
from shop.kernel.actor import Actor
from shop.kernel.db import execute, session, transaction
from shop.stock.models import SHOP, Lot, MovementKind, StockLevel, StockMovement
from shop.stock.services import _level, _movement
from shop.stock.services.levels import _change_level, _Tally


@dataclass(frozen=True, slots=True)
class Want:
    """`quantity` sale units of a variant; of the lot `lot_code` if the seller named one."""

    variant_id: int
    quantity: int
    lot_code: str | None = None


@dataclass(frozen=True, slots=True)
class Lack:
    """What the books lacked: booked in at the level under `reference`; `claimed` units of it others had a claim on."""

    reference: str
    level_id: int
    variant_id: int
    quantity: int
    claimed: int


@dataclass(slots=True)
class _Level:
    id: int
    variant_id: int
    lot: str
    owner: str
    on_hand: int
    claimed: int
    expires_on: date | None
    stopped: bool
    taken: int = 0
    lacked: int = 0

    @property
    def free(self) -> int:
        return self.on_hand - self.claimed - self.taken

    def may_go(self, today: date) -> bool:
        """Whether the lot is neither stopped nor past its date."""
        return not self.stopped and (self.expires_on is None or self.expires_on >= today)


@dataclass(slots=True)
class Sold:
    """What came of a sale: where the books lacked goods, and which named lots were unknown, stopped or past their date."""

    lacks: list[Lack] = field(default_factory=list)
    unknown_lots: list[str] = field(default_factory=list)
    stopped_lots: list[str] = field(default_factory=list)
    expired_lots: list[str] = field(default_factory=list)


# In the order of ids for the locks; sorted by date afterwards.
_LEVELS = (
    select(
        StockLevel.id,
        StockLevel.variant_id,
        Lot.code,
        StockLevel.owner,
        StockLevel.on_hand,
        StockLevel.held + StockLevel.allocated,
        Lot.expires_on,
        Lot.stopped_at,
    )
    .join(Lot, Lot.id == StockLevel.lot_id)
    .where(
        StockLevel.point_id == bindparam("point_id"), StockLevel.variant_id.in_(bindparam("variants", expanding=True))
    )
    .order_by(StockLevel.id)
    .with_for_update(of=StockLevel)
)
_INSERT_MOVEMENTS = insert(StockMovement)


def _read(point_id: int, variant_ids: Sequence[int]) -> list[_Level]:
    rows = execute(_LEVELS, {"point_id": point_id, "variants": list(variant_ids)})
    levels = [
        _Level(i, v, lot, owner, n, c, ends, stopped is not None) for i, v, lot, owner, n, c, ends, stopped in rows
    ]
    return sorted(levels, key=lambda x: (x.expires_on is None, x.expires_on or date.max, x.id))


def sell(actor: Actor, point_id: int, wants: Sequence[Want], *, reference: str, shortage: str, op_key: str) -> Sold:
    """Let goods leave a point under `reference`: first expiring first, or of the lot that is named.

    Lots that are stopped or past their date are never chosen, only taken if they were named. What is not free is booked in
    under `shortage:<shortage>-<n>`: at the level others have claims on, else at the one last dealt with, else at a new one of
    the shop's own goods. Call inside a transaction; three statements and one for each level.
    """
    sold = Sold()
    levels = _read(point_id, sorted({w.variant_id for w in wants}))
    today = clock.today()
    for want in wants:
        mine = [x for x in levels if x.variant_id == want.variant_id]
        usable = [x for x in mine if x.may_go(today)]
        if want.lot_code is not None:
            named = [x for x in mine if x.lot == want.lot_code]
            if not named:
                sold.unknown_lots.append(want.lot_code)
            elif any(x.stopped for x in named):
                sold.stopped_lots.append(want.lot_code)
            elif any(x.expires_on is not None and x.expires_on < today for x in named):
                sold.expired_lots.append(want.lot_code)
            usable = named or usable
        left = want.quantity
        for level in usable:
            n = min(left, max(0, level.free))
            level.taken += n
            left -= n
        if left:
            lacking = _lacking(point_id, want, usable or mine)
            if lacking not in levels:
                levels.append(lacking)
            lacking.lacked += left
    _book(actor, levels, sold, reference=reference, shortage=shortage, op_key=op_key)
    return sold


def _lacking(point_id: int, want: Want, levels: Sequence[_Level]) -> _Level:
    """The level at which goods must have lain that the books do not have."""
    if levels:
        return max(levels, key=lambda x: (x.on_hand - x.taken > 0, x.claimed, x.id))
    level_id = _level(want.variant_id, point_id, SHOP, "", None, None)
    found = session().execute(
        select(StockLevel.on_hand, StockLevel.held + StockLevel.allocated).where(StockLevel.id == level_id)
    ).one()  # fmt: skip
    return _Level(level_id, want.variant_id, "", SHOP, found[0], found[1], None, stopped=False)


def _book(actor: Actor, levels: Sequence[_Level], sold: Sold, *, reference: str, shortage: str, op_key: str) -> None:
    tally = _Tally()
    movements: list[dict[str, Any]] = []
    for level in sorted(levels, key=lambda x: x.id):
        if not level.taken and not level.lacked:
            continue
        balance = level.on_hand
        if level.lacked:
            lack = Lack(f"{shortage}-{len(sold.lacks) + 1}", level.id, level.variant_id, level.lacked, level.claimed)
            sold.lacks.append(lack)
            balance += lack.quantity
            name = f"shortage:{lack.reference}"
            movements.append(
                _movement(actor, level.id, MovementKind.ADJUSTMENT, lack.quantity, balance, None, name, name)
            )
        if level.taken:
            tally.add(_change_level(level.id, on_hand=-level.taken), -level.taken)
        leaving = level.taken + level.lacked
        movements.append(
            _movement(
                actor, level.id, MovementKind.SALE, -leaving, balance - leaving, None, reference, f"{op_key}:{level.id}"
            )
        )
    execute(_INSERT_MOVEMENTS, movements)
    tally.write()


# --- goods that come back ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Back:
    """`quantity` units of a sale that came back; without `restock` they are written off at once."""

    variant_id: int
    quantity: int
    restock: bool
    lot_code: str | None = None


def take_back(actor: Actor, point_id: int, backs: Sequence[Back], *, reference: str, reason: str, op_key: str) -> None:
    """Bring part of what was sold under `reference` back to a point, with its own lots and owners, last sold first.

    Call inside a transaction, with the sale's lines locked.

    Raises:
        ValueError: more than was sold under the reference and has not come back (a defect of the caller).
    """
    with transaction() as s:
        rows = s.execute(
            select(
                StockMovement.kind, StockMovement.quantity, StockLevel.id, StockLevel.point_id, StockLevel.variant_id,
                StockLevel.owner, Lot.code,
            )
            .join(StockLevel, StockLevel.id == StockMovement.level_id)
            .join(Lot, Lot.id == StockLevel.lot_id)
            .where(
                StockMovement.reference == reference,
                StockMovement.kind.in_([MovementKind.SALE, MovementKind.RETURN]),
            )
            .order_by(StockMovement.id.desc())
        ).all()  # fmt: skip
        left: dict[tuple[int, str, str], int] = defaultdict(int)
        for _kind, quantity, _level_id, _point, variant_id, owner, lot in rows:
            left[variant_id, lot, owner] -= quantity
        at_levels: dict[tuple[int, bool], int] = defaultdict(int)
        for back in backs:
            need = back.quantity
            # The named lot first: what was booked elsewhere for want of it comes after.
            keys = sorted((k for k in left if k[0] == back.variant_id), key=lambda k: k[1] != (back.lot_code or k[1]))
            for key in keys:
                n = min(need, left[key])
                if n > 0:
                    level_id = _level(key[0], point_id, key[2], key[1], None, None)
                    at_levels[level_id, back.restock] += n
                    left[key] -= n
                    need -= n
            if need:
                raise ValueError(f"{reference}: {need} more than were sold")
        tally = _Tally()
        movements = []
        for (level_id, restock), n in sorted(at_levels.items()):
            name = f"{op_key}:{level_id}:{int(restock)}"
            changed = _change_level(level_id, on_hand=n)
            movements.append(
                _movement(actor, level_id, MovementKind.RETURN, n, changed[2], reason, reference, f"{name}:return")
            )
            if restock:
                tally.add(changed, n)
            else:
                changed = _change_level(level_id, on_hand=-n)
                movements.append(
                    _movement(
                        actor, level_id, MovementKind.WRITE_OFF, -n, changed[2], reason, reference, f"{name}:write-off"
                    )
                )
        execute(_INSERT_MOVEMENTS, movements)
        tally.write()


# --- what was really short ---------------------------------------------------------------------------------------


def take_off(actor: Actor, level_id: int, quantity: int, *, reference: str, reason: str, op_key: str) -> int:
    """Take off again up to `quantity` units that a shortage had booked in: of its level, else of other fresh lots of the
    same owner at that point; only what nobody has a claim on. Returns how many. Call inside a transaction."""
    s = session()
    first = s.execute(
        select(StockLevel.point_id, StockLevel.variant_id, StockLevel.owner).where(StockLevel.id == level_id)
    ).one()
    today = clock.today()
    levels = [
        x
        for x in _read(first[0], [first[1]])
        if x.owner == first[2] and x.free > 0 and (x.id == level_id or x.may_go(today))
    ]
    levels.sort(key=lambda x: x.id != level_id)
    tally = _Tally()
    movements = []
    left = quantity
    for level in levels:
        n = min(left, level.free)
        if n <= 0:
            continue
        changed = _change_level(level.id, on_hand=-n)
        tally.add(changed, -n)
        movements.append(
            _movement(
                actor, level.id, MovementKind.ADJUSTMENT, -n, changed[2], reason, reference, f"{op_key}:{level.id}"
            )
        )
        left -= n
    if movements:
        execute(_INSERT_MOVEMENTS, movements)
        tally.write()
    return quantity - left
