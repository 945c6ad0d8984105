"""Commands on certificates: issue, correct, revoke; and the telling of those that begin or lapse by themselves."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, not_, or_, select

from shop.catalog import documents, rules
from shop.catalog.errors import NumberTaken
from shop.catalog.events import CertificateChanged
from shop.catalog.models import Certificate, CertificateLevel, certificate_key
from shop.catalog.services import products
from shop.kernel import audit, clock, events, facts
from shop.kernel.actor import Actor
from shop.kernel.db import in_batches, locked, session, transaction, unique
from shop.kernel.errors import N_, Conflict, Invalid, NotFound

MONTHS = 36  # 26/2026/QĐ-TTg art. 4.3: what is offered when the day of expiry is not given; each row keeps its own day


def _check(values: dict[str, Any]) -> None:
    stars, score = values["stars"], values.get("score")
    if stars not in {3, 4, 5}:
        raise Invalid(N_("Chứng nhận có từ 3 đến 5 sao."), field="stars")
    if score is not None and not 0 <= score <= 100:
        raise Invalid(N_("Điểm phải từ 0 đến 100."), field="score")
    if values["expires_on"] <= values["issued_on"]:
        raise Invalid(N_("Ngày hết hạn phải sau ngày cấp."), field="expires_on")
    if values["expires_on"] > clock.add_months(values["issued_on"], 120):
        raise Invalid(N_("Thời hạn chứng nhận không thể dài quá 10 năm."), field="expires_on")


def _number(raw: str, but: int = 0) -> str:
    number = facts.needed_line(raw, "number")
    if len(number) > 80 or not certificate_key(number):
        raise Invalid(N_("Số chứng nhận phải có chữ hoặc số và không quá 80 ký tự."), field="number")
    taken = select(Certificate.id).where(Certificate.number_key == certificate_key(number), Certificate.id != but)
    if session().scalar(taken) is not None:
        raise NumberTaken(field="number")
    return number


def _own_number() -> AbstractContextManager[None]:
    return unique("certificates.number", "certificates.number_key", otherwise=lambda: NumberTaken(field="number"))


def issue_certificate(
    actor: Actor,
    product_id: int,
    *,
    number: str,
    level: CertificateLevel,
    stars: int,
    issued_on: date,
    expires_on: date | None = None,
    decision_number: str | None = None,
    decided_on: date | None = None,
    score: Decimal | None = None,
    source_url: str | None = None,
    is_demo: bool = False,
    file: bytes | None = None,
) -> int:
    """Enter a product's certificate; returns its id. Without `expires_on` it holds for 36 months. `file`: its paper.

    Raises:
        NoSuchProduct, BadDocument.
        NumberTaken: a certificate with that number (whatever separators it is written with) is known.
        Invalid: stars, score or days make no sense; `field` names the fact.
    """
    values: dict[str, Any] = {
        "level": facts.one_of(CertificateLevel)(level, "level"),
        "decision_number": (facts.line(decision_number, "decision_number") or "")[:80] or None,
        "decided_on": decided_on,
        "score": facts.decimal("0", "100", 2)(score, "score"),
        "stars": stars,
        "issued_on": issued_on,
        "expires_on": expires_on or clock.add_months(issued_on, MONTHS),
        "source_url": facts.prose(source_url, "source_url"),
        "is_demo": is_demo,
        "file_key": documents.keep(file) if file else None,
    }
    _check(values)
    with _own_number(), transaction() as s:
        product = products.locked(product_id)
        made = Certificate(product_id=product_id, number=_number(number), created_at=clock.now(), **values)
        made.told_in_force = _in_force(made, clock.today())
        s.add(made)
        s.flush()
        audit.record(actor, "catalog.issue-certificate", products.target(product), number=made.number, **values)
        _tell(made)
        return made.id


def _in_force(c: Certificate, day: date) -> bool:
    return c.issued_on <= day <= c.expires_on and (c.revoked_on is None or c.revoked_on > day)


def _tell(c: Certificate) -> None:
    session().flush()
    events.publish(CertificateChanged(c.id, c.product_id))


# What may be corrected of a certificate. Its product stays: a certificate never moves to other goods.
FIELDS = ("number", "level", "decision_number", "decided_on", "score", "stars", "issued_on", "expires_on", "source_url")


# What a decision says of a certificate, and who can say whether one rests on a signed decision: the room above says so here.
OF_DECISIONS = frozenset({"level", "decision_number", "decided_on", "stars", "issued_on"})
_bound: list[Callable[[int], bool]] = []


def bind(rests_on_a_decision: Callable[[int], bool]) -> None:
    """Say how to know whether a certificate was issued by a decision that is entered: what that says is not corrected in
    the certificate alone."""
    _bound[:] = [rests_on_a_decision]


def rests_on_a_decision(certificate_id: int) -> bool:
    """Whether the certificate was issued by a decision that is entered: only another decision takes it back."""
    return any(check(certificate_id) for check in _bound)


def update_certificate(actor: Actor, certificate_id: int, **changes: Any) -> bool:
    """Correct a certificate's facts (`FIELDS`); returns whether anything changed.

    Raises:
        NotFound, NumberTaken, Invalid.
        Conflict: it is revoked, or a signed decision says otherwise.
    """
    unknown = set(changes) - set(FIELDS)
    if unknown:
        raise TypeError(f"no such fact of a certificate: {', '.join(sorted(unknown))}")
    with _own_number(), transaction():
        row = locked(Certificate, certificate_id, NotFound)
        if row.revoked_on is not None:
            raise Conflict(N_("Chứng nhận đã bị thu hồi nên không sửa được nữa."))
        values = {name: getattr(row, name) for name in FIELDS} | changes
        values["number"] = _number(values["number"], but=row.id)
        values["level"] = facts.one_of(CertificateLevel)(values["level"], "level")
        values["score"] = facts.decimal("0", "100", 2)(values["score"], "score")
        values["decision_number"] = (facts.line(values["decision_number"], "decision_number") or "")[:80] or None
        values["source_url"] = facts.prose(values["source_url"], "source_url")
        _check(values)
        differs = {name for name in OF_DECISIONS if getattr(row, name) != values[name]}
        if differs and rests_on_a_decision(row.id):
            raise Conflict(
                N_("Chứng nhận này theo quyết định đã ký: cấp, quyết định, sao và ngày cấp không sửa riêng được."),
                field=sorted(differs)[0],
            )
        before, after = facts.apply(row, values)
        if not before:
            return False
        row.number_key = certificate_key(row.number)
        row.told_in_force = _in_force(row, clock.today())
        audit.record(actor, "catalog.update-certificate", products.target(row.product), before=before, after=after)
        _tell(row)
        return True


def set_certificate_file(actor: Actor, certificate_id: int, content: bytes) -> None:
    """Keep the paper of a certificate (PDF or photograph).

    Raises:
        NotFound, BadDocument.
    """
    key = documents.keep(content)
    with transaction():
        row = locked(Certificate, certificate_id, NotFound)
        before, row.file_key = row.file_key, key
        audit.record(
            actor, "catalog.certificate-file", products.target(row.product), number=row.number, before=before, after=key
        )
        _tell(row)


def revoke_certificate(actor: Actor, certificate_id: int, reason: str, on: date | None = None) -> None:
    """End a certificate before its time: from the business day `on` (today, if not given) it no longer holds.

    Raises:
        NotFound.
        Invalid: no reason was given, or `on` lies outside the certificate's span.
        Conflict: it is revoked already.
    """
    reason = facts.prose(reason, "reason") or ""
    if not reason:
        raise Invalid(N_("Hãy ghi lý do thu hồi."), field="reason")
    day = on or clock.today()
    with transaction():
        row = locked(Certificate, certificate_id, NotFound)
        if row.revoked_on is not None:
            raise Conflict(N_("Chứng nhận này đã được thu hồi."))
        if not row.issued_on <= day <= row.expires_on:
            raise Invalid(N_("Ngày thu hồi phải nằm trong thời hạn của chứng nhận."), field="revoked_on")
        row.revoked_on, row.revoked_reason = day, reason
        row.told_in_force = _in_force(row, clock.today())
        audit.record(
            actor, "catalog.revoke-certificate", products.target(row.product), number=row.number, on=day, reason=reason
        )
        _tell(row)


def replace_certificate(actor: Actor, certificate_id: int, by: int) -> None:
    """A later decision puts the certificate `by` in the place of this one. It no longer holds from today, or from the first day
    of `by` if that is later: what was sold under it until then was sold rightly.

    Raises:
        NotFound.
        Conflict: it is revoked or replaced already, has ended, or `by` is of other goods or does not follow it.
    """
    with transaction():
        row, after = locked(Certificate, certificate_id, NotFound), session().get(Certificate, by)
        day = max(clock.today(), after.issued_on) if after else clock.today()
        if after is None or after.product_id != row.product_id or after.issued_on <= row.issued_on:
            raise Conflict(N_("Chứng nhận mới phải của cùng sản phẩm và bắt đầu sau chứng nhận cũ."))
        if row.revoked_on is not None or row.expires_on < day:
            raise Conflict(N_("Chứng nhận này không còn hiệu lực nên không thay được."))
        row.revoked_on, row.replaced_by_id = day, after.id
        row.told_in_force = _in_force(row, clock.today())
        audit.record(
            actor,
            "catalog.replace-certificate",
            products.target(row.product),
            number=row.number,
            by=after.number,
            on=day,
        )
        _tell(row)


def let_hold(actor: Actor, certificate_id: int, last: date, reason: str) -> bool:
    """Let a certificate hold through `last`, past the end of its term, while its renewal is decided; `reason` names the rule.
    Returns whether anything changed.

    Raises:
        NotFound.
        Conflict: it is revoked or replaced.
        Invalid: `last` is not after its term.
    """
    with transaction():
        row = locked(Certificate, certificate_id, NotFound)
        if row.revoked_on is not None:
            raise Conflict(N_("Chứng nhận đã bị thu hồi nên không sửa được nữa."))
        term = row.term_ends_on or row.expires_on
        if last <= term:
            raise Invalid(N_("Ngày được dùng tiếp phải sau ngày hết hạn."), field="expires_on")
        if row.expires_on == last:
            return False
        before, row.term_ends_on, row.expires_on = row.expires_on, term, last
        row.told_in_force = _in_force(row, clock.today())
        audit.record(
            actor, "catalog.let-certificate-hold", products.target(row.product), number=row.number, before=before,
            after=last, reason=reason,
        )  # fmt: skip
        _tell(row)
        return True


def end_holding(actor: Actor, certificate_id: int, reason: str) -> bool:
    """The renewal is decided: what held past its term holds through today and no longer, what is within its term ends with it.
    Returns whether anything changed.

    Raises:
        NotFound.
    """
    with transaction():
        row = locked(Certificate, certificate_id, NotFound)
        last = max(row.term_ends_on or row.expires_on, clock.today())
        if row.term_ends_on is None or row.revoked_on is not None or row.expires_on <= last:
            return False
        row.expires_on = last
        if last == row.term_ends_on:
            row.term_ends_on = None
        row.told_in_force = _in_force(row, clock.today())
        audit.record(
            actor, "catalog.end-holding", products.target(row.product), number=row.number, last=last, reason=reason
        )
        _tell(row)
        return True


def tell_certificates(day: date | None = None) -> int:
    """Tell of certificates that began or lapsed since they were told of last; returns how many. Safe to repeat."""
    day = day or clock.today()
    holds = rules.certificate_in_force(day)
    turned = or_(and_(Certificate.told_in_force, not_(holds)), and_(not_(Certificate.told_in_force), holds))
    ids = session().scalars(select(Certificate.id).where(turned).order_by(Certificate.id)).all()
    told = 0
    for batch in in_batches(ids, 200):
        with transaction() as s:
            rows = s.scalars(
                select(Certificate).where(Certificate.id.in_(batch), turned).order_by(Certificate.id).with_for_update()
            ).all()
            for row in rows:
                row.told_in_force = _in_force(row, day)
            s.flush()
            for row in rows:
                events.publish(CertificateChanged(row.id, row.product_id))
            told += len(rows)
    return told
