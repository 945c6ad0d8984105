"""Goods in time: the levels of the made-up year, lot by lot, with every claim and movement, as rows to be written later."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from shop.kernel import clock
from shop.kernel.actor import SYSTEM, Actor
from shop.seed.goods import REASON, Ware
from shop.stock.models import MovementKind, Outcome, Stage

# Goods that keep for ever lie together under this code; the codes of dated lots begin with the same letters.
LOT = "MINH-HOA"
MARK = "MH"
# Fresh goods: they lie at one point only, and few of them.
FRESH_DAYS = 20


def chance(*of: object) -> int:
    """A number from 0 to 99 that is always the same for `of`."""
    return int(hashlib.sha256(":".join(map(str, of)).encode()).hexdigest()[:8], 16) % 100


@dataclass(frozen=True, slots=True)
class Batch:
    """One production lot of a pack."""

    variant_id: int
    code: str = LOT
    produced_on: date | None = None
    expires_on: date | None = None


@dataclass(slots=True, eq=False)
class Pile:
    """The goods of one lot on one shelf."""

    shelf: Shelf
    batch: Batch
    on_hand: int = 0
    held: int = 0
    allocated: int = 0
    stopped: bool = False

    @property
    def free(self) -> int:
        """Units nobody has a claim on, whether or not the lot may be sold."""
        return self.on_hand - self.held - self.allocated

    @property
    def key(self) -> tuple[int, int, str]:
        """Variant, point, lot: what its level is found by."""
        return self.batch.variant_id, self.shelf.point_id, self.batch.code


@dataclass(slots=True, eq=False)
class Shelf:
    """One pack at one point. `target` is what it is filled up to; `free` what of it may be sold and nobody has a claim on."""

    ware: Ware
    point_id: int
    target: int
    free: int = 0
    piles: dict[str, Pile] = field(default_factory=dict)
    # The last day of the lot that ends first, of those with free goods.
    ends: date | None = None

    def first_out(self) -> list[Pile]:
        """The lots with goods that may be sold, the one that ends first before the others."""
        usable = [pile for pile in self.piles.values() if pile.free > 0 and not pile.stopped]
        return sorted(usable, key=lambda pile: (pile.batch.expires_on or date.max, pile.batch.code))

    def clears_on(self) -> date | None:
        """When the lot that ends first is taken off the shelf: before its last day, on no two shelves at the same time."""
        if self.ends is None or self.ware.keeps is None:
            return None
        days = (
            1
            if self.ware.keeps <= FRESH_DAYS
            else 4
            if self.ware.keeps <= 60
            else 3 + chance(self.ware.no, self.point_id) // 3
        )
        return self.ends - timedelta(days=days)


@dataclass(slots=True, eq=False)
class Claim:
    """A claim of one parcel on one lot of a shelf."""

    reference: str
    pile: Pile
    quantity: int
    stage: Stage
    expires_at: datetime | None
    created_at: datetime
    outcome: Outcome | None = None
    closed_at: datetime | None = None


@dataclass(slots=True)
class Shelves:
    """All shelves; events must come in the order of time, so that balances run on."""

    shelves: dict[tuple[int, int], Shelf] = field(default_factory=dict)
    claims: dict[str, list[Claim]] = field(default_factory=dict)
    movements: list[dict[str, Any]] = field(default_factory=list)
    stopped: set[tuple[int, str]] = field(default_factory=set)
    _keys: int = 0

    def add(self, ware: Ware, point_id: int, target: int) -> None:
        """Put up an empty shelf."""
        self.shelves[ware.variant_id, point_id] = Shelf(ware, point_id, target)

    def free(self, variant_id: int, point_id: int) -> int:
        """Units that can be had there."""
        shelf = self.shelves.get((variant_id, point_id))
        return shelf.free if shelf else 0

    def piles(self) -> list[Pile]:
        """Every lot on every shelf, the empty ones too."""
        return [pile for shelf in self.shelves.values() for pile in shelf.piles.values()]

    def batch(self, ware: Ware, day: date) -> Batch:
        """The lot that a maker delivers on `day`: each kind of goods is made at its own pace, so shelves share lots."""
        if ware.keeps is None:
            return Batch(ware.variant_id)
        pace = max(2, min(45, ware.keeps // 5))
        lag = 0 if ware.keeps <= FRESH_DAYS else 1 + chance(ware.no) % 4
        made = day - timedelta(days=lag + (day.toordinal() + ware.no) % pace)
        code = f"{MARK}{made:%y%m%d}"
        while (ware.variant_id, code) in self.stopped:  # what comes after a stop is made anew
            made += timedelta(days=1)
            code = f"{MARK}{made:%y%m%d}"
        return Batch(ware.variant_id, code, made, made + timedelta(days=ware.keeps))

    def _pile(self, shelf: Shelf, day: date) -> Pile:
        batch = self.batch(shelf.ware, day)
        return shelf.piles.setdefault(batch.code, Pile(shelf, batch))

    @staticmethod
    def _look(shelf: Shelf) -> None:
        """Bring what is kept of a shelf in step with its lots."""
        usable = [pile for pile in shelf.piles.values() if not pile.stopped]
        shelf.free = sum(pile.free for pile in usable)
        shelf.ends = min((p.batch.expires_on for p in usable if p.free > 0 and p.batch.expires_on), default=None)

    def move(
        self,
        at: datetime,
        pile: Pile,
        kind: MovementKind,
        quantity: int,
        *,
        actor: Actor = SYSTEM,
        reason: str | None = None,
        reference: str | None = None,
    ) -> None:
        """Change what is on hand, with its movement."""
        pile.on_hand += quantity
        self._look(pile.shelf)
        self._keys += 1
        self.movements.append(
            {
                "pile": pile.key,
                "kind": kind,
                "quantity": quantity,
                "balance": pile.on_hand,
                "reason": reason,
                "reference": reference,
                "actor_key": actor.key,
                "actor_label": actor.label,
                "op_key": f"seed:demo:movement:{self._keys}",
                "at": at,
            }
        )

    def fill(self, at: datetime, shelf: Shelf) -> None:
        """Receive goods up to the target if half is gone."""
        if shelf.free <= shelf.target // 2 and shelf.target:
            pile = self._pile(shelf, clock.business_day(at))
            quantity = shelf.target - shelf.free
            self.move(at, pile, MovementKind.RECEIPT, quantity, reason=f"Nhập hàng – {REASON.lower()}")

    def clear(self, at: datetime, shelf: Shelf) -> None:
        """Take lots off that come near their last day: most makers change them for fresh goods, some are written off."""
        while (day := shelf.clears_on()) is not None and day <= clock.business_day(at):
            pile = shelf.first_out()[0]
            if chance(shelf.ware.no, shelf.point_id, pile.batch.code) < 12:
                told, kind = "Quá hạn dùng, đã hủy", MovementKind.WRITE_OFF
            else:
                told, kind = "Trả cơ sở sản xuất, đổi lô mới", MovementKind.ADJUSTMENT
            self.move(at, pile, kind, -pile.free, reason=f"{told} – {REASON.lower()}")

    def empty(self, at: datetime, shelf: Shelf) -> None:
        """The season is over: what is left is written off."""
        for pile in shelf.first_out():
            self.move(at, pile, MovementKind.WRITE_OFF, -pile.free, reason=f"Hết vụ – {REASON.lower()}")

    def count(self, at: datetime, shelf: Shelf, left: int) -> None:
        """A stock count that leaves `left` free units."""
        reason, change = f"Kiểm kê – {REASON.lower()}", left - shelf.free
        for pile in reversed(shelf.first_out()):
            if change < 0:
                n = min(-change, pile.free)
                self.move(at, pile, MovementKind.COUNT, -n, reason=reason)
                change += n
        if change > 0:
            self.move(at, self._pile(shelf, clock.business_day(at)), MovementKind.COUNT, change, reason=reason)

    def take(self, at: datetime, reference: str, point_id: int, counts: dict[int, int], until: datetime | None) -> None:
        """Claim goods of one point, first expiring first; held until `until`, or allocated."""
        stage = Stage.ALLOCATED if until is None else Stage.HELD
        for variant_id, quantity in sorted(counts.items()):
            self._claim(at, reference, self.shelves[variant_id, point_id], quantity, stage, until)

    def _claim(
        self, at: datetime, reference: str, shelf: Shelf, quantity: int, stage: Stage, until: datetime | None
    ) -> None:
        for pile in shelf.first_out():
            n = min(quantity, pile.free)
            if n:
                quantity -= n
                if stage is Stage.HELD:
                    pile.held += n
                else:
                    pile.allocated += n
                self.claims.setdefault(reference, []).append(Claim(reference, pile, n, stage, until, at))
        if quantity:
            raise LookupError(f"{shelf.ware.sku} is not there")
        self._look(shelf)

    def commit(self, reference: str) -> None:
        """What was held is allocated: it was paid."""
        for claim in self._live(reference):
            claim.stage, claim.expires_at = Stage.ALLOCATED, None
            claim.pile.held -= claim.quantity
            claim.pile.allocated += claim.quantity

    def _live(self, reference: str) -> list[Claim]:
        return [claim for claim in self.claims[reference] if claim.outcome is None]

    def _close(self, claim: Claim, at: datetime, outcome: Outcome) -> None:
        claim.outcome, claim.closed_at = outcome, at
        if claim.stage is Stage.HELD:
            claim.pile.held -= claim.quantity
        else:
            claim.pile.allocated -= claim.quantity

    def release(self, at: datetime, reference: str) -> None:
        """Give the goods back."""
        for claim in self._live(reference):
            self._close(claim, at, Outcome.RELEASED)
            self._look(claim.pile.shelf)

    def hand_over(self, at: datetime, reference: str, actor: Actor) -> None:
        """The goods leave; of a lot that has ended meanwhile another goes instead."""
        day = clock.business_day(at)
        for claim in self._live(reference):
            if claim.pile.batch.expires_on is not None and claim.pile.batch.expires_on < day:
                self._swap(at, claim)
        for claim in self._live(reference):
            self._close(claim, at, Outcome.TAKEN)
            self.move(at, claim.pile, MovementKind.SALE, -claim.quantity, actor=actor, reference=reference)

    def take_back(self, at: datetime, reference: str, actor: Actor, reason: str, *, restock: bool) -> None:
        """The goods come back; what cannot be sold again is written off at once."""
        for claim in self.claims[reference]:
            if claim.outcome is not Outcome.TAKEN:
                continue
            told: dict[str, Any] = {"actor": actor, "reason": reason, "reference": reference}
            self.move(at, claim.pile, MovementKind.RETURN, claim.quantity, **told)
            if not restock or claim.pile.stopped:
                self.move(at, claim.pile, MovementKind.WRITE_OFF, -claim.quantity, **told)

    def stop(self, at: datetime, variant_id: int, code: str) -> None:
        """From now on nothing of a lot leaves: what was claimed of it is claimed of others."""
        self.stopped.add((variant_id, code))
        piles = [p for p in self.piles() if p.batch.variant_id == variant_id and p.batch.code == code]
        for pile in piles:
            pile.stopped = True
            self._look(pile.shelf)
        for claims in list(self.claims.values()):
            for claim in [c for c in claims if c.outcome is None and c.pile in piles]:
                self._swap(at, claim)

    def _swap(self, at: datetime, claim: Claim) -> None:
        """Claim the same of other lots, which are brought if need be."""
        shelf = claim.pile.shelf
        self._close(claim, at, Outcome.RELEASED)
        ended = claim.pile.free if not claim.pile.stopped else 0
        if ended:
            reason = f"Quá hạn dùng, đã hủy – {REASON.lower()}"
            self.move(at, claim.pile, MovementKind.WRITE_OFF, -ended, reason=reason)
        self._look(shelf)
        if shelf.free < claim.quantity:
            fresh = self._pile(shelf, clock.business_day(at))
            reason = f"Nhập hàng – {REASON.lower()}"
            self.move(at, fresh, MovementKind.RECEIPT, claim.quantity - shelf.free, reason=reason)
        self._claim(at, claim.reference, shelf, claim.quantity, claim.stage, claim.expires_at)
