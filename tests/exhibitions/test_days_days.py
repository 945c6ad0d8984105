"""A fair's days: more goods, visitors counted once however they are counted, trade buyers and their consent, incidents."""

from __future__ import annotations

import io
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from shop.exhibitions import pace, sensors
from shop.exhibitions.errors import BoothCloses, BoothNotReady, ConsentMissing, FairMovedOn, NoHomePoint, SameFileAgain
from shop.exhibitions.models.calls import Stand
from shop.exhibitions.models.days import (
    Contact,
    ContactKind,
    CountedBy,
    IncidentKind,
    OutcomeKind,
    PaperKind,
    Severity,
    Visits,
)
from shop.exhibitions.models.fairs import FairState
from shop.exhibitions.pace import Days
from shop.exhibitions.queries import days as queries
from shop.exhibitions.services import closing, days, goods, replenishing
from shop.exhibitions.services.days import Happened, Met
from shop.exhibitions.services.goods import Sends
from shop.exhibitions.services.replenishing import More
from shop.kernel import clock
from shop.kernel.audit import AuditRow
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound
from shop.kernel.operations import KeyUsedOtherwise
from shop.receipts import queries as receipt_queries
from shop.receipts import services as receipts
from shop.receipts.services import Came
from shop.supply.models import Per, Reply
from shop.supply.queries import asks as ask_queries
from shop.supply.services import asks, plans
from shop.supply.services.asks import Answer
from tests import factories
from tests.exhibitions.days_made import BOSS, MAKER, Fair, add_place, key, make_fair, running
from tests.exhibitions.test_days_goods import travel


@pytest.fixture
def fair(ctx: object) -> Fair:
    """A fair that is on, with two booths."""
    return running()


# --- pace: pure --------------------------------------------------------------------------------------------------

HALL = Days(date(2026, 1, 10), date(2026, 1, 15), "08:00", "22:00")


@given(st.integers(0, 5_000), st.floats(0, 500))
def test_what_is_left_lasts_as_long_as_the_pace_says(left: int, per_hour: float) -> None:
    found = pace.hours_until_empty(left, per_hour)
    if left == 0:
        assert found == 0
    elif per_hour <= pace.LEAST_PACE:
        assert found is None
    else:
        assert found is not None
        assert found * per_hour == pytest.approx(left)


@given(st.integers(0, 1_000), st.floats(0, 14), st.integers(0, 1_000), st.floats(0, 70))
def test_the_first_hour_is_a_whole_one_and_today_comes_first(
    today: int, hours_today: float, before: int, hours: float
) -> None:
    found = pace.per_hour(today, hours_today, today + before, hours_today + hours)
    assert 0 <= found <= today + before
    if today:
        assert found == pytest.approx(today / max(hours_today, 1))


@given(st.datetimes(datetime(2026, 1, 8), datetime(2026, 1, 18)))
def test_open_hours_grow_and_end_with_the_fair(moment: datetime) -> None:
    at = moment.replace(tzinfo=clock.VIETNAM)
    so_far = HALL.hours_so_far(at)
    assert 0 <= so_far <= 5 * 14
    assert so_far <= HALL.hours_so_far(at + timedelta(hours=1)) <= so_far + 1 + 1e-9
    today = clock.business_day(at)
    if HALL.is_open(at):
        assert HALL.open_hours(today, at) + HALL.hours_left(at) == pytest.approx(14)
    if not HALL.first <= today < HALL.end:
        assert HALL.hours_left(at) == HALL.open_hours(today, at) == 0


# --- more goods --------------------------------------------------------------------------------------------------


def more(fair: Fair, source: PaperKind, units: int = 6, **changes: Any) -> More:
    soon = clock.now() + timedelta(hours=3)
    return More(fair.places[0].variant.id, units, changes.pop("needed_at", soon), source, **changes)


def test_a_booth_asks_the_store_and_the_board_follows_the_transfer(fair: Fair) -> None:
    place = fair.places[0]
    factories.put_in(place.variant, fair.home, 10)
    k, wanted = key(), more(fair, PaperKind.TRANSFER)
    reference = replenishing.replenish(BOSS, place.booth.id, wanted, k, approve=True)
    assert replenishing.replenish(BOSS, place.booth.id, wanted, k, approve=True) == reference
    row = queries.replenishments(fair.id)[0]
    assert (row.open, row.may_end, row.units, row.state) == (True, True, 6, "Chờ đóng gói")
    due = clock.now() + timedelta(hours=2)
    replenishing.tell_arrival(BOSS, reference, due)
    travel(reference, arrive=False)
    row = queries.replenishments(fair.id)[0]
    assert (row.state, row.due_at, row.may_end) == ("Đang trên đường", due, False)
    from tests.exhibitions.test_days_goods import count_in

    count_in(reference)
    row = queries.replenishments(fair.id)[0]
    assert (row.state, row.open, row.badge) == (queries.ARRIVED, False, "ok")


def test_a_booth_asks_its_maker_who_promises_and_delivers(fair: Fair) -> None:
    place = fair.places[0]
    reference = replenishing.replenish(BOSS, place.booth.id, more(fair, PaperKind.ASK), key())
    assert queries.replenishments(fair.id)[0].state == "Chờ cơ sở trả lời"
    found, _row = ask_queries.ask(reference)
    line = ask_queries.lines(found.id)[0]
    asks.answer(MAKER, reference, {line.line_id: Answer(Reply.ACCEPTED)}, op_key=key())
    row = queries.replenishments(fair.id)[0]
    assert (row.state, row.open, row.may_end) == (queries.PROMISED, True, False)
    delivery = row.url.rpartition("/")[2]
    from shop.receipts.models import Delivery

    of = session().scalars(select(Delivery.id).where(Delivery.reference == delivery)).one()
    came = {receipt_queries.lines(of)[0].line_id: Came(6)}
    receipts.receive(BOSS, delivery, came, op_key=key())
    session().expire_all()
    assert queries.replenishments(fair.id)[0].state == queries.ARRIVED


def test_an_ask_can_be_called_off_until_it_is_settled(fair: Fair) -> None:
    place = fair.places[0]
    factories.put_in(place.variant, fair.home, 6)
    for source in (PaperKind.ASK, PaperKind.TRANSFER):
        reference = replenishing.replenish(BOSS, place.booth.id, more(fair, source), key())
        with pytest.raises(Invalid):
            replenishing.call_off(BOSS, reference, " ", key())
        replenishing.call_off(BOSS, reference, "Tìm thấy thêm hàng", key())
    assert [row.open for row in queries.replenishments(fair.id)] == [False, False]
    with pytest.raises(NotFound):
        replenishing.call_off(BOSS, "C-KHONG-CO", "lý do", key())


@pytest.mark.parametrize("changes", [{"units": 0}, {"needed_at": "past"}, {"source": PaperKind.DELIVERY}])
def test_asks_that_make_no_sense_are_refused(fair: Fair, changes: dict[str, Any]) -> None:
    if changes.get("needed_at"):
        changes = {"needed_at": clock.now() - timedelta(hours=1)}
    changes = dict(changes)
    wanted = more(fair, changes.pop("source", PaperKind.ASK), **changes)
    with pytest.raises(Invalid):
        replenishing.replenish(BOSS, fair.places[0].booth.id, wanted, key())


def test_more_than_there_is_is_refused_with_what_there_is(fair: Fair) -> None:
    place = fair.places[0]
    factories.put_in(place.variant, fair.home, 10)
    replenishing.replenish(BOSS, place.booth.id, more(fair, PaperKind.TRANSFER, 7), key())
    # Seven of the ten are spoken for, though nobody has packed them yet.
    with pytest.raises(Invalid) as refused:
        replenishing.replenish(BOSS, place.booth.id, more(fair, PaperKind.TRANSFER, 4), key())
    assert (refused.value.field, refused.value.values["n"]) == ("units", 3)
    # The maker has said that what he begins today is ready in two months.
    slow = plans.Makes(50, Per.WEEK, clock.today(), lead_days=60)
    plans.state(MAKER, place.producer.id, place.variant.product_id, None, slow, key())
    with pytest.raises(Invalid) as refused:
        replenishing.replenish(BOSS, place.booth.id, more(fair, PaperKind.ASK, 4), key())
    assert (refused.value.field, refused.value.values["n"]) == ("units", 0)


def test_a_booth_that_is_being_closed_is_sent_nothing_more(fair: Fair) -> None:
    place = fair.places[0]
    closing.begin(BOSS, fair.row.slug, place.booth.code)
    with pytest.raises(BoothCloses):
        replenishing.replenish(BOSS, place.booth.id, more(fair, PaperKind.ASK), key())
    with pytest.raises(BoothCloses):
        goods.send(BOSS, fair.id, place.stand.id, Sends({}, {place.variant.id: 2}), None, key())


def test_only_goods_of_those_who_stand_there_and_only_where_there_is_a_store(fair: Fair) -> None:
    with pytest.raises(Invalid):  # the pack is another booth's
        replenishing.replenish(BOSS, fair.places[1].booth.id, more(fair, PaperKind.ASK), key())
    with pytest.raises(NotFound):
        replenishing.replenish(BOSS, 99_999, more(fair, PaperKind.ASK), key())
    homeless = running(1, home=False)
    with pytest.raises(NoHomePoint):
        replenishing.replenish(BOSS, homeless.places[0].booth.id, more(homeless, PaperKind.TRANSFER), key())
    unprepared = make_fair()
    add_place(unprepared)
    with pytest.raises(BoothNotReady):
        replenishing.replenish(BOSS, unprepared.places[0].booth.id, more(unprepared, PaperKind.ASK), key())


# --- visitors ----------------------------------------------------------------------------------------------------


def gate(fair: Fair, name: str = "") -> int:
    return days.add_gate(BOSS, fair.id, name) if name else queries.gates(fair.id)[0].id


def counted(fair: Fair) -> int:
    session().expire_all()
    return sum(sensors.counted(queries.visit_rows(fair.id)).values())


def test_a_tap_counts_once_however_often_it_is_sent(fair: Fair) -> None:
    k = key()
    at = gate(fair)
    assert days.tap(BOSS, fair.id, at, 5, k) == 5
    assert days.tap(BOSS, fair.id, at, 5, k) == 5
    assert days.tap(BOSS, fair.id, at, 10, key()) == 15
    with pytest.raises(KeyUsedOtherwise):
        days.tap(BOSS, fair.id, at, 1, k)
    with pytest.raises(Invalid):
        days.tap(BOSS, fair.id, at, 7, key())
    with pytest.raises(NotFound):
        days.tap(BOSS, running().id, at, 1, key())
    assert counted(fair) == 15


def test_taps_of_many_phones_at_one_moment_all_count(app: Any, together: Any) -> None:
    with app.app_context():
        made = running()
        fair_id, at = made.id, gate(made)

    def click() -> None:
        for _n in range(5):
            days.tap(BOSS, fair_id, at, 1, key())

    assert [o.error for o in together(app, click, times=4)] == [None] * 4
    with app.app_context():
        assert sum(sensors.counted(queries.visit_rows(fair_id)).values()) == 20


def test_a_number_that_somebody_typed_counts_before_a_sensors_before_taps(fair: Fair) -> None:
    at, today = gate(fair), clock.today()
    days.tap(BOSS, fair.id, at, 10, key())
    hour = clock.now().astimezone(clock.VIETNAM).hour
    assert days.type_hours(BOSS, fair.id, at, today, {hour: 40, (hour + 1) % 24: None}) == 1
    assert days.type_hours(BOSS, fair.id, at, today, {hour: 40}) == 0
    assert counted(fair) == 40
    file(fair, f"Cổng,Ngày,Giờ,Số khách\nCổng chính,{today},{hour:02d}:00,33\n")
    assert counted(fair) == 40
    assert days.type_hours(BOSS, fair.id, at, today, {hour: None}) == 1
    assert counted(fair) == 33
    table = queries.visits_of_day(queries.visit_rows(fair.id), fair.fresh(), today)
    assert table.cells[at, hour] == (33, CountedBy.SENSOR)
    for bad in ({24: 1}, {3: -1}, {3: 60_000}):
        with pytest.raises(Invalid):
            days.type_hours(BOSS, fair.id, at, today, bad)
    with pytest.raises(Invalid):
        days.type_hours(BOSS, fair.id, at, today - timedelta(days=1), {3: 1})


def file(fair: Fair, content: str | bytes, name: str = "dem.csv", *, apply: bool = True) -> str:
    raw = content.encode() if isinstance(content, str) else content
    reference = days.read_file(BOSS, fair.id, name, raw)
    if apply:
        days.apply_file(BOSS, fair.id, reference)
    return reference


def test_a_sensors_file_is_shown_row_by_row_before_it_counts_and_counts_once(fair: Fair) -> None:
    today = clock.today()
    rows = [
        f"cong chinh;{today.strftime('%d/%m/%Y')};8h;120",
        f"Cổng B;{today};09:00 - 10:00;1.080",
        f"Cổng B;{today};10:00;ba chục",
        f"Cổng B;{today - timedelta(days=9)};10:00;5",
        f"Cổng B;{today};25:00;5",
        f"Cổng B;{today};09:00;7",
        f"Cổng B;{today};09:15-09:30;7",
        f"Cổng B;{today};11:00;10",
        f"Cổng B;{today};11:15;15",
        f"Cổng B;{today};11:30;20",
    ]
    content = "Cổng;Ngày;Giờ;Số khách\n" + "\n".join(rows)
    reference = file(fair, content, apply=False)
    assert counted(fair) == 0
    _file, told = queries.visit_file(fair.id, reference)
    assert [r.becomes for r in told] == [
        "new", "new", *["refused"] * 5, "new", "added", "added",
    ]  # fmt: skip
    assert all(bool(r.why) == (r.becomes == "refused") for r in told)
    assert days.apply_file(BOSS, fair.id, reference) == 3
    assert counted(fair) == 120 + 1_080 + 45
    assert file(fair, content, apply=False) == reference  # the same file again
    with pytest.raises(SameFileAgain):
        days.apply_file(BOSS, fair.id, reference)
    other = file(fair, f"Cổng,Ngày,Giờ,Số khách\nCổng B,{today},9,1100\nCổng B,{today},11,45\n", apply=False)
    assert [r.becomes for r in queries.visit_file(fair.id, other)[1]] == ["changed", "same"]
    assert days.apply_file(BOSS, fair.id, other) == 1
    assert counted(fair) == 120 + 1_100 + 45


def test_a_sensors_workbook_with_moments_is_read_too(fair: Fair) -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Thời điểm", "Lượt vào"])
        today = clock.today()
        for n, (hour, visitors) in enumerate([(8, 12), (9, 30)], 1):
            sheet.write_string(n, 0, f"{today} {hour:02d}:00")
            sheet.write_number(n, 1, visitors)
    file(fair, out.getvalue(), "dem.xlsx")
    assert counted(fair) == 42
    with pytest.raises(Invalid):
        file(fair, "Cổng,Ngày\nA,2026-01-01\n")
    with pytest.raises(NotFound):
        days.apply_file(BOSS, running().id, "KHONG-CO")


# --- trade buyers ------------------------------------------------------------------------------------------------


def met(fair: Fair, **changes: Any) -> Met:
    values = {
        "producer_id": fair.places[0].producer.id, "kind": ContactKind.AGREEMENT, "name": "Đỗ Thị Mua",
        "what": "500 hộp chả mực mỗi tháng", "company": "Siêu thị Thử", "phone": "0912345678",
        "email": "mua@example.vn", "value_amount": 60_000_000,
    }  # fmt: skip
    return Met(**(values | changes))


def test_a_buyer_is_written_down_only_with_his_consent(fair: Fair) -> None:
    with pytest.raises(ConsentMissing):
        days.meet(BOSS, fair.id, met(fair), consent="", op_key=key())
    k = key()
    reference = days.meet(BOSS, fair.id, met(fair), consent=days.CONSENT, op_key=k)
    assert days.meet(BOSS, fair.id, met(fair), consent=days.CONSENT, op_key=k) == reference
    row = queries.contacts(fair.fresh())[0]
    assert (row.c.name, row.c.consent, row.c.value_amount) == ("Đỗ Thị Mua", days.CONSENT, 60_000_000)
    assert row.c.erase_on == fair.row.to_on + timedelta(days=365)  # type: ignore[operator]
    told = session().scalars(select(AuditRow.detail).where(AuditRow.action == "exhibitions.contact")).all()
    assert len(told) == 1
    assert "Đỗ Thị Mua" not in str(told)
    for bad in (met(fair, name=" "), met(fair, value_amount=None), met(fair, what="")):
        with pytest.raises(Invalid):
            days.meet(BOSS, fair.id, bad, consent=days.CONSENT, op_key=key())
    with pytest.raises(NotFound):
        days.meet(BOSS, fair.id, met(fair, producer_id=99_999), consent=days.CONSENT, op_key=key())
    with pytest.raises(FairMovedOn):
        early = make_fair()
        add_place(early)
        days.meet(BOSS, early.id, met(early), consent=days.CONSENT, op_key=key())


def test_his_data_go_when_he_takes_it_back_and_when_the_term_is_over(fair: Fair) -> None:
    first = days.meet(BOSS, fair.id, met(fair), consent=days.CONSENT, op_key=key())
    days.meet(BOSS, fair.id, met(fair, name="Ngô Văn Hẹn"), consent=days.CONSENT, op_key=key())
    days.withdraw_consent(BOSS, first)
    days.withdraw_consent(BOSS, first)
    gone = session().scalars(select(Contact).where(Contact.reference == first)).one()
    assert (gone.name, gone.company, gone.phone, gone.email, gone.consent) == (None,) * 5
    assert (gone.value_amount, gone.what) == (60_000_000, "500 hộp chả mực mỗi tháng")
    assert days.erase_due() == 0
    with transaction() as s:
        s.execute(update(Contact).values(erase_on=clock.today()))
    assert days.erase_due() == 1
    session().expire_all()
    assert session().scalars(select(Contact.name)).all() == [None, None]


def test_what_came_of_it_is_asked_after_thirty_and_ninety_days(fair: Fair) -> None:
    reference = days.meet(BOSS, fair.id, met(fair), consent=days.CONSENT, op_key=key())
    with pytest.raises(Invalid) as early:
        days.outcome(BOSS, reference, 30, OutcomeKind.TALKING, 0, "")
    assert early.value.field == "after_days"
    with transaction():
        row = fair.fresh()
        row.from_on = clock.today() - timedelta(days=40)
        row.to_on = clock.today() - timedelta(days=35)
    assert queries.contacts(fair.fresh())[0].due == 30
    days.outcome(BOSS, reference, 30, OutcomeKind.TALKING, 0, "đang thử mẫu")
    days.outcome(BOSS, reference, 30, OutcomeKind.ORDERED, 20_000_000, "")
    found = queries.contacts(fair.fresh())[0]
    assert (found.outcomes[30].amount, found.due) == (20_000_000, None)
    for kind, amount in ((OutcomeKind.ORDERED, 0), (OutcomeKind.LOST, 5)):
        with pytest.raises(Invalid):
            days.outcome(BOSS, reference, 30, kind, amount, "")
    with pytest.raises(Invalid):
        days.outcome(BOSS, reference, 90, OutcomeKind.TALKING, 0, "")
    with pytest.raises(NotFound):
        days.outcome(BOSS, "M-KHONG-CO", 30, OutcomeKind.TALKING, 0, "")


# --- incidents ---------------------------------------------------------------------------------------------------


def test_incidents_are_open_until_somebody_says_how_they_were_put_right(fair: Fair) -> None:
    here = fair.places[0].booth.id
    told = Happened(IncidentKind.COLD, Severity.HIGH, "Tủ đông gian A1 không chạy", here)
    k = key()
    reference = days.report_incident(BOSS, fair.id, told, k)
    assert days.report_incident(BOSS, fair.id, told, k) == reference
    days.report_incident(BOSS, fair.id, Happened(IncidentKind.FIRE, Severity.DANGER, "Có khói ở bếp"), key())
    assert [r.i.severity for r in queries.incidents(fair.id)] == [Severity.DANGER, Severity.HIGH]
    with pytest.raises(Invalid):
        days.resolve(BOSS, reference, "")
    days.resolve(BOSS, reference, "Đổi ổ cắm")
    days.resolve(BOSS, reference, "nói lại")
    done = next(r for r in queries.incidents(fair.id) if r.i.reference == reference)
    assert done.i.resolution == "Đổi ổ cắm"
    with pytest.raises(NotFound):
        days.resolve(BOSS, "SC-KHONG-CO", "xong")
    with pytest.raises(NotFound):
        elsewhere = running().places[0].booth.id
        days.report_incident(BOSS, fair.id, Happened(IncidentKind.OTHER, Severity.LOW, "x y", elsewhere), key())
    with pytest.raises(Invalid):
        later = Happened(IncidentKind.OTHER, Severity.LOW, "chưa xảy ra", None, clock.now() + timedelta(hours=2))
        days.report_incident(BOSS, fair.id, later, key())
    with pytest.raises(FairMovedOn):
        days.report_incident(BOSS, make_fair(state=FairState.DRAFT).id, told, key())


def test_nothing_is_counted_before_the_fair_runs(ctx: object) -> None:
    fair = make_fair()
    add_place(fair)
    at = gate(fair, "Cổng A")
    with pytest.raises(FairMovedOn):
        days.tap(BOSS, fair.id, at, 1, key())
    with pytest.raises(FairMovedOn):
        days.type_hours(BOSS, fair.id, at, clock.today(), {9: 5})
    with pytest.raises(FairMovedOn):
        file(fair, "Ngày,Giờ,Số khách\n2026-01-01,8,5\n")
    assert session().scalar(select(func.count()).select_from(Visits)) == 0
    assert session().scalar(select(func.count()).select_from(Stand)) == 1
