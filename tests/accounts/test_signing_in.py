"""Coming in and going out, and what is refused."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select, update

from shop.accounts import passwords, queries
from shop.accounts import services as accounts
from shop.accounts.errors import TooManyAttempts, WrongCredentials
from shop.accounts.models import Grant, User, UserSession
from shop.accounts.permissions import Role
from shop.kernel import clock
from shop.kernel.db import session, transaction
from tests.accounts.people import OTHER_PASSWORD, PASSWORD, acting, make, sign_in, staff

AT_HOME = accounts.Browser(address="203.0.113.7", agent="Mozilla/5.0 (Android 14) Firefox/130.0")


def test_email_in_any_case_and_phone_in_any_spelling_open_the_same_account(app, client):
    with app.app_context():
        make(email="Lan.Tran@Example.com", phone="0912 345 678")
    for username in ("lan.tran@example.com", " LAN.TRAN@EXAMPLE.COM ", "0912345678", "+84 912 345 678", "0912.345.678"):
        answer = sign_in(client, username)
        assert (answer.status_code, answer.location) == (303, "/tai-khoan"), username
        assert client.get("/tai-khoan").status_code == 200
        client.fill("/tai-khoan", form="/dang-xuat")


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("lan@example.com", "wrong-password-1"),
        ("nobody@example.com", PASSWORD),
        ("0999 999 999", PASSWORD),
        ("không phải gì cả", PASSWORD),
        ("lan@example.com", PASSWORD + "x" * 5000),
        ("lan@example.com", PASSWORD.upper()),
    ],
)
def test_wrong_password_and_unknown_account_get_the_same_answer(app, client, username, password):
    with app.app_context():
        make()
    answer = sign_in(client, username, password)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 401
    assert 'content="wrong-credentials"' in page
    assert "Tài khoản hoặc mật khẩu không đúng." in page
    assert password not in page
    assert client.get("/tai-khoan").status_code == 302


def test_the_password_of_the_demonstration_opens_nothing_in_production(make_app):
    demo = make_app(mode="demo")
    with demo.app_context():
        make(password=passwords.DEMO)
        assert accounts.sign_in("lan@example.com", passwords.DEMO, browser=AT_HOME).token
    with make_app(mode="production").app_context(), pytest.raises(WrongCredentials):
        accounts.sign_in("lan@example.com", passwords.DEMO, browser=AT_HOME)


def test_every_try_hashes_once(ctx, monkeypatch):
    """An unknown account costs the same work as a wrong password: time tells nobody which accounts exist."""
    make()
    calls = []
    real = passwords.matches
    monkeypatch.setattr(passwords, "matches", lambda kept, given: calls.append(kept is None) or real(kept, given))
    for username in ("lan@example.com", "nobody@example.com"):
        with pytest.raises(WrongCredentials):
            accounts.sign_in(username, "not the password", browser=AT_HOME)
    assert calls == [False, True]


def test_old_hashes_are_made_new_at_log_in(ctx, monkeypatch, real_hasher):
    from argon2 import PasswordHasher

    monkeypatch.setattr(passwords, "_hasher", real_hasher)
    user_id = make()
    with transaction():
        session().get(User, user_id).password_hash = PasswordHasher(1, 8, 1).hash(PASSWORD)
    accounts.sign_in("lan@example.com", PASSWORD, browser=AT_HOME)
    kept = session().get(User, user_id).password_hash
    assert not passwords.stale(kept)
    assert passwords.matches(kept, PASSWORD)


def test_nfd_and_nfc_spellings_of_a_password_are_one(ctx):
    import unicodedata

    spoken = "thuyền và núi đá"
    make(password=unicodedata.normalize("NFD", spoken))
    assert accounts.sign_in("lan@example.com", unicodedata.normalize("NFC", spoken), browser=AT_HOME).token


def test_a_locked_account_is_told_only_to_who_knows_the_password(app, client):
    with app.app_context():
        user_id = make()
        accounts.disable(acting(0), user_id, "thử")
    assert sign_in(client, password="wrong-password-1").status_code == 401
    answer = sign_in(client)
    assert answer.status_code == 403
    assert 'content="account-disabled"' in answer.get_data(as_text=True)


# --- limits ------------------------------------------------------------------------------------------------------


def _fail(times: int, username: str = "lan@example.com", browser: accounts.Browser = AT_HOME) -> None:
    for _ in range(times):
        with pytest.raises(WrongCredentials):
            accounts.sign_in(username, "not the password", browser=browser)


@pytest.fixture
def limited(make_app):
    app = make_app(rate_limits=True)
    with app.app_context():
        yield app


def test_ten_failures_close_an_account_even_for_the_right_password_until_the_window_ends(limited):
    make()
    _fail(10)
    for browser in (AT_HOME, accounts.Browser(address="198.51.100.1")):
        with pytest.raises(TooManyAttempts):
            accounts.sign_in("lan@example.com", PASSWORD, browser=browser)
    with time_machine.travel(clock.now() + timedelta(minutes=16), tick=True):
        assert accounts.sign_in("lan@example.com", PASSWORD, browser=AT_HOME).token


def test_unknown_accounts_are_closed_in_the_same_way(limited):
    _fail(10, "nobody@example.com")
    with pytest.raises(TooManyAttempts):
        accounts.sign_in("NOBODY@example.com", PASSWORD, browser=AT_HOME)


def test_success_forgives_what_came_before(limited):
    make()
    for _ in range(3):
        _fail(9)
        assert accounts.sign_in("lan@example.com", PASSWORD, browser=AT_HOME).token


def test_a_known_device_comes_in_while_a_stranger_keeps_guessing(limited):
    user_id = make()
    _fail(10)
    mine = accounts.Browser(address="203.0.113.7", device=(user_id, "key-of-the-phone"))
    assert accounts.sign_in("lan@example.com", PASSWORD, browser=mine).token
    _fail(10, browser=mine)
    with pytest.raises(TooManyAttempts):
        accounts.sign_in("lan@example.com", PASSWORD, browser=mine)


def test_a_device_of_another_account_helps_nobody(limited):
    make()
    other = make("Khác", email="khac@example.com")
    _fail(10, browser=accounts.Browser(address="203.0.113.7", device=(other, "key")))
    with pytest.raises(TooManyAttempts):
        accounts.sign_in(
            "lan@example.com", PASSWORD, browser=accounts.Browser(address="203.0.113.8", device=(other, "key2"))
        )


def test_an_address_that_tries_many_accounts_is_closed(limited):
    make()
    for n in range(60):
        _fail(1, f"guess{n}@example.com")
    with pytest.raises(TooManyAttempts):
        accounts.sign_in("lan@example.com", PASSWORD, browser=AT_HOME)
    assert accounts.sign_in("lan@example.com", PASSWORD, browser=accounts.Browser(address="198.51.100.1")).token


def test_one_line_of_the_new_internet_is_one_caller(limited):
    make()
    for n in range(60):
        _fail(1, f"guess{n}@example.com", accounts.Browser(address=f"2001:db8:1:2::{n:x}"))
    with pytest.raises(TooManyAttempts):
        accounts.sign_in("lan@example.com", PASSWORD, browser=accounts.Browser(address="2001:db8:1:2:ffff::1"))
    assert accounts.sign_in("lan@example.com", PASSWORD, browser=accounts.Browser(address="2001:db8:1:3::1")).token


def test_the_whole_shop_has_a_limit(limited):
    from shop.kernel import settings

    user_id = make()
    settings.change(acting(0), "accounts.failures_all", "50")
    settings.forget()
    for n in range(50):
        _fail(1, f"guess{n}@example.com", accounts.Browser(address=f"198.51.100.{n}"))
    with pytest.raises(TooManyAttempts):
        accounts.sign_in("lan@example.com", PASSWORD, browser=AT_HOME)
    known = accounts.Browser(address="203.0.113.7", device=(user_id, "key"))
    assert accounts.sign_in("lan@example.com", PASSWORD, browser=known).token


@pytest.mark.race
def test_tries_at_one_moment_are_counted_exactly(limited, together):
    make()

    def guess() -> None:
        accounts.sign_in("lan@example.com", "not the password", browser=AT_HOME)

    kinds = [type(outcome.error) for outcome in together(limited, guess, times=24)]
    assert kinds.count(WrongCredentials) == 10
    assert kinds.count(TooManyAttempts) == 14


def test_limits_can_be_switched_off(ctx):
    make()
    _fail(12)
    assert accounts.sign_in("lan@example.com", PASSWORD, browser=AT_HOME).token


# --- sessions ----------------------------------------------------------------------------------------------------


def test_log_in_opens_a_new_session_and_drops_what_the_browser_held(app, client):
    """Nobody can plant a session before log-in and use it after."""
    with app.app_context():
        make()
    planted = client.token("/dang-nhap")
    before = client.get_cookie("shop_session").value
    client.post("/dang-nhap", data={"csrf_token": planted, "username": "lan@example.com", "password": PASSWORD})
    after = client.get_cookie("shop_session").value
    assert before != after
    assert client.post("/tai-khoan/bao-mat/thiet-bi", data={"csrf_token": planted}).status_code == 400
    stranger = app.test_client()
    stranger.set_cookie("shop_session", before)
    assert stranger.get("/tai-khoan").status_code == 302


def test_a_second_log_in_ends_the_session_before(app, client):
    with app.app_context():
        make()
        make("Bình", email="binh@example.com")
    sign_in(client)
    old = client.get_cookie("shop_session").value
    page = client.get("/tai-khoan").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)
    answer = client.post("/dang-nhap", data={"csrf_token": token, "username": "binh@example.com", "password": PASSWORD})
    assert answer.status_code == 303
    thief = app.test_client()
    thief.set_cookie("shop_session", old)
    assert thief.get("/tai-khoan").status_code == 302
    assert "Bình" in client.get("/tai-khoan").get_data(as_text=True)


def test_log_out_ends_the_session_for_every_copy_of_the_cookie(app, client):
    with app.app_context():
        make()
    sign_in(client)
    copy = client.get_cookie("shop_session").value
    client.fill("/tai-khoan", form="/dang-xuat")
    thief = app.test_client()
    thief.set_cookie("shop_session", copy)
    assert thief.get("/tai-khoan").status_code == 302


def test_log_out_by_get_does_nothing(app, client):
    with app.app_context():
        make()
    sign_in(client)
    assert client.get("/dang-xuat").status_code == 405
    assert client.get("/tai-khoan").status_code == 200


def test_disabling_and_demotion_act_with_the_next_request(app, client):
    with app.app_context():
        staff(email="chief@example.com")
        user_id = staff(Role.ORDER_DESK, email="an@example.com")
    sign_in(client, "an@example.com")
    assert client.get("/tai-khoan").status_code == 200
    with app.app_context():
        assert {g.role for g in queries.profile(user_id).grants} == {Role.ORDER_DESK}
        accounts.revoke(acting(0), user_id, Role.ORDER_DESK)
    assert client.get("/office/users").status_code in {403, 404}
    with app.app_context():
        accounts.disable(acting(0), user_id, "nghỉ việc")
    assert client.get("/tai-khoan").status_code == 302


def test_a_session_of_a_disabled_or_erased_user_never_counts(ctx):
    """Even if it was not ended: the question itself says no."""
    user_id = make()
    token = accounts.sign_in("lan@example.com", PASSWORD, browser=AT_HOME).token
    for column in ("disabled_at", "erased_at"):
        for value, held in ((clock.now(), False), (None, True)):
            with transaction():
                session().execute(update(User).where(User.id == user_id).values({column: value}))
            assert (queries.signed_in(token, compulsory=False) is not None) is held


def test_a_session_without_the_second_factor_never_counts_once_there_is_one(ctx):
    user_id = make()
    token = accounts.sign_in("lan@example.com", PASSWORD, browser=AT_HOME).token
    with transaction():
        session().execute(update(User).where(User.id == user_id).values(totp_secret="X", totp_confirmed_at=clock.now()))
    assert queries.signed_in(token, compulsory=False) is None


def test_sessions_end_after_four_idle_hours_or_a_day(ctx):
    make()
    began = clock.now()
    token = accounts.sign_in("lan@example.com", PASSWORD, browser=AT_HOME).token
    with time_machine.travel(began + timedelta(hours=3, minutes=50), tick=False):
        found = queries.signed_in(token, compulsory=False)
        assert found is not None
        accounts.touch(found.session_id)
    with time_machine.travel(began + timedelta(hours=7), tick=False):
        assert queries.signed_in(token, compulsory=False) is not None
    with time_machine.travel(began + timedelta(hours=8), tick=False):
        assert queries.signed_in(token, compulsory=False) is None
    for hour in range(3, 24, 3):
        with time_machine.travel(began + timedelta(hours=hour), tick=False), transaction():
            session().execute(update(UserSession).values(last_seen_at=clock.now()))
    with time_machine.travel(began + timedelta(hours=23, minutes=59), tick=False):
        assert queries.signed_in(token, compulsory=False) is not None
    with time_machine.travel(began + timedelta(hours=24, minutes=1), tick=False):
        assert queries.signed_in(token, compulsory=False) is None


def test_a_remembered_device_stays_for_thirty_days_but_never_in_the_office(app, client):
    with app.app_context():
        make()
        staff()
    answer = sign_in(client, remember="1")
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith("shop_session="))
    assert "Expires" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    other = app.test_client()
    answer = sign_in(other, "an@example.com", remember="1")
    assert "Expires" not in next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith("shop_session="))
    with app.app_context():
        lasts = {
            row.user.name: (row.remember, row.expires_at - row.created_at)
            for row in session().scalars(select(UserSession))
        }
    assert lasts["Trần Thị Lan"] == (True, timedelta(days=30))
    assert lasts["Vũ Văn An"] == (False, timedelta(hours=12))


def test_use_is_noted_at_most_each_five_minutes(app, client):
    with app.app_context():
        make()
    sign_in(client)

    def seen():
        with app.app_context():
            return session().scalar(select(UserSession.last_seen_at))

    first = seen()
    client.get("/tai-khoan")
    assert seen() == first
    with time_machine.travel(clock.now() + timedelta(minutes=6), tick=True):
        client.get("/dang-ky")
        client.get("/tai-khoan")
        assert seen() > first + timedelta(minutes=5)


def test_cookies_are_secure_under_https(make_app):
    app = make_app(base_url="https://shop.example")
    with app.app_context():
        make()
    client = app.test_client()
    base = "https://shop.example"
    page = client.get("/dang-nhap", base_url=base).get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)
    answer = client.post(
        "/dang-nhap",
        data={"csrf_token": token, "username": "lan@example.com", "password": PASSWORD},
        base_url=base,
    )
    cookies = answer.headers.getlist("Set-Cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert "Secure" in cookie
        assert "HttpOnly" in cookie


# --- where to ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("/tai-khoan/ho-so", "/tai-khoan/ho-so"),
        ("/san-pham?q=ch%E1%BA%A3", "/san-pham?q=ch%E1%BA%A3"),
        ("//evil.example", "/tai-khoan"),
        ("https://evil.example/", "/tai-khoan"),
        ("/\\evil.example", "/tai-khoan"),
        ("\\\\evil.example", "/tai-khoan"),
        ("javascript:alert(1)", "/tai-khoan"),
        ("/\t/evil.example", "/tai-khoan"),
        ("/dang-nhap?next=/dang-nhap", "/tai-khoan"),
        ("", "/tai-khoan"),
    ],
)
def test_nobody_is_sent_to_a_foreign_place(app, client, asked, given):
    with app.app_context():
        make()
    assert sign_in(client, next=asked).location == given
    from urllib.parse import quote

    assert client.get("/dang-nhap?next=" + quote(asked)).location == given


def test_a_guarded_page_comes_back_after_log_in(app, client):
    with app.app_context():
        make()
    answer = client.get("/tai-khoan/bao-mat?x=1")
    assert answer.location == "/dang-nhap?next=%2Ftai-khoan%2Fbao-mat%3Fx%3D1"
    assert client.fill(answer.location, form="/dang-nhap", username="lan@example.com", password=PASSWORD).location == (
        "/tai-khoan/bao-mat?x=1"
    )


def test_public_pages_do_not_ask_who_is_there(app, client):
    """Nothing is loaded, no cookie is set and the answer does not vary by it."""
    with app.app_context():
        make()
    sign_in(client, remember="1")
    answer = (
        client.get("/healthz")
        if "/healthz" in {r.rule for r in app.url_map.iter_rules()}
        else client.get("/robots.txt")
    )
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")


def test_a_log_in_form_without_token_or_from_elsewhere_is_refused(app, client):
    with app.app_context():
        make()
    values = {"username": "lan@example.com", "password": PASSWORD}
    assert client.post("/dang-nhap", data=values).status_code == 400
    token = client.token("/dang-nhap")
    answer = client.post("/dang-nhap", data=values | {"csrf_token": token}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    with app.app_context():
        assert session().scalar(select(func.count()).select_from(UserSession)) == 0


def test_own_devices_are_listed_and_ended_one_by_one_or_all(app, client):
    with app.app_context():
        user_id = make()
        make("Bình", email="binh@example.com")
    phone, desk, foreign = app.test_client(), app.test_client(), app.test_client()
    for visitor in (client, phone, desk):
        sign_in(visitor)
    sign_in(foreign, "binh@example.com")
    with app.app_context():
        listed = queries.sessions_of(user_id)
        theirs = queries.sessions_of(user_id + 1)[0].reference
    assert len(listed) == 3
    token = client.token("/tai-khoan/bao-mat")
    assert client.post(f"/tai-khoan/bao-mat/thiet-bi/{theirs}", data={"csrf_token": token}).status_code == 404
    assert foreign.get("/tai-khoan").status_code == 200
    second = listed[1].reference
    assert client.post(f"/tai-khoan/bao-mat/thiet-bi/{second}", data={"csrf_token": token}).status_code == 303
    assert sorted(v.get("/tai-khoan").status_code for v in (client, phone, desk)) == [200, 200, 302]
    client.post("/tai-khoan/bao-mat/thiet-bi", data={"csrf_token": token})
    assert [v.get("/tai-khoan").status_code for v in (client, phone, desk)] == [200, 302, 302]


def test_a_guests_key_is_told_at_log_in_and_goes_at_log_out(app, client, monkeypatch):
    from shop.accounts.events import UserSignedIn
    from shop.kernel import events

    heard = []
    monkeypatch.setitem(events._now, UserSignedIn, [heard.append])
    with app.app_context():
        user_id = make()
    client.set_cookie("visitor", "guest-key-0123456789")
    sign_in(client)
    assert heard == [UserSignedIn(user_id, "guest-key-0123456789")]
    client.fill("/tai-khoan", form="/dang-xuat")
    assert client.get_cookie("visitor") is None


def test_the_next_person_at_a_browser_does_not_inherit_the_guests_key(app, client):
    with app.app_context():
        make()
        make("Bình", email="binh@example.com")
    client.set_cookie("visitor", "guest-key-0123456789")
    sign_in(client)
    assert client.get_cookie("visitor").value == "guest-key-0123456789"
    client.delete_cookie("shop_session")  # the session ran out; nobody logged out
    sign_in(client, "binh@example.com")
    assert client.get_cookie("visitor") is None


def test_password_is_changed_and_other_devices_go(app, client):
    with app.app_context():
        make()
    other = app.test_client()
    sign_in(client)
    sign_in(other)
    path = "/tai-khoan/bao-mat/mat-khau"
    answer = client.fill("/tai-khoan/bao-mat", form=path, current_password="wrong-one-123", password=OTHER_PASSWORD)
    assert answer.status_code == 422
    assert 'content="wrong-password"' in answer.get_data(as_text=True)
    answer = client.fill("/tai-khoan/bao-mat", form=path, current_password=PASSWORD, password="12345678")
    assert 'content="weak-password"' in answer.get_data(as_text=True)
    answer = client.fill("/tai-khoan/bao-mat", form=path, current_password=PASSWORD, password=OTHER_PASSWORD)
    assert answer.status_code == 303
    assert client.get("/tai-khoan").status_code == 200
    assert other.get("/tai-khoan").status_code == 302
    assert sign_in(other).status_code == 401
    assert sign_in(other, password=OTHER_PASSWORD).status_code == 303


@pytest.mark.parametrize("locale", ["vi", "en"])
def test_a_councils_member_lands_on_his_councils(app, client, locale: str) -> None:
    """He has nothing to do with a buyer's account; whoever has another role, or asked for a page, goes where he would."""
    with app.app_context():
        member = make(email="hoidong@example.com")
        with transaction() as s:
            s.add(Grant(user_id=member, role=Role.COUNCIL_MEMBER, scope="council:1", granted_at=clock.now()))
            s.get_one(User, member).locale = locale
    start = "/en" if locale == "en" else ""
    assert sign_in(client, "hoidong@example.com").location == f"{start}/office/council"
    client.fill("/tai-khoan", form="/dang-xuat")
    with app.app_context(), transaction() as s:
        s.add(Grant(user_id=member, role=Role.LOCALITY_OFFICER, scope="locality:1", granted_at=clock.now()))
    assert sign_in(client, "hoidong@example.com").location == "/tai-khoan"
