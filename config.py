"""Settings of one running shop, read once from the environment into one frozen object."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent
MINIMUM_SECRET_LENGTH = 32
MODES = ("production", "demo", "local", "test")


class ConfigError(RuntimeError):
    """The environment cannot give a shop that is safe to start."""


@dataclass(frozen=True, slots=True)
class Config:
    """Everything a start of the shop depends on; nothing else reads the environment.

    `mode` is `production` (refuses weak secrets), `demo` (`make run`), `local` (a developer's
    command line) or `test`. Amounts, terms and other rules of trade are not here: staff change
    them in the office (`shop.kernel.settings`).
    """

    mode: str
    database_url: str
    secret_key: str = field(repr=False)
    port: int
    workers: int
    base_url: str
    instance_dir: Path
    media_dir: Path
    media_url: str | None = None
    redis_url: str | None = None
    smtp_url: str | None = field(default=None, repr=False)
    mail_from: str = "Chợ Bến <khong-tra-loi@localhost>"
    stripe_api_key: str | None = field(default=None, repr=False)
    stripe_api_base: str | None = None
    stripe_webhook_secret: str | None = field(default=None, repr=False)
    bank_bin: str | None = None
    bank_account: str | None = None
    bank_account_name: str | None = None
    bank_webhook_secret: str | None = field(default=None, repr=False)
    sentry_dsn: str | None = field(default=None, repr=False)
    rate_limits: bool = True
    trusted_proxies: int = 0
    page_cache_seconds: int = 3

    @property
    def https(self) -> bool:
        """Whether the shop is reached over TLS; cookies are `Secure` exactly then."""
        return self.base_url.startswith("https://")

    @property
    def trusted_hosts(self) -> list[str]:
        """Host names a request may carry; any other is answered with 400."""
        host = urlsplit(self.base_url).hostname or "localhost"
        return sorted({host, "localhost", "127.0.0.1", "[::1]"})

    def but(self, **changes: object) -> Config:
        """Return a copy with `changes`; tests and tools use it."""
        return replace(self, **changes)  # type: ignore[arg-type]

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Config:
        """Read the environment (see `docs/operations.md`).

        Raises:
            ConfigError: a value cannot be understood, or `SECRET_KEY` is missing or weak in production.
        """
        env = os.environ if env is None else env

        def text(name: str, default: str | None = None) -> str | None:
            value = env.get(name, "").strip()
            return value or default

        def number(name: str, default: int, low: int, high: int) -> int:
            raw = text(name, str(default)) or str(default)
            try:
                value = int(raw)
            except ValueError as error:
                raise ConfigError(f"{name} must be a whole number, not {raw!r}") from error
            if not low <= value <= high:
                raise ConfigError(f"{name} must lie between {low} and {high}, not {value}")
            return value

        mode = text("SHOP_MODE", "local") or "local"
        if mode not in MODES:
            raise ConfigError(f"SHOP_MODE must be one of {', '.join(MODES)}, not {mode!r}")
        port = number("PORT", 8000, 1, 65535)
        instance = Path(text("INSTANCE_DIR") or ROOT / "instance").resolve()
        base_url = (text("BASE_URL") or f"http://localhost:{port}").rstrip("/")
        if urlsplit(base_url).scheme not in {"http", "https"} or not urlsplit(base_url).hostname:
            raise ConfigError(f"BASE_URL must be an http(s) address, not {base_url!r}")
        limits = (text("RATE_LIMITS", "on") or "on").lower()
        if limits not in {"on", "off"}:
            raise ConfigError(f"RATE_LIMITS must be on or off, not {limits!r}")
        return cls(
            mode=mode,
            database_url=normal_database_url(text("DATABASE_URL") or f"sqlite:///{instance / 'shop.db'}"),
            secret_key=_secret(text("SECRET_KEY"), mode, instance),
            port=port,
            workers=number("WORKERS", 2, 1, 64),
            base_url=base_url,
            instance_dir=instance,
            media_dir=Path(text("MEDIA_DIR") or instance / "media").resolve(),
            media_url=text("MEDIA_URL"),
            redis_url=text("REDIS_URL"),
            smtp_url=text("SMTP_URL"),
            mail_from=text("MAIL_FROM") or f"Chợ Bến <khong-tra-loi@{urlsplit(base_url).hostname}>",
            stripe_api_key=text("STRIPE_API_KEY"),
            stripe_api_base=text("STRIPE_API_BASE"),
            stripe_webhook_secret=text("STRIPE_WEBHOOK_SECRET"),
            bank_bin=text("BANK_BIN"),
            bank_account=text("BANK_ACCOUNT"),
            bank_account_name=text("BANK_ACCOUNT_NAME"),
            bank_webhook_secret=text("BANK_WEBHOOK_SECRET"),
            sentry_dsn=text("SENTRY_DSN"),
            rate_limits=limits == "on",
            trusted_proxies=number("TRUSTED_PROXIES", 0, 0, 5),
            page_cache_seconds=number("PAGE_CACHE_SECONDS", 3, 0, 300),
        )


def normal_database_url(url: str) -> str:
    """Return `url` with the driver the shop uses named in it (`postgres://` → psycopg 3).

    Raises:
        ConfigError: the database is neither SQLite nor PostgreSQL.
    """
    scheme, _, rest = url.partition("://")
    if scheme in {"postgres", "postgresql", "postgresql+psycopg"}:
        return f"postgresql+psycopg://{rest}"
    if scheme == "sqlite":
        return url
    raise ConfigError(f"DATABASE_URL must name SQLite or PostgreSQL, not {scheme!r}")


def _secret(given: str | None, mode: str, instance: Path) -> str:
    """The given key if it is strong; outside production a key kept in the instance folder."""
    if given is not None:
        if len(given) < MINIMUM_SECRET_LENGTH or len(set(given)) < 10:
            if mode == "production":
                raise ConfigError(
                    f"SECRET_KEY is too weak: give at least {MINIMUM_SECRET_LENGTH} random characters, "
                    'for example the output of: python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
                )
            given = None
        else:
            return given
    if mode == "production":
        raise ConfigError("SECRET_KEY is missing: production does not start without one")
    instance.mkdir(parents=True, exist_ok=True)
    keyfile = instance / "secret_key"
    try:
        descriptor = os.open(keyfile, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        pass
    else:
        with os.fdopen(descriptor, "w") as stream:
            stream.write(secrets.token_urlsafe(48))
    return keyfile.read_text().strip()
