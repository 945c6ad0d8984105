"""The live board of a fair for staff, and its bare middle that the page asks for again."""

from __future__ import annotations

from typing import Any

from flask import make_response, render_template
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.exhibitions import tabs
from shop.exhibitions.models.fairs import Exhibition
from shop.exhibitions.office import bp
from shop.exhibitions.office.days import BEGUN
from shop.exhibitions.office.fairs import page
from shop.exhibitions.queries import board as queries
from shop.exhibitions.queries import fairs
from shop.kernel import web
from shop.kernel.errors import N_

P = Permission
tabs.add(50, "board", N_("Bảng trực tiếp"), P.EXHIBITION_READ, BEGUN)


@bp.get("/exhibitions/<slug>/board")
@guards.requires(P.EXHIBITION_READ, scope=fairs.scope)
def board(slug: str) -> Any:
    """What is happening at the fair now."""
    fair = fairs.by_slug(slug)
    return page("exhibitions/office/board.html", fair, "board", **_values(fair))


@bp.get("/exhibitions/<slug>/board/now")
@guards.requires(P.EXHIBITION_READ, scope=fairs.scope)
def board_now(slug: str) -> Any:
    """The middle of the board, of this moment."""
    fair = fairs.by_slug(slug)
    web.mark_private()
    return make_response(render_template("exhibitions/office/_board.html", fair=fair, **_values(fair)))


def _values(fair: Exhibition) -> dict[str, Any]:
    found = queries.read(fair)
    return {"b": found, "address": web.path(f"/office/exhibitions/{fair.slug}"), "tell_hours": tell_hours}


def tell_hours(hours: float | None) -> str:
    """How long until a pack is gone, for people."""
    if hours is None:
        return "–"
    if hours <= 0:
        return gettext("đã hết")
    if hours < 1:
        return gettext("%(n)s phút", n=max(round(hours * 60), 1))
    return gettext("%(n)s giờ", n=f"{hours:.1f}".replace(".", ","))
