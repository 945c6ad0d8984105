"""Orders after the fair: the page of a booth puts goods into the basket, the line remembers the booth, the order keeps it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shop.exhibitions.queries import days as queries
from shop.kernel import clock
from shop.kernel.db import session, transaction
from shop.orders import services as orders
from shop.orders.models import OrderLine
from shop.points.models import Point
from shop.promotions.models import ScopeKind
from tests import factories
from tests.checkout.conftest import Bench, bench, bench_with, code  # noqa: F401 - fixtures
from tests.exhibitions.days_made import BOSS, Fair, running
from tests.promotions.conftest import make_code
from tests.statements import statements
from tests.till.conftest import Counter, counter, uid  # noqa: F401 - a fixture


@pytest.fixture
def fair(bench: Bench) -> Fair:  # noqa: F811
    """A fair that is on; the goods of its booths lie in the web's store too."""
    made = running()
    for place in made.places:
        factories.put_in(place.variant, bench.point, 9)
    return made


def add(bench: Bench, fair: Fair, n: int = 0, quantity: int = 1) -> Any:  # noqa: F811
    """Press the button on the page of a booth."""
    with bench.app.test_request_context():
        from shop.kernel.web import public_token

        token = public_token()
    place = fair.places[n]
    form = {"sku": place.variant.sku, "quantity": quantity, "csrf_token": token}
    return bench.client.post(f"/hoi-cho/{fair.row.slug}/gian/{place.booth.code}/them", data=form)


def end(fair: Fair, days_ago: int) -> None:
    """The fair ended so many days ago."""
    with transaction():
        row = fair.fresh()
        row.to_on = clock.today() - timedelta(days=days_ago)
        row.from_on = row.to_on - timedelta(days=5)


def test_an_order_from_a_booths_page_counts_for_the_booth(bench: Bench, fair: Fair) -> None:  # noqa: F811
    one, two = fair.places
    assert add(bench, fair).status_code == 303
    assert add(bench, fair, 1, 2).status_code == 303
    bench.client.get("/thanh-toan")
    with statements() as seen:
        answer = bench.order()
    order = bench.placed(answer)
    assert max(len(t.statements) for t in seen.transactions if t.writes) <= 15, seen
    found = {line.variant_id: line.origin for line in session().query(OrderLine).filter_by(order_id=order.id)}
    assert found == {one.variant.id: f"exhibition:{fair.id}:A1", two.variant.id: f"exhibition:{fair.id}:A2"}
    later = queries.later_orders(fair.fresh())
    assert [(x.booth, x.producer_id, x.orders, x.units) for x in later] == [
        ("A1", one.producer.id, 1, 1), ("A2", two.producer.id, 1, 2)
    ]  # fmt: skip
    assert later[1].amount == 240_000
    orders.cancel(BOSS, order.id, "khách đổi ý")
    assert queries.later_orders(fair.fresh()) == []


def test_the_last_page_that_the_buyer_came_from_is_remembered(bench: Bench, fair: Fair) -> None:  # noqa: F811
    variant = fair.places[0].variant
    bench.add(variant)
    assert add(bench, fair).status_code == 303
    bench.add(variant)  # more of it from the product's page: the booth is still where they met
    order = bench.placed(bench.order())
    line = session().query(OrderLine).filter_by(order_id=order.id).one()
    assert (line.quantity, line.origin) == (3, f"exhibition:{fair.id}:A1")


def test_it_counts_until_the_term_after_the_fair_and_no_longer(bench: Bench, fair: Fair) -> None:  # noqa: F811
    end(fair, 89)
    assert add(bench, fair).status_code == 303
    order = bench.placed(bench.order())
    assert [x.units for x in queries.later_orders(fair.fresh())] == [1]
    assert queries.later_orders(fair.fresh(), until=order.placed_at.date() - timedelta(days=1)) == []
    end(fair, 90)
    refused = add(bench, fair)
    assert refused.status_code == 409
    assert "booth-link-over" in refused.get_data(as_text=True)
    shown = bench.client.get(f"/hoi-cho/{fair.row.slug}/gian/A1")
    assert "add-to-cart" not in shown.get_data(as_text=True)


def test_another_fairs_booths_are_not_counted(bench: Bench, fair: Fair) -> None:  # noqa: F811
    other = running()
    add(bench, fair)
    bench.add(quantity=1)
    order = bench.placed(bench.order())
    assert queries.later_orders(other.fresh()) == []
    found = {line.variant_id: line.origin for line in session().query(OrderLine).filter_by(order_id=order.id)}
    assert found[bench.variant.id] is None  # goods from elsewhere in the same basket


def test_the_line_keeps_its_booth_when_the_visitor_signs_in(bench: Bench, fair: Fair) -> None:  # noqa: F811
    from shop.checkout import services as baskets
    from tests.people import make_user

    user = make_user()
    baskets.add("token-cua-khach-0001", user.id, fair.places[0].variant.sku, 1, adult=False, origin="exhibition:1:A1")
    baskets.add("token-cua-khach-0002", None, bench.variant.sku, 1, adult=False)
    baskets.merge_at_login("token-cua-khach-0002", user.id)
    from shop.checkout import queries as reads

    merged = reads.find("token-cua-khach-0002", user.id)
    assert merged is not None
    assert dict(merged.origins) == {fair.places[0].variant.id: "exhibition:1:A1"}


def test_a_code_of_a_fair_counts_on_line_only_for_what_was_met_there(bench: Bench, fair: Fair) -> None:  # noqa: F811
    other = running()
    for place in other.places:
        factories.put_in(place.variant, bench.point, 9)
    make_code(scopes=((ScopeKind.FAIR, fair.id),))
    bench.add(quantity=1)  # from the product's own page
    assert code(bench.order(code="CHOBEN10")) == "code-not-here"
    assert add(bench, other).status_code == 303  # from a booth of another fair
    assert code(bench.order(code="CHOBEN10")) == "code-not-here"
    assert add(bench, fair).status_code == 303
    order = bench.placed(bench.order(code="CHOBEN10"))
    mine = session().query(OrderLine).filter_by(order_id=order.id, variant_id=fair.places[0].variant.id).one()
    assert order.discount_amount == mine.line_amount // 10 > 0


def test_a_code_of_a_fair_counts_at_its_own_counters_alone(counter: Counter) -> None:  # noqa: F811
    mine, other = running(1), running(1)
    make_code(scopes=((ScopeKind.FAIR, mine.id),))
    told = []
    for n, fair in enumerate((mine, other)):
        point = session().get_one(Point, fair.places[0].point_id)
        device = counter.make_device(f"F{n + 1}", at=point)
        told.append(_asked(device, fair.places[0].variant.id))
    told.append(_asked(counter.device, counter.goods.id))
    assert [(t.get("code"), t.get("amount")) for t in told] == [
        ("CHOBEN10", told[0]["amount"]), ("code-not-here", None), ("code-not-here", None)
    ]  # fmt: skip
    assert told[0]["amount"] > 0


def _asked(device: Any, variant_id: int) -> dict[str, Any]:
    """What a counter is told of the code for two packs."""
    body = {"uuid": uid(), "code": "CHOBEN10", "lines": [{"variant_id": variant_id, "quantity": 2}]}
    answer = device.app.test_client().post("/till/api/code", json=body, headers=device.headers)
    return dict(answer.get_json())
