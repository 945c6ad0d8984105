"""The stored weeks as arrays, with what is known of the weeks to come; for the run of the forecast only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import chain
from typing import Any

import numpy as np
from sqlalchemy import bindparam, func, select

from shop.catalog.models import Product, ProductState, Variant, VariantState
from shop.demand import history
from shop.demand.compute import Known
from shop.demand.history import WEEK
from shop.demand.model import AHEAD
from shop.demand.models.forecasts import WEB, WHOLE, DemandHeir, DemandWeek, Source
from shop.kernel.db import execute, session, unmapped
from shop.points import queries as points
from shop.points.models import PointKind

_SHIFT = 1 << 32
_OF_WEEK = select(
    DemandWeek.variant_id,
    DemandWeek.place,
    DemandWeek.sold,
    DemandWeek.asked,
    DemandWeek.exposure,
    DemandWeek.listed,
    DemandWeek.fair,
    DemandWeek.price,
).where(DemandWeek.week_on == bindparam("week"))


def known(first: date, until: date, today: date) -> tuple[Known, dict[int, int]] | None:
    """What `_known` reads, without filling the memory with the file it is read from."""
    with unmapped():
        return _known(first, until, today)


def _known(first: date, until: date, today: date) -> tuple[Known, dict[int, int]] | None:
    """All series of the weeks from Monday `first` until before Monday `until`, and the product of each pack.

    None if nothing is known. Series of closed places and of goods off the shelf are in it, since they teach; nothing is
    open ahead for them.
    """
    s = session()
    pairs = [
        (int(v), int(p))
        for v, p in s.execute(
            select(DemandWeek.variant_id, DemandWeek.place)
            .where(DemandWeek.week_on >= first, DemandWeek.week_on < until)
            .distinct()
        )
    ]
    if not pairs:
        return None
    goods = {
        int(row.id): row
        for row in s.execute(
            select(Variant.id, Variant.product_id, Product.set_id, Variant.state, Product.state.label("product")).join(
                Product, Product.id == Variant.product_id
            )
        )
    }
    heirs = [(int(a), int(b), w / 100) for a, b, w in s.execute(
        select(DemandHeir.from_variant_id, DemandHeir.to_variant_id, DemandHeir.weight))]  # fmt: skip
    by_id = {p.id: p for p in points.all_points()}
    old = set(pairs)
    keys = old | {(b, p) for a, b, _w in heirs for v, p in pairs if v == a} | _fairs_to_come(pairs, goods, today)
    order = sorted(k for k in keys if k[0] in goods and (k[1] == WEB or k[1] in by_id))
    index = np.array([v * _SHIFT + p for v, p in order], dtype=np.int64)
    weeks = history.mondays(first, until)
    size = (len(order), len(weeks))
    sold, asked = np.zeros(size, dtype=np.uint32), np.zeros(size, dtype=np.uint16)
    exposure, listed, fair = (np.zeros(size, dtype=np.uint16) for _ in range(3))
    price = np.full(size, WHOLE, dtype=np.uint16)
    for t, week in enumerate(weeks):
        rows = execute(_OF_WEEK, {"week": week}).all()
        if not rows:
            continue
        # A price is a ratio; more than six times the usual tells no more than six times.
        a = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=8 * len(rows)).reshape(-1, 8)
        for which, weight in _with_heirs(a[:, 0], heirs):
            part = a if which is None else a[a[:, 0] == which[0]].copy()
            if which is not None:
                part[:, 0] = which[1]
            key = part[:, 0] * _SHIFT + part[:, 1]
            at = np.searchsorted(index, key)
            there = (at < len(index)) & (index[np.minimum(at, len(index) - 1)] == key)
            at, part = at[there], part[there]
            sold[at, t] += np.rint(part[:, 2] * weight).astype(np.uint32)
            asked[at, t] = np.minimum(asked[at, t] + np.rint(part[:, 3] * weight), 65_535).astype(np.uint16)
            exposure[at, t] = np.maximum(exposure[at, t], part[:, 4])
            listed[at, t] = np.maximum(listed[at, t], part[:, 5])
            fair[at, t] = np.maximum(fair[at, t], part[:, 6])
            if which is None:
                price[at, t] = np.minimum(part[:, 7], 65_535)
    ahead = [until + WEEK * i for i in range(AHEAD)]
    open_ahead = {p.id: [history.open_share(p, week) for week in ahead] for p in by_id.values()}
    fairs, prices = history.fair_shares(ahead, today), history.Prices(ahead[-1] + WEEK)
    nothing, whole = [0] * AHEAD, [WHOLE] * AHEAD
    ratios = {v: prices.ratios(v, ahead, usual_on=until - WEEK) for v in {v for v, _p in order}}
    kinds = {k: i for i, k in enumerate(sorted({goods[v].set_id for v, _p in order}))}
    spots = {k: i for i, k in enumerate(sorted({_spot(p, by_id) for _v, p in order}))}
    dense = {v: i for i, v in enumerate(sorted({v for v, _p in order}))}
    brought = {
        (int(v), int(p)): int(n)
        for v, p, n in s.execute(
            select(DemandWeek.variant_id, DemandWeek.place, func.count())
            .where(DemandWeek.week_on >= first, DemandWeek.week_on < until, DemandWeek.source == Source.BROUGHT)
            .group_by(DemandWeek.variant_id, DemandWeek.place)
        )
    }

    def offered(v: int) -> bool:
        return goods[v].state is VariantState.SHOWN and goods[v].product is ProductState.SHOWN

    def fair_of(p: int) -> list[int]:
        point = by_id.get(p)
        return nothing if point is None or point.kind is PointKind.FAIR else fairs.get(point.province_code, nothing)

    found = Known(
        starts=(*weeks, *ahead),
        variant=np.array([v for v, _p in order]),
        place=np.array([p for _v, p in order]),
        kind=np.array([kinds[goods[v].set_id] for v, _p in order]),
        spot=np.array([spots[_spot(p, by_id)] for _v, p in order]),
        goods=np.array([dense[v] for v, _p in order]),
        sold=sold,
        asked=asked,
        exposure=exposure,
        listed=listed,
        fair=fair,
        price=price,
        open_ahead=np.array(
            [nothing if not offered(v) else open_ahead.get(p, whole) for v, p in order], dtype=np.uint16
        ),
        fair_ahead=np.array([fair_of(p) for _v, p in order], dtype=np.uint16),
        price_ahead=np.array([np.minimum(ratios[v], 65_535) for v, _p in order], dtype=np.uint16),
        brought=np.array([brought.get(k, 0) for k in order], dtype=np.int32),
    )
    return found, {v: int(row.product_id) for v, row in goods.items()}


def _with_heirs(variants: Any, heirs: Sequence[tuple[int, int, float]]) -> Any:
    """All rows as they stand, then those of each old pack once more for its heir."""
    yield None, 1.0
    if heirs:
        here = set(np.unique(variants).tolist())
        for a, b, weight in heirs:
            if a in here:
                yield (a, b), weight


def _spot(place: int, by_id: dict[int, points.PointView]) -> int:
    """Booths of fairs are one kind of place: the next one learns from the former."""
    point = by_id.get(place)
    return -1 if point is not None and point.kind is PointKind.FAIR else place


def _fairs_to_come(pairs: Sequence[tuple[int, int]], goods: Any, today: date) -> set[tuple[int, int]]:
    """Packs that former booths had, at the booths that are open or will open within the weeks ahead."""
    fairs = history.held_fairs(today)
    booths = {p.id for p, _begin, _end in fairs}
    had = {v for v, p in pairs if p in booths and v in goods}
    last = today + WEEK * AHEAD
    return {(v, p.id) for p, begin, end in fairs if end > today and begin <= last for v in had}
