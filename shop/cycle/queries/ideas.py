"""Reads of ideas: lists for producers and officers, the screening list of a year, groups of products with their history."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import func, or_, select, true

from shop.catalog.models import Product, ProductGroup, ProductState
from shop.cycle.models.ideas import (
    IDEA_KIND_NAMES,
    IDEA_NAMES,
    KEPT,
    Grouping,
    Idea,
    IdeaState,
    IdeaStep,
)
from shop.kernel import clock, db, tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.places import queries as places
from shop.producers import queries as producers
from shop.producers.models import LEGAL_FORM_NAMES, Producer


def idea(reference: str) -> Idea:
    """One idea.

    Raises:
        NotFound.
    """
    found = session().scalar(select(Idea).where(Idea.reference == reference))
    if found is None:
        raise NotFound
    return found


def locked(reference: str) -> Idea:
    """The same, locked for a command.

    Raises:
        NotFound.
    """
    return db.locked(Idea, idea(reference).id, NotFound)


def history(idea_id: int) -> list[IdeaStep]:
    """Its steps, the latest first."""
    return list(session().scalars(select(IdeaStep).where(IdeaStep.idea_id == idea_id).order_by(IdeaStep.id.desc())))


def of_producer(producer_id: int) -> list[Idea]:
    """The ideas of a producer, the latest first."""
    mine = select(Idea).where(Idea.producer_id == producer_id)
    return list(session().scalars(mine.order_by(Idea.id.desc())))


def goods_of(producer_id: int) -> list[tuple[int, str]]:
    """(id, name) of a producer's products for a form."""
    rows = select(Product.id, Product.name).where(
        Product.producer_id == producer_id, Product.state != ProductState.HIDDEN
    )
    return [(row.id, row.name) for row in session().execute(rows.order_by(Product.sort_name, Product.id))]


def makers(scopes: Collection[str]) -> list[tuple[int, str]]:
    """(id, name) of the producers that an officer with these scopes may write an idea for."""
    rows = select(Producer.id, Producer.name).where(producers.covered(scopes))
    return [(row.id, row.name) for row in session().execute(rows.order_by(Producer.sort_name, Producer.id))]


def _may_see(scopes: Collection[str]) -> Any:
    if "*" in scopes:
        return true()
    communes = [s.partition(":")[2] for s in scopes if s.startswith("locality:")]
    return or_(Idea.locality_code.in_(communes), Producer.commune_code.in_(communes))


def waiting(scopes: Collection[str]) -> int:
    """How many ideas and plans wait for an officer with these scopes."""
    mine = select(func.count(Idea.id)).join(Producer, Producer.id == Idea.producer_id)
    to_read = Idea.state.in_((IdeaState.SUBMITTED, IdeaState.PLANNED))
    return session().scalar(mine.where(to_read, _may_see(scopes))) or 0


def office_scope(reference: str, **_values: Any) -> str | None:
    """A guard's scope: the locality of the idea's producer, once the idea was submitted; a draft is the producer's alone."""
    row = session().execute(
        select(Idea.state, Idea.locality_code, Producer.commune_code)
        .join(Producer, Producer.id == Idea.producer_id)
        .where(Idea.reference == reference)
    )
    found = row.first()
    if found is None:
        return None
    code = found.locality_code or found.commune_code
    return f"locality:{code}" if code else None


def portal_scope(reference: str, **_values: Any) -> str | None:
    """A guard's scope: the producer whose idea it is."""
    found = session().scalar(select(Idea.producer_id).where(Idea.reference == reference))
    return f"producer:{found}" if found else None


_GROUP = (
    select(ProductGroup.name)
    .join(Grouping, Grouping.group_id == ProductGroup.id)
    .where(Grouping.product_id == Idea.product_id, Grouping.replaced_at.is_(None))
    .order_by(Grouping.scheme.desc())
    .limit(1)
    .correlate(Idea)
    .scalar_subquery()
)


def place_of(row: Any) -> str:
    """The locality of a row of the list, by today's name; empty if it is not known."""
    unit = places.unit(row.locality_code) if row.locality_code else None
    return unit.name if unit else ""


IDEAS = tables.Table(
    name="y-tuong-san-pham",
    columns=(
        tables.Column("name", N_("Ý tưởng"), sort=(Idea.sort_name,)),
        tables.Column("producer", N_("Chủ thể"), sort=(Producer.sort_name,)),
        tables.Column("form", N_("Loại hình"), on_page=False,
                      value=lambda r: gettext(LEGAL_FORM_NAMES[r.form]) if r.form else ""),
        tables.Column("place", N_("Địa phương"), value=place_of),
        tables.Column("kind", N_("Mẫu"), on_page=False, value=lambda r: gettext(IDEA_KIND_NAMES[r.kind])),
        tables.Column("group", N_("Nhóm")),
        tables.Column("state", N_("Tình trạng"), sort=(Idea.state,), value=lambda r: gettext(IDEA_NAMES[r.state])),
        tables.Column("dossier", N_("Hồ sơ")),
    ),
    order="name",
    tie=Idea.id,
    filters=(
        tables.Filter("year", N_("Năm"), lambda v: Idea.year == int(v),
                      lambda: [(str(y), str(y)) for y in years()]),
        tables.Filter("state", N_("Tình trạng"), lambda v: Idea.state == v,
                      tuple((s.value, n) for s, n in IDEA_NAMES.items() if s is not IdeaState.DRAFT)),
        tables.Filter("screened", N_("Sàng lọc"), lambda v: Idea.state.in_(KEPT) if v == "kept" else Idea.state.not_in(KEPT),
                      (("kept", N_("Được chọn")), ("out", N_("Chưa chọn, đã dừng")))),
    ),
    search=lambda q: or_(
        Idea.search_text.contains(text.fold(q), autoescape=True),
        Idea.name.icontains(q, autoescape=True),
        Producer.name.icontains(q, autoescape=True),
    ),
)  # fmt: skip


def years() -> list[int]:
    """The years that have ideas, the latest first."""
    return sorted(set(session().scalars(select(Idea.year).distinct())) | {clock.today().year}, reverse=True)


def office_rows(scopes: Collection[str]) -> Any:
    """The statement behind `IDEAS`: what was submitted."""
    return (
        select(
            Idea.reference, Idea.name, Idea.state, Idea.kind, Idea.year, Idea.locality_code, Idea.is_demo,
            Idea.dossier_code.label("dossier"), Producer.name.label("producer"), Producer.legal_form.label("form"),
            _GROUP.label("group"),
        )
        .join(Producer, Producer.id == Idea.producer_id)
        .where(Idea.state != IdeaState.DRAFT, _may_see(scopes))
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Put:
    """Into which group a product was put; `until` is None for what stands."""

    scheme: str
    group: str
    why: str
    at: datetime
    who: str
    until: datetime | None


def groups_of(product_id: int) -> list[Put]:
    """All groups into which a product was put, the latest first."""
    rows = session().execute(
        select(Grouping, ProductGroup.name)
        .join(ProductGroup, ProductGroup.id == Grouping.group_id)
        .where(Grouping.product_id == product_id)
        .order_by(Grouping.id.desc())
    )
    return [Put(g.scheme, name, g.why, g.said_at, g.said_label, g.replaced_at) for g, name in rows]


def group_choices() -> list[tuple[str, str]]:
    """(id, `2014: Thực phẩm – ẩm thực`) of all groups of all lists, the latest list first."""
    rows = session().execute(
        select(ProductGroup.id, ProductGroup.scheme, ProductGroup.name).order_by(
            ProductGroup.scheme.desc(), ProductGroup.number, ProductGroup.id
        )
    )
    return [(str(row.id), f"{row.scheme}: {row.name}") for row in rows]
