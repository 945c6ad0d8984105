"""What every door needs of the web and that knows no shop: language in the path, tokens, headers, caching."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Request, Response, current_app, flash, g, make_response, redirect, request, session
from flask.sessions import SecureCookieSessionInterface
from flask_babel import gettext
from itsdangerous import BadData, BadSignature, URLSafeSerializer
from werkzeug.datastructures import MultiDict
from werkzeug.routing import IntegerConverter, Map, Rule, ValidationError

from shop.kernel import clock
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.signing import Signed

V = TypeVar("V", bound=Callable[..., Any])
LANGUAGES = ("vi", "en")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


# --- language ----------------------------------------------------------------------------------------------------


class LanguagePrefix:
    """`/en/san-pham` is `/san-pham` in English: the prefix becomes SCRIPT_NAME, so `url_for` keeps it by itself."""

    def __init__(self, wsgi: Callable[..., Iterable[bytes]]) -> None:
        self.wsgi = wsgi

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if "HTTP_HOST" in environ:  # names of hosts have no case (RFC 9110, 4.2.3), the check of the host has
            environ["HTTP_HOST"] = environ["HTTP_HOST"].lower()
        path = environ.get("PATH_INFO", "")
        if path == "/en" or path.startswith("/en/"):
            environ["shop.language"] = "en"
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + "/en"
            environ["PATH_INFO"] = path[3:] or "/"
        return self.wsgi(environ, start_response)


class RowId(IntegerConverter):
    """`<int:…>` of a rule: a number that a column can hold. What is longer names nothing, so no rule matches (404)."""

    DIGITS = 19

    def __init__(self, rules: Map, *args: Any, **kwargs: Any) -> None:
        super().__init__(rules, *args, **{"max": 2**63 - 1} | kwargs)

    def to_python(self, value: str) -> int:
        if len(value) > self.DIGITS:
            raise ValidationError
        found: int = super().to_python(value)
        return found


class LateRule(Rule):
    """A rule whose address is made by code that is compiled when the first one is asked for, not for all rules at the start:
    a start would spend nine tenths of its time on that (a third of a second), and a command seldom makes an address."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled = super()._compile_builder

        def first(rule: Rule, /, **values: Any) -> tuple[str, str]:
            build = compiled(append_unknown).__get__(rule)
            setattr(rule, "_build_unknown" if append_unknown else "_build", build)
            made: tuple[str, str] = build(**values)
            return made

        return first


def language() -> str:
    """The language of the present request: `vi` or `en`."""
    return str(request.environ.get("shop.language", "vi"))


def path(target: str) -> str:
    """The public path `target` (`/san-pham`) in the language of the present request."""
    return ("/en" if request and language() == "en" else "") + target


def other_language_url() -> str:
    """The present page in the other language (path and query kept); the home page after an unsafe request."""
    here = request.path if request.method in SAFE_METHODS else "/"
    query = request.query_string.decode("ascii", "ignore")
    return (
        ("" if language() == "en" else "/en") + here + (f"?{query}" if query and request.method in SAFE_METHODS else "")
    )


def safe_next(target: str | None, default: str = "/") -> str:
    """Return `target` if it is a path of this shop, else `default`: nobody is sent to a foreign place."""
    if (
        not target
        or not target.startswith("/")
        or target.startswith(("//", "/\\"))
        or any(c in target for c in "\\\r\n\t")
    ):
        return default
    parts = urlsplit(target)
    return default if parts.scheme or parts.netloc else target


# --- tokens and origins ------------------------------------------------------------------------------------------


class CsrfFailed(ShopError):
    code = "csrf-failed"
    title = N_("Phiên làm việc đã hết hạn hoặc biểu mẫu không còn hợp lệ. Vui lòng tải lại trang và gửi lại.")
    status = 400


class ForeignOrigin(ShopError):
    code = "foreign-origin"
    title = N_("Yêu cầu đến từ một trang khác nên bị từ chối.")
    status = 403


def public_form(view: V) -> V:
    """Mark a view whose form stands on public pages: it takes the token that is the same for every visitor of a day.

    Such pages are the same bytes for all, so they cannot carry a token of the visitor's session; what protects the view is
    the check of `Origin`/`Sec-Fetch-Site` and cookies that are `SameSite=Lax`.
    """
    view.__public_form__ = True  # type: ignore[attr-defined]
    return view


def machine_door(view: V) -> V:
    """Mark a view that machines call with credentials of their own (signature, bearer token): no form token is asked."""
    view.__machine_door__ = True  # type: ignore[attr-defined]
    return view


def _public_serializer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="public-form")


def public_token() -> str:
    """The token of forms on public pages, valid on its day and the next."""
    kept: tuple[date | None, str] = current_app.extensions.get("shop_public_token", (None, ""))
    day = clock.today()
    if kept[0] != day:
        kept = current_app.extensions["shop_public_token"] = day, str(_public_serializer().dumps(day.isoformat()))
    return kept[1]


def csrf_token() -> str:
    """The token of forms on private pages, bound to the visitor's session; the page is no longer cacheable."""
    g.private_page = True
    token: str | None = g.get("csrf_token")
    if token is None:
        known = session.get("csrf_token")
        if known is None:
            known = session["csrf_token"] = secrets.token_hex(20)
        token = g.csrf_token = str(_sessions().forms.dumps(known))
    return token


def check_origin(req: Request) -> None:
    """Refuse an unsafe request that a browser says comes from elsewhere.

    Raises:
        ForeignOrigin: `Sec-Fetch-Site` or `Origin`, or where both are missing `Referer`, names another site.
    """
    site = req.headers.get("Sec-Fetch-Site")
    if site is not None and site not in {"same-origin", "none"}:
        raise ForeignOrigin
    origin = req.headers.get("Origin") or (req.headers.get("Referer") if site is None else None)
    if origin is not None:
        parts = urlsplit(origin)
        base = urlsplit(current_app.extensions["shop_config"].base_url)
        if parts.scheme not in {"http", "https"} or parts.netloc.lower() not in {req.host, base.netloc.lower()}:
            raise ForeignOrigin


def check_token(view: Any, req: Request) -> None:
    """Refuse an unsafe request without a good token (`csrf_token` field or `X-CSRF-Token` header).

    Raises:
        CsrfFailed: the token is missing, forged, stale or another visitor's.
    """
    token = req.form.get("csrf_token") or req.headers.get("X-CSRF-Token")
    if not token:
        raise CsrfFailed
    if getattr(view, "__public_form__", False):
        if hmac.compare_digest(token.encode(), public_token().encode()):
            return
        try:
            day = _public_serializer().loads(token)
        except BadSignature:
            pass
        else:
            if day == (clock.today() - timedelta(days=1)).isoformat():
                return
            raise CsrfFailed
    try:
        told = _sessions().forms.loads(token, max_age=current_app.config["WTF_CSRF_TIME_LIMIT"])
    except BadData as error:
        raise CsrfFailed from error
    if not hmac.compare_digest(str(told), str(session.get("csrf_token", ""))):
        raise CsrfFailed


def check_text(view: Callable[..., Any], req: Request) -> None:
    """Refuse a question or a form with the character NUL in it: no text has it, and PostgreSQL cannot hold it.

    The form of a machine door is left unread; such a door checks the bytes itself.

    Raises:
        Invalid: a value holds NUL.
    """
    fields: list[MultiDict[str, str]] = (
        [] if req.method in SAFE_METHODS or getattr(view, "__machine_door__", False) else [req.form]
    )
    if b"%00" in req.query_string:
        fields.append(req.args)
    if any("\x00" in text for values in fields for pair in values.items(multi=True) for text in pair):
        raise Invalid


# --- headers -----------------------------------------------------------------------------------------------------


def csp_nonce() -> str:
    """The nonce of this response's scripts; a page that has one is private and never cached."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
        g.private_page = True
    return str(g.csp_nonce)


def _hardening() -> tuple[tuple[str, str], ...]:
    """The headers of every response, put together once for all that have no nonce."""
    nonce = g.get("csp_nonce")
    if nonce is not None:
        return _headers_with(nonce)
    found: tuple[tuple[str, str], ...] | None = current_app.extensions.get("shop_headers")
    if found is None:
        found = current_app.extensions["shop_headers"] = _headers_with(None)
    return found


def _headers_with(nonce: str | None) -> tuple[tuple[str, str], ...]:
    scripts = f" 'nonce-{nonce}'" if nonce else ""
    form_to = "".join(f" {origin}" for origin in current_app.extensions.get("shop_form_targets", ()))
    found = [
        (
            "Content-Security-Policy",
            f"default-src 'none'; script-src 'self'{scripts}; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
            f"connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'{form_to}; base-uri 'none'; "
            "frame-ancestors 'none'; object-src 'none'",
        ),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "strict-origin-when-cross-origin"),
        ("Permissions-Policy", "geolocation=(), microphone=(), payment=(), camera=(self)"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    ]
    if current_app.extensions["shop_config"].https:
        found.append(("Strict-Transport-Security", "max-age=31536000; includeSubDomains"))
    return tuple(found)


def harden(response: Response) -> Response:
    """Set the headers that keep a page from being framed, sniffed, scripted from elsewhere or cached for others."""
    _remember_visitor(response)
    headers = response.headers
    present = {name.lower() for name in headers.keys()}  # noqa: SIM118 - of Headers, iterating gives pairs
    for name, value in _hardening():
        if name.lower() not in present:
            headers.add(name, value)
    if "Cache-Control" not in headers:
        headers["Cache-Control"] = (
            "no-store" if g.get("private_page") or response.status_code >= 400 else "no-cache, private"
        )
    return response


# --- public pages ------------------------------------------------------------------------------------------------


# Of a page: its bytes, their digest, their type, and what is to be noted each time that it is shown.
_Kept = tuple[bytes, str, str, tuple[Callable[[], None], ...]]


class _Pages:
    """The last rendered public pages of this process."""

    def __init__(self, size: int = 512) -> None:
        self.size = size
        self.lock = threading.Lock()
        self.rows: OrderedDict[str, tuple[float, _Kept]] = OrderedDict()

    def get(self, key: str, seconds: int) -> _Kept | None:
        found = self.rows.get(key)
        if found is None or time.monotonic() - found[0] > seconds:
            return None
        return found[1]

    def put(self, key: str, kept: _Kept) -> None:
        with self.lock:
            self.rows[key] = (time.monotonic(), kept)
            self.rows.move_to_end(key)
            while len(self.rows) > self.size:
                self.rows.popitem(last=False)

    def clear(self) -> None:
        with self.lock:
            self.rows.clear()


def forget_pages() -> None:
    """Drop the rendered public pages of this process: what they show has changed."""
    pages = current_app.extensions.get("shop_pages")
    if pages is not None:
        pages.clear()


def public_page(*, keep: bool = True) -> Callable[[V], V]:
    """Decorate a view whose page is the same for every visitor: ETag, short public caching, 304; kept for a moment in memory.

    `keep=False` renders each time (a page whose stock must be exact). Nothing of the visitor may enter such a page.
    """

    def decorate(view: V) -> V:
        @wraps(view)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            config = current_app.extensions["shop_config"]
            seconds = config.page_cache_seconds if keep else 0
            pages: _Pages = current_app.extensions.setdefault("shop_pages", _Pages())
            key = f"{language()} {clock.today()} {request.full_path}"  # what ends with its day is not kept beyond it
            found = pages.get(key, seconds) if seconds else None
            if found is not None:
                for note in found[3]:
                    note()
            else:
                response = make_response(view(*args, **kwargs))
                if response.status_code != 200 or g.get("private_page"):
                    return response
                body = response.get_data()
                notes = tuple(g.get("each_view", ()))
                found = (body, hashlib.sha256(body).hexdigest(), response.mimetype or "text/html", notes)
                if seconds and len(body) < 400_000:
                    pages.put(key, found)
            body, g.content, kind, _notes = found
            etag = g.content[:24]
            if request.if_none_match.contains_weak(etag):
                response = Response(status=304)
            else:
                response = Response(body, mimetype=kind)
            response.set_etag(etag, weak=True)
            response.headers["Cache-Control"] = (
                f"public, max-age={seconds}, stale-while-revalidate=30" if seconds else "public, no-cache"
            )
            response.vary.add("Accept-Encoding")
            return response

        return wrapped  # type: ignore[return-value]

    return decorate


def each_view(note: Callable[[], None]) -> None:
    """Call `note` now, and again whenever this page is shown from memory: for what counts views of a public page.

    `note` must be quick, must not raise and must not change the page; it looks at the request that is being answered then.
    """
    g.setdefault("each_view", []).append(note)
    note()


def wants_json() -> bool:
    """Whether the caller would rather read problem+json than a page."""
    if request.path.startswith(("/api/", "/webhooks/", "/till/api/")):
        return True
    best = request.accept_mimetypes.best_match(
        ["text/html", "application/json", "application/problem+json"], "text/html"
    )
    return best != "text/html"


def client_address() -> str:
    """The network address of the caller (behind `TRUSTED_PROXIES` proxies, what they say)."""
    return request.remote_addr or "?"


def mark_private() -> None:
    """Keep this page out of every cache."""
    g.private_page = True


def keep_address(answer: Any) -> Response:
    """A page whose address is a secret tells it to nobody.

    Not by `no-referrer`: under it browsers send the page's own form with `Origin: null`, and `check_origin` refuses it
    (Fetch Standard, "append a request Origin header").
    """
    response: Response = current_app.make_response(answer)
    response.headers["Referrer-Policy"] = "strict-origin"
    return response


VISITOR_COOKIE = "visitor"
VISITOR_DAYS = 90


def visitor(*, create: bool = False) -> str | None:
    """The random key of this browser (144 bits), kept in a cookie of its own; made with `create`, dropped at log-out.

    Rooms keep a guest's things under its hash; `UserSignedIn.visitor` tells it when the guest becomes somebody.
    """
    found = g.get("new_visitor") or request.cookies.get(VISITOR_COOKIE)
    if found is not None and 16 <= len(found) <= 64:
        return str(found)
    if not create:
        return None
    g.new_visitor = secrets.token_urlsafe(18)
    return str(g.new_visitor)


def forget_visitor() -> None:
    """Make this browser a new guest: its key goes with the answer."""
    g.forget_visitor = True


def _remember_visitor(response: Response) -> None:
    secure = current_app.extensions["shop_config"].https
    if g.get("forget_visitor"):
        response.delete_cookie(VISITOR_COOKIE, path="/", secure=secure, httponly=True, samesite="Lax")
    elif "new_visitor" in g:
        response.set_cookie(
            VISITOR_COOKIE,
            g.new_visitor,
            max_age=VISITOR_DAYS * 86_400,
            path="/",
            secure=secure,
            httponly=True,
            samesite="Lax",
        )


class Sessions(SecureCookieSessionInterface):
    """Flask's signed cookie and Flask-WTF's signed token of forms; what signs them is made once, not at each request."""

    def __init__(self, secret: str) -> None:
        self.cookies = Signed(secret, self.salt, self.key_derivation)
        self.forms = Signed(secret, "wtf-csrf-token")

    def get_signing_serializer(self, _app: Flask) -> Signed:
        """What signs the cookies."""
        return self.cookies


def _sessions() -> Sessions:
    found = current_app.session_interface
    assert isinstance(found, Sessions)  # noqa: S101 - `create_app` has set it
    return found


def signed_in_token(cookie: str) -> str | None:
    """The token of the user's session in a cookie of ours that was kept aside; None if it is forged, stale or a guest's.

    For what looks at it after the answer: reading the request's own session would make a public page vary by its cookie.
    """
    age = int(current_app.permanent_session_lifetime.total_seconds())
    try:
        told = _sessions().cookies.loads(cookie, max_age=age)
    except BadData:
        return None
    found = told.get("_user_id") if isinstance(told, dict) else None
    return found if isinstance(found, str) else None


def visitor_session() -> Any:
    """The visitor's signed session cookie."""
    return session


def commanded(command: Callable[[], Any], again: Callable[[ShopError], Any], words: str, onto: str) -> Any:
    """Do what a form asks and lead on to the address `onto`, saying `words`; a refusal shows the form `again`.

    Raises:
        NotFound: what it is about is not there.
    """
    try:
        command()
    except NotFound:
        raise
    except ShopError as error:
        return again(error)
    flash(gettext(words), "ok")
    return redirect(path(onto), 303)
