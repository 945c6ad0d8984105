"""Renewals that were filed, what the law lets a certificate do meanwhile, and what came of them."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import Any

from sqlalchemy import func, select

from shop.catalog import services as catalog
from shop.catalog.models import Certificate
from shop.decisions import terms
from shop.decisions.errors import RenewalOpen, RenewalRefused
from shop.decisions.events import RenewalClosed
from shop.decisions.models import FiledState, Renewal
from shop.kernel import audit, clock, dates, facts, operations
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import locked, session, transaction, unique
from shop.kernel.errors import N_, Conflict, Invalid, NotFound
from shop.kernel.events import publish
from shop.programme.models.dossiers import DOSSIER_STATE_NAMES, Dossier, DossierKind, DossierState


def term_of(c: Certificate) -> date:
    """The last day of a certificate by its decision, whatever the law lets it hold beyond."""
    return c.term_ends_on or c.expires_on


def file(
    actor: Actor, certificate_id: int, filed_on: date, op_key: str, *, dossier_code: str | None = None,
    is_demo: bool = False,
) -> int:  # fmt: skip
    """Enter that the renewal of a certificate was filed on `filed_on`; returns its id. Only who files while the certificate
    holds keeps it until the outcome: one that has ended does not come to life again.

    Raises:
        NotFound. Conflict: the certificate is revoked or replaced.
        RenewalOpen: one is being decided.
        RenewalRefused: `filed_on` is too early, after the certificate's end, or to come.
    """

    def command() -> dict[str, Any]:
        c = locked(Certificate, certificate_id, NotFound)
        if c.revoked_on is not None:
            raise Conflict(N_("Chứng nhận đã bị thu hồi hoặc được thay nên không gia hạn được."), field="filed_on")
        days = terms.renewal(term_of(c), filed_on)
        if days is None or not days.opens_on <= filed_on <= days.term_ends_on or filed_on > clock.today():
            opens = (terms.renewal(term_of(c), clock.today()) or days or _own(c)).opens_on
            raise RenewalRefused(field="filed_on", opens=dates.day(opens))
        row = Renewal(
            certificate_id=c.id, state=FiledState.FILED, filed_on=filed_on, is_late=filed_on > days.closes_on,
            dossier_code=facts.line(dossier_code, "dossier_code", 80), created_at=clock.now(), created_by=actor.key,
            created_label=actor.label, is_demo=is_demo,
        )  # fmt: skip
        with unique("renewals.certificate_id", "uq_renewals_open", otherwise=lambda: RenewalOpen(field="filed_on")):
            session().add(row)
            session().flush()
        audit.record(
            actor, "decisions.file-renewal", f"certificate:{c.number}", filed_on=filed_on, late=row.is_late,
            dossier=row.dossier_code,
        )  # fmt: skip
        if days.term_ends_on <= clock.today() <= days.last_on:
            _let_hold(actor, c, row)
        return {"id": row.id}

    body = [certificate_id, filed_on, dossier_code]
    return int(operations.once(op_key, "decisions.file-renewal", actor.key, body, command)["id"])


def _own(c: Certificate) -> terms.Renewal:
    return terms.Renewal(term_of(c), c.issued_on, c.issued_on, term_of(c))


def _let_hold(actor: Actor, c: Certificate, row: Renewal) -> bool:
    law = terms.on(row.filed_on)
    days = terms.renewal(term_of(c), row.filed_on)
    return days is not None and catalog.let_hold(actor, c.id, days.last_on, law.law)


def let_waiting_hold() -> int:
    """On its last day a certificate whose renewal is being decided is let hold as long as the law allows; returns how many.
    Safe to repeat; a day that was missed is made good."""
    today, done = clock.today(), 0
    c = Certificate
    ids = (
        session()
        .scalars(
            select(Renewal.id)
            .join(c, c.id == Renewal.certificate_id)
            .where(
                Renewal.state == FiledState.FILED,
                c.revoked_on.is_(None),
                c.term_ends_on.is_(None),
                c.expires_on <= today,
            )
            .order_by(Renewal.id)
        )
        .all()
    )
    for n in ids:
        with transaction():
            row = locked(Renewal, n, NotFound)
            certificate = locked(c, row.certificate_id, NotFound)
            if row.state is FiledState.FILED and certificate.revoked_on is None and certificate.term_ends_on is None:
                done += _let_hold(SYSTEM, certificate, row)
    return done


def follow_dossiers() -> int:
    """Renewals that producers hand in through the programme are entered here by themselves, and closed when they fail or are
    taken back; returns how many. Safe to repeat."""
    d, done = Dossier, 0
    known = select(Renewal.id).where(Renewal.dossier_code == d.code).exists()
    rows = (
        session()
        .execute(
            select(d.id, d.code, d.product_id, d.submitted_at, d.is_demo)
            .where(d.kind == DossierKind.RENEWAL, d.submitted_at.is_not(None), d.ended_at.is_(None), ~known)
            .order_by(d.id)
        )
        .all()
    )
    for row in rows:
        day = clock.business_day(row.submitted_at)
        c = (
            session()
            .scalars(
                select(Certificate)
                .where(
                    Certificate.product_id == row.product_id,
                    Certificate.revoked_on.is_(None),
                    Certificate.issued_on <= day,
                )
                .order_by(Certificate.issued_on.desc(), Certificate.id.desc())
                .limit(1)
            )
            .first()
        )
        if c is None:
            continue
        with suppress(RenewalOpen, RenewalRefused):
            key = f"renewal-of-dossier-{row.id}"
            file(SYSTEM, c.id, day, key, dossier_code=row.code, is_demo=row.is_demo)
            done += 1
    ended = (
        session()
        .execute(
            select(Renewal.id, d.state)
            .join(d, d.code == Renewal.dossier_code)
            .where(Renewal.state == FiledState.FILED, d.state.in_([DossierState.FAILED, DossierState.WITHDRAWN]))
            .order_by(Renewal.id)
        )
        .all()
    )
    for n, state in ended:
        outcome = FiledState.WITHDRAWN if state is DossierState.WITHDRAWN else FiledState.REFUSED
        close(SYSTEM, n, outcome, str(DOSSIER_STATE_NAMES[state]), f"renewal-closed-by-dossier-{n}")
        done += 1
    return done


def close(actor: Actor, renewal_id: int, outcome: FiledState, note: str, op_key: str) -> None:
    """A renewal was refused or taken back: the certificate holds no longer than its own term. A renewal that is granted is
    closed by the decision that says so.

    Raises:
        NotFound.
        Conflict: it is closed already.
        Invalid: no reason, or no such outcome.
    """
    why = facts.prose(note, "note")
    if outcome not in (FiledState.REFUSED, FiledState.WITHDRAWN):
        raise Invalid(field="outcome")
    if not why:
        raise Invalid(N_("Hãy ghi lý do."), field="note")

    def command() -> dict[str, Any]:
        row = locked(Renewal, renewal_id, NotFound)
        if row.state is not FiledState.FILED:
            raise Conflict(N_("Hồ sơ gia hạn này đã có kết quả."), field="outcome")
        row.state, row.closed_on, row.note = outcome, clock.today(), why
        catalog.end_holding(actor, row.certificate_id, why)
        session().flush()
        audit.record(
            actor, "decisions.close-renewal", f"certificate:{row.certificate.number}", outcome=outcome, note=why
        )
        publish(RenewalClosed(row.id))
        return {}

    operations.once(op_key, "decisions.close-renewal", actor.key, [renewal_id, outcome, why], command)


def open_count() -> int:
    """How many renewals are being decided."""
    return session().scalar(select(func.count()).select_from(Renewal).where(Renewal.state == FiledState.FILED)) or 0
