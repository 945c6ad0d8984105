"""The door: hosts, languages, tokens, headers, cached pages; and the environment it is built from."""

from __future__ import annotations

import io

import pytest
from werkzeug.datastructures import MultiDict
from werkzeug.routing import Map, Rule
from wtforms.validators import NumberRange

from config import Config, ConfigError, normal_database_url
from shop import problems
from shop.kernel import forms, web

pytestmark = pytest.mark.one_database

STRONG = "0123456789abcdefghijklmnopqrstuvwxyzABCDEF"


def test_production_needs_a_strong_key(tmp_path):
    env = {"SHOP_MODE": "production", "INSTANCE_DIR": str(tmp_path)}
    for weak in ({}, {"SECRET_KEY": "short"}, {"SECRET_KEY": "a" * 64}):
        with pytest.raises(ConfigError):
            Config.from_env(env | weak)
    assert Config.from_env(env | {"SECRET_KEY": STRONG}).secret_key == STRONG


def test_elsewhere_a_key_is_made_once_and_kept(tmp_path):
    env = {"INSTANCE_DIR": str(tmp_path)}
    assert Config.from_env(env).secret_key == Config.from_env(env).secret_key
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"PORT": "abc"}, {"PORT": "99999"}, {"WORKERS": "0"}, {"BASE_URL": "ftp://x"}, {"RATE_LIMITS": "maybe"},
        {"SHOP_MODE": "x"}, {"DATABASE_URL": "mysql://x"},
    ],
)  # fmt: skip
def test_settings_that_make_no_sense_are_told(tmp_path, wrong):
    with pytest.raises(ConfigError):
        Config.from_env({"INSTANCE_DIR": str(tmp_path)} | wrong)


def test_postgresql_is_reached_by_psycopg_however_it_is_written():
    for url in ("postgres://u@h/d", "postgresql://u@h/d", "postgresql+psycopg://u@h/d"):
        assert normal_database_url(url) == "postgresql+psycopg://u@h/d"


def test_an_unknown_host_is_refused(client):
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400
    assert client.get("/", headers={"Host": "LocalHost:8000"}).status_code == 200
    assert client.get("/", headers={"Host": "LOCALHOST.EVIL.EXAMPLE"}).status_code == 400
    assert client.get("/healthz").status_code == 200


def test_addresses_are_made_as_by_plain_rules_and_only_then_compiled(monkeypatch):
    compiled = []
    plain = Rule._compile_builder
    monkeypatch.setattr(
        Rule, "_compile_builder", lambda rule, more=True: compiled.append(rule.rule) or plain(rule, more)
    )
    rules = [("/a/", None), ("/a/<int:n>/<path:rest>", None), ("/a/<self>/chợ", None), ("/a/<int:n>", {"n": 7})]

    def adapter(kind):
        return Map([kind(rule, defaults=d, endpoint=str(i)) for i, (rule, d) in enumerate(rules)]).bind("x")

    late = adapter(web.LateRule)
    assert compiled == []
    asked = [
        ("0", {}),
        ("0", {"q": "chả"}),
        ("1", {"n": 3, "rest": "b/c"}),
        ("2", {"self": "é"}),
        ("3", {}),
        ("3", {"n": 7}),
    ]
    made = [
        late.build(*wanted, append_unknown=more) for wanted in asked for more in (True, False) for _again in range(2)
    ]
    assert len(compiled) == 2 * len(rules)
    same = adapter(Rule)
    assert made == [
        same.build(*wanted, append_unknown=more) for wanted in asked for more in (True, False) for _ in range(2)
    ]


def test_each_language_has_its_own_address(client):
    vi, en = client.get("/tra-cuu"), client.get("/en/tra-cuu")
    assert 'lang="vi"' in vi.text
    assert 'lang="en"' in en.text
    assert 'href="/en/tra-cuu"' in vi.text
    assert client.get("/english").status_code == 404


@pytest.mark.parametrize(
    "target",
    ["https://ke-xau.example", "//ke-xau.example", "/\\ke-xau.example", "javascript:alert(1)", "/a\nb", "", None, "x"],
)
def test_nobody_is_sent_to_a_foreign_place(target):
    assert web.safe_next(target, "/tai-khoan") == "/tai-khoan"


def test_a_place_of_the_shop_is_kept():
    assert web.safe_next("/thanh-toan?x=1") == "/thanh-toan?x=1"


def test_headers_of_every_page(client):
    for path in ("/", "/tra-cuu", "/khong-co", "/dang-nhap"):
        headers = client.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "unsafe-inline" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_public_page_is_answered_with_304_and_holds_no_visitor(client):
    first = client.get("/")
    assert "Set-Cookie" not in first.headers
    assert first.headers["Cache-Control"].startswith("public")
    again = client.get("/", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_cookies_are_kept_from_scripts_and_other_sites(make_app):
    secure = make_app(base_url="https://cho-ben.example").test_client()
    answer = secure.get("/tra-cuu", base_url="https://cho-ben.example")
    cookies = answer.headers.getlist("Set-Cookie")
    assert cookies
    for cookie in cookies:
        assert "Secure" in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
    assert "Strict-Transport-Security" in answer.headers


def test_an_unsafe_request_needs_its_token_and_its_origin(client):
    assert client.post("/tra-cuu", data={"reference": "x"}).status_code == 400
    token = client.token("/tra-cuu")
    body = {"reference": "HX7K-3M2P", "phone": "0912345678", "csrf_token": token}
    assert client.post("/tra-cuu", data=body).status_code == 404
    for headers in ({"Origin": "https://ke-xau.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        assert client.post("/tra-cuu", data=body, headers=headers).status_code == 403


def test_a_wrong_method_and_too_large_a_body_are_refused_as_pages(client):
    assert client.get("/gio-hang/them").status_code == 405
    assert client.post("/tra-cuu", data=b"x" * (13 * 1024 * 1024), content_type="text/plain").status_code in {400, 413}


def test_a_machine_gets_problem_json(client):
    answer = client.get("/khong-co", headers={"Accept": "application/json"})
    assert answer.mimetype == "application/problem+json"
    assert answer.json["code"] == "not-found"


def test_a_failure_is_a_page_of_the_shop_and_leaks_nothing(app, monkeypatch):
    from shop.pages.storefront import home

    def fail(*_a, **_k):
        raise ValueError("bí mật bên trong")

    monkeypatch.setattr(home, "render_template", fail)
    answer = app.test_client().get("/")
    assert answer.status_code == 500
    assert "bí mật" not in answer.text
    assert 'name="error-code" content="internal-error"' in answer.text


def test_nul_is_refused_wherever_it_stands(client):
    """PostgreSQL cannot hold it: it must never come as far as a query."""
    assert client.get("/san-pham/%00").status_code == 404
    assert client.get("/san-pham?q=%00").status_code == 422
    body = {"reference": "HX7K\x00", "phone": "0912345678", "csrf_token": client.token("/tra-cuu")}
    assert client.post("/tra-cuu", data=body).status_code == 422
    assert client.post("/webhooks/stripe", data={"a": "\x00"}).status_code == 400


def test_a_number_too_long_to_compare_is_a_wrong_number(ctx):
    class Sheet(forms.Form):
        n = forms.WholeNumberField(validators=[NumberRange(1, 5)])
        q = forms.QuantityField()

    sheet = Sheet(formdata=MultiDict({"n": "9" * 400, "q": "9" * 400}))
    assert not sheet.validate()
    assert {"n", "q"} <= set(sheet.errors)


def test_what_is_too_large_is_read_to_its_end_before_the_answer(client):
    """A browser that still sends when the connection closes shows an error of its own."""
    coming = io.BytesIO(b"photo=" + b"x" * (20 * 1024 * 1024))
    answer = client.post(
        "/tra-cuu",
        input_stream=coming,
        content_length=len(coming.getvalue()),
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 413
    assert 'content="too-large"' in answer.get_data(as_text=True)
    assert coming.read(1) == b""


def test_what_never_ends_is_cut_off_after_all(client, monkeypatch):
    monkeypatch.setattr(problems, "READ_OUT_BYTES", 1_000_000)
    coming = io.BytesIO(b"x" * (20 * 1024 * 1024))
    assert client.post("/tra-cuu", input_stream=coming, content_length=20 * 1024 * 1024).status_code in {400, 413}
    assert coming.tell() <= 14 * 1024 * 1024


def test_a_request_without_a_host_is_refused(app):
    """RFC 9112, 3.2: 400. Only HTTP/1.0 knows no Host."""

    def status(protocol):
        got = []
        environ = {
            "REQUEST_METHOD": "GET", "PATH_INFO": "/healthz", "SERVER_NAME": "localhost", "SERVER_PORT": "80",
            "SERVER_PROTOCOL": protocol, "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO(),
        }  # fmt: skip
        list(app.wsgi_app(environ, lambda line, _headers, _error=None: got.append(line[:3])))
        return got[0]

    assert status("HTTP/1.1") == "400"
    assert status("HTTP/1.0") == "200"
