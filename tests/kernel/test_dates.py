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
