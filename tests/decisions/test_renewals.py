"""When renewals are filed, what holds meanwhile, what came of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shop.catalog import queries as catalog
from shop.catalog.models import Certificate
from shop.decisions import tasks, terms
from shop.decisions.errors import RenewalOpen, RenewalRefused
from shop.decisions.models import FiledState, Renewal
from shop.decisions.services import renewals
from shop.kernel import clock, dates
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session
from shop.kernel.errors import Conflict
from shop.kernel.mail import Letter
from shop.kernel.operations import new_key
from tests import people
from tests.decisions.conftest import certificate, goods, granted, signed

DAYS = st.dates(date(2026, 5, 22), date(2060, 12, 31))


@given(end=DAYS, offset=st.integers(-400, 400))
def test_the_windows_of_the_law(end: date, offset: int) -> None:
    """Against plain counting: 180 to 120 days before the end, then late, then over; at most 180 days more."""
    day = end - timedelta(days=offset)
    if day < date(2026, 5, 22):
        return
    days = terms.renewal(end, day)
    assert days is not None
    expected = (
        terms.Window.EARLY if offset > 180 else terms.Window.OPEN if offset >= 120
        else terms.Window.LATE if offset >= 0 else terms.Window.ENDED
    )  # fmt: skip
    assert days.window(day) is expected
    assert (days.last_on - end).days == 180
    assert days.opens_on < days.closes_on < end < days.last_on


@given(decided=st.dates(date(2019, 8, 21), date(2099, 12, 31)))
def test_36_months(decided: date) -> None:
    """The same day three years later, or the last of its month."""
    last = terms.ends(decided)
    assert (last.year, last.month) == (decided.year + 3, decided.month)
    assert last.day == decided.day or (decided.month, decided.day, last.day) == (2, 29, 28)


def test_before_the_law_of_2026_no_window_is_known() -> None:
    assert terms.renewal(date(2026, 9, 1), date(2026, 5, 21)) is None


def filed(c: Certificate, day: date | None = None) -> int:
    return renewals.file(SYSTEM, c.id, day or clock.today(), new_key())


def test_filing_within_the_time_and_late(ctx: Any) -> None:
    in_time, late, early = (certificate(goods(f"Món {n}"), n) for n in (150, 30, 200))
    assert session().get_one(Renewal, filed(in_time)).is_late is False
    assert session().get_one(Renewal, filed(late)).is_late is True
    with pytest.raises(RenewalRefused):
        filed(early)
    session().rollback()
    with pytest.raises(RenewalOpen):
        filed(in_time)
    session().rollback()
    with pytest.raises(RenewalRefused):
        filed(early, clock.today() + timedelta(days=25))
    session().rollback()
    session().refresh(late)
    assert late.term_ends_on is None  # nothing holds on before its last day


def test_what_was_filed_holds_until_the_outcome_and_180_days_at_most(ctx: Any, audit_clean: Callable[[], None]) -> None:
    pack = goods()
    c = certificate(pack, 10)
    filed(c)
    end = c.expires_on
    with time_machine.travel(clock.start_of(end + timedelta(days=1)), tick=True):
        tasks.let_hold()  # a day late: made good
        session().refresh(c)
        assert (c.term_ends_on, c.expires_on) == (end, end + timedelta(days=180))
        assert catalog.current_certificate(pack.product_id, clock.today()) is not None
        tasks.let_hold()
        audit_clean()
    with time_machine.travel(clock.start_of(end + timedelta(days=181)), tick=True):
        assert catalog.current_certificate(pack.product_id, clock.today()) is None
        tasks.let_hold()
        session().refresh(c)
        assert c.expires_on == end + timedelta(days=180)
        audit_clean()


def test_who_does_not_file_loses_it_on_the_day(ctx: Any) -> None:
    pack = goods()
    c = certificate(pack, 5)
    with time_machine.travel(clock.start_of(c.expires_on + timedelta(days=1)), tick=True):
        tasks.let_hold()
        assert catalog.current_certificate(pack.product_id, clock.today()) is None
        with pytest.raises(RenewalRefused):
            filed(c)  # it does not come to life again
        session().rollback()
        filed(c, c.expires_on)  # handed in on the last day, entered today
        assert catalog.current_certificate(pack.product_id, clock.today()) is not None


@dataclass(frozen=True)
class Course:
    """What became of a certificate; days are counted from its last one. `None`: it did not happen."""

    filed: int | None
    outcome: FiledState | None
    closed: int

    def stars(self, day: int) -> int | None:
        """What a buyer sees on that day, by the words of articles 7.6 and 12.3 alone."""
        decided = self.filed is not None and self.outcome is not None and self.closed <= day
        if decided and self.outcome is FiledState.GRANTED:
            return 3
        if day <= 0:
            return 4
        if self.filed is None or day > 180:
            return None
        ended = self.outcome in (FiledState.REFUSED, FiledState.WITHDRAWN) and self.closed < day
        return None if ended else 4


@st.composite
def courses(draw: st.DrawFn) -> Course:
    """Filed in time, late, on the last day or never; decided before the end, while it holds on, after that, or never."""
    filed = draw(st.none() | st.sampled_from([-180, -121, -120, -119, -1, 0]) | st.integers(-180, 0))
    outcome = draw(st.sampled_from([None, FiledState.GRANTED, FiledState.REFUSED, FiledState.WITHDRAWN]))
    closed = draw(st.sampled_from([-1, 0, 1, 179, 180, 181]) | st.integers(-100, 220))
    return Course(filed, outcome, max(closed, filed if filed is not None else closed))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(course=courses(), days=st.lists(st.integers(-190, 260), max_size=3))
def test_the_badge_follows_the_law_whatever_becomes_of_a_renewal(ctx: Any, course: Course, days: list[int]) -> None:
    """Against `Course.stars`: every day on which something turns, and some others."""
    pack, n = goods(), 0
    c = certificate(pack, 200)
    end, number = c.expires_on, c.number
    turns = {-181, -1, 0, 1, 179, 180, 181, course.closed - 1, course.closed, course.closed + 1, *days}
    turns |= {course.filed} if course.filed is not None else set()
    for day in sorted(d for d in turns if d > -200):
        with time_machine.travel(clock.start_of(end + timedelta(days=day)) + timedelta(hours=9), tick=True):
            tasks.let_hold()
            if course.filed == day:
                n = filed(c)
            if n and course.closed == day and course.outcome is FiledState.GRANTED:
                signed(granted(pack, 3, "60"), number=f"{number}/QĐ-UBND")
            elif n and course.closed == day and course.outcome is not None:
                renewals.close(SYSTEM, n, course.outcome, "Kết quả của hội đồng.", new_key())
            tasks.let_hold()
            found = catalog.current_certificate(pack.product_id, clock.today())
            assert (found.stars if found else None) == course.stars(day), (course, day)
            if found and day > 0 and found.stars == 4:
                assert found.term_ends_on == end


def test_pages_print_the_end_of_the_term_while_a_renewal_is_decided(ctx: Any, client: Any) -> None:
    pack = goods("Ruốc hàu")
    c = certificate(pack, 10, number="QN-HOLD")
    n, end = filed(c), c.expires_on
    latest = dates.day(end + timedelta(days=180))
    with time_machine.travel(clock.start_of(end + timedelta(days=3)) + timedelta(hours=9), tick=True):
        tasks.let_hold()
        product = client.get(f"/san-pham/{pack.product.slug}").get_data(as_text=True)
        assert 'data-testid="stars"' in product and f"hết thời hạn {dates.day(end)}, còn dùng được" in product
        assert latest not in product
        page = client.get("/chung-nhan/QN-HOLD").get_data(as_text=True)
        assert "Còn hiệu lực, đang xét công nhận lại" in page and f"chậm nhất đến hết ngày {latest}" in page
        register = client.get("/so-dang-ky-ocop").get_data(as_text=True)
        assert "đang xét công nhận lại" in register and dates.day(end) in register and latest not in register
        renewals.close(SYSTEM, n, FiledState.REFUSED, "Chỉ đạt 45 điểm.", new_key())
        page = client.get("/chung-nhan/QN-HOLD").get_data(as_text=True)
        assert "đang được xét" not in page and "Được dùng tiếp đến hết" in page
    with time_machine.travel(clock.start_of(end + timedelta(days=4)) + timedelta(hours=9), tick=True):
        page = client.get("/chung-nhan/QN-HOLD").get_data(as_text=True)
        assert "Đã hết hiệu lực" in page and "đang được xét" not in page


def test_a_refusal_ends_what_held_on(ctx: Any, audit_clean: Callable[[], None]) -> None:
    pack = goods()
    people.make_user("Chủ cơ sở", (people.Role.PRODUCER_OWNER, f"producer:{pack.product.producer_id}"), locale="en")
    c = certificate(pack, 10)
    n = filed(c)
    with time_machine.travel(clock.start_of(c.expires_on + timedelta(days=30)), tick=True):
        tasks.let_hold()
        renewals.close(SYSTEM, n, FiledState.REFUSED, "Chỉ đạt 45 điểm.", new_key())
        session().refresh(c)
        assert c.expires_on == clock.today()
        audit_clean()
        letter = session().query(Letter).filter_by(kind="renewal-closed").one()
        assert "Renewal of certificate" in letter.subject
        with pytest.raises(Conflict):
            renewals.close(SYSTEM, n, FiledState.REFUSED, "lần nữa", new_key())
        session().rollback()
    with time_machine.travel(clock.start_of(c.expires_on + timedelta(days=1)), tick=True):
        assert catalog.current_certificate(pack.product_id, clock.today()) is None


def test_a_refusal_within_the_term_changes_nothing_of_it(ctx: Any) -> None:
    c = certificate(goods(), 100)
    end = c.expires_on
    renewals.close(SYSTEM, filed(c), FiledState.WITHDRAWN, "Cơ sở rút.", new_key())
    session().refresh(c)
    assert (c.expires_on, c.term_ends_on) == (end, None)
    filed(c)  # and may file again


def test_a_decision_closes_the_renewal(ctx: Any, audit_clean: Callable[[], None]) -> None:
    pack = goods()
    c = certificate(pack, 140)
    n = filed(c)
    signed(granted(pack, 4))
    row = session().get_one(Renewal, n)
    session().refresh(row)
    assert row.state is FiledState.GRANTED and row.decision_id is not None
    audit_clean()


def test_reminders_come_once_and_in_the_readers_language(ctx: Any) -> None:
    pack = goods()
    producer = pack.product.producer_id
    people.make_user("Chủ", (people.Role.PRODUCER_OWNER, f"producer:{producer}"))
    people.make_user("Owner", (people.Role.PRODUCER_MEMBER, f"producer:{producer}"), locale="en")
    c = certificate(pack, 200)

    def subjects(day: int) -> list[str]:
        with time_machine.travel(clock.start_of(c.expires_on - timedelta(days=day)), tick=True):
            tasks.remind()
            tasks.remind()
            return sorted(letter.subject for letter in session().query(Letter))

    assert subjects(181) == []
    assert len(subjects(170)) == 2
    assert subjects(160) == subjects(150)
    assert len(subjects(135)) == 4
    late = subjects(100)
    assert len(late) == 6 and any("is over" in s for s in late) and any("Đã quá hạn" in s for s in late)
    assert len(subjects(-1)) == 8
    filed_one = certificate(goods("Món khác", producer=pack.product.producer), 150)
    filed(filed_one)
    assert len(subjects(-2)) == 8  # who has filed is not reminded
