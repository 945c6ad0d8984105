"""The list of fairs for staff: sorted, filtered, exported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext
from sqlalchemy import ColumnElement, and_, func, or_, select

from shop.exhibitions.models.calls import Application, ApplicationState
from shop.exhibitions.models.fairs import (
    FAIR_KIND_NAMES,
    FAIR_STATE_NAMES,
    Booth,
    Exhibition,
    FairKind,
    FairState,
)
from shop.kernel import clock, tables
from shop.kernel.errors import N_

WHEN = {"coming": N_("Sắp tới và đang mở"), "past": N_("Đã qua")}


def _when(value: str) -> ColumnElement[bool]:
    coming = and_(Exhibition.to_on > clock.today(), Exhibition.state.not_in((FairState.RECORDED, FairState.CANCELLED)))
    return coming if value == "coming" else or_(~coming, Exhibition.to_on.is_(None))


def _like(q: str) -> ColumnElement[bool]:
    like = "%" + q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    return or_(*(c.ilike(like, escape="\\") for c in (Exhibition.name, Exhibition.venue, Exhibition.slug)))


_booths = (
    select(func.count(Booth.id)).where(Booth.exhibition_id == Exhibition.id).correlate(Exhibition).scalar_subquery()
)
_applications = (
    select(func.count(Application.id))
    .where(
        Application.exhibition_id == Exhibition.id,
        Application.state.not_in((ApplicationState.DRAFT, ApplicationState.WITHDRAWN)),
    )
    .correlate(Exhibition)
    .scalar_subquery()
)

TABLE = tables.Table(
    name="hoi-cho",
    columns=(
        tables.Column("name", N_("Tên"), sort=(Exhibition.sort_name,)),
        tables.Column("kind", N_("Cấp"), sort=(Exhibition.kind,), value=lambda f: gettext(FAIR_KIND_NAMES[f.kind])),
        tables.Column("from_on", N_("Khai mạc"), sort=(Exhibition.from_on, Exhibition.date_text)),
        tables.Column("last_on", N_("Bế mạc"), sort=(Exhibition.to_on,)),
        tables.Column("date_text", N_("Ngày theo nguồn"), on_page=False),
        tables.Column("venue", N_("Nơi tổ chức"), sort=(Exhibition.venue,)),
        tables.Column("organiser", N_("Đơn vị tổ chức"), on_page=False),
        tables.Column("booths", N_("Gian trên sơ đồ"), "num", sort=(_booths,)),
        tables.Column("applications", N_("Hồ sơ đã nộp"), "num", sort=(_applications,)),
        tables.Column(
            "state", N_("Trạng thái"), sort=(Exhibition.state,), value=lambda f: gettext(FAIR_STATE_NAMES[f.state])
        ),
    ),
    order="-from_on",
    tie=Exhibition.id,
    filters=(
        tables.Filter("when", N_("Thời gian"), _when, list(WHEN.items())),
        tables.Filter(
            "state",
            N_("Trạng thái"),
            lambda v: Exhibition.state == FairState(v),
            [(s.value, label) for s, label in FAIR_STATE_NAMES.items()],
        ),
        tables.Filter(
            "kind",
            N_("Cấp"),
            lambda v: Exhibition.kind == FairKind(v),
            [(k.value, label) for k, label in FAIR_KIND_NAMES.items()],
        ),
    ),
    search=_like,
)


class Line:
    """A row of the list: the fair's own facts and what was counted beside it."""

    def __init__(self, row: Any) -> None:
        self.fair: Exhibition = row[0]
        self.booths: int = row.booths
        self.applications: int = row.applications

    def __getattr__(self, name: str) -> Any:
        return getattr(self.fair, name)


def fairs(args: Mapping[str, str], scopes: frozenset[str]) -> tables.View:
    """The list as the address asks for it, of the fairs that `scopes` cover."""
    wanted = select(Exhibition, _booths.label("booths"), _applications.label("applications"))
    if "*" not in scopes:
        ids = [int(key) for kind, _, key in (s.partition(":") for s in scopes) if kind == "exhibition"]
        wanted = wanted.where(Exhibition.id.in_(ids))
    return TABLE.open(args, "/office/exhibitions", wanted, make=Line)
