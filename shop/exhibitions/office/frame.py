"""What every page of one fair below its name and tabs is made with."""

from __future__ import annotations

from typing import Any

from flask import make_response, render_template
from flask_babel import gettext

from shop.exhibitions import tabs
from shop.exhibitions.models.fairs import FAIR_PUBLIC, FAIR_STATE_NAMES, Exhibition, FairState
from shop.kernel.errors import ShopError
from shop.kernel.forms import messages

HERE = "/office/exhibitions"
_BADGES = {
    FairState.ANNOUNCED: "info",
    FairState.ALLOTTED: "info",
    FairState.RUNNING: "ok",
    FairState.REPORTED: "ok",
    FairState.CANCELLED: "bad",
}


def page(template: str, fair: Exhibition, part: str, error: ShopError | None = None, **values: Any) -> Any:
    """A page of one fair; `template` extends `exhibitions/office/_fair.html`. With an error it says so, under its status."""
    made = render_template(
        template,
        here=HERE,
        fair=fair,
        part=part,
        fair_tabs=tabs.of(fair),
        state_name=gettext(FAIR_STATE_NAMES[fair.state]),
        state_kind=_BADGES.get(fair.state, ""),
        is_public=fair.state in FAIR_PUBLIC,
        errors=messages(error),
        error_code=error.code if error else None,
        **values,
    )
    return make_response(made, error.status if error else 200)
