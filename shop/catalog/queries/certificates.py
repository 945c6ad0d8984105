"""Certificates: the one in force, asked by number, and those that end soon. None ever counts for another product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from shop.catalog import rules
from shop.catalog.models import Certificate, CertificateLevel, Product, ProductState, certificate_key
from shop.kernel import clock
from shop.kernel.db import session
from shop.producers.models import Producer


def best_certificate(day: Any) -> Any:
    """The certificate of a product that counts on `day`: most stars, then the longest validity."""
    c = aliased(Certificate)
    return (
        select(c.id)
        .where(c.product_id == Product.id, rules.certificate_in_force(day, c))
        .order_by(c.stars.desc(), c.expires_on.desc(), c.id.desc())
        .limit(1)
        .correlate(Product)
        .scalar_subquery()
    )


@dataclass(frozen=True, slots=True)
class CertificateInForce:
    """A certificate that holds on a given day."""

    certificate_id: int
    product_id: int
    number: str
    level: CertificateLevel
    decision_number: str | None
    stars: int
    issued_on: date
    expires_on: date
    is_demo: bool
    term_ends_on: date | None


def current_certificates(product_ids: Sequence[int], on: date) -> dict[int, CertificateInForce]:
    """The certificate in force on the business day `on` of each of `product_ids`; those without one are missing."""
    if not product_ids:
        return {}
    c = Certificate
    rows: Any = session().execute(
        select(
            c.id,
            c.product_id,
            c.number,
            c.level,
            c.decision_number,
            c.stars,
            c.issued_on,
            c.expires_on,
            c.is_demo,
            c.term_ends_on,
        )
        .where(c.product_id.in_(product_ids), rules.certificate_in_force(on))
        .order_by(c.stars, c.expires_on, c.id)  # the last one of a product wins: most stars, then the longest
    )
    return {row[1]: CertificateInForce(*row) for row in rows}


def current_certificate(product_id: int, on: date) -> CertificateInForce | None:
    """The certificate of the product in force on the business day `on`, or None. No other product's ever counts."""
    return current_certificates([product_id], on).get(product_id)


class Standing(StrEnum):
    """What a certificate is on a given day."""

    VALID = "valid"
    PENDING = "pending"
    LAPSED = "lapsed"
    REVOKED = "revoked"
    REPLACED = "replaced"


def standing(c: Certificate, day: date) -> Standing:
    """What the certificate `c` is on the business day `day`."""
    if c.revoked_on is not None and c.revoked_on <= day:
        return Standing.REVOKED if c.replaced_by_id is None else Standing.REPLACED
    if c.expires_on < day:
        return Standing.LAPSED
    return Standing.VALID if c.issued_on <= day else Standing.PENDING


def waits(c: Any, day: date) -> bool:
    """Whether the certificate `c` is used on `day` beyond its own term because its renewal is not decided: `expires_on` is then
    only the last day that the law may allow (26/2026/QĐ-TTg art. 12.3), and says nothing of how long it will really hold."""
    return c.term_ends_on is not None and c.expires_on > day


def certificate_by_number(number: str) -> tuple[Certificate, Product, Producer | None] | None:
    """The certificate that a person means by `number` (marks, blanks and separators do not matter), its product and maker."""
    key = certificate_key(number)
    if not key:
        return None
    row = (
        session()
        .execute(
            select(Certificate, Product, Producer)
            .join(Product, Product.id == Certificate.product_id)
            .outerjoin(Producer, Producer.id == Product.producer_id)
            .where(Certificate.number_key == key)
            .order_by((Certificate.number == number).desc(), Certificate.id)
            .limit(1)
        )
        .one_or_none()
    )
    return None if row is None else (row[0], row[1], row[2])


@dataclass(frozen=True, slots=True)
class Ending:
    """A certificate that ends soon. `days` are those left, today not counted."""

    certificate_id: int
    number: str
    product_id: int
    slug: str
    product_name: str
    producer_name: str | None
    stars: int
    expires_on: date
    days: int


def ending_within(days: int, *, on: date | None = None) -> list[Ending]:
    """Certificates in force that end within `days` days and that no later one of the same product follows, soonest first."""
    today = on or clock.today()
    c, later = Certificate, aliased(Certificate)
    followed = (
        select(later.id)
        .where(later.product_id == c.product_id, later.expires_on > c.expires_on, later.revoked_on.is_(None))
        .exists()
    )
    rows = session().execute(
        select(c.id, c.number, Product.id, Product.slug, Product.name, Producer.name, c.stars, c.expires_on)
        .join(Product, Product.id == c.product_id)
        .outerjoin(Producer, Producer.id == Product.producer_id)
        .where(rules.certificate_in_force(today), c.expires_on <= today + timedelta(days=days), ~followed)
        .where(Product.state != ProductState.HIDDEN)
        .order_by(c.expires_on, c.id)
    )
    return [Ending(*row, (row[-1] - today).days) for row in rows]


def ending_counts(*, on: date | None = None) -> dict[int, int]:
    """How many certificates end within 30, 120 and 180 days (each count holds the ones before it).

    26/2026/QĐ-TTg art. 7.6: the file for renewal is handed in from 180 to 120 days before the certificate ends.
    """
    found = ending_within(180, on=on)
    return {days: sum(1 for e in found if e.days <= days) for days in (30, 120, 180)}
