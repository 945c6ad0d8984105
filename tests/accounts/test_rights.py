"""Roles: who gives, who takes, what acts at once."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from shop.accounts import queries, scopes
from shop.accounts import services as accounts
from shop.accounts.errors import BadScope, LastAdministrator, OwnRights
from shop.accounts.permissions import Permission, Role
from shop.kernel.audit import AuditRow, broken_links
from shop.kernel.db import session
from shop.kernel.errors import NotFound
from tests.accounts.people import PASSWORD, acting, make, sign_in, staff


def test_a_role_is_given_and_taken_with_a_line_in_the_log(ctx):
    chief, user_id = staff(email="chief@example.com"), make()
    accounts.grant(acting(chief, "Vũ An"), user_id, Role.POINT_KEEPER, "point:12")
    accounts.grant(acting(chief), user_id, Role.POINT_KEEPER, "point:12")
    held = queries.profile(user_id).grants
    assert held == (queries.GrantView(Role.POINT_KEEPER, "point:12"),)
    assert queries.scopes_of(held, Permission.TILL_ENTER) == {"point:12"}
    assert queries.scopes_of(held, Permission.USER_READ) == frozenset()
    accounts.revoke(acting(chief), user_id, Role.POINT_KEEPER, "point:12")
    assert queries.profile(user_id).grants == ()
    assert [h.action for h in queries.history(user_id)] == ["accounts.revoke", "accounts.grant", "accounts.create"]
    assert queries.history(user_id)[1].detail == {"role": "point_keeper", "scope": "point:12"}
    with pytest.raises(NotFound):
        accounts.revoke(acting(chief), user_id, Role.POINT_KEEPER, "point:12")
    assert broken_links() == []


@pytest.mark.parametrize(
    ("role", "scope"),
    [
        (Role.POINT_KEEPER, "*"),
        (Role.POINT_KEEPER, "producer:7"),
        (Role.PRODUCER_MEMBER, "point:7"),
        (Role.LOCALITY_OFFICER, "*"),
        (Role.ADMINISTRATOR, "point:7"),
        (Role.CUSTOMER, "producer:7"),
        (Role.ORDER_DESK, "point:"),
        (Role.ORDER_DESK, "point:7 OR 1=1"),
        (Role.ORDER_DESK, "galaxy:7"),
        (Role.ORDER_DESK, "point:７"),
    ],
)
def test_scopes_go_with_roles(ctx, role, scope):
    user_id = make()
    with pytest.raises(BadScope):
        accounts.grant(acting(0), user_id, role, scope)
    assert queries.profile(user_id).grants == ()


def test_a_thing_that_does_not_exist_is_no_scope(ctx, monkeypatch):
    monkeypatch.setattr(scopes, "_sources", {})
    scopes.register("point", label={"3": "Điểm bán Bãi Cháy"}.get, choices=lambda: [("3", "Điểm bán Bãi Cháy")])
    user_id = make()
    with pytest.raises(BadScope):
        accounts.grant(acting(0), user_id, Role.POINT_KEEPER, "point:4")
    accounts.grant(acting(0), user_id, Role.POINT_KEEPER, "point:3")
    assert scopes.label("point:3") == "Điểm bán Bãi Cháy"
    assert scopes.choices() == [("Điểm bán", [("point:3", "Điểm bán Bãi Cháy")])]


def test_nobody_raises_or_locks_himself(ctx):
    chief = staff(email="chief@example.com")
    with pytest.raises(OwnRights):
        accounts.grant(acting(chief), chief, Role.ORDER_DESK)
    with pytest.raises(OwnRights):
        accounts.disable(acting(chief), chief, "x")


def test_the_last_administrator_stays(ctx):
    chief = staff(email="chief@example.com")
    with pytest.raises(LastAdministrator):
        accounts.revoke(acting(chief), chief, Role.ADMINISTRATOR)
    with pytest.raises(LastAdministrator):
        accounts.disable(acting(0), chief, "x")
    with pytest.raises(LastAdministrator):
        accounts.erase(acting(0), chief)
    with pytest.raises(LastAdministrator):
        accounts.erase_oneself(acting(chief), PASSWORD, None)
    second = staff(email="second@example.com")
    accounts.disable(acting(chief), second, "x")
    with pytest.raises(LastAdministrator):
        accounts.revoke(acting(chief), chief, Role.ADMINISTRATOR)
    accounts.enable(acting(chief), second)
    accounts.revoke(acting(chief), chief, Role.ADMINISTRATOR)
    assert queries.administrators() == [second]


@pytest.mark.race
@pytest.mark.parametrize("way", ["revoke", "disable"])
def test_two_administrators_who_take_each_other_away_leave_one(app, together, way):
    with app.app_context():
        first, second = staff(email="mot@example.com"), staff(email="hai@example.com")

    def take(actor, target):
        if way == "revoke":
            return lambda: accounts.revoke(acting(actor), target, Role.ADMINISTRATOR)
        return lambda: accounts.disable(acting(actor), target, "x")

    for _ in range(5):
        outcomes = together(app, [take(first, second), take(second, first)])
        assert sorted(type(o.error).__name__ for o in outcomes) == ["LastAdministrator", "NoneType"]
        with app.app_context():
            (left,) = queries.administrators()
            gone = second if left == first else first
            if way == "revoke":
                accounts.grant(acting(0), gone, Role.ADMINISTRATOR)
            else:
                accounts.enable(acting(0), gone)


def test_an_office_role_shortens_open_sessions(ctx):
    user_id = make()
    token = accounts.sign_in("lan@example.com", PASSWORD, browser=accounts.Browser(), remember=True).token
    accounts.grant(acting(0), user_id, Role.ORDER_DESK)
    from shop.accounts.models import UserSession

    row = session().scalar(select(UserSession))
    assert not row.remember
    assert (row.expires_at - row.created_at).total_seconds() < 12 * 3600 + 60
    assert queries.signed_in(token, compulsory=False).has_office_role


def test_the_log_holds_no_address_or_number(ctx):
    chief, user_id = staff(email="chief@example.com"), make(phone="0912345678", email="lan@example.com")
    accounts.grant(acting(chief), user_id, Role.ORDER_DESK)
    accounts.change_phone(acting(user_id), "0987654321", PASSWORD)
    accounts.disable(acting(chief), user_id, "nghỉ việc")
    written = " ".join(f"{r.actor_label} {r.target} {r.detail}" for r in session().scalars(select(AuditRow)))
    for secret in ("lan@example.com", "912345678", "987654321", "argon2"):
        assert secret not in written


# --- doors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [r for r in Role if r not in {Role.ADMINISTRATOR}])
def test_users_are_for_administrators_alone(app, client, role):
    from shop.accounts.permissions import SCOPE_KIND

    with app.app_context():
        chief = staff(email="chief@example.com")
        scope = f"{SCOPE_KIND[role]}:1" if role in SCOPE_KIND else "*"
        staff(role, scope, email="an@example.com")
    sign_in(client, "an@example.com")
    token = client.token("/tai-khoan")
    assert client.get("/office/users").status_code == 403
    assert client.get(f"/office/users/{chief}").status_code == 403
    for way in ("grant", "revoke", "disable", "enable", "end-sessions", "reset-link", "reset-totp", "erase"):
        assert client.post(f"/office/users/{chief}/{way}", data={"csrf_token": token}).status_code == 403, way
    with app.app_context():
        assert queries.administrators() == [chief]
        assert len(queries.history(chief)) == 2


def test_guests_are_asked_to_log_in(client):
    assert client.get("/office/users").location == "/dang-nhap?next=%2Foffice%2Fusers"
    token = client.token("/dang-nhap")
    assert client.post("/office/users/1/erase", data={"csrf_token": token}).status_code == 401
