"""The public list and page of points, and the office's list and editor."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import timedelta

import pytest

from shop.accounts.permissions import Role
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session
from shop.points import hours, locator, queries
from shop.points import services as points
from shop.points.models import Point, PointKind
from tests.factories import make_point, make_producer, make_variant, put_in
from tests.people import sign_in


@pytest.fixture
def registry(ctx):
    points.load_registry()
    queries.forget()
    return ctx


def text(client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, address
    return answer.get_data(as_text=True)


def forget(client) -> None:
    """Points are kept for some seconds; a test does not wait."""
    client.application.extensions.pop("shop_points", None)


# --- public ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_the_list_shows_every_point_and_a_sketch(registry, client, prefix):
    page = text(client, f"{prefix}/diem-ban")
    for p in queries.public_points():
        assert f'href="{prefix}/diem-ban/{p.slug}"' in page
        assert text(client, f"{prefix}/diem-ban/{p.slug}")
    svg = ET.fromstring(re.search(r"<svg viewBox=.*?</svg>", page, re.S).group(0))
    marks = list(svg.iter("a"))
    placed = [p for p in queries.public_points() if p.locality_text and p.kind is not PointKind.FAIR]
    assert len(marks) == len(placed)
    ids = set(re.findall(r'id="(diem-\d+)"', page))
    assert {a.get("href")[1:] for a in marks} <= ids


def test_the_registry_offers_nothing_that_no_source_says(registry, client):
    page = text(client, "/diem-ban")
    assert "Nhận hàng đặt trước" not in page
    assert "Giờ mở cửa: chưa rõ" in page
    assert "Số liệu minh họa" not in page
    points.load_demo()
    forget(client)
    page = text(client, "/diem-ban?nhan=1")
    assert "Số liệu minh họa" in page
    assert "quang-ninh-gate" not in page
    assert "kho-truc-tuyen" not in page


def test_a_warehouse_and_a_hidden_point_have_no_page(registry, client):
    points.load_demo()
    hidden = make_point("Điểm kín", is_public=False)
    forget(client)
    text(client, "/diem-ban/kho-truc-tuyen", 404)
    text(client, f"/diem-ban/{hidden.slug}", 404)
    text(client, "/diem-ban/khong-co", 404)


def test_a_point_lists_its_shelf_page_by_page(ctx, client):
    shop = make_point("Cửa hàng Bến Đoan")
    other = make_point("Nơi khác")
    for n in range(31):
        put_in(make_variant(f"Chả mực {n:02d}"), shop, 3)
    put_in(make_variant("Rượu mơ", is_alcohol=True), shop, 5)
    put_in(make_variant("Ngao hai cùi"), other, 5)
    make_variant("Chưa nhập")
    forget(client)
    first = text(client, f"/diem-ban/{shop.slug}")
    second = text(client, f"/diem-ban/{shop.slug}?trang=2")
    assert "Chả mực 00" in first
    assert "Còn 3" in first
    assert "Chả mực 30" in second
    for absent in ("Rượu mơ", "Ngao hai cùi", "Chưa nhập"):
        assert absent not in first + second
    text(client, f"/diem-ban/{shop.slug}?trang=3", 404)
    assert "Chả mực 00" in text(client, f"/diem-ban/{shop.slug}?trang=-1")


def test_a_closed_point_says_so_and_shows_no_goods(ctx, client):
    shop = make_point("Cửa hàng Bến Đoan", opened_on=clock.today() - timedelta(30))
    put_in(make_variant("Sá sùng khô"), shop, 3)
    points.close(SYSTEM, shop.id, clock.today(), "hết hạn thuê")
    forget(client)
    page = text(client, f"/diem-ban/{shop.slug}")
    assert "Đã đóng cửa từ" in page
    assert "Sá sùng khô" not in page
    assert "Đã đóng cửa" in text(client, "/diem-ban")


def test_script_in_a_name_stays_text(ctx, client):
    make_point("<script>alert(1)</script>", address="<b>x</b>")
    forget(client)
    page = text(client, "/diem-ban")
    assert "<script>alert" not in page
    assert "<b>x</b>" not in page


def test_marks_of_one_place_stand_apart(ctx):
    for n in range(5):
        make_point(f"Điểm {n}", locality_text="Hạ Long")
    make_point("Xa", latitude=20.95, longitude=107.1)
    make_point("Ngoài tỉnh", latitude=10.8, longitude=106.7)
    make_point("Không rõ")
    drawn = locator.sketch(queries.public_points())
    assert len({(m.x, m.y) for m in drawn.marks}) == 6
    assert [m.exact for m in drawn.marks].count(True) == 1
    assert [p.name for _n, p in drawn.unplaced] == ["Không rõ", "Ngoài tỉnh"]


# --- the office --------------------------------------------------------------------------------------------------


def editor(**changes):
    values = {
        "name": "Cửa hàng Bến Đoan", "kind": "shop", "province": "22", "commune": "", "mon_from": "7h30", "mon_to": "21:00",
        "services": ["card", "gift"], "is_public": "1", "choose_province": None,
    }  # fmt: skip
    return values | changes


def test_only_staff_see_the_list(registry, client):
    assert client.get("/office/points").status_code == 302
    sign_in(client, Role.LOCALITY_OFFICER)
    assert client.get("/office/points").status_code == 403


def test_staff_open_change_close_and_reopen(gazetteer, client):
    sign_in(client, Role.PROMOTION_STAFF)
    made = client.fill("/office/points/new", form="/office/points/new", **editor())
    assert made.status_code == 302
    page = "/office/points/cua-hang-ben-doan"
    assert made.location == page
    row = session().query(Point).one()
    assert row.hours == {"mon": ["07:30", "21:00"]}
    assert row.services == ["card", "gift"]
    forget(client)
    assert client.fill(page, form=page, **editor(phone="0912 345 678", commune="06688")).status_code == 302
    session().expire_all()
    row = session().query(Point).one()
    assert (row.phone, row.commune_code) == ("+84912345678", "06688")
    forget(client)
    assert client.fill(page, form=f"{page}/close", reason="hết hạn").status_code == 302
    forget(client)
    session().expire_all()
    assert session().query(Point).one().closed_on == clock.today()
    assert client.fill(page, form=f"{page}/reopen", reason="thuê tiếp").status_code == 302
    session().expire_all()
    assert session().query(Point).one().closed_on is None
    assert client.get("/en/office/points").status_code == 200
    assert "Bến Đoan" in client.get("/office/points?format=csv", buffered=True).get_data(as_text=True)


def test_staff_open_a_producers_own_store(gazetteer, client):
    maker = make_producer("HTX Bến Giang", street="Thôn Đoài", phone="+84912345678", commune_code="06688")
    owner = client.application.test_client()
    sign_in(owner, (Role.PRODUCER_OWNER, f"producer:{maker.id}"))
    assert "Xin mở kho" in text(owner, "/producer/stock")
    sign_in(client, Role.ADMINISTRATOR)
    way = f"/office/points/new?producer={maker.slug}"
    assert f'href="{way}"' in text(client, f"/office/producers/{maker.slug}")
    known = text(client, way)
    for told in ("Kho HTX Bến Giang", "Thôn Đoài", "0912 345 678"):
        assert told in known, told
    assert re.search(rf'<option value="{maker.slug}" selected>', known)
    assert re.search(r'<option value="06688" selected>', known)
    nobody = client.fill(way, form="/office/points/new", producer="")
    assert nobody.status_code == 422
    assert "Hãy chọn cơ sở mà kho" in nobody.get_data(as_text=True)
    assert client.fill(way, form="/office/points/new", producer="khong-co").status_code == 422
    made = client.fill(way, form="/office/points/new")
    assert made.status_code == 302
    row = session().query(Point).one()
    assert (row.kind, row.producer_id, row.ships, row.is_public) == (PointKind.PRODUCER_STORE, maker.id, True, False)
    forget(client)
    assert "Xin mở kho" not in text(owner, "/producer/stock")
    assert "Kho HTX Bến Giang" in text(owner, "/producer/stock/new")
    # Whose it is cannot be taken back by the form, whatever is sent.
    other = make_producer("HTX Khe")
    client.fill(made.location, form=made.location, producer=other.slug)
    session().expire_all()
    assert session().query(Point).one().producer_id == maker.id


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"kind": "castle"},
        {"province": "99"},
        {"commune": "00001"},
        {"phone": "12"},
        {"latitude": "bắc", "longitude": "107"},
        {"latitude": "NaN", "longitude": "107"},
        {"latitude": "21"},
        {"mon_from": "21:00", "mon_to": "07:00"},
        {"tue_from": "07:00"},
        {"services": ["helipad"]},
        {"opened_on": "hôm qua"},
        {"source_url": "javascript:alert(1)"},
        {"floor_area_m2": "rộng"},
    ],
)
def test_a_wrong_field_is_shown_and_the_rest_is_kept(gazetteer, client, wrong):
    sign_in(client, Role.ADMINISTRATOR)
    answer = client.fill("/office/points/new", form="/office/points/new", **editor(address="12 Trần Phú", **wrong))
    page = answer.get_data(as_text=True)
    assert answer.status_code in {422}, page[:500]
    assert 'data-testid="error"' in page
    assert "12 Trần Phú" in page
    assert session().query(Point).count() == 0


def test_another_province_is_asked_for_without_scripts(gazetteer, client):
    sign_in(client, Role.ADMINISTRATOR)
    answer = client.fill("/office/points/new", form="/office/points/new", **editor(province="01", choose_province="1"))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "Ba Đình" in page
    assert session().query(Point).count() == 0


def test_two_editors_do_not_overwrite_each_other(gazetteer, client):
    sign_in(client, Role.ADMINISTRATOR)
    point_id = points.create(SYSTEM, points.Draft(name="Bến", kind=PointKind.SHOP), "key-000001")
    seen = queries.point(point_id).updated_at.isoformat()
    points.update(SYSTEM, point_id, points.Draft(name="Bến Đoan", kind=PointKind.SHOP))
    answer = client.fill("/office/points/ben", form="/office/points/ben", **editor(seen=seen))
    assert answer.status_code == 409
    session().expire_all()
    assert session().get(Point, point_id).name == "Bến Đoan"


def test_a_keeper_sees_his_point_and_no_other(gazetteer, client):
    mine = points.create(SYSTEM, points.Draft(name="Của tôi", kind=PointKind.SHOP), "key-000001")
    points.create(SYSTEM, points.Draft(name="Điểm Xa Lạ", kind=PointKind.SHOP), "key-000002")
    sign_in(client, (Role.POINT_KEEPER, f"point:{mine}"))
    page = text(client, "/office/points")
    assert "Của tôi" in page
    assert "Điểm Xa Lạ" not in page
    assert "disabled" in text(client, "/office/points/cua-toi")
    text(client, "/office/points/diem-xa-la", 404)
    text(client, "/office/points/new", 403)
    token = client.token("/office/points/cua-toi")
    assert client.post("/office/points/cua-toi", data={"csrf_token": token, "name": "x"}).status_code == 403


def test_a_scoped_editor_changes_only_his_point(gazetteer, client):
    mine = points.create(SYSTEM, points.Draft(name="Của tôi", kind=PointKind.SHOP), "key-000001")
    points.create(SYSTEM, points.Draft(name="Điểm Xa Lạ", kind=PointKind.SHOP), "key-000002")
    sign_in(client, (Role.PROMOTION_STAFF, f"point:{mine}"))
    assert client.fill("/office/points/cua-toi", form="/office/points/cua-toi", **editor()).status_code == 302
    text(client, "/office/points/diem-xa-la", 404)
    text(client, "/office/points/new", 404)


def test_hours_come_back_as_they_were_written(ctx):
    week = hours.read({"mon": ["07:30", "21:00"]})
    from shop.points import forms

    assert forms.hours_of(week) == {"mon": ("07:30", "21:00")}
    assert forms.hours_of(None) == {}
