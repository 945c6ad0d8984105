"""`/hoi-cho`: the fairs that are coming and those that were, each with its plan and what is written of it; the calendar."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby

from flask import Response, current_app, render_template, request
from flask_babel import gettext

from shop.accounts.guards import public
from shop.exhibitions import drawn, ics, papers
from shop.exhibitions.models.fairs import FairState
from shop.exhibitions.models.records import FIGURE_NAMES
from shop.exhibitions.queries import fairs as reads
from shop.exhibitions.queries import public as known
from shop.exhibitions.queries import records
from shop.exhibitions.queries.public import FairView
from shop.exhibitions.storefront import bp
from shop.kernel import clock, web
from shop.kernel.errors import NotFound
from shop.places import queries as places

MONTHS_SHOWN = 12


@bp.get("/hoi-cho")
@public
@web.public_page()
def fair_list() -> str:
    """The fairs that are coming, the next first; then all others by year, the latest first."""
    today = clock.today()
    coming, off = known.coming(today), known.called_off(today)
    ids = {f.id for f in (*coming, *off)}
    past = [f for f in known.fairs() if f.id not in ids]
    return render_template(
        "exhibitions/storefront/fairs.html",
        section="fairs",
        coming=coming,
        off=off,
        today=today,
        years=[(year, list(found)) for year, found in groupby(past, key=lambda f: f.year)],
        figures=records.cards([f.id for f in past]),
        figure_names=FIGURE_NAMES,
    )


@bp.get("/hoi-cho/<slug>")
@public
@web.public_page()
def fair(slug: str) -> str:
    """One fair: days, place, call, plan, who is there once that is published, figures with their sources."""
    row = reads.public(slug)
    today = clock.today()
    # Nobody needs the plan of a fair that is not built.
    planned = row.state not in (FairState.RECORDED, FairState.CANCELLED)
    p = drawn.of(row, who=row.state in drawn.SHOWN) if planned else None
    commune = places.display(row.commune_code) if row.commune_code else ""
    return render_template(
        "exhibitions/storefront/fair.html",
        section="fairs",
        f=row,
        p=p if p and p.booths else None,
        published=row.state in drawn.SHOWN,
        where=[part for part in (row.venue, row.address, commune) if part],
        past=row.state in (FairState.RECORDED, FairState.CLOSED, FairState.REPORTED)
        or (row.to_on is not None and row.to_on <= today),
        applying=row.takes_applications(today),
        off=reads.called_off(row),
        today=today,
        figures=records.of(row.id),
        figure_names=FIGURE_NAMES,
        sources=[part.strip() for part in (row.source_url or "").split(" ; ") if part.strip()],
    )


@bp.get("/hoi-cho/<slug>/so-do.pdf")
@public
@web.public_page()
def fair_plan(slug: str) -> Response:
    """The plan for printing."""
    row = reads.public(slug)
    p = drawn.of(row, who=row.state in drawn.SHOWN)
    if not p.booths:
        raise NotFound
    return papers.answer(papers.plan(p, published=row.state in drawn.SHOWN), f"so-do-{row.slug}.pdf")


# --- the calendar ------------------------------------------------------------------------------------------------


def _months(year: int | None, today: date) -> list[date]:
    """The first days of the months that are shown: a year's, or the next twelve."""
    first = date(year, 1, 1) if year else today.replace(day=1)
    return [clock.add_months(first, n) for n in range(MONTHS_SHOWN)]


def _in_month(f: FairView, month: date) -> bool:
    if f.from_on is None:
        return f.month == month
    return f.from_on < clock.add_months(month, 1) and (f.to_on or f.from_on + timedelta(days=1)) > month


@bp.get("/hoi-cho/lich")
@public
@web.public_page()
def fair_calendar() -> str:
    """Fairs month by month: the next twelve months, or a year (`nam`)."""
    today = clock.today()
    found = known.fairs()
    years = sorted({f.year for f in found} | {today.year})
    asked = request.args.get("nam", "")
    year = int(asked) if asked in {str(y) for y in years} else None
    shown = list(reversed(found))
    return render_template(
        "exhibitions/storefront/calendar.html",
        section="fairs",
        months=[(month, [f for f in shown if _in_month(f, month)]) for month in _months(year, today)],
        year=year,
        years=years,
        undated=[f for f in shown if year and f.year == year and f.from_on is None and f.month is None],
        feed=current_app.extensions["shop_config"].base_url + web.path("/hoi-cho/lich.ics"),
        this_month=today.replace(day=1),
    )


def _called(f: FairView) -> str:
    """What a fair is called in calendars: one that was called off says so, as not every calendar shows its status."""
    name = drawn.words(f.name, f.name_en)
    return gettext("ĐÃ HỦY: %(name)s", name=name) if f.state is FairState.CANCELLED else name


@bp.get("/hoi-cho/lich.ics")
@public
@web.public_page()
def fair_feed() -> Response:
    """Every fair whose first day is known, as iCalendar: a calendar that subscribes to it stays up to date."""
    base = current_app.extensions["shop_config"].base_url
    host = base.partition("://")[2].partition("/")[0].partition(":")[0]
    events = [
        ics.Event(
            uid=f"hoi-cho-{f.id}@{host}",
            summary=_called(f),
            first=f.from_on,
            end=f.to_on,
            changed_at=f.updated_at,
            place=", ".join(part for part in (f.venue, f.address) if part),
            text=drawn.words(f.description or "", f.description_en),
            url=base + web.path(f"/hoi-cho/{f.slug}"),
            cancelled=f.state is FairState.CANCELLED,
        )
        for f in reversed(known.fairs())
        if f.from_on is not None
    ]
    return Response(ics.calendar(gettext("Hội chợ OCOP Quảng Ninh"), events), mimetype="text/calendar")
