"""Reads of the programme: the sheets in force, a producer's goods with what he scored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, or_, select

from shop.catalog.models import Product, ProductSet, ProductState
from shop.kernel import clock, tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.programme import sheets
from shop.programme.models.scoring import ScoringSheet, SelfScore


def _in_force(day: date) -> Any:
    return and_(ScoringSheet.valid_from <= day, or_(ScoringSheet.valid_to.is_(None), ScoringSheet.valid_to > day))


@dataclass(frozen=True, slots=True)
class OfficialSheet:
    """A sheet with where it comes from and the set it is for."""

    id: int
    sheet: sheets.Sheet
    set_name: str
    set_name_en: str
    subgroup: str | None
    decision: str
    valid_from: date
    valid_to: date | None
    source_url: str


_SHEET = (
    ScoringSheet.id,
    ScoringSheet.content,
    ProductSet.name,
    ProductSet.name_en,
    ProductSet.subgroup,
    ScoringSheet.decision,
    ScoringSheet.valid_from,
    ScoringSheet.valid_to,
    ScoringSheet.source_url,
)
_SAME_SET = and_(ProductSet.scheme == ScoringSheet.scheme, ProductSet.number == ScoringSheet.set_number)


def _made(row: Any) -> OfficialSheet:
    return OfficialSheet(row[0], sheets.restored(row[1]), *row[2:])


def sheet_of(product_id: int, day: date) -> OfficialSheet | None:
    """The sheet by which a product is scored on `day`; None if no decision has one for its set."""
    found = session().execute(
        select(*_SHEET)
        .join(ProductSet, _SAME_SET)
        .join(Product, Product.set_id == ProductSet.id)
        .where(Product.id == product_id, _in_force(day))
        .order_by(ScoringSheet.valid_from.desc())
        .limit(1)
    )
    row = found.first()
    return _made(row) if row else None


def sheet_by_id(sheet_id: int) -> OfficialSheet:
    """The sheet with this id, in force or not: what was handed in by it is scored by it.

    Raises:
        NotFound: there is none.
    """
    row = (
        session()
        .execute(select(*_SHEET).join(ProductSet, _SAME_SET).where(ScoringSheet.id == sheet_id).limit(1))
        .first()
    )
    if row is None:
        raise NotFound
    return _made(row)


def sheet_by_number(number: int, day: date) -> OfficialSheet:
    """The sheet of the set with `number` that is in force on `day`.

    Raises:
        NotFound: there is none.
    """
    if not 1 <= number <= 9999:
        raise NotFound
    found = session().execute(
        select(*_SHEET)
        .join(ProductSet, _SAME_SET)
        .where(ScoringSheet.set_number == number, _in_force(day))
        .order_by(ScoringSheet.valid_from.desc())
        .limit(1)
    )
    row = found.first()
    if row is None:
        raise NotFound
    return _made(row)


SHEETS = tables.Table(
    name="phieu-cham",
    columns=(
        tables.Column("number", N_("Phiếu số"), "num", sort=(ScoringSheet.set_number,)),
        tables.Column("name", N_("Bộ sản phẩm")),
        tables.Column("decision", N_("Quyết định"), sort=(ScoringSheet.decision,)),
        tables.Column("valid_from", N_("Áp dụng từ"), sort=(ScoringSheet.valid_from,)),
        tables.Column("valid_to", N_("Đến trước")),
    ),
    order="number",
    tie=ScoringSheet.id,
    search=lambda q: ProductSet.slug.contains("-".join(text.words(q)), autoescape=True),
)


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One line of the list of sheets."""

    number: int
    name: str
    decision: str
    valid_from: date
    valid_to: date | None


def sheet_rows() -> Any:
    """The statement behind `SHEETS`."""
    return select(
        ScoringSheet.set_number, ProductSet.name, ScoringSheet.decision, ScoringSheet.valid_from, ScoringSheet.valid_to
    ).join(ProductSet, _SAME_SET)


@dataclass(frozen=True, slots=True)
class OwnRow:
    """A product of a producer, the set it is scored as, and what he came to; `answered` of `asked` questions."""

    slug: str
    name: str
    set_name: str
    total: int | None
    stars: int | None
    answered: int | None
    saved_at: datetime | None
    saved_label: str | None


OWN = tables.Table(
    name="tu-cham",
    columns=(
        tables.Column("name", N_("Sản phẩm"), sort=(Product.sort_name,)),
        tables.Column("set_name", N_("Bộ sản phẩm")),
        tables.Column("total", N_("Điểm"), "num", sort=(SelfScore.total,)),
        tables.Column("stars", N_("Sao"), "num", sort=(SelfScore.stars,)),
        tables.Column("saved_at", N_("Lưu lúc"), sort=(SelfScore.saved_at,)),
    ),
    order="name",
    tie=Product.id,
)


def own_rows(producer_id: int) -> Any:
    """The statement behind `OWN`: the producer's goods, hidden ones aside."""
    today = clock.today()
    score = and_(
        SelfScore.product_id == Product.id,
        SelfScore.sheet_id.in_(select(ScoringSheet.id).where(_in_force(today))),
    )
    return (
        select(
            Product.slug,
            Product.name,
            ProductSet.name,
            SelfScore.total,
            SelfScore.stars,
            SelfScore.answered,
            SelfScore.saved_at,
            SelfScore.saved_label,
        )
        .join(ProductSet, ProductSet.id == Product.set_id)
        .outerjoin(SelfScore, score)
        .where(Product.producer_id == producer_id, Product.state != ProductState.HIDDEN)
    )


@dataclass(frozen=True, slots=True)
class Scored:
    """A product to be scored: its sheet, and what was kept last."""

    product_id: int
    producer_id: int
    slug: str
    name: str
    official: OfficialSheet
    answers: dict[str, int]
    stops: list[str]
    version: int
    saved_at: datetime | None
    saved_label: str | None


def scored(slug: str) -> Scored:
    """What a producer needs to score his product.

    Raises:
        NotFound: there is no such product of a producer, or no sheet holds for its set today.
    """
    found = session().execute(select(Product.id, Product.producer_id, Product.name).where(Product.slug == slug)).first()
    official = sheet_of(found.id, clock.today()) if found and found.producer_id is not None else None
    if found is None or official is None:
        raise NotFound
    kept = session().scalar(
        select(SelfScore).where(SelfScore.product_id == found.id, SelfScore.sheet_id == official.id)
    )
    return Scored(
        found.id,
        found.producer_id,
        slug,
        found.name,
        official,
        {code: int(n) for code, n in kept.answers.items()} if kept else {},
        list(kept.stops) if kept else [],
        kept.version if kept else 0,
        kept.saved_at if kept else None,
        kept.saved_label if kept else None,
    )


def owner_of(slug: str) -> int | None:
    """The producer of a product; for guards."""
    return session().scalar(select(Product.producer_id).where(Product.slug == slug))
