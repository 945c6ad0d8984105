"""The picture in the producers' door: own goods only, and room that others leave, told of nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from shop.accounts.permissions import Role
from shop.demand.models.unmet import Channel, Kind
from shop.demand.queries import openings
from shop.demand.services import unmet
from shop.demand.services.unmet import Wish
from shop.kernel import clock
from shop.points.queries import forget as forget_points
from tests.demand import books
from tests.demand.test_picture import forecast, says
from tests.factories import make_places, make_point, make_producer, make_variant, put_in
from tests.people import sign_in
from tests.statements import count

HERE = "/producer/demand"


@pytest.fixture
def three(ctx: Flask) -> dict[str, Any]:
    """Three producers, the first two with goods of the same set."""
    make_places()
    own, other, third = make_producer("HTX Bến Gần"), make_producer("HTX Hàng Xóm"), make_producer("HTX Rừng Xa")
    squid = make_variant("Chả mực Hạ Long", producer=own)
    rival = make_variant("Chả mực Cô Tô", producer=other)
    honey = make_variant("Mật ong rừng", producer=third, set_number=3)
    pier = make_point("Bến tàu")
    forget_points()
    put_in(squid, pier, 30)
    books.weeks(squid, pier.id, [4] * 10)
    return {"own": own, "other": other, "third": third, "squid": squid, "rival": rival, "honey": honey, "pier": pier}


def asked(variant: Any, pier: Any, times: int, quantity: int = 2) -> None:
    for n in range(times):
        wish = Wish(Kind.TILL_ASKED, Channel.TILL, quantity, variant_id=variant.id, point_id=pier.id)
        unmet.record(wish, once=f"{variant.id}-{n}")


def test_own_goods_only(client: Any, three: Any, ctx: Flask) -> None:
    asked(three["rival"], three["pier"], 2, 7)
    forecast({(three["squid"].id, three["pier"].id): [10.0] * 13, (three["rival"].id, three["pier"].id): [3.0] * 13})
    says(three["squid"], 200, 10)
    sign_in(client, (Role.PRODUCER_OWNER, f"producer:{three['own'].id}"))
    page = client.get(HERE).get_data(as_text=True)
    assert "Chả mực Hạ Long" in page
    assert "Chả mực Cô Tô" not in page
    assert "HTX Hàng Xóm" not in page
    assert "Bắt đầu trước hết ngày" in page or "Quá hạn bắt đầu" in page
    assert "Chả mực Cô Tô" not in client.get(f"{HERE}?format=csv").get_data(as_text=True)
    for odd in ("?sort=zz&page=9", "?state=nothing", "?producer=x&place=1"):
        assert client.get(HERE + odd).status_code == 200
    assert "What to make more of" in client.get(f"/en{HERE}").get_data(as_text=True)
    # Two of them are for the range of goods that no total of the run speaks of.
    assert count(lambda: client.get(HERE), ctx) <= 23
    assert client.get("/office/demand").status_code == 403


def test_what_two_people_asked_for_is_not_told(client: Any, three: Any) -> None:
    asked(three["rival"], three["pier"], 2)
    assert openings.read(three["own"].id) == []
    sign_in(client, (Role.PRODUCER_OWNER, f"producer:{three['own'].id}"))
    assert "Hiện chưa có chỗ trống nào" in client.get(HERE).get_data(as_text=True)


def test_what_three_people_asked_for_is_an_opening(client: Any, three: Any) -> None:
    asked(three["rival"], three["pier"], 3, 13)
    (one,) = openings.read(three["own"].id)
    assert (one.asks, one.units) == (3, 39)
    assert one.weekly == pytest.approx(3.0)
    sign_in(client, (Role.PRODUCER_OWNER, f"producer:{three['own'].id}"))
    page = client.get(HERE).get_data(as_text=True)
    assert "3 lượt khách thiếu 39 đơn vị" in page
    assert "HTX Hàng Xóm" not in page
    address = page.split("/producer/capacity/")[1].split('"')[0].replace("&amp;", "&")
    form = client.get("/producer/capacity/" + address).get_data(as_text=True)
    assert 'value="3"' in form
    # What he says there stands in place of what he said before: the room is on top of that.
    says(three["squid"], 200, 10)
    page = client.get(HERE).get_data(as_text=True)
    assert "units=203&amp;per=week" in page
    # Who has nothing in the set has no opening there, and one's own asks are not one's opening.
    assert openings.read(three["third"].id) == []
    assert openings.read(three["other"].id) == []


def test_two_producers_behind_a_number_are_enough(three: Any) -> None:
    second = make_variant("Chả mực Vân Đồn", producer=three["third"])
    asked(three["rival"], three["pier"], 1)
    asked(second, three["pier"], 1)
    (one,) = openings.read(three["own"].id)
    assert one.asks == 2
    # Later it is forgotten.
    assert openings.read(three["own"].id, clock.today() + timedelta(weeks=14)) == []


def test_who_may_not_see_sales_does_not_see_it(client: Any, three: Any) -> None:
    sign_in(client, (Role.PRODUCER_PACKING, f"producer:{three['own'].id}"))
    assert client.get(HERE).status_code == 403
