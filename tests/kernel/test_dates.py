from datetime import UTC, date, datetime

import pytest
from flask import Flask
from flask_babel import Babel

from shop.kernel import dates


@pytest.fixture(params=["vi", "en"])
def language(request):
    app = Flask("dates")
    Babel(app, locale_selector=lambda: request.param)
    with app.test_request_context():
        yield request.param


def test_words_follow_language_and_vietnam_time(language):
    late = datetime(2026, 11, 23, 18, 5, tzinfo=UTC)  # already the 24th in Vietnam
    told = {
        "vi": ("24/11/2026", "11/2026", "01:05 24/11/2026"),
        "en": ("24 Nov 2026", "Nov 2026", "24 Nov 2026, 01:05"),
    }[language]
    assert (dates.day(date(2026, 11, 24)), dates.month(late), dates.instant(late)) == told
    assert dates.day(late) == told[0]


def test_a_span_is_as_short_as_it_can_be_read(language):
    within, across = {
        "vi": ("01–30/11/2026", "16/11/2026 – 15/12/2026"),
        "en": ("1 Nov 2026 – 30 Nov 2026", "16 Nov 2026 – 15 Dec 2026"),
    }[language]
    assert dates.span(date(2026, 11, 1), date(2026, 11, 30)) == within
    assert dates.span(date(2026, 11, 16), date(2026, 12, 15)) == across
