"""The second factor."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from shop.accounts import queries
from shop.accounts import services as accounts
from shop.accounts.errors import CodeUsed, OwnRights, StepExpired, TooManyAttempts, WrongCode, WrongPassword
from shop.accounts.models import RecoveryCode, User
from shop.accounts.permissions import Role
from shop.kernel import clock
from shop.kernel.db import session
from tests.accounts.people import PASSWORD, acting, code_now, make, sign_in, staff, with_totp

AT_HOME = accounts.Browser(address="203.0.113.7")


def test_set_up_in_the_browser_and_log_in_with_it(app, client):
    with app.app_context():
        user_id = make()
    other = app.test_client()
    sign_in(client)
    sign_in(other)
    begin = "/tai-khoan/bao-mat/hai-buoc/bat-dau"
    assert client.fill("/tai-khoan/bao-mat", form=begin, current_password="not it at all").status_code == 422
    answer = client.fill("/tai-khoan/bao-mat", form=begin, current_password=PASSWORD)
    assert answer.location == "/tai-khoan/bao-mat/hai-buoc"
    page = client.get(answer.location).get_data(as_text=True)
    secret = re.search(r'data-testid="totp-secret">([A-Z2-7 ]+)<', page).group(1).replace(" ", "")
    assert 'src="data:image/svg+xml' in page
    with app.app_context():
        assert not queries.profile(user_id).has_totp
    page = "/tai-khoan/bao-mat/hai-buoc"
    assert client.fill(page, form=page, totp="000000").status_code == 422
    answer = client.fill(page, form=page, totp=code_now(secret))
    codes = re.findall(r"<code>([0-9A-Z-]+)</code>", answer.get_data(as_text=True))
    assert len(set(codes)) == 10
    assert answer.headers["Cache-Control"] == "no-store"
    assert client.get("/tai-khoan").status_code == 200
    assert other.get("/tai-khoan").status_code == 302, "opened with the password alone"
    assert client.get("/tai-khoan/bao-mat/hai-buoc").status_code == 303, "the secret is not shown again"

    answer = sign_in(other, next="/tai-khoan/ho-so")
    assert answer.location == "/dang-nhap/xac-minh"
    assert other.get("/tai-khoan").status_code == 302
    assert other.fill("/dang-nhap/xac-minh", form="/dang-nhap/xac-minh", totp="000000").status_code == 422
    with time_machine.travel(clock.now() + timedelta(seconds=31), tick=True):
        answer = other.fill("/dang-nhap/xac-minh", form="/dang-nhap/xac-minh", totp=code_now(secret))
    assert (answer.status_code, answer.location) == (303, "/tai-khoan/ho-so")
    third = app.test_client()
    sign_in(third)
    assert third.fill("/dang-nhap/xac-minh", form="/dang-nhap/xac-minh", totp=codes[0].lower()).status_code == 303
    sign_in(third := app.test_client())
    assert third.fill("/dang-nhap/xac-minh", form="/dang-nhap/xac-minh", totp=codes[0]).status_code == 422


def test_the_code_may_come_with_the_password(app, client):
    with app.app_context():
        secret, _codes = with_totp(app, make())
        code = code_now(secret)
    assert sign_in(client, totp="000000").status_code == 422
    assert sign_in(client, totp=code).location == "/tai-khoan"


def test_a_code_works_once_and_never_after_a_later_one(ctx):
    user_id = make()
    secret, _codes = with_totp(ctx, user_id)
    now = clock.now()
    with time_machine.travel(now, tick=False):
        late, present = code_now(secret, now - timedelta(seconds=30)), code_now(secret)
        assert accounts.sign_in("lan@example.com", PASSWORD, browser=AT_HOME, code=present).token
        for used in (present, late):
            with pytest.raises(CodeUsed):
                accounts.sign_in("lan@example.com", PASSWORD, browser=AT_HOME, code=used)
    for old in (timedelta(minutes=-2), timedelta(minutes=2)):
        with pytest.raises(WrongCode):
            accounts.sign_in("lan@example.com", PASSWORD, browser=AT_HOME, code=code_now(secret, now + old))


@pytest.mark.race
def test_one_code_at_one_moment_opens_one_session(app, together):
    with app.app_context():
        secret, codes = with_totp(app, make())
    for code in (code_now(secret), codes[0]):
        outcomes = together(
            app, lambda code=code: accounts.sign_in("lan@example.com", PASSWORD, browser=AT_HOME, code=code), times=6
        )
        assert sum(o.error is None for o in outcomes) == 1, [o.error for o in outcomes]


def test_codes_cannot_be_guessed(make_app):
    app = make_app(rate_limits=True)
    with app.app_context():
        user_id = make()
        secret, _codes = with_totp(app, user_id)
        step = accounts.sign_in("lan@example.com", PASSWORD, browser=AT_HOME).step_token
        for _ in range(10):
            with pytest.raises(WrongCode):
                accounts.second_step(step, "123 456", browser=AT_HOME)
        with pytest.raises(TooManyAttempts):
            accounts.second_step(step, code_now(secret), browser=AT_HOME)


def test_the_second_step_ends(ctx):
    user_id = make()
    _secret, codes = with_totp(ctx, user_id)
    step = accounts.sign_in("lan@example.com", PASSWORD, browser=AT_HOME).step_token
    with time_machine.travel(clock.now() + timedelta(minutes=11)), pytest.raises(StepExpired):
        accounts.second_step(step, codes[0], browser=AT_HOME)
    assert accounts.second_step(step, codes[0], browser=AT_HOME).token
    with pytest.raises(StepExpired):
        accounts.second_step(step, codes[1], browser=AT_HOME)
    step = accounts.sign_in("lan@example.com", PASSWORD, browser=AT_HOME).step_token
    accounts.disable(acting(0), user_id, "thử")
    with pytest.raises(StepExpired):
        accounts.second_step(step, codes[1], browser=AT_HOME)


def test_the_second_step_without_the_first_is_no_way_in(client):
    assert client.get("/dang-nhap/xac-minh").location == "/dang-nhap"
    token = client.token("/dang-nhap")
    answer = client.post("/dang-nhap/xac-minh", data={"csrf_token": token, "totp": "123456"})
    assert answer.status_code == 410
    assert 'content="sign-in-expired"' in answer.get_data(as_text=True)


def test_new_recovery_codes_end_the_old(ctx):
    user_id = make()
    _secret, old = with_totp(ctx, user_id)
    with pytest.raises(WrongPassword):
        accounts.new_recovery_codes(acting(user_id), "not it at all")
    new = accounts.new_recovery_codes(acting(user_id), PASSWORD)
    with pytest.raises(WrongCode):
        accounts.sign_in("lan@example.com", PASSWORD, browser=AT_HOME, code=old[0])
    assert accounts.sign_in("lan@example.com", PASSWORD, browser=AT_HOME, code=new[0]).token
    kept = set(session().scalars(select(RecoveryCode.code_hash)))
    assert not kept & set(new)
    assert queries.profile(user_id).recovery_codes_left == 9


def test_switching_off_takes_password_and_code(app, client):
    with app.app_context():
        user_id = make()
        secret, codes = with_totp(app, user_id)
    sign_in(client, totp=codes[0])
    path = "/tai-khoan/bao-mat/hai-buoc/tat"
    for password, code in ((PASSWORD, "000000"), ("not it at all", codes[1]), (PASSWORD, "")):
        assert client.fill("/tai-khoan/bao-mat", form=path, current_password=password, totp=code).status_code == 422
    assert (
        client.fill("/tai-khoan/bao-mat", form=path, current_password=PASSWORD, totp=code_now(secret)).status_code
        == 303
    )
    with app.app_context():
        user = session().get(User, user_id)
        assert (user.totp_secret, user.totp_confirmed_at, user.totp_last_step) == (None, None, None)
        assert session().scalars(select(RecoveryCode)).all() == []


def test_only_another_administrator_takes_a_lost_factor_off(ctx):
    chief = staff(email="chief@example.com")
    user_id = make()
    with_totp(ctx, user_id)
    with pytest.raises(OwnRights):
        accounts.reset_totp(acting(user_id), user_id)
    token = None
    accounts.reset_totp(acting(chief), user_id)
    token = accounts.sign_in("lan@example.com", PASSWORD, browser=AT_HOME).token
    assert token is not None
    assert queries.history(user_id)[0].action == "accounts.second-factor-reset"


# --- compulsory for the office -----------------------------------------------------------------------------------


def test_in_production_the_office_waits_for_the_second_factor(make_app):
    app = make_app(mode="production")
    with app.app_context():
        staff()
        make()
    client = app.test_client()
    sign_in(client, "an@example.com")
    assert client.get("/office/users").location == "/tai-khoan/bao-mat"
    page = client.get("/tai-khoan/bao-mat")
    assert page.status_code == 200, "no ring of redirects"
    assert "bắt buộc xác minh hai bước" in page.get_data(as_text=True)
    token = client.token("/tai-khoan/bao-mat")
    answer = client.post("/office/users/1/enable", data={"csrf_token": token})
    assert answer.status_code == 403
    assert 'content="second-factor-required"' in answer.get_data(as_text=True)
    client.fill("/tai-khoan/bao-mat", form="/tai-khoan/bao-mat/hai-buoc/bat-dau", current_password=PASSWORD)
    with app.app_context():
        secret = session().scalar(select(User.totp_secret).where(User.totp_secret.is_not(None)))
    page = "/tai-khoan/bao-mat/hai-buoc"
    assert client.fill(page, form=page, totp=code_now(secret)).status_code == 200
    assert client.get("/office/users").status_code == 200
    with time_machine.travel(clock.now() + timedelta(seconds=60), tick=True):
        answer = client.fill(
            "/tai-khoan/bao-mat", form="/tai-khoan/bao-mat/hai-buoc/tat", current_password=PASSWORD,
            totp=code_now(secret),
        )  # fmt: skip
    assert 'content="second-factor-compulsory"' in answer.get_data(as_text=True)
    customer = app.test_client()
    assert sign_in(customer).status_code == 303
    assert customer.get("/tai-khoan").status_code == 200


def test_elsewhere_the_office_works_without(app, client):
    with app.app_context():
        staff()
    sign_in(client, "an@example.com")
    assert client.get("/office/users").status_code == 200


@pytest.mark.parametrize("role", [Role.CUSTOMER])
def test_customers_are_never_forced(make_app, role):
    app = make_app(mode="production")
    with app.app_context():
        make(roles=[(role, "*")])
    client = app.test_client()
    sign_in(client)
    assert "bắt buộc" not in client.get("/tai-khoan/bao-mat").get_data(as_text=True)
