"""The pages of applications and booths as people without JavaScript use them; letters; what must hold."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from shop.accounts.permissions import Role
from shop.exhibitions.models.allotting import BoothOffer, ExhibitionRule
from shop.exhibitions.models.calls import Application, ApplicationGoods, PapersState, Stand
from shop.exhibitions.models.fairs import Exhibition
from shop.exhibitions.services import applications, offers
from shop.kernel import clock, invariants, jobs
from shop.kernel.db import session, transaction
from shop.kernel.mail import Letter
from tests import factories
from tests.conftest import Forms
from tests.exhibitions.call_made import (
    STAFF,
    Fair,
    Maker,
    apply,
    check,
    file_papers,
    goods_of,
    in_days,
    make_fair,
    make_maker,
    row_of,
    state_of,
)
from tests.people import sign_in
from tests.statements import statements

HERE = "/producer/fairs"


@pytest.fixture
def places(ctx: Any) -> Any:
    factories.make_places()
    return ctx


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


def member(client: Any, maker: Maker, **values: Any) -> Any:
    return sign_in(client, (Role.PRODUCER_LISTINGS, f"producer:{maker.row.id}"), **values)


def letters(kind: str = "exhibitions.call") -> list[str]:
    session().rollback()
    jobs.dispatch()
    session().expire_all()
    return [row.subject for row in session().query(Letter).filter_by(kind=kind).order_by(Letter.id)]


def test_a_producer_applies_page_by_page(places: Any, client: Any) -> None:
    fair, maker = make_fair(), make_maker(stars=4, until=in_days(32))
    member(client, maker)
    index = text_of(client.get(HERE))
    assert fair.row.name in index
    assert "Xem thể lệ và đăng ký" in index
    shown = client.get(f"{HERE}/call/{fair.slug}")
    (form,) = (f for f in Forms.read(shown.get_data(as_text=True)) if f.method == "post")
    call = text_of(shown)
    # What it costs him, and by what he is chosen.
    assert "6.000.000" in call
    assert "Mã niêm phong" in call
    begun = client.fill(f"{HERE}/call/{fair.slug}")
    assert begun.status_code == 303
    goods = begun.location
    assert goods.endswith("/apply/goods")
    reference = goods.split("/")[-3]
    twice = client.open(f"{HERE}/call/{fair.slug}", method="POST", data=form.values)
    assert (twice.status_code, twice.location) == (303, goods)
    page = text_of(client.get(goods))
    assert f"hết hạn ngày {in_days(32):%d/%m/%Y}, giữa kỳ hội chợ" in page
    wrong = client.fill(goods, **{f"wanted-{maker.variant.id}": "nhiều"})
    assert wrong.status_code == 422
    assert "nhiều" in wrong.get_data(as_text=True)
    saved = client.fill(goods, **{f"wanted-{maker.variant.id}": "1.200"})
    assert saved.location.endswith("/apply/place")
    assert goods_of(reference)[0].wanted == 1200
    bad = client.fill(saved.location, power="999999999")
    assert bad.status_code == 422
    assert "Công suất điện phải từ 0 đến 100.000 W" in text_of(bad)
    placed = client.fill(saved.location, zone=str(fair.zones["A"]), type=str(fair.types["own"]), power="300", cold="1")
    assert placed.location.endswith("/apply/contact")
    said = client.fill(placed.location, contact_name="", contact_phone="0912")
    assert said.status_code == 422
    assert text_of(said).count("Hãy ghi tên người liên hệ") == 2  # above, and at its place
    done = client.fill(placed.location, contact_name="Lê Văn Ba", contact_phone="0912345678", note="Cảm ơn")
    assert done.location.endswith(f"{HERE}/{reference}")
    sent = client.fill(done.location, form=f"{HERE}/{reference}/submit")
    assert sent.status_code == 303
    row = row_of(reference)
    assert (row.power_watts, row.water, row.cold, row.zone_id) == (300, False, True, fair.zones["A"])
    assert "Đã nộp, chờ duyệt" in text_of(client.get(done.location))
    assert letters() == [f"Đã nhận hồ sơ {reference} đăng ký {fair.row.name}"]
    # A step behind the handed-in application is shown and refused without losing a word.
    again = client.post(
        f"{HERE}/{reference}/apply/contact",
        data={"csrf_token": client.token(done.location), "contact_name": "Người khác", "contact_phone": "0912345678"},
    )
    assert again.status_code == 409
    assert "Người khác" in again.get_data(as_text=True)


def test_refusals_stand_at_their_place(places: Any, client: Any) -> None:
    fair, maker, other = make_fair(), make_maker(), make_maker("Nhà khác")
    member(client, maker)
    reference = apply(fair, maker, submit=False)
    goods = f"{HERE}/{reference}/apply/goods"
    stolen = client.fill(goods, **{f"wanted-{other.variant.id}": "5"})
    assert stolen.status_code == 422
    assert "không thuộc cơ sở của bạn" in text_of(stolen)
    assert "not-your-goods" in stolen.get_data(as_text=True)
    twice = client.post(
        f"{HERE}/call/{fair.slug}", data={"csrf_token": client.token(goods), "producer": maker.row.slug}
    )
    assert (twice.status_code, twice.location) == (303, goods)  # what is being written is taken up again
    sent = make_fair()
    known = apply(sent, maker)
    twice = client.post(
        f"{HERE}/call/{sent.slug}", data={"csrf_token": client.token(goods), "producer": maker.row.slug}
    )
    assert twice.status_code == 409
    assert known in text_of(twice)
    fair.move_call(-20, 0)
    late = client.fill(f"{HERE}/{reference}/apply/contact", contact_name="Người Mới Ghi")
    assert late.status_code == 409
    assert "Người Mới Ghi" in late.get_data(as_text=True)
    assert "không còn nhận hồ sơ" in text_of(client.get(f"{HERE}/{reference}"))
    fair.cancel()
    page = client.get(f"{HERE}/{reference}/apply/contact")
    gone = client.post(
        page.request.path,
        data={"csrf_token": client.token(page.request.path), "contact_name": "A", "contact_phone": "1"},
    )
    assert gone.status_code == 409
    assert "fair-cancelled" in gone.get_data(as_text=True)
    assert state_of(reference) == "draft"


def test_staff_check_send_back_and_publish_and_the_booth_is_seen(places: Any, client: Any, app: Any) -> None:
    fair = make_fair()
    fair.booth("A1", zone="A")
    five, three = make_maker("HTX Năm", stars=5), make_maker("HTX Ba", stars=3)
    one, two = apply(fair, five, checked=False), apply(fair, three, checked=False)
    office, producer = app.test_client(), client
    sign_in(office, Role.PROMOTION_STAFF)
    member(producer, five)
    here = f"/office/exhibitions/{fair.slug}"
    listed = text_of(office.get(f"{here}/applications"))
    assert "HTX Năm" in listed
    assert "HTX Ba" in listed
    csv = office.get(f"{here}/applications?format=csv").get_data(as_text=True)
    assert one in csv
    assert "HTX Ba" in text_of(office.get(f"{here}/applications?papers=unchecked&q=ba"))
    page = f"{here}/applications/{one}"
    assert "phải xem bản gốc" in text_of(office.get(page))
    file_papers(five)
    assert "đủ" in text_of(office.get(page))
    (goods,) = goods_of(one)
    wrong = office.post(
        f"{page}/papers",
        data={"csrf_token": office.token(page), "goods": goods.id, "papers": "refused", f"finding-{goods.id}": ""},
    )
    assert wrong.status_code == 422
    assert "Hãy ghi vì sao mặt hàng không được bày bán" in text_of(wrong)
    good = office.post(f"{page}/papers", data={"csrf_token": office.token(page), "do": "fitting"})
    assert good.status_code == 303
    assert goods_of(one)[0].papers is PapersState.GOOD
    back = office.post(
        f"{page}/decide", data={"csrf_token": office.token(page), "do": "send-back", "reason": "Thiếu ảnh nhãn"}
    )
    assert back.status_code == 303
    mine = text_of(producer.get(f"{HERE}/{one}"))
    assert "Thiếu ảnh nhãn" in mine
    assert producer.fill(f"{HERE}/{one}", form=f"{HERE}/{one}/submit").status_code == 303
    check(two)
    # Trying a rule writes nothing and shows the difference.
    allot = f"{here}/allot"
    many = office.post(
        f"{allot}/rule",
        data={
            "csrf_token": office.token(allot), "do": "try", "stars": "0", "past": "0", "draw": "0", "quota-06661": "500",
            "quota_kind": "number", "revision": "1",
        },
    )  # fmt: skip
    assert "đã hứa nhiều hơn số chỗ: " in text_of(many)
    tried = office.post(
        f"{allot}/rule",
        data={
            "csrf_token": office.token(allot), "do": "try", "stars": "0", "past": "0", "draw": "0", "quota-06661": "1",
            "quota_kind": "number", "revision": "1",
        },
    )  # fmt: skip
    assert tried.status_code == 200
    assert "So với quy tắc đang lưu" in text_of(tried)
    assert session().get_one(ExhibitionRule, fair.row.id).settings["stars"] == 50
    saved = office.post(
        f"{allot}/rule",
        data={
            "csrf_token": office.token(allot), "do": "save", "stars": "100", "past": "0", "draw": "0", "revision": "1",
            "quota-06661": "1", "quota_kind": "number",
        },
    )  # fmt: skip
    assert saved.status_code == 303
    stale = office.post(
        f"{allot}/rule",
        data={"csrf_token": office.token(allot), "do": "save", "stars": "7", "past": "0", "draw": "0", "revision": "1"},
    )
    assert stale.status_code == 409
    shown = text_of(office.get(allot))
    assert "5 sao còn hạn suốt hội chợ" in shown
    assert "Phường Hạ Long có 1 suất, còn 1 khi đến lượt" in shown
    edit = {
        "reference": two, "kind": "swap", "other": one, "booth": "", "reason": "Cơ sở mới", "op_key": "edit-key-1",
    }  # fmt: skip
    made = office.post(f"{allot}/edit", data={"csrf_token": office.token(allot)} | edit)
    assert made.status_code == 303
    changed = text_of(office.get(allot))
    assert "hồ sơ hạng trên vẫn chờ" in changed
    assert office.fill(allot, form=f"{allot}/undo").status_code == 303
    # Published once, as it was seen.
    early = office.fill(allot, form=f"{allot}/publish", early=None)
    assert early.status_code == 409
    assert "còn nhận hồ sơ đến hết" in text_of(early)
    fair.close_call()
    assert office.fill(allot, form=f"{allot}/publish").status_code == 303
    assert fair.at() == {one: "A1"}
    stands = text_of(office.get(f"{here}/stands"))
    assert "HTX Năm" in stands
    assert "6.000.000" in stands
    booth = text_of(producer.get(f"{HERE}/{one}"))
    assert "Gian A1" in booth
    assert "Bạn đóng 0" in booth
    subjects = letters()
    assert f"{fair.row.name}: bạn có gian A1" in subjects
    assert f"Hồ sơ {one} đăng ký {fair.row.name} cần bổ sung" in subjects


def test_anybody_can_follow_the_draw(places: Any, client: Any) -> None:
    fair = make_fair()
    fair.booth("A1")
    reference, waits = apply(fair), apply(fair)
    page = f"/hoi-cho/{fair.slug}/rut-tham"
    seed = session().get_one(ExhibitionRule, fair.row.id)
    before = text_of(client.get(page))
    assert seed.seed_digest in before
    assert seed.seed not in before
    assert reference not in before
    fair.publish()
    after = client.get(page).get_data(as_text=True)
    kept = session().get_one(ExhibitionRule, fair.row.id)
    assert kept.seed in after
    assert reference in after
    assert waits in after
    assert client.get(f"/hoi-cho/{make_fair(announced=False).slug}/rut-tham").status_code == 404


def test_localities_see_their_own_alone(places: Any, client: Any) -> None:
    fair = make_fair()
    here = apply(fair, make_maker("HTX Hạ Long"))
    away = apply(fair, make_maker("HTX Đông Triều", commune_code="07093"))
    draft = apply(fair, make_maker("HTX Nháp"), submit=False)
    sign_in(client, (Role.LOCALITY_OFFICER, "locality:06661"))
    listed = text_of(client.get("/office/endorsements"))
    assert "HTX Hạ Long" in listed
    assert "HTX Đông Triều" not in listed
    assert "HTX Nháp" not in listed
    assert client.get(f"/office/endorsements/{away}").status_code == 404
    assert client.get(f"/office/endorsements/{draft}").status_code == 404
    page = f"/office/endorsements/{here}"
    bare = client.fill(page, answer="no", word="")
    assert bare.status_code == 422
    assert "Hãy ghi vì sao không giới thiệu" in text_of(bare)
    assert client.fill(page, answer="yes", word="Cơ sở tiêu biểu").status_code == 303
    assert row_of(here).endorsed_word == "Cơ sở tiêu biểu"
    # Drafts are nobody's business, whoever looks.
    sign_in(client, Role.ADMINISTRATOR)
    assert client.get(f"/office/endorsements/{draft}").status_code == 404
    assert client.get(f"/office/exhibitions/{fair.slug}/applications/{draft}").status_code == 404
    other = make_fair("Hội chợ khác")
    assert client.get(f"/office/exhibitions/{other.slug}/applications/{here}").status_code == 404


def test_offers_and_swaps_in_the_producers_door(places: Any, client: Any, app: Any) -> None:
    fair = make_fair()
    fair.booth("A1")
    fair.booth("A2")
    makers = [make_maker(f"HTX {n}", stars=n) for n in (5, 4, 3)]
    from shop.exhibitions.allot import Rule
    from shop.exhibitions.services import allotting

    allotting.set_rule(STAFF, fair.slug, Rule(stars=100, past=0, draw=0), 1)
    one, two, three = (apply(fair, m) for m in makers)
    fair.publish()
    assert fair.at() == {one: "A1", two: "A2"}
    first, second, third = app.test_client(), app.test_client(), client
    for visitor, maker in zip((first, second, third), makers, strict=True):
        member(visitor, maker)
    page = f"{HERE}/{one}"
    assert first.fill(page, form=f"{page}/swap", reason="gần kho").status_code == 303
    asked = text_of(second.get(f"{HERE}/{two}"))
    assert "HTX 5 muốn đổi gian với bạn" in asked
    assert "gần kho" in asked
    assert f"{fair.row.name}: có cơ sở muốn đổi gian với bạn" in letters()
    assert second.fill(f"{HERE}/{two}", form=f"{HERE}/{two}/swap", do="yes").status_code == 303
    assert fair.at() == {one: "A2", two: "A1"}
    # Somebody else's wish or offer is nobody's.
    strange = third.post(
        f"{HERE}/{three}/swap", data={"csrf_token": third.token(f"{HERE}/{three}"), "do": "yes", "swap": "XXXX-XXXX"}
    )
    assert strange.status_code == 404
    assert first.fill(page, form=f"{page}/withdraw", reason="Mất mùa").status_code == 303
    offered = text_of(third.get(f"{HERE}/{three}"))
    assert "Có gian A2 cho bạn" in offered
    assert "có gian chờ bạn trả lời" in text_of(third.get(HERE))
    assert third.fill(f"{HERE}/{three}", form=f"{HERE}/{three}/offer", do="accept").status_code == 303
    assert fair.at() == {three: "A2", two: "A1"}
    assert fair.waiting() == []
    subjects = letters()
    assert subjects.count(f"{fair.row.name}: hai gian A1 và A2 đã đổi chủ") == 2
    assert f"{fair.row.name}: có gian A2 cho bạn" not in subjects  # answered before the letter was written
    assert f"{fair.row.name}: bạn có gian A2" in subjects


def test_each_letter_is_written_once(places: Any, client: Any) -> None:
    fair, maker = make_fair(), make_maker()
    fair.booth("A1")
    member(client, maker)
    holds, waits = make_maker("Khác"), maker
    one, two = apply(fair, holds), apply(fair, waits)
    fair.publish()
    if two in fair.at():
        one, two = two, one
        with transaction() as s:  # whoever waits is the one who reads
            s.execute(update(Application).where(Application.reference == two).values(note="đọc"))
    applications.withdraw(STAFF, one)
    before = letters()
    offer = session().query(BoothOffer).one()
    with transaction() as s:
        s.execute(update(BoothOffer).values(until=clock.now() - timedelta(minutes=1)))
    offers.sweep()
    offers.sweep()
    lapsed = [subject for subject in letters() if subject not in before]
    assert offer is not None
    assert len(lapsed) <= 1
    fair.cancel()
    letters()
    assert len(letters()) == len(set(letters()))


def asked(client: Any, page: str) -> int:
    """How often a page asks the tables of fairs (what is remembered for some seconds may be read again at any time)."""
    client.get(page)
    with statements() as seen:
        assert client.get(page).status_code == 200
    return sum("exhibition" in one.text for one in seen)


def test_lists_ask_as_often_for_many_as_for_few(places: Any, client: Any) -> None:
    fair = make_fair()
    for n in range(3):
        fair.booth(f"A{n}")
    sign_in(client, Role.PROMOTION_STAFF)
    pages = [f"/office/exhibitions/{fair.slug}/{part}" for part in ("applications", "allot")]
    apply(fair, make_maker(stars=4))
    few = [asked(client, page) for page in pages]
    for _ in range(8):
        apply(fair, make_maker(stars=3))
    assert [asked(client, page) for page in pages] == few


# --- what must hold ------------------------------------------------------------------------------------------------

OURS = (
    "exhibitions.booths-hold-their-makers", "exhibitions.accepted-is-who-stands", "exhibitions.places-in-a-row",
    "exhibitions.application-history-is-unbroken", "exhibitions.own-goods", "exhibitions.seed-is-the-sealed-one",
)  # fmt: skip


def broken() -> set[str]:
    session().rollback()
    session().expire_all()
    return {name for name in OURS if list(invariants._checks[name]())}


@pytest.fixture
def published(places: Any) -> Fair:
    fair = make_fair()
    fair.booth("A1")
    fair.booth("A2")
    for _ in range(4):
        apply(fair)
    fair.publish()
    return fair


def plant(statement: Any) -> None:
    with transaction() as s:
        s.execute(statement)


def test_nothing_is_broken(published: Fair) -> None:
    assert broken() == set()


def test_a_planted_fault_is_found(published: Fair) -> None:
    stands = session().query(Stand).order_by(Stand.id).all()
    first, second = stands[0], stands[1]
    second_booth = second.booth_id
    plant(update(Stand).where(Stand.id == second.id).values(booth_id=first.booth_id))
    assert broken() == {"exhibitions.booths-hold-their-makers"}
    plant(update(Stand).where(Stand.id == second.id).values(booth_id=second_booth))
    assert broken() == set()
    plant(update(Stand).where(Stand.id == second.id).values(ended_at=clock.now()))
    assert broken() == {"exhibitions.accepted-is-who-stands"}
    plant(update(Stand).where(Stand.id == second.id).values(ended_at=None))
    plant(update(Application).where(Application.place == 2).values(place=3))
    assert broken() == {"exhibitions.places-in-a-row"}
    plant(update(Application).where(Application.place == 3).values(place=2))
    plant(update(Application).where(Application.id == first.application_id).values(state="refused"))
    assert "exhibitions.application-history-is-unbroken" in broken()
    plant(update(Application).where(Application.id == first.application_id).values(state="accepted"))
    other = factories.make_variant("Của người khác", producer=factories.make_producer("Người khác"))
    goods = session().query(ApplicationGoods).first()
    assert goods is not None
    plant(
        update(ApplicationGoods)
        .where(ApplicationGoods.id == goods.id)
        .values(variant_id=other.id, product_id=other.product_id)
    )
    assert broken() == {"exhibitions.own-goods"}
    plant(
        update(ApplicationGoods)
        .where(ApplicationGoods.id == goods.id)
        .values(variant_id=goods.variant_id, product_id=goods.product_id)
    )
    plant(update(ExhibitionRule).values(seed="doi-ma-goc"))
    assert "exhibitions.seed-is-the-sealed-one" in broken()
    assert session().query(Exhibition).count() == 1
