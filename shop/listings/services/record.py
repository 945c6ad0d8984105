"""What every command of listings writes: steps between states, differences with what became of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import insert, select

from shop.catalog.models import Product
from shop.catalog.services.products import target
from shop.kernel import audit, clock, db, text
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.kernel.errors import NotFound
from shop.listings import queries
from shop.listings.errors import NotOpen
from shop.listings.models import ALLOWED, OPEN, Change, Kind, Outcome, State, Step, Submission


def started(actor: Actor, product: Product, kind: Kind, *, is_demo: bool = False) -> Submission:
    """A new draft for the product, with its first step."""
    now = clock.now()
    row = Submission(
        reference=f"D-{text.reference()}",
        producer_id=product.producer_id,
        product_id=product.id,
        kind=kind,
        state=State.DRAFT,
        revision=1,
        created_at=now,
        updated_at=now,
        is_demo=is_demo,
    )
    session().add(row)
    session().flush()
    _step(actor, row, None, State.DRAFT, None)
    return row


def locked(reference: str) -> Submission:
    """The submission of this reference, its product locked before it.

    Raises:
        NotFound.
    """
    found = session().execute(
        select(Submission.id, Submission.product_id).where(Submission.reference == reference)
    ).one_or_none()  # fmt: skip
    if found is None:
        raise NotFound
    db.locked(Product, found.product_id, NotFound)
    return db.locked(Submission, found.id, NotFound)


def locked_open(product: Product) -> Submission | None:
    """The open submission of a product that is locked already."""
    row = queries.open_submission(product.id)
    if row is None:
        return None
    row = db.locked(Submission, row.id, NotFound)
    return row if row.state in OPEN else None


def move(actor: Actor, row: Submission, state: State, note: str | None = None) -> int:
    """Let a submission go on to `state`; returns the step's id.

    Raises:
        NotOpen: that way is not allowed.
    """
    if state not in ALLOWED[row.state]:
        raise NotOpen
    before, row.state = row.state, state
    now = clock.now()
    row.updated_at = now
    row.closed_at = None if state in OPEN else now
    if state is State.SENT:
        row.sent_at, row.sent_by, row.sent_label = now, actor.key, actor.label
    return _step(actor, row, before, state, note)


def _step(actor: Actor, row: Submission, before: State | None, after: State, note: str | None) -> int:
    step = Step(
        submission_id=row.id,
        state_from=before,
        state_to=after,
        at=clock.now(),
        actor_key=actor.key,
        actor_label=actor.label,
        note=note,
    )
    session().add(step)
    session().flush()
    return step.id


def note_changes(
    actor: Actor,
    product_id: int,
    submission_id: int | None,
    found: Iterable[tuple[str, str, Any, Any]],
    outcome: Outcome,
    reasons: dict[str, str] | None = None,
) -> None:
    """Append differences (subject, field, before, after) to the history; `reasons` by line key."""
    now, said = clock.now(), reasons or {}
    rows = [
        {
            "product_id": product_id,
            "submission_id": submission_id,
            "subject": subject,
            "field": name,
            "before": before,
            "after": after,
            "outcome": outcome,
            "reason": said.get(f"{subject}/{name}"),
            "at": now,
            "actor_key": actor.key,
            "actor_label": actor.label,
        }
        for subject, name, before, after in found
    ]
    if rows:
        session().execute(insert(Change), rows)


def note_act(actor: Actor, action: str, product: Product, /, **detail: Any) -> None:
    """The audit row of a command."""
    audit.record(actor, f"listings.{action}", target(product), **detail)
