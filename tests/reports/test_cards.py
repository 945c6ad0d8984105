"""Score cards: products along the funnel, by whom; only what the reader may see."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from shop.accounts.permissions import Role
from shop.catalog.models import Product
from shop.kernel import clock
from shop.kernel.db import session, transaction
from shop.orders.models import Fulfilment, OrderLine
from shop.reports import rules
from shop.reports.queries import card_rows, cards
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


def test_every_figure_is_the_sum_of_its_rows(client: Any, place: Place) -> None:
    factories.make_variant("Sản phẩm chưa có sao", producer=place.maker)
    _sell(place, 4, clock.start_of(MONTH) + timedelta(hours=1), province_code="01")
    _sell(place, 2, clock.start_of(MONTH) + timedelta(hours=2), province_code="22")
    with transaction() as s:
        first, second = s.scalars(sa.select(OrderLine).order_by(OrderLine.id)).all()
        first.refused_quantity = 1
        late, good = s.get_one(Fulfilment, first.fulfilment_id), s.get_one(Fulfilment, second.fulfilment_id)
        late.expected_to_on = good.expected_to_on = MONTH + timedelta(days=4)
        late.delivered_at = clock.start_of(MONTH + timedelta(days=5))
        good.delivered_at = clock.start_of(MONTH + timedelta(days=4))
    session().rollback()
    end = clock.today() + timedelta(days=1)
    for key, single in (("", False), (f"l{VAN_DON}", False), (str(place.maker.id), True)):
        chosen = cards.chosen(key, end, ["*"])
        assert chosen is not None
        mine, told = chosen[1], {}
        for figure in (*cards.FUNNEL, *card_rows.WORD):
            told[figure] = card_rows.rows(figure, mine, MONTH, end, single=single)
            if figure in cards.FUNNEL:
                assert len(told[figure]) == card_rows.whole(figure, mine, MONTH, end), figure
        filled, punctual = told["filled"], told["punctual"]
        assert (sum(r.value for r in filled), sum(r.good or 0 for r in filled)) == (6, 5)
        assert (sum(r.value for r in punctual), sum(r.good or 0 for r in punctual)) == (2, 1)
        assert len(filled) == len(punctual) == (2 if single else 1)
        assert card_rows.whole("filled", mine, MONTH, end) == 83
        assert card_rows.whole("punctual", mine, MONTH, end) == 50
        assert len(told["outside"]) == 1 and told["complaints"] == []


def test_a_card_over_time_opens_rows_of_its_month(client: Any, place: Place) -> None:
    _sell(place, 2, clock.start_of(MONTH) + timedelta(hours=1))
    sign_in(client, (Role.LOCALITY_OFFICER, f"locality:{VAN_DON}"))
    page = client.get(f"/office/scorecards/card?of={place.maker.id}").get_data(as_text=True)
    link = f"/office/scorecards/rows?f=filled&amp;of={place.maker.id}&amp;month={rules.spelt(MONTH)}"
    assert place.maker.name in page and link in page
    rows = client.get(link.replace("&amp;", "&")).get_data(as_text=True)
    assert "Ruốc hàu" in rows and "/office/orders/" not in rows, "who may not see orders sees no way to one"
    of_place = client.get(f"/office/scorecards/rows?f=filled&of=l{VAN_DON}&months=1").get_data(as_text=True)
    assert place.maker.name in of_place and f"of={place.maker.id}" in of_place
    assert client.get(f"/office/scorecards/card?of=l{VAN_DON}").status_code == 200
    assert client.get(f"/office/scorecards/rows?f=selling&of=l{VAN_DON}&months=1&format=csv").status_code == 200


def test_somebody_elses_card_is_not_there(client: Any, place: Place) -> None:
    sign_in(client, (Role.LOCALITY_OFFICER, f"locality:{MONG_CAI}"))
    for of in (str(place.maker.id), f"l{VAN_DON}", "lxxxxx", "-1", "9" * 19):
        assert client.get(f"/office/scorecards/card?of={of}").status_code == 404, of
        assert client.get(f"/office/scorecards/rows?f=filled&of={of}").status_code == 404, of
    assert client.get("/office/scorecards/rows?f=nothing").status_code == 404
    assert client.get("/office/scorecards/rows?f=filled&month=2026-13").status_code == 404
    assert place.maker.name not in client.get("/office/scorecards/rows?f=registered").get_data(as_text=True)
