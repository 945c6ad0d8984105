"""What stands on the paper of a decision beside its head: bases, councils, products with makers and places."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from shop.catalog.models import Certificate, Listing, Product, ProductSet
from shop.decisions import terms
from shop.decisions.models import Decision, DecisionLine, Ground
from shop.kernel import clock
from shop.kernel.db import session
from shop.producers.models import Producer
from shop.programme.models.councils import Council, CouncilSession, Hearing


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the annex."""

    product_id: int
    product: str
    producer_id: int | None
    producer: str | None
    place: str | None
    set_number: int
    set_name: str
    dossier_code: str | None
    score: Decimal | None
    stars: int | None
    certificate: str | None
    expires_on: date | None
    ground: Ground | None
    reason: str | None
    issued_on: date | None


@dataclass(frozen=True, slots=True)
class Heard:
    """A session of a council that heard some of the products."""

    council: str
    number: int
    held_on: date
    place: str | None


def lines(decision_id: int) -> list[Line]:
    """The products of a decision in the order of its annex; one statement."""
    n, x = DecisionLine, Listing
    rows: Any = session().execute(
        select(
            n.product_id, Product.name, Product.producer_id, Producer.name, x.place, ProductSet.number, ProductSet.name,
            n.dossier_code, n.score, n.stars, n.certificate_number, Certificate.number, n.expires_on, n.ground, n.reason,
            Certificate.issued_on,
        )
        .join(Product, Product.id == n.product_id)
        .join(ProductSet, ProductSet.id == Product.set_id)
        .outerjoin(Producer, Producer.id == Product.producer_id)
        .outerjoin(x, x.product_id == n.product_id)
        .outerjoin(Certificate, Certificate.id == n.certificate_id)
        .where(n.decision_id == decision_id)
        .order_by(n.position, n.id)
    )  # fmt: skip
    made: list[tuple[Any, ...]] = [(*row[:10], row[10] or row[11], *row[12:]) for row in rows]
    return [Line(*values) for values in made]


def sessions(dossier_ids: Iterable[int]) -> list[Heard]:
    """The sessions whose result the dossiers have, in the order of their days."""
    h, m = Hearing, CouncilSession
    rows = session().execute(
        select(Council.name, m.number, m.held_on, m.place)
        .join(Council, Council.id == m.council_id)
        .where(m.id.in_(select(h.session_id).where(h.dossier_id.in_(list(dossier_ids)), h.total.is_not(None))))
        .order_by(m.held_on, m.id)
    )
    return [Heard(*row) for row in rows]


def offered(row: Decision) -> dict[str, str]:
    """What the form for the paper begins with: what was typed, else what stood on the last paper of this kind and level."""
    if row.paper is not None:
        return dict(row.paper)
    d = Decision
    last = session().scalar(
        select(d.paper)
        .where(d.kind == row.kind, d.level == row.level, d.paper.is_not(None), d.is_demo == row.is_demo)
        .order_by(d.id.desc())
        .limit(1)
    )
    law = terms.on(row.decided_on or clock.today())
    if last:
        return dict(last)
    return {"place": row.issuer.partition(" tỉnh ")[2], "basis": f"Quyết định số {law.law} của Thủ tướng Chính phủ"}
