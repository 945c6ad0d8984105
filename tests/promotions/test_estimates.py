"""What a promotion would cost at the pace of late, never beyond its limits."""

from __future__ import annotations

from datetime import timedelta

from shop.kernel import clock
from shop.promotions.models import Measure
from shop.promotions.queries import office as read
from tests.promotions.conftest import Bench, make_code, make_sale
from tests.promotions.test_books import paid


def test_a_sale_by_the_pace_of_its_packs_within_its_quota(bench: Bench) -> None:
    paid(bench, 4)
    for days, quota, units in ((14, 9, 2), (28, 9, 4), (56, 5, 5)):
        sale = make_sale(
            (bench.variant.id, 90_000, quota), starts_at=clock.now(), ends_at=clock.now() + timedelta(days=days)
        )
        found = read.whole(sale.reference)
        assert found.estimate is not None
        assert (found.estimate.count, found.likely_amount) == (units, units * 30_000)
        from shop.kernel.actor import SYSTEM
        from shop.kernel.operations import new_key
        from shop.promotions.services import editing

        editing.stop(SYSTEM, sale.reference, "thử", new_key())
        assert read.whole(sale.reference).likely_amount is None


def test_a_code_by_the_orders_that_it_fits_within_its_budget(bench: Bench) -> None:
    paid(bench, 2)
    paid(bench, 1, phone="0912 345 670")
    month = {"starts_at": clock.now(), "ends_at": clock.now() + timedelta(days=28)}
    found = read.whole(make_code(minimum_amount=200_000, **month).reference)
    assert found.estimate is not None
    assert (found.estimate.count, found.likely_amount) == (1, 24_000)
    bounded = make_code("CHOBEN20", measure=Measure.SUM, value=20_000, budget_amount=30_000, **month)
    assert read.whole(bounded.reference).likely_amount == 30_000
