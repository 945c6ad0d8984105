"""A council of five scores alone; the chair closes; results are what the sheets come to, objected to, scored again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine

from shop.accounts.models import Grant
from shop.accounts.permissions import Role
from shop.kernel import clock
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound
from shop.programme.errors import (
    AfterCutOff,
    AlreadyScored,
    ConflictOfInterest,
    CouncilMovedOn,
    DossierMovedOn,
    NotEnoughSheets,
    ObjectionOver,
    RoundNotOpen,
    RoundUnfinished,
    ScoredMeanwhile,
    SessionOver,
    SheetIncomplete,
    WrongSheet,
)
from shop.programme.models.councils import (
    CouncilSession,
    Hearing,
    MemberScore,
    Objection,
    ScoreVersion,
    Seat,
    SessionState,
)
from shop.programme.models.dossiers import DossierState, RoundLevel
from shop.programme.queries import results as ready_queries
from shop.programme.queries import rounds as round_queries
from shop.programme.queries import scoring as scoring_queries
from shop.programme.services import ballots, councils, results, rounds
from tests.factories import make_producer, make_set
from tests.people import make_user
from tests.programme import assessing
from tests.programme.assessing import NUMBER, OFFICE, OWNER, Field, Panel, best, day, fresh, key, make_panel, score


@pytest.fixture
def field(ctx: Any) -> Field:
    return assessing.prepare()


@pytest.fixture
def panel(field: Field) -> Panel:
    return make_panel()


def worse(points: int) -> dict[str, int]:
    """The best sheet less `points`, lost where no star has a minimum."""
    sheet, answers = assessing.ALL[NUMBER], best(NUMBER)
    left = points
    for q in sheet.questions:
        for i, option in enumerate(q.options):
            if 0 < q.points - option.points <= left and not any(o.min_star for o in q.options):
                answers[q.code], left = i, left - (q.points - option.points)
                break
    assert left == 0
    return answers


def kept(hearing_id: int, panel: Panel, actor: Actor) -> MemberScore:
    session().rollback()
    session().expire_all()
    here = (MemberScore.hearing_id == hearing_id, MemberScore.member_id == panel.seat_id(actor))
    return session().scalars(sa.select(MemberScore).where(*here)).one()


def app() -> Any:
    return __import__("flask").current_app._get_current_object()


# --- setting up --------------------------------------------------------------------------------------------------


def test_a_seat_gives_the_right_and_leaving_takes_it(panel: Panel) -> None:
    user_id = panel.members[0].user_id
    here = (Grant.user_id == user_id, Grant.role == Role.COUNCIL_MEMBER, Grant.scope == f"council:{panel.id}")
    assert session().scalar(sa.select(Grant.id).where(*here)) is not None
    councils.unseat(SYSTEM, panel.seat_id(panel.members[0]))
    session().rollback()
    assert session().scalar(sa.select(Grant.id).where(*here)) is None
    assert len(councils.seats_of(panel.id)) == 5 and assessing.audit() == []


def test_who_cannot_sit(panel: Panel) -> None:
    second = make_user("Chủ tịch thứ hai")
    with pytest.raises(Invalid) as refused:
        councils.seat(SYSTEM, panel.id, second.email, Seat.CHAIR, "Sở Công Thương")
    assert refused.value.field == "seat"
    with pytest.raises(Invalid) as refused:
        councils.seat(SYSTEM, panel.id, "khong-co@example.vn", Seat.MEMBER, "Sở Công Thương")
    assert refused.value.field == "username"
    sitting = session().get_one(type(second), panel.chair.user_id)
    with pytest.raises(CouncilMovedOn):
        councils.seat(SYSTEM, panel.id, sitting.email, Seat.MEMBER, "Sở Công Thương")


def test_a_session_needs_dossiers_and_three_who_score(field: Field, panel: Panel) -> None:
    empty = councils.plan_session(OFFICE, panel.id, clock.today(), "Trụ sở", key())
    with pytest.raises(Invalid):
        councils.open_session(OFFICE, empty)
    councils.hear(OFFICE, empty, field.proposed().id)
    for actor in panel.members[:3]:
        councils.unseat(SYSTEM, panel.seat_id(actor))
    with pytest.raises(Invalid):
        councils.open_session(OFFICE, empty)


def test_after_the_cut_off_a_dossier_is_not_heard(field: Field) -> None:
    panel = make_panel(assessing.open_round(cut_off=-1))
    late = field.proposed()
    session_id, _ = panel.session(opened=False)
    assert councils.candidates(session().get_one(councils.Council, panel.id)) == []
    with pytest.raises(AfterCutOff) as refused:
        councils.hear(OFFICE, session_id, late.id)
    assert refused.value.values["code"] == late.code and fresh(late).state is DossierState.PROPOSED


def test_a_dossier_is_before_one_session(field: Field, panel: Panel) -> None:
    dossier = field.proposed()
    session_id, (hearing_id,) = panel.session(dossier, opened=False)
    with pytest.raises(DossierMovedOn):
        councils.hear(OFFICE, session_id, dossier.id)
    councils.unhear(OFFICE, hearing_id)
    assert fresh(dossier).state is DossierState.PROPOSED
    councils.hear(OFFICE, session_id, dossier.id)
    assert assessing.audit() == []


def test_what_was_scored_is_not_taken_off(field: Field, panel: Panel) -> None:
    _, (hearing_id,) = panel.session(field.proposed())
    score(panel.chair, hearing_id)
    with pytest.raises(CouncilMovedOn):
        councils.unhear(OFFICE, hearing_id)
    with pytest.raises(CouncilMovedOn):
        councils.unseat(SYSTEM, panel.seat_id(panel.chair))


def test_who_sat_in_a_closed_round_is_history(panel: Panel) -> None:
    rounds.close_round(OFFICE, round_queries.by_code(panel.round_code).id)
    sitting, newcomer = councils.seats_of(panel.id), make_user("Người mới")
    with pytest.raises(RoundNotOpen):
        councils.unseat(OFFICE, sitting[0].id)
    with pytest.raises(RoundNotOpen):
        councils.seat(OFFICE, panel.id, newcomer.email, Seat.MEMBER, "Chuyên viên")
    assert len(councils.seats_of(panel.id)) == len(sitting)


def test_a_round_with_dossiers_before_a_council_stays_open(field: Field, panel: Panel) -> None:
    panel.session(field.proposed())
    with pytest.raises(RoundUnfinished):
        rounds.close_round(OFFICE, round_queries.by_code(panel.round_code).id)


# --- scoring -----------------------------------------------------------------------------------------------------


def test_a_draft_is_kept_and_counts_when_it_is_handed_in(field: Field, panel: Panel) -> None:
    _, (hearing_id,) = panel.session(field.proposed())
    assert score(panel.chair, hearing_id, {"1.1": 1}, hand_in=False) == 1
    assert kept(hearing_id, panel, panel.chair).handed_in_at is None
    with pytest.raises(SheetIncomplete) as refused:
        score(panel.chair, hearing_id, {"1.1": 1, "1.2": 0}, seen=1)
    assert refused.value.field is not None and refused.value.field.startswith("q-")
    row = kept(hearing_id, panel, panel.chair)
    assert row.answers == {"1.1": 1, "1.2": 0} and row.version == 2, "what was chosen is kept before it is refused"
    assert score(panel.chair, hearing_id, seen=2) == 3
    assert kept(hearing_id, panel, panel.chair).handed_in_at is not None


def test_nobody_scores_twice(field: Field, panel: Panel) -> None:
    _, (hearing_id,) = panel.session(field.proposed())
    assert score(panel.chair, hearing_id) == score(panel.chair, hearing_id) == 1, (
        "the same form sent twice is one sheet"
    )
    with pytest.raises(AlreadyScored):
        score(panel.chair, hearing_id, worse(5), seen=1)
    with pytest.raises(AlreadyScored):
        score(panel.chair, hearing_id, worse(5), seen=1, hand_in=False)
    assert kept(hearing_id, panel, panel.chair).total == 100


def test_points_above_the_maximum_are_no_answer(field: Field, panel: Panel) -> None:
    _, (hearing_id,) = panel.session(field.proposed())
    for spoilt in ({"1.1": 77}, {"99": 0}, {"1.1": -1}):
        with pytest.raises(Invalid):
            score(panel.chair, hearing_id, best(NUMBER) | spoilt)
    with pytest.raises(Invalid):
        score(panel.chair, hearing_id, stops=("khong-co",))


def test_the_sheet_of_another_set_is_refused(field: Field, panel: Panel) -> None:
    _, (hearing_id,) = panel.session(field.proposed())
    make_set(NUMBER + 1)
    other = scoring_queries.sheet_by_number(NUMBER + 1, clock.today())
    with pytest.raises(WrongSheet):
        ballots.save(panel.chair, hearing_id, other.id, best(other.sheet.number), (), {}, seen=0, hand_in=True)


def test_a_ground_needs_a_word(field: Field, panel: Panel) -> None:
    _, (hearing_id,) = panel.session(field.proposed())
    with pytest.raises(Invalid) as refused:
        score(panel.chair, hearing_id, stops=("attp",), notes={})
    assert refused.value.field == "note-stops"
    score(panel.chair, hearing_id, stops=("attp",), notes={"stops": "Giấy ATTP hết hạn", "1.1": "tốt", "77": "x"})
    assert kept(hearing_id, panel, panel.chair).notes == {"stops": "Giấy ATTP hết hạn", "1.1": "tốt"}


def test_two_devices_of_one_member_do_not_overwrite_each_other(field: Field, panel: Panel) -> None:
    _, (hearing_id,) = panel.session(field.proposed())
    score(panel.chair, hearing_id, {"1.1": 1}, hand_in=False)
    with pytest.raises(ScoredMeanwhile):
        score(panel.chair, hearing_id, {"1.1": 2}, hand_in=False, seen=0)
    assert kept(hearing_id, panel, panel.chair).answers == {"1.1": 1}


def test_who_does_not_score(field: Field, panel: Panel) -> None:
    _, (hearing_id,) = panel.session(field.proposed())
    stranger = Actor("user", "Người khác", make_user("Người khác").id, "127.0.0.1")
    other = make_panel(panel.round_code)
    for actor in (stranger, panel.secretary, other.chair, OFFICE):
        with pytest.raises(NotFound):
            score(actor, hearing_id)
    councils.unseat(SYSTEM, panel.seat_id(panel.members[0]))
    with pytest.raises(NotFound):
        score(panel.members[0], hearing_id)


def test_nobody_scores_his_own_producer(field: Field, panel: Panel) -> None:
    _, (hearing_id,) = panel.session(field.proposed())
    with transaction() as s:
        s.add(
            Grant(
                user_id=panel.members[0].user_id, role=Role.PRODUCER_MEMBER, scope=f"producer:{field.producer.id}",
                granted_at=clock.now(),
            )
        )  # fmt: skip
        s.add(
            Grant(
                user_id=panel.members[1].user_id, role=Role.PRODUCER_MEMBER, scope=f"producer:{make_producer('HTX Khác').id}",
                granted_at=clock.now(),
            )
        )  # fmt: skip
    with pytest.raises(ConflictOfInterest):
        score(panel.members[0], hearing_id)
    score(panel.members[1], hearing_id)


def test_who_stands_aside_does_not_score_and_is_not_waited_for(field: Field, panel: Panel) -> None:
    session_id, (hearing_id,) = panel.session(field.proposed())
    with pytest.raises(Invalid):
        ballots.abstain(panel.members[0], hearing_id, "")
    ballots.abstain(panel.members[0], hearing_id, "Em ruột là giám đốc hợp tác xã")
    ballots.abstain(panel.members[0], hearing_id, "Em ruột là giám đốc hợp tác xã")
    with pytest.raises(ConflictOfInterest):
        score(panel.members[0], hearing_id)
    score(panel.members[1], hearing_id)
    with pytest.raises(AlreadyScored):
        ballots.abstain(panel.members[1], hearing_id, "muộn rồi")
    for actor in (panel.chair, panel.members[2]):
        score(actor, hearing_id)
    ballots.close(panel.chair, session_id)
    hearing = session().get_one(Hearing, hearing_id)
    assert hearing.sheets == 3 and hearing.outcome is not None and hearing.outcome["may_score"] == 4


# --- closing -----------------------------------------------------------------------------------------------------


def test_the_mean_gives_the_stars(field: Field, panel: Panel) -> None:
    dossier = field.proposed()
    session_id, (hearing_id,) = panel.session(dossier)
    for actor, lost in zip(panel.scorers, (12, 13, 13, 13, 13), strict=True):
        score(actor, hearing_id, worse(lost))
    assert ballots.close(panel.chair, session_id, "Thống nhất") == 1
    dossier = fresh(dossier)
    assert (dossier.score, dossier.stars, dossier.state) == (Decimal("87.20"), 4, DossierState.SCORED)
    assert dossier.level is RoundLevel.PROVINCE and dossier.result_on == clock.today()
    row = session().get_one(CouncilSession, session_id)
    assert row.state is SessionState.CLOSED and row.seats is not None and len(row.seats) == 6
    assert assessing.audit() == [] and ready_queries.ready() == []
    results.accept(OWNER, dossier.id)
    assert [r.code for r in ready_queries.ready()] == [dossier.code]


def test_from_ninety_points_it_goes_to_the_ministry(field: Field, panel: Panel) -> None:
    ministry = assessing.open_round(RoundLevel.MINISTRY, cut_off=40, ends=90)
    up, down = field.proposed(), field.proposed()
    session_id, hearings = panel.session(up, down)
    low = next(q.code for q in assessing.ALL[NUMBER].questions for o in q.options if o.min_star == 5 and q.points <= 8)
    for actor in panel.scorers:
        score(actor, hearings[0], worse(10))
        score(actor, hearings[1], best(NUMBER) | {low: 0})
    ballots.close(panel.chair, session_id)
    up, down = fresh(up), fresh(down)
    assert (up.score, up.stars, up.state) == (Decimal(90), 5, DossierState.FORWARDED)
    assert up.ministry_round_id == round_queries.by_code(ministry).id
    assert down.score is not None and down.score >= 90
    assert down.state is DossierState.SCORED and (down.stars or 5) < 5, "the minimum of five stars is missing"
    with pytest.raises(RoundUnfinished):
        rounds.close_round(OFFICE, round_queries.by_code(ministry).id)
    results.tell_ministry(OFFICE, up.id, Decimal("91.25"), 5, "455/BNNMT")
    rounds.close_round(OFFICE, round_queries.by_code(ministry).id)
    assert [(r.code, r.level) for r in ready_queries.ready()] == [(up.code, "ministry")]
    assert assessing.audit() == []


def test_only_the_chair_closes_and_not_without_sheets(field: Field, panel: Panel) -> None:
    session_id, (hearing_id,) = panel.session(field.proposed())
    for actor in panel.scorers[:3]:
        score(actor, hearing_id)
    with pytest.raises(NotEnoughSheets) as refused:
        ballots.close(panel.chair, session_id)
    assert refused.value.values["n"] == 4
    score(panel.members[2], hearing_id)
    for actor in (panel.members[0], panel.secretary, OFFICE):
        with pytest.raises(NotFound):
            ballots.close(actor, session_id)
    ballots.close(panel.chair, session_id)
    with pytest.raises(SessionOver):
        ballots.close(panel.chair, session_id)
    with pytest.raises(SessionOver):
        score(panel.members[3], hearing_id)
    with pytest.raises(SessionOver):
        ballots.ask_again(panel.chair, hearing_id, panel.seat_id(panel.members[0]), [], "xem lại")


def test_minutes_do_not_tell_of_a_day_that_has_not_come(field: Field, panel: Panel) -> None:
    session_id = councils.plan_session(OFFICE, panel.id, assessing.day(2), "Trụ sở UBND tỉnh", assessing.key())
    hearing_id = councils.hear(OFFICE, session_id, field.proposed().id)
    councils.open_session(OFFICE, session_id)
    for actor in panel.scorers:
        score(actor, hearing_id)
    with pytest.raises(Invalid):
        ballots.close(panel.chair, session_id)
    with time_machine.travel(clock.start_of(assessing.day(2)), tick=True):
        assert ballots.close(panel.chair, session_id) == 1


def test_before_it_opens_nobody_scores(field: Field, panel: Panel) -> None:
    _, (hearing_id,) = panel.session(field.proposed(), opened=False)
    with pytest.raises(SessionOver):
        score(panel.chair, hearing_id)


def test_the_chair_may_ask_to_look_again_and_history_stays(field: Field, panel: Panel) -> None:
    session_id, (hearing_id,) = panel.session(field.proposed())
    for actor in panel.scorers:
        score(actor, hearing_id)
    first = panel.members[0]
    with pytest.raises(Invalid):
        ballots.ask_again(panel.chair, hearing_id, panel.seat_id(first), ["2.2"], "")
    with pytest.raises(NotFound):
        ballots.ask_again(panel.members[1], hearing_id, panel.seat_id(first), ["2.2"], "Lệch nhiều")
    ballots.ask_again(panel.chair, hearing_id, panel.seat_id(first), ["2.2"], "Lệch nhiều ở câu 2.2")
    with pytest.raises(CouncilMovedOn):
        ballots.ask_again(panel.chair, hearing_id, panel.seat_id(first), ["2.2"], "lần nữa")
    row = kept(hearing_id, panel, first)
    assert row.handed_in_at is None and row.asked_why == "Lệch nhiều ở câu 2.2" and row.asked_questions == ["2.2"]
    score(first, hearing_id, worse(4), seen=row.version)
    (before,) = session().scalars(sa.select(ScoreVersion))
    assert before.total == 100 and kept(hearing_id, panel, first).total == 96
    ballots.close(panel.chair, session_id)
    assert session().get_one(Hearing, hearing_id).total == Decimal("99.20")


def test_two_close_at_once(field: Field, panel: Panel, together: Any) -> None:
    dossier = field.proposed()
    session_id, (hearing_id,) = panel.session(dossier)
    for actor in panel.scorers:
        score(actor, hearing_id, worse(20))
    session().rollback()
    outcomes = together(app(), [lambda: ballots.close(panel.chair, session_id) for _ in range(3)])
    assert sum(o.error is None for o in outcomes) == 1
    assert all(isinstance(o.error, SessionOver) for o in outcomes if o.error)
    assert assessing.audit() == []


def test_a_sheet_handed_in_while_the_chair_closes_counts_or_is_refused(
    field: Field, panel: Panel, together: Any
) -> None:
    dossier = field.proposed()
    session_id, (hearing_id,) = panel.session(dossier)
    for actor in panel.scorers[:4]:
        score(actor, hearing_id, worse(20))
    last = panel.scorers[4]
    session().rollback()
    closing, scoring = together(
        app(), [lambda: ballots.close(panel.chair, session_id), lambda: score(last, hearing_id)]
    )
    assert closing.error is None
    session().rollback()
    session().expire_all()
    hearing = session().get_one(Hearing, hearing_id)
    assert (hearing.total, hearing.sheets) in (
        (Decimal(84), 5) if scoring.error is None else (Decimal(80), 4),
    )  # fmt: skip
    assert scoring.error is None or isinstance(scoring.error, SessionOver)
    assert assessing.audit() == []


def test_a_form_sent_twice_at_once_is_one_sheet(field: Field, panel: Panel, together: Any) -> None:
    _, (hearing_id,) = panel.session(field.proposed())
    session().rollback()
    outcomes = together(app(), [lambda: score(panel.chair, hearing_id) for _ in range(4)])
    assert all(o.error is None for o in outcomes)
    assert kept(hearing_id, panel, panel.chair).version == 1


# --- objections --------------------------------------------------------------------------------------------------


@pytest.fixture
def heard(field: Field, panel: Panel) -> tuple[Any, int]:
    dossier = field.proposed()
    session_id, (hearing_id,) = panel.session(dossier)
    for actor in panel.scorers:
        score(actor, hearing_id, worse(13))
    ballots.close(panel.chair, session_id)
    return fresh(dossier), hearing_id


def test_an_objection_keeps_the_result_from_being_decided(heard: tuple[Any, int]) -> None:
    dossier, _ = heard
    with pytest.raises(Invalid):
        results.object_to(OWNER, dossier.id, "")
    results.object_to(OWNER, dossier.id, "Câu 2.2 chấm thiếu, xem lại bao bì mới")
    with pytest.raises(ObjectionOver):
        results.object_to(OWNER, dossier.id, "lần nữa")
    with transaction() as s:
        s.execute(sa.text("UPDATE dossiers SET objection_until = '2026-01-01'"))
    session().expire_all()
    assert ready_queries.ready() == []


def test_refused_the_result_stands(heard: tuple[Any, int]) -> None:
    dossier, _ = heard
    objection = results.object_to(OWNER, dossier.id, "Câu 2.2 chấm thiếu")
    with pytest.raises(Invalid):
        results.answer_objection(OFFICE, objection, uphold=False, answer="")
    results.answer_objection(OFFICE, objection, uphold=False, answer="Bao bì mới chưa lưu hành khi nộp")
    with pytest.raises(DossierMovedOn):
        results.answer_objection(OFFICE, objection, uphold=True, answer="nghĩ lại")
    assert [r.code for r in ready_queries.ready()] == [dossier.code]


def test_upheld_it_is_scored_again_and_history_stays(heard: tuple[Any, int], panel: Panel) -> None:
    dossier, first = heard
    objection = results.object_to(OWNER, dossier.id, "Câu 2.2 chấm thiếu")
    results.answer_objection(OFFICE, objection, uphold=True, answer="Bổ sung bao bì đang lưu hành")
    dossier = fresh(dossier)
    assert dossier.state is DossierState.PROPOSED and dossier.score is None
    assert assessing.audit() == []
    session_id, (second,) = panel.session(dossier)
    assert session().get_one(Hearing, second).again_why == "Bổ sung bao bì đang lưu hành"
    for actor in panel.scorers:
        score(actor, second, worse(11))
    ballots.close(panel.chair, session_id)
    assert fresh(dossier).score == Decimal(89)
    assert session().get_one(Hearing, first).total == Decimal(87), "the first result can still be read"
    assert session().scalars(sa.select(Objection)).one().answer == "Bổ sung bao bì đang lưu hành"
    results.object_to(OWNER, dossier.id, "Vẫn thiếu")
    assert assessing.audit() == []


# --- the audit ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ("UPDATE member_scores SET total = 99", "sheets-add-up"),
        ("UPDATE member_scores SET answers = '{\"77\": 0}'", "sheets-add-up"),
        ("UPDATE hearings SET total = 90", "results-come-from-their-sheets"),
        ("UPDATE dossiers SET score = 88", "results-come-from-their-sheets"),
        ("UPDATE member_scores SET handed_in_at = NULL", "results-come-from-their-sheets"),
        ("UPDATE council_sessions SET state = 'open', closed_at = NULL", "results-come-from-their-sheets"),
        (
            "INSERT INTO council_abstentions (id, hearing_id, member_id, why, at) SELECT 1, hearing_id, member_id, 'x', "
            "saved_at FROM member_scores LIMIT 1",
            "members-score-what-is-theirs",
        ),
        ("UPDATE council_members SET left_at = joined_at", "members-score-what-is-theirs"),
    ],
)
def test_the_audit_sees_what_cannot_be(heard: tuple[Any, int], fault: str, check: str) -> None:
    assert assessing.audit() == []
    with transaction() as s:
        s.execute(sa.text(fault))
    assert any(check in line for line in assessing.audit())


def test_days_of_a_term(heard: tuple[Any, int]) -> None:
    dossier, _ = heard
    assert dossier.objection_until is not None and dossier.objection_until > day(4)
