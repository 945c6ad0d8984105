"""`/diem-ban/<slug>`: one point with what stands on its shelves."""

from __future__ import annotations

from flask import render_template, request
from flask_babel import gettext

from shop.accounts.guards import public
from shop.kernel import clock, web
from shop.kernel.errors import NotFound
from shop.pages import queries
from shop.pages.storefront import bp
from shop.points import hours, locator
from shop.points import queries as points
from shop.points.models import POINT_KIND_NAMES, SERVICE_NAMES, PointKind

LAST_PAGE = 100


@bp.get("/diem-ban/<slug>")
@public
@web.public_page()
def point(slug: str) -> str:
    """A point, open or closed; the closed one says so and shows no goods."""
    found = points.by_slug(slug)
    if found is None or not found.is_public or found.kind is PointKind.WAREHOUSE:
        raise NotFound
    raw = request.args.get("trang", "1")
    page = min(max(int(raw), 1), LAST_PAGE) if raw.isascii() and raw.isdigit() and len(raw) < 5 else 1
    today = clock.today()
    is_open = found.is_open_on(today)
    goods, more = queries.goods_at(found.id, page=page) if is_open else ([], False)
    if page > 1 and not goods:
        raise NotFound
    now = clock.now()
    state = found.state(now)
    here = web.path(f"/diem-ban/{found.slug}")
    return render_template(
        "pages/storefront/point.html",
        section="points",
        p=found,
        kind=gettext(POINT_KIND_NAMES[found.kind]),
        note=(found.note_en if web.language() == "en" else None) or found.note,
        services=[gettext(SERVICE_NAMES[s]) for s in found.services if s in SERVICE_NAMES],
        state=state,
        until=hours.change_time(state, now),
        week=_week(found.week),
        is_open=is_open,
        coming=found.opened_on is not None and found.opened_on > today,
        sketch=locator.sketch([found]),
        goods=goods,
        page=page,
        previous_url=(here + (f"?trang={page - 1}" if page > 2 else "")) if page > 1 else "",
        next_url=f"{here}?trang={page + 1}" if more and page < LAST_PAGE else "",
    )


def _week(week: hours.Week | None) -> list[tuple[str, str]]:
    """The opening hours as lines for people."""
    if week is None:
        return []
    lines = []
    for first, last, span in hours.lines(week):
        days = gettext(hours.DAY_NAMES[first])
        if last != first:
            days = (
                gettext("Cả tuần")
                if (first, last) == ("mon", "sun")
                else gettext("%(first)s đến %(last)s", first=days, last=gettext(hours.DAY_NAMES[last]))
            )
        lines.append((days, f"{hours.written(span[0])}–{hours.written(span[1])}" if span else gettext("Nghỉ")))
    return lines
