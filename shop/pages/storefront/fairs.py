"""`/hoi-cho`: the fairs so far, with their figures as the sources give them."""

from __future__ import annotations

from itertools import groupby

from flask import render_template

from shop.accounts.guards import public
from shop.kernel import clock, web
from shop.kernel.errors import NotFound
from shop.pages import fairs
from shop.pages.storefront import bp


@bp.get("/hoi-cho")
@public
@web.public_page()
def fair_list() -> str:
    """All fairs by year, the latest first; the next one only if it has been announced."""
    upcoming = fairs.upcoming(clock.today())
    past = [f for f in fairs.fairs() if f is not upcoming]
    return render_template(
        "pages/storefront/fairs.html",
        section="fairs",
        upcoming=upcoming,
        years=[(year, list(found)) for year, found in groupby(past, key=lambda f: f.year)],
    )


@bp.get("/hoi-cho/<slug>")
@public
@web.public_page()
def fair(slug: str) -> str:
    """One fair with figures, sources and what sources disagree on."""
    found = fairs.fair(slug)
    if found is None:
        raise NotFound
    return render_template(
        "pages/storefront/fair.html", section="fairs", f=found, past=found is not fairs.upcoming(clock.today())
    )
