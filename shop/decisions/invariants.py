"""What must hold of decisions and of the certificates that rest on them (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased

from shop.catalog.models import Certificate
from shop.decisions import terms
from shop.decisions.models import CheckFile, Decision, DecisionLine, FiledState, Kind, Renewal, State
from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.kernel.storage import storage


@invariant("decisions.signed-ones-have-their-certificates")
def certificates() -> Iterator[str]:
    """A signed recognition has issued a certificate of its own product, stars and number for each line; a draft none."""
    d, n, c = Decision, DecisionLine, Certificate
    yield from session().scalars(
        select(d.reference)
        .join(n, n.decision_id == d.id)
        .outerjoin(c, c.id == n.certificate_id)
        .where(
            d.kind == Kind.GRANT,
            or_(
                and_(
                    d.state == State.SIGNED,
                    or_(c.id.is_(None), c.product_id != n.product_id, c.stars != n.stars, c.issued_on != d.decided_on),
                ),
                and_(d.state != State.SIGNED, n.certificate_id.is_not(None)),
            ),
        )
        .distinct()
    )


@invariant("decisions.revocations-have-reached-the-catalogue")
def revocations() -> Iterator[str]:
    """What a signed decision takes back does not hold any more."""
    d, n, c = Decision, DecisionLine, Certificate
    yield from session().scalars(
        select(d.reference)
        .join(n, n.decision_id == d.id)
        .join(c, c.id == n.certificate_id)
        .where(d.kind == Kind.REVOKE, d.state == State.SIGNED, c.revoked_on.is_(None))
        .distinct()
    )


@invariant("decisions.certificates-do-not-overlap")
def overlaps() -> Iterator[str]:
    """A certificate that a decision issued stands alone on each day: the one before was replaced."""
    c, other = Certificate, aliased(Certificate)
    rows = session().execute(
        select(c.number, other.number)
        .join(DecisionLine, and_(DecisionLine.certificate_id == c.id, DecisionLine.stars.is_not(None)))
        .join(other, and_(other.product_id == c.product_id, other.id != c.id))
        .where(
            c.revoked_on.is_(None), other.revoked_on.is_(None), other.issued_on <= c.expires_on,
            other.expires_on >= clock.today(), c.expires_on >= clock.today(), c.issued_on <= other.expires_on,
        )
    )  # fmt: skip
    yield from (f"{mine}: {theirs}" for mine, theirs in rows)


@invariant("decisions.certificates-hold-on-only-for-renewals")
def holding() -> Iterator[str]:
    """Past its term a certificate holds only while a renewal that was filed within it is decided, and no longer than its law
    allows."""
    c, r = Certificate, Renewal
    rows = session().execute(
        select(c.number, c.term_ends_on, c.expires_on, r.filed_on, r.state)
        .outerjoin(r, and_(r.certificate_id == c.id, r.filed_on <= c.term_ends_on))
        .where(c.term_ends_on.is_not(None), c.revoked_on.is_(None), c.expires_on > c.term_ends_on)
        .order_by(c.id, r.id)
    )
    told: dict[str, bool] = {}
    for number, term, last, filed, state in rows:
        days = terms.on(filed).tolerance_days if filed is not None else None
        good = (
            days is not None
            and term is not None
            and last <= term + timedelta(days=days)
            and (state is FiledState.FILED or last <= clock.today())
        )
        told[number] = told.get(number, False) or good
    yield from (number for number, good in told.items() if not good)


@invariant("decisions.checks-have-their-bytes")
def check_files() -> Iterator[str]:
    """Every file that a check names is in storage."""
    kept = storage()
    for n, key in session().execute(select(CheckFile.id, CheckFile.file_key).order_by(CheckFile.id)):
        if not kept.exists(key):
            yield f"file {n}: {key}"
