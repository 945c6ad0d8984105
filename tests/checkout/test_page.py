"""The checkout page: each refusal told once, what was typed kept over another look, ways that are not on not named."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from shop.checkout import errors
from shop.checkout import services as checkout
from shop.kernel import clock
from tests.checkout.conftest import Bench
from tests.checkout.test_ordering import text_of
from tests.promotions.conftest import make_code

WRITTEN = {"name": "Nguyễn Thị Thử", "phone": "0912 345 678", "street": "12 Lê Lợi", "note": "Gọi trước khi giao"}


def typed(bench: Bench, **fields: Any) -> Any:
    values = {"delivery": "ship", "province": "22", "commune": "06661", "payment": "cod"} | WRITTEN | fields
    return bench.client.fill("/thanh-toan", form="/thanh-toan", **values)


def test_a_look_at_another_price_is_answered_with_a_redirect_and_keeps_what_was_typed(bench: Bench) -> None:
    bench.add()
    answer = typed(bench, refresh="1", delivery="ship")
    assert (answer.status_code, answer.location) == (303, "/thanh-toan#f-delivery")
    for _look in range(2):  # back and reload show it as well
        page = text_of(bench.client.get("/thanh-toan"))
        assert all(value in page for value in WRITTEN.values())
    bench.placed(typed(bench))
    bench.add()
    assert "Gọi trước khi giao" not in text_of(bench.client.get("/thanh-toan"))


def test_more_than_a_cookie_holds_is_answered_at_once_and_lost_nowhere(bench: Bench) -> None:
    bench.add()
    note = "Giao giờ hành chính. " * 45
    answer = typed(bench, refresh="1", note=note)
    assert answer.status_code == 200
    assert note.strip() in text_of(answer)


def test_what_was_typed_is_forgotten_after_half_an_hour(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.add()
    typed(bench, refresh="1")
    later = clock.now() + timedelta(minutes=31)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert "Gọi trước khi giao" not in text_of(bench.client.get("/thanh-toan"))


def test_a_refused_code_is_told_once(bench: Bench) -> None:
    bench.add()
    make_code()
    answer = typed(bench, refresh="code", code="SAI-MA")
    assert answer.location == "/thanh-toan#f-code"
    for page in (text_of(bench.client.get("/thanh-toan")), text_of(typed(bench, code="SAI-MA"))):
        assert page.count("Không có mã giảm giá này.") == 1
        assert "autofocus" in page


def test_what_is_wrong_with_a_parcel_is_told_once(bench: Bench) -> None:
    bench.add(quantity=9)
    other = bench.app.test_client()
    bench.add(quantity=5, client=other)
    bench.placed(bench.order(client=other))
    page = text_of(bench.client.get("/thanh-toan"))
    told = re.findall(r'data-testid="error">([^<]+)<', page)
    assert len(told) == len(set(told)) == 1
    refused = text_of(typed(bench))
    assert refused.count(told[0].split("chỉ còn")[0] + "chỉ còn") == 1


def test_a_refusal_names_only_ways_that_are_on(bench: Bench) -> None:
    with bench.app.test_request_context():
        assert checkout.ways_ahead() == "chuyển khoản"  # no key of a card provider is set
    assert "thẻ" not in errors.PayAhead.title + errors.CashNotAllowed.title
