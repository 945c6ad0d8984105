"""`/`: the first page."""

from __future__ import annotations

from flask import render_template

from shop.accounts.guards import public
from shop.catalog import browse, facets
from shop.catalog.browse import Sort
from shop.exhibitions.queries import public as fairs
from shop.kernel import clock, web
from shop.pages import cards, queries
from shop.pages.storefront import bp
from shop.points import queries as points
from shop.points.models import PointKind
from shop.producers.models import LEGAL_FORM_NAMES

SEASON, SHELF, SETS = 8, 4, 12


@bp.get("/")
@public
@web.public_page()
def home() -> str:
    """What is in season, what has stars, what is new, who makes it, where to see it. At most six statements."""
    today = clock.today()
    season = browse.shelf(Sort.FEATURED, SEASON, month=today.month)
    if SHELF < len(season) < SEASON:
        season = season[:SHELF]  # a full row looks better than one and a bit
    shown = {row.product_id for row in season}
    starred = [row for row in browse.shelf(Sort.STARS, SEASON + SHELF) if row.stars and row.product_id not in shown]
    shown |= {row.product_id for row in starred[:SHELF]}
    fresh = [row for row in browse.shelf(Sort.NEWEST, SEASON + 2 * SHELF) if row.product_id not in shown]
    starred, fresh = starred[:SHELF], fresh[:SHELF]
    found = facets.facets()
    kinds = facets.counts(found, facets.choose(found, facets.Filters()), found.shown(False), key=False).sets
    made = cards.cards([*season, *starred, *fresh])
    a, b = len(season), len(season) + len(starred)
    return render_template(
        "pages/storefront/home.html",
        season=made[:a],
        starred=made[a:b],
        fresh=made[b:],
        sets=kinds[:SETS],
        producers=queries.producers_of_note(6, today),
        points=[p for p in points.public_points() if p.is_open_on(today) and p.kind is not PointKind.FAIR][:4],
        fair=fairs.upcoming(today),
        forms=LEGAL_FORM_NAMES,
        today=today,
    )
