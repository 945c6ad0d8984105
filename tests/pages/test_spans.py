"""Months, quarters, years and days of one's own; what each is compared with."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from shop.pages import spans

TODAY = date(2026, 11, 28)


@pytest.mark.parametrize(
    ("args", "start", "last", "before", "before_last"),
    [
        ({}, "2026-11-01", "2026-11-30", "2026-10-01", "2026-10-28"),
        ({"period": "2026-10"}, "2026-10-01", "2026-10-31", "2026-09-01", "2026-09-30"),
        ({"period": "2026-03"}, "2026-03-01", "2026-03-31", "2026-02-01", "2026-02-28"),
        ({"period": "2026-Q3"}, "2026-07-01", "2026-09-30", "2026-04-01", "2026-06-30"),
        ({"period": "2026-Q4"}, "2026-10-01", "2026-12-31", "2026-07-01", "2026-08-28"),
        ({"period": "2025"}, "2025-01-01", "2025-12-31", "2024-01-01", "2024-12-31"),
        (
            {"period": "dates", "from": "2026-11-10", "to": "2026-11-12"},
            "2026-11-10", "2026-11-12", "2026-11-07", "2026-11-09",
        ),
        (
            {"period": "2026-11", "was": "2026-11", "from": "2026-11-10", "to": "2026-11-12"},
            "2026-11-10", "2026-11-12", "2026-11-07", "2026-11-09",
        ),
        (
            {"period": "2026-10", "was": "dates", "from": "2026-11-10", "to": "2026-11-12"},
            "2026-10-01", "2026-10-31", "2026-09-01", "2026-09-30",
        ),
        ({"period": "nonsense"}, "2026-11-01", "2026-11-30", "2026-10-01", "2026-10-28"),
        ({"period": "2026-13"}, "2026-11-01", "2026-11-30", "2026-10-01", "2026-10-28"),
    ],
)  # fmt: skip
def test_spans(app: Flask, args: dict[str, str], start: str, last: str, before: str, before_last: str) -> None:
    with app.test_request_context("/"):
        found = spans.asked(args, TODAY)
    earlier = found.span.before(TODAY)
    seen = [str(day) for day in (found.span.start, found.span.last, earlier.start, earlier.last)]
    assert seen == [start, last, before, before_last]
    assert not found.errors


@pytest.mark.parametrize(
    ("start", "end", "wrong"),
    [
        ("", "2026-11-01", {"from"}),
        ("2026-02-30", "x", {"from", "to"}),
        ("2026-11-02", "2026-11-01", {"to"}),
        ("2020-01-01", "2026-11-01", {"to"}),
        ("0001-01-01", "9999-12-31", {"from", "to"}),
    ],
)
def test_days_that_make_no_sense_are_told_and_kept(app: Flask, start: str, end: str, wrong: set[str]) -> None:
    with app.test_request_context("/"):
        found = spans.asked({"period": "dates", "from": start, "to": end}, TODAY)
    assert set(found.errors) == wrong
    assert (found.typed["from"], found.typed["to"]) == (start, end)


@given(st.dates(date(2004, 1, 1), date(2098, 1, 1)))
def test_every_choice_names_a_span_that_leads_back_to_it(today: date) -> None:
    app = Flask("bare")
    from flask_babel import Babel

    Babel(app)
    with app.test_request_context("/"):
        keys = [key for key, _name in spans.choices(today)]
    assert len(set(keys)) == len(keys) == spans.MONTHS + spans.QUARTERS + spans.YEARS + 1
    for key in keys[:-1]:
        span = spans.named(key)
        assert span is not None
        assert span.key == key
        before = span.before(today)
        assert before.end <= span.start
        assert before.start < before.end
    assert spans.months(today, 13)[-1] == today.replace(day=1)
    assert spans.named(keys[0]).start <= today < spans.named(keys[0]).end  # type: ignore[union-attr]
    assert timedelta(0) < spans.named(keys[-2]).end - spans.named(keys[-2]).start  # type: ignore[union-attr]
