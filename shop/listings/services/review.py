"""Commands of the office: approve all or some of what a producer wants, or send it back with reasons."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from shop.catalog import services as catalog
from shop.catalog.services import products as catalog_products
from shop.kernel import events, facts, operations
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.kernel.errors import N_, Invalid
from shop.listings import queries, rules
from shop.listings.errors import ChangedMeanwhile, ClaimNotHeld, Incomplete, NotOpen, OwnSubmission, SeenOtherwise
from shop.listings.events import SubmissionDecided
from shop.listings.facts import Today, same
from shop.listings.models import Decision, Kind, Line, Outcome, State, Step, Submission
from shop.listings.services import apply, record
from shop.listings.services.write import texts_of


def approve(
    actor: Actor,
    reference: str,
    *,
    revision: int,
    op_key: str,
    keys: Collection[str] | None = None,
    over: Collection[str] = (),
    reasons: Mapping[str, str] | None = None,
    seen: datetime | None = None,
    note: str | None = None,
) -> bool:
    """Let what a producer wants be shown: all of it, or the lines of `keys`, the others going back with their `reasons`.

    `revision` and `seen` (the product's `updated_at`) are what the reviewer looked at. A line whose fact the catalogue has
    changed since the producer wrote is a conflict; it is overwritten only if its key is in `over`. Returns whether all is
    approved.

    Raises:
        NotFound; NotOpen: it does not wait; SeenOtherwise; OwnSubmission.
        ChangedMeanwhile: conflicts that are not in `over`; `keys` names them.
        ClaimNotHeld: the certificate that a text speaks of does not hold any more. Incomplete.
        Invalid: no reason for a line that is not approved; what the catalogue's commands raise.
    """
    reasons = _reasons(reasons)
    note = facts.prose(note, "note")

    def command() -> dict[str, Any]:
        row, now = _opened(actor, reference, revision, seen)
        pending = _pending(row)
        chosen = [line for line in pending if keys is None or line.key in keys]
        rest = [line for line in pending if line not in chosen]
        if not chosen:
            raise Invalid(N_("Hãy chọn ít nhất một mục để duyệt."), field="keys")
        if row.kind is Kind.NEW and rest:
            raise Invalid(N_("Sản phẩm mới được duyệt cả hồ sơ hoặc trả lại."), field="keys")
        for line in rest:
            if line.key not in reasons:
                raise Invalid(N_("Hãy ghi lý do cho mục không duyệt."), field=f"reason-{line.key}")
        _conflicts(now, chosen, over, new=row.kind is Kind.NEW)
        _claims(now, chosen)
        if row.kind is Kind.NEW:
            if missing := queries.missing(now):
                raise Incomplete(missing)
            catalog.show(actor, now.product.id)
        else:
            wanted = [line for line in chosen if not same(now.value(line.subject, line.field), line.after)]
            apply.to_catalogue(
                actor, now, [(x.subject, x.field, x.after) for x in wanted], is_demo=row.is_demo
            )  # fmt: skip
        for line in chosen:
            line.decision, line.reason = Decision.APPROVED, None
        _note(actor, now, row, chosen, Outcome.APPROVED)
        if rest:
            _return(actor, now, row, rest, reasons)
        row.answer = note
        session().flush()
        step = record.move(actor, row, State.RETURNED if rest else State.APPROVED, note)
        record.note_act(
            actor, "approve", now.product, reference=reference, approved=[x.key for x in chosen],
            returned=[x.key for x in rest], over=sorted(over),
        )  # fmt: skip
        events.publish(SubmissionDecided(row.id, step))
        return {"all": not rest}

    body = [reference, revision, sorted(keys) if keys is not None else None, sorted(over), dict(reasons), note]
    return bool(operations.once(op_key, "listings.approve", actor.key, body, command)["all"])


def send_back(
    actor: Actor,
    reference: str,
    reasons: Mapping[str, str],
    *,
    revision: int,
    op_key: str,
    note: str | None = None,
) -> None:
    """Send all of it back; `reasons` by line key and `note` for the whole say what has to be done, one of them at least.

    Raises:
        NotFound; NotOpen: it does not wait; SeenOtherwise: it says something else by now.
        Invalid: no reason at all.
    """
    reasons = _reasons(reasons)
    note = facts.prose(note, "note")
    if not reasons and not note:
        raise Invalid(N_("Hãy ghi lý do ở ít nhất một mục hoặc lời nhắn chung."), field="note")

    def command() -> dict[str, Any]:
        row, now = _opened(actor, reference, revision, None, own=True)
        _return(actor, now, row, _pending(row), reasons)
        row.answer = note
        session().flush()
        step = record.move(actor, row, State.RETURNED, note)
        record.note_act(actor, "send-back", now.product, reference=reference, fields=sorted(reasons))
        events.publish(SubmissionDecided(row.id, step))
        return {}

    operations.once(op_key, "listings.send-back", actor.key, [reference, revision, dict(reasons), note], command)


def _reasons(reasons: Mapping[str, str] | None) -> dict[str, str]:
    read = {key: facts.prose(said, f"reason-{key}") for key, said in (reasons or {}).items()}
    return {key: said for key, said in read.items() if said}


def _opened(
    actor: Actor, reference: str, revision: int, seen: datetime | None, *, own: bool = False
) -> tuple[Submission, Today]:
    row = record.locked(reference)
    if row.state is not State.SENT:
        raise NotOpen
    if not own and _wrote(row, actor):
        raise OwnSubmission
    product = catalog_products.locked(row.product_id)
    if row.revision != revision or (seen is not None and product.updated_at != seen):
        raise SeenOtherwise
    return row, queries.today(product)


def _wrote(row: Submission, actor: Actor) -> bool:
    """Whether the actor began the submission or ever sent it."""
    wrote = select(Step.id).where(
        Step.submission_id == row.id,
        Step.actor_key == actor.key,
        (Step.state_to == State.SENT) | Step.state_from.is_(None),
    )
    return session().scalar(wrote.limit(1)) is not None


def _pending(row: Submission) -> list[Line]:
    return [line for line in queries.lines(row.id) if line.decision is not Decision.APPROVED]


def _conflicts(now: Today, chosen: list[Line], over: Collection[str], *, new: bool) -> None:
    found = tuple(line.key for line in chosen if line.key not in over and conflicts(now, line, new=new))
    if found:
        raise ChangedMeanwhile(found)


def conflicts(now: Today, line: Line, *, new: bool) -> bool:
    """Whether the catalogue says something else than what the line began from (of a new product: than what was sent)."""
    value = now.value(line.subject, line.field)
    if same(value, line.after):
        return False
    return new or not same(value, line.before)


def _claims(now: Today, chosen: list[Line]) -> None:
    stars = queries.stars_held(now.product.id)
    for line in chosen:
        for _name, written in texts_of(line.subject, line.field, line.after):
            claim = rules.not_held(written if isinstance(written, str) else None, stars)
            if claim is not None:
                raise ClaimNotHeld(field=f"reason-{line.key}", words=claim.words)


def _return(actor: Actor, now: Today, row: Submission, lines: list[Line], reasons: Mapping[str, str]) -> None:
    for line in lines:
        line.decision, line.reason = Decision.RETURNED, reasons.get(line.key)
    told = [line for line in lines if line.key in reasons] or lines
    _note(actor, now, row, told, Outcome.RETURNED)


def _note(actor: Actor, now: Today, row: Submission, lines: list[Line], outcome: Outcome) -> None:
    record.note_changes(
        actor,
        now.product.id,
        row.id,
        [(line.subject, line.field, line.before, line.after) for line in lines],
        outcome,
        {line.key: line.reason for line in lines if line.reason},
    )
