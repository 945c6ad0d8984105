"""Reads of inspections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext
from sqlalchemy import false, func, or_, select
from sqlalchemy.orm import aliased, selectinload

from shop.inspections.models import RESULT_NAMES, Inspection, Result
from shop.kernel import clock, tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_
from shop.points.models import Point

# A point that was not looked at for so long is due again (days).
DUE_DAYS = 365


@dataclass(frozen=True, slots=True)
class Standing:
    """A point with its last inspection; all of it None where there was none."""

    point_id: int
    slug: str
    name: str
    held_on: date | None
    result: Result | None
    inspector: str | None

    @property
    def due(self) -> bool:
        """Whether it was never looked at, or not for a year."""
        return self.held_on is None or (clock.today() - self.held_on).days > DUE_DAYS


def of_point(point_id: int) -> list[Inspection]:
    """All inspections of a point with their findings, newest first."""
    return list(
        session().scalars(
            select(Inspection)
            .options(selectinload(Inspection.findings))
            .where(Inspection.point_id == point_id)
            .order_by(Inspection.held_on.desc(), Inspection.id.desc())
        )
    )


_last = aliased(Inspection)
_newest = (
    select(_last.id)
    .where(_last.point_id == Point.id)
    .order_by(_last.held_on.desc(), _last.id.desc())
    .limit(1)
    .scalar_subquery()
)


def _state(value: str) -> Any:
    if value == "never":
        return Inspection.id.is_(None)
    return Inspection.result == Result(value)


TABLE = tables.Table(
    name="kiem-tra-diem-ban",
    columns=(
        tables.Column("name", N_("Điểm bán"), sort=(Point.sort_name,)),
        tables.Column("held_on", N_("Kiểm tra gần nhất"), sort=(Inspection.held_on,)),
        tables.Column(
            "result",
            N_("Kết quả"),
            value=lambda s: gettext(RESULT_NAMES[s.result]) if s.result else gettext("Chưa kiểm tra"),
        ),
        tables.Column("inspector", N_("Người kiểm tra")),
    ),
    order="name",
    tie=Point.id,
    filters=(
        tables.Filter(
            "state",
            N_("Kết quả"),
            _state,
            [("never", N_("Chưa kiểm tra")), *((r.value, label) for r, label in RESULT_NAMES.items())],
        ),
    ),
    search=lambda q: Point.slug.contains("-".join(text.words(q)), autoescape=True) if text.words(q) else false(),
)


def standings(args: Mapping[str, str], mine: list[int] | None) -> tables.View:
    """The open points `mine` (None: all) with their last inspection, as the address asks for it."""
    today = clock.today()
    wanted = (
        select(Point.id, Point.slug, Point.name, Inspection.held_on, Inspection.result, Inspection.inspector)
        .outerjoin(Inspection, Inspection.id == _newest)
        .where(or_(Point.closed_on.is_(None), Point.closed_on > today))
    )
    if mine is not None:
        wanted = wanted.where(Point.id.in_(mine) if mine else false())
    return TABLE.open(args, "/office/inspections", wanted, make=lambda row: Standing(*tuple(row)))


def never_inspected(mine: list[int] | None) -> int:
    """How many open, public points were never inspected."""
    wanted = (
        select(func.count())
        .select_from(Point)
        .where(
            Point.is_public,
            or_(Point.closed_on.is_(None), Point.closed_on > clock.today()),
            ~select(Inspection.id).where(Inspection.point_id == Point.id).exists(),
        )
    )
    if mine is not None:
        wanted = wanted.where(Point.id.in_(mine) if mine else false())
    return session().scalar(wanted) or 0
