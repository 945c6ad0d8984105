"""The pages of a fair's days as people without JavaScript use them: what they show, what they do, who may, what they refuse."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from shop.accounts.permissions import Role
from shop.exhibitions.models.calls import PapersState
from shop.exhibitions.models.days import Commitment, Contact, Incident, PaperKind, Replenishment, Visits
from shop.exhibitions.models.fairs import Booth, FairState
from shop.exhibitions.queries import days as queries
from shop.exhibitions.services import booths, days, goods, replenishing
from shop.exhibitions.services.booths import Terms
from shop.exhibitions.services.goods import Word
from shop.exhibitions.services.replenishing import More
from shop.kernel import clock
from shop.kernel.db import session, transaction
from shop.points.models import Point
from shop.till.models import Device
from tests import factories
from tests.exhibitions.days_made import BOSS, MAKER, Fair, add_place, key, make_fair, running, somebody
from tests.people import sign_in
from tests.statements import statements


def text_of(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


@pytest.fixture
def fair(ctx: object) -> Fair:
    """A fair that is on."""
    return running()


@pytest.fixture
def office(client: Any, ctx: object) -> Any:
    """Somebody of trade promotion."""
    sign_in(client, Role.PROMOTION_STAFF)
    return client


def base(fair: Fair) -> str:
    return f"/office/exhibitions/{fair.row.slug}"


PARTS = ("booths", "goods", "more", "visitors", "count", "contacts", "incidents", "board", "board/now")


@pytest.mark.parametrize("part", PARTS)
def test_every_page_is_shown_in_both_languages_and_only_to_those_of_this_fair(
    client: Any, fair: Fair, part: str
) -> None:
    sign_in(client, (Role.PROMOTION_STAFF, f"exhibition:{fair.id}"))
    for prefix in ("", "/en"):
        answer = client.get(f"{prefix}{base(fair)}/{part}")
        assert answer.status_code == 200, text_of(answer)[:2000]
    assert client.get(f"{base(running())}/{part}").status_code == 404
    sign_in(client, Role.ORDER_DESK)
    assert client.get(f"{base(fair)}/{part}").status_code == 403


def test_a_fair_is_prepared_and_opened_from_its_page(office: Any, ctx: object) -> None:
    fair = make_fair()
    add_place(fair)
    page = f"{base(fair)}/booths"
    assert "Gian chưa có điểm bán" in text_of(office.get(page))
    wrong = office.fill(page, form=f"{page}/prepare", days_before="90")
    assert wrong.status_code == 422
    assert "Số ngày phải từ 1 đến 30" in text_of(wrong)
    assert office.fill(page, form=f"{page}/prepare", days_before="3").status_code == 303
    assert booths.terms_of(fair.id) == Terms(3, 2, False)
    assert office.fill(page, form=f"{page}/open").status_code == 303
    assert fair.fresh().state is FairState.RUNNING
    machines = office.fill(page, form=f"{page}/machines", letter="K")
    assert machines.status_code == 303
    assert session().scalars(select(Device.code)).all() == ["K1"]
    sheet = office.fill(page, form=f"{page}/codes")
    assert sheet.status_code == 200
    assert 'data-testid="booth-code"' in text_of(sheet)
    assert "no-store" in sheet.headers["Cache-Control"]
    user = somebody()
    assert (
        office.fill(page, form=f"{page}/keepers", code="A1", user=str(user.id)).status_code == 422
    )  # nobody of the fair
    helper = factories_keeper(fair)
    assert office.fill(page, form=f"{page}/keepers", code="A1", user=str(helper)).status_code == 303
    assert [name for row in queries.booths(fair.id) for _id, name in row.keepers] == ["Trần Người Nhà"]
    assert office.fill(page, form=f"{page}/keepers", code="A1", user=str(helper), do="end").status_code == 303
    before = queries.setup(fair.id)
    assert before is not None
    token = before.screen_token
    assert office.fill(page, form=f"{page}/screen").status_code == 303
    session().expire_all()
    assert queries.setup(fair.id).screen_token != token  # type: ignore[union-attr]
    pdf = office.get(f"{page}/qr.pdf")
    assert (pdf.status_code, pdf.mimetype) == (200, "application/pdf")
    assert pdf.data.startswith(b"%PDF")


def factories_keeper(fair: Fair) -> int:
    """Somebody who works for the producer of the first booth."""
    from tests.people import make_user

    producer = fair.places[0].producer.id
    return make_user("Trần Người Nhà", (Role.PRODUCER_MEMBER, f"producer:{producer}")).id


def test_goods_are_suggested_and_sent_from_their_page(office: Any, ctx: object) -> None:
    fair = make_fair(from_on=clock.today() + timedelta(days=5))
    one = add_place(fair, wanted=10)
    booths.prepare(BOSS, fair.id, Terms())
    page = f"{base(fair)}/goods"
    factories.put_in(one.variant, fair.home, 4)
    assert office.fill(page, form=f"{page}/suggest").status_code == 303
    assert "chưa biết" in text_of(office.get(page))
    goods.commit(MAKER, one.application.reference, {one.goods.id: Word(10)}, key())
    shown = text_of(office.get(page))
    assert "thiếu 10" in shown
    fields = {"stand": str(one.stand.id), f"home-{one.variant.id}": "4", f"maker-{one.variant.id}": "6"}
    wrong = office.fill(page, form=f"{page}/send", **(fields | {f"home-{one.variant.id}": "bốn"}))
    assert wrong.status_code == 422
    sent = office.fill(page, form=f"{page}/send", **fields)
    assert sent.status_code == 303
    shown = text_of(office.get(page))
    assert "thiếu" not in shown
    assert "C-" in shown
    assert "N-" in shown


def test_the_page_of_goods_takes_a_fixed_number_of_statements(office: Any, fair: Fair) -> None:
    page = f"{base(fair)}/goods"
    office.get(page)
    with statements() as few:
        office.get(page)
    for _n in range(6):
        add_place(fair)
    booths.prepare(BOSS, fair.id, Terms())
    with statements() as many:
        office.get(page)
    assert len(many) <= len(few) + 1, str(many)


def test_more_goods_are_asked_for_and_their_arrival_is_told(office: Any, fair: Fair) -> None:
    page = f"{base(fair)}/more"
    asked = f"{page}?booth=A1"
    wrong = office.fill(asked, form=page, units="0")
    assert wrong.status_code == 422
    assert office.fill(asked, form=page, units="7", source="ask").status_code == 303
    row = session().query(Replenishment).one()
    soon = (clock.now() + timedelta(hours=1)).astimezone(clock.VIETNAM).strftime("%Y-%m-%dT%H:%M")
    assert office.fill(page, form=f"{page}/{row.reference}", due_at=soon).status_code == 303
    session().expire_all()
    assert session().query(Replenishment).one().due_at is not None
    other = running()
    assert office.post(f"{base(other)}/more/{row.reference}", data={}).status_code in (400, 403, 404)


def test_whoever_stands_at_a_booth_asks_for_more_there_and_nowhere_else(client: Any, fair: Fair) -> None:
    one, two = fair.places
    sign_in(client, (Role.POINT_KEEPER, f"point:{one.point_id}"))
    assert "A1" in text_of(client.get("/office/fair-booths"))
    page = f"/office/fair-booths/{one.booth.id}"
    assert "/office/write-offs/new?point=" in client.get(page).get_data(as_text=True)
    factories.put_in(one.variant, fair.home, 3)
    refused = client.fill(page, form=page, units="4", source="transfer")
    assert refused.status_code == 422
    assert "Kho nhà chỉ còn 3" in text_of(refused)
    assert client.fill(page, form=page, units="3", source="transfer").status_code == 303
    assert session().query(Replenishment).one().booth_id == one.booth.id
    assert client.get(f"/office/fair-booths/{two.booth.id}").status_code == 404


def test_visitors_are_tapped_typed_and_read_from_a_file(office: Any, fair: Fair) -> None:
    page = f"{base(fair)}/count"
    form = office.get(page)
    assert form.status_code == 200
    button = text_of(form).split('value="5:')[1].split('"')[0]
    assert office.fill(page, form=page, tap=f"5:{button}").status_code == 303
    assert office.fill(page, form=page, tap=f"5:{button}").status_code == 303  # the same tap again
    assert session().query(Visits).one().visitors == 5
    hours = f"{base(fair)}/visitors"
    hour = clock.now().astimezone(clock.VIETNAM).hour
    assert office.fill(hours, form=f"{hours}/hours", **{f"hour-{hour}": "1.200"}).status_code == 303
    assert "1.200" in text_of(office.get(hours))
    assert office.fill(hours, form=f"{hours}/hours", **{f"hour-{hour}": "nhiều"}).status_code == 422
    assert office.fill(hours, form=f"{hours}/gates", name="Cổng B").status_code == 303
    content = f"Cổng,Ngày,Giờ,Số khách\nCổng B,{clock.today()},{hour},30\nCổng B,{clock.today()},99,5\n".encode()
    read = office.fill(hours, form=f"{hours}/file", file=(io.BytesIO(content), "dem.csv"))
    assert read.status_code == 303
    where = read.headers["Location"]
    shown = text_of(office.get(where))
    assert "Không đọc được ngày giờ" in shown
    assert "sẽ được thêm khi ghi" not in shown
    mistyped = f"Cổng,Ngày,Giờ,Số khách\nCổng Bx,{clock.today()},{hour},30\n".encode()
    other = office.fill(hours, form=f"{hours}/file", file=(io.BytesIO(mistyped), "nham.csv"))
    assert "sẽ được thêm khi ghi: Cổng Bx." in text_of(office.get(other.headers["Location"]))
    assert office.fill(where, form=where).status_code == 303
    again = office.get(where)
    assert "không tính thêm" in text_of(again)
    assert sum(n for *_x, n in queries.visit_rows(fair.id)) == 5 + 1_200 + 30


def test_a_buyer_is_written_down_with_a_box_that_nobody_ticked_beforehand(office: Any, fair: Fair) -> None:
    page = f"{base(fair)}/contacts"
    shown = text_of(office.get(page))
    box = shown.split('name="consent"')[1].split(">")[0]
    assert "checked" not in box
    said = {
        "producer": str(fair.places[0].producer.id), "kind": "agreement", "name": "Đỗ Thị Mua", "what": "500 hộp",
        "value_amount": "60.000.000", "phone": "0912 345 678",
    }  # fmt: skip
    refused = office.fill(page, form=page, **said)
    assert refused.status_code == 422
    assert "Đỗ Thị Mua" in text_of(refused)
    assert session().query(Contact).count() == 0
    assert office.fill(page, form=page, consent="1", **said).status_code == 303
    row = session().query(Contact).one()
    assert (row.phone, row.value_amount) == ("+84912345678", 60_000_000)
    assert office.fill(page, form=f"{page}/{row.reference}", do="erase").status_code == 303
    assert "Đỗ Thị Mua" not in text_of(office.get(page))
    assert office.post(f"{base(running())}/contacts/{row.reference}", data={}).status_code in (400, 403, 404)


def test_an_incident_is_told_and_put_right(office: Any, fair: Fair) -> None:
    page = f"{base(fair)}/incidents"
    assert office.fill(page, form=page, kind="cold", severity="high", what="").status_code == 422
    assert (
        office.fill(page, form=page, kind="cold", severity="high", what="Tủ đông hỏng", booth="A1").status_code == 303
    )
    row = session().query(Incident).one()
    assert office.fill(page, form=f"{page}/{row.reference}", resolution="Đã thay").status_code == 303
    assert "Đã thay" in text_of(office.get(page))


def test_a_producer_commits_in_his_own_door(client: Any, fair: Fair) -> None:
    one, two = fair.places
    sign_in(client, (Role.PRODUCER_OWNER, f"producer:{one.producer.id}"))
    assert fair.row.name in text_of(client.get("/producer/fairs/goods"))
    page = f"/producer/fairs/goods/{one.application.reference}"
    assert client.get(page).status_code == 200
    wrong = client.fill(page, form=page, **{f"units-{one.goods.id}": "0"})
    assert wrong.status_code == 422
    assert "ghi lý do" in text_of(wrong)
    assert client.fill(page, form=page, **{f"units-{one.goods.id}": "24"}).status_code == 303
    assert session().query(Commitment).one().units == 24
    assert client.get(f"/producer/fairs/goods/{two.application.reference}").status_code == 404


def test_a_producer_says_when_the_goods_a_booth_asked_for_will_be_there(client: Any, fair: Fair) -> None:
    one, two = fair.places
    soon = clock.now() + timedelta(hours=2)
    mine = replenishing.replenish(BOSS, one.booth.id, More(one.variant.id, 4, soon, PaperKind.ASK), key())
    foreign = replenishing.replenish(BOSS, two.booth.id, More(two.variant.id, 4, soon, PaperKind.ASK), key())
    sign_in(client, (Role.PRODUCER_OWNER, f"producer:{one.producer.id}"))
    page = f"/producer/fairs/goods/{one.application.reference}"
    said = {"do": "arrival", "due_at": soon.astimezone(clock.VIETNAM).strftime("%Y-%m-%dT%H:%M")}
    assert client.fill(page, form=page, paper=foreign, **said).status_code == 404
    assert client.fill(page, form=page, paper=mine, **(said | {"due_at": ""})).status_code == 422
    assert client.fill(page, form=page, paper=mine, **said).status_code == 303
    due = {row.reference: row.due_at for row in session().query(Replenishment)}
    assert due[mine] is not None
    assert due[foreign] is None


def test_public_pages_say_who_sells_what_and_the_screen_names_nobody(client: Any, fair: Fair) -> None:
    one = fair.places[0]
    factories.put_in(one.variant, fair.home, 10)
    slug = fair.row.slug
    listed = client.get(f"/hoi-cho/{slug}/gian")
    assert listed.status_code == 200
    assert one.producer.name in text_of(listed)
    shown = client.get(f"/hoi-cho/{slug}/gian/A1")
    assert "Tại gian: đã hết" in text_of(shown)
    assert "add-to-cart" in text_of(shown)
    assert client.get(f"/hoi-cho/{slug}/gian/Z9").status_code == 404
    # A booth may be called as its organiser counts them, with a stroke.
    with transaction() as s:
        s.get_one(Booth, one.booth.id).code = "A1/2"
    assert f'/hoi-cho/{slug}/gian/A1/2"' in client.get(f"/hoi-cho/{slug}/gian").get_data(as_text=True)
    assert "add-to-cart" in text_of(client.get(f"/hoi-cho/{slug}/gian/A1/2"))
    assert client.get(f"/hoi-cho/{make_fair(state=FairState.ANNOUNCED).row.slug}/gian").status_code == 404
    # The shop's own goods at a counter are sold there too; what the desk refused is not, wherever it lies.
    other = factories.make_variant("Gà nhà hội chợ")
    factories.put_in(other, session().get_one(Point, one.point_id), 3)
    assert "Gà nhà hội chợ" in text_of(client.get(f"/hoi-cho/{slug}/gian"))
    assert "Gà nhà hội chợ" in text_of(client.get(f"/hoi-cho/{slug}/gian/A1/2"))
    with transaction() as s:
        row = s.get_one(type(one.goods), one.goods.id)
        row.papers, row.finding = PapersState.REFUSED, "Thiếu giấy"
    factories.put_in(one.variant, session().get_one(Point, one.point_id), 3)
    assert "Sản vật A1" not in text_of(client.get(f"/hoi-cho/{slug}/gian"))
    assert "Sản vật A1" not in text_of(client.get(f"/hoi-cho/{slug}/gian/A1/2"))
    gate = queries.gates(fair.id)[0]
    days.tap(BOSS, fair.id, gate.id, 10, key())
    token = queries.setup(fair.id).screen_token  # type: ignore[union-attr]
    screen = client.get(f"/hoi-cho/{slug}/man-hinh/{token}")
    assert screen.status_code == 200
    assert ">10<" in text_of(screen)
    assert one.producer.name not in text_of(screen)
    assert "no-store" in screen.headers["Cache-Control"]
    assert client.get(f"/hoi-cho/{slug}/man-hinh/{token}/nay").status_code == 200
    booths.new_screen(BOSS, fair.id)
    assert client.get(f"/hoi-cho/{slug}/man-hinh/{token}").status_code == 404
