"""What former fairs tell: by the day on which their booths sold, not by those on which goods lay there; and their lift."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shop.demand import history, needs
from shop.kernel import clock
from shop.orders.models import DeliveryKind
from shop.points import queries as points
from shop.points.models import Point, PointKind
from tests.demand.books import sale
from tests.factories import make_point, make_variant

pytestmark = pytest.mark.usefixtures("ctx")


def hall(**days: int) -> Point:
    """A booth of a fair that is over: its days as so many days ago."""
    today = clock.today()
    made = make_point(
        "Gian cũ", kind=PointKind.FAIR, ships=False, **{k: today - timedelta(days=n) for k, n in days.items()}
    )
    points.forget()
    return made


def test_the_days_of_the_fair_count_and_not_those_around_it() -> None:
    booth = hall(opened_on=104, sells_from_on=100, sells_to_on=95, closed_on=90)
    variant = make_variant()
    sale(variant, booth, 50, clock.now() - timedelta(days=98), channel="till", kind=DeliveryKind.PICKUP)
    assert needs.fair_pace([variant.id]).per_day == {variant.id: 10}
    held = history.held_fairs(clock.today())
    assert [(p.id, (end - begin).days) for p, begin, end in held] == [(booth.id, 5)]


def test_a_booth_to_come_needs_goods_for_the_days_of_its_fair() -> None:
    old = hall(opened_on=100, closed_on=95)
    variant = make_variant()
    sale(variant, old, 50, clock.now() - timedelta(days=98), channel="till", kind=DeliveryKind.PICKUP)
    today = clock.today()
    coming = make_point(
        "Gian mới", kind=PointKind.FAIR, ships=False, opened_on=today, sells_from_on=today + timedelta(days=3),
        sells_to_on=today + timedelta(days=6), closed_on=today + timedelta(days=12),
    )  # fmt: skip
    points.forget()
    found = needs.needs(2, [variant.id], [coming.id])
    assert [(n.source, n.low <= 30 <= n.high) for n in found] == [(needs.Source.FAIRS, True)]


def test_the_lift_is_told_by_packs_that_sold_at_fairs_and_elsewhere() -> None:
    booth, shop = hall(opened_on=100, closed_on=95), make_point("Cửa hàng")
    points.forget()
    variants = [make_variant() for _n in range(3)]
    for variant in variants:
        sale(variant, booth, 50, clock.now() - timedelta(days=98), channel="till", kind=DeliveryKind.PICKUP)
        sale(variant, shop, 112, clock.now() - timedelta(days=10), kind=DeliveryKind.PICKUP)
    ids = [v.id for v in variants]
    assert needs.fair_pace(ids).lift == pytest.approx(10 / (112 / needs.PACE_DAYS))
    assert needs.fair_pace(ids[:2]).lift is None
