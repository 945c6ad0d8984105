"""What this room waits for at the bank: the net money of batches that carriers have told of."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import or_, select

from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.payments.incoming import Awaited
from shop.remittances.models import Holder, Remittance, RemittanceState
from shop.remittances.services import batches
from shop.remittances.services.steps import lock

_LACKS = Remittance.net_amount - Remittance.paid_amount - Remittance.adjusted_amount


class Batches:
    """Batches whose money has not come."""

    kind = "remittance"

    def waiting(self, amounts: Collection[int] | None = None, references: Collection[str] = ()) -> list[Awaited]:
        """What waits."""
        wanted = (
            select(Remittance.reference, _LACKS, Holder.name)
            .join(Holder, Holder.id == Remittance.holder_id)
            .where(Remittance.state == RemittanceState.OPEN, _LACKS > 0)
            .order_by(Remittance.id)
            .limit(500)
        )
        if amounts is not None:
            wanted = wanted.where(or_(_LACKS.in_(amounts), Remittance.reference.in_(references)))
        return [
            Awaited(self.kind, reference, int(lacks), name, (name,))
            for reference, lacks, name in session().execute(wanted)
        ]

    def arrived(self, actor: Actor, reference: str, amount: int, line: str) -> int:
        """Money of the bank's line is for a batch."""
        return batches.arrive(actor, lock(Remittance, batches.named(reference)), amount, f"bank:{line}")

    def take_back(self, actor: Actor, reference: str, number: int) -> None:
        """It was not."""
        batches.take_back(actor, lock(Remittance, batches.named(reference)), number)
