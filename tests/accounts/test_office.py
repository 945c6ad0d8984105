"""The pages of staff about users."""

from __future__ import annotations

import re

import pytest

from shop.accounts import queries
from shop.accounts import services as accounts
from shop.accounts.permissions import Role
from tests.accounts.people import OTHER_PASSWORD, acting, make, sign_in, staff, with_totp
from tests.statements import count


@pytest.fixture
def desk(app, client):
    """An administrator's browser, with some people in the house."""
    with app.app_context():
        staff(email="chief@example.com", name="Vũ Văn Án")
        make("Đặng Thị Ế", email="e@example.com", phone="0912345678")
        make("Đỗ Văn Cò", email="co@example.com", roles=[(Role.POINT_KEEPER, "point:3"), (Role.ORDER_DESK, "*")])
        make("=HYPERLINK(1)", email="formula@example.com")
    sign_in(client, "chief@example.com")
    return client


def _names(answer):
    return re.findall(r'<th[^>]* scope="row"><a href="[^"]+">([^<]+)</a>', answer.get_data(as_text=True))


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["Đặng Thị Ế", "Đỗ Văn Cò", "=HYPERLINK(1)", "Vũ Văn Án"]),
        ("?sort=-name", ["Vũ Văn Án", "=HYPERLINK(1)", "Đỗ Văn Cò", "Đặng Thị Ế"]),
        ("?q=dang+e", ["Đặng Thị Ế"]),
        ("?q=0912+345", ["Đặng Thị Ế"]),
        ("?q=co@example", ["Đỗ Văn Cò"]),
        ("?q=%25", []),
        ("?role=order_desk", ["Đỗ Văn Cò"]),
        ("?state=staff", ["Đỗ Văn Cò", "Vũ Văn Án"]),
        ("?state=disabled", []),
        ("?state=bare&sort=-name", ["Vũ Văn Án", "Đỗ Văn Cò"]),
        ("?sort=-seen", None),
        ("?sort=drop&role=x&state=y&page=abc", ["Đặng Thị Ế", "Đỗ Văn Cò", "=HYPERLINK(1)", "Vũ Văn Án"]),
    ],
)
def test_list_is_sorted_searched_and_filtered(desk, query, names):
    answer = desk.get("/office/users" + query)
    assert answer.status_code == 200
    found = _names(answer)
    if names is None:
        assert found[0] == "Vũ Văn Án"
    else:
        assert found == names


def test_list_is_exported_without_formulas(desk):
    body = desk.get("/office/users?format=csv", buffered=True).get_data().decode("utf-8-sig")
    assert "Đỗ Văn Cò" in body
    assert "Bộ phận đơn hàng; Người giữ điểm bán (point:3)" in body
    assert '"=HYPERLINK' not in body
    assert desk.get("/office/users?format=xlsx").get_data()[:2] == b"PK"


def test_list_takes_a_fixed_number_of_statements(app, desk):
    few = count(lambda: desk.get("/office/users"), app)
    with app.app_context():
        for n in range(12):
            make(f"Người {n}", email=f"n{n}@example.com", roles=[(Role.ORDER_DESK, "*")])
    assert count(lambda: desk.get("/office/users"), app) == few <= 6


def test_a_users_page_gives_and_takes_roles(app, desk):
    with app.app_context():
        user_id = queries.by_username("e@example.com").id
    page = f"/office/users/{user_id}"
    assert "Đặng Thị Ế" in desk.get(page).get_data(as_text=True)
    assert desk.fill(page, form=f"{page}/grant", role="order_desk", scope="*").status_code == 303
    bad = desk.fill(page, form=f"{page}/grant", role="point_keeper", scope="*")
    assert bad.status_code == 422
    assert 'content="bad-scope"' in bad.get_data(as_text=True)
    assert desk.fill(page, form=f"{page}/grant", role="point_keeper", scope="point:1").status_code == 303
    assert desk.fill(page, form=f"{page}/revoke").status_code == 303
    with app.app_context():
        assert [g.role for g in queries.profile(user_id).grants] == [Role.POINT_KEEPER]
    assert "Giao vai trò" in desk.get(page).get_data(as_text=True)


def test_a_users_page_locks_opens_and_ends_sessions(app, desk):
    with app.app_context():
        user_id = queries.by_username("e@example.com").id
    page = f"/office/users/{user_id}"
    other = app.test_client()
    sign_in(other, "e@example.com")
    desk.fill(page, form=f"{page}/end-sessions")
    assert other.get("/tai-khoan").status_code == 302
    sign_in(other, "e@example.com")
    assert desk.fill(page, form=f"{page}/disable", reason="").status_code == 422
    desk.fill(page, form=f"{page}/disable", reason="Mượn tài khoản")
    assert other.get("/tai-khoan").status_code == 302
    assert "Mượn tài khoản" in desk.get(page).get_data(as_text=True)
    desk.fill(page, form=f"{page}/enable")
    assert sign_in(other, "e@example.com").status_code == 303


def test_a_reset_link_is_shown_once_and_works(app, desk):
    with app.app_context():
        user_id = queries.by_username("e@example.com").id
    page = f"/office/users/{user_id}"
    answer = desk.fill(page, form=f"{page}/reset-link")
    link = re.search(r'data-testid="reset-link">http://localhost(/[^<]+)<', answer.get_data(as_text=True)).group(1)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "reset-link" not in desk.get(page).get_data(as_text=True).replace("/reset-link", "")
    other = app.test_client()
    assert other.fill(link, password=OTHER_PASSWORD).status_code == 303
    assert sign_in(other, "e@example.com", OTHER_PASSWORD).status_code == 303


def test_staff_take_a_lost_factor_off_and_erase_on_request(app, desk):
    with app.app_context():
        user_id = queries.by_username("e@example.com").id
        with_totp(app, user_id)
    page = f"/office/users/{user_id}"
    assert desk.fill(page, form=f"{page}/reset-totp").status_code == 303
    assert sign_in(app.test_client(), "e@example.com").location == "/tai-khoan"
    assert desk.fill(page, form=f"{page}/erase").status_code == 303
    assert desk.get(page).status_code == 404


def test_staff_make_accounts(app, desk):
    answer = desk.fill(
        "/office/users/new",
        form="/office/users/new",
        name="Cán bộ mới",
        email="moi@example.com",
        role="programme_officer",
    )
    assert answer.status_code == 303
    with app.app_context():
        user_id = queries.by_username("moi@example.com").id
        assert queries.profile(user_id).grants == (queries.GrantView(Role.PROGRAMME_OFFICER, "*"),)
    again = desk.fill("/office/users/new", form="/office/users/new", name="X", email="moi@example.com")
    assert again.status_code == 409
    bad = desk.fill("/office/users/new", form="/office/users/new", name="X", email="x@example.com", role="point_keeper")
    assert bad.status_code == 422
    with app.app_context():
        assert queries.by_username("x@example.com") is None, "account and role are made together or not at all"


def test_unknown_users_and_roles_are_refused(desk, app):
    assert desk.get("/office/users/99999").status_code == 404
    token = desk.token("/office/users/1")
    assert desk.post("/office/users/99999/grant", data={"csrf_token": token, "role": "order_desk"}).status_code == 404
    assert desk.post("/office/users/1/revoke", data={"csrf_token": token, "role": "king"}).status_code == 422
    with app.app_context():
        mine = queries.by_username("chief@example.com").id
    for way in ("grant", "disable", "reset-totp", "erase"):
        answer = desk.post(
            f"/office/users/{mine}/{way}", data={"csrf_token": token, "role": "order_desk", "reason": "x"}
        )
        assert (way, answer.status_code) == (way, 403)
    answer = desk.post(f"/office/users/{mine}/revoke", data={"csrf_token": token, "role": "administrator"})
    assert answer.status_code == 409
    with app.app_context():
        accounts.grant(acting(0), 2, Role.ADMINISTRATOR)
    answer = desk.post(f"/office/users/{mine}/revoke", data={"csrf_token": token, "role": "administrator"})
    assert answer.location == "/tai-khoan"
    assert desk.get("/office/users").status_code == 403
