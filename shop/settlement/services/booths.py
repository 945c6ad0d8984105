"""What a producer owes for his booth at a fair."""

from __future__ import annotations

from sqlalchemy import select

from shop.kernel import audit, clock
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.money import vnd
from shop.settlement.models import Entry, EntryKind
from shop.settlement.services import entries


def cause(stand: str) -> str:
    """The one cause under which the booth of the stand `stand` is charged."""
    return f"booth:{stand}"


def charge(
    actor: Actor,
    producer_id: int,
    stand: str,
    *,
    label: str,
    fee_amount: int,
    subsidy_amount: int,
    point_id: int | None,
    is_demo: bool = False,
) -> bool:
    """Owe the producer the fee of his booth less, but for what is paid of it for him; return whether that is new. A booth
    that is wholly paid for stands there with nothing, so that everybody sees it. `stand` is charged once.

    Raises:
        ValueError: more is paid than the fee.
    """
    if not 0 <= subsidy_amount <= fee_amount:
        raise ValueError("a booth costs nothing at least")
    with transaction() as s:
        entries.account(producer_id)
        if s.scalar(select(Entry.id).where(Entry.cause == cause(stand))) is not None:
            return False
        due = fee_amount - subsidy_amount
        entries.post(
            actor,
            [
                {
                    "cause": cause(stand), "producer_id": producer_id, "kind": EntryKind.BOOTH, "channel": "fair",
                    "point_id": point_id, "base_amount": fee_amount, "amount": -due, "reference": stand,
                    "label": label[:255], "reason": f"{vnd(fee_amount)} − {vnd(subsidy_amount)}",
                    "happened_at": clock.now(), "is_demo": is_demo,
                }
            ],
        )  # fmt: skip
        audit.record(actor, "settlement.booth", f"stand:{stand}", fee=fee_amount, subsidy=subsidy_amount)
        return True


def charged(stands: list[str]) -> dict[str, int]:
    """What was charged for each of these stands that was charged (đồng, what the producer owes)."""
    rows = session().execute(
        select(Entry.reference, Entry.amount).where(Entry.cause.in_([cause(stand) for stand in stands]))
    )
    return {str(reference): -int(amount) for reference, amount in rows}
