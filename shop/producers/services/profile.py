"""Commands of a producer's members on what is said of it: some shows at once, some is asked for; and leaving."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from shop.kernel import audit, clock, events, facts, text
from shop.kernel.actor import Actor
from shop.kernel.db import locked, session, transaction, unique
from shop.kernel.errors import N_, Invalid, NotFound
from shop.places import queries as places
from shop.producers import queries
from shop.producers.errors import ChangeOpen, NoSuchProducer, SecondPerson
from shop.producers.events import ChangeMoved, StorySaid
from shop.producers.models import CHANGE_ALLOWED, OPEN_CHANGES, Change, ChangeKind, ChangeState, Producer, ProducerState
from shop.producers.services import register, steps

# What members say for themselves, and what the office vouches for.
FREE = ("story", "story_en", "phone", "email", "website")
STORIES = ("story", "story_en")
VOUCHED = ("name", "legal_form", "tax_code", "representative", "province_code", "commune_code", "street")


def say(actor: Actor, producer_id: int, **stated: Any) -> bool:
    """Change story and contacts, which show at once; returns whether anything changed.

    Raises:
        NoSuchProducer.
        Invalid: a fact cannot be read, or the story claims what no certificate in force says.
        TypeError: a fact is not of `FREE` (a defect of the caller).
    """
    if set(stated) - set(FREE):
        raise TypeError("not a member's to say")
    with transaction():
        row = locked(Producer, producer_id, NoSuchProducer)
        before = {name: getattr(row, name) for name in STORIES}
        changed = register.update_producer(actor, producer_id, **stated)
        # What stands already is not judged anew with every telephone number.
        texts = tuple((n, str(getattr(row, n))) for n in STORIES if getattr(row, n) and getattr(row, n) != before[n])
        if texts:
            events.publish(StorySaid(producer_id, texts))
        return changed


def ask_facts(actor: Actor, producer_id: int, *, province: str, commune: str, **stated: Any) -> str:
    """Ask for other facts of law; returns the request's reference.

    Raises:
        NoSuchProducer, TaxCodeTaken.
        Invalid: a fact cannot be read, or nothing differs.
        ChangeOpen: a request waits already.
    """
    checks = {name: register.FIELDS[name] for name in VOUCHED}
    if commune:
        found = places.check_address(province, commune)
        stated |= {"province_code": found.province.code, "commune_code": found.commune.code}
    values = facts.checked(checks, stated)
    with transaction():
        row = locked(Producer, producer_id, NoSuchProducer)
        if "tax_code" in values:
            register.tax_code_free(values["tax_code"], but=producer_id)
        after = {name: value for name, value in values.items() if getattr(row, name) != value}
        if not after:
            raise Invalid(N_("Chưa có gì khác với thông tin đang ghi."))
        return _ask(actor, row, ChangeKind.FACTS, {name: getattr(row, name) for name in after}, after)


def ask_account(actor: Actor, producer_id: int, bank_bin: str, account_number: str, holder: str) -> str:
    """Ask to be paid elsewhere; every owner is told. Returns the request's reference.

    Raises:
        NoSuchProducer.
        Invalid: the account cannot be read, or it is the one in force.
        ChangeOpen: a request waits already.
    """
    names = ("bank_bin", "account_number", "holder")
    after = dict(zip(names, register.read_account(bank_bin, account_number, holder), strict=True))
    with transaction():
        row = locked(Producer, producer_id, NoSuchProducer)
        now = queries.bank_account(producer_id)
        before = {name: getattr(now, name) for name in names} if now else {}
        if before == after:
            raise Invalid(N_("Đây là tài khoản đang dùng."), field="account_number")
        return _ask(actor, row, ChangeKind.BANK, before, after)


def _ask(actor: Actor, row: Producer, kind: ChangeKind, before: dict[str, Any], after: dict[str, Any]) -> str:
    s = session()
    waits = select(Change.id).where(Change.producer_id == row.id, Change.kind == kind, Change.state.in_(OPEN_CHANGES))
    if s.scalar(waits) is not None:
        raise ChangeOpen
    with unique("producer_changes.producer_id", "producer_changes.open", otherwise=ChangeOpen):
        made = Change(
            reference=text.reference(),
            producer_id=row.id,
            kind=kind,
            state=ChangeState.ASKED,
            before=before,
            after=after,
            asked_at=clock.now(),
            asked_by=actor.key,
            asked_label=actor.label,
            is_demo=row.is_demo,
        )
        s.add(made)
        s.flush()
    _turn(actor, made, ChangeState.ASKED, row.slug, first=True)
    return made.reference


def _turn(
    actor: Actor, row: Change, to: ChangeState, slug: str, *, reason: str | None = None, first: bool = False
) -> None:
    step = steps.turn(actor, row, to, CHANGE_ALLOWED[row.kind], reason=reason, first=first)
    # The log says what is meant to change, not the account's number.
    audit.record(
        actor, f"producers.change-{to.value}", f"producer:{slug}", change=row.reference, what=sorted(row.after), reason=reason
    )  # fmt: skip
    events.publish(ChangeMoved(row.id, step))


def _locked(reference: str) -> tuple[Change, Producer]:
    s = session()
    known = s.execute(select(Change.id, Change.producer_id).where(Change.reference == reference)).first()
    if known is None:
        raise NotFound
    producer = locked(Producer, known.producer_id, NoSuchProducer)
    return locked(Change, known.id, NotFound), producer


def withdraw(actor: Actor, producer_id: int, reference: str) -> None:
    """Take a request back.

    Raises:
        NotFound: the producer has no such request.
        NotInThisState: it is decided.
    """
    with transaction():
        row, producer = _locked(reference)
        if row.producer_id != producer_id:
            raise NotFound
        row.decided_at = clock.now()
        _turn(actor, row, ChangeState.WITHDRAWN, producer.slug)


def check(actor: Actor, reference: str) -> None:
    """Say, as the first of two, that a new account is the producer's own (by calling the number on record).

    Raises:
        NotFound, NotInThisState.
        SecondPerson: one asked for it oneself.
    """
    with transaction():
        row, producer = _locked(reference)
        if actor.key == row.asked_by:
            raise SecondPerson
        _turn(actor, row, ChangeState.CHECKED, producer.slug)
        row.checked_by = actor.key


def approve(actor: Actor, reference: str) -> None:
    """Let a change happen.

    Raises:
        NotFound, NotInThisState, TaxCodeTaken.
        SecondPerson: an account was checked or asked for by the same person.
    """
    with transaction():
        row, producer = _locked(reference)
        if actor.key == row.asked_by or (row.kind is ChangeKind.BANK and actor.key == row.checked_by):
            raise SecondPerson
        row.decided_at = clock.now()
        _turn(actor, row, ChangeState.APPROVED, producer.slug)
        if row.kind is ChangeKind.BANK:
            register.set_bank_account(actor, producer.id, **row.after)
        else:
            register.update_producer(actor, producer.id, **row.after)


def refuse(actor: Actor, reference: str, reason: str) -> None:
    """Say no to a change.

    Raises:
        NotFound, NotInThisState.
        Invalid: no reason was given.
    """
    reason = steps.needed_reason(reason)
    with transaction():
        row, producer = _locked(reference)
        row.decided_at, row.reason = clock.now(), reason
        _turn(actor, row, ChangeState.REFUSED, producer.slug, reason=reason)


def leave(actor: Actor, producer_id: int, reason: str) -> bool:
    """Stop selling, by an owner's own will: the goods are hidden at once, all records are kept, only the office brings it back.
    Of a producer that the office suspended already the wish stands on record, so that it is not brought back unasked.

    Raises:
        NoSuchProducer.
        Invalid: no reason was given.
    """
    with transaction():
        if register.set_state(actor, producer_id, ProducerState.SUSPENDED, reason):
            return True
        row = locked(Producer, producer_id, NoSuchProducer)
        audit.record(actor, "producers.leave", f"producer:{row.slug}", reason=facts.line(reason, "reason"))
        return False
