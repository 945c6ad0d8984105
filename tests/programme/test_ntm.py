"""New-rural communes: registered by the names of their year, assessed, recognised; sources side by side."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from shop.accounts.permissions import Role
from shop.kernel import clock, invariants, operations
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound
from shop.programme import ntm
from shop.programme.errors import NtmMovedOn, NtmRegistered
from shop.programme.models.ntm import NtmAssessment, NtmCriterion, NtmPeriod, NtmRecord, NtmState, NtmStatus
from shop.programme.queries import ntm as queries
from shop.programme.services import ntm as services
from shop.programme.services.ntm import Finding
from tests.people import sign_in

OFFICER = Actor("user", "Cán bộ chương trình", 901, "127.0.0.1")
YEAR = 2014
DAY = date(2014, 10, 31)
PASSED = Finding(NtmStatus.PASSED, "100 %", "100 %", None, DAY)
AUDIT = (
    "programme.ntm-recognised-have-passed",
    "programme.ntm-criteria-of-their-year",
    "programme.ntm-one-period-a-year",
)


def key() -> str:
    return operations.new_key()


def broken() -> list[str]:
    session().rollback()
    session().expire_all()
    return [found for name in AUDIT for found in invariants._checks[name]()]


@pytest.fixture
def province(gazetteer: Any) -> str:
    """The registry, and the code of a commune of 2014."""
    from shop.places import queries as places

    services.load_registry()
    return next(u.code for u in places.communes("22", date(YEAR, 12, 31)) if ntm.may_aim(u.type))


def registered(code: str, year: int = YEAR) -> NtmRecord:
    services.register(OFFICER, code, year, None, key())
    return queries.record(code, year)


def assess(code: str, number: int, finding: Finding, year: int = YEAR) -> None:
    seen = next(c.assessment_id for c in queries.standing(queries.record(code, year)) if c.number == number)
    services.assess(OFFICER, code, year, number, finding, seen=seen)


def test_the_registry_comes_in_once(province: str) -> None:
    assert services.load_registry() == 0
    assert [len(queries.criteria(year)) for year in (2008, 2014, 2018, 2022, 2026, 2030, 2031)] == [
        0, 19, 19, 19, 10, 10, 0,
    ]  # fmt: skip
    assert queries.criterion(2014, 7).name == "Chợ nông thôn"
    assert queries.criterion(2018, 7).name == "Cơ sở hạ tầng thương mại"
    assert queries.criterion(2021, 11).name == "Nghèo đa chiều"
    assert queries.criterion(2026, 10).name == "Tiếp cận pháp luật và an ninh, quốc phòng"
    assert [g.number for g in queries.groups(2026)] == [1, 2, 3] and queries.groups(2025) == []
    assert broken() == []


def test_a_file_mends_what_it_spelt_otherwise_before(province: str) -> None:
    with transaction() as s:
        s.execute(
            sa.update(NtmCriterion).where(NtmCriterion.id == queries.criterion(2018, 4).id).values(name="Điện lực")
        )
    assert services.load_registry() == 0
    session().expire_all()
    assert queries.criterion(2018, 4).name == "Điện"


def test_a_commune_is_the_one_of_its_year(province: str) -> None:
    row = registered(province)
    assert row.district_name, "in 2014 a district stood above it"
    with pytest.raises(NtmRegistered):
        services.register(OFFICER, province, YEAR, None, key())


def test_what_cannot_aim_is_refused(province: str) -> None:
    from shop.places import queries as places

    ward = next(u.code for u in places.communes("22", date(YEAR, 12, 31)) if not ntm.may_aim(u.type))
    for code, year, field in (
        (ward, YEAR, "commune"),
        ("99999", YEAR, "commune"),
        (province, 2031, "target_year"),
        (province, 1, "target_year"),
    ):
        with pytest.raises(Invalid) as refused:
            services.register(OFFICER, code, year, None, key())
        assert refused.value.field == field
    with pytest.raises(Invalid):
        services.register(OFFICER, province, YEAR, clock.today() + timedelta(days=1), key())


def test_the_same_form_twice_is_one_registration(province: str) -> None:
    once = key()
    assert services.register(OFFICER, province, YEAR, None, once) == services.register(
        OFFICER, province, YEAR, None, once
    )


def test_words_are_kept_and_the_last_one_stands(province: str) -> None:
    row = registered(province)
    assess(province, 15, Finding(NtmStatus.FAILED, "61 %", "từ 70 %", "Bảo hiểm y tế", DAY))
    assess(province, 15, Finding(NtmStatus.PASSED, "72 %", "từ 70 %", None, DAY))
    assert [w.status for w in queries.words_of(row, 15)] == [NtmStatus.PASSED, NtmStatus.FAILED]
    assert next(c for c in queries.standing(row) if c.number == 15).value == "72 %"
    assess(province, 15, Finding(NtmStatus.PASSED, "72 %", "từ 70 %", None, DAY))
    assert len(queries.words_of(row, 15)) == 2, "the same once more is not a change"


@pytest.mark.parametrize(
    "finding",
    [
        Finding(NtmStatus.PASSED, "100 %"),
        Finding(NtmStatus.FAILED, None, None, None, DAY),
        Finding(NtmStatus.PASSED, None, None, None, date(2999, 1, 1)),
    ],
)
def test_half_a_finding_is_refused(province: str, finding: Finding) -> None:
    registered(province)
    with pytest.raises(Invalid):
        services.assess(OFFICER, province, YEAR, 1, finding, seen=0)


def test_two_people_do_not_overwrite_each_other(province: str) -> None:
    registered(province)
    services.assess(OFFICER, province, YEAR, 1, PASSED, seen=0)
    with pytest.raises(NtmMovedOn):
        services.assess(OFFICER, province, YEAR, 1, Finding(NtmStatus.FAILED, "0 %", None, None, DAY), seen=0)
    with pytest.raises(NotFound):
        services.assess(OFFICER, province, YEAR, 20, PASSED, seen=0)


def test_recognition_needs_all_nineteen(province: str) -> None:
    registered(province)
    for number in range(1, 19):
        assess(province, number, PASSED)
    with pytest.raises(Invalid) as refused:
        services.recognise(OFFICER, province, YEAR, "3990/QĐ-UBND", date(2014, 12, 30))
    assert refused.value.values["numbers"] == "19"
    assess(province, 19, Finding(NtmStatus.WITHDRAWN, None, None, "Không xét với xã đảo"))
    services.recognise(OFFICER, province, YEAR, "3990/QĐ-UBND", date(2014, 12, 30))
    assert queries.record(province, YEAR).state is NtmState.RECOGNISED
    with pytest.raises(NtmMovedOn):
        services.withdraw(OFFICER, province, YEAR, "Muộn")
    with pytest.raises(NtmMovedOn):
        assess(province, 1, Finding(NtmStatus.FAILED, "0 %", None, None, DAY))
    assert broken() == []


def commune_of(year: int) -> str:
    from shop.places import queries as places

    day = min(date(year, 12, 31), clock.today())
    return next(u.code for u in places.communes("22", day) if ntm.may_aim(u.type))


def test_recognition_in_a_period_with_groups_needs_its_ten_and_its_group(province: str) -> None:
    code = commune_of(2026)
    with pytest.raises(Invalid) as refused:
        services.register(OFFICER, code, 2026, None, key(), group=4)
    assert refused.value.field == "group"
    with pytest.raises(Invalid):
        services.register(OFFICER, province, YEAR, None, key(), group=1)
    services.register(OFFICER, code, 2026, None, key())
    for number in range(1, 11):
        assess(code, number, PASSED, 2026)
    page = queries.year_page(2026, ["*"])
    assert page.ready == 1 and page.unassessed == 0
    with pytest.raises(Invalid) as refused:
        services.recognise(OFFICER, code, 2026, "1/QĐ-UBND", clock.today())
    assert "nhóm xã" in refused.value.title
    services.put_in_group(OFFICER, code, 2026, 3)
    services.recognise(OFFICER, code, 2026, "1/QĐ-UBND", clock.today())
    with pytest.raises(NtmMovedOn):
        services.put_in_group(OFFICER, code, 2026, 2)
    spots = [s for s in queries.year_page(2026, ["*"]).map.spots if s.count]
    assert [(s.count, s.done) for s in spots] == [(1, 1)]
    assert broken() == []
    with transaction() as s:
        s.execute(sa.update(NtmRecord).values(group_number=9))
    assert broken() == [f"2026:{code}, group"]


def test_a_threshold_once_written_is_offered_to_communes_of_the_same_group(province: str) -> None:
    from shop.places import queries as places

    one, two, three = [u.code for u in places.communes("22", clock.today()) if ntm.may_aim(u.type)][:3]
    for code, group in ((one, 2), (two, 2), (three, 3)):
        services.register(OFFICER, code, 2026, None, key(), group=group)
    assess(one, 5, Finding(NtmStatus.PASSED, "96 %", "từ 95 %", None, DAY), 2026)
    assert queries.thresholds_told(2026, 5, 2) == ["từ 95 %"]
    assert queries.thresholds_told(2026, 5, 3) == queries.thresholds_told(2026, 4, 2) == []


def test_the_audit_sees_periods_that_overlap_or_lack_a_criterion(province: str) -> None:
    with transaction() as s:
        s.execute(sa.delete(NtmCriterion).where(NtmCriterion.id == queries.criterion(2026, 3).id))
        s.execute(sa.update(NtmPeriod).where(NtmPeriod.decision == "318/QĐ-TTg").values(last_year=2026))
    assert broken() == ["318/QĐ-TTg, 51/2025/QĐ-TTg", "51/2025/QĐ-TTg"]


def test_a_commune_withdraws_with_a_reason(province: str) -> None:
    registered(province)
    with pytest.raises(Invalid):
        services.withdraw(OFFICER, province, YEAR, "")
    services.withdraw(OFFICER, province, YEAR, "Chuyển sang năm 2015")
    page = queries.year_page(YEAR, ["*"])
    assert page.counts[NtmState.WITHDRAWN] == 1


def test_the_audit_sees_what_does_not_hold(province: str) -> None:
    row = registered(province)
    for number in range(1, 20):
        assess(province, number, PASSED)
    services.recognise(OFFICER, province, YEAR, "1/QĐ", DAY)
    assert broken() == []
    with transaction() as s:
        s.execute(sa.update(NtmAssessment).where(NtmAssessment.record_id == row.id).values(status="failed"))
    assert broken() == [f"{YEAR}:{province}"]
    with transaction() as s:
        s.execute(sa.update(NtmAssessment).where(NtmAssessment.record_id == row.id).values(status="passed"))
        s.execute(sa.update(NtmRecord).where(NtmRecord.id == row.id).values(target_year=2018))
    assert broken() == [f"2018:{province}"]


# --- sources ----------------------------------------------------------------------------------------------------


def test_the_contradiction_of_2014_stays_to_be_seen(province: str) -> None:
    """36 registered, 7 qualify, "the other 22" do not: seven communes that nobody has told anything of."""
    page = queries.year_page(YEAR, ["*"])
    assert [(gap.registered, gap.passed, gap.left, gap.unknown) for gap in page.gaps] == [(36, 7, 22, 7)]
    assert page.disputed == {"units", "products"}
    assert {f.value for f in page.figures if f.subject == "units"} == {30, 20}


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(ntm.SUBJECT_NAMES)), st.none() | st.integers(0, 50), st.sampled_from("AB"))
    )
)
def test_only_what_does_not_add_up_is_called_so(rows: list[tuple[str, int | None, str]]) -> None:
    told = [ntm.Told(subject, value, "", source) for subject, value, source in rows]
    for gap in ntm.gaps(told):
        assert gap.unknown != 0 and gap.registered - gap.passed - gap.left == gap.unknown
    for subject in ntm.disagreements(told):
        assert len({value for s, value, _source in rows if s == subject and value is not None}) > 1


@given(st.lists(st.integers(1, 19)))
def test_the_worst_blocker_comes_first(failed: list[int]) -> None:
    found = ntm.blockers(failed)
    assert sum(n for _number, n in found) == len(failed)
    assert [n for _number, n in found] == sorted((n for _number, n in found), reverse=True)


# --- pages ------------------------------------------------------------------------------------------------------


def test_the_office_registers_assesses_and_recognises(client: Any, province: str) -> None:
    sign_in(client, Role.PROGRAMME_OFFICER)
    answer = client.fill(
        f"/office/ntm/{YEAR}/register",
        form=f"/office/ntm/{YEAR}/register",
        commune=province,
        registered_on="2014-02-01",
    )
    assert answer.status_code == 303
    page = f"/office/ntm/{YEAR}/{province}"
    bad = client.fill(f"{page}/15", form=f"{page}/15", status="failed", assessed_on="2014-10-31")
    assert bad.status_code == 422 and "vướng mắc" in bad.get_data(as_text=True)
    assert (
        client.fill(
            f"{page}/15", form=f"{page}/15", status="failed", value="61 %", assessed_on="2014-10-31"
        ).status_code
        == 303
    )
    year = client.get(f"/office/ntm/{YEAR}").get_data(as_text=True)
    assert "15. Y tế" in year and "tự mâu thuẫn" in year and "nguồn khác nhau" in year
    refused = client.fill(page, form=f"{page}/recognise", decision_number="1/QĐ", recognised_on="2014-12-30")
    assert refused.status_code == 422 and "Còn tiêu chí" in refused.get_data(as_text=True)
    assert client.get(f"/office/ntm/{YEAR}?format=csv").status_code == 200


def test_a_locality_sees_and_writes_only_its_own(client: Any, province: str) -> None:
    from shop.places import queries as places

    other = [u.code for u in places.communes("22", date(YEAR, 12, 31)) if ntm.may_aim(u.type)][1]
    registered(province)
    registered(other)
    sign_in(client, (Role.LOCALITY_OFFICER, f"locality:{province}"))
    listed = client.get(f"/office/ntm/{YEAR}").get_data(as_text=True)
    assert f"/ntm/{YEAR}/{province}" in listed and f"/ntm/{YEAR}/{other}" not in listed
    assert client.get(f"/office/ntm/{YEAR}/{other}/1").status_code == 404
    mine = f"/office/ntm/{YEAR}/{province}/1"
    assert client.fill(mine, form=mine, status="passed", assessed_on="2014-10-31").status_code == 303
    token = {"csrf_token": client.token("/tai-khoan")}
    assert client.post(f"/office/ntm/{YEAR}/{other}/1", data=token | {"status": "passed"}).status_code == 404
    assert client.post(f"/office/ntm/{YEAR}/{province}/recognise", data=token).status_code == 403


def test_a_year_of_groups_has_its_map_its_filters_and_its_file(client: Any, province: str) -> None:
    sign_in(client, Role.PROGRAMME_OFFICER)
    code = commune_of(2026)
    new = "/office/ntm/2026/register"
    assert client.fill(new, form=new, commune=code, registered_on="2026-02-20", group="2").status_code == 303
    page = f"/office/ntm/2026/{code}"
    assert "0/10 tiêu chí" in client.get(page).get_data(as_text=True)
    assert client.fill(page, form=f"{page}/group", group="3").status_code == 303
    row = queries.record(code, 2026)
    assert row.group_number == 3
    year = client.get("/office/ntm/2026").get_data(as_text=True)
    assert "10 tiêu chí, 47 chỉ tiêu" in year and "Cấp huyện khi đó" not in year and "0/1 xã được công nhận" in year
    area = next(s.key for s in queries.year_page(2026, ["*"]).map.spots if s.count)
    for query, found in (
        (f"area={area}", True),
        ("area=dong-trieu", area == "dong-trieu"),
        ("group=3", True),
        ("group=0", False),
    ):
        assert (f"/ntm/2026/{code}" in client.get(f"/office/ntm/2026?{query}").get_data(as_text=True)) is found
    file = client.get("/office/ntm/2026?format=csv").get_data(as_text=True)
    assert "Nhóm xã" in file and "Nhóm 3" in file


def test_a_year_without_criteria_says_so(client: Any, province: str) -> None:
    sign_in(client, Role.PROGRAMME_OFFICER)
    page = client.get("/office/ntm/2031").get_data(as_text=True)
    assert "Chưa có quyết định nào được biết" in page and "Đã đăng ký" not in page
    assert client.get("/office/ntm/2031/register").status_code == 404


def test_a_ward_is_told_that_it_is_not_assessed(client: Any, province: str) -> None:
    """Not nought communes: none can be written down there."""
    from shop.places import queries as places

    ward = next(u.code for u in places.communes("22", clock.today()) if not ntm.may_aim(u.type))
    sign_in(client, (Role.LOCALITY_OFFICER, f"locality:{ward}"))
    page = client.get("/office/ntm/2026").get_data(as_text=True)
    assert "chỉ xét với xã" in page and "Đã đăng ký" not in page
    sign_in(client, (Role.LOCALITY_OFFICER, f"locality:{commune_of(2026)}"))
    assert "chỉ xét với xã" not in client.get("/office/ntm/2026").get_data(as_text=True)
