"""One product place by place: sold, expected, what lies there."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from shop.demand import picture
from shop.demand.models.forecasts import WEB, DemandWeek, ForecastLine
from shop.demand.models.unmet import UnmetDay
from shop.demand.queries.forecasts import Goods, place_name
from shop.demand.queries.picture import Picture, places_with_goods
from shop.kernel.db import session
from shop.stock.models import StockLevel


@dataclass(slots=True)
class PlaceLine:
    """A pack at a place in the whole weeks of the picture: sold, lacked, free units there, units expected in the weeks ahead
    (None: no forecast), days that the goods last (None: longer than known). On the web lies nothing: parcels leave
    from points."""

    variant_id: int
    sku: str
    pack: str
    place: int
    name: str
    sold: int = 0
    unmet: float = 0.0
    free: int = 0
    ahead: float | None = None
    cover: int | None = None
    here: bool = True


def lines(of: Picture, goods: Goods, today: date) -> list[PlaceLine]:
    """All places where a product was sold, wanted, expected or lies, those that sell most first."""
    s = session()
    packs = {v: (sku, pack) for v, sku, pack in goods.variants}
    found: dict[tuple[int, int], PlaceLine] = {}

    def line(variant_id: int, place: int) -> PlaceLine:
        key = (variant_id, place)
        if key not in found:
            found[key] = PlaceLine(variant_id, *packs[variant_id], place, place_name(place), here=place != WEB)
        return found[key]

    weeks = select(DemandWeek.variant_id, DemandWeek.place, func.sum(DemandWeek.sold)).where(
        DemandWeek.variant_id.in_(packs), DemandWeek.week_on >= of.first_week
    )
    for v, at_place, n in s.execute(weeks.group_by(DemandWeek.variant_id, DemandWeek.place)):
        if n:
            line(v, at_place).sold += int(n)
    lacked = select(UnmetDay.variant_id, UnmetDay.point_id, func.sum(UnmetDay.lost_units)).where(
        UnmetDay.variant_id.in_(packs), UnmetDay.day >= of.first_week, UnmetDay.day < picture.monday(today)
    )
    for lacking, at, n in s.execute(lacked.group_by(UnmetDay.variant_id, UnmetDay.point_id)):
        if n and lacking is not None:
            line(lacking, at or WEB).unmet += int(n) / 1000
    levels = select(
        StockLevel.variant_id,
        StockLevel.point_id,
        func.sum(StockLevel.on_hand - StockLevel.held - StockLevel.allocated),
    ).where(StockLevel.variant_id.in_(packs), StockLevel.on_hand > 0, StockLevel.is_stopped.is_(False))
    open_now = places_with_goods(None, today)
    for v, point_id, n in s.execute(levels.group_by(StockLevel.variant_id, StockLevel.point_id)):
        if n and point_id in open_now:
            line(v, point_id).free += int(n)
    wanted: dict[tuple[int, int], list[float]] = defaultdict(list)
    if of.run is not None:
        rows = s.execute(
            select(ForecastLine.variant_id, ForecastLine.place, ForecastLine.mean).where(
                ForecastLine.run_id == of.run.id, ForecastLine.variant_id.in_(packs)
            )
        )
        for v, place, mean in rows:
            wanted[v, place] = picture.ahead(mean, of.run.first_on, today)
    for key, weeks_ahead in wanted.items():
        one = line(*key)
        one.ahead = sum(weeks_ahead)
        one.cover = picture.cover_days(one.free, weeks_ahead, today) if one.here else None
    return sorted(found.values(), key=lambda x: (-(x.sold + x.unmet), -(x.ahead or 0), x.name, x.variant_id))
