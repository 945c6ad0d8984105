"""Decisions as the office sees them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext
from sqlalchemy import func, or_, select

from shop.catalog.models import CERTIFICATE_LEVEL_NAMES, Certificate, Product, Variant, certificate_key
from shop.decisions.errors import NoSuchDecision
from shop.decisions.models import KIND_NAMES, SOURCE_NAMES, STATE_NAMES, Decision, DecisionLine, State
from shop.kernel import tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_, Invalid

_LINES = (
    select(func.count())
    .select_from(DecisionLine)
    .where(DecisionLine.decision_id == Decision.id)
    .correlate(Decision)
    .scalar_subquery()
)

DECISIONS = tables.Table(
    name="decisions",
    order="-decided",
    tie=Decision.id,
    columns=[
        tables.Column("number", N_("Số quyết định"), sort=(Decision.number,)),
        tables.Column("decided", N_("Ngày"), sort=(Decision.decided_on,), value="decided_on"),
        tables.Column("kind", N_("Loại"), sort=(Decision.kind,), value=lambda r: gettext(KIND_NAMES[r.kind])),
        tables.Column("issuer", N_("Cơ quan ban hành"), sort=(Decision.issuer,)),
        tables.Column("lines", N_("Sản phẩm"), "num", sort=(_LINES,)),
        tables.Column("state", N_("Tình trạng"), sort=(Decision.state,), value=lambda r: gettext(STATE_NAMES[r.state])),
        tables.Column("source", N_("Nguồn"), on_page=False, value=lambda r: gettext(SOURCE_NAMES[r.source])),
        tables.Column("level", N_("Cấp"), on_page=False, value=lambda r: gettext(CERTIFICATE_LEVEL_NAMES[r.level])),
        tables.Column("signer", N_("Người ký"), on_page=False),
        tables.Column("reference", N_("Mã trong sổ"), on_page=False),
        tables.Column("demo", N_("Minh họa"), on_page=False, value="is_demo"),
    ],
    filters=[
        tables.Filter("state", N_("Tình trạng"), lambda v: Decision.state == v, list(STATE_NAMES.items())),
        tables.Filter("kind", N_("Loại"), lambda v: Decision.kind == v, list(KIND_NAMES.items())),
        tables.Filter("level", N_("Cấp"), lambda v: Decision.level == v, list(CERTIFICATE_LEVEL_NAMES.items())),
        tables.Filter("from", N_("Từ ngày"), lambda day: Decision.decided_on >= day, kind="day"),
    ],
    search=lambda q: or_(
        Decision.number_key.contains(certificate_key(q) or "?", autoescape=True),
        Decision.reference == text.normal_reference(q),
        select(DecisionLine.id)
        .join(Product, Product.id == DecisionLine.product_id)
        .where(
            DecisionLine.decision_id == Decision.id,
            Product.slug.contains("-".join(text.words(q)) or "?", autoescape=True),
        )
        .exists(),
    ),
)


def decisions(args: Mapping[str, str], here: str) -> tables.View:
    """The list."""
    d = Decision
    return DECISIONS.open(
        args,
        here,
        select(
            d.id, d.reference, d.number, d.decided_on, d.kind, d.issuer, d.state, d.source, d.level, d.signer, d.is_demo,
            _LINES.label("lines"),
        ),
    )  # fmt: skip


def one(reference: str) -> Decision:
    """The decision with its lines.

    Raises:
        NoSuchDecision.
    """
    found = (
        session()
        .scalars(select(Decision).where(Decision.reference == text.normal_reference(reference)[:20]))
        .one_or_none()
    )
    if found is None:
        raise NoSuchDecision
    return found


def issued(certificate_id: int) -> bool:
    """Whether a signed decision issued this certificate."""
    found = select(DecisionLine.id).where(
        DecisionLine.certificate_id == certificate_id, DecisionLine.stars.is_not(None)
    )
    return session().scalar(found.limit(1)) is not None


def drafted(dossier_ids: list[int]) -> dict[int, str]:
    """Which of these results stand in a draft already: the draft's reference by dossier."""
    rows = session().execute(
        select(DecisionLine.dossier_id, Decision.reference)
        .join(Decision, Decision.id == DecisionLine.decision_id)
        .where(Decision.state == State.DRAFT, DecisionLine.dossier_id.in_(dossier_ids))
        .order_by(Decision.id)
    )
    return {n: reference for n, reference in rows if n is not None}


def drafts() -> int:
    """How many drafts wait for a signature."""
    return session().scalar(select(func.count()).select_from(Decision).where(Decision.state == State.DRAFT)) or 0


def product_of(typed: str, field: str = "product") -> int:
    """The id of the product that a person means by its address, a SKU or its name.

    Raises:
        Invalid: none, or several of that name.
    """
    wanted = text.clean(typed).replace("\n", " ")[:120]
    s = session()
    found = s.scalar(select(Product.id).where(Product.slug == wanted.lower()))
    if found is None:
        found = s.scalar(select(Variant.product_id).where(Variant.sku == wanted.upper()))
    if found is not None:
        return int(found)
    key = "-".join(text.words(wanted))
    ids = (
        s.scalars(select(Product.id).where(func.lower(Product.name) == wanted.lower()).limit(3)).all()
        or s.scalars(select(Product.id).where(Product.slug.like(f"{key}%")).limit(3)).all()
        if key
        else []
    )
    if len(ids) == 1:
        return int(ids[0])
    if ids:
        raise Invalid(
            N_("Có nhiều sản phẩm tên như thế; hãy ghi mã hàng (SKU) hoặc chọn trong danh sách."), field=field
        )
    raise Invalid(N_("Không có sản phẩm này."), field=field)


def certificate_of(typed: str, field: str = "certificate") -> int:
    """The id of the certificate that a person means by a number.

    Raises:
        Invalid: there is none.
    """
    key = certificate_key(typed)
    found = session().scalar(select(Certificate.id).where(Certificate.number_key == key)) if key else None
    if found is None:
        raise Invalid(N_("Không có chứng nhận này."), field=field)
    return int(found)


def suggestions(limit: int = 400) -> list[tuple[str, str]]:
    """(address, name) of goods, to choose from while one types."""
    rows = session().execute(select(Product.slug, Product.name).order_by(Product.sort_name, Product.id).limit(limit))
    return [(row[0], row[1]) for row in rows]


def named(product_ids: list[int]) -> dict[int, Any]:
    """Products by id."""
    return {p.id: p for p in session().scalars(select(Product).where(Product.id.in_(product_ids)))}
