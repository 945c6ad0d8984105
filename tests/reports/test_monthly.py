"""A locality's month: saved, handed in, returned, locked, put right; what is refused; two at once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from shop.cycle.errors import LocalityCeased
from shop.cycle.services import steps as cycle
from shop.kernel import clock, invariants, operations
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound
from shop.kernel.mail import Letter
from shop.reports import figures, letters, rules
from shop.reports.errors import ReportLocked, ReportMovedOn
from shop.reports.models import MonthlyReport, ReportState, ReportVersion
from shop.reports.queries import monthly as queries
from shop.reports.services import monthly as services
from shop.reports.services.monthly import Said
from tests.people import make_user
from tests.reports.conftest import MONG_CAI, OFFICER, PROVINCE, SAID, VAN_DON, Place, report, submitted

MONTH = rules.latest()


def test_from_draft_to_locked(place: Place) -> None:
    turn = services.save(OFFICER, VAN_DON, MONTH, Said({"done": "Mới bắt đầu"}), seen=0)
    assert report().state is ReportState.DRAFT
    assert services.submit(OFFICER, VAN_DON, MONTH, SAID, seen=turn) == 1
    row = report()
    assert (row.state, row.version, row.submitted_on) == (ReportState.SUBMITTED, 1, clock.today())
    version = queries.version(row.id, 1)
    assert version.digest == figures.digest(version.content)
    assert version.content["figures"]["producers"] == 1 and version.content["figures"]["stars.4"] == 1
    assert version.content["rows"]["producers"][0][0] == "HTX Ruốc Cái Rồng"
    services.lock(PROVINCE, VAN_DON, MONTH, seen=1)
    assert (report().state, report().locked_version) == (ReportState.LOCKED, 1)
    assert [step.to_state for step in queries.history(row.id)] == ["locked", "submitted", "draft"]


def test_a_locked_report_is_not_changed_any_more(place: Place) -> None:
    row = submitted()
    with pytest.raises(ReportLocked):
        services.save(OFFICER, VAN_DON, MONTH, SAID, seen=row.turn)
    services.lock(PROVINCE, VAN_DON, MONTH, seen=1)
    for act in (services.save, services.submit):
        with pytest.raises(ReportLocked):
            act(OFFICER, VAN_DON, MONTH, SAID, seen=report().turn)
    with pytest.raises(ReportMovedOn):
        services.give_back(PROVINCE, VAN_DON, MONTH, "Muộn rồi", seen=1)


def test_returned_with_a_reason_and_handed_in_again(place: Place) -> None:
    submitted()
    with pytest.raises(Invalid) as refused:
        services.give_back(PROVINCE, VAN_DON, MONTH, " ", seen=1)
    assert refused.value.field == "reason"
    services.give_back(PROVINCE, VAN_DON, MONTH, "Thiếu doanh thu", seen=1)
    assert report().return_reason == "Thiếu doanh thu"
    with pytest.raises(Invalid) as refused:
        services.submit(OFFICER, VAN_DON, MONTH, SAID, seen=report().turn)
    assert refused.value.field == "why"
    assert services.submit(OFFICER, VAN_DON, MONTH, SAID, "Đã thêm doanh thu", seen=report().turn) == 2
    assert report().return_reason is None


def test_a_correction_is_a_new_version_and_the_old_one_counts_until_then(place: Place) -> None:
    row = submitted()
    services.lock(PROVINCE, VAN_DON, MONTH, seen=1)
    before = queries.version(row.id, 1)
    kept, digest = dict(before.content), before.digest
    services.correct(OFFICER, VAN_DON, MONTH, "Ghi nhầm lao động", seen=1)
    more = Said(SAID.texts, {"jobs": 14})
    services.submit(OFFICER, VAN_DON, MONTH, more, "Lao động là 14", seen=report().turn)
    assert report().locked_version == 1
    assert queries.locked(MONTH)[VAN_DON].number == 1
    services.lock(PROVINCE, VAN_DON, MONTH, seen=2)
    assert queries.locked(MONTH)[VAN_DON].content["own"]["jobs"] == 14
    old = queries.version(row.id, 1)
    assert (dict(old.content), old.digest) == (kept, digest)


def test_what_contradicts_is_refused_and_nothing_is_lost(place: Place) -> None:
    turn = services.save(OFFICER, VAN_DON, MONTH, SAID, seen=0)
    wrong = {
        "differs_producers": Said(SAID.texts, {}, {"producers": (5, "Có thêm hộ chưa vào Chợ Bến")}),
        "differs_stars": Said(SAID.texts, {}, {"stars": (9, "Đếm cả sản phẩm đã thôi bán")}),
        "why_products": Said(SAID.texts, {}, {"products": (9, "")}),
        "done": Said({"done": "ít"}),
    }
    for field, said in wrong.items():
        with pytest.raises(Invalid) as refused:
            services.submit(OFFICER, VAN_DON, MONTH, said, seen=turn)
        assert refused.value.field == field
    assert report().state is ReportState.DRAFT and report().turn == turn
    both = Said(
        SAID.texts, {}, {"producers": (2, "Thêm một hộ mới"), "producers.household": (1, "Hộ chưa vào Chợ Bến")}
    )
    assert services.submit(OFFICER, VAN_DON, MONTH, both, seen=turn) == 1
    content = queries.version(report().id, 1).content
    assert content["figures"]["producers"] == 1, "the system's own number stays"
    assert content["differs"]["producers"]["value"] == 2


def test_turnover_cannot_be_less_than_what_the_shop_sold(place: Place) -> None:
    told = figures.contradictions({"sales": 5_000_000, "producers": 1}, {"turnover": 4_000_000}, {})
    assert [field for field, _sentence in told] == ["turnover"]
    assert figures.contradictions({"sales": 5_000_000, "producers": 1}, {"turnover": 5_000_000}, {}) == []


def test_a_month_that_is_not_over_is_only_a_draft(place: Place) -> None:
    now = clock.today().replace(day=1)
    turn = services.save(OFFICER, VAN_DON, now, SAID, seen=0)
    with pytest.raises(Invalid):
        services.submit(OFFICER, VAN_DON, now, SAID, seen=turn)
    with pytest.raises(NotFound):
        services.save(OFFICER, VAN_DON, clock.add_months(now, 1), SAID, seen=0)


def test_a_locality_that_ceased_is_refused_with_its_heirs(place: Place) -> None:
    before = date(2025, 6, 1)
    district = next(x.code for x in queries.localities.of_day(date(2025, 6, 30)) if x.short == "Vân Đồn")
    with pytest.raises(LocalityCeased) as refused:
        services.save(OFFICER, district, MONTH, SAID, seen=0)
    assert "Vân Đồn" in str(refused.value.values["heirs"])
    with pytest.raises(LocalityCeased):
        services.save(OFFICER, VAN_DON, before, SAID, seen=0)
    services.save(OFFICER, district, before, SAID, seen=0)  # for its own time it may still be written


def test_late_is_late_and_stays_so(place: Place) -> None:
    row = submitted()
    due = rules.due_on(MONTH)
    assert row.was_late is (clock.today() > due)
    with transaction() as s:
        s.execute(sa.update(MonthlyReport).values(submitted_on=due + timedelta(days=1)))
    line = next(x for x in queries.lines(MONTH, {"*"}) if x.locality.code == VAN_DON)
    assert line.is_late and line.handed_in
    assert {x.locality.code for x in queries.lines(MONTH, {f"locality:{VAN_DON}"})} == {VAN_DON}


# --- two at once -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("begun", [False, True])
def test_two_hand_in_at_once_and_one_version_comes_of_it(
    gazetteer: Any, place: Place, together: Any, begun: bool
) -> None:
    turn = services.save(OFFICER, VAN_DON, MONTH, SAID, seen=0) if begun else 0
    told = together(gazetteer, lambda: services.submit(OFFICER, VAN_DON, MONTH, SAID, seen=turn), times=2)
    assert sorted(type(one.error).__name__ if one.error else "won" for one in told) in (
        ["ReportLocked", "won"], ["ReportMovedOn", "won"],
    )  # fmt: skip
    assert [v.number for v in queries.versions(report().id)] == [1]


def test_lock_and_return_at_once(gazetteer: Any, place: Place, together: Any) -> None:
    submitted()
    told = together(
        gazetteer,
        [
            lambda: services.lock(PROVINCE, VAN_DON, MONTH, seen=1),
            lambda: services.give_back(PROVINCE, VAN_DON, MONTH, "Thiếu số liệu", seen=1),
        ],
    )
    assert sorted(type(one.error).__name__ if one.error else "won" for one in told) == ["ReportMovedOn", "won"]
    assert invariants.look("reports.steps-lead-to-their-state").ok


def test_an_old_form_does_not_write_over_a_newer_one(place: Place) -> None:
    first = services.save(OFFICER, VAN_DON, MONTH, SAID, seen=0)
    services.save(OFFICER, VAN_DON, MONTH, Said({"done": "Người khác vừa ghi thêm."}), seen=first)
    with pytest.raises(ReportMovedOn):
        services.save(OFFICER, VAN_DON, MONTH, SAID, seen=first)
    assert report().said["texts"]["done"] == "Người khác vừa ghi thêm."


# --- blockers, letters, invariants -------------------------------------------------------------------------------


def test_what_blocks_goes_into_the_report_with_the_answer(place: Place) -> None:
    day = rules.end_of(MONTH) - timedelta(days=2)
    key = operations.new_key()
    ref = cycle.open_blocker(OFFICER, VAN_DON, 5, "Phòng thử nghiệm chậm", "Thêm phòng", key, opened_on=day)
    cycle.answer_blocker(PROVINCE, ref, "Đã ký thêm phòng", seen="")
    row = submitted()
    held = queries.version(row.id, 1).content["blockers"]
    assert [(b["what"], b["answer"]) for b in held] == [("Phòng thử nghiệm chậm", "Đã ký thêm phòng")]
    assert queries.version(row.id, 1).content["figures"]["blockers"] == 1


def test_officers_are_reminded_once(place: Place) -> None:
    from shop.accounts.permissions import Role

    make_user("Đỗ Văn Nam", (Role.LOCALITY_OFFICER, f"locality:{VAN_DON}"), email="nam@example.vn",
              email_confirmed_at=clock.now())  # fmt: skip
    expected = 1 if clock.today() >= rules.due_on(MONTH) - timedelta(days=2) else 0
    for _ in range(2):
        letters.remind()
    found = session().scalars(sa.select(Letter).where(Letter.kind == "reports")).all()
    assert len(found) == expected
    submitted()
    letters.remind()
    assert session().scalar(sa.select(sa.func.count()).select_from(Letter)) == expected


FAULTS = {
    "reports.versions-are-what-was-frozen": sa.update(ReportVersion).values(digest="0" * 64),
    "reports.steps-lead-to-their-state": sa.update(MonthlyReport).values(state="locked", locked_version=1),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(place: Place, name: str) -> None:
    submitted()
    submitted(MONG_CAI, Said(SAID.texts))
    assert invariants.look(name).ok
    with transaction() as s:
        s.execute(FAULTS[name])
    session().rollback()
    session().expire_all()
    assert len(invariants.look(name).offenders) == 2
