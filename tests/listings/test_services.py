"""Draft, sent, approved, sent back, shown: what shows at once, what waits, and what is never overwritten unasked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from shop.catalog import services as catalog
from shop.catalog.errors import NoSuchProduct, SkuTaken
from shop.catalog.models import ProductState, Variant, VariantState
from shop.kernel import clock, facts, operations, settings
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.kernel.errors import Conflict, Invalid
from shop.listings import queries
from shop.listings import services as listings
from shop.listings.errors import (
    ChangedMeanwhile,
    ClaimNotHeld,
    HiddenByOffice,
    Incomplete,
    NotOpen,
    OwnSubmission,
    ProducerSuspended,
    SeenOtherwise,
)
from shop.listings.models import ALLOWED, Change, Outcome, State, Step, Submission
from shop.listings.services import pictures
from shop.producers import services as producers
from shop.producers.models import ProducerState
from tests.factories import make_certificate, make_producer, make_set, make_variant
from tests.listings.goods import MEMBER, OFFICER, OTHER, approve, picture, product, put, send_back

pytestmark = pytest.mark.usefixtures("ctx")


@pytest.fixture
def maker(ctx: Any) -> Any:
    return make_producer("Bavabi thử")


@pytest.fixture
def pack(maker: Any) -> Variant:
    return make_variant("Ruốc hàu", producer=maker, amount=100_000, summary="Ruốc hàu Vân Đồn")


def _open(product_id: int) -> Submission | None:
    session().expire_all()
    return queries.open_submission(product_id)


def _price(variant_id: int) -> int | None:
    session().expire_all()
    row = session().get(Variant, variant_id)
    assert row is not None
    return queries.today(row.product).packs[row.sku].price


def _outcomes(product_id: int) -> list[tuple[str, str]]:
    return [(c.field, c.outcome.value) for c in reversed(queries.changes(product_id))]


def _new(maker: Any) -> int:
    """A new product that has all but a photograph."""
    done = put(
        maker.id,
        None,
        {
            "name": "Mực một nắng",
            "set_id": make_set(8).id,
            "summary": "Mực câu Cô Tô phơi một nắng.",
            "ingredients": "Mực ống 100%",
            "shelf_life_days": 90,
            "locality_text": "Cô Tô",
            "variants": [
                {"pack": "Túi 500 g", "net_content": "500", "net_unit": "GRM", "weight_g": 560, "price": 350_000}
            ],
        },
    )
    assert (done.outcome, done.missing) == ("draft", ("photos",))
    return done.product_id


# --- what shows at once and what waits ---------------------------------------------------------------------------


def test_small_changes_show_at_once_and_are_on_record(maker: Any, pack: Variant) -> None:
    done = put(
        maker.id,
        pack.product_id,
        {"storage_note": "Nơi khô mát", "variants": [{"sku": pack.sku, "price": 110_000, "order_limit": 5}]},
    )
    assert (done.outcome, done.reference) == ("shown", None)
    assert {c.key for c in done.changes} == {
        "product/storage_note",
        f"variant:{pack.sku}/price",
        f"variant:{pack.sku}/order_limit",
    }
    assert product(pack.product_id).storage_note == "Nơi khô mát"
    assert _price(pack.id) == 110_000
    assert _open(pack.product_id) is None
    assert {o for _f, o in _outcomes(pack.product_id)} == {"shown"}
    assert put(maker.id, pack.product_id, {"storage_note": "Nơi khô mát"}).outcome == "unchanged"


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"name": "Ruốc hàu sữa"}, "name"),
        ({"summary": "Khác"}, "summary"),
        ({"ingredients": "Hàu, muối"}, "ingredients"),
        ({"allergens": ["molluscs"]}, "allergens"),
        ({"alcohol_percent": "0"}, "alcohol_percent"),
        ({"locality_text": "Vân Đồn"}, "locality_text"),
    ],
)
def test_names_and_claims_wait_while_the_old_stays(maker: Any, pack: Variant, sent: dict[str, Any], field: str) -> None:
    before = getattr(product(pack.product_id), field)
    done = put(maker.id, pack.product_id, sent)
    assert done.outcome == "queued"
    assert getattr(product(pack.product_id), field) == before
    assert approve(str(done.reference))
    assert getattr(product(pack.product_id), field) != before
    assert _outcomes(pack.product_id) == [(field, "queued"), (field, "approved")]


def test_a_small_change_beside_a_waiting_one_does_not_disturb_it(maker: Any, pack: Variant) -> None:
    first = put(maker.id, pack.product_id, {"name": "Ruốc hàu sữa", "storage_note": "Mát"})
    assert first.outcome == "queued"
    assert product(pack.product_id).storage_note == "Mát"
    row = _open(pack.product_id)
    assert row is not None
    revision = row.revision
    assert put(maker.id, pack.product_id, {"season_months": 7}).outcome == "shown"
    row = _open(pack.product_id)
    assert row is not None
    assert (row.state, row.revision) == (State.SENT, revision)
    again = put(maker.id, pack.product_id, {"name": "Ruốc hàu sữa"})
    assert (again.outcome, again.reference) == ("queued", first.reference)


def test_a_price_beyond_the_limit_or_by_small_steps_waits(maker: Any, pack: Variant) -> None:
    def price(amount: int) -> str:
        return put(maker.id, pack.product_id, {"variants": [{"sku": pack.sku, "price": amount}]}).outcome

    assert price(121_000) == "queued"
    assert _price(pack.id) == 100_000
    assert price(100_000) in {"shown", "unchanged"}  # taken back
    assert _open(pack.product_id) is None
    assert price(115_000) == "shown"
    assert price(125_000) == "queued"  # 8.7 % of 115,000, but 25 % of 100,000
    assert _price(pack.id) == 115_000
    row = _open(pack.product_id)
    assert row is not None
    approve(row.reference)
    assert _price(pack.id) == 125_000
    assert price(140_000) == "shown"  # what a reviewer has seen is what is counted from
    with transaction() as s:
        for change in s.scalars(select(Change)):
            change.at -= timedelta(days=31)
    assert price(160_000) == "shown"  # 14 % of 140,000; what was before lies behind the window


def test_the_limit_is_a_setting_and_the_offices_own_price_begins_anew(maker: Any, pack: Variant) -> None:
    settings.change(SYSTEM, "listings.price_limit_percent", "0")
    facts_ = {"variants": [{"sku": pack.sku, "price": 100_001}]}
    assert put(maker.id, pack.product_id, facts_).outcome == "queued"
    settings.change(SYSTEM, "listings.price_limit_percent", "20")
    assert put(maker.id, pack.product_id, facts_).outcome in {"shown", "queued"}
    catalog.set_price(OFFICER, pack.id, 200_000)
    assert put(maker.id, pack.product_id, {"variants": [{"sku": pack.sku, "price": 230_000}]}).outcome == "shown"


def test_packs(maker: Any, pack: Variant) -> None:
    foreign = make_variant("Của người khác", producer=make_producer("Khác"))
    with pytest.raises(SkuTaken) as taken:
        put(maker.id, pack.product_id, {"variants": [{"sku": foreign.sku, "pack": "Gói"}]})
    assert taken.value.field == "variant-0-sku"
    done = put(
        maker.id,
        pack.product_id,
        {
            "variants": [
                {"pack": "Hũ 150 g", "net_content": "150", "net_unit": "GRM", "weight_g": 200, "price": "65.000đ"}
            ]
        },
    )
    assert done.outcome == "queued"
    sku = done.changes[0].subject.partition(":")[2]
    assert sku == "RUOC-HAU-01"
    approve(str(done.reference))
    made = session().scalar(select(Variant).where(Variant.sku == sku))
    assert made is not None
    assert (made.pack, made.weight_g, _price(made.id)) == ("Hũ 150 g", 200, 65_000)
    assert put(maker.id, pack.product_id, {"variants": [{"sku": sku, "state": "hidden"}]}).outcome == "shown"
    assert product(pack.product_id).variants[1].state is VariantState.HIDDEN
    assert put(maker.id, pack.product_id, {"variants": [{"sku": sku, "state": "shown"}]}).outcome == "queued"


def test_what_disagrees_is_refused_when_it_is_sent_not_at_the_approval(maker: Any, pack: Variant) -> None:
    refused: list[tuple[dict[str, Any], str]] = [
        ({"alcohol_percent": "29"}, "alcohol_percent"),
        ({"name": ""}, "name"),
        ({"shelf_life_days": "lâu"}, "shelf_life_days"),
        ({"set_id": 999_999}, "set_id"),
        ({"variants": [{"sku": pack.sku, "net_content": ""}]}, "variant-0-net_content"),
        ({"variants": [{"sku": pack.sku, "gtin": "8930000000009"}]}, "variant-0-gtin"),
        ({"variants": [{"sku": pack.sku, "price": "rẻ"}]}, "variant-0-price"),
        ({"variants": [{"sku": pack.sku}, {"sku": pack.sku}]}, "variant-1-sku"),
        ({"variants": [{"price": 5}]}, "variant-0-pack"),
        ({"photos": [{"key": "c1", "alt": ""}]}, "photos"),
    ]
    for sent, field in refused:
        with pytest.raises((Invalid, Conflict)) as error:
            put(maker.id, pack.product_id, sent)
        assert error.value.field == field, sent
    with pytest.raises(TypeError):
        put(maker.id, pack.product_id, {"stated_stars": 5})
    with pytest.raises(facts.Refused) as several:
        put(maker.id, pack.product_id, {"name": "", "shelf_life_days": "x", "variants": [{"sku": "!"}]})
    assert {e.field for e in several.value.all} == {"name", "shelf_life_days", "variant-0-sku"}
    assert _open(pack.product_id) is None
    assert session().query(Change).count() == 0


# --- a new product -----------------------------------------------------------------------------------------------


def test_a_new_product_from_draft_to_shown(maker: Any) -> None:
    product_id = _new(maker)
    row = _open(product_id)
    assert row is not None
    with pytest.raises(Incomplete):
        listings.send(MEMBER, row.reference, op_key=operations.new_key())
    listings.add_picture(MEMBER, maker.id, product_id, picture(), "Mực trên phên", op_key=operations.new_key())
    done = listings.send(MEMBER, row.reference, note="Xin duyệt sớm", op_key=operations.new_key())
    assert done.outcome == "queued"
    assert product(product_id).state is ProductState.DRAFT
    send_back(row.reference, {"product/summary": "Ghi rõ mùa câu"}, note="Gần xong")
    row = _open(product_id)
    assert row is not None
    assert (row.state, row.answer) == (State.RETURNED, "Gần xong")
    assert [(x.key, x.reason) for x in queries.lines(row.id) if x.reason] == [("product/summary", "Ghi rõ mùa câu")]
    assert put(maker.id, product_id, {"summary": "Mực câu tháng sáu."}).outcome == "queued"
    assert approve(row.reference)
    shown = product(product_id)
    assert shown.state is ProductState.SHOWN
    assert shown.published_at is not None
    assert shown.summary == "Mực câu tháng sáu."
    chain = [(s.state_from, s.state_to) for s in queries.steps(row.id)]
    assert all(after in ALLOWED[before] for before, after in chain if before is not None)
    assert chain[-1] == (State.SENT, State.APPROVED)


def test_an_edit_takes_a_new_product_out_of_the_queue_and_a_dropped_one_comes_back(maker: Any) -> None:
    product_id = _new(maker)
    listings.add_picture(MEMBER, maker.id, product_id, picture(), "Mực", op_key=operations.new_key())
    row = _open(product_id)
    assert row is not None
    listings.send(MEMBER, row.reference, op_key=operations.new_key())
    listings.save_draft(MEMBER, maker.id, product_id, {"summary": "Khác"}, op_key=operations.new_key())
    row = _open(product_id)
    assert row is not None
    assert row.state is State.DRAFT
    with pytest.raises(NotOpen):
        approve(row.reference)
    listings.drop(MEMBER, row.reference)
    assert product(product_id).state is ProductState.HIDDEN
    with pytest.raises(NotOpen):
        listings.drop(MEMBER, row.reference)
    put(maker.id, product_id, {"summary": "Lại"})
    assert product(product_id).state is ProductState.DRAFT
    again = _open(product_id)
    assert again is not None
    assert again.reference != row.reference


# --- review ------------------------------------------------------------------------------------------------------


def test_some_approved_the_rest_sent_back(maker: Any, pack: Variant) -> None:
    done = put(maker.id, pack.product_id, {"name": "Tên mới", "summary": "Tóm tắt mới", "ingredients": "Hàu"})
    ref = str(done.reference)
    with pytest.raises(Invalid) as no_reason:
        approve(ref, keys={"product/name"})
    assert no_reason.value.field in {"reason-product/summary", "reason-product/ingredients"}
    reasons = {"product/summary": "Thiếu nơi làm", "product/ingredients": "Thiếu phụ gia"}
    assert not approve(ref, keys={"product/name"}, reasons=reasons)
    assert product(pack.product_id).name == "Tên mới"
    assert product(pack.product_id).summary == "Ruốc hàu Vân Đồn"
    row = _open(pack.product_id)
    assert row is not None
    assert row.state is State.RETURNED
    put(maker.id, pack.product_id, {"summary": "Ruốc hàu làm ở Vân Đồn", "ingredients": "Hàu, muối"})
    assert approve(ref)
    assert product(pack.product_id).summary == "Ruốc hàu làm ở Vân Đồn"
    assert ("summary", "returned") in _outcomes(pack.product_id)


def test_what_the_office_changed_meanwhile_is_never_overwritten_unasked(maker: Any, pack: Variant) -> None:
    done = put(maker.id, pack.product_id, {"name": "Tên của cơ sở", "summary": "Của cơ sở"})
    ref = str(done.reference)
    seen = product(pack.product_id).updated_at
    catalog.update_product(OFFICER, pack.product_id, name="Tên của cửa hàng")
    with pytest.raises(SeenOtherwise):
        approve(ref, seen=seen)
    with pytest.raises(ChangedMeanwhile) as found:
        approve(ref)
    assert found.value.keys == ("product/name",)
    assert product(pack.product_id).name == "Tên của cửa hàng"
    assert product(pack.product_id).summary == "Ruốc hàu Vân Đồn"
    assert not approve(ref, keys={"product/summary"}, reasons={"product/name": "Cửa hàng đã sửa tên"})
    assert product(pack.product_id).name == "Tên của cửa hàng"
    put(maker.id, pack.product_id, {"name": "Tên khác nữa"})
    assert approve(ref)


def test_a_conflict_may_be_overwritten_knowingly(maker: Any, pack: Variant) -> None:
    ref = str(put(maker.id, pack.product_id, {"name": "Tên của cơ sở"}).reference)
    catalog.update_product(OFFICER, pack.product_id, name="Tên của cửa hàng")
    assert approve(ref, over={"product/name"})
    assert product(pack.product_id).name == "Tên của cơ sở"


def test_refusals_of_the_review(maker: Any, pack: Variant) -> None:
    ref = str(put(maker.id, pack.product_id, {"name": "Tên mới"}).reference)
    with pytest.raises(OwnSubmission):
        listings.approve(MEMBER, ref, revision=2, op_key=operations.new_key())
    with pytest.raises(SeenOtherwise):
        approve(ref, revision=99)
    with pytest.raises(Invalid):
        send_back(ref, {})
    with pytest.raises(Invalid):
        approve(ref, keys={"product/nothing"})
    listings.withdraw(MEMBER, ref)
    with pytest.raises(NotOpen):
        listings.withdraw(MEMBER, ref)
    with pytest.raises(NotOpen):
        approve(ref)
    listings.drop(MEMBER, ref)
    assert product(pack.product_id).state is ProductState.SHOWN
    with pytest.raises(NotOpen):
        listings.send(MEMBER, ref, op_key=operations.new_key())


def test_the_same_key_does_it_once(maker: Any, pack: Variant) -> None:
    key = operations.new_key()
    first = listings.submit(MEMBER, maker.id, pack.product_id, {"name": "Một"}, op_key=key)
    again = listings.submit(MEMBER, maker.id, pack.product_id, {"name": "Một"}, op_key=key)
    assert first == again
    with pytest.raises(operations.KeyUsedOtherwise):
        listings.submit(MEMBER, maker.id, pack.product_id, {"name": "Hai"}, op_key=key)
    made = operations.new_key()
    new = {"name": "Mới", "set_id": make_set(8).id}
    ids = {listings.submit(MEMBER, maker.id, None, new, op_key=made).product_id for _ in range(2)}
    assert len(ids) == 1
    key = operations.new_key()
    assert approve(str(first.reference), op_key=key, revision=2)
    assert approve(str(first.reference), op_key=key, revision=2)
    assert session().query(Step).where(Step.state_to == State.APPROVED).count() == 1


def test_two_at_once_make_one_submission(app: Any, maker: Any, pack: Variant, together: Any) -> None:
    session().rollback()
    outcomes = together(app, lambda: put(maker.id, pack.product_id, {"name": f"Tên {clock.now()}"}), times=4)
    assert [o.error for o in outcomes] == [None] * 4
    assert len({o.value.reference for o in outcomes}) == 1
    assert session().query(Submission).count() == 1


def test_somebody_elses_goods_and_a_suspended_producer(maker: Any, pack: Variant) -> None:
    other = make_producer("Người khác")
    for call in (
        lambda: put(other.id, pack.product_id, {"name": "Của tôi"}),
        lambda: listings.hide(OTHER, other.id, pack.product_id),
        lambda: listings.show(OTHER, other.id, pack.product_id),
        lambda: listings.add_picture(OTHER, other.id, pack.product_id, picture(), "x", op_key=operations.new_key()),
        lambda: put(maker.id, 10**9, {"name": "x"}),
    ):
        with pytest.raises(NoSuchProduct):
            call()
    producers.set_state(OFFICER, maker.id, ProducerState.SUSPENDED, "giấy tờ hết hạn")
    with pytest.raises(ProducerSuspended):
        put(maker.id, pack.product_id, {"name": "Mới"})


def test_seen_by_the_editor(maker: Any, pack: Variant) -> None:
    seen = product(pack.product_id).updated_at
    catalog.update_product(OFFICER, pack.product_id, summary="Khác")
    with pytest.raises(SeenOtherwise):
        put(maker.id, pack.product_id, {"name": "Mới"}, seen=seen)


def test_an_old_draft_of_small_changes_does_not_overwrite(maker: Any, pack: Variant) -> None:
    done = listings.save_draft(
        MEMBER, maker.id, pack.product_id, {"storage_note": "Của cơ sở"}, op_key=operations.new_key()
    )
    assert done.outcome == "draft"
    assert product(pack.product_id).storage_note is None
    catalog.update_product(OFFICER, pack.product_id, storage_note="Của cửa hàng")
    with pytest.raises(ChangedMeanwhile):
        listings.send(MEMBER, str(done.reference), op_key=operations.new_key())
    assert product(pack.product_id).storage_note == "Của cửa hàng"
    assert put(maker.id, pack.product_id, {"storage_note": "Của cơ sở"}).outcome == "shown"
    assert _open(pack.product_id) is None


# --- hide, show --------------------------------------------------------------------------------------------------


def test_hide_and_show_again(maker: Any, pack: Variant) -> None:
    assert listings.hide(MEMBER, maker.id, pack.product_id)
    assert not listings.hide(MEMBER, maker.id, pack.product_id)
    assert listings.show(MEMBER, maker.id, pack.product_id)
    assert product(pack.product_id).state is ProductState.SHOWN
    listings.hide(MEMBER, maker.id, pack.product_id)
    catalog.show(OFFICER, pack.product_id)
    catalog.hide(OFFICER, pack.product_id)
    with pytest.raises(HiddenByOffice):
        listings.show(MEMBER, maker.id, pack.product_id)
    with pytest.raises(Invalid):
        listings.ask_to_show(MEMBER, maker.id, pack.product_id, " ", op_key=operations.new_key())
    done = listings.ask_to_show(MEMBER, maker.id, pack.product_id, "Đã sửa nhãn", op_key=operations.new_key())
    assert done.outcome == "queued"
    assert approve(str(done.reference))
    assert product(pack.product_id).state is ProductState.SHOWN


# --- claims ------------------------------------------------------------------------------------------------------


def test_stars_only_as_the_certificate_says(maker: Any, pack: Variant) -> None:
    with pytest.raises(ClaimNotHeld) as refused:
        put(maker.id, pack.product_id, {"summary": "Đạt OCOP 4 sao"})
    assert refused.value.field == "summary"
    with pytest.raises(ClaimNotHeld):
        put(maker.id, None, {"name": "Chả mực 4 sao", "set_id": make_set(8).id})
    make_certificate(pack, stars=4)
    with pytest.raises(ClaimNotHeld):
        put(maker.id, pack.product_id, {"summary": "Đạt năm sao"})
    done = put(maker.id, pack.product_id, {"summary": "Đạt OCOP 4 sao"})
    assert done.outcome == "queued"
    with transaction():
        catalog.revoke_certificate(OFFICER, _certificate(pack), "thu hồi thử")
    with pytest.raises(ClaimNotHeld):
        approve(str(done.reference))
    assert product(pack.product_id).summary == "Ruốc hàu Vân Đồn"


def _certificate(pack: Variant) -> int:
    from shop.catalog.models import Certificate

    found = session().scalar(select(Certificate.id).where(Certificate.product_id == pack.product_id))
    assert found is not None
    return found


def test_old_words_of_the_register_do_not_stop_other_changes(maker: Any) -> None:
    pack = make_variant("Ruốc", producer=maker, story="Được ghi nhận 5 sao.")
    assert put(maker.id, pack.product_id, {"story": "Được ghi nhận 5 sao.", "summary": "Mới"}).outcome == "queued"


# --- photographs -------------------------------------------------------------------------------------------------


def test_photographs_of_a_shown_product_wait_in_their_order(maker: Any, pack: Variant) -> None:
    catalog.add_photo(OFFICER, pack.product_id, picture(), "Cũ")
    key = listings.add_picture(MEMBER, maker.id, pack.product_id, picture(), "Mới", op_key=operations.new_key())
    listings.change_picture(MEMBER, maker.id, pack.product_id, key, place=0, op_key=operations.new_key())
    row = _open(pack.product_id)
    assert row is not None
    assert [p.alt for p in queries.photos_of(pack.product_id)] == ["Cũ"]
    assert listings.send(MEMBER, row.reference, op_key=operations.new_key()).outcome == "queued"
    approve(row.reference)
    photos = queries.photos_of(pack.product_id)
    assert [p.alt for p in photos] == ["Mới", "Cũ"]
    key = f"c{photos[1].photo_id}"
    listings.change_picture(MEMBER, maker.id, pack.product_id, key, away=True, op_key=operations.new_key())
    done = put(maker.id, pack.product_id, {})
    approve(str(done.reference))
    assert [p.alt for p in queries.photos_of(pack.product_id)] == ["Mới"]


def test_turn_and_cut(maker: Any, pack: Variant) -> None:
    from shop.catalog.pictures import Cut

    key = listings.add_picture(
        MEMBER, maker.id, pack.product_id, picture(640, 480), "Ngang", cut=Cut(turn=90), op_key=operations.new_key()
    )
    row = queries.pictures(pack.product_id, [key])[key]
    assert (row.width, row.height) == (480, 640)
    square = listings.cut_picture(
        MEMBER, maker.id, pack.product_id, key, Cut(ratio=(1, 1)), op_key=operations.new_key()
    )
    row = queries.pictures(pack.product_id, [square])[square]
    assert (row.width, row.height) == (480, 480)
    arranged = queries.arranged(product(pack.product_id))
    assert [(one["key"], one["alt"]) for one in arranged] == [(square, "Ngang")]
    with pytest.raises(Invalid):
        listings.cut_picture(
            MEMBER, maker.id, pack.product_id, square, Cut(box=(0, 0, 300, 300)), op_key=operations.new_key()
        )


def test_pictures_that_are_none(maker: Any, pack: Variant) -> None:
    for content in (
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
        b"\xff\xd8\xff<script>",
        b"%PDF-1.4",
    ):
        with pytest.raises(Invalid):
            listings.add_picture(MEMBER, maker.id, pack.product_id, content, "x", op_key=operations.new_key())
    with pytest.raises(ClaimNotHeld):
        listings.add_picture(MEMBER, maker.id, pack.product_id, picture(), "Hộp ★★★★★", op_key=operations.new_key())
    assert _open(pack.product_id) is None
    key = operations.new_key()
    keys = {listings.add_picture(MEMBER, maker.id, pack.product_id, picture(), "Một ảnh", op_key=key) for _ in range(2)}
    assert len(keys) == 1
    assert len(queries.arranged(product(pack.product_id))) == 1


def test_history_is_complete(maker: Any, pack: Variant) -> None:
    put(maker.id, pack.product_id, {"name": "Tên mới"})
    row = _open(pack.product_id)
    assert row is not None
    send_back(row.reference, {"product/name": "Tên dài quá"})
    told = queries.changes(pack.product_id)
    assert [(c.outcome, c.before, c.after, c.reason, c.actor_label) for c in told] == [
        (Outcome.RETURNED, "Ruốc hàu", "Tên mới", "Tên dài quá", "Hoàng Thị Mai"),
        (Outcome.QUEUED, "Ruốc hàu", "Tên mới", None, "Trần Văn Hải"),
    ]
    assert pictures.MOST_PHOTOS == 12
