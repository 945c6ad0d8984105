"""Closing a fair through its pages: on a phone without JavaScript, by staff and by the producer; refusals at their place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shop.accounts.permissions import Role
from shop.exhibitions import pen
from shop.exhibitions.errors import FairMovedOn, FairNotOver, SheetsOpen
from shop.exhibitions.models.closing import SheetVersion, Signature
from shop.exhibitions.models.fairs import Exhibition, FairState
from shop.exhibitions.queries import closings
from shop.exhibitions.services import closing, finishing, signing, steps
from shop.exhibitions.tasks import closing as tasks
from shop.kernel import clock
from shop.kernel.db import session, transaction
from shop.kernel.mail import Letter
from shop.points.models import Point
from shop.settlement.models import Entry, EntryKind
from shop.stock.models import Passage, StockLevel
from shop.till.models import Device as TillDevice
from shop.transfers import services as transfers
from shop.transfers.services import Count
from tests import factories
from tests.exhibitions.closing_made import PEN, STAFF, Made, fairs_broken, key, make_fair
from tests.people import sign_in


@pytest.fixture
def fair(make_app: Callable[..., Flask]) -> Iterator[Made]:
    app = make_app(bank_bin="970436", bank_account="9889559357", bank_account_name="CHO BEN")
    with app.app_context():
        yield make_fair(app)


@pytest.fixture
def office(fair: Made) -> Any:
    client = fair.app.test_client()
    sign_in(client, Role.PROMOTION_STAFF)
    return client


def page(client: Any, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.get_data(as_text=True)[:2000]
    return str(answer.get_data(as_text=True))


def sold_booth(fair: Made, code: str = "A1", name: str = "Mực", units: int = 10) -> int:
    """A booth that sold two and has the rest; returns the level."""
    fair.booth(code, name)
    level = fair.bring(code, name, units)
    till = fair.till(code)
    till.send(till.open(), till.sale(till.line(fair.goods[name], 2)), till.close(740_000))
    return level


def test_a_booth_is_closed_on_a_phone_without_scripts(fair, office):
    level = sold_booth(fair)
    here = f"/office/exhibitions/{fair.slug}/close"
    shown = page(office, here)
    assert "A1" in shown
    booth = f"{here}/A1"
    assert office.fill(booth, form=f"{booth}/begin").status_code == 303
    assert office.fill(booth, form=f"{booth}/count").status_code == 303
    line = next(
        x.line_id
        for x in closing.lines_to_count(closings.booth(fair.slug, "A1").closing)
    )  # fmt: skip
    # One missing and no reason: refused where it stands.
    refused = office.fill(booth, form=f"{booth}/count", submit="1", **{f"counted-{line}": "7"})
    assert refused.status_code == 422
    assert f'id="f-reason-{line}-error"' in refused.get_data(as_text=True)
    done = office.fill(
        booth, form=f"{booth}/count", submit="1", **{f"counted-{line}": "7", f"reason-{line}": "vỡ một gói"}
    )
    assert done.status_code == 303
    # More than the books have: refused at its place.
    refused = office.fill(booth, form=f"{booth}/home", **{f"back-{level}": "9"})
    assert refused.status_code == 422
    assert f'id="f-back-{level}-error"' in refused.get_data(as_text=True)
    assert "không mang về nhiều hơn" in refused.get_data(as_text=True)
    assert office.fill(booth, form=f"{booth}/home").status_code == 303
    found = fair.sheet("A1", "Mực")
    address = f"/office/exhibitions/{fair.slug}/sheets/{found.sheet.reference}"
    shown = page(office, address)
    assert "vỡ một gói" in shown
    refused = office.fill(address, form=3, **{"name-producer": "Bà Thu"})
    assert refused.status_code == 422
    assert "ticked-producer" in refused.get_data(as_text=True)
    for side in ("producer", "staff"):
        sign = next(
            n for n, form in enumerate(posts(page(office, address))) if form.values.get("side") == side
        )  # fmt: skip
        values = {f"name-{side}": "Nguyễn Thị Thu", f"ticked-{side}": "1"}
        assert office.fill(address, form=sign, **values).status_code == 303
    after = fair.sheet("A1", "Mực")
    assert after.step == "frozen"
    shown = page(office, address)
    assert "Đã xác nhận bằng đánh dấu" in shown
    assert after.last.seal in shown
    paper = office.get(f"{address}.pdf")
    assert paper.data.startswith(b"%PDF-")
    assert fairs_broken() == []


def posts(shown: str) -> list[Any]:
    from tests.conftest import Forms

    return [form for form in Forms.read(shown) if form.method == "post"]


def test_a_signature_is_drawn_again(fair, office):
    fair.booth("A1", "Mực")
    fair.begin("A1")
    closing.nothing_there(STAFF, fair.slug, "A1")
    found = fair.sheet("A1", "Mực")
    address = f"/office/exhibitions/{fair.slug}/sheets/{found.sheet.reference}"
    values = {
        "csrf_token": office.token(address),
        "side": "producer",
        "digest": found.digest,
        "name-producer": "Bà Thu",
    }
    assert office.post(f"{address}/sign", data=values | {"strokes": "[[1"}).status_code == 422
    assert office.post(f"{address}/sign", data=values | {"strokes": json.dumps(PEN)}).status_code == 303
    assert pen.path(PEN) in page(office, address)
    assert session().scalars(select(Signature.strokes)).all() == [PEN]
    # The picture on paper is that of the strokes.
    assert pen.path(PEN) in pen.picture(PEN)
    assert office.get(f"{address}.pdf").data.startswith(b"%PDF-")


def test_the_producer_signs_in_his_own_door(fair):
    fair.booth("A1", "Mực", "Trà")
    fair.begin("A1")
    closing.nothing_there(STAFF, fair.slug, "A1")
    mine, other = fair.sheet("A1", "Mực"), fair.sheet("A1", "Trà")
    client = fair.app.test_client()
    sign_in(client, (Role.PRODUCER_OWNER, f"producer:{fair.producers['Mực'].id}"))
    assert mine.sheet.reference in page(client, "/producer/fairs/sheets")
    page(client, f"/producer/fairs/sheets/{other.sheet.reference}", 404)
    address = f"/producer/fairs/sheets/{mine.sheet.reference}"
    signed = client.fill(address, form=f"{address}/sign", **{"name-producer": "Nguyễn Thị Thu", "ticked-producer": "1"})
    assert signed.status_code == 303
    assert [s.side.value for s in fair.sheet("A1", "Mực").signatures] == ["producer"]
    assert client.get(f"{address}.pdf").data.startswith(b"%PDF-")
    # He has no way to sign for the other side.
    assert "name-staff" not in page(client, address)
    page(client, f"/office/exhibitions/{fair.slug}/sheets/{mine.sheet.reference}", 403)


def test_many_booths_from_the_list(fair, office):
    for code, name in (("A1", "Mực"), ("A2", "Trà")):
        fair.booth(code, name)
    fair.bring("A1", "Mực", 3)
    here = f"/office/exhibitions/{fair.slug}/close"
    assert office.fill(here, form=here, codes=["A1", "A2"], do="begin").status_code == 303
    refused = office.fill(here, form=here, codes=["A1", "A2"], do="empty").get_data(as_text=True)
    assert "outcomes" in refused
    assert "Gian A1" in refused
    assert fair.sheet("A2", "Trà").step == "sign"
    assert office.fill(here, form=here, codes=["A2"], do="freeze", reason="").status_code == 422
    assert office.fill(here, form=here, codes=["A2"], do="freeze", reason="cơ sở về trước").status_code == 303
    assert fair.sheet("A2", "Trà").step == "unsigned"
    assert office.fill(here, form=here, do="begin").status_code == 422


# --- the books of the fair ---------------------------------------------------------------------------------------


def test_the_books_of_a_fair_are_closed(fair, office):
    sold_booth(fair)
    fair.agree("Mực")
    fair.booth("A2", "Trà", fee=1_000_000, subsidy=1_000_000)
    with transaction():
        fair.fair.to_on = clock.today() + timedelta(days=3)
    with pytest.raises(FairNotOver):
        finishing.close_fair(STAFF, fair.slug, op_key=key())
    with transaction():
        fair.fair.to_on = clock.today() + timedelta(days=1)
    fair.close("A1")
    with pytest.raises(SheetsOpen):
        finishing.close_fair(STAFF, fair.slug, op_key=key())
    fair.close("A2")
    here = f"/office/exhibitions/{fair.slug}/close"
    assert office.fill(here, form=f"{here}/finish").status_code == 303
    session().expire_all()
    assert session().scalars(select(Exhibition.state)).one() is FairState.CLOSED
    charged = dict(
        session().execute(select(Entry.producer_id, Entry.amount).where(Entry.kind == EntryKind.BOOTH)).all()
    )
    assert charged == {fair.producers["Mực"].id: -500_000, fair.producers["Trà"].id: 0}
    ends = session().scalars(select(Point.closed_on).where(Point.id.in_([p.id for p in fair.points.values()]))).all()
    assert set(ends) == {clock.today()}
    assert session().scalars(select(TillDevice.token_hash)).all() == [None]
    assert fairs_broken() == []
    with pytest.raises(FairMovedOn):
        finishing.close_fair(STAFF, fair.slug, op_key=key())
    assert "Sổ hội chợ đã đóng" in page(office, here)


def test_a_machine_that_may_still_send_is_kept_and_its_sales_are_booked(fair):
    fair.booth("A1", "Mực")
    fair.bring("A1", "Mực", 5)
    till = fair.till("A1")
    till.send(till.open())
    late = till.sale(till.line(fair.goods["Mực"], 1))
    fair.close("A1")
    done = finishing.close_fair(STAFF, fair.slug, op_key=key())
    assert (done.revoked, done.waiting) == (0, 1)
    assert till.send(late)[0]["status"] == "done"
    assert fair.sheet("A1", "Mực").step == "late"
    assert fair.sheet("A1", "Mực").shown["totals"]["sold"] == 0
    signing.explain(STAFF, fair.sheet("A1", "Mực").sheet.reference, "máy gửi muộn, bán trước khi đếm")
    fair.sign("A1", "Mực")
    assert session().scalars(select(SheetVersion.number).order_by(SheetVersion.id)).all() == [1, 2]
    tasks.last_machines()
    assert finishing.machines(fair.fair.id)[0].revoked is False
    till.send(till.close(620_000))
    tasks.last_machines()
    assert finishing.machines(fair.fair.id)[0].revoked is True
    assert fairs_broken() == []


def test_a_booth_is_charged_for_once_its_sheet_is_signed(fair, office):
    fair.booth("A1", "Mực")
    fair.agree("Mực")
    fair.begin("A1")
    closing.nothing_there(STAFF, fair.slug, "A1")
    found = fair.sheet("A1", "Mực")
    signing.freeze_unsigned(STAFF, found.sheet.reference, "cơ sở về trước", found.digest)
    assert finishing.close_fair(STAFF, fair.slug, op_key=key()).fees == 0
    assert session().scalars(select(Entry.id).where(Entry.kind == EntryKind.BOOTH)).all() == []
    assert fairs_broken() == []
    assert "chưa ghi phí gian" in page(office, f"/office/exhibitions/{fair.slug}/sheets/{found.sheet.reference}")
    # The producer comes by a week later.
    after = fair.sign("A1", "Mực")
    assert (after.step, [v.reason for v in after.versions]) == ("frozen", ["cơ sở về trước", None])
    assert session().scalars(select(Entry.amount).where(Entry.kind == EntryKind.BOOTH)).all() == [-500_000]
    fair.sign("A1", "Mực")
    assert [v.number for v in fair.sheet("A1", "Mực").versions] == [1, 2]
    assert fairs_broken() == []


def test_goods_that_come_after_the_signatures_go_home_before_the_books_close(fair):
    fair.booth("A1", "Mực")
    fair.bring("A1", "Mực", 5)
    fair.close("A1")
    source = factories.put_in(fair.goods["Mực"], fair.home, 2, owner=f"producer:{fair.producers['Mực'].id}")
    sent = transfers.ask(STAFF, fair.home.id, fair.points["A1"].id, {fair.goods["Mực"].id: 2}, key())
    transfers.approve(STAFF, sent, {}, key())
    transfers.pack(STAFF, sent, {source: 2}, key())
    transfers.dispatch(STAFF, sent, key())

    def refused() -> str:
        (row,) = closings.booths(fair.fair.id)
        assert (row.step, row.done, fair.sheet("A1", "Mực").step) == ("home", False, "home")
        with pytest.raises(SheetsOpen):
            finishing.close_fair(STAFF, fair.slug, op_key=key())
        return row.step

    assert refused()
    here = select(StockLevel.id).where(StockLevel.point_id == fair.points["A1"].id)
    passage = session().scalars(select(Passage.id).where(Passage.on_road > 0, Passage.to_level_id.in_(here))).one()
    transfers.receive(STAFF, sent, [Count(passage, 2)], 0, key())
    assert refused()
    fair.home_with("A1")
    assert fair.sheet("A1", "Mực").step == "late"
    after = fair.sign("A1", "Mực")
    assert [v.figures["totals"]["came"] for v in after.versions] == [5, 7]
    finishing.close_fair(STAFF, fair.slug, op_key=key())
    assert fairs_broken() == []


def test_goods_of_an_owner_without_a_sheet_are_not_forgotten(fair, office):
    fair.booth("A1", "Mực")
    till = fair.till("A1")
    till.send(till.open())
    late = till.sale(till.line(fair.goods["Mực"], 2))
    fair.close("A1")
    # The books had nothing there: what the till sold all the same is found, and the shop's, which had no sheet.
    till.send(late, till.close(740_000))
    (row,) = closings.booths(fair.fair.id)
    assert (row.step, row.done) == ("owner", False)
    with pytest.raises(SheetsOpen):
        finishing.close_fair(STAFF, fair.slug, op_key=key())
    here = f"/office/exhibitions/{fair.slug}/close/A1"
    assert "Lập bảng chốt còn thiếu" in page(office, here)
    assert office.fill(here, form=f"{here}/begin").status_code == 303
    signing.explain(STAFF, fair.sheet("A1").sheet.reference, "bán quá sổ, máy gửi muộn")
    fair.sign("A1")
    assert fair.sheet("A1").figures["totals"]["amount"] == 240_000
    finishing.close_fair(STAFF, fair.slug, op_key=key())
    assert fairs_broken() == []


def test_a_cancelled_fair_with_goods_on_the_road_is_finished_the_same_way(fair, office):
    fair.booth("A1", "Mực")
    fair.booth("A2", "Trà")
    source = factories.put_in(fair.goods["Mực"], fair.home, 6, owner=f"producer:{fair.producers['Mực'].id}")
    sent = transfers.ask(STAFF, fair.home.id, fair.points["A1"].id, {fair.goods["Mực"].id: 6}, key())
    transfers.approve(STAFF, sent, {}, key())
    transfers.pack(STAFF, sent, {source: 6}, key())
    transfers.dispatch(STAFF, sent, key())
    with transaction() as s:
        steps.fair(STAFF, fair.fair, FairState.CANCELLED, "Bão")
        # Its end was set when it was prepared.
        s.get_one(Point, fair.points["A2"].id).closed_on = clock.today() + timedelta(days=5)
    with pytest.raises(SheetsOpen):
        finishing.close_fair(STAFF, fair.slug, op_key=key())
    passage = session().scalars(select(Passage.id)).one()
    transfers.receive(STAFF, sent, [Count(passage, 6)], 0, key())
    fair.close("A1")
    done = finishing.close_fair(STAFF, fair.slug, op_key=key())
    assert (done.points, done.fees) == (2, 0)
    assert session().scalars(select(StockLevel.on_hand).where(StockLevel.point_id == fair.points["A1"].id)).all() == [0]
    assert session().scalars(select(Entry.id)).all() == []
    with pytest.raises(FairMovedOn):
        finishing.close_fair(STAFF, fair.slug, op_key=key())
    page(office, f"/office/exhibitions/{fair.slug}/close")
    assert fairs_broken() == []


def test_staff_are_told_every_day_of_goods_that_were_left(fair):
    fair.booth("A1", "Mực")
    fair.bring("A1", "Mực", 5)
    sign_in(fair.app.test_client(), Role.PROMOTION_STAFF, email="xuan@example.vn", email_confirmed_at=clock.now())
    tasks.tell_goods_left()
    assert session().scalars(select(Letter.key)).all() == []
    with transaction():
        fair.fair.to_on = clock.today() - timedelta(days=1)
    tasks.tell_goods_left()
    tasks.tell_goods_left()
    letters = session().scalars(select(Letter)).all()
    assert [x.recipient for x in letters] == ["xuan@example.vn"]
    assert "5 đơn vị" in letters[0].body_text
