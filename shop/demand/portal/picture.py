"""`/producer/demand`: a producer's own goods against their demand, what to begin by when, and room that others leave."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.demand import pictures
from shop.demand.portal import bp
from shop.demand.queries import openings, starts, unsold
from shop.demand.queries import picture as reads
from shop.demand.queries.picture import MONTH_WEEKS
from shop.kernel import charts, rows, web
from shop.producers import maker
from shop.supply.models import Per

HERE = "/producer/demand"


@bp.get("/demand", strict_slashes=False)
@guards.requires(Permission.SALES_READ)
def own_picture() -> Any:
    """The picture of the producer that the reader works for."""
    here = maker.current(Permission.SALES_READ)
    found = reads.read(producer_id=here.id)
    view = rows.open_rows(pictures.table(found, wide=False), request.args, HERE, found.lines)
    if view.export:
        return view.download()
    urgent = starts.rows(found)
    return render_template(
        "demand/portal/picture.html",
        here=HERE,
        maker=here,
        found=found,
        view=view,
        total=reads.sums(found.lines),
        **pictures.drawn(found.lines, found),
        urgent=[(row, pictures.start_words(row)) for row in urgent],
        openings=[(one, _capacity_url(one)) for one in openings.read(here.id)],
        left=unsold.read(producer_id=here.id, propose=False),
        may_plan=guards.may(Permission.SUPPLY_EDIT, here.scope),
        least=openings.LEAST_ASKS,
        number=charts.number,
        cover=pictures.cover,
        gap=pictures.gap,
        weekly=pictures.weekly,
    )


def _capacity_url(one: openings.Opening) -> str:
    """The page where a producer says what he can make, filled in with what the market has room for beside what he makes: what
    he says there stands in place of what he said before."""
    note = gettext("Nhận làm thêm vì khách còn thiếu: %(name)s", name=one.set_name)
    more = one.weekly if one.per is Per.WEEK else one.weekly * MONTH_WEEKS
    query = {"units": one.made + max(round(more), 1), "per": one.per.value, "note": note}
    return f"{web.path(f'/producer/capacity/{one.slug}/state')}?{urlencode(query)}"
