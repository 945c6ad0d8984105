"""Many buyers and a little of an offer: real threads, real commits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shop.kernel.db import session
from shop.orders.models import Order
from shop.promotions.models import Measure, Offer, Promotion, Use
from tests.promotions.conftest import Bench, make_code, make_sale


def buyers(bench: Bench, n: int, **fields: Any) -> list[Callable[[], Any]]:
    """`n` browsers with one unit in the basket and the checkout open, each ready to press the button."""
    found = []
    for i in range(n):
        client = bench.app.test_client()
        bench.add(client=client)
        typed = {"phone": f"0912 345 6{i:02d}", "delivery": "pickup", "point": bench.point.slug} | fields
        found.append(lambda client=client, typed=typed: bench.order(client=client, **typed))
    return found


@pytest.mark.parametrize(
    ("limits", "won"),
    [({"budget_amount": 70_000}, 3), ({"uses_limit": 2}, 2), ({"person_limit": 1}, 1)],
    ids=["budget", "uses", "person"],
)
def test_a_code_is_never_overrun(
    bench: Bench, together: Any, audit_clean: Callable[[], None], limits: dict[str, Any], won: int
) -> None:
    promotion = make_code(measure=Measure.SUM, value=20_000, **limits)
    same = {"phone": "0912 345 678"} if "person_limit" in limits else {}
    told = together(None, buyers(bench, 6, code="CHOBEN10", **same))
    assert [one.error for one in told if one.error is not None] == []
    assert {one.value.status_code for one in told} <= {303, 409, 429}
    assert sum(one.value.status_code == 303 for one in told) == won
    session().rollback()
    session().refresh(promotion)
    assert (promotion.uses, promotion.spent_amount) == (won, won * 20_000)
    audit_clean()


def test_a_quota_is_never_overrun(bench: Bench, together: Any, audit_clean: Callable[[], None]) -> None:
    """Whoever comes too late is shown the usual price; nobody pays it unseen."""
    make_sale((bench.variant.id, 90_000, 2))
    told = together(None, buyers(bench, 6))
    assert [one.error for one in told if one.error is not None] == []
    session().rollback()
    orders = session().query(Order).all()
    assert session().query(Offer).one().sold == 2
    assert sum(o.discount_amount == 30_000 for o in orders) == 2
    # The others were refused once (the price changed), or had opened the page after the quota was gone.
    assert all(o.discount_amount in (0, 30_000) for o in orders)
    assert session().query(Use).count() == 2
    assert session().query(Promotion).one().spent_amount == 60_000
    audit_clean()
