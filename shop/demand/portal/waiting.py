"""`/producer/waiting`: how many people wait for the producer's goods; nothing of who they are."""

from __future__ import annotations

from typing import Any

from flask import render_template

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.demand.portal import bp
from shop.demand.queries import waiting as queries
from shop.producers import maker


@bp.get("/waiting")
@guards.requires(Permission.SUPPLY_EDIT)
def waiting_index() -> Any:
    """The queues of the producer's own goods."""
    here = maker.current(Permission.SUPPLY_EDIT)
    return render_template(
        "demand/portal/waiting.html", here="/producer/waiting", rows=queries.queues(producer_id=here.id)
    )
