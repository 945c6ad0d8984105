"""What the parts of demand tell the sharing of goods."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from shop.demand import known, needs
from shop.demand.history import monday
from shop.demand.models.forecasts import ForecastLine, ForecastRun
from shop.demand.models.unmet import Channel, Kind
from shop.demand.needs import WEB, Source
from shop.demand.services import unmet, waiting
from shop.kernel import clock
from shop.kernel.actor import GUEST
from shop.kernel.db import transaction
from tests import factories

pytestmark = pytest.mark.usefixtures("ctx")


def forecast(variant_id: int, place: int, mean: list[float], *, weeks_ago: int = 0) -> None:
    now = clock.now()
    first = monday(clock.today()) - timedelta(weeks=weeks_ago)
    with transaction() as s:
        run = ForecastRun(first_on=first, weeks=52, series=1, made_at=now, done_at=now, measured={})
        s.add(run)
        s.flush()
        s.add(
            ForecastLine(
                run_id=run.id, variant_id=variant_id, place=place, method="gp-0.93", level=mean[0], lean=0.2, spread=0.1,
                mean=mean, low=mean, middle=mean, high=mean, reasons=[], units_4=sum(mean[:4]), units_13=sum(mean), lost_4=0.0,
            )
        )  # fmt: skip


def test_ranges_of_the_span_come_from_the_newest_forecast(app: Flask) -> None:
    variant, point = factories.make_variant(), factories.make_point("Quầy")
    forecast(variant.id, point.id, [float(n) for n in range(10, 23)], weeks_ago=1)
    found = known.expected(3, [variant.id], [point.id, WEB])
    # The first week is over: 11 + 12 + 13 are to come.
    low, middle, high = found[variant.id, point.id]
    assert low < middle < high
    assert middle == pytest.approx(36, rel=0.12)
    need = needs.needs(3, [variant.id], [point.id])[0]
    assert need.source is Source.FORECAST
    assert need.middle == pytest.approx(middle, abs=0.01)


def test_an_old_forecast_is_none(app: Flask) -> None:
    variant, point = factories.make_variant(), factories.make_point("Quầy")
    forecast(variant.id, point.id, [5.0] * 13, weeks_ago=4)
    assert known.expected(3, [variant.id], [point.id]) == {}


def test_people_who_wait_are_counted_where_they_wait(app: Flask) -> None:
    variant = factories.make_variant("Sá sùng khô")
    for n, quantity in ((1, 2), (2, 3)):
        joined = waiting.join(GUEST, waiting.Wish(variant.sku, quantity), f"091234567{n}", locale="vi", adult=False)
        if n == 1:
            waiting.confirm(GUEST, joined.reference, by_staff=True)
    # The second has not been called yet.
    assert known.waiting([variant.id], [WEB]) == {(variant.id, WEB): 2}
    assert known.waiting([variant.id], [7]) == {}


def test_asks_are_whole_units_of_the_last_days(app: Flask) -> None:
    variant, point = factories.make_variant(), factories.make_point("Quầy")
    wishes: list[Any] = [(Kind.TILL_ASKED, 3, 0), (Kind.TILL_ASKED, 8, 30), (Kind.BOOTH_EMPTY, 50, 0)]
    for n, (kind, quantity, ago) in enumerate(wishes):
        wish = unmet.Wish(
            kind, Channel.TILL, quantity, variant_id=variant.id, point_id=point.id, at=clock.now() - timedelta(days=ago)
        )
        unmet.record(wish, once=f"test:{n}")
    since = clock.today() - timedelta(days=14)
    assert known.asked([variant.id], [point.id], since) == {(variant.id, point.id): 3}
