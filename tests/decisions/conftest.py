"""Recognised goods, and decisions that say so."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from PIL import Image

from shop.catalog import services as catalog
from shop.catalog.models import Certificate, CertificateLevel
from shop.decisions.models import Kind, Source
from shop.decisions.services import drafting, signing
from shop.kernel import clock, invariants
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session
from shop.kernel.operations import new_key
from tests import factories

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (320, 240), (20, 90, 90)).save(out, "JPEG")
    return out.getvalue()


def goods(name: str = "Chả mực thử", **values: Any) -> Any:
    """A pack of a producer, for sale only with a certificate."""
    producer = values.pop("producer", None) or factories.make_producer()
    variant = factories.make_variant(name, producer=producer, needs_certificate=True, **values)
    session().refresh(variant)
    return variant


def certificate(variant: Any, ends_in: int, *, stars: int = 4, number: str | None = None) -> Certificate:
    """A certificate that ends so many days from today."""
    last = clock.today() + timedelta(days=ends_in)
    made = catalog.issue_certificate(
        SYSTEM, variant.product_id, number=number or f"QN-{variant.product_id}-{stars}-{ends_in}",
        level=CertificateLevel.PROVINCE, stars=stars, issued_on=clock.add_months(last, -36), expires_on=last,
    )  # fmt: skip
    return session().get_one(Certificate, made)


def drafted(
    *lines: Any, kind: Kind = Kind.GRANT, on: date | None = None, number: str | None = "12/QĐ-UBND", **values: Any
) -> str:
    """A draft by hand with these lines."""
    head = drafting.Head(
        values.pop("level", CertificateLevel.PROVINCE),
        number=number,
        decided_on=on or clock.today(),
        signer="Phó Chủ tịch",
    )
    return drafting.draft(SYSTEM, kind, Source.HISTORY, head, new_key(), lines=lines, **values)


def granted(
    variant: Any, stars: int = 4, score: str | None = "78.5", number: str | None = None, **values: Any
) -> drafting.Grant:
    """A line that recognises."""
    return drafting.Grant(
        variant.product_id,
        stars,
        Decimal(score) if score else None,
        number or f"CN-{variant.product_id}-{stars}",
        **values,
    )


def signed(*lines: Any, **values: Any) -> str:
    """A decision that was signed."""
    reference = drafted(*lines, **values)
    signing.sign(SYSTEM, reference, 1, new_key())
    return reference


@pytest.fixture
def audit_clean() -> Callable[[], None]:
    """Every invariant of these rooms holds."""

    def check() -> None:
        session().rollback()
        found = invariants.run("decisions", "catalog", "orders")
        assert [(one.name, one.offenders) for one in found if not one.ok] == []

    return check
