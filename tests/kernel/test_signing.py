"""Signed texts: what Flask and Flask-WTF signed is read, what is signed here they read; nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from shop.kernel import signing
from shop.kernel.signing import Signed

SECRET = "s" * 40
KEPT = {
    "csrf_token": "ab" * 20,
    "_flashes": [("message", "Đã thêm “Chả mực” vào giỏ.")],
    "at": datetime(2026, 3, 1, tzinfo=UTC),
}


@pytest.fixture(params=["short", "long"])
def text(request):
    return KEPT | ({"orders": ["HX7K-3M2P"] * 200} if request.param == "long" else {})


def test_the_cookies_of_flask_stay_good(text):
    bare = Flask("bare")
    bare.secret_key = SECRET
    flask = SecureCookieSessionInterface().get_signing_serializer(bare)
    ours = Signed(SECRET, "cookie-session", "hmac")
    assert ours.loads(flask.dumps(text)) == text
    assert flask.loads(ours.dumps(text)) == text
    assert ours.loads(ours.dumps(text), max_age=60) == text


def test_the_tokens_of_flask_wtf_stay_good():
    theirs, ours = URLSafeTimedSerializer(SECRET, salt="wtf-csrf-token"), Signed(SECRET, "wtf-csrf-token")
    assert ours.loads(theirs.dumps("ab" * 20)) == "ab" * 20
    assert theirs.loads(ours.dumps("ab" * 20)) == "ab" * 20


def test_a_long_text_is_squeezed():
    assert len(Signed(SECRET, "x").dumps("a" * signing.WORTH_SQUEEZING)) < 200


def test_what_was_changed_signed_elsewhere_or_long_ago_is_refused(monkeypatch):
    ours = Signed(SECRET, "cookie-session", "hmac")
    good = ours.dumps(KEPT)
    changed = ("A" if good[3] != "A" else "B").join([good[:3], good[4:]])
    foreign = Signed("t" * 40, "cookie-session", "hmac").dumps(KEPT), Signed(SECRET, "other", "hmac").dumps(KEPT)
    for bad in (changed, good[:-1], good.rpartition(".")[0], "", "a.b.c", *foreign):
        with pytest.raises(BadSignature):
            ours.loads(bad)
    with pytest.raises(SignatureExpired):
        ours.loads(good, max_age=-1)


def test_a_token_belongs_to_one_browser(app):
    one, other = app.test_client(), app.test_client()
    token = one.token("/tra-cuu")
    other.token("/tra-cuu")
    body = {"reference": "HX7K-3M2P", "phone": "0912345678", "csrf_token": token}
    assert one.post("/tra-cuu", data=body).status_code == 404
    assert other.post("/tra-cuu", data=body).status_code == 400
    assert app.test_client().post("/tra-cuu", data=body).status_code == 400
