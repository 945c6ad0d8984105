"""Corrections: new lines with a reason, never a change of old ones; beyond a limit two people."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from shop.kernel import audit, clock, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.money import LARGEST_AMOUNT
from shop.producers.models import Producer
from shop.settlement import rules
from shop.settlement.errors import TwoPeople
from shop.settlement.models import Correction, CorrectionState, Entry, EntryKind
from shop.settlement.services import entries, steps


def correct(
    actor: Actor,
    producer_id: int,
    amount: int,
    reason: str,
    *,
    entry_id: int | None = None,
    op_key: str,
    is_demo: bool = False,
) -> str:
    """Owe a producer so much more (negative: less); return the correction's reference. The line stands in the statement that
    is open, at once or, beyond the limit, when another person has said yes.

    Raises:
        NotFound: no such producer, or a line of another's.
        Invalid: no amount or no reason.
    """
    reason = _reason(reason)
    if amount == 0 or abs(amount) > LARGEST_AMOUNT:
        raise Invalid(N_("Hãy ghi số tiền khác 0."), field="amount")

    def command() -> dict[str, Any]:
        return {"reference": write(actor, producer_id, amount, reason, entry_id, is_demo=is_demo).reference}

    body = [producer_id, amount, reason, entry_id]
    return str(operations.once(op_key, "settlement.correct", actor.key, body, command)["reference"])


def _reason(raw: str) -> str:
    reason = text.clean(raw)[:1000]
    if len(reason) < 5:
        raise Invalid(N_("Hãy ghi lý do rõ ràng (ít nhất 5 ký tự)."), field="reason")
    return reason


def write(
    actor: Actor, producer_id: int, amount: int, reason: str, entry_id: int | None, *, is_demo: bool = False
) -> Correction:
    """The correction itself, inside the caller's transaction."""
    s = session()
    producer = s.get(Producer, producer_id)
    if producer is None:
        raise NotFound
    if entry_id is not None and s.scalar(select(Entry.producer_id).where(Entry.id == entry_id)) != producer_id:
        raise NotFound
    second = abs(amount) > rules.CORRECTION_LIMIT.get()
    row = Correction(
        reference=f"B-{text.reference()}",
        producer_id=producer_id,
        state=CorrectionState.ASKED if second else CorrectionState.POSTED,
        amount=amount,
        reason=reason,
        entry_id=entry_id,
        needs_second=second,
        asked_at=clock.now(),
        asked_by=actor.key,
        asked_label=actor.label,
        is_demo=is_demo,
    )
    s.add(row)
    s.flush()
    steps.begin(actor, row)
    audit.record(
        actor, "settlement.correct", f"producer:{producer.slug}", correction=row.reference, amount=amount, reason=reason
    )
    if not second:
        _post(actor, row)
    return row


def _post(actor: Actor, row: Correction) -> None:
    entries.post(
        actor,
        [
            {
                "cause": f"correction:{row.reference}", "producer_id": row.producer_id, "kind": EntryKind.CORRECTION,
                "parent_id": row.entry_id, "amount": row.amount, "reference": row.reference, "label": row.reason[:255],
                "reason": row.reason, "happened_at": clock.now(), "is_demo": row.is_demo,
            }
        ],
    )  # fmt: skip


def decide(actor: Actor, reference: str, *, agree: bool, note: str = "") -> None:
    """A second person says yes or no to a correction beyond the limit.

    Raises:
        NotFound; SettlementStep: it is decided; TwoPeople: by the one who asked; Invalid: a no without a reason.
    """
    note = text.clean(note)[:1000]
    with transaction():
        row = steps.locked(Correction, reference)
        if not agree and len(note) < 2:
            raise Invalid(N_("Hãy ghi lý do, ít nhất 2 ký tự."), field="note")
        if row.asked_by == actor.key:
            raise TwoPeople
        to = CorrectionState.POSTED if agree else CorrectionState.REFUSED
        steps.step(
            actor, row, to, note or None, decided_at=clock.now(), decided_by=actor.key, decided_label=actor.label,
            decision_note=note or None,
        )  # fmt: skip
        if agree:
            _post(actor, row)
        audit.record(
            actor, f"settlement.correction-{to.value}", f"correction:{reference}", amount=row.amount, note=note
        )
