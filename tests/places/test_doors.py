"""The doors: lists for the picker, the page for people, the office."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from shop.accounts.models import Grant, User, UserSession
from shop.accounts.permissions import Role
from shop.accounts.queries import token_hash
from shop.kernel import clock
from shop.kernel.audit import AuditRow
from shop.kernel.db import session, transaction
from shop.places import queries
from shop.places.models import Unit
from tests.statements import statements


def sign_in(client, role: Role) -> None:
    """Open a session of a user with `role` as the log-in would."""
    now = clock.now()
    with transaction() as s:
        user = User(name="Cán bộ", email=f"{role.value}@example.vn", password_hash="-", created_at=now)
        s.add(user)
        s.flush()
        s.add(Grant(user_id=user.id, role=role, scope="*", granted_at=now))
        s.add(
            UserSession(
                token_hash=token_hash("t"), user_id=user.id, created_at=now, last_seen_at=now,
                expires_at=now + timedelta(days=1), second_factor_at=now,
            )
        )  # fmt: skip
    with client.session_transaction() as cookie:
        cookie["_user_id"] = "t"
        cookie["_fresh"] = True


def token_of(client) -> str:
    """A good form token of the visitor's session."""
    from flask_wtf.csrf import generate_csrf

    with client.application.test_request_context(), client.session_transaction() as cookie:
        from flask import session as scratch

        token = generate_csrf()
        cookie["csrf_token"] = scratch["csrf_token"]
    return token


def test_the_lists_of_the_picker(gazetteer, client):
    provinces = client.get("/dia-danh/tinh")
    assert len(provinces.json) == 34
    assert {"code": "22", "name": "Thành phố Quảng Ninh", "type": "thành phố trung ương", "short": "Quảng Ninh"} in (
        provinces.json
    )
    assert provinces.headers["Cache-Control"] == "public, max-age=86400"
    assert "Set-Cookie" not in provinces.headers
    communes = client.get("/dia-danh/xa?tinh=22")
    assert len(communes.json) == 54
    assert {"code": "06688", "name": "Phường Hạ Long", "type": "phường"} in communes.json
    again = client.get("/dia-danh/xa?tinh=22", headers={"If-None-Match": communes.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert [c["name"] for c in client.get("/dia-danh/xa?tinh=22&q=ha+logn").json] == ["Phường Hạ Long"]
    assert client.get("/dia-danh/tinh?q=tphcm").json[0]["code"] == "79"
    assert client.get("/en/dia-danh/xa?tinh=22").json == communes.json


@pytest.mark.parametrize("query", ["", "?tinh=", "?tinh=99", "?tinh=06688", "?tinh=22'--", "?tinh[]=22"])
def test_unknown_provinces_are_not_found(gazetteer, client, query):
    answer = client.get("/dia-danh/xa" + query, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json["code"]) == (404, "not-found")
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_old_address_as_json(gazetteer, client):
    (reading,) = client.get("/dia-danh/tim?q=huyện Ba Chẽ").json
    assert (reading["text"], reading["current"], reading["certain"]) == ("Huyện Ba Chẽ, Tỉnh Quảng Ninh", False, False)
    assert [(s["name"], s["province"]) for s in reading["successors"]] == [
        ("Xã Ba Chẽ", "22"), ("Xã Kỳ Thượng", "22"), ("Xã Lương Minh", "22"),
    ]  # fmt: skip
    assert client.get("/dia-danh/tim").json == []


def test_the_page_for_people(gazetteer, client):
    empty = client.get("/dia-danh")
    assert empty.status_code == 200
    page = client.get("/dia-danh?q=xã Hải Lạng, Tiên Yên").get_data(as_text=True)
    for name in ("Xã Ba Chẽ", "Xã Hải Hòa", "Xã Hải Lạng", "một phần", "Đã tách vào nhiều đơn vị"):
        assert name in page
    assert "Chưa nhận ra" in client.get("/dia-danh?q=xyzzy").get_data(as_text=True)
    hostile = client.get("/dia-danh?q=<script>alert(1)</script>").get_data(as_text=True)
    assert "<script>alert" not in hostile
    assert re.search(r'<html lang="en"', client.get("/en/dia-danh?q=Ba Che").get_data(as_text=True))


def test_the_office_is_for_those_who_may(gazetteer, client):
    assert client.get("/office/places").status_code == 302
    sign_in(client, Role.CUSTOMER)
    assert client.get("/office/places").status_code == 403


def test_readers_see_and_do_not_change(gazetteer, client):
    sign_in(client, Role.LOCALITY_OFFICER)
    page = client.get("/office/places?q=ha long").get_data(as_text=True)
    assert "Phường Hạ Long" in page
    assert "Thành phố Hạ Long" in page
    assert "/office/places/22/start" not in client.get("/office/places/22").get_data(as_text=True)
    data = {"unit": "1", "valid_from": "2026-09-01", "csrf_token": token_of(client)}
    answer = client.post("/office/places/22/start", data=data, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json["code"]) == (403, "forbidden")
    assert queries.unit("22").from_exact is False


def test_staff_enter_the_exact_day(gazetteer, client):
    sign_in(client, Role.ADMINISTRATOR)
    row = session().scalar(select(Unit.id).where(Unit.code == "22", Unit.valid_to.is_(None)))
    assert "Cần ngày chính xác" in client.get("/office/places?state=open").get_data(as_text=True)
    start = "/office/places/22/start"
    bad = client.fill("/office/places/22", form=start, unit=str(row), valid_from="31/02/2026")
    assert bad.status_code == 422
    early = client.fill("/office/places/22", form=start, unit=str(row), valid_from="2025-01-01")
    assert (early.status_code, "đã có hiệu lực" in early.get_data(as_text=True)) == (409, True)
    foreign = client.fill("/office/places/22", form=start, unit="1", valid_from="2026-09-01")
    assert foreign.status_code == 404
    done = client.fill("/office/places/22", form=start, unit=str(row), valid_from="2026-09-01", exact="1", note="NQ")
    assert done.status_code == 303
    assert queries.history("22")[0].unit.valid_from.isoformat() == "2026-09-01"
    told = session().scalars(select(AuditRow).where(AuditRow.action == "places.change-start")).one()
    assert told.detail["note"] == "NQ"


def test_staff_enter_a_new_rank(gazetteer, client):
    sign_in(client, Role.ADMINISTRATOR)
    rank = "/office/places/06862/rank"  # Xã Tiên Yên
    same = client.fill("/office/places/06862", form=rank, valid_from="2027-01-01")
    assert same.status_code == 422
    done = client.fill("/office/places/06862", form=rank, type="phường", valid_from="2027-01-01", exact="1")
    assert done.status_code == 303
    assert [r.unit.name for r in queries.history("06862")][:2] == ["Phường Tiên Yên", "Xã Tiên Yên"]
    assert client.get("/office/places/nope").status_code == 404
    assert client.post(rank, data={}).status_code == 400


def test_the_list_leaves_as_files_without_formulas(gazetteer, client):
    sign_in(client, Role.ADMINISTRATOR)
    with transaction() as s:
        s.scalars(select(Unit).where(Unit.code == "06688", Unit.valid_to.is_(None))).one().note = "=1+1"
    answer = client.get("/office/places?province=22&level=commune&state=now&format=csv", buffered=True)
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    assert len(rows) == 54
    assert next(r["Ghi chú"] for r in rows if r["Mã"] == "06688") == "'=1+1"
    book = client.get("/office/places?province=22&state=now&format=xlsx", buffered=True)
    from python_calamine import CalamineWorkbook

    sheet = CalamineWorkbook.from_filelike(io.BytesIO(book.data)).get_sheet_by_index(0).to_python()
    assert len(sheet) == 56


def test_the_office_list_costs_few_queries(gazetteer, client):
    sign_in(client, Role.ADMINISTRATOR)
    client.get("/office/places")
    with statements() as seen:
        client.get("/office/places?state=all&sort=from&down=1&page=3")
    assert len(seen.reads) <= 6, seen
