"""A person's data: seen, corrected, taken along, erased."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import func, inspect, select, text

from shop.accounts import personal, queries
from shop.accounts import services as accounts
from shop.accounts.events import UserErased
from shop.accounts.models import Consent, User
from shop.accounts.permissions import Role
from shop.kernel import audit, events, invariants, mail
from shop.kernel.db import db, session, transaction
from shop.kernel.errors import Conflict, NotFound
from tests.accounts.people import PASSWORD, acting, make, sign_in, with_totp

GIVEN = accounts.AddressGiven(
    name="Trần Thị Ngọc", telephone="0912 345 678", street_address="Số 5 đường Bến Tàu", address_locality="Phường Hồng Gai",
    locality_code="06676", address_region="Tỉnh Quảng Ninh", region_code="22",
)  # fmt: skip


def _whole_person(app):
    """Somebody of whom the house knows all it can know."""
    user_id = make("Trần Thị Ngọc", email="ngoc.tran@example.com", phone="0912345678", locale="en")
    me = acting(user_id, "Trần Thị Ngọc")
    accounts.add_address(me, GIVEN)
    accounts.give_consent(me, "news")
    accounts.sign_in(
        "0912345678", PASSWORD, browser=accounts.Browser(address="203.0.113.7", agent="Firefox/130.0 Linux")
    )
    with_totp(app, user_id)
    accounts.grant(acting(0), user_id, Role.ORDER_DESK)
    accounts.issue_reset_link(acting(0), user_id)
    accounts.ask_email(me, "moi@example.com", PASSWORD)
    with transaction():
        audit.record(me, "orders.confirm", "orders:X")
        mail.post("order:1", "orders.placed", "ngoc.tran@example.com", "Đơn hàng", "Chào Trần Thị Ngọc")
    return user_id


def test_everything_is_in_the_file(app, client):
    with app.app_context():
        user_id = _whole_person(app)
        codes = accounts.new_recovery_codes(acting(user_id), PASSWORD)
    sign_in(client, "0912345678", totp=codes[0])
    answer = client.get("/tai-khoan/du-lieu/tai-ve")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"
    kept = json.loads(answer.get_data())
    assert kept["account"]["email"] == "ngoc.tran@example.com"
    assert kept["account"]["roles"] == [{"role": "order_desk", "scope": "*"}]
    assert kept["addresses"][0]["streetAddress"] == "Số 5 đường Bến Tàu"
    assert kept["consents"][0]["kind"] == "news"
    assert kept["sessions"]
    assert "argon2" not in answer.get_data(as_text=True)


def test_rooms_above_add_their_part(ctx, monkeypatch):
    monkeypatch.setattr(personal, "_parts", {})
    user_id = make()
    personal.part("orders")(lambda asked: [{"reference": "HX7K-3M2P", "user": asked}])
    assert queries.everything_about(user_id)["orders"] == [{"reference": "HX7K-3M2P", "user": user_id}]


def test_erasing_leaves_nothing_of_the_person_in_any_table(app, client):
    with app.app_context():
        user_id = _whole_person(app)
        codes = accounts.new_recovery_codes(acting(user_id), PASSWORD)
    sign_in(client, "0912345678", totp=codes[0])
    path = "/tai-khoan/du-lieu/xoa"
    assert (
        client.fill("/tai-khoan/du-lieu", form=path, current_password="not it at all", totp=codes[1]).status_code == 422
    )
    assert client.fill("/tai-khoan/du-lieu", form=path, current_password=PASSWORD, totp="").status_code == 422
    answer = client.fill("/tai-khoan/du-lieu", form=path, current_password=PASSWORD, totp=codes[1])
    assert answer.status_code == 200
    assert "Tài khoản đã được xóa" in answer.get_data(as_text=True)
    assert client.get("/tai-khoan").status_code == 302
    assert sign_in(client, "0912345678").status_code == 401
    with app.app_context():
        words = ["Ngọc", "ngoc", "912345678", "203.0.113.7", "Bến Tàu", "Firefox"]
        for table in inspect(db.engine).get_table_names():
            for row in session().execute(text(f'SELECT * FROM "{table}"')):
                assert not [w for w in words if w in str(tuple(row))], (table, row)
        assert audit.broken_links() == []
        assert [f.name for f in invariants.run() if not f.ok] == []
        assert session().get(User, user_id).erased_at is not None
        with pytest.raises(NotFound):
            queries.profile(user_id)
        assert queries.contact(user_id) is None


def test_the_address_is_free_again_after_erasing(ctx):
    user_id = make()
    accounts.erase_oneself(acting(user_id), PASSWORD, None)
    assert make("Khác") != user_id


def test_rooms_above_erase_theirs_or_refuse(ctx, monkeypatch):
    user_id = make()
    heard = []
    monkeypatch.setitem(events._now, UserErased, [heard.append])
    accounts.erase(acting(0), user_id)
    assert heard == [UserErased(user_id)]

    def busy(_fact):
        raise Conflict

    other = make("Khác", email="khac@example.com")
    monkeypatch.setitem(events._now, UserErased, [busy])
    with pytest.raises(Conflict):
        accounts.erase(acting(0), other)
    assert queries.profile(other).email == "khac@example.com"


def test_letters_on_their_way_are_not_sent_to_the_erased(ctx):
    from shop.kernel import jobs

    user_id = make()
    with transaction():
        mail.post("x", "x", "lan@example.com", "Chào", "Chào Lan")
    accounts.erase(acting(0), user_id)
    jobs.dispatch()
    folder = ctx.extensions["shop_config"].instance_dir / "mail"
    assert not folder.exists() or not list(folder.iterdir())


def test_consent_is_given_by_a_tick_and_taken_back(app, client):
    with app.app_context():
        user_id = make()
    sign_in(client)
    page, path = "/tai-khoan/du-lieu", "/tai-khoan/du-lieu/dong-y"
    assert "checked" not in client.get(page).get_data(as_text=True)
    token = client.token(page)
    assert client.post(path, data={"csrf_token": token, "kind": "news", "agree": "1"}).status_code == 303
    client.post(path, data={"csrf_token": token, "kind": "news", "agree": "1"})
    with app.app_context():
        assert session().scalar(select(func.count()).select_from(Consent)) == 1
        assert queries.consents_in_force(user_id)["news"].text_version == "2026-11-01"
    assert client.post(path, data={"csrf_token": token, "kind": "news"}).status_code == 303
    with app.app_context():
        assert queries.consents_in_force(user_id) == {}
        assert len(queries.consents_of(user_id)) == 1, "that it was given is remembered"
    assert client.post(path, data={"csrf_token": token, "kind": "soul", "agree": "1"}).status_code == 404
    assert client.post(path, data={"csrf_token": token, "kind": "privacy"}).status_code == 422
