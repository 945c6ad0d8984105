"""The programme's year: six steps by locality, carried over; blockers and answers; boards; whose pages they are."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from shop.accounts.permissions import Role
from shop.cycle import calendar, localities
from shop.cycle.errors import BoardStands, CycleMovedOn, LocalityCeased, YearOpened
from shop.cycle.models.steps import BoardKind, BoardMember, CycleStep, StepStatus
from shop.cycle.queries import steps as queries
from shop.cycle.services import steps as services
from shop.cycle.services.steps import Seat, Word
from shop.kernel import clock, invariants, operations
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound
from tests.people import sign_in

OFFICER = Actor("user", "Cán bộ địa phương", 811, "127.0.0.1")
YEAR = clock.today().year
VAN_DON, MONG_CAI = "06994", "06712"
SEATS = (Seat("Phó Chủ tịch UBND", "Trưởng ban"), Seat("Trưởng phòng Kinh tế", "Phó ban"))


def running(day: date | None = None) -> Word:
    return Word(StepStatus.RUNNING, day or clock.today(), None, "Phó Chủ tịch UBND")


@pytest.fixture
def year(gazetteer: Any) -> int:
    services.open_year(OFFICER, YEAR, calendar.offered(YEAR), calendar.SOURCE)
    return YEAR


def fresh() -> None:
    session().rollback()
    session().expire_all()


def test_a_year_is_opened_once_with_its_six_steps(year: int) -> None:
    assert [s.number for s in queries.steps(year)] == [1, 2, 3, 4, 5, 6]
    assert len(queries.board(year, ["*"])) == 54
    with pytest.raises(YearOpened):
        services.open_year(OFFICER, year, calendar.offered(year), None)
    with pytest.raises(Invalid):
        services.open_year(OFFICER, year + 2, calendar.offered(year + 2), None)
    with pytest.raises(Invalid) as refused:
        services.open_year(OFFICER, year - 1, calendar.offered(year), None)
    assert refused.value.field == "from_1"
    with pytest.raises(NotFound):
        queries.steps(year - 1)


def test_two_open_a_year_at_once(gazetteer: Any, together: Any) -> None:
    told = together(gazetteer, lambda: services.open_year(OFFICER, YEAR, calendar.offered(YEAR), None), times=2)
    assert sorted(type(one.error).__name__ if one.error else "won" for one in told) == ["YearOpened", "won"]


def test_what_is_unfinished_goes_on_in_the_next_year(gazetteer: Any) -> None:
    before = YEAR - 1
    services.open_year(OFFICER, before, calendar.offered(before), None)
    day = date(before, 8, 1)
    services.say(OFFICER, before, VAN_DON, 4, running(day), seen=0)
    services.say(OFFICER, before, VAN_DON, 1, Word(StepStatus.DONE, day, day), seen=0)
    assert services.open_year(OFFICER, YEAR, calendar.offered(YEAR), None) == 1
    words = queries.standing(YEAR, VAN_DON)
    assert [w.status if w else None for w in words] == [None, None, None, StepStatus.RUNNING, None, None]
    assert words[3] is not None and (words[3].carried_from, words[3].started_on) == (before, day)


def test_a_word_takes_the_place_of_the_one_before(year: int) -> None:
    services.say(OFFICER, year, VAN_DON, 2, running(), seen=0)
    word = queries.standing(year, VAN_DON)[1]
    assert word is not None
    services.say(OFFICER, year, VAN_DON, 2, running(), seen=0)  # the same once more is no change
    with pytest.raises(CycleMovedOn):
        services.say(OFFICER, year, VAN_DON, 2, Word(StepStatus.STUCK, clock.today()), seen=0)
    done = Word(StepStatus.DONE, clock.today(), clock.today(), None, 7, "ý tưởng")
    services.say(OFFICER, year, VAN_DON, 2, done, seen=word.id)
    assert [w.status for w in queries.words_of(year, VAN_DON)] == [StepStatus.DONE, StepStatus.RUNNING]


def test_two_say_something_at_once(gazetteer: Any, year: int, together: Any) -> None:
    acts = [
        lambda s=status: services.say(OFFICER, year, VAN_DON, 3, Word(s, clock.today()), seen=0)
        for status in (StepStatus.RUNNING, StepStatus.STUCK)
    ]
    told = together(gazetteer, acts)
    assert sorted(type(one.error).__name__ if one.error else "won" for one in told) == ["CycleMovedOn", "won"]


@pytest.mark.parametrize(
    ("word", "field"),
    [
        (Word(StepStatus.DONE, clock.today()), "finished_on"),
        (Word(StepStatus.RUNNING), "started_on"),
        (Word(StepStatus.RUNNING, clock.today() + timedelta(days=1)), "started_on"),
        (Word(StepStatus.DONE, clock.today(), clock.today() - timedelta(days=1)), "finished_on"),
        (Word(StepStatus.WAITING, figure=3), "figure_of"),
        (Word(StepStatus.WAITING, figure=-1, figure_of="ý tưởng"), "figure"),
    ],
)
def test_what_makes_no_sense_is_refused(year: int, word: Word, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        services.say(OFFICER, year, VAN_DON, 1, word, seen=0)
    assert refused.value.field == field
    assert queries.standing(year, VAN_DON) == [None] * 6


def test_a_district_of_before_has_no_step_today(year: int) -> None:
    district = next(x.code for x in localities.of_day(date(2025, 6, 30)) if x.short == "Hạ Long")
    with pytest.raises(LocalityCeased) as refused:
        services.say(OFFICER, year, district, 1, running(), seen=0)
    assert "Bãi Cháy" in str(refused.value.values["heirs"])


# --- blockers ----------------------------------------------------------------------------------------------------


def test_a_blocker_is_answered_and_solved(year: int) -> None:
    key = operations.new_key()
    ref = services.open_blocker(OFFICER, VAN_DON, 5, "Phòng thử nghiệm chậm", None, key)
    assert services.open_blocker(OFFICER, VAN_DON, 5, "Phòng thử nghiệm chậm", None, key) == ref
    assert queries.board(year, [f"locality:{VAN_DON}"])[0].blockers == {5: 1}
    services.answer_blocker(OFFICER, ref, "Ký thêm phòng", seen="")
    with pytest.raises(CycleMovedOn):
        services.answer_blocker(OFFICER, ref, "Ý kiến khác", seen="")
    services.answer_blocker(OFFICER, ref, "Ý kiến khác", seen="Ký thêm phòng")
    with pytest.raises(Invalid):
        services.solve_blocker(OFFICER, ref, "Đã có kết quả", clock.today() - timedelta(days=1))
    services.solve_blocker(OFFICER, ref, "Đã có kết quả")
    with pytest.raises(CycleMovedOn):
        services.solve_blocker(OFFICER, ref, "Lần nữa")
    assert queries.open_blockers(["*"]) == []


# --- boards ------------------------------------------------------------------------------------------------------


def board(kind: BoardKind = BoardKind.BOARD, code: str = VAN_DON) -> str:
    return services.set_up_board(OFFICER, code, kind, date(YEAR, 1, 5), "12/QĐ-UBND", SEATS, operations.new_key())


def test_a_locality_has_one_board_and_one_team_at_a_time(year: int) -> None:
    ref = board()
    board(BoardKind.HELPERS)
    with pytest.raises(BoardStands):
        board()
    services.end_board(OFFICER, ref, clock.today())
    fresh()
    assert {m.to_on for m in queries.board_by(ref).members} == {clock.today()}
    board()
    assert [b.kind for b in queries.boards(VAN_DON)] == [BoardKind.BOARD, BoardKind.HELPERS, BoardKind.BOARD]
    row = queries.board(year, [f"locality:{VAN_DON}"])[0]
    assert row.has_board and row.has_helpers


def test_the_audit_sees_what_does_not_hold(year: int) -> None:
    ref = board()
    names = ("cycle.years-have-six-steps", "cycle.seats-lie-within-their-board")
    assert all(invariants.look(name).ok for name in names)
    with transaction() as s:
        s.execute(sa.update(BoardMember).values(from_on=date(YEAR - 1, 1, 1)))
        s.execute(sa.delete(CycleStep).where(CycleStep.number == 6))
    fresh()
    assert [invariants.look(name).offenders for name in names] == [[str(year)], [ref]]


# --- pages -------------------------------------------------------------------------------------------------------


def test_an_officer_writes_his_locality_and_sees_no_other(client: Any, year: int) -> None:
    services.say(OFFICER, year, MONG_CAI, 1, running(), seen=0)
    sign_in(client, (Role.LOCALITY_OFFICER, f"locality:{VAN_DON}"))
    listed = client.get(f"/office/cycle/{year}").get_data(as_text=True)
    assert f"/{year}/{VAN_DON}" in listed and f"/{year}/{MONG_CAI}" not in listed
    mine = f"/office/cycle/{year}/{VAN_DON}"
    assert client.get(f"/office/cycle/{year}/{MONG_CAI}").status_code == 404
    bad = client.fill(mine, form=f"{mine}/steps/2", status="done", office="Chủ tịch UBND")
    text = bad.get_data(as_text=True)
    assert bad.status_code == 422 and "ngày xong" in text and "Chủ tịch UBND" in text
    good = {"status": "running", "started_on": clock.today().isoformat()}
    odd = client.fill(mine, form=f"{mine}/steps/2", **(good | {"figure": "12.5", "figure_of": "ý tưởng"}))
    assert odd.status_code == 422 and 'value="12.5"' in odd.get_data(as_text=True), "12.5 is not 125"
    assert client.fill(mine, form=f"{mine}/steps/2", **good).status_code == 303
    assert client.fill(mine, form=f"{mine}/blockers", step="2", what="Ít hộ nộp phiếu").status_code == 303
    more = {"kind": "board", "set_up_on": f"{YEAR}-01-05", "decision_number": "1/QĐ"}
    empty = client.fill(mine, form=f"{mine}/boards", **more)
    assert empty.status_code == 422 and "ít nhất một thành viên" in empty.get_data(as_text=True)
    seat = {"office_0": "Chủ tịch UBND", "part_0": "Trưởng ban"}
    assert client.fill(mine, form=f"{mine}/boards", **more, **seat).status_code == 303
    token = {"csrf_token": client.token("/tai-khoan")}
    assert client.post(f"/office/cycle/{year}/{MONG_CAI}/steps/1", data=token).status_code == 404
    assert client.post("/office/cycle/open", data=token | {"year": str(year + 1)}).status_code == 403


def test_the_province_opens_a_year_and_answers(client: Any, gazetteer: Any) -> None:
    sign_in(client, Role.PROGRAMME_OFFICER)
    assert "Chưa mở năm nào" in client.get("/office/cycle").get_data(as_text=True)
    form = "/office/cycle/open"
    assert client.fill(form, form=form, from_2="").status_code == 422
    assert client.fill(form, form=form).status_code == 303
    assert "Lịch sáu bước" in client.get(f"/office/cycle/{YEAR}").get_data(as_text=True)
    assert client.fill(form, form=form).status_code == 303, "the next year, ahead of its time"
    assert client.get("/office/cycle").headers["Location"].endswith(f"/office/cycle/{YEAR}"), "people work in this one"
    assert f"Mở năm {YEAR + 2}" not in client.get(f"/office/cycle/{YEAR}").get_data(as_text=True), "no dead button"
    ref = services.open_blocker(OFFICER, VAN_DON, 5, "Phòng thử nghiệm chậm", None, operations.new_key())
    page = f"/office/blockers/{ref}"
    assert client.fill(page, form=f"{page}/answer", answer="").status_code == 422
    assert client.fill(page, form=f"{page}/answer", answer="Ký thêm phòng").status_code == 303
    assert "Ký thêm phòng" in client.get(page).get_data(as_text=True)
    assert client.fill(page, form=f"{page}/solve", how="Đã có kết quả").status_code == 303
    assert "Không có vướng mắc" in client.get("/office/blockers").get_data(as_text=True)
