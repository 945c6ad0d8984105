"""Unmet demand in the office and in the producers' door: who sees what, narrowed, sorted, drilled into, taken away."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from shop.accounts.permissions import Role
from shop.demand.models.unmet import Channel, Kind
from shop.demand.queries import unmet as reads
from shop.demand.rules import unmet as rules
from shop.demand.services import unmet
from shop.demand.services.unmet import Wish
from shop.kernel import clock, settings
from shop.kernel.actor import SYSTEM
from shop.points.queries import forget as forget_points
from tests.demand.test_unmet import slug
from tests.factories import make_point, make_producer, make_variant
from tests.people import sign_in
from tests.statements import count

HERE = "/office/demand/unmet"


@pytest.fixture
def missed(ctx: Flask) -> dict[str, Any]:
    """Goods of two producers in two communes, asked for at two points and on the web; one word asked for by two."""
    near, far = make_producer("HTX Bến Gần"), make_producer("HTX Rừng Xa", commune_code="07093")
    squid = make_variant("Chả mực Hạ Long", amount=185_000, producer=near)
    honey = make_variant("Mật ong rừng", amount=90_000, producer=far)
    pier, hill = make_point("Bến tàu"), make_point("Chợ đồi", commune_code="07093")
    forget_points()
    old = clock.now() - timedelta(days=45)
    wishes = [
        Wish(Kind.TILL_ASKED, Channel.TILL, 4, variant_id=squid.id, point_id=pier.id, reference="till:1"),
        Wish(Kind.REFUSED, Channel.WEB, 2, variant_id=squid.id, reference="order:HX7K-3M2P"),
        Wish(Kind.TILL_ASKED, Channel.TILL, 3, variant_id=honey.id, point_id=hill.id),
        Wish(Kind.REFUSED, Channel.WEB, 9, variant_id=honey.id, at=old),
        Wish(Kind.SEARCH_NOTHING, Channel.WEB, words="Bưởi Diễn"),
        Wish(Kind.TILL_ASKED, Channel.TILL, 2, words="bưởi diễn", point_id=pier.id),
        Wish(Kind.SEARCH_NOTHING, Channel.WEB, words="=cmd|x"),
    ]
    for n, wish in enumerate(wishes):
        unmet.record(wish, once=str(n))
    return {"squid": squid, "honey": honey, "near": near, "far": far, "pier": pier, "hill": hill}


def table(client: Any, path: str) -> list[list[str]]:
    answer = client.get(path + ("&" if "?" in path else "?") + "format=csv")
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    return list(csv.reader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))[1:]


def test_by_product(client: Any, missed: Any, ctx: Flask) -> None:
    sign_in(client, Role.PROGRAMME_OFFICER)
    page = client.get(HERE).get_data(as_text=True)
    assert page.index("Chả mực Hạ Long") < page.index("Mật ong rừng")  # the most đồng first
    assert "1.110.000\u00a0₫" in page
    assert "1.380.000\u00a0₫" in page  # all of the last thirty days
    assert "Xem trang lúc hết hàng: tính 10 % số khách" in page
    assert [row[:1] + row[4:] for row in table(client, HERE)] == [
        ["Chả mực Hạ Long", "1110000", "6", "6", "2"],
        ["Mật ong rừng", "270000", "3", "3", "1"],
    ]
    first = (clock.today() - timedelta(days=60)).isoformat()
    assert [row[6] for row in table(client, f"{HERE}?from={first}&sort=-units")] == ["12", "6"]
    assert [row[0] for row in table(client, f"{HERE}?kind=refused")] == ["Chả mực Hạ Long"]
    assert [row[0] for row in table(client, f"{HERE}?q=rừng+xa")] == ["Mật ong rừng"]
    assert "Không có dòng nào khớp" in client.get(f"{HERE}?q=xyz").get_data(as_text=True)
    assert client.get(f"{HERE}?format=xlsx").data[:2] == b"PK"
    for odd in (
        "from=2026-99-99",
        "to=9999-12-31",
        "kind=x&channel=y",
        "sort=zz&page=-4",
        "from=2026-12-01&to=2026-01-01",
    ):
        assert client.get(f"{HERE}?{odd}").status_code == 200
    assert "Unmet demand" in client.get(f"/en{HERE}").get_data(as_text=True)
    assert count(lambda: client.get(HERE), ctx) <= 8


def test_by_words_and_by_place(client: Any, missed: Any) -> None:
    sign_in(client, Role.ADMINISTRATOR)
    assert table(client, f"{HERE}/words")[0] == ["Bưởi Diễn", "2", "3", "2.05"]
    assert "=cmd|x" in client.get(f"{HERE}/words").get_data(as_text=True)
    assert not any(cell.startswith("=") for row in table(client, f"{HERE}/words") for cell in row)
    places = table(client, f"{HERE}/places")
    assert [(row[0], row[3]) for row in places] == [("Bến tàu", "6"), ("Trên mạng", "4"), ("Chợ đồi", "3")]
    assert [row[0] for row in table(client, f"{HERE}/words?q=buoi")] == ["Bưởi Diễn"]


def test_down_to_the_single_ask(client: Any, missed: Any) -> None:
    sign_in(client, Role.PROMOTION_STAFF)
    here = f"{HERE}/products/{slug(missed['squid'])}"
    page = client.get(here).get_data(as_text=True)
    assert "Hỏi tại quầy mà không có" in page
    assert "HX7K-3M2P" in page
    assert "Bến tàu" in page
    assert "Từng lượt được giữ 90 ngày" in page
    assert [row[5] for row in table(client, f"{here}?kind=till_asked")] == ["4"]
    assert client.get(f"{HERE}/products/khong-co").status_code == 404


def test_a_locality_sees_its_own_producers_and_points_and_no_words(client: Any, missed: Any) -> None:
    sign_in(client, (Role.LOCALITY_OFFICER, "locality:07093"))
    assert [row[0] for row in table(client, HERE)] == ["Mật ong rừng"]
    page = client.get(HERE).get_data(as_text=True)
    assert "Chả mực" not in page
    assert "270.000\u00a0₫" in page
    assert "Theo từ khách tìm" not in page
    assert [row[0] for row in table(client, f"{HERE}/places")] == ["Chợ đồi"]
    assert client.get(f"{HERE}/words").status_code == 404
    assert client.get(f"{HERE}/products/{slug(missed['squid'])}").status_code == 404
    assert client.get(f"{HERE}/products/{slug(missed['honey'])}").status_code == 200


def test_who_keeps_a_counter_does_not_see_it(client: Any, missed: Any) -> None:
    sign_in(client, (Role.POINT_KEEPER, f"point:{missed['pier'].id}"))
    assert client.get(HERE).status_code == 403


def test_producers_see_their_own_goods_only(client: Any, missed: Any) -> None:
    sign_in(client, (Role.PRODUCER_MONEY, f"producer:{missed['near'].id}"))
    page = client.get("/producer/demand/unmet").get_data(as_text=True)
    assert "Chả mực Hạ Long" in page
    assert "Mật ong" not in page
    assert "HX7K" not in page
    assert [(row[0], row[3]) for row in table(client, "/producer/demand/unmet")] == [("Chả mực Hạ Long", "1110000")]
    assert client.get("/producer/demand/unmet?q=mật").status_code == 200
    assert client.get(HERE).status_code == 403


def test_the_report_of_a_producer_asks_the_same_data(missed: Any) -> None:
    today = clock.today()
    found = reads.missed_of(missed["near"].id, today, today + timedelta(days=1))
    assert [(m.kind, m.asks, m.units) for m in found] == [(Kind.TILL_ASKED, 1, 4), (Kind.REFUSED, 1, 2)]
    # Words only one person said are nobody else's business.
    assert reads.missed_words(today, today + timedelta(days=1)) == []
    unmet.record(Wish(Kind.SEARCH_NOTHING, Channel.WEB, words="bưởi diễn"), once="again")
    assert [(m.what, m.asks) for m in reads.missed_words(today, today + timedelta(days=1))] == [("Bưởi Diễn", 2)]


def test_the_rule_on_the_page_is_the_one_in_force(client: Any, missed: Any) -> None:
    sign_in(client, Role.ADMINISTRATOR)
    settings.change(SYSTEM, rules.PAGE_SHARE.key, "35")
    assert "Xem trang lúc hết hàng: tính 35 % số khách" in client.get(HERE).get_data(as_text=True)
