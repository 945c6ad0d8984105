"""The doors: the estimate by province, the page of rates, the office."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shop.accounts.permissions import Role
from shop.delivery import queries, services
from shop.delivery.models import Region
from shop.kernel import clock
from tests.places.test_doors import sign_in

JSON = {"Accept": "application/json"}


@pytest.fixture
def loaded(gazetteer):
    services.load_regions()
    services.load_demo_rates()
    return gazetteer


def test_a_fee_before_there_is_an_address(loaded, client):
    answer = client.get("/van-chuyen/uoc-tinh?tinh=01&nang=1200&tien=350.000&cod=1&lanh=1")
    body = answer.json
    assert answer.status_code == 200
    assert body["total"] == 28_000 + 2 * 5_000 + 25_000 + 8_000
    assert sum(part["amount"] for part in body["parts"]) == body["total"]
    assert (body["zone"], body["days"], body["demo"]) == ("same_region", [2, 3], True)
    assert "public" in answer.headers["Cache-Control"]
    english = client.get("/en/van-chuyen/uoc-tinh?tinh=01").json
    assert english["zone_text"] == "Same region"


@pytest.mark.parametrize(
    ("query", "code", "status"),
    [
        ("", "invalid", 422),
        ("?tinh=99", "invalid", 422),
        ("?tinh=22&nang=-5", "invalid", 422),
        ("?tinh=22&nang=1e9", "invalid", 422),
        ("?tinh=22&nang=٣", "invalid", 422),
        ("?tinh=22&tien=abc", "invalid", 422),
        ("?tinh=22&nang=9999999", "parcel-too-heavy", 409),
        ("?tinh=79&lanh=1", "cold-not-deliverable", 409),
    ],
)
def test_what_cannot_be_estimated_is_refused(loaded, client, query, code, status):
    answer = client.get("/van-chuyen/uoc-tinh" + query, headers=JSON)
    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_the_page_of_rates(loaded, client):
    page = client.get("/van-chuyen").get_data(as_text=True)
    for words in ("20.000\u00a0₫", "Khác miền", "chưa giao", "Số liệu minh họa", "Miền Trung"):
        assert words in page
    worked_out = client.get("/van-chuyen?tinh=01&nang=1200").get_data(as_text=True)
    assert "38.000\u00a0₫" in worked_out
    assert "chưa giao được đến Thành phố Hồ Chí Minh" in client.get("/van-chuyen?tinh=79&lanh=1").get_data(as_text=True)
    assert client.get("/van-chuyen?tinh=22&nang=<script>").status_code == 200


def test_a_shop_without_rates_says_so(gazetteer, client):
    assert "chưa công bố biểu phí" in client.get("/van-chuyen").get_data(as_text=True)
    assert client.get("/van-chuyen/uoc-tinh?tinh=22", headers=JSON).json["code"] == "no-delivery-rate"


def test_only_who_may_edit_rates_comes_in(loaded, client):
    assert client.get("/office/rates").status_code == 302
    sign_in(client, Role.PROGRAMME_OFFICER)
    assert client.get("/office/rates").status_code == 403


def test_staff_change_rates_from_a_day_on(loaded, client):
    sign_in(client, Role.ADMINISTRATOR)
    assert "Giao hàng tiêu chuẩn" in client.get("/office/rates").get_data(as_text=True)
    tomorrow = clock.today() + timedelta(days=1)
    fields = {
        "name": "Hợp đồng 2027", "valid_from": tomorrow.isoformat(), "cod_per_10000": "0,75",
        "same_region-first_amount": "31.000", "other_region-cold_allowed": "1", "other_region-free_from_amount": "",
    }  # fmt: skip
    done = client.fill("/office/rates/new?origin=22", form="/office/rates", **fields)
    assert done.status_code == 303
    table = queries.book(fresh=True).table("22", tomorrow)
    assert (table.name, table.terms.cod_per_10000, table.is_demo) == ("Hợp đồng 2027", 75, False)
    assert table.zones[1].first_amount == 31_000
    assert (table.zones[2].cold_allowed, table.zones[2].free_from_amount) == (True, None)
    assert table.zones[0] == queries.book(fresh=True).table("22", clock.today()).zones[0]
    page = client.get("/office/rates").get_data(as_text=True)
    assert "Sắp áp dụng" in page
    assert client.get(f"/office/rates/{table.id}").status_code == 200
    gone = client.fill("/office/rates", form=f"/office/rates/{table.id}/withdraw")
    assert gone.status_code == 303
    assert queries.book(fresh=True).table("22", tomorrow).is_demo


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"valid_from": "2020-01-01"}, 422, "từ hôm nay"),
        ({"name": ""}, 422, "Vui lòng điền"),
        ({"same_region-first_amount": "ba nghìn"}, 422, "số đồng nguyên"),
        ({"same_region-first_g": "0"}, 422, "Giá trị phải từ"),
        ({"cod_per_10000": "nhiều"}, 422, "phần trăm"),
        ({"same_region-days_from": "9", "same_region-days_to": "2"}, 422, "Giá trị phải từ 9"),
        ({"seen": "1"}, 409, "người khác sửa"),
        ({"seen": ""}, 409, "người khác sửa"),
    ],
)
def test_a_bad_table_is_shown_again_with_the_fault(loaded, client, changes, status, words):
    sign_in(client, Role.ADMINISTRATOR)
    if "seen" in changes:
        client.fill("/office/rates/new?origin=22", form="/office/rates", name="Vừa sửa")
    answer = client.fill("/office/rates/new?origin=22", form="/office/rates", **{"name": "Của tôi", **changes})
    page = answer.get_data(as_text=True)
    assert answer.status_code == status
    assert words in page
    assert 'data-testid="error"' in page
    assert queries.current_table().name != "Của tôi"


def test_staff_move_a_province(loaded, client):
    sign_in(client, Role.ADMINISTRATOR)
    day = (clock.today() + timedelta(days=1)).isoformat()
    form = "/office/rates/regions"
    bad = client.fill("/office/rates", form=form, province="38", region="west", valid_from=day)
    same = client.fill("/office/rates", form=form, province="38", region="central", valid_from=day)
    done = client.fill("/office/rates", form=form, province="38", region="north", valid_from=day)
    assert (bad.status_code, same.status_code, done.status_code) == (422, 422, 303)
    tomorrow = clock.today() + timedelta(days=1)
    assert queries.book(fresh=True).region("38", tomorrow) is Region.NORTH
    assert client.post("/office/rates", data={}).status_code == 400
