"""The live board: a sale of a till stands on it at once, with what is left, what runs out, what was asked in vain."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from shop.accounts.permissions import Role
from shop.exhibitions.models.days import ContactKind, IncidentKind, PaperKind, Severity
from shop.exhibitions.models.fairs import FairState
from shop.exhibitions.queries import board, fairs
from shop.exhibitions.queries import days as queries
from shop.exhibitions.services import booths, days, replenishing, steps
from shop.exhibitions.services.days import Happened, Met
from shop.exhibitions.services.replenishing import More
from shop.kernel import clock
from shop.kernel.db import session, transaction
from shop.points.models import Point
from shop.stock import services as stock
from shop.stock.models import StockLevel
from shop.till.models import Device as DeviceRow
from shop.till.models import TillTender
from shop.till.services import devices
from tests import factories, people
from tests.exhibitions.days_made import BOSS, Fair, Place, add_booth, key, running
from tests.statements import statements
from tests.till.conftest import Device


@pytest.fixture(autouse=True)
def morning(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is past ten in the morning in Vietnam, whenever the tests run: what is gone within hours depends on the hour."""
    real = clock.now
    ahead = clock.start_of(clock.today()) + timedelta(hours=10) - real()
    monkeypatch.setattr(clock, "now", lambda: real() + ahead)


@pytest.fixture
def fair(app: object, ctx: object) -> Fair:
    """A fair that is on; twelve packs at the first booth."""
    made = running()
    factories.put_in(made.places[0].variant, session().get_one(Point, made.places[0].point_id), 12)
    return made


def till(app: object, fair: Fair, place: Place, code: str = "F1") -> Device:
    """A machine of the booth, enrolled, its session open."""
    booths.add_machines(BOSS, fair.id, [place.booth.id], code[0])
    made = booths.enrol_codes(BOSS, fair.id, [place.booth.id])[0]
    keeper = people.make_user("Lê Thị Quầy", (Role.POINT_KEEPER, f"point:{place.point_id}"))
    devices.set_pin(BOSS, keeper.id, "2580")
    answer = app.test_client().post("/till/api/enrol", json={"code": made.code.code, "device_name": "thử"})  # type: ignore[attr-defined]
    device_id = session().query(DeviceRow).filter_by(code=made.device).one().id
    found = Device(app, made.device, answer.get_json()["token"], device_id, keeper)  # type: ignore[arg-type]
    found.send(found.open())
    return found


def now(fair: Fair) -> board.Board:
    """The board as it stands."""
    session().rollback()
    session().expire_all()
    return board.read(fair.fresh())


def test_each_sale_stands_on_the_board_at_once(app: object, fair: Fair) -> None:
    place = fair.places[0]
    device = till(app, fair, place)
    before = now(fair)
    assert (before.today_amount, before.sales_today, before.empty) == (0, 0, ())
    first = device.sale(device.line(place.variant, 10))
    device.send(first)
    found = now(fair)
    assert (found.today_amount, found.total_amount, found.hour_amount, found.sales_today) == (1_200_000,) * 3 + (1,)
    assert [(b.code, b.today_amount, b.left) for b in found.booths] == [("A1", 1_200_000, 2), ("A2", 0, 0)]
    assert [(x.today, x.total, x.booths) for x in found.best] == [(10, 10, ("A1",))]
    assert [(p.booth, p.left) for p in found.running_out] == [("A1", 2)]
    device.send(device.sale(device.line(place.variant, 2)))
    found = now(fair)
    assert [b.code for b in found.empty] == ["A1"]
    assert found.empty[0].empty_since is not None
    assert [p.hours for p in found.running_out] == [0.0]
    # What a buyer brings back counts against it.
    number = first["body"]["number"]
    back = {"variant_id": place.variant.id, "lot_code": None, "quantity": 1, "restock": True}
    assert device.send(device.back(number, back, amount=120_000))[0]["status"] == "done"
    found = now(fair)
    assert (found.total_amount, found.booths[0].left, found.empty) == (1_320_000, 1, ())
    paid = sum(t.amount for t in session().query(TillTender).filter(TillTender.purpose != "drawer"))
    assert found.total_amount == paid


def test_it_takes_six_statements_and_shows_what_else_happens(app: object, fair: Fair) -> None:
    place = fair.places[0]
    device = till(app, fair, place)
    device.send(device.sale(device.line(place.variant, 1)))
    ask = {"session": device.session, "variant_id": fair.places[1].variant.id, "quantity": 3}
    device.send(device.event("ask", ask))
    gate = queries.gates(fair.id)[0]
    days.tap(BOSS, fair.id, gate.id, 10, key())
    soon = clock.now() + timedelta(hours=1)
    replenishing.replenish(BOSS, place.booth.id, More(place.variant.id, 6, soon, PaperKind.ASK), key())
    days.report_incident(BOSS, fair.id, Happened(IncidentKind.POWER, Severity.HIGH, "Mất điện khu A"), key())
    met = Met(place.producer.id, ContactKind.AGREEMENT, "Đỗ Thị Mua", "500 hộp", value_amount=7_000_000)
    days.meet(BOSS, fair.id, met, consent=days.CONSENT, op_key=key())
    session().rollback()
    with statements() as seen:
        found = board.read(fairs.by_slug(fair.row.slug))
    assert len(seen) <= 6, str(seen)
    assert (found.visitors_today, found.visitors_total, found.asks_today) == (10, 10, 1)
    assert [n for _words, _p, n in found.asked] == [3]
    assert [(m.units, m.state) for m in found.more] == [(6, "Chờ cơ sở trả lời")]
    assert (found.incidents, found.contacts, found.agreed_amount, found.devices) == (1, 1, 7_000_000, 1)
    assert found.silent == ()
    with statements() as seen:
        again = board.read(fairs.by_slug(fair.row.slug))
    assert len(seen) <= 4, str(seen)  # nothing was sold meanwhile: the sums are those of the same books
    assert again.today_amount == found.today_amount


def test_sums_are_made_anew_whenever_the_books_have_changed(app: object, fair: Fair) -> None:
    place = fair.places[0]
    device = till(app, fair, place)
    assert now(fair).booths[0].left == 12
    level = session().query(StockLevel).filter_by(point_id=place.point_id).one()
    stock.adjust(BOSS, level.id, -2, reason="vỡ", op_key="thu-bang-0001")
    assert now(fair).booths[0].left == 10
    with transaction():
        stock.take("order:THU", [stock.Take(level.id, 3)])
    assert now(fair).booths[0].left == 7
    stock.release("order:THU")
    assert now(fair).booths[0].left == 10
    device.send(device.sale(device.line(place.variant, 1)))
    assert now(fair).today_amount == 120_000


def test_a_till_that_was_not_heard_of_and_a_fair_that_is_over(app: object, fair: Fair) -> None:
    place = fair.places[0]
    device = till(app, fair, place)
    device.send(device.sale(device.line(place.variant, 12)))
    with transaction() as s:
        s.execute(update(DeviceRow).values(last_seen_at=clock.now() - timedelta(minutes=20)))
    found = now(fair)
    assert [(code, booth) for code, booth, _heard in found.silent] == [(device.code, "A1")]
    assert [b.code for b in found.empty] == ["A1"]
    with transaction():
        steps.fair(BOSS, fair.fresh(), FairState.CLOSED)
    over = now(fair)
    assert (over.empty, over.running_out, over.total_amount) == ((), (), 1_440_000)


def test_a_booth_whose_goods_have_not_come_is_told_from_one_that_is_stocked(app: object, fair: Fair) -> None:
    add_booth(fair, "Z9")  # nobody stands there: nothing is missed
    found = now(fair)
    assert [(b.code, b.had) for b in found.booths if b.code == "A2"] == [("A2", False)]
    assert [b.code for b in found.bare] == ["A2"]
    assert found.empty == ()
