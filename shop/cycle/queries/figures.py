"""Reads of what producers employ and take in: of one producer, and the statistics of a day by legal form."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext
from sqlalchemy import func, select, true

from shop.cycle.models.figures import ProducerFigure
from shop.kernel import clock, tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.places import queries as places
from shop.producers import queries as producers
from shop.producers.models import LEGAL_FORM_NAMES, Producer, ProducerState

NO_FORM = "none"


def standing(producer_id: int, as_of: date, *, lock: bool = False) -> ProducerFigure | None:
    """What stands of a producer for a day; `lock`: for a command."""
    wanted = select(ProducerFigure).where(
        ProducerFigure.producer_id == producer_id, ProducerFigure.as_of == as_of, ProducerFigure.replaced_at.is_(None)
    )
    return session().scalar(wanted.with_for_update() if lock else wanted)


def of_producer(producer_id: int) -> list[ProducerFigure]:
    """All that was said of a producer, replaced words too, the latest day first."""
    wanted = select(ProducerFigure).where(ProducerFigure.producer_id == producer_id)
    return list(session().scalars(wanted.order_by(ProducerFigure.as_of.desc(), ProducerFigure.id.desc())))


def producer(slug: str) -> Producer:
    """The producer of an address.

    Raises:
        NotFound.
    """
    found = producers.by_slug(slug)
    if found is None:
        raise NotFound
    return found


def years() -> list[int]:
    """The years that are told of, and this one, the latest first."""
    days = session().scalars(select(ProducerFigure.as_of).where(ProducerFigure.replaced_at.is_(None)).distinct())
    return sorted({day.year for day in days} | {clock.today().year}, reverse=True)


def day_of(raw: str) -> date:
    """The day that the statistics of a year are of: its last one, today in the running year (and for what is no year)."""
    today = clock.today()
    year = int(raw) if raw.isascii() and raw.isdigit() and len(raw) == 4 else today.year
    return today if not 2013 <= year < today.year else date(year, 12, 31)


def _latest(column: Any, measure: Any, day: date) -> Any:
    return (
        select(column)
        .where(
            ProducerFigure.producer_id == Producer.id,
            ProducerFigure.replaced_at.is_(None),
            ProducerFigure.as_of <= day,
            measure.is_not(None),
        )
        .order_by(ProducerFigure.as_of.desc())
        .limit(1)
        .correlate(Producer)
        .scalar_subquery()
    )


def _rows(scopes: Collection[str], day: date) -> Any:
    """The producers that work today, each with the last number told of it up to `day`."""
    f = ProducerFigure
    return select(
        Producer.id, Producer.slug, Producer.name, Producer.legal_form.label("form"), Producer.commune_code, Producer.is_demo,
        _latest(f.jobs, f.jobs, day).label("jobs"), _latest(f.as_of, f.jobs, day).label("jobs_on"),
        _latest(f.turnover, f.turnover, day).label("turnover"), _latest(f.as_of, f.turnover, day).label("turnover_on"),
    ).where(producers.covered(scopes), Producer.state == ProducerState.ACTIVE)  # fmt: skip


def place_of(row: Any) -> str:
    """The commune of a row, by today's name; empty if it is not known."""
    unit = places.unit(row.commune_code) if row.commune_code else None
    return unit.name if unit else ""


def _told() -> Any:
    return select(ProducerFigure.id).where(
        ProducerFigure.producer_id == Producer.id, ProducerFigure.replaced_at.is_(None)
    )


TABLE = tables.Table(
    name="so-lieu-chu-the",
    columns=(
        tables.Column("name", N_("Chủ thể"), sort=(Producer.sort_name,)),
        tables.Column("form", N_("Loại hình"), sort=(Producer.legal_form,),
                      value=lambda r: gettext(LEGAL_FORM_NAMES[r.form]) if r.form else ""),
        tables.Column("place", N_("Địa phương"), value=place_of),
        tables.Column("jobs", N_("Lao động"), "num"),
        tables.Column("jobs_on", N_("Lao động tính đến"), on_page=False),
        tables.Column("turnover", N_("Doanh thu 12 tháng"), "num"),
        tables.Column("turnover_on", N_("Doanh thu tính đến"), on_page=False),
    ),
    order="name",
    tie=Producer.id,
    filters=(
        tables.Filter("year", N_("Số liệu cuối năm"), lambda _v: true(), lambda: [(str(y), str(y)) for y in years()]),
        tables.Filter("form", N_("Loại hình"),
                      lambda v: Producer.legal_form.is_(None) if v == NO_FORM else Producer.legal_form == v,
                      (*((form.value, name) for form, name in LEGAL_FORM_NAMES.items()), (NO_FORM, N_("Chưa rõ")))),
        tables.Filter("told", N_("Số liệu"), lambda v: _told().exists() if v == "1" else ~_told().exists(),
                      (("1", N_("Đã có")), ("0", N_("Chưa có")))),
    ),
    search=lambda q: Producer.sort_name.contains(text.sort_key(q).partition("\t")[0], autoescape=True),
)  # fmt: skip


def table(args: Mapping[str, str], here: str, scopes: Collection[str]) -> tables.View:
    """The list of producers with their numbers, of the year that `args` names."""
    return TABLE.open(args, here, _rows(scopes, day_of(args.get("year", ""))))


@dataclass(frozen=True, slots=True)
class FormSums:
    """Producers of one legal form (None: not known): how many, of how many a number is told, and the sums of what is told;
    None: of none. `turnover` in đồng."""

    form: str | None
    producers: int
    with_jobs: int
    jobs: int | None
    with_turnover: int
    turnover: int | None


def by_form(scopes: Collection[str], day: date) -> list[FormSums]:
    """The statistics of a day by legal form, in the order of the law; forms without producers are left out."""
    found = _rows(scopes, day).subquery().c
    rows = session().execute(
        select(
            found.form, func.count(), func.count(found.jobs), func.sum(found.jobs), func.count(found.turnover),
            func.sum(found.turnover),
        ).group_by(found.form)
    )  # fmt: skip
    sums = {
        form: FormSums(
            form.value if form else None, n, with_jobs, None if jobs is None else int(jobs), with_turnover,
            None if turnover is None else int(turnover),
        )
        for form, n, with_jobs, jobs, with_turnover, turnover in rows
    }  # fmt: skip
    return [sums[form] for form in (*LEGAL_FORM_NAMES, None) if form in sums]


def total(rows: Collection[FormSums]) -> FormSums:
    """All forms together."""
    jobs, turnover = [r.jobs for r in rows if r.jobs is not None], [r.turnover for r in rows if r.turnover is not None]
    return FormSums(
        None, sum(r.producers for r in rows), sum(r.with_jobs for r in rows), sum(jobs) if jobs else None,
        sum(r.with_turnover for r in rows), sum(turnover) if turnover else None,
    )  # fmt: skip
