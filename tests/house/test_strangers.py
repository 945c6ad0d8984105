"""What holds at every door: no write from elsewhere, no public page that differs by its visitor."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from shop.commands import door_rows
from shop.kernel import web
from tests.people import sign_in

pytestmark = pytest.mark.one_database

SAFE = {"GET", "HEAD", "OPTIONS"}
PAGES = (
    "/",
    "/san-pham",
    "/diem-ban",
    "/hoi-cho",
    "/nha-san-xuat",
    "/tro-giup",
    "/tro-giup/loi",
    "/en/",
    "/en/san-pham",
)


def unsafe(app: Flask) -> list[tuple[str, str, str]]:
    """Method and an address of each unsafe way in, with the guard it states."""
    found = []
    for row in door_rows(app):
        for method in sorted(set(row["methods"]) - SAFE):  # type: ignore[call-overload]
            address = re.sub(r"<any\('?(\w+).*?\):\w+>", r"\1", str(row["rule"]))
            address = re.sub(r"<int(\(.*?\))?:\w+>", "1", address)
            found.append((method, re.sub(r"<[^>]+>", "x", address), str(row["guard"])))
    return found


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Referer": "https://elsewhere.example/page"},
    ],
    ids=lambda h: " ".join(h.values()),
)
def test_nothing_is_written_from_elsewhere(app, client, headers: dict[str, str]) -> None:
    doors = [(method, address) for method, address, guard in unsafe(app) if guard != "machine"]
    assert len(doors) > 50
    answers = {(m, a): client.open(a, method=m, headers=headers) for m, a in doors}
    assert {door: r.status_code for door, r in answers.items() if r.status_code != 403} == {}
    assert {door for door, r in answers.items() if b"foreign-origin" not in r.data} == set()


def test_nothing_is_written_without_a_token(app, client) -> None:
    doors = [(method, address) for method, address, guard in unsafe(app) if guard != "machine"]
    for data in ({}, {"csrf_token": "forged"}):
        answers = {(m, a): client.open(a, method=m, data=data) for m, a in doors}
        assert {door: r.status_code for door, r in answers.items() if r.status_code != 400} == {}
        assert {door for door, r in answers.items() if b"csrf-failed" not in r.data} == set()


@pytest.mark.parametrize("address", PAGES)
def test_a_public_page_is_the_same_for_everybody(app: Flask, address: str) -> None:
    guest, member = app.test_client(), app.test_client()
    with app.app_context():
        name = sign_in(member).name
    member.set_cookie(web.VISITOR_COOKIE, "somebody")
    assert member.get("/me").get_json()["name"] == name
    first, second = guest.get(address), member.get(address)
    assert first.status_code == second.status_code == 200
    assert first.data == second.data
    assert first.headers["ETag"] == second.headers["ETag"]
    for response in (first, second):
        assert "public" in response.headers["Cache-Control"]
        assert "Set-Cookie" not in response.headers
        assert "Cookie" not in response.headers.get("Vary", "")
