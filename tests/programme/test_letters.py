"""Who hears of a dossier's steps: each fact once for each reader, in his language, and nobody else."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from shop.accounts.permissions import Role
from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.mail import Letter
from shop.programme import letters, tasks, wording
from shop.programme.models.dossiers import RoundLevel
from shop.programme.services import ballots, councils, dossiers, results
from shop.programme.services.dossiers import TOLD
from tests.people import make_user
from tests.programme import assessing
from tests.programme.assessing import (
    COMMUNE,
    OFFICE,
    OFFICER,
    OWNER,
    REPORT,
    Field,
    fresh,
    make_panel,
    open_round,
    score,
)
from tests.programme.test_councils import worse


@pytest.fixture
def field(ctx: Any) -> Field:
    """A producer whose owner reads Vietnamese and whose helper reads English; a packer, an officer here and one elsewhere."""
    made = assessing.prepare()
    here = f"producer:{made.producer.id}"
    make_user("Chủ", (Role.PRODUCER_OWNER, here), email="chu@example.vn")
    make_user("Helper", (Role.PRODUCER_LISTINGS, here), email="helper@example.vn", locale="en")
    make_user("Đóng gói", (Role.PRODUCER_PACKING, here), email="donggoi@example.vn")
    make_user("Phường", (Role.LOCALITY_OFFICER, f"locality:{COMMUNE}"), email="phuong@example.vn")
    make_user("Phường khác", (Role.LOCALITY_OFFICER, "locality:07093"), email="khac@example.vn")
    make_user("Chương trình", Role.PROGRAMME_OFFICER, email="chuongtrinh@example.vn")
    return made


def told(kind: str) -> dict[str, Letter]:
    """The letters of a kind by reader; a reader has one."""
    session().rollback()
    rows = session().query(Letter).filter_by(kind=kind).order_by(Letter.id).all()
    found = {row.recipient: row for row in rows}
    assert len(found) == len(rows)
    return found


MAKERS = {"chu@example.vn", "helper@example.vn"}


def test_every_step_that_is_told_has_its_words() -> None:
    assert set(letters._WORDS) | {"submit", "object"} == TOLD
    assert set(wording.STEP_NAMES) >= TOLD


def test_the_commune_hears_of_what_is_handed_in(field: Field) -> None:
    dossier = field.submitted()
    (letter,) = told("dossier-submit").values()
    assert letter.recipient == "phuong@example.vn" and dossier.code in letter.subject
    assert f"/office/dossiers/{dossier.code}" in letter.body_text
    assert dossier.due_on is not None and dossier.due_on.strftime("%d/%m/%Y") in letter.body_text


def test_a_producer_hears_why_it_is_returned_and_that_it_is_complete(field: Field) -> None:
    dossier = field.submitted()
    dossiers.give_back(OFFICER, dossier.id, "Thiếu con dấu ở mẫu 01")
    found = told("dossier-return")
    assert set(found) == MAKERS
    assert "cần bổ sung" in found["chu@example.vn"].subject and "needs to be" in found["helper@example.vn"].subject
    for reader, door in (("chu@example.vn", "/producer/"), ("helper@example.vn", "/en/producer/")):
        assert "Thiếu con dấu ở mẫu 01" in found[reader].body_text
        assert f"{door}dossiers/{dossier.code}" in found[reader].body_text
    dossiers.submit(OWNER, dossier.id)
    assert session().query(Letter).filter_by(kind="dossier-submit").count() == 2  # handed in again is another fact
    dossiers.complete(OFFICER, dossier.id)
    assert set(told("dossier-complete")) == MAKERS


def test_in_a_round_or_waiting_for_one(field: Field) -> None:
    waiting = field.proposed()
    assert "chờ đợt đánh giá sau" in told("dossier-propose")["chu@example.vn"].subject
    code = open_round()
    assert code in told("dossier-round")["chu@example.vn"].subject
    assert fresh(waiting).round_id is not None
    open_round()
    assert len(told("dossier-round")) == 2  # what is in a round is not taken again


def test_session_result_objection_and_answer(field: Field) -> None:
    panel = make_panel()
    dossier = field.proposed()
    session_id, (hearing_id,) = panel.session(dossier, opened=False)
    assert "Trụ sở UBND tỉnh" in told("dossier-council")["chu@example.vn"].body_text
    councils.unhear(OFFICE, hearing_id)
    assert "phiên họp sau" in told("dossier-council-out")["chu@example.vn"].body_text
    hearing_id = councils.hear(OFFICE, session_id, dossier.id)
    councils.open_session(OFFICE, session_id)
    for actor in panel.scorers:
        score(actor, hearing_id, worse(13))
    ballots.close(panel.chair, session_id)
    dossier = fresh(dossier)
    letter = told("dossier-result")["chu@example.vn"]
    assert f"{dossier.stars} sao" in letter.subject
    assert dossier.objection_until is not None and f"{dossier.objection_until:%d/%m/%Y}" in letter.body_text
    objection = results.object_to(OWNER, dossier.id, "Câu 2.2 chấm thiếu")
    letter = told("dossier-object")["chuongtrinh@example.vn"]
    assert "Câu 2.2 chấm thiếu" in letter.body_text and f"/office/dossiers/{dossier.code}" in letter.body_text
    results.answer_objection(OFFICE, objection, uphold=False, answer="Bao bì mới chưa lưu hành khi nộp")
    found = told("dossier-refuse-objection")
    assert set(found) == MAKERS
    assert "Bao bì mới chưa lưu hành" in found["chu@example.vn"].body_text
    assert "The result stands" in found["helper@example.vn"].body_text


def test_upheld_and_what_the_ministry_says(field: Field) -> None:
    panel = make_panel()
    one, best = field.proposed(), field.proposed()
    open_round(RoundLevel.MINISTRY)
    session_id, hearings = panel.session(one, best)
    for hearing_id in hearings:
        for actor in panel.scorers:
            score(actor, hearing_id, worse(13) if hearing_id == hearings[0] else None)
    ballots.close(panel.chair, session_id)
    best = fresh(best)
    letter = (
        session().query(Letter).filter_by(kind="dossier-result", recipient="chu@example.vn").order_by(Letter.id).all()
    )
    assert "chuyển lên bộ" in letter[1].body_text and "kiến nghị đến" not in letter[1].body_text
    results.answer_objection(
        OFFICE, results.object_to(OWNER, one.id, "Chấm thiếu"), uphold=True, answer="Đúng, sẽ chấm lại."
    )
    assert "Hội đồng sẽ chấm lại" in told("dossier-uphold")["chu@example.vn"].body_text
    results.tell_ministry(OFFICE, best.id, Decimal(91), 5, "12/BNNMT")
    assert "12/BNNMT" in told("dossier-ministry")["chu@example.vn"].body_text


def test_the_programme_office_hears_once_that_a_commune_is_late(field: Field) -> None:
    dossier = field.submitted()
    done = field.submitted()
    dossiers.complete(OFFICER, done.id)
    dossiers.propose(OFFICER, done.id, REPORT, "Đề nghị")
    tasks.tell_late()
    assert told("dossier-late") == {}
    assert dossier.due_on is not None
    with time_machine.travel(clock.start_of(dossier.due_on), tick=True):
        tasks.tell_late()
    assert told("dossier-late") == {}  # its last day is not over
    with time_machine.travel(clock.start_of(dossier.due_on + timedelta(days=1)), tick=True):
        tasks.tell_late()
        tasks.tell_late()
        (letter,) = told("dossier-late").values()
        assert letter.recipient == "chuongtrinh@example.vn" and dossier.code in letter.subject


def test_what_did_not_happen_is_not_told(field: Field) -> None:
    dossier = field.submitted()
    with pytest.raises(RuntimeError):
        _returned_and_undone(dossier.id)
    assert told("dossier-return") == {}


def _returned_and_undone(dossier_id: int) -> None:
    from shop.kernel.db import transaction

    with transaction():
        dossiers.give_back(OFFICER, dossier_id, "Thiếu")
        raise RuntimeError
