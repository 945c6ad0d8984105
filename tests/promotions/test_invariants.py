"""Each invariant finds its fault."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text as sql

from shop.kernel import invariants
from shop.kernel.db import session, transaction
from tests import factories
from tests.promotions.conftest import Bench, make_code, make_sale

FAULTS = {
    "promotions.uses-are-counted": "UPDATE promotions SET spent_amount = spent_amount + 1 WHERE kind = 'code'",
    "promotions.quotas-are-kept": "UPDATE promotion_offers SET sold = sold + 1",
    "promotions.used-within-their-span": "UPDATE promotions SET starts_at = :later, ends_at = :last WHERE kind = 'sale'",
    "promotions.borne-with-consent": (
        "UPDATE promotions SET payer = 'producer', producer_id = (SELECT min(id) FROM producers) WHERE kind = 'code'"
    ),
    "promotions.one-sale-of-a-pack-at-a-time": (
        "UPDATE promotions SET state = 'open' WHERE kind = 'sale' AND state = 'stopped'"
    ),
    "orders.discounts-are-named": "UPDATE order_line_discounts SET amount = amount + 1 WHERE offer_id IS NULL",
    "orders.discounts-are-the-uses-of-promotions": "UPDATE promotion_uses SET amount = amount + 1 WHERE slot = 0",
    "orders.a-sale-is-its-price": "UPDATE promotion_offers SET price_amount = price_amount - 1",
    "orders.what-ended-gave-its-discounts-back": "UPDATE orders SET status = 'cancelled'",
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(bench: Bench, name: str) -> None:
    from shop.kernel.actor import SYSTEM
    from shop.kernel.operations import new_key
    from shop.promotions.services import editing

    factories.make_producer()
    first = make_sale((bench.variant.id, 95_000, 5))
    editing.stop(SYSTEM, first.reference, "đợt trước", new_key())
    sale = make_sale((bench.variant.id, 90_000, 5))
    make_code()
    bench.add()
    bench.placed(bench.order(code="CHOBEN10"))
    assert found(name) == []
    values: dict[str, Any] = {}
    if ":later" in FAULTS[name]:
        values = {"later": sale.ends_at + timedelta(days=1), "last": sale.ends_at + timedelta(days=2)}
    statement = sql(FAULTS[name])
    if values:
        from sqlalchemy import bindparam

        from shop.kernel.db import UtcDateTime

        statement = statement.bindparams(*(bindparam(k, type_=UtcDateTime) for k in values))
    with transaction() as s:
        s.execute(statement, values)
    assert found(name) != []


def found(name: str) -> list[str]:
    session().rollback()
    return next(f.offenders for f in invariants.run() if f.name == name)
