"""What staff see of the units, and what the checks of the books ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import aliased

from shop.kernel import clock, tables
from shop.kernel.db import session
from shop.kernel.errors import N_
from shop.places import names
from shop.places.models import Level, Source, Succession, Unit
from shop.places.queries.search import without_type
from shop.places.queries.units import COLUMNS, UnitView, in_force, province_choices


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A row of the office's list."""

    unit: UnitView
    above: str
    note: str | None
    source: str | None
    source_url: str | None
    by_staff: bool


_PARENT = aliased(Unit)
_ABOVE = (
    select(_PARENT.name)
    .where(
        _PARENT.code == Unit.parent_code,
        or_(_PARENT.valid_from.is_(None), Unit.valid_to.is_(None), _PARENT.valid_from < Unit.valid_to),
        or_(_PARENT.valid_to.is_(None), Unit.valid_from.is_(None), _PARENT.valid_to > Unit.valid_from),
    )
    .order_by(_PARENT.id.desc())
    .limit(1)
    .correlate(Unit)
    .scalar_subquery()
)
_ROW = select(*COLUMNS, _ABOVE.label("above"), Unit.note, Source.title, Source.url, Unit.by_staff).outerjoin(
    Source, Source.id == Unit.source_id
)


def _row(row: Any) -> UnitRow:
    n = len(COLUMNS)
    return UnitRow(UnitView(*row[:n]), row[n] or "", *row[n + 1 :])


def _of_province(code: str) -> ColumnElement[bool]:
    below = select(Unit.code).where(Unit.parent_code == code)
    return or_(Unit.code == code, Unit.parent_code == code, Unit.parent_code.in_(below))


def _in_state(state: str) -> ColumnElement[bool]:
    today = clock.today()
    if state == "now":
        now: ColumnElement[bool] = in_force(today)
        return now
    ended: ColumnElement[bool] = Unit.valid_to <= today
    return ended if state == "past" else Unit.from_exact.is_(False)


def _fits(typed: str) -> ColumnElement[bool]:
    if typed.isdigit():
        return Unit.code == typed
    kinds, wanted = without_type(names.fold(typed) + " ")
    wanted = wanted.strip()
    like = or_(Unit.folded.startswith(wanted), Unit.folded.contains(" " + wanted))
    return and_(like, Unit.type.in_(kinds)) if kinds else like


UNITS = tables.Table(
    name="dia-danh",
    columns=[
        tables.Column("name", N_("Tên"), sort=(Unit.sort_key,), value=lambda row: row.unit.name),
        tables.Column("code", N_("Mã"), sort=(Unit.code,), value=lambda row: row.unit.code),
        tables.Column("type", N_("Loại"), on_page=False, value=lambda row: row.unit.type.value),
        tables.Column("above", N_("Thuộc")),
        tables.Column("from", N_("Từ"), "num", sort=(Unit.valid_from,), value=lambda row: row.unit.valid_from),
        tables.Column("to", N_("Đến trước"), "num", sort=(Unit.valid_to,), value=lambda row: row.unit.valid_to),
        tables.Column("exact", N_("Ngày chính xác"), on_page=False, value=lambda row: row.unit.from_exact),
        tables.Column("source", N_("Nguồn"), on_page=False),
        tables.Column("note", N_("Ghi chú"), value=lambda row: row.note or ""),
    ],
    order="name",
    tie=Unit.id,
    filters=[
        tables.Filter("level", N_("Cấp"), lambda value: Unit.level == Level(value), [
            (Level.PROVINCE, N_("Tỉnh, thành phố")),
            (Level.DISTRICT, N_("Huyện (trước 7/2025)")),
            (Level.COMMUNE, N_("Xã, phường")),
        ]),
        tables.Filter("province", N_("Tỉnh"), _of_province, province_choices),
        tables.Filter("state", N_("Hiệu lực"), _in_state, [
            ("now", N_("Đang có hiệu lực")),
            ("past", N_("Đã hết hiệu lực")),
            ("open", N_("Chưa rõ ngày bắt đầu")),
        ]),
    ],
    search=_fits,
)  # fmt: skip


def office_units(args: Mapping[str, str]) -> tables.View:
    """The office's list of units, as the address asks for it."""
    return UNITS.open(args, "/office/places", _ROW, make=_row)


def history(code: str) -> list[UnitRow]:
    """All rows of a code, newest first."""
    rows = [_row(row) for row in session().execute(_ROW.where(Unit.code == code))]
    return sorted(rows, key=lambda r: r.unit.valid_to or date.max, reverse=True)


def predecessors(code: str) -> list[tuple[str, str, bool, date]]:
    """(old code, old name, partly, day) of what became part of the unit, by name."""
    rows = session().execute(
        select(Succession.old_code, Unit.name, Succession.partly, Succession.changed_on)
        .outerjoin(Unit, and_(Unit.code == Succession.old_code, Unit.valid_to == Succession.changed_on))
        .where(Succession.new_code == code)
        .order_by(Unit.sort_key, Succession.old_code)
    )
    return [(old, name or "", partly, changed) for old, name, partly, changed in rows]


def overlapping_codes(only: str | None = None) -> list[str]:
    """Codes that two units have at the same time (there must be none)."""
    a, b = aliased(Unit), aliased(Unit)
    query = (
        select(a.code)
        .join(b, and_(a.code == b.code, a.id < b.id))
        .where(
            or_(a.valid_to.is_(None), b.valid_from.is_(None), a.valid_to > b.valid_from),
            or_(b.valid_to.is_(None), a.valid_from.is_(None), b.valid_to > a.valid_from),
        )
        .distinct()
        .limit(100)
    )
    if only is not None:
        query = query.where(a.code == only)
    return list(session().scalars(query))
