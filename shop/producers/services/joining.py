"""Commands of applications: begin, save step by step, send; give back, approve, refuse; check who somebody is."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import select

from shop.accounts import queries as accounts
from shop.accounts.permissions import Role
from shop.accounts.services import rights, rows
from shop.kernel import audit, clock, events, facts, text
from shop.kernel.actor import Actor
from shop.kernel.db import locked, session, transaction, unique
from shop.kernel.errors import N_, Invalid, NotFound
from shop.places import queries as places
from shop.producers import queries
from shop.producers.errors import (
    ApplicationOpen,
    ApplicationUnfinished,
    NoSuchProducer,
    NotInThisState,
    PapersUnchecked,
    ProducerClaimed,
)
from shop.producers.events import ApplicationMoved, ProducerChanged, StorySaid
from shop.producers.models import (
    APPLICATION_ALLOWED,
    UNDECIDED,
    WRITABLE,
    Application,
    ApplicationState,
    IdentityCheck,
    IdentityDocument,
    Paper,
    PaperState,
    Producer,
)
from shop.producers.services import papers, register, steps

_WHO: dict[str, Any] = {
    name: register.FIELDS[name]
    for name in ("name", "legal_form", "tax_code", "representative", "street", "phone", "email", "website", "story")
} | {"name": facts.line, "makes_food": facts.yes_no, "makes_alcohol": facts.yes_no}


def _user(actor: Actor) -> int:
    if actor.user_id is None:
        raise NotFound
    return actor.user_id


def _own(actor: Actor, reference: str) -> Application:
    """The applicant's own application, locked, while he may write in it."""
    row = _locked(reference)
    if row.user_id != _user(actor):
        raise NotFound
    if row.state not in WRITABLE:
        raise NotInThisState
    return row


def _locked(reference: str) -> Application:
    found = session().scalar(select(Application.id).where(Application.reference == reference))
    return locked(Application, found, NotFound) if found is not None else _none()


def _none() -> Application:
    raise NotFound


def _claimable(slug: str) -> Producer | None:
    if not slug:
        return None
    found = session().scalar(select(Producer).where(Producer.slug == slug))
    if found is None:
        raise Invalid(N_("Hãy chọn cơ sở trong danh bạ."), field="claim")
    if accounts.holders(f"producer:{found.id}", Role.PRODUCER_OWNER):
        raise ProducerClaimed(field="claim")
    return found


def begin(actor: Actor, claim: str = "", *, is_demo: bool = False) -> str:
    """Begin an application, for the producer of the registry at the address `claim` or for a new one; returns its reference.

    Raises:
        Invalid: there is no such producer.
        ProducerClaimed: it has an owner.
        ApplicationOpen: the user has an application that is not decided.
    """
    user_id = _user(actor)
    taken = unique("producer_applications.user_id", "producer_applications.undecided", otherwise=ApplicationOpen)
    with taken, transaction() as s:
        mine = select(Application.id).where(Application.user_id == user_id, Application.state.in_(UNDECIDED))
        if s.scalar(mine) is not None:
            raise ApplicationOpen
        claimed = _claimable(claim)
        person, now = accounts.contact(user_id), clock.now()
        made = Application(
            reference=text.reference(),
            user_id=user_id,
            state=ApplicationState.DRAFT,
            claimed_id=claimed.id if claimed else None,
            representative=person.name if person else None,
            phone=person.phone if person else None,
            email=person.email if person else None,
            makes_food=True,
            created_at=now,
            updated_at=now,
            is_demo=is_demo,
        )
        if claimed is not None:
            for field in ("name", "legal_form", "tax_code", "province_code", "commune_code", "street", "website"):
                setattr(made, field, getattr(claimed, field))
        s.add(made)
        s.flush()
        steps.turn(actor, made, ApplicationState.DRAFT, APPLICATION_ALLOWED, first=True)
        return made.reference


def save_who(actor: Actor, reference: str, *, province: str | None, commune: str | None, **stated: Any) -> None:
    """Keep what the first step says. What is blank may come later; what is there must be readable.

    Raises:
        NotFound, NotInThisState.
        Invalid: a fact cannot be read, or the story claims what no certificate in force says; `field` names it.
    """
    refused: list[Invalid] = []
    values: dict[str, Any] = {}
    try:
        values = facts.checked(_WHO, stated)
    except facts.Refused as error:
        refused = error.all
    place: dict[str, str | None] = {"province_code": province or None, "commune_code": None}
    if commune:
        try:
            found = places.check_address(province, commune)
            place = {"province_code": found.province.code, "commune_code": found.commune.code}
        except Invalid as error:
            refused.append(error)
    if refused:
        raise facts.Refused(refused)
    with transaction():
        row = _own(actor, reference)
        facts.apply(row, values | place)
        row.updated_at = clock.now()
        if row.story:
            events.publish(StorySaid(row.claimed_id, (("story", row.story),)))


def save_bank(actor: Actor, reference: str, bank_bin: str, account_number: str, holder: str) -> None:
    """Keep where the producer is to be paid.

    Raises:
        NotFound, NotInThisState.
        Invalid: the account cannot be read.
    """
    account = register.read_account(bank_bin, account_number, holder)
    with transaction():
        row = _own(actor, reference)
        row.bank_bin, row.account_number, row.holder = account
        row.updated_at = clock.now()


def submit(actor: Actor, reference: str) -> None:
    """Send an application to the office.

    Raises:
        NotFound, NotInThisState.
        ApplicationUnfinished: something is missing.
    """
    with transaction():
        row = _own(actor, reference)
        missing = queries.missing(row, queries.papers_of_application(row.id))
        if missing:
            raise ApplicationUnfinished(what="; ".join(label for _step, label in missing))
        row.submitted_at = row.updated_at = clock.now()
        _turn(actor, row, ApplicationState.SUBMITTED)


def _turn(actor: Actor, row: Application, to: ApplicationState, reason: str | None = None) -> None:
    step = steps.turn(actor, row, to, APPLICATION_ALLOWED, reason=reason)
    audit.record(actor, f"producers.application-{to.value}", f"application:{row.reference}", reason=reason)
    events.publish(ApplicationMoved(row.id, step))


def give_back(actor: Actor, reference: str, reason: str) -> None:
    """Ask the applicant to complete or correct his application.

    Raises:
        NotFound, NotInThisState.
        Invalid: no reason was given.
    """
    reason = steps.needed_reason(reason)
    with transaction():
        _turn(actor, _locked(reference), ApplicationState.RETURNED, reason)


def refuse(actor: Actor, reference: str, reason: str) -> None:
    """Say no.

    Raises:
        NotFound, NotInThisState.
        Invalid: no reason was given.
    """
    reason = steps.needed_reason(reason)
    with transaction():
        row = _locked(reference)
        row.decided_at = clock.now()
        _turn(actor, row, ApplicationState.REFUSED, reason)


_ENDS = re.compile(r"[0-9A-Z]{4}", re.ASCII)


def check_identity(actor: Actor, reference: str, document: str, ends: str) -> None:
    """Write down that one has made sure who the representative is, and by which document (its last four characters).

    The producer that came of the application may sell from then on.

    Raises:
        NotFound.
        Invalid: the document is not of the list, or it is not four characters.
        NotInThisState: the application is not sent, or was refused.
    """
    kind: IdentityDocument = facts.one_of(IdentityDocument)(document, "document")
    last = ends.strip().upper()
    if not _ENDS.fullmatch(last):
        raise Invalid(N_("Chỉ ghi 4 ký tự cuối của số giấy tờ."), field="ends")
    with transaction() as s:
        row = _locked(reference)
        if row.state not in (ApplicationState.SUBMITTED, ApplicationState.APPROVED):
            raise NotInThisState
        s.add(
            IdentityCheck(
                application_id=row.id,
                document=kind,
                ends=last,
                checked_at=clock.now(),
                actor_key=actor.key,
                actor_label=actor.label,
            )
        )
        audit.record(actor, "producers.identity", f"application:{reference}", document=kind)
        if row.producer_id is not None:
            made = locked(Producer, row.producer_id, NoSuchProducer)
            if made.identity_due:
                made.identity_due, made.updated_at = False, clock.now()
                events.publish(ProducerChanged(made.id))


def approve(actor: Actor, reference: str) -> int:
    """Let the applicant in: his producer is made or linked, its account, papers and owner set; returns the producer's id.

    Raises:
        NotFound, NotInThisState.
        PapersUnchecked: a paper waits for an answer, or one that is needed was not accepted.
        ProducerClaimed: the producer of the registry has got an owner since.
        TaxCodeTaken: another producer has the tax code.
    """
    with unique("producers.slug", otherwise=NotInThisState), transaction() as s:
        row = _locked(reference)
        if row.state is not ApplicationState.SUBMITTED:
            raise NotInThisState
        kept = queries.papers_of_application(row.id)
        lacking = queries.lacking_papers(row, [p for p in kept if p.state is PaperState.ACCEPTED])
        if lacking or any(p.state is PaperState.WAITING for p in kept):
            raise PapersUnchecked(what=", ".join(lacking) or "–")
        stated = {
            name: getattr(row, name)
            for name in (
                "name", "legal_form", "tax_code", "representative", "province_code", "commune_code", "street", "phone",
                "email", "website", "story",
            )
        }  # fmt: skip
        stated = {name: value for name, value in stated.items() if value is not None}
        if row.claimed_id is not None:
            locked(Producer, row.claimed_id, NoSuchProducer)
            if accounts.holders(f"producer:{row.claimed_id}", Role.PRODUCER_OWNER):
                raise ProducerClaimed
            producer_id = row.claimed_id
            register.update_producer(actor, producer_id, **stated)
        else:
            producer_id = register.create_producer(actor, **stated, is_demo=row.is_demo)
        made = locked(Producer, producer_id, NoSuchProducer)
        made.identity_due = s.scalar(select(IdentityCheck.id).where(IdentityCheck.application_id == row.id)) is None
        register.set_bank_account(actor, producer_id, row.bank_bin or "", row.account_number or "", row.holder or "")
        for paper in s.scalars(select(Paper).where(Paper.application_id == row.id)):
            paper.producer_id = producer_id
        papers.reckon(producer_id)
        rights.add(actor, rows.locked(row.user_id), Role.PRODUCER_OWNER, f"producer:{producer_id}")
        row.producer_id, row.decided_at = producer_id, clock.now()
        _turn(actor, row, ApplicationState.APPROVED)
        events.publish(ProducerChanged(producer_id))
        return producer_id
