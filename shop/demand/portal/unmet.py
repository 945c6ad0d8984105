"""`/producer/demand/unmet`: what people wanted of the producer's own goods and did not get; nothing of who they were."""

from __future__ import annotations

from typing import Any

from flask import render_template, request

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.demand.office.unmet import since
from shop.demand.portal import bp
from shop.demand.queries import unmet
from shop.kernel import charts
from shop.producers import maker

HERE = "/producer/demand/unmet"


@bp.get("/demand/unmet")
@guards.requires(Permission.SALES_READ)
def own() -> Any:
    """The list of the producer that the reader works for, or a file of it."""
    here = maker.current(Permission.SALES_READ)
    args = request.args.to_dict()
    view = unmet.of_producer(args if {"from", "to"} & args.keys() else args | {"from": since()}, HERE, here.id)
    if view.export:
        return view.download()
    return render_template(
        "demand/portal/unmet.html",
        here=HERE,
        view=view,
        shares=unmet.shares(),
        number=charts.number,
        demo=unmet.is_demo(),
        maker=here,
    )
