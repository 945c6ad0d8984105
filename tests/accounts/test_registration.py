"""New accounts."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from shop.accounts import queries
from shop.accounts import services as accounts
from shop.accounts.errors import AccountExists
from shop.accounts.models import Consent, User
from shop.accounts.permissions import Role
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session
from shop.kernel.errors import Invalid, TooManyRequests
from shop.kernel.mail import Letter
from tests.accounts.people import OTHER_PASSWORD, PASSWORD, make, sign_in

GIVEN = {
    "name": "Trần Thị Lan", "email": "Lan@Example.com", "phone": "0912 345 678", "password": PASSWORD,
    "consent_privacy": "1",
}  # fmt: skip


def _register(client, **fields):
    return client.fill("/dang-ky", form="/dang-ky", **{**GIVEN, **fields})


def test_a_new_account_is_signed_in_and_asked_to_confirm_its_address(app, client):
    answer = _register(client)
    assert (answer.status_code, answer.location) == (303, "/tai-khoan")
    assert "Trần Thị Lan" in client.get("/tai-khoan").get_data(as_text=True)
    with app.app_context():
        user = session().scalar(select(User))
        assert (user.email, user.phone, user.locale) == ("lan@example.com", "+84912345678", "vi")
        assert user.email_confirmed_at is None
        assert [c.kind for c in session().scalars(select(Consent))] == ["privacy"]
        letter = session().scalar(select(Letter))
        assert letter.recipient == "lan@example.com"
        assert "Xác nhận địa chỉ e-mail" in letter.subject
        link = re.search(r"http://localhost(/xac-nhan-email/\S+)", letter.body_text).group(1)
    assert client.get(link).status_code == 200
    assert client.get(link).status_code == 200, "opening the page does not use the link"
    assert client.fill(link).status_code == 303
    with app.app_context():
        assert session().scalar(select(User)).email_confirmed_at is not None
    answer = client.get(link)
    assert answer.status_code == 410
    assert 'content="link-expired"' in answer.get_data(as_text=True)


def test_a_phone_number_alone_is_enough(app, client):
    assert _register(client, email="").status_code == 303
    with app.app_context():
        assert session().scalar(select(User.email)) is None
        assert session().scalar(select(func.count()).select_from(Letter)) == 0


def test_an_english_visitor_gets_an_english_account_and_letter(app, client):
    client.fill("/en/dang-ky", form="/en/dang-ky", **GIVEN)
    with app.app_context():
        assert session().scalar(select(User.locale)) == "en"
        assert "http://localhost/en/xac-nhan-email/" in session().scalar(select(Letter.body_text))


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"email": "", "phone": ""}, 422, "invalid"),
        ({"email": "không-phải-thư"}, 422, "invalid"),
        ({"phone": "12"}, 422, "invalid"),
        ({"phone": "0212345"}, 422, "invalid"),
        ({"password": "12345678"}, 422, "weak-password"),
        ({"password": "tranthilan"}, 422, "weak-password"),
        ({"password": "short-1"}, 422, "invalid"),
        ({"consent_privacy": None}, 422, "invalid"),
        ({"name": "   "}, 422, None),
        ({"name": "x" * 121}, 422, None),
    ],
)
def test_what_is_not_good_is_said_and_nothing_is_made(app, client, fields, status, code):
    answer = _register(client, **fields)
    page = answer.get_data(as_text=True)
    assert answer.status_code == status
    assert 'data-testid="error"' in page
    if code:
        assert f'content="{code}"' in page
    assert GIVEN["password"] not in page
    with app.app_context():
        assert session().scalar(select(func.count()).select_from(User)) == 0


def test_consents_are_never_ticked_beforehand(client):
    page = client.get("/dang-ky").get_data(as_text=True)
    boxes = re.findall(r'<input type="checkbox"[^>]*>', page)
    assert len(boxes) == 2
    assert not any("checked" in box for box in boxes)


@pytest.mark.parametrize("fields", [{"phone": ""}, {"email": "khac@example.com"}])
def test_a_taken_address_or_number_is_refused(app, client, fields):
    with app.app_context():
        make(email="lan@example.com", phone="+84912345678")
    answer = _register(client, **fields, password=OTHER_PASSWORD)
    assert answer.status_code == 409
    assert 'content="account-exists"' in answer.get_data(as_text=True)


@pytest.mark.race
def test_two_at_once_get_one_account(app, together):
    def register():
        return accounts.register(
            name="Lan", email="lan@example.com", phone="", password=PASSWORD, locale="vi", consents=["privacy"],
            browser=accounts.Browser(),
        )  # fmt: skip

    outcomes = together(app, register, times=6)
    assert sum(o.error is None for o in outcomes) == 1
    assert {type(o.error) for o in outcomes if o.error} == {AccountExists}


def test_one_address_cannot_make_accounts_without_end(make_app):
    app = make_app(rate_limits=True)
    with app.app_context():
        for n in range(31):
            values = {
                "name": "Lan", "email": f"lan{n}@example.com", "phone": "", "password": PASSWORD, "locale": "vi",
                "consents": ["privacy"], "browser": accounts.Browser(address="203.0.113.7"),
            }  # fmt: skip
            if n < 30:
                accounts.register(**values)
            else:
                with pytest.raises(TooManyRequests):
                    accounts.register(**values)


def test_script_in_a_name_is_text(app, client):
    _register(client, name="<script>alert(1)</script>")
    page = client.get("/tai-khoan").get_data(as_text=True)
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_an_account_made_by_staff_has_no_password_until_its_link_is_used(ctx):
    user_id = accounts.create(SYSTEM, name="An", email="an@example.com", roles=[(Role.ORDER_DESK, "*")])
    client = ctx.test_client()
    for guess in ("", "-", PASSWORD):
        assert sign_in(client, "an@example.com", guess or " ").status_code == 401
    token = accounts.issue_reset_link(SYSTEM, user_id)
    assert client.fill(f"/dat-lai-mat-khau/{token}", password=PASSWORD).status_code == 303
    assert sign_in(client, "an@example.com").status_code == 303
    assert queries.profile(user_id).grants == (queries.GrantView(Role.ORDER_DESK, "*"),)


def test_staff_cannot_make_what_a_person_could_not(ctx):
    with pytest.raises(Invalid):
        accounts.create(SYSTEM, name="An")
    with pytest.raises(Invalid):
        accounts.create(SYSTEM, name="An", email="x")
