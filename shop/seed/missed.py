"""What visitors of the demonstration missed: looks at goods that have nothing left, since they have, and searches in vain."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select

from shop.catalog import queries as catalog
from shop.demand.models.unmet import Channel, Kind
from shop.demand.queries.unmet import DEMO
from shop.demand.services import unmet
from shop.demand.services.unmet import Visit, Wish
from shop.kernel import clock
from shop.kernel.db import session
from shop.seed.goods import Ware
from shop.stock import queries as stock
from shop.stock.models import StockLevel, StockMovement

# Not more than what the forecast of a few weeks reads, and what is kept singly.
DAYS = 45
# Of those who look in season, so many look out of it.
OFF_SEASON = 0.15
IN_VAIN = (
    "bưởi diễn",
    "mắm tôm chua",
    "giỏ quà tết 500k",
    "bánh cáy",
    "mật ong bạc hà",
    "nem chua",
    "cà phê",
    "hạt điều",
)


def load(rng: random.Random, now: datetime, wares: Sequence[Ware]) -> int:
    """Make up what was missed up to `now`, each by a visitor of his own; returns how many wishes there are.

    A look counts only while the shelves are empty, as the movements of stock say, so that the figures fit each other.
    """
    visits = [*_looks(rng, now, wares), *_searches(rng, now)]
    unmet.record_visits(visits)
    unmet.thin()  # the secrets of days that are over
    return len(visits)


def _looks(rng: random.Random, now: datetime, wares: Sequence[Ware]) -> list[Visit]:
    ids = [ware.variant_id for ware in wares]
    goods, left = catalog.sellable(ids, now), stock.availability(ids)
    last = (
        select(StockLevel.variant_id, func.max(StockMovement.at).label("at"))
        .join(StockMovement, StockMovement.level_id == StockLevel.id)
        .group_by(StockLevel.variant_id)
    )
    moved = {row.variant_id: row.at for row in session().execute(last)}
    found: list[Visit] = []
    for ware in sorted(wares, key=lambda w: w.variant_id):
        one = goods.get(ware.variant_id)
        if (
            one is None
            or one.refusal is not None
            or one.is_alcohol
            or left.get(ware.variant_id, stock.NONE_LEFT).total > 0
        ):
            continue
        since = max(moved.get(ware.variant_id, now - timedelta(days=DAYS)), now - timedelta(days=DAYS))
        pace = rng.choice((0.4, 0.8, 1.5))
        for at in _moments(rng, since, now, pace):
            if ware.months and at.month not in ware.months and rng.random() > OFF_SEASON:
                continue
            wish = Wish(
                Kind.PAGE_SOLD_OUT,
                Channel.WEB,
                product_id=ware.product_id,
                variant_id=ware.variant_id,
                unit_amount=one.unit_price_amount,
                reference=DEMO,
                at=at,
            )
            found.append(_visit(len(found), "look", wish, at))
    return found


def _searches(rng: random.Random, now: datetime) -> list[Visit]:
    found: list[Visit] = []
    for words in IN_VAIN:
        for at in _moments(rng, now - timedelta(days=DAYS), now, rng.choice((0.05, 0.1, 0.3))):
            wish = Wish(Kind.SEARCH_NOTHING, Channel.WEB, words=words, reference=DEMO, at=at)
            found.append(_visit(len(found), "search", wish, at))
    return found


def _moments(rng: random.Random, since: datetime, now: datetime, pace: float) -> list[datetime]:
    """About `pace` moments a day between two instants, in order."""
    found: list[datetime] = []
    at = since
    while True:
        at += timedelta(days=rng.expovariate(pace))
        if at >= now:
            return found
        found.append(at)


def _visit(n: int, what: str, wish: Wish, at: datetime) -> Visit:
    return Visit(clock.business_day(at), (f"demo:{what}:{n}",), wish)
