"""For tables of goods: the records of many products at once, and taking back what a table did to what waits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select

from shop.catalog.services import products as catalog_products
from shop.kernel import clock, text
from shop.kernel.actor import Actor
from shop.kernel.db import in_batches, session, transaction
from shop.listings import queries
from shop.listings.facts import same
from shop.listings.models import OPEN, Change, Decision, Kind, Line, Outcome, State, Step, Submission
from shop.listings.services import record, write


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


def open_lines(product_ids: Sequence[int]) -> dict[int, dict[tuple[str, str], Any]]:
    """What the open submissions of these products want and is not decided yet, by subject and field."""
    found: dict[int, dict[tuple[str, str], Any]] = {}
    for batch in in_batches(product_ids):
        rows = (
            select(Submission.product_id, Line.subject, Line.field, Line.after)
            .join(Line, Line.submission_id == Submission.id)
            .where(Submission.product_id.in_(batch), Submission.state.in_(OPEN), Submission.kind == Kind.CHANGE)
            .where((Line.decision.is_(None)) | (Line.decision != Decision.APPROVED))
        )
        for product_id, subject, name, after in session().execute(rows):
            found.setdefault(product_id, {})[subject, name] = after
    return found


# --- taking back what a table did to what waits --------------------------------------------------------------------------

# A submission as JSON keeps it: how it stood at one moment.
Standing = dict[str, Any]


def standing(product_id: int) -> Standing | None:
    """How the open submission of a product stands, both locked until the end of the transaction; None without one."""
    product = catalog_products.locked(product_id)
    row = record.locked_open(product)
    return None if row is None else _standing(row)


def _standing(row: Submission) -> Standing:
    return {
        "reference": row.reference,
        "kind": row.kind.value,
        "state": row.state.value,
        "note": row.note,
        "sent": [row.sent_at.isoformat() if row.sent_at else None, row.sent_by, row.sent_label],
        "lines": [
            [x.subject, x.field, x.before, x.after, x.decision.value if x.decision else None, x.reason]
            for x in queries.lines(row.id)
        ],
    }


def _alike(one: Standing, other: Standing) -> bool:
    """Whether nobody has sent, decided, dropped or rewritten anything in between."""
    if any(one[name] != other[name] for name in ("reference", "state", "note")):
        return False
    lines, others = ({(x[0], x[1]): x for x in told["lines"]} for told in (one, other))
    return lines.keys() == others.keys() and all(
        same(x[3], others[key][3]) and x[4] == others[key][4] for key, x in lines.items()
    )


def put_back(actor: Actor, product_id: int, before: Standing | None, after: Standing, note: str) -> bool:
    """Let a submission of changes stand as it stood `before` (without one: dropped), if it is still as it was `after`.

    The history says what was taken back. Returns whether that was so: if not, nothing is done.

    Raises:
        NotFound.
    """
    with transaction():
        row = record.locked(after["reference"])
        if not _alike(_standing(row), after):
            return False
        product = catalog_products.locked(product_id)
        now = queries.today(product)
        old = {(x[0], x[1]): x for x in before["lines"]} if before else {}
        if row.state is State.SENT:
            taken = [
                (x[0], x[1], x[3], old[x[0], x[1]][3] if (x[0], x[1]) in old else now.value(x[0], x[1]))
                for x in after["lines"]
                if (x[0], x[1]) not in old or not same(old[x[0], x[1]][3], x[3])
            ]
            record.note_changes(actor, product_id, row.id, taken, Outcome.WITHDRAWN)
        session().execute(delete(Line).where(Line.submission_id == row.id))
        session().flush()
        for subject, name, said, wanted, decision, why in before["lines"] if before else ():
            session().add(
                Line(
                    submission_id=row.id, subject=subject, field=name, before=said, after=wanted,
                    decision=Decision(decision) if decision else None, reason=why,
                )
            )  # fmt: skip
            session().flush()  # in the order in which they were written
        row.revision += 1
        if before is None:
            if row.state is State.SENT:
                record.move(actor, row, State.DRAFT, note)
            record.move(actor, row, State.DROPPED, note)
        else:
            _to(actor, row, State(before["state"]), note)
            row.note = before["note"]
            _was_sent(row, before)
        session().flush()
        record.note_act(actor, "put-back", product, reference=row.reference, lines=len(after["lines"]))
        return True


def _to(actor: Actor, row: Submission, state: State, note: str) -> None:
    """Lead a submission back to the state it had; what waits is another by now, so it is sent anew."""
    if row.state is State.SENT:
        record.move(actor, row, State.DRAFT if state is State.SENT else state, note)
    if row.state is not state:
        record.move(actor, row, state, note)


def renew(actor: Actor, before: Standing, after: Standing) -> None:
    """Let a reviewer see the record of a new product as the catalogue has it now, if it stood before one and went no further.

    Raises:
        NotFound.
    """
    with transaction():
        row = record.locked(after["reference"])
        if before["state"] != State.SENT or row.state != after["state"] or row.state not in (State.SENT, State.DRAFT):
            return
        product = catalog_products.locked(row.product_id)
        if row.state is State.SENT:
            record.move(actor, row, State.DRAFT)
        write.send_record(actor, product, row)
        _was_sent(row, before)
        record.note_act(actor, "renew", product, reference=row.reference)


def _was_sent(row: Submission, before: Standing) -> None:
    """It keeps its place in the office's list, and whose it is."""
    at, by, label = before["sent"]
    row.sent_at, row.sent_by, row.sent_label = datetime.fromisoformat(at) if at else None, by, label
