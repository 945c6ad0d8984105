"""A decision takes effect: certificates are issued or taken back in the catalogue, results are decided, in one transaction.

Rules: a renewal or an upgrade starts on the day of its decision, and the certificate in force is replaced from that day; never
from a day that is over, because what was sold under it until now was sold rightly. A product has no certificate that begins on
or after the day of the decision: that would overlap and is refused. A revocation works from the day on which it is entered, or
from the decision's own day if that is today.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from shop.catalog import services as catalog
from shop.catalog.models import Certificate, CertificateLevel, Product
from shop.decisions import results, terms
from shop.decisions.errors import CertificatesOverlap, NotFromThisAuthority, ScoreBelowStars
from shop.decisions.events import DecisionSigned, RenewalClosed
from shop.decisions.models import (
    GROUND_NAMES,
    CheckFinding,
    CheckState,
    Decision,
    DecisionLine,
    FiledState,
    FindingState,
    Kind,
    PostCheck,
    Renewal,
    Source,
    State,
)
from shop.decisions.services.drafting import locked_draft, noted
from shop.kernel import clock, dates, operations, text, web
from shop.kernel.actor import Actor
from shop.kernel.db import after_commit, session
from shop.kernel.errors import N_, Conflict, Invalid
from shop.kernel.events import publish
from shop.programme import scoring


def sign(actor: Actor, reference: str, version: int, op_key: str) -> None:
    """Enter that a decision was signed: all of its lines take effect together, or none.

    Raises:
        NoSuchDecision, DecisionMovedOn: it was signed, dropped or changed since the page was opened.
        Invalid: number, day, signer, paper or a certificate's number is missing.
        CertificatesOverlap, NotFromThisAuthority, ScoreBelowStars, ResultGone.
        Conflict: a certificate has ended or is of another authority. NumberTaken: a certificate's number is known.
    """

    def command() -> dict[str, Any]:
        row = locked_draft(reference, version)
        _whole(row)
        row.state, row.version = State.SIGNED, row.version + 1
        row.signed_at, row.signed_by, row.signed_label = clock.now(), actor.key, actor.label
        ids = sorted({line.product_id for line in row.lines})
        # Whoever issues or revokes certificates of these goods waits here; in the order of ids, so nobody waits in a ring.
        session().execute(select(Product.id).where(Product.id.in_(ids)).order_by(Product.id).with_for_update())
        for line in sorted(row.lines, key=lambda n: n.product_id):
            if row.kind is Kind.GRANT:
                _grant(actor, row, line)
            else:
                _revoke(actor, row, line)
        session().flush()
        noted(actor, row, "sign", lines=len(row.lines), on=row.decided_on)
        publish(DecisionSigned(row.id))
        after_commit(web.forget_pages)
        return {}

    operations.once(op_key, "decisions.sign", actor.key, [reference, version], command)


def _whole(row: Decision) -> None:
    if not row.lines:
        raise Invalid(N_("Quyết định chưa có sản phẩm nào."), field="product")
    if not row.number:
        raise Invalid(N_("Hãy ghi số quyết định."), field="number")
    if row.decided_on is None or row.decided_on > clock.today():
        raise Invalid(N_("Hãy ghi ngày quyết định, không sau hôm nay."), field="decided_on")
    if not row.signer:
        raise Invalid(N_("Hãy ghi chức vụ người ký."), field="signer")
    if row.file_key is None and row.source is Source.RESULTS:
        raise Invalid(N_("Hãy tải lên bản quyết định đã ký."), field="file")


def _grant(actor: Actor, row: Decision, line: DecisionLine) -> None:
    decided, stars = row.decided_on, line.stars
    if decided is None or stars is None:
        raise ValueError(line.id)
    name, law = line.product.name, terms.on(decided)
    if law.stars_of and stars not in law.stars_of.get(row.level, ()):
        raise NotFromThisAuthority(name=name, stars=stars, law=law.law, field="level")
    if line.score is not None and scoring.band(line.score) < stars:
        raise ScoreBelowStars(name=name, score=_points(line.score), stars=stars, field="product")
    if not line.certificate_number:
        raise Invalid(N_("“%(name)s” chưa có số chứng nhận."), field="certificate_number", name=name)
    last = line.expires_on or terms.ends(decided)
    before = _standing(line, decided, last)
    line.certificate_id = catalog.issue_certificate(
        actor, line.product_id, number=line.certificate_number, level=row.level, stars=stars, issued_on=decided,
        expires_on=last, decision_number=row.number, decided_on=decided, score=line.score, is_demo=row.is_demo,
    )  # fmt: skip
    if row.file_key is not None:
        made = session().get(Certificate, line.certificate_id)
        if made is not None:
            made.file_key = row.file_key
    for old in before:
        catalog.replace_certificate(actor, old.id, line.certificate_id)
    _renewed(row, line.product_id)
    if line.dossier_id is not None:
        results.mark_decided(line.dossier_id, str(row.number), decided)


def _points(score: object) -> str:
    return text.trimmed(f"{score:.2f}")


def _standing(line: DecisionLine, decided: Any, last: Any) -> list[Certificate]:
    """The certificates that the new one takes the place of.

    Raises:
        CertificatesOverlap.
    """
    c = Certificate
    live = list(
        session().scalars(
            select(c).where(c.product_id == line.product_id, c.revoked_on.is_(None)).order_by(c.issued_on, c.id)
        )
    )
    for other in live:
        if decided <= other.issued_on <= last:
            raise CertificatesOverlap(
                name=line.product.name, number=other.number, day=dates.day(other.issued_on), field="product"
            )
    day = max(decided, clock.today())
    return [other for other in live if other.issued_on < decided and other.expires_on >= day and last >= day]


def _renewed(row: Decision, product_id: int) -> None:
    found = session().scalars(
        select(Renewal)
        .join(Certificate, Certificate.id == Renewal.certificate_id)
        .where(Certificate.product_id == product_id, Renewal.state == FiledState.FILED)
    )
    for renewal in found:
        renewal.state, renewal.closed_on, renewal.decision_id = FiledState.GRANTED, clock.today(), row.id
        session().flush()
        publish(RenewalClosed(renewal.id))


def _revoke(actor: Actor, row: Decision, line: DecisionLine) -> None:
    certificate = line.certificate
    if certificate is None or line.ground is None:
        raise ValueError(line.id)
    level = certificate.level if certificate.level is not CertificateLevel.DISTRICT else CertificateLevel.PROVINCE
    if level is not row.level:
        raise Conflict(
            N_("Chứng nhận %(number)s do cấp khác công nhận; cấp nào công nhận thì cấp ấy thu hồi."),
            number=certificate.number, field="level",
        )  # fmt: skip
    if certificate.revoked_on is not None or certificate.expires_on < clock.today():
        raise Conflict(N_("Chứng nhận %(number)s đã hết hiệu lực."), number=certificate.number, field="product")
    catalog.revoke_certificate(
        actor, certificate.id, f"{GROUND_NAMES[line.ground]}: {line.reason} ({row.number})", on=clock.today()
    )
    for renewal in session().scalars(
        select(Renewal).where(Renewal.certificate_id == certificate.id, Renewal.state == FiledState.FILED)
    ):
        renewal.state, renewal.closed_on, renewal.decision_id = FiledState.REFUSED, clock.today(), row.id
        session().flush()
        publish(RenewalClosed(renewal.id))
    if line.check_id is not None:
        _close_check(line.check_id, actor)


def _close_check(check_id: int, actor: Actor) -> None:
    check = session().get(PostCheck, check_id)
    if check is None or check.state is not CheckState.FOLLOWING:
        return
    for finding in session().scalars(
        select(CheckFinding).where(CheckFinding.check_id == check_id, CheckFinding.state == FindingState.OPEN)
    ):
        finding.state, finding.closed_on, finding.closed_label = FindingState.FAILED, clock.today(), actor.label
    check.state = CheckState.CLOSED
