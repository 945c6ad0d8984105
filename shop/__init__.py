"""The shop: rooms on floors, doors into them, one factory.

`FLOORS` is the drawing of the house, lowest floor first. A room imports only from floors below its own, and its tables
point only down; `tests/house/test_floors.py` checks both.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
from datetime import timedelta
from functools import lru_cache
from typing import Any

from babel import Locale
from flask import Blueprint, Flask, g, request
from flask_babel import Babel
from flask_compress import Compress
from flask_login import LoginManager
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.middleware.proxy_fix import ProxyFix

import shop.kernel.lean  # noqa: F401 - before the others
from config import ROOT, Config
from shop.kernel import (
    audit,
    db,
    drawn,
    events,
    jobs,
    limits,
    mail,
    migrations,
    operations,
    reading,
    settings,
    static,
    storage,
    templates,
    web,
    wording,
)

FLOORS: tuple[tuple[str, ...], ...] = (
    ("kernel",),
    ("accounts",),
    ("ledger",),
    ("places",),
    ("messages",),
    ("producers",),
    ("catalog", "points"),
    ("stock", "delivery", "listings", "promotions", "standards"),
    ("orders", "transfers", "receipts", "counts", "inspections", "imports"),
    ("payments", "supply", "conversations"),
    ("returns", "remittances"),
    ("checkout", "till", "settlement", "banking"),
    ("recalls", "preorders"),
    ("invoices",),
    ("demand",),
    ("exhibitions",),
    ("programme",),
    ("decisions", "cycle"),
    ("reports",),
    ("pages",),
)

DOORS = {
    "storefront": "",
    "office": "/office",
    "portal": "/producer",
    "till": "/till",
    "api": "/api/v1",
    "webhooks": "/webhooks",
}

LARGEST_REQUEST = 12 * 1024 * 1024


def rooms() -> list[str]:
    """All rooms above the kernel, lowest first."""
    return [room for floor in FLOORS[1:] for room in floor]


def create_app(config: Config | None = None) -> Flask:
    """Build the shop.

    Raises:
        config.ConfigError: the environment cannot give a safe shop.
        RuntimeError: a view has no guard, or SQLite's library is unsafe.
    """
    config = config or Config.from_env()
    app = Flask(
        "shop",
        root_path=str(ROOT / "shop"),
        template_folder=str(ROOT / "templates"),
        static_folder=None,
        instance_path=str(config.instance_dir),
    )
    app.config.update(
        SECRET_KEY=config.secret_key,
        SESSION_COOKIE_NAME="shop_session",
        SESSION_COOKIE_SECURE=config.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SESSION_REFRESH_EACH_REQUEST=False,  # a page for everybody sets no cookie
        PERMANENT_SESSION_LIFETIME=timedelta(days=30),
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        MAX_FORM_PARTS=2000,
        TRUSTED_HOSTS=config.trusted_hosts,
        PREFERRED_URL_SCHEME="https" if config.https else "http",
        WTF_CSRF_TIME_LIMIT=12 * 3600,
        BABEL_DEFAULT_LOCALE="vi",
        BABEL_DEFAULT_TIMEZONE="Asia/Ho_Chi_Minh",
        BABEL_TRANSLATION_DIRECTORIES=str(ROOT / "shop" / "translations"),
        RATELIMIT_ENABLED=config.rate_limits,
        RATELIMIT_STORAGE_URI=config.redis_url or "memory://",
        # A Redis that hangs costs a visitor half a second, not five; counting goes on in this process then.
        RATELIMIT_STORAGE_OPTIONS={"socket_connect_timeout": 0.5, "socket_timeout": 0.5} if config.redis_url else {},
        COMPRESS_MIMETYPES=[
            "text/html",
            "text/css",
            "text/plain",
            "text/javascript",
            "application/javascript",
            "application/json",
            "application/problem+json",
            "image/svg+xml",
            "application/xml",
            "text/xml",
        ],
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_BR_LEVEL=4,
        COMPRESS_BR_WINDOW=18,  # 256 kB: no page is longer, and each thread keeps a window of its own
        COMPRESS_LEVEL=5,
        COMPRESS_MIN_SIZE=700,
        COMPRESS_CACHE_BACKEND=drawn.Squeezed,
        COMPRESS_CACHE_KEY=drawn.Squeezed.key,
    )
    app.url_map.converters["int"] = web.RowId
    app.url_rule_class = web.LateRule
    app.jinja_environment = wording.SpokenTemplates  # type: ignore[assignment]
    app.session_interface = web.Sessions(config.secret_key)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions["shop_config"] = config
    app.extensions["shop_storage"] = storage.open_storage(config.media_dir, config.media_url)
    app.extensions["shop_form_targets"] = ("https://checkout.stripe.com",)
    _logging(config)
    db.open_database(app, config.database_url)
    reading.install(app)
    migrations.init_app(app, ROOT / "migrations")
    Babel(app, locale_selector=_locale)
    wording.install(app)
    templates.install(app.jinja_env)
    drawn.install(app)
    Compress(app)
    limits.limiter.init_app(app)
    _templates(app)
    doors = {name: Blueprint(name, __name__) for name in DOORS}
    for room in rooms():
        _open_room(app, room, doors)
    events.in_order(rooms())
    for name, door in doors.items():
        app.register_blueprint(door, url_prefix=DOORS[name] or None)
    _requests(app)
    from shop import commands, problems

    problems.register(app)
    commands.register(app)
    static.mount(app, ROOT / "static", config.instance_dir / "static")
    app.wsgi_app = web.LanguagePrefix(app.wsgi_app)  # type: ignore[method-assign]
    if config.trusted_proxies:
        n = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=n)  # type: ignore[method-assign]
    if config.sentry_dsn:
        import sentry_sdk

        sentry_sdk.init(dsn=config.sentry_dsn, send_default_pii=False)
    from shop.accounts import guards

    guards.check_all_guarded(app)
    return app


def _open_room(app: Flask, room: str, doors: dict[str, Blueprint]) -> None:
    """Import what a room has: tables, handlers, invariants, commands; hang its views into the doors."""
    for part in ("models", "events", "handlers", "letters", "tasks", "invariants"):
        _optional(f"shop.{room}.{part}")
    for name, door in doors.items():
        module = _optional(f"shop.{room}.{name}")
        if module is not None:
            door.register_blueprint(module.bp)
    cli = _optional(f"shop.{room}.cli")
    if cli is not None:
        app.cli.add_command(cli.group)
    setup = _optional(f"shop.{room}.setup")
    if setup is not None:
        setup.init_app(app)


def _optional(name: str) -> Any:
    """The module `name`, or None if the room has no such file; an error inside it is not hidden."""
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


def _locale() -> Locale:
    return _spoken(web.language() if request else str(g.get("letter_language", "vi")))


@lru_cache
def _spoken(language: str) -> Locale:
    """Read once: taking a name of a language apart is as much work as a fifth of a page's words."""
    return Locale.parse(language)


def _templates(app: Flask) -> None:
    from shop.accounts import guards
    from shop.accounts.permissions import Permission
    from shop.kernel import clock, dates, forms, money

    app.jinja_env.globals.update(
        path=web.path,
        static_url=static.url,
        csrf_token=web.csrf_token,
        public_token=web.public_token,
        csp_nonce=web.csp_nonce,
        other_language_url=web.other_language_url,
        language=web.language,
        may=guards.may,
        Permission=Permission,
        today=clock.today,
    )
    app.jinja_env.filters.update(
        vnd=money.vnd,
        phone=forms.phone_for_people,
        day=dates.day,
        month=dates.month,
        instant=dates.instant,
        age=dates.age,
    )


def _requests(app: Flask) -> None:
    from shop.accounts import guards

    manager = _LoginManager()
    manager.session_protection = None
    manager.user_loader(_load_user)
    # Not `init_app`: it would look at the session after every request, and a public page must not vary by cookie.
    app.login_manager = manager  # type: ignore[attr-defined]

    @app.before_request
    def at_the_door() -> Any:
        _ = request.host  # an unknown Host is refused here
        if "HTTP_HOST" not in request.environ and request.environ.get("SERVER_PROTOCOL") == "HTTP/1.1":
            raise BadRequest  # RFC 9112, 3.2
        if request.endpoint is None:
            return None
        if "\x00" in request.path:
            raise NotFound
        view = app.view_functions[request.endpoint]
        if request.method not in web.SAFE_METHODS and not getattr(view, "__machine_door__", False):
            web.check_origin(request)
            web.check_token(view, request)
        web.check_text(view, request)
        return guards.enforce()

    app.after_request(web.harden)


class _LoginManager(LoginManager):  # type: ignore[misc]
    """Flask-Login's, which takes a hash of address and browser for each visitor before it sees that nobody asks for it."""

    def _session_protection_failed(self) -> bool:
        return False


def _load_user(token: str) -> Any:
    from flask import current_app

    from shop.accounts import queries

    return queries.signed_in(token, compulsory=current_app.extensions["shop_config"].mode == "production")


def _logging(config: Config) -> None:
    import structlog  # the kernel has loaded it, its own way

    level = logging.WARNING if config.mode == "test" else logging.INFO
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False)
            if config.mode == "production"
            else structlog.dev.ConsoleRenderer(colors=False),
        ],
    )


# The kernel's own tables are known once its modules are imported.
KERNEL_TABLES = (audit.AuditRow, jobs.Job, mail.Letter, operations.Operation, settings.SettingRow)
