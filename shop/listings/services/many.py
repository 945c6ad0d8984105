"""For tables of goods: the records of many products at once, and taking back single lines of what waits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import insert, select

from shop.catalog.services import products as catalog_products
from shop.kernel import clock, text
from shop.kernel.actor import Actor
from shop.kernel.db import in_batches, session, transaction
from shop.listings import queries
from shop.listings.facts import same
from shop.listings.models import OPEN, Change, Decision, Kind, Outcome, State, Step, Submission
from shop.listings.services import record


def open_states(product_ids: Sequence[int]) -> dict[int, State]:
    """The state of the open submission of each of these products that has one."""
    found: dict[int, State] = {}
    for batch in in_batches(product_ids):
        rows = select(Submission.product_id, Submission.state).where(
            Submission.product_id.in_(batch), Submission.state.in_(OPEN)
        )
        found |= dict(session().execute(rows).all())
    return found


def begin(actor: Actor, producer_id: int, product_ids: Sequence[int]) -> None:
    """Start a draft for each of these products that were never shown and have none. Call inside the transaction that wrote
    them."""
    known = open_states(product_ids)
    now = clock.now()
    rows = [
        {
            "reference": f"D-{text.reference()}",
            "producer_id": producer_id,
            "product_id": product_id,
            "kind": Kind.NEW,
            "state": State.DRAFT,
            "revision": 1,
            "created_at": now,
            "updated_at": now,
        }
        for product_id in product_ids
        if product_id not in known
    ]
    if not rows:
        return
    session().execute(insert(Submission), rows)
    steps = []
    for batch in in_batches([r["reference"] for r in rows]):
        steps += [
            {
                "submission_id": submission_id,
                "state_to": State.DRAFT,
                "at": now,
                "actor_key": actor.key,
                "actor_label": actor.label,
            }
            for submission_id in session().scalars(select(Submission.id).where(Submission.reference.in_(batch)))
        ]
    session().execute(insert(Step), steps)


def note(actor: Actor, found: Iterable[tuple[int, str, str, Any, Any, Outcome]]) -> None:
    """Append differences (product, subject, field, before, after, outcome) to the history."""
    now = clock.now()
    rows = [
        {
            "product_id": product_id,
            "subject": subject,
            "field": name,
            "before": before,
            "after": after,
            "outcome": outcome,
            "at": now,
            "actor_key": actor.key,
            "actor_label": actor.label,
        }
        for product_id, subject, name, before, after, outcome in found
    ]
    if rows:
        session().execute(insert(Change), rows)


def put_away(actor: Actor, product_ids: Sequence[int]) -> list[int]:
    """Give up the drafts of these products that were never shown; returns those whose record is not a draft any more and that
    are left alone. Their pages are closed by whoever calls, in the same transaction."""
    left = []
    for product_id in product_ids:
        row = queries.open_submission(product_id)
        if row is None:
            continue
        row = record.locked(row.reference)
        if row.state in (State.DRAFT, State.RETURNED) and row.kind is Kind.NEW:
            record.move(actor, row, State.DROPPED)
        else:
            left.append(product_id)
    return left


def take_back(actor: Actor, reference: str, wanted: Iterable[tuple[str, str, Any]]) -> bool:
    """Take single lines (subject, field, value) out of what waits for a reviewer; without any left the submission is dropped.
    Returns False if it does not wait any more, or a line was decided or changed since: then nothing is done.

    Raises:
        NotFound.
    """
    with transaction():
        row = record.locked(reference)
        if row.state is not State.SENT:
            return False
        lines = {(line.subject, line.field): line for line in queries.lines(row.id)}
        found = []
        for subject, name, value in wanted:
            line = lines.get((subject, name))
            if line is None or line.decision is Decision.APPROVED or not same(line.after, value):
                return False
            found.append(line)
        for line in found:
            session().delete(line)
        session().flush()
        record.move(actor, row, State.DRAFT)
        if len(found) == len(lines):
            record.move(actor, row, State.DROPPED)
        else:
            row.revision += 1
            record.move(actor, row, State.SENT, row.note)
        record.note_act(
            actor, "take-back", catalog_products.locked(row.product_id), reference=reference, lines=len(found)
        )
        return True
