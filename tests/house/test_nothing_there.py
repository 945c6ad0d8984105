"""What nobody means: ids of nothing, numbers no column holds, days no calendar of people reaches. Every door says so, none
breaks, and no command succeeds on nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest

from shop.accounts.permissions import Role
from shop.commands import door_rows
from shop.kernel import clock, forms
from shop.kernel.errors import Invalid
from tests.conftest import Forms
from tests.factories import make_producer
from tests.house import source
from tests.people import sign_in

DOOR = re.compile(r"/(office|portal|storefront|forms|api|webhooks)(/|\.py)")
BEYOND = (2**63, 99999999999999999999, int("9" * 400))
NOTHING = (0, 2**31, 2**63 - 1)
PARAMETER = re.compile(r"<(?:(\w+)(?:\([^)]*\))?:)?(\w+)>")
DAYS = ("0001-01-01", "1899-12-31", "9999-12-31", "2201-01-01", "2026-02-30", "20260101T", "x", "' OR 1=1")


def doors(app: Any, *methods: str) -> list[tuple[str, str]]:
    """(method, rule) of the doors with a parameter in their address."""
    return [(m, r["rule"]) for r in door_rows(app) for m in r["methods"] if m in methods and "<" in r["rule"]]


def filled(rule: str, number: int, word: str) -> str:
    return PARAMETER.sub(lambda m: str(number) if m[1] == "int" else word, rule)


def administrator(client: Any) -> dict[str, str]:
    """Sign in who may do everything, also for a producer; the least that every form sends."""
    sign_in(client, Role.ADMINISTRATOR, (Role.PRODUCER_OWNER, f"producer:{make_producer().id}"))
    return {"csrf_token": client.token("/office/settings"), "reason": "Không có gì", "note": "Không có gì"}


def test_no_door_breaks_at_a_number_that_no_column_holds(ctx: Any, client: Any) -> None:
    sent = administrator(client)
    for method, rule in doors(ctx, "GET", "POST"):
        if "<int" not in rule:
            continue
        for number in (*BEYOND, *NOTHING):
            address = filled(rule, number, "x")
            status = client.open(address, method=method, data=sent if method == "POST" else None).status_code
            assert status in ({404, 405} if number in BEYOND else range(500)), (method, address, status)


# A link that was sent by letter says itself that it no longer holds; a receipt is asked for with its buyer's secret.
ANSWERS = {
    ("GET", "/dat-lai-mat-khau/<token>"): 410,
    ("POST", "/dat-lai-mat-khau/<token>"): 422,
    ("GET", "/xac-nhan-email/<token>"): 410,
    ("POST", "/xac-nhan-email/<token>"): 410,
    ("GET", "/till/receipt/<number>.pdf"): 401,
}


def expected(method: str, rule: str) -> int:
    """Who sits in no council is not told which there are."""
    return 403 if rule.startswith("/office/council/") and "<any" not in rule else ANSWERS.get((method, rule), 404)


def test_no_door_finds_what_is_not_there(ctx: Any, client: Any) -> None:
    sent = administrator(client)
    found = {}
    for method, rule in doors(ctx, "GET", "POST"):
        # A form that says nothing would be refused for that, were there anything to say it of.
        for data in (sent, {"csrf_token": sent["csrf_token"]}) if method == "POST" else (None,):
            answer = client.open(filled(rule, 0, "khong-co"), method=method, data=data)
            if answer.status_code != expected(method, rule):
                found[method, rule] = answer.status_code, answer.location
    assert not found, "\n".join(f"{m} {r} {said}" for (m, r), said in found.items())


@pytest.mark.parametrize("raw", DAYS)
def test_a_day_that_nobody_means_is_none(raw: str) -> None:
    with pytest.raises(ValueError):
        clock.read_day(raw)


def test_days_that_people_mean_are_read() -> None:
    assert [clock.read_day(raw).year for raw in ("1900-01-01", " 2026-12-01 ", "2200-12-31")] == [1900, 2026, 2200]
    assert clock.start_of(clock.FIRST_DAY) < clock.end_of(clock.LAST_DAY)


@pytest.mark.sqlite_only
def test_every_list_leaves_aside_a_day_that_nobody_means(ctx: Any, client: Any) -> None:
    sign_in(client, Role.ADMINISTRATOR)
    narrowed = set()
    for row in door_rows(ctx):
        address = str(row["rule"])
        if not address.startswith("/office") or "<" in address or row["methods"] != ["GET"]:
            continue
        answer = client.get(address)
        page = answer.get_data(as_text=True) if answer.mimetype == "text/html" else ""
        asked = {name for form in Forms.read(page) if form.method == "get" for name in form.values}
        for box in re.findall(r'<input[^>]*type="date"[^>]*', page):
            field = re.search(r'name="([^"]+)"', box)
            if field and field[1] in asked:
                narrowed.add((address, field[1]))
    assert {("/office/orders", "from"), ("/office/audit", "since")} <= narrowed
    for address, field in sorted(narrowed):
        for raw in DAYS:
            assert client.get(address, query_string={field: raw}).status_code == 200, (address, field, raw)


class Held(forms.Form):
    held_on = forms.DayField()


@pytest.mark.parametrize("raw", DAYS)
def test_every_field_of_days_refuses_one_that_nobody_means(ctx: Any, raw: str) -> None:
    with ctx.test_request_context(method="POST", data={"held_on": raw}):
        form = Held()
        assert not form.validate()
        assert form.errors["held_on"]
        with pytest.raises(Invalid):
            forms.day(raw, "held_on")


def test_days_are_read_in_one_place() -> None:
    """No door reads days by itself: each would have to know how far the calendar reaches."""
    for file in source.python("shop"):
        if DOOR.search(source.place(file)):
            words = file.read_text(encoding="utf-8").replace("datetime.fromisoformat", "")
            assert "date.fromisoformat" not in words, file
            assert not re.search(r"\bDateField\(", words), file
