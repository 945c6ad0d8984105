"""`/hoi-cho/<slug>/gian`: what is sold where, a page for each booth from which one orders later; the screen in the hall."""

from __future__ import annotations

from typing import Any

from flask import make_response, redirect, render_template

from shop.accounts.guards import public
from shop.checkout import storefront as basket
from shop.exhibitions.errors import BoothLinkOver
from shop.exhibitions.models.fairs import Exhibition, FairState
from shop.exhibitions.office.board import tell_hours
from shop.exhibitions.queries import board, days, fairs
from shop.exhibitions.queries import stands as queries
from shop.exhibitions.storefront import bp
from shop.kernel import web
from shop.kernel.errors import NotFound
from shop.kernel.limits import limiter


def _name(fair: Exhibition) -> str:
    return (fair.name_en if web.language() == "en" else None) or fair.name


@bp.get("/hoi-cho/<slug>/gian")
@public
@web.public_page()
def stands(slug: str) -> Any:
    """All booths of a fair: who stands there, what he sells. One that was called off says so on its own page."""
    fair = fairs.public(slug)
    if fair.state is FairState.CANCELLED:
        return redirect(web.path(f"/hoi-cho/{slug}"))
    return render_template(
        "exhibitions/storefront/stands.html",
        section="fairs",
        fair=fair,
        name=_name(fair),
        rows=queries.booth_list(fair),
    )


@bp.get("/hoi-cho/<slug>/gian/<path:code>")
@public
@web.public_page(keep=False)
def stand(slug: str, code: str) -> Any:
    """One booth: who, what, how much is left now, and the way to order it. Its code may hang in a hall whose fair was called
    off: that is said on the fair's page."""
    fair = fairs.public(slug)
    if fair.state is FairState.CANCELLED:
        return redirect(web.path(f"/hoi-cho/{slug}"))
    return render_template(
        "exhibitions/storefront/stand.html",
        section="fairs",
        fair=fair,
        name=_name(fair),
        booth=queries.booth_page(fair, code),
    )


@bp.post("/hoi-cho/<slug>/gian/<path:code>/them")
@public
@web.public_form
@limiter.limit("600 per minute")
def add_from_stand(slug: str, code: str) -> Any:
    """Put goods of a booth into the basket; the line remembers the booth."""
    fair = fairs.public(slug)
    booth = queries.booth_page(fair, code)
    if not booth.orders:
        raise BoothLinkOver
    return basket.put_in(days.origin_of(fair.id, booth.code))


def _screen(slug: str, token: str) -> Exhibition:
    fair = days.fair_of_screen(token) if 10 <= len(token) <= 80 else None
    if fair is None or fair.slug != slug:
        raise NotFound
    web.mark_private()
    return fair


@bp.get("/hoi-cho/<slug>/man-hinh/<token>")
@public
def screen(slug: str, token: str) -> Any:
    """The screen in the hall: large, without anybody's name or number; its address is its secret."""
    fair = _screen(slug, token)
    return make_response(
        render_template(
            "exhibitions/storefront/screen.html", fair=fair, name=_name(fair), b=board.read(fair), tell_hours=tell_hours,
            here=web.path(f"/hoi-cho/{slug}/man-hinh/{token}"),
        )
    )  # fmt: skip


@bp.get("/hoi-cho/<slug>/man-hinh/<token>/nay")
@public
def screen_now(slug: str, token: str) -> Any:
    """The middle of the hall's screen, of this moment."""
    fair = _screen(slug, token)
    return make_response(
        render_template("exhibitions/storefront/_screen.html", fair=fair, b=board.read(fair), tell_hours=tell_hours)
    )
