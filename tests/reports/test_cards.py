"""Score cards: products along the funnel, by whom; only what the reader may see."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from shop.accounts.permissions import Role
from shop.catalog.models import Product
from shop.kernel import clock
from shop.kernel.db import transaction
from shop.reports import rules
from shop.reports.queries import cards
from shop.reports.queries.cards import Card
from tests import factories
from tests.people import sign_in
from tests.reports.conftest import MONG_CAI, VAN_DON, Place
from tests.reports.test_counting import _sell

MONTH = rules.latest()


def test_products_along_the_funnel(place: Place) -> None:
    factories.make_variant("Sản phẩm chưa có sao", producer=place.maker)
    _sell(place, 2, clock.start_of(MONTH) + timedelta(hours=1), province_code="01")
    end = clock.today() + timedelta(days=1)
    found = cards.cards(MONTH, end, ["*"])
    assert [(step, n) for step, n, _share in found.whole.steps] == [
        ("registered", 2), ("selected", 1), ("certified", 1), ("selling", 1), ("outside", 1),
    ]  # fmt: skip
    mine = next(c for c in found.producers if c.name == place.maker.name)
    assert (mine.ordered, mine.refused, mine.filled, mine.place) == (2, 0, 100, "Đặc khu Vân Đồn")
    assert mine.punctual is None and mine.days_bare is None, "nothing to judge by is not zero"
    assert [c.key for c in found.localities] == [VAN_DON]
    assert cards.cards(MONTH, end, [f"locality:{MONG_CAI}"]).producers == []


def test_a_locality_is_the_sum_of_its_producers() -> None:
    one, two = (
        Card("1", "a", ordered=10, refused=1, parcels=4, on_time=3),
        Card("2", "b", ordered=10, parcels=1, on_time=1),
    )
    one.funnel["selling"], two.funnel["selling"] = {1, 2}, {2, 3}
    whole = Card("", "")
    whole.add(one)
    whole.add(two)
    assert (whole.filled, whole.punctual, len(whole.funnel["selling"])) == (95, 80, 3)


def test_the_page(client: Any, place: Place) -> None:
    factories.make_producer("HTX Móng Cái", commune_code=MONG_CAI)
    sign_in(client, (Role.LOCALITY_OFFICER, f"locality:{VAN_DON}"))
    page = client.get("/office/scorecards?months=1").get_data(as_text=True)
    assert place.maker.name in page and "HTX Móng Cái" not in page
    assert "Đặc khu Vân Đồn" in client.get("/office/scorecards?by=locality").get_data(as_text=True)
    assert client.get("/office/scorecards?months=12&format=csv").status_code == 200
    assert "chưa rõ chủ thể, " not in page, "what belongs to no locality is the province's"


def test_the_province_is_told_why_reports_count_more(client: Any, place: Place) -> None:
    loose = factories.make_variant("Chưa rõ ai làm")
    with transaction() as s:
        s.execute(sa.update(Product).where(Product.id == loose.product_id).values(producer_id=None))
    factories.make_certificate(loose)
    factories.make_variant("Bán mà chưa có sao", producer=place.maker)
    now = cards.cards(MONTH, clock.today() + timedelta(days=1), ["*"])
    assert now.orphans == (1, 1) and [share for _step, _n, share in now.whole.steps] == [None, 50, 50, 0, 0]
    sign_in(client, Role.PROGRAMME_OFFICER)
    page = client.get("/office/scorecards?months=1").get_data(as_text=True)
    assert "Còn 1 sản phẩm đang giới thiệu chưa rõ chủ thể, 1 trong đó có chứng nhận" in page
