"""Commands on papers: hand in, replace by a newer one, check, revoke; and what follows for the producer's goods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from shop.kernel import audit, clock, events, facts, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import locked, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.producers import files
from shop.producers.errors import NoSuchProducer, NotInThisState
from shop.producers.events import PaperMoved, ProducerChanged
from shop.producers.models import (
    ALCOHOL_PAPERS,
    FOOD_PAPERS,
    FOREVER,
    PAPER_ALLOWED,
    WRITABLE,
    Application,
    Paper,
    PaperKind,
    PaperState,
    Producer,
)
from shop.producers.services import steps


def _day(value: Any, field: str) -> date | None:
    if isinstance(value, date) or value is None:
        return value
    raw = str(value).strip()
    if not raw:
        return None
    try:
        return clock.read_day(raw)
    except ValueError:
        raise Invalid(N_("Ngày chưa đúng."), field=field) from None


def _short(value: Any, field: str) -> str:
    found = facts.line(value, field, 80)
    if found is None:
        raise Invalid(N_("Ô này không được để trống."), field=field)
    return found


_FIELDS: Mapping[str, Any] = {
    "kind": facts.one_of(PaperKind),
    "number": _short,
    "issuer": facts.needed_line,
    "issued_on": _day,
    "expires_on": _day,
}


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a paper is: a producer's, or an application's that is not decided yet."""

    producer_id: int | None = None
    application_id: int | None = None

    @property
    def target(self) -> str:
        """How operation keys name it."""
        return f"producer:{self.producer_id}" if self.producer_id else f"application:{self.application_id}"


def _read(stated: Mapping[str, Any]) -> dict[str, Any]:
    values = facts.checked(_FIELDS, stated)
    issued, expires = values["issued_on"], values.get("expires_on")
    if issued is None:
        raise Invalid(N_("Hãy ghi ngày cấp."), field="issued_on")
    if issued > clock.today():
        raise Invalid(N_("Ngày cấp không thể ở tương lai."), field="issued_on")
    if expires is not None and expires < issued:
        raise Invalid(N_("Ngày hết hạn phải sau ngày cấp."), field="expires_on")
    if issued.year < 1990 or (expires is not None and expires >= FOREVER):
        raise Invalid(N_("Ngày chưa đúng."), field="issued_on" if issued.year < 1990 else "expires_on")
    return values


def hand_in(
    actor: Actor,
    owner: Owner,
    content: bytes | None,
    *,
    op_key: str,
    replaces: str = "",
    is_demo: bool = False,
    **stated: Any,
) -> str:
    """Keep a paper (`kind number issuer issued_on expires_on`) with its file, waiting for the office; returns its reference.

    `replaces` is the reference of an older one of the same owner, which is kept; the kind is then that one's.

    Raises:
        Invalid: a fact or the file cannot be read; `field` names it.
        NotFound: there is no such older paper.
        NotInThisState: the application is not its applicant's to write any more.
    """
    try:
        values = _read(stated)
    except facts.Refused as error:
        if not content:
            # Both are told at once.
            missing = Invalid(N_("Hãy chọn tệp PDF hoặc ảnh chụp giấy tờ."), field="file")
            raise facts.Refused([*error.all, missing]) from None
        raise
    key = files.keep(content)

    def command() -> dict[str, Any]:
        with transaction() as s:
            if owner.application_id is not None:
                application = locked(Application, owner.application_id, NotFound)
                if application.state not in WRITABLE:
                    raise NotInThisState
                application.updated_at = clock.now()
            else:
                locked(Producer, owner.producer_id, NoSuchProducer)
            older = _older(owner, replaces)
            made = Paper(
                reference=text.reference(),
                producer_id=owner.producer_id,
                application_id=owner.application_id,
                file_key=key,
                replaces_id=older.id if older else None,
                added_at=clock.now(),
                added_by=actor.key,
                added_label=actor.label,
                is_demo=is_demo,
                **(values | ({"kind": older.kind} if older else {})),
            )
            made.state = PaperState.WAITING
            s.add(made)
            s.flush()
            steps.turn(actor, made, PaperState.WAITING, PAPER_ALLOWED, first=True)
            audit.record(actor, "producers.paper-add", f"paper:{made.reference}", kind=made.kind, owner=owner.target)
            return {"reference": made.reference}

    body = {**values, "file": key, "replaces": replaces}
    return str(operations.once(op_key, "producers.paper", f"{actor.key} {owner.target}", body, command)["reference"])


def _older(owner: Owner, reference: str) -> Paper | None:
    if not reference:
        return None
    found = session().scalar(
        select(Paper).where(
            Paper.reference == reference,
            Paper.producer_id == owner.producer_id
            if owner.producer_id is not None
            else Paper.application_id == owner.application_id,
        )
    )
    if found is None:
        raise NotFound
    return found


def take_back(actor: Actor, owner: Owner, reference: str) -> None:
    """Withdraw a paper that nobody has looked at yet.

    Raises:
        NotFound: the producer or application has no such paper.
        NotInThisState: the application has been sent, or the office has spoken on the paper.
    """
    with transaction():
        if owner.application_id is not None:
            if locked(Application, owner.application_id, NotFound).state not in WRITABLE:
                raise NotInThisState
        else:
            locked(Producer, owner.producer_id, NoSuchProducer)
        found = _older(owner, reference)
        if found is None:
            raise NotFound
        paper = locked(Paper, found.id, NotFound)
        steps.turn(actor, paper, PaperState.WITHDRAWN, PAPER_ALLOWED)
        audit.record(actor, "producers.paper-withdrawn", f"paper:{reference}", kind=paper.kind)


def accept(actor: Actor, reference: str) -> None:
    """Say that a paper is good.

    Raises:
        NotFound.
        NotInThisState: it has been answered.
    """
    _answer(actor, reference, PaperState.ACCEPTED, None)


def refuse(actor: Actor, reference: str, reason: str) -> None:
    """Say that a paper that waits is not good, or that one that was accepted was withdrawn by its issuer.

    Raises:
        NotFound.
        Invalid: no reason was given.
        NotInThisState: it has been refused before.
    """
    _answer(actor, reference, None, steps.needed_reason(reason))


def _answer(actor: Actor, reference: str, to: PaperState | None, reason: str | None) -> None:
    with transaction() as s:
        owner = s.execute(
            select(Paper.producer_id, Paper.application_id, Paper.id).where(Paper.reference == reference)
        ).first()
        if owner is None:
            raise NotFound
        # The producer's row first, as every command does that reckons anew what its papers allow.
        if owner.producer_id is not None:
            locked(Producer, owner.producer_id, NoSuchProducer)
        paper = locked(Paper, owner.id, NotFound)
        if to is None:
            to = PaperState.REVOKED if paper.state is PaperState.ACCEPTED else PaperState.REFUSED
        step = steps.turn(actor, paper, to, PAPER_ALLOWED, reason=reason)
        paper.reason, paper.checked_at, paper.checked_label = reason, clock.now(), actor.label
        audit.record(actor, f"producers.paper-{to.value}", f"paper:{reference}", kind=paper.kind, reason=reason)
        events.publish(PaperMoved(paper.id, step))
        if paper.producer_id is not None:
            reckon(paper.producer_id)


def last_day(papers: Iterable[Any], kinds: Iterable[PaperKind]) -> date | None:
    """The last day on which what is recorded of `kinds` holds; None: nothing of them was ever accepted.

    A newer paper of a kind stands in for an older one; each kind that is recorded must hold.
    """
    until: dict[PaperKind, date] = {}
    for paper in papers:
        if paper.kind not in set(kinds) or paper.state not in (PaperState.ACCEPTED, PaperState.REVOKED):
            continue
        last = paper.expires_on or FOREVER
        if paper.state is PaperState.REVOKED:
            last = min(last, date.fromordinal(clock.business_day(paper.checked_at).toordinal() - 1))
        until[paper.kind] = max(until.get(paper.kind, date.min), last)
    return min(until.values(), default=None)


def reckon(producer_id: int) -> None:
    """Write on the producer's row, which is locked, until when its papers hold. In the open transaction."""
    s = session()
    s.flush()
    row = locked(Producer, producer_id, NoSuchProducer)
    papers = s.scalars(select(Paper).where(Paper.producer_id == producer_id)).all()
    found = (last_day(papers, FOOD_PAPERS), last_day(papers, ALCOHOL_PAPERS))
    if found != (row.food_until, row.alcohol_until):
        row.food_until, row.alcohol_until = found
        row.updated_at = clock.now()
        s.flush()
        events.publish(ProducerChanged(producer_id))
