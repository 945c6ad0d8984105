"""The catalogue in the office: who may do what, refusals at their field with nothing lost, lists and exports."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from shop.accounts.permissions import Role
from shop.catalog import services as catalog
from shop.catalog.models import Certificate, Photo, Price, Product, ProductState, Variant, VariantState
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session
from tests.catalog.test_pictures import PDF, picture
from tests.factories import make_certificate, make_producer, make_set, make_variant
from tests.people import sign_in

OFFICER = Role.PROGRAMME_OFFICER


@pytest.fixture
def officer(ctx: Any, client: Any) -> Any:
    sign_in(client, OFFICER)
    return client


def of(variant: Any) -> Product:
    return session().get(Product, variant.product_id, populate_existing=True)


def base(variant: Any) -> str:
    return f"/office/products/{of(variant).slug}"


def text(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def test_the_list(officer: Any) -> None:
    a = make_variant("Chả mực", producer=make_producer("HTX Bến Giang"))
    make_variant("Rượu mơ", is_alcohol=True)
    catalog.update_product(SYSTEM, of(a).id, summary="x")
    page = text(officer.get("/office/products"))
    assert "Chả mực" in page
    assert "Rượu mơ" in page
    assert "Rượu mơ" not in text(officer.get("/office/products?q=ben+giang"))
    assert "Chả mực" in text(officer.get("/office/products?q=cha+muc"))
    assert "Chả mực" in text(officer.get(f"/office/products?q={a.sku}"))
    assert "Chả mực" not in text(officer.get("/office/products?kind=alcohol"))
    assert "Chả mực" not in text(officer.get("/office/products?q=%25"))
    assert "Không có dòng nào khớp" in text(officer.get("/office/products?state=hidden"))
    for lack in ("price", "photo", "weight", "producer", "certificate"):
        assert officer.get(f"/office/products?lacks={lack}").status_code == 200
    csv = officer.get("/office/products?format=csv")
    assert csv.mimetype == "text/csv"
    assert "Chả mực" in csv.get_data().decode("utf-8-sig")
    assert officer.get("/office/products?format=xlsx").get_data().startswith(b"PK")


def test_create_correct_show_hide(officer: Any) -> None:
    set_id = make_set(8).id
    answer = officer.fill("/office/products/new", form=0, name="Chả mực", set_id=set_id, kind="goods", cold="chilled")
    assert answer.status_code == 303
    made = session().scalars(select(Product)).one()
    assert (made.slug, made.state, made.province_code) == ("cha-muc", ProductState.DRAFT, "22")
    page = "/office/products/cha-muc"
    sent = officer.fill(page, form=page, story="Giã tay.", months=["1", "12"], allergens=["eggs"], shelf_life_days="90")
    assert sent.status_code == 303
    session().refresh(made)
    assert (made.story, made.season_months, made.allergens, made.shelf_life_days) == (
        "Giã tay.",
        0b100000000001,
        ["eggs"],
        90,
    )
    assert officer.fill(page, form=f"{page}/show").status_code == 303
    assert officer.get("/san-pham/cha-muc").status_code == 200
    assert officer.fill(page, form=f"{page}/hide").status_code == 303
    assert officer.get("/san-pham/cha-muc").status_code == 404


def test_a_double_click_makes_one(officer: Any) -> None:
    set_id = make_set(8).id
    token = officer.token("/office/products/new")
    key = re.search(r'name="op_key" value="([^"]+)"', text(officer.get("/office/products/new")))[1]
    form = {"csrf_token": token, "op_key": key, "name": "Chả mực", "set_id": set_id, "kind": "goods", "cold": "none"}
    first, second = (officer.post("/office/products/new", data=form) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert len(session().scalars(select(Product)).all()) == 1
    assert officer.post("/office/products/new", data=form | {"name": "Khác"}).status_code == 409


def test_what_is_refused_stays_in_the_form(officer: Any) -> None:
    v = make_variant("Chả mực")
    page = base(v)
    answer = officer.fill(
        page,
        form=page,
        name="",
        story="<script>alert(1)</script> chuyện dài",
        shelf_life_days="chín mươi",
        months=["3"],
    )
    assert answer.status_code == 422
    told = text(answer)
    assert 'id="f-name-error"' in told
    assert 'id="f-shelf_life_days-error"' in told
    assert "Hãy ghi một số nguyên." in told
    assert "&lt;script&gt;alert(1)&lt;/script&gt; chuyện dài" in told
    assert 'value="chín mươi"' in told
    assert re.search(r'name="months" value="3" checked', told)
    assert 'content="invalid"' in told
    assert of(v).name == "Chả mực"


def test_two_who_edit_at_once(officer: Any) -> None:
    v = make_variant("Chả mực")
    page = base(v)
    token = officer.token(page)
    seen = re.search(r'name="seen" value="([^"]+)"', text(officer.get(page)))[1]
    catalog.update_product(SYSTEM, v.product_id, summary="Người khác vừa sửa")
    form = {
        "csrf_token": token,
        "seen": seen,
        "name": "Tên của tôi",
        "set_id": of(v).set_id,
        "kind": "goods",
        "cold": "none",
    }
    answer = officer.post(page, data=form)
    assert answer.status_code == 409
    assert 'value="Tên của tôi"' in text(answer)
    assert of(v).summary == "Người khác vừa sửa"


def test_packs_and_prices(officer: Any) -> None:
    v = make_variant("Chả mực")
    page = base(v)
    new = f"{page}/packs/new"
    refused = officer.fill(new, form=new, sku="hộp", pack="", weight_g="x", amount="12,5")
    assert refused.status_code == 422
    assert 'value="hộp"' in text(refused)
    assert (
        officer.fill(
            new, form=new, sku="HOP-1", pack="Hộp", net_content="1", net_unit="KGM", amount="250.000"
        ).status_code
        == 303
    )
    pack = session().scalars(select(Variant).where(Variant.sku == "HOP-1")).one()
    assert session().scalars(select(Price.amount).where(Price.variant_id == pack.id)).one() == 250_000
    again = officer.fill(new, form=new, sku="hop-1", pack="Hộp")
    assert again.status_code == 409
    assert 'content="sku-taken"' in text(again)
    one = f"{page}/packs/HOP-1"
    assert officer.fill(one, form=one, weight_g="1100").status_code == 303
    later = (clock.now() + timedelta(days=2)).astimezone(clock.VIETNAM).strftime("%Y-%m-%dT%H:%M")
    assert officer.fill(one, form=f"{one}/prices", amount="230000", valid_from=later).status_code == 303
    refused = officer.fill(one, form=f"{one}/prices", amount="1.2.3", valid_from="hôm qua")
    assert refused.status_code == 422
    assert 'value="1.2.3"' in text(refused)
    past = officer.fill(one, form=f"{one}/prices", amount="1000", valid_from="2020-01-01T00:00")
    assert 'content="price-in-the-past"' in text(past)
    planned = session().scalars(select(Price).where(Price.variant_id == pack.id, Price.amount == 230_000)).one()
    assert officer.fill(one, form=f"{one}/prices/{planned.id}/cancel").status_code == 303
    assert officer.fill(one, form=f"{one}/prices/end").status_code == 303
    assert officer.fill(one, form=f"{one}/hide").status_code == 303
    session().refresh(pack)
    assert (pack.weight_g, pack.state) == (1100, VariantState.HIDDEN)
    assert officer.get(f"{page}/packs/NONE").status_code == 404
    other = make_variant()
    theirs = session().scalars(select(Price.id).where(Price.variant_id == other.id)).one()
    token = officer.token(one)
    assert officer.post(f"{one}/prices/{theirs}/cancel", data={"csrf_token": token}).status_code == 404


def test_photographs(officer: Any) -> None:
    v = make_variant("Chả mực")
    page = base(v)

    def send(content: bytes, alt: str) -> Any:
        data = {"csrf_token": officer.token(page), "alt": alt, "photo": (io.BytesIO(content), "anh.jpg")}
        return officer.post(f"{page}/photos", data=data, content_type="multipart/form-data")

    assert send(picture(), "Chả mực trên đĩa").status_code == 303
    refused = send(b"<svg><script>alert(1)</script></svg>", "Ảnh “độc”")
    assert refused.status_code == 422
    assert "Ảnh “độc”" in text(refused)
    assert 'id="f-photo-error"' in text(refused)
    assert send(picture(), "").status_code == 422
    photo = session().scalars(select(Photo)).one()
    one = f"{page}/photos/{photo.id}"
    assert officer.fill(page, form=one, alt="Đĩa chả mực", position="1").status_code == 303
    session().refresh(photo)
    assert photo.alt == "Đĩa chả mực"
    shown = text(officer.get(f"/san-pham/{of(v).slug}"))
    assert "image/avif" in shown
    key = re.search(r'src="(/media/photos/[^"]+\.jpg)"', shown)[1]
    assert officer.get(key).mimetype == "image/jpeg"
    elsewhere = base(make_variant())
    assert (
        officer.post(f"{elsewhere}/photos/{photo.id}/remove", data={"csrf_token": officer.token(page)}).status_code
        == 404
    )
    assert officer.fill(page, form=f"{one}/remove").status_code == 303
    assert session().scalar(select(Photo.id)) is None


def test_certificates(officer: Any) -> None:
    v = make_variant("Chả mực")
    new = f"{base(v)}/certificates/new"
    refused = officer.fill(new, form=0, number="12/QĐ-UBND", issued_on="ngày mai", stars="9")
    assert refused.status_code == 422
    assert 'value="12/QĐ-UBND"' in text(refused)
    data = {"csrf_token": officer.token(new), "number": "12/QĐ-UBND", "level": "province", "stars": "4", "score": "78,5",
            "issued_on": clock.today().isoformat(), "file": (io.BytesIO(PDF), "giay.pdf")}  # fmt: skip
    answer = officer.post(new, data=data, content_type="multipart/form-data")
    assert answer.status_code == 303
    c = session().scalars(select(Certificate)).one()
    assert c.expires_on == clock.add_months(clock.today(), 36)
    assert officer.get(f"/media/{c.file_key}").mimetype == "application/pdf"
    one = f"/office/certificates/{c.id}"
    assert officer.fill(one, form=one, stars="5").status_code == 303
    assert "12/QĐ-UBND" in text(officer.get("/office/certificates?q=12+qd&standing=valid"))
    assert "12/QĐ-UBND" not in text(officer.get("/office/certificates?ends=180"))
    no_reason = officer.fill(one, form=f"{one}/revoke", reason="")
    assert no_reason.status_code == 422
    assert officer.fill(one, form=f"{one}/revoke", reason="Hồ sơ sai").status_code == 303
    assert "Đã bị thu hồi" in text(officer.get(one))
    assert officer.get("/office/certificates/999").status_code == 404
    assert officer.get("/office/certificates?format=csv").status_code == 200
    assert officer.get("/office/sets").status_code == 200


def test_who_may_do_what(ctx: Any, client: Any) -> None:
    v = make_variant("Chả mực", commune_code="06994")
    other = make_variant("Miến dong", commune_code="06838")
    c = make_certificate(other)
    slug, far = base(v), base(other)
    assert client.get("/office/products").status_code == 302  # asked to sign in
    sign_in(client, Role.ORDER_DESK)
    assert client.get(slug).status_code == 200
    assert client.get("/office/products/new").status_code == 403
    assert '<form class="form panel"' not in text(client.get(slug))
    reader = client.application.test_client()
    sign_in(reader, (Role.LOCALITY_OFFICER, "locality:06994"))
    page = text(reader.get("/office/products"))
    assert "Chả mực" in page
    assert "Miến dong" not in page
    assert "Miến dong" not in reader.get("/office/products?format=csv").get_data().decode()
    assert reader.get(slug).status_code == 200
    assert reader.get(far).status_code == 404
    assert reader.get(f"/office/certificates/{c.id}").status_code == 404
    assert c.number not in text(reader.get("/office/certificates"))
    customer = client.application.test_client()
    sign_in(customer)
    assert customer.get("/office/products").status_code == 403
    token = customer.token("/tai-khoan")
    for path in ("show", "hide", "photos", "packs/new", "certificates/new"):
        assert customer.post(f"{slug}/{path}", data={"csrf_token": token}).status_code == 403
    assert of(v).state is ProductState.SHOWN


def test_without_a_token_nothing_is_changed(officer: Any) -> None:
    v = make_variant("Chả mực")
    assert officer.post(f"{base(v)}/hide").status_code == 400
    assert of(v).state is ProductState.SHOWN
