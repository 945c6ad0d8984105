"""Listings at the producers' and the office's door: what a clerk with a phone and a reviewer do, and what is refused."""

from __future__ import annotations

import io
import itertools
import re
from typing import Any

import pytest
from sqlalchemy import insert, select

from shop.accounts.permissions import Role
from shop.catalog import services as catalog
from shop.catalog.models import Product, ProductState, Variant
from shop.kernel import clock, jobs, operations
from shop.kernel.db import session, transaction
from shop.kernel.mail import Letter
from shop.listings import queries
from shop.listings import services as listings
from shop.listings.models import State, Submission
from tests.factories import make_places, make_producer, make_set, make_variant
from tests.listings.goods import MEMBER, OFFICER, picture, product, put
from tests.people import make_user, sign_in
from tests.statements import statements

HERE = "/producer/listings"


@pytest.fixture
def maker(ctx: Any) -> Any:
    make_places()
    return make_producer("Bavabi thử")


@pytest.fixture
def pack(maker: Any) -> Variant:
    return make_variant("Ruốc hàu", producer=maker, amount=100_000, summary="Ruốc hàu Vân Đồn")


def _slug(pack: Variant) -> str:
    return product(pack.product_id).slug


def _member(client: Any, maker: Any) -> Any:
    return sign_in(client, (Role.PRODUCER_LISTINGS, f"producer:{maker.id}"))


def _open(product_id: int) -> Submission:
    session().expire_all()
    found = queries.open_submission(product_id)
    assert found is not None
    return found


def _text(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def test_from_the_blank_form_to_shown(client: Any, maker: Any) -> None:
    _member(client, maker)
    set_id = make_set(8).id
    blank = client.fill(f"{HERE}/new", form=f"{HERE}/new", name="", summary="Giữ lời này", do=None)
    assert blank.status_code == 422
    assert "Giữ lời này" in _text(blank)
    made = client.fill(
        f"{HERE}/new",
        form=f"{HERE}/new",
        name="Mực một nắng",
        set_id=set_id,
        summary="Mực câu Cô Tô.",
        ingredients="Mực ống",
        shelf_life_days="90",
        commune_code="06661",
        do=None,
        **{
            "variant-0-pack": "Túi 500 g", "variant-0-net_content": "500", "variant-0-price": "350.000",
            "variant-0-weight_g": "560",
        },
    )  # fmt: skip
    assert made.status_code == 303, _text(made)
    row = session().scalar(select(Product).where(Product.name == "Mực một nắng"))
    assert row is not None
    assert row.state is ProductState.DRAFT
    assert made.location.endswith(f"{HERE}/{row.slug}/photos")
    page = _text(client.get(f"{HERE}/{row.slug}"))
    assert "700.000\u00a0₫/kg" in page  # said by the server too
    assert "send-record" not in page
    early = client.fill(f"{HERE}/{row.slug}", form=f"{HERE}/{row.slug}", do="send")
    assert early.status_code == 303
    assert _open(row.id).state is State.DRAFT
    where = f"{HERE}/{row.slug}/photos"
    # A phone opens its camera for the one, its gallery for the other; both are sent as the same field.
    fields = re.findall(r'<input[^>]*name="photo"[^>]*>', _text(client.get(where)))
    assert [("capture=" in x, "multiple" in x) for x in fields] == [(True, False), (False, True)]
    sent = client.fill(where, form=where, photo=(io.BytesIO(picture()), "muc.jpg"), alt="Mực trên phên", do=None)
    assert sent.status_code == 303, _text(sent)
    assert client.get(f"/san-pham/{row.slug}").status_code == 404
    preview = client.get(f"{HERE}/{row.slug}/preview")
    assert preview.status_code == 200
    assert "noindex" in _text(preview)
    assert 'data-testid="preview"' in _text(preview)
    assert "add-to-cart" not in _text(preview)
    assert "no-store" in preview.headers["Cache-Control"]
    done = client.fill(f"{HERE}/{row.slug}", form=f"{HERE}/{row.slug}/send")
    assert done.status_code == 303
    told = _text(client.get(f"{HERE}/{row.slug}"))
    assert "sản phẩm hiện với khách khi được duyệt" in told
    assert "nội dung cũ vẫn hiện trong lúc chờ" not in told, "nothing is shown yet"
    waits = _open(row.id)
    assert waits.state is State.SENT
    office = client.application.test_client()
    sign_in(office, Role.PROGRAMME_OFFICER)
    assert "Mực một nắng" in _text(office.get("/office/listings"))
    assert office.get(f"/office/listings/{waits.reference}/preview").status_code == 200
    back = office.fill(
        f"/office/listings/{waits.reference}",
        **{"reason-product/summary": "Ghi rõ mùa câu", "do": "return"},
    )
    assert back.status_code == 303, _text(back)
    assert "Ghi rõ mùa câu" in _text(client.get(f"{HERE}/{row.slug}"))
    again = client.fill(f"{HERE}/{row.slug}", form=f"{HERE}/{row.slug}", summary="Mực câu tháng sáu.", do="send")
    assert again.status_code == 303
    keys = [line.key for line in queries.lines(_open(row.id).id)]
    approved = office.fill(f"/office/listings/{waits.reference}", keys=keys, do="approve")
    assert approved.status_code == 303, _text(approved)
    assert product(row.id).state is ProductState.SHOWN
    assert "Mực câu tháng sáu." in _text(client.get(f"/san-pham/{row.slug}"))


def test_a_new_product_is_made_where_its_producer_is(client: Any, maker: Any) -> None:
    _member(client, maker)
    assert '<option value="06661" selected>' in _text(client.get(f"{HERE}/new"))
    made = client.fill(f"{HERE}/new", form=f"{HERE}/new", name="Ruốc tôm", set_id=str(make_set().id))
    row = session().scalars(select(Product)).one()
    assert row.commune_code == "06661"
    shown = _text(client.get(made.location.removesuffix("/photos")))
    assert (
        re.findall(r'class="badge[^"]*"[^>]*>Bản nháp<', shown.partition("</h1>")[2].partition("</div>")[0]).__len__()
        == 1
    )


def test_a_claim_is_refused_at_its_field_and_nothing_is_lost(client: Any, maker: Any, pack: Variant) -> None:
    _member(client, maker)
    where = f"{HERE}/{_slug(pack)}"
    answer = client.fill(where, form=where, story="Đạt OCOP năm sao", storage_note="Mát", do="send")
    assert answer.status_code == 422
    page = _text(answer)
    assert 'id="f-story-error"' in page
    assert 'name="error-code" content="claim-not-held"' in page
    assert "Đạt OCOP năm sao" in page
    assert product(pack.product_id).storage_note is None
    wrong = client.fill(where, form=where, **{"variant-0-price": "đắt", "do": "send"})
    assert wrong.status_code == 422
    assert 'id="f-variant-0-price-error"' in _text(wrong)


def test_one_more_pack_without_scripts(client: Any, maker: Any, pack: Variant) -> None:
    _member(client, maker)
    where = f"{HERE}/{_slug(pack)}"
    more = client.fill(where, form=where, summary="Chưa ghi", do="more")
    assert more.status_code == 200
    assert 'name="variant-1-pack"' in _text(more)
    assert "Chưa ghi" in _text(more)
    answer = client.fill(
        where, form=where, packs="2", do="send",
        **{"variant-1-pack": "Hũ 150 g", "variant-1-price": "65000", "variant-1-net_content": "150",
           "variant-1-net_unit": "GRM"},
    )  # fmt: skip
    assert answer.status_code == 303, _text(answer)
    assert [line.field for line in queries.lines(_open(pack.product_id).id)] == ["new"]


def test_a_double_click_and_a_second_tab(client: Any, maker: Any, pack: Variant) -> None:
    _member(client, maker)
    where = f"{HERE}/{_slug(pack)}"
    key = operations.new_key()
    for _ in range(2):
        assert client.fill(where, form=where, name="Ruốc hàu sữa", op_key=key, do="send").status_code == 303
    assert session().query(Submission).count() == 1
    catalog.update_product(OFFICER, pack.product_id, ingredients="Hàu")
    stale = client.fill(where, form=where, name="Khác", seen="2026-01-01T00:00:00+00:00", do="send")
    assert stale.status_code == 409
    assert "submission-changed" in _text(stale)
    assert 'value="Khác"' in _text(stale)


@pytest.mark.parametrize("part", ["", "/photos", "/history", "/preview"])
def test_somebody_elses_pages_are_not_there(client: Any, maker: Any, pack: Variant, part: str) -> None:
    _member(client, make_producer("Người khác"))
    assert client.get(f"{HERE}/{_slug(pack)}{part}").status_code == 404


def test_somebody_elses_forms_are_not_there(client: Any, maker: Any, pack: Variant) -> None:
    put(maker.id, pack.product_id, {"name": "Tên mới"})
    ref = _open(pack.product_id).reference
    _member(client, make_producer("Người khác"))
    token = client.token(f"{HERE}/new")
    data = {"csrf_token": token, "op_key": operations.new_key(), "note": "x", "name": "x"}
    for part in ("", "/send", "/withdraw", "/drop", "/hide", "/show", "/ask", "/photos", "/photos/c1"):
        assert client.post(f"{HERE}/{_slug(pack)}{part}", data=data).status_code == 404, part
    assert client.get("/office/listings").status_code == 403
    assert client.get(f"/office/listings/{ref}").status_code == 403
    assert client.post(f"/office/listings/{ref}", data=data).status_code == 403
    assert _open(pack.product_id).state is State.SENT


def test_who_may_not_change_listings(client: Any, maker: Any, pack: Variant) -> None:
    sign_in(client, (Role.PRODUCER_PACKING, f"producer:{maker.id}"))
    assert client.get(HERE).status_code == 403
    assert client.get(f"{HERE}/{_slug(pack)}").status_code in {403, 404}
    other = client.application.test_client()
    sign_in(other, Role.LOCALITY_OFFICER)
    assert other.get("/office/listings").status_code == 403
    assert other.get(f"{HERE}/{_slug(pack)}").status_code == 403


def test_a_reviewer_who_is_a_member_does_not_approve_his_own(client: Any, maker: Any, pack: Variant) -> None:
    sign_in(client, (Role.PRODUCER_LISTINGS, f"producer:{maker.id}"), Role.PROGRAMME_OFFICER)
    where = f"{HERE}/{_slug(pack)}"
    client.fill(where, form=where, name="Tên mới", do="send")
    ref = _open(pack.product_id).reference
    answer = client.fill(f"/office/listings/{ref}", keys=["product/name"], do="approve")
    assert answer.status_code == 403
    assert "own-submission" in _text(answer)


def test_the_conflict_is_shown_and_overwritten_only_when_ticked(client: Any, maker: Any, pack: Variant) -> None:
    put(maker.id, pack.product_id, {"name": "Tên của cơ sở", "summary": "Của cơ sở"})
    ref = _open(pack.product_id).reference
    catalog.update_product(OFFICER, pack.product_id, name="Tên của cửa hàng")
    sign_in(client, Role.PROGRAMME_OFFICER)
    where = f"/office/listings/{ref}"
    assert "Tên của cửa hàng" in _text(client.get(where))
    both = ["product/name", "product/summary"]
    answer = client.fill(where, keys=both, do="approve", note="Lời này còn")
    assert answer.status_code == 409
    assert "listing-conflict" in _text(answer)
    assert "Lời này còn" in _text(answer)
    assert product(pack.product_id).name == "Tên của cửa hàng"
    assert client.fill(where, keys=both, over="product/name", do="approve").status_code == 303
    assert product(pack.product_id).name == "Tên của cơ sở"
    assert 'value="approve"' not in _text(client.get(where))


def test_warnings_and_partly_approved(client: Any, maker: Any, pack: Variant) -> None:
    put(maker.id, pack.product_id, {"name": "Ruốc hữu cơ", "summary": "Chữa bệnh mất ngủ"})
    ref = _open(pack.product_id).reference
    sign_in(client, Role.PROGRAMME_OFFICER)
    page = _text(client.get(f"/office/listings/{ref}"))
    assert "hữu cơ: cần giấy tờ" in page
    assert "tác dụng chữa bệnh: cần giấy tờ" in page
    no_reason = client.fill(f"/office/listings/{ref}", keys=["product/name"], do="approve")
    assert no_reason.status_code == 422
    nothing = client.fill(f"/office/listings/{ref}", keys=None, do="approve")
    assert nothing.status_code == 422
    assert "Hãy chọn ít nhất một mục" in _text(nothing)
    answer = client.fill(
        f"/office/listings/{ref}", do="approve", keys=["product/name"], **{"reason-product/summary": "Không được ghi"}
    )
    assert answer.status_code == 303
    assert (product(pack.product_id).name, product(pack.product_id).summary) == ("Ruốc hữu cơ", "Ruốc hàu Vân Đồn")


def test_a_reviewer_of_one_place_sees_its_goods_alone(client: Any, maker: Any, pack: Variant) -> None:
    put(maker.id, pack.product_id, {"name": "Tên mới"})
    far = make_producer("HTX Đông Triều", commune_code="07093")
    foreign = make_variant("Na dai", producer=far)
    put(far.id, foreign.product_id, {"name": "Na dai mới"})
    mine, theirs = _open(pack.product_id).reference, _open(foreign.product_id).reference
    sign_in(client, (Role.PROGRAMME_OFFICER, "locality:06661"))
    shown = _text(client.get("/office/listings"))
    assert mine in shown
    assert theirs not in shown
    assert queries.waiting_in_office({"locality:06661"}) == (1, 0)
    assert queries.waiting_in_office({"*"}) == (2, 0)
    assert client.get(f"/office/listings/{mine}").status_code == 200
    for path in (f"/office/listings/{theirs}", f"/office/listings/{theirs}/preview"):
        assert client.get(path).status_code == 404, path


def test_photographs_by_buttons(client: Any, maker: Any, pack: Variant) -> None:
    _member(client, maker)
    where = f"{HERE}/{_slug(pack)}/photos"
    for content in (b"<svg onload=alert(1)>", b""):
        bad = client.fill(where, form=where, photo=(io.BytesIO(content), "a.jpg"), alt="Ảnh", do=None)
        assert bad.status_code == 422
        assert 'value="Ảnh"' in _text(bad), re.findall(r'name="alt"[^>]*', _text(bad))
    for name in ("Một", "Hai"):
        sent = client.fill(
            where, form=where, photo=(io.BytesIO(picture(640, 480)), "a.jpg"), alt=name, turn="90", ratio="1-1", do=None
        )
        assert sent.status_code == 303

    def arranged() -> list[dict[str, Any]]:
        return queries.arranged(product(pack.product_id))

    first, second = arranged()
    row = queries.pictures(pack.product_id, [first["key"]])[first["key"]]
    assert row.width == row.height == 480
    assert client.fill(where, form=f"{where}/{second['key']}", do="up").status_code == 303
    assert [one["alt"] for one in arranged()] == ["Hai", "Một"]
    turned = client.fill(where, form=f"{where}/{first['key']}", do="right")
    assert turned.status_code == 303
    key = arranged()[1]["key"]
    assert key != first["key"]
    cut = client.fill(where, form=f"{where}/{key}", do="cut", box="0,0,600,1000")
    assert cut.status_code == 303
    key = arranged()[1]["key"]
    assert (queries.pictures(pack.product_id, [key])[key].width, arranged()[1]["alt"]) == (288, "Một")
    said = client.fill(where, form=f"{where}/{key}", do="alt", alt="Hộp OCOP")
    assert said.status_code == 422
    assert "Hộp OCOP" in _text(said)
    assert client.fill(where, form=f"{where}/{key}", do="away").status_code == 303
    assert [one["alt"] for one in arranged()] == ["Hai"]
    token = client.token(where)
    gone = client.post(f"{where}/{key}", data={"csrf_token": token, "op_key": operations.new_key(), "do": "up"})
    assert gone.status_code == 404
    assert queries.photos_of(pack.product_id) == []


def test_hide_show_and_ask(client: Any, maker: Any, pack: Variant) -> None:
    _member(client, maker)
    where = f"{HERE}/{_slug(pack)}"
    assert client.fill(where, form=f"{where}/hide").status_code == 303
    assert client.get(f"/san-pham/{_slug(pack)}").status_code == 404
    assert client.fill(where, form=f"{where}/show").status_code == 303
    assert client.get(f"/san-pham/{_slug(pack)}").status_code == 200
    catalog.hide(OFFICER, pack.product_id)
    assert f'action="{where}/show"' not in _text(client.get(where))
    assert client.fill(where, form=f"{where}/ask", note="").status_code == 422
    assert client.fill(where, form=f"{where}/ask", note="Đã sửa nhãn").status_code == 303
    assert _open(pack.product_id).state is State.SENT
    assert client.fill(where, form=f"{where}/withdraw").status_code == 303
    assert client.fill(where, form=f"{where}/drop").status_code == 303
    assert queries.open_submission(pack.product_id) is None
    assert "Xin hiện lại" in _text(client.get(where))


def test_what_waits_and_the_letter(client: Any, maker: Any, pack: Variant) -> None:
    member = make_user("Thành viên", (Role.PRODUCER_OWNER, f"producer:{maker.id}"))
    make_user("Người đóng gói", (Role.PRODUCER_PACKING, f"producer:{maker.id}"))
    make_user("Cơ sở khác", (Role.PRODUCER_OWNER, f"producer:{make_producer('Khác').id}"))
    put(maker.id, pack.product_id, {"name": "Tên mới"})
    office = client.application.test_client()
    sign_in(office, Role.PROGRAMME_OFFICER)
    assert "/office/listings?state=sent" in _text(office.get("/office"))
    row = _open(pack.product_id)
    listings.send_back(
        OFFICER, row.reference, {"product/name": "Tên quá dài"}, revision=row.revision, op_key=operations.new_key()
    )
    session().rollback()
    with client.application.app_context():
        jobs.dispatch()
    letters = session().scalars(select(Letter).where(Letter.kind == "listing-decided")).all()
    assert [x.recipient for x in letters] == [member.email]
    assert "Tên quá dài" in letters[0].body_text
    # As people write: a greeting first, a blank line between the parts, the address of the shop on a line of its own.
    lines = letters[0].body_text.strip().splitlines()
    assert lines[0] == f"Chào {member.name},"
    assert letters[0].subject not in lines
    assert lines[1] == ""
    assert lines[-1].startswith("http")
    assert lines[-2].endswith("OCOP Quảng Ninh")
    assert all(not (one == two == "") for one, two in itertools.pairwise(lines))
    button = next(i for i, line in enumerate(lines) if line.startswith("Mở sản phẩm"))
    assert lines[button - 1] == ""
    _member(client, maker)
    assert "/producer/listings?state=returned" in _text(client.get("/producer"))


def test_five_thousand_packs_in_six_statements(client: Any, maker: Any) -> None:
    set_id, now = make_set(8).id, clock.now()
    with transaction() as s:
        s.execute(
            insert(Product),
            [
                {
                    "slug": f"mon-{n:04d}", "name": f"Món {n:04d}", "sort_name": f"mon {n:04d}", "set_id": set_id,
                    "producer_id": maker.id, "state": ProductState.SHOWN, "kind": "goods", "allergens": [], "cold": "none",
                    "created_at": now, "updated_at": now,
                }
                for n in range(1000)
            ],
        )  # fmt: skip
        ids = s.scalars(select(Product.id).where(Product.producer_id == maker.id)).all()
        s.execute(
            insert(Variant),
            [
                {
                    "product_id": product_id, "sku": f"M{product_id}-{k}", "pack": f"Gói {k}", "position": k,
                    "created_at": now, "updated_at": now,
                }
                for product_id in ids
                for k in range(5)
            ],
        )  # fmt: skip
    _member(client, maker)
    client.get(HERE)
    with statements(client.application) as seen:
        page = client.get(HERE + "?page=3&sort=-name")
    assert page.status_code == 200
    assert len(seen) <= 6, seen
    assert "Món 0" in _text(page)
    sheet = client.get(HERE + "?format=csv")
    assert len(_text(sheet).strip().splitlines()) == 5001
    assert _text(client.get(HERE + "?q=M%C3%B3n+0042")).count("Món 0042") >= 5


def test_english(client: Any, maker: Any, pack: Variant) -> None:
    _member(client, maker)
    page = _text(client.get(f"/en{HERE}/{_slug(pack)}"))
    assert "Packs and prices" in page or "Save as a draft" in page
    assert MEMBER.label not in page
