"""One's own name, address, number and password; forgotten passwords."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from shop.accounts import queries
from shop.accounts import services as accounts
from shop.accounts.errors import LinkExpired
from shop.accounts.models import OneTimeLink, User
from shop.kernel import clock, jobs
from shop.kernel.db import session
from shop.kernel.errors import TooManyRequests
from shop.kernel.mail import Letter
from tests.accounts.people import OTHER_PASSWORD, PASSWORD, acting, make, sign_in, with_totp
from tests.statements import statements


def _letters(app, kind=None):
    with app.app_context():
        jobs.dispatch()
        wanted = select(Letter).order_by(Letter.id)
        found = [row for row in session().scalars(wanted) if kind is None or row.kind == kind]
        session().expunge_all()  # they are read after the session has ended
        return found


def _link(letter):
    return re.search(r"http://localhost(/\S+)", letter.body_text).group(1)


# --- forgotten ---------------------------------------------------------------------------------------------------


def test_a_letter_leads_to_a_new_password(app, client):
    with app.app_context():
        make()
    other = app.test_client()
    sign_in(other)
    answer = client.fill("/quen-mat-khau", form="/quen-mat-khau", username="LAN@example.com")
    assert answer.status_code == 200
    link = _link(_letters(app, "accounts.reset")[0])
    page = client.get(link)
    assert page.headers["Referrer-Policy"] == "strict-origin"
    assert page.headers["Cache-Control"] == "no-store"
    assert client.fill(link, password="12345678").status_code == 422
    assert client.fill(link, password=OTHER_PASSWORD).location == "/dang-nhap"
    assert other.get("/tai-khoan").status_code == 302, "other devices are out"
    assert sign_in(client).status_code == 401
    assert sign_in(client, password=OTHER_PASSWORD).status_code == 303
    assert client.get(link).status_code == 410, "it works once"
    with app.app_context():
        assert session().scalar(select(User.email_confirmed_at)) is not None
    assert _letters(app, "accounts.security")[0].subject == "Mật khẩu tài khoản của bạn vừa được đổi."


@pytest.mark.parametrize("username", ["lan@example.com", "nobody@example.com", "0912345678", "???"])
def test_the_answer_does_not_tell_whether_there_is_an_account(app, client, username):
    with app.app_context():
        make()
    known = client.fill("/quen-mat-khau", form="/quen-mat-khau", username="lan@example.com")
    asked = client.fill("/quen-mat-khau", form="/quen-mat-khau", username=username)

    def shown(answer):
        return re.sub(r'value="[^"]*"', "", answer.get_data(as_text=True))

    assert (asked.status_code, shown(asked)) == (known.status_code, shown(known))


def test_known_and_unknown_accounts_take_the_same_statements(ctx):
    make()
    counts = []
    for username in ("lan@example.com", "nobody@example.com"):
        with statements() as seen:
            accounts.ask_reset(username, address="203.0.113.7")
        counts.append([s.text.split()[0] for s in seen])
    assert counts[0] == counts[1]


def test_a_phone_only_account_gets_no_letter_and_staff_help_it(app, client):
    with app.app_context():
        user_id = make(phone="0912345678", email=None)
    answer = client.fill("/quen-mat-khau", form="/quen-mat-khau", username="0912 345 678")
    assert "không gửi tin nhắn SMS" in answer.get_data(as_text=True)
    assert _letters(app) == []
    with app.app_context():
        token = accounts.issue_reset_link(acting(0), user_id)
    client.fill(f"/dat-lai-mat-khau/{token}", password=OTHER_PASSWORD)
    assert sign_in(client, "0912345678", OTHER_PASSWORD).status_code == 303


def test_a_reset_link_ends_after_an_hour_and_with_any_change_of_password(ctx):
    user_id = make()
    late, second = accounts.issue_reset_link(acting(0), user_id), accounts.issue_reset_link(acting(0), user_id)
    with time_machine.travel(clock.now() + timedelta(minutes=61)), pytest.raises(LinkExpired):
        accounts.set_password(late, OTHER_PASSWORD)
    accounts.change_password(acting(user_id), PASSWORD, OTHER_PASSWORD, session_id=0)
    with pytest.raises(LinkExpired):
        accounts.set_password(second, PASSWORD + "x")


def test_links_of_one_kind_do_not_open_another_door(ctx):
    user_id = make()
    accounts.ask_email(acting(user_id), "moi@example.com", PASSWORD)
    body = session().scalar(select(Letter.body_text))
    token = re.search(r"/xac-nhan-email/(\S+)", body).group(1)
    with pytest.raises(LinkExpired):
        accounts.set_password(token, OTHER_PASSWORD)
    with pytest.raises(LinkExpired):
        accounts.confirm_email(accounts.issue_reset_link(acting(0), user_id))


def test_only_hashes_of_tokens_are_kept(ctx):
    user_id = make()
    token = accounts.issue_reset_link(acting(0), user_id)
    kept = [getattr(row, c.name) for row in session().scalars(select(OneTimeLink)) for c in row.__table__.columns]
    assert token not in [str(value) for value in kept]


@pytest.mark.race
def test_a_link_sent_twice_at_once_works_once(app, together):
    with app.app_context():
        token = accounts.issue_reset_link(acting(0), make())
    outcomes = together(app, lambda: accounts.set_password(token, OTHER_PASSWORD), times=4)
    assert sum(o.error is None for o in outcomes) == 1
    assert {type(o.error) for o in outcomes if o.error} == {LinkExpired}


def test_a_reset_does_not_switch_the_second_factor_off(app, client):
    with app.app_context():
        user_id = make()
        with_totp(app, user_id)
        token = accounts.issue_reset_link(acting(0), user_id)
    client.fill(f"/dat-lai-mat-khau/{token}", password=OTHER_PASSWORD)
    assert sign_in(client, password=OTHER_PASSWORD).location == "/dang-nhap/xac-minh"


def test_letters_cannot_be_asked_for_without_end(make_app):
    app = make_app(rate_limits=True)
    with app.app_context():
        make()
        for _ in range(5):
            accounts.ask_reset("lan@example.com", address="203.0.113.7")
        with pytest.raises(TooManyRequests):
            accounts.ask_reset("LAN@example.com", address="198.51.100.1")


# --- own name, address, number -----------------------------------------------------------------------------------


def test_name_and_language(app, client):
    with app.app_context():
        user_id = make()
    sign_in(client)
    answer = client.fill("/tai-khoan/ho-so", form="/tai-khoan/ho-so", name=" Trần  Lan ", locale="en")
    assert answer.location == "/en/tai-khoan/ho-so"
    with app.app_context():
        me = queries.profile(user_id)
        assert (me.name, me.locale) == ("Trần Lan", "en")
    assert client.fill("/tai-khoan/ho-so", form="/tai-khoan/ho-so", name="").status_code == 422
    assert client.fill("/tai-khoan/ho-so", form="/tai-khoan/ho-so", locale="fr").status_code == 422


def test_a_new_address_counts_once_its_reader_confirms_it(app, client):
    with app.app_context():
        user_id = make()
    sign_in(client)
    path = "/tai-khoan/ho-so/email"
    answer = client.fill("/tai-khoan/ho-so", form=path, email="moi@example.com", current_password="not-it-at-all")
    assert 'content="wrong-password"' in answer.get_data(as_text=True)
    client.fill("/tai-khoan/ho-so", form=path, email="Moi@example.com", current_password=PASSWORD)
    letters = _letters(app)
    assert [row.recipient for row in letters] == ["moi@example.com"]
    with app.app_context():
        assert queries.profile(user_id).email == "lan@example.com"
    client.fill(_link(letters[0]))
    with app.app_context():
        assert queries.profile(user_id).email == "moi@example.com"
    told = _letters(app, "accounts.security")
    assert [(row.recipient, row.subject) for row in told] == [
        ("lan@example.com", "Địa chỉ e-mail của tài khoản vừa được đổi sang địa chỉ khác.")
    ]
    assert sign_in(app.test_client(), "moi@example.com").status_code == 303
    assert sign_in(app.test_client(), "lan@example.com").status_code == 401


def test_another_accounts_address_gets_the_same_answer_and_only_its_reader_is_told(app, client):
    with app.app_context():
        make()
        make("Bình", email="binh@example.com")
    sign_in(client)
    path = "/tai-khoan/ho-so/email"
    taken = client.fill("/tai-khoan/ho-so", form=path, email="binh@example.com", current_password=PASSWORD)
    free = client.fill("/tai-khoan/ho-so", form=path, email="moi@example.com", current_password=PASSWORD)
    assert (taken.status_code, taken.location) == (free.status_code, free.location)
    kinds = {row.recipient: row.kind for row in _letters(app)}
    assert kinds == {"binh@example.com": "accounts.taken", "moi@example.com": "accounts.confirm"}


def test_a_newer_link_replaces_the_older(ctx):
    user_id = make()
    tokens = []
    for mail in ("mot@example.com", "hai@example.com"):
        accounts.ask_email(acting(user_id), mail, PASSWORD)
        body = session().scalars(select(Letter.body_text).order_by(Letter.id.desc())).first()
        tokens.append(re.search(r"/xac-nhan-email/(\S+)", body).group(1))
    with pytest.raises(LinkExpired):
        accounts.confirm_email(tokens[0])
    assert accounts.confirm_email(tokens[1]) == "hai@example.com"


def test_number_is_changed_and_removed_but_never_the_last_way_in(app, client):
    with app.app_context():
        user_id = make()
        make("Bình", email="binh@example.com", phone="0987654321")
    sign_in(client)
    path = "/tai-khoan/ho-so/dien-thoai"

    def change(phone):
        return client.fill("/tai-khoan/ho-so", form=path, phone=phone, current_password=PASSWORD)

    assert change("0912 345 678").status_code == 303
    with app.app_context():
        assert queries.profile(user_id).phone == "+84912345678"
    assert 'content="account-exists"' in change("0987 654 321").get_data(as_text=True)
    assert change("123").status_code == 422
    assert change("").status_code == 303
    with app.app_context():
        only_phone = make("Chi", email=None, phone="0911111111")
    other = app.test_client()
    sign_in(other, "0911111111")
    answer = other.fill("/tai-khoan/ho-so", form=path, phone="", current_password=PASSWORD)
    assert answer.status_code == 422
    with app.app_context():
        assert queries.profile(only_phone).phone == "+84911111111"


def test_the_confirmation_letter_can_be_sent_again(app, client):
    with app.app_context():
        make()
    sign_in(client)
    client.fill("/tai-khoan/ho-so", form="/tai-khoan/ho-so/gui-lai")
    client.fill("/tai-khoan/ho-so", form="/tai-khoan/ho-so/gui-lai")
    first, second = _letters(app, "accounts.confirm")
    assert client.get(_link(first)).status_code == 410
    assert client.fill(_link(second)).status_code == 303


def test_letters_are_written_in_the_readers_language(ctx):
    user_id = make(locale="en")
    accounts.change_password(acting(user_id), PASSWORD, OTHER_PASSWORD, session_id=0)
    letter = session().scalar(select(Letter))
    assert letter.subject == "Your account's password was changed."
    assert "http://localhost/en/quen-mat-khau" in letter.body_text
    assert "Chào" not in letter.body_text


def test_old_links_and_sessions_are_forgotten(ctx):
    from shop.accounts import tasks
    from shop.accounts.models import UserSession

    user_id = make()
    accounts.issue_reset_link(acting(0), user_id)
    accounts.sign_in("lan@example.com", PASSWORD, browser=accounts.Browser())
    tasks.forget_old()
    assert session().scalar(select(func.count()).select_from(UserSession)) == 1
    with time_machine.travel(clock.now() + timedelta(days=40)):
        tasks.forget_old()
    assert session().scalar(select(func.count()).select_from(UserSession)) == 0
    assert session().scalar(select(func.count()).select_from(OneTimeLink)) == 0
