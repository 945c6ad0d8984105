"""Opening hours: now, next, and how people write them."""

from __future__ import annotations

from datetime import datetime

import pytest

from shop.kernel.clock import VIETNAM
from shop.kernel.errors import Invalid
from shop.points import hours

WEEKDAYS = hours.read({day: ["07:30", "17:00"] for day in hours.DAYS[:5]})


def at(day: int, clock_time: str) -> datetime:
    """A day of the week that begins on Monday 3 August 2026."""
    return datetime.fromisoformat(f"2026-08-{2 + day:02d}T{clock_time}").replace(tzinfo=VIETNAM)


@pytest.mark.parametrize(
    ("moment", "is_open", "change"),
    [
        (at(1, "07:29"), False, at(1, "07:30")),
        (at(1, "07:30"), True, at(1, "17:00")),
        (at(1, "16:59:59"), True, at(1, "17:00")),
        (at(1, "17:00"), False, at(2, "07:30")),
        (at(5, "18:00"), False, at(8, "07:30")),
        (at(7, "12:00"), False, at(8, "07:30")),
    ],
)
def test_open_now_and_next(moment, is_open, change):
    assert hours.state(WEEKDAYS, moment) == hours.OpenState(is_open, change)


def test_unknown_is_not_closed():
    assert hours.state(None, at(1, "12:00")) == hours.OpenState(None)


def test_never_open_has_no_next():
    assert hours.state(hours.read({}), at(1, "12:00")) == hours.OpenState(False)


def test_round_the_clock_ends_never_and_nights_run_on():
    always = hours.read({day: ["00:00", "24:00"] for day in hours.DAYS})
    assert hours.state(always, at(3, "23:59")) == hours.OpenState(True, None)
    night = hours.read({"mon": ["20:00", "24:00"], "tue": ["00:00", "02:00"]})
    assert hours.state(night, at(1, "23:00")) == hours.OpenState(True, at(2, "02:00"))


@pytest.mark.parametrize(
    ("typed", "value"), [("7:30", 450), ("07h30", 450), ("7h", 420), ("24:00", 1440), (" 0:05", 5)]
)
def test_times_as_people_write_them(typed, value):
    assert hours.minutes(typed) == value


@pytest.mark.parametrize("typed", ["", "25:00", "24:01", "12:60", "trưa", "-1:00", "7:30:00"])
def test_what_is_no_time_is_refused(typed):
    with pytest.raises(Invalid):
        hours.minutes(typed)


def test_a_table_is_checked():
    assert hours.checked({"mon": ("7h", "17:30"), "tue": ("", "")}) == {"mon": ["07:00", "17:30"]}
    assert hours.checked({}) is None
    for wrong in (("07:00", ""), ("", "17:00"), ("17:00", "07:00"), ("07:00", "07:00"), ("x", "07:00")):
        with pytest.raises(Invalid) as refused:
            hours.checked({"wed": wrong})
        assert refused.value.field == "wed_from"


def test_equal_days_share_a_line():
    assert hours.lines(WEEKDAYS) == [("mon", "fri", (450, 1020)), ("sat", "sun", None)]
