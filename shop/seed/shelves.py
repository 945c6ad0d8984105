"""Goods in time: the levels of the made-up year, with every claim and movement, as rows to be written at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shop.kernel.actor import SYSTEM, Actor
from shop.seed.goods import REASON, Ware
from shop.stock.models import MovementKind, Outcome, Stage


@dataclass(slots=True)
class Shelf:
    """One pack at one point. `target` is what it is filled up to."""

    ware: Ware
    point_id: int
    target: int
    on_hand: int = 0
    held: int = 0
    allocated: int = 0

    @property
    def free(self) -> int:
        """Units nobody has a claim on."""
        return self.on_hand - self.held - self.allocated


@dataclass(slots=True)
class Claim:
    """A claim of one parcel on one shelf."""

    reference: str
    shelf: Shelf
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
    _keys: int = 0

    def add(self, ware: Ware, point_id: int, target: int) -> None:
        """Put up an empty shelf."""
        self.shelves[ware.variant_id, point_id] = Shelf(ware, point_id, target)

    def free(self, variant_id: int, point_id: int) -> int:
        """Units that can be had there."""
        shelf = self.shelves.get((variant_id, point_id))
        return shelf.free if shelf else 0

    def move(
        self,
        at: datetime,
        shelf: Shelf,
        kind: MovementKind,
        quantity: int,
        *,
        actor: Actor = SYSTEM,
        reason: str | None = None,
        reference: str | None = None,
    ) -> None:
        """Change what is on hand, with its movement."""
        shelf.on_hand += quantity
        self._keys += 1
        self.movements.append(
            {
                "shelf": (shelf.ware.variant_id, shelf.point_id),
                "kind": kind,
                "quantity": quantity,
                "balance": shelf.on_hand,
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
            quantity = shelf.target - shelf.free
            self.move(at, shelf, MovementKind.RECEIPT, quantity, reason=f"Nhập hàng – {REASON.lower()}")

    def empty(self, at: datetime, shelf: Shelf) -> None:
        """The season is over: what is left is written off."""
        if shelf.free > 0:
            self.move(at, shelf, MovementKind.WRITE_OFF, -shelf.free, reason=f"Hết vụ – {REASON.lower()}")

    def count(self, at: datetime, shelf: Shelf, left: int) -> None:
        """A stock count that leaves `left` free units."""
        change = left - shelf.free
        if change:
            self.move(at, shelf, MovementKind.COUNT, change, reason=f"Kiểm kê – {REASON.lower()}")

    def take(self, at: datetime, reference: str, point_id: int, counts: dict[int, int], until: datetime | None) -> None:
        """Claim goods of one point; held until `until`, or allocated."""
        stage = Stage.ALLOCATED if until is None else Stage.HELD
        for variant_id, quantity in sorted(counts.items()):
            shelf = self.shelves[variant_id, point_id]
            if stage is Stage.HELD:
                shelf.held += quantity
            else:
                shelf.allocated += quantity
            self.claims.setdefault(reference, []).append(Claim(reference, shelf, quantity, stage, until, at))

    def commit(self, reference: str) -> None:
        """What was held is allocated: it was paid."""
        for claim in self.claims[reference]:
            claim.stage, claim.expires_at = Stage.ALLOCATED, None
            claim.shelf.held -= claim.quantity
            claim.shelf.allocated += claim.quantity

    def _close(self, claim: Claim, at: datetime, outcome: Outcome) -> None:
        claim.outcome, claim.closed_at = outcome, at
        if claim.stage is Stage.HELD:
            claim.shelf.held -= claim.quantity
        else:
            claim.shelf.allocated -= claim.quantity

    def release(self, at: datetime, reference: str) -> None:
        """Give the goods back."""
        for claim in self.claims[reference]:
            self._close(claim, at, Outcome.RELEASED)

    def hand_over(self, at: datetime, reference: str, actor: Actor) -> None:
        """The goods leave."""
        for claim in self.claims[reference]:
            self._close(claim, at, Outcome.TAKEN)
            self.move(at, claim.shelf, MovementKind.SALE, -claim.quantity, actor=actor, reference=reference)

    def take_back(self, at: datetime, reference: str, actor: Actor, reason: str, *, restock: bool) -> None:
        """The goods come back; what cannot be sold again is written off at once."""
        for claim in self.claims[reference]:
            told: dict[str, Any] = {"actor": actor, "reason": reason, "reference": reference}
            self.move(at, claim.shelf, MovementKind.RETURN, claim.quantity, **told)
            if not restock:
                self.move(at, claim.shelf, MovementKind.WRITE_OFF, -claim.quantity, **told)
