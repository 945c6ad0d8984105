"""What every test may ask for.

| fixture | gives |
|---|---|
| `app` | the shop on an empty database; the test runs once on SQLite and once on PostgreSQL |
| `ctx` | the same app with an application context, for tests that call services and queries |
| `gazetteer` | the same with all provinces and communes in it |
| `client` | a browserless visitor: every request in a context of its own, tokens filled in by `post` |
| `make_app` | the same database under other settings: `make_app(rate_limits=True)`; `fresh=True` for one that is changed |
| `db_url` | the address of the database, for tests with threads, processes or plain SQL |
| `together` | runs functions in real threads, all let go at one moment |
| `live_server` | a real server and worker on a seeded database (one per test file) |
| `start_server` | the same, new, with the environment the test wants |

`pytest` runs both databases when a PostgreSQL is there: the server `TEST_DATABASE_URL` names, else a private one made
from the installed programs. `--database sqlite` runs one. The summary says what ran and what did not.
"""

from __future__ import annotations

import contextlib
import contextvars
import fcntl
import gc
import html
import importlib.util
import os
import re
import shutil
import socket
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import create_engine

from config import Config
from tests import databases
from tests.audits import Audits
from tests.servers import LiveServer, Seeded, Zygote, environment, flask
from tests.shops import Shops

ROOT = Path(__file__).resolve().parent.parent
# A busy machine is slow, not wrong: time decides no property.
settings.register_profile("shop", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shop")
SECRET = "a-key-for-tests-only-0123456789-abcdefghijklmnop"


# ---------------------------------------------------------------- options and the summary


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("shop")
    group.addoption(
        "--database",
        action="append",
        choices=databases.NAMES,
        help="run on this database only (may be given twice; default: all there are)",
    )
    group.addoption("--rewrite", action="store_true", help="write tests/doors.txt anew instead of comparing it")


class Run:
    """What this test run works with; made by the first process, read by its helpers from the environment."""

    def __init__(self, config: pytest.Config) -> None:
        self.chosen = list(dict.fromkeys(config.getoption("--database") or databases.NAMES))
        self.first = not hasattr(config, "workerinput")
        self.name = "main" if self.first else str(config.workerinput["workerid"])
        self.cluster: databases.PrivateCluster | None = None
        self.owns_folder = "SHOP_TEST_FOLDER" not in os.environ
        if self.owns_folder:
            os.environ["SHOP_TEST_FOLDER"] = tempfile.mkdtemp(prefix="shop-test-", dir=databases.roomy_folder())
        self.folder = Path(os.environ["SHOP_TEST_FOLDER"])
        self.tag = re.sub(r"\W", "", self.folder.name.removeprefix("shop-test-"))[-12:].lower()
        self.missing = ""
        self.described = ""
        self._server: str | None = None
        self._zygote: Zygote | None = None
        if "postgresql" in self.chosen:
            self._find_postgresql(parallel=bool(config.getoption("numprocesses", None)))

    def _find_postgresql(self, *, parallel: bool) -> None:
        if url := os.environ.get("TEST_DATABASE_URL"):
            from config import normal_database_url

            self._server = normal_database_url(url)
            if os.environ.get("SHOP_TEST_PRIVATE"):
                self.described = "a private cluster"
                return
            self.described = "the server of TEST_DATABASE_URL"
            self.missing = databases.usable(self._server) or ""
            return
        if self._binaries() is None:
            self.missing = "no TEST_DATABASE_URL and no PostgreSQL programs (initdb, postgres) on this machine"
            return
        self.described = "a private cluster"
        if parallel and self.first:  # the helpers will all want it, and only this process can make one for all
            self.server()

    @staticmethod
    def _binaries() -> Path | None:
        return databases.postgresql_folder()

    def server(self) -> str:
        """The address of the PostgreSQL server; starts the private one at its first use."""
        if self._server is None:
            binaries = self._binaries()
            assert binaries is not None
            self.cluster = databases.PrivateCluster(binaries)
            self._server = self.cluster.url
            os.environ["TEST_DATABASE_URL"] = self._server
            os.environ["SHOP_TEST_PRIVATE"] = "1"
        return self._server

    @contextlib.contextmanager
    def alone(self, what: str) -> Iterator[Path]:
        """Hold the lock `what` of the whole run; gives the run's folder."""
        with (self.folder / f"{what}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self.folder

    def zygote(self) -> Zygote:
        """The process that forks this process's servers; loads the shop at its first use."""
        if self._zygote is None:
            self._zygote = Zygote(self.folder / self.name / "zygote")
        return self._zygote

    def close(self) -> None:
        """Remove what the run made."""
        if self._zygote is not None:
            self._zygote.close()
        if self.cluster is not None:
            self.cluster.stop()
            for name in ("TEST_DATABASE_URL", "SHOP_TEST_PRIVATE"):
                os.environ.pop(name, None)
        if self.owns_folder:
            shutil.rmtree(self.folder, ignore_errors=True)
            os.environ.pop("SHOP_TEST_FOLDER", None)


_run: pytest.StashKey[Run] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_run] = Run(config)
    # Nothing of the person's own settings may leak into a test.
    for name in (
        "DATABASE_URL", "SECRET_KEY", "SHOP_MODE", "BASE_URL", "INSTANCE_DIR", "MEDIA_DIR", "MEDIA_URL", "REDIS_URL",
        "SMTP_URL", "MAIL_FROM", "STRIPE_API_KEY", "STRIPE_API_BASE", "STRIPE_WEBHOOK_SECRET", "SENTRY_DSN",
        "BANK_BIN", "BANK_ACCOUNT", "BANK_ACCOUNT_NAME", "BANK_WEBHOOK_SECRET", "RATE_LIMITS", "TRUSTED_PROXIES",
        "PORT", "WORKERS", "HOST",
    ):  # fmt: skip
        os.environ.pop(name, None)
    _cut_network()
    translations().build()


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: the collector of garbage need not walk through all of it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _run in config.stash:
        config.stash[_run].close()


def pytest_report_header(config: pytest.Config) -> str:
    return _databases_line(config.stash[_run])


def _databases_line(run: Run) -> str:
    words = ["SQLite"] if "sqlite" in run.chosen else []
    if "postgresql" in run.chosen:
        words.append(f"PostgreSQL SKIPPED ({run.missing})" if run.missing else f"PostgreSQL ({run.described})")
    return "databases: " + ", ".join(words)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    run = config.stash[_run]
    terminalreporter.write_line(_databases_line(run), yellow=bool(run.missing))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" not in metafunc.fixturenames:
        return
    run = metafunc.config.stash[_run]
    kinds = list(run.chosen)
    if metafunc.definition.get_closest_marker("sqlite_only"):
        kinds = [k for k in kinds if k == "sqlite"]
    if metafunc.definition.get_closest_marker("postgresql_only"):
        kinds = [k for k in kinds if k == "postgresql"]
    marked = metafunc.definition.get_closest_marker
    if "live_server" in metafunc.fixturenames and not marked("every_database") and kinds:
        kinds = [kinds[turn(metafunc.definition.path) % len(kinds)]]
    elif marked("one_database"):
        kinds = kinds[:1]
    params = []
    for kind in kinds:
        skip = [pytest.mark.skip(reason=run.missing)] if kind == "postgresql" and run.missing else []
        params.append(pytest.param(kind, marks=skip, id=kind))
    metafunc.parametrize("database", params, indirect=True, scope="session")


def turn(path: Path) -> int:
    """Which of the databases a file of browser tests gets; they take turns.

    What a page asks the database is asked of both by the tests of its room. A browser shows that scripts, pages and a
    real server go together: on either database.
    """
    return zlib.crc32(path.name.encode())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        # What takes long to make is made by one process for each kind of database, and first of all: the longest group
        # begins while there is still enough to do beside it.
        names = set(getattr(item, "fixturenames", ()))
        kind = item.callspec.params.get("database", "") if hasattr(item, "callspec") else ""
        if {"live_server", "page"} & names:
            item.add_marker(pytest.mark.xdist_group(f"{item.path} {kind}"))
        elif "lived_in" in names:
            item.add_marker(pytest.mark.xdist_group(f"lived-in {kind}"))


# ---------------------------------------------------------------- the network is cut


def _cut_network() -> None:
    """Sockets of this process reach the loopback and nothing else, so no test can depend on another machine."""
    if getattr(socket.socket.connect, "cut", False):
        return
    real, real_ex, real_lookup = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo
    near = re.compile(r"(127\.\d+\.\d+\.\d+|::1|0\.0\.0\.0|localhost|.*\.localhost)")

    def allowed(host: Any) -> bool:
        return host in (None, "", b"") or bool(near.fullmatch(host.decode() if isinstance(host, bytes) else str(host)))

    def check(this: socket.socket, address: Any) -> None:
        if this.family in (socket.AF_INET, socket.AF_INET6) and not allowed(address[0]):
            raise PermissionError(f"tests do not talk to other machines: {address!r}")

    def connect(this: socket.socket, address: Any) -> None:
        check(this, address)
        return real(this, address)

    def connect_ex(this: socket.socket, address: Any) -> int:
        check(this, address)
        return real_ex(this, address)

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not allowed(host):
            raise PermissionError(f"tests do not ask for other machines: {host!r}")
        return real_lookup(host, *args, **kwargs)

    connect.cut = True  # type: ignore[attr-defined]
    socket.socket.connect = connect  # type: ignore[method-assign]
    socket.socket.connect_ex = connect_ex  # type: ignore[method-assign]
    socket.getaddrinfo = getaddrinfo


def translations() -> Any:
    """The module that merges and compiles the English catalogue."""
    spec = importlib.util.spec_from_file_location("translations_build", ROOT / "shop" / "translations" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ---------------------------------------------------------------- passwords


@pytest.fixture(scope="session", autouse=True)
def real_hasher() -> Iterator[Any]:
    """The shop's own way of keeping passwords, for the tests of its strength; everywhere else a cheap one is used."""
    from argon2 import PasswordHasher

    from shop.accounts import passwords

    real = passwords._hasher
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    yield real
    passwords._hasher = real


# ---------------------------------------------------------------- databases


@pytest.fixture(scope="session")
def run(request: pytest.FixtureRequest) -> Run:
    return request.config.stash[_run]


@pytest.fixture(scope="session")
def database(
    request: pytest.FixtureRequest, run: Run, shops: Shops, audits: Audits
) -> Iterator[databases.TestDatabase]:
    """This process's database of the kind the test runs on, with all tables and no rows."""
    kind = request.param
    made: databases.TestDatabase
    if kind == "sqlite":
        made = databases.SqliteDatabase(run.folder / run.name, "test")
    else:
        made = databases.PostgresqlDatabase(run.server(), f"shop_test_{run.tag}_{run.name}")
    from shop.kernel.db import db

    app = _build(made.url, run.folder / run.name)
    with app.app_context():
        db.create_all()
        audits.learn()
        db.engine.dispose()
    made.remember(db.metadata)
    shops.grown()  # every module of the shop is there now
    yield made
    made.drop()


@pytest.fixture(scope="session", autouse=True)
def audits() -> Iterator[Audits]:
    """`invariants.run()` as tests call it: checks whose tables are empty are not asked again."""
    with Audits().installed() as made:
        yield made


@pytest.fixture
def db_url(database: databases.TestDatabase, request: pytest.FixtureRequest) -> str:
    """The address of an empty database (tables, no rows), but for what `gazetteer` puts in."""
    database.reset("places" if "gazetteer" in request.fixturenames else "")
    return database.url


def test_config(url: str, folder: Path, **changes: Any) -> Config:
    """Settings for tests: nothing cached between requests, no rate limits, letters and media in a temporary folder."""
    values: dict[str, Any] = {
        "mode": "test",
        "database_url": url,
        "secret_key": SECRET,
        "port": 8000,
        "workers": 1,
        "base_url": "http://localhost",
        "instance_dir": folder / "instance",
        "media_dir": folder / "media",
        "rate_limits": False,
        "page_cache_seconds": 0,
    }
    return Config(**(values | changes))


test_config.__test__ = False  # type: ignore[attr-defined]


class ByLanguage(FileSystemBytecodeCache):
    """Compiled templates hold their words: each language has its own."""

    def get_bucket(self, environment: Any, name: str, filename: str | None, source: str) -> Any:
        return super().get_bucket(environment, f"{environment.language} {name}", filename, source)


def _build(url: str, folder: Path, **changes: Any) -> Flask:
    from shop import create_app

    folder.mkdir(parents=True, exist_ok=True)
    app = create_app(test_config(url, folder, **changes))
    app.testing = True
    # All shops of a run draw with the same templates: each is compiled once.
    compiled = Path(os.environ["SHOP_TEST_FOLDER"]) / "templates"
    compiled.mkdir(exist_ok=True)
    app.jinja_env.bytecode_cache = ByLanguage(str(compiled))
    app.test_client_class = Visitor
    # A failure inside a view is answered as it would be for a customer; `app.testing` alone would raise it here.
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app


@pytest.fixture(scope="session")
def shops(run: Run) -> Shops:
    """The built shops of this process."""
    return Shops(run.folder / run.name / "shops", _build)


@pytest.fixture(autouse=True)
def nothing_grows(request: pytest.FixtureRequest, shops: Shops) -> Iterator[None]:
    """A test that uses a shop leaves nothing behind in the shop's modules; the first fixture of all, so the last to end."""
    yield
    if "database" in request.fixturenames:
        assert not shops.grown(), "what a process remembers belongs into app.extensions, where it can be forgotten"


@pytest.fixture
def make_app(db_url: str, tmp_path: Path, shops: Shops) -> Iterator[Callable[..., Flask]]:
    """The shop on the test's database under other settings: `make_app(mode="production")`.

    It is one that other tests have used, made new again, unless the test asks for a `fresh` one to change it.
    """
    from shop.kernel.db import db

    made: list[Flask] = []

    def make(*, fresh: bool = False, **changes: Any) -> Flask:
        # Limits by address are counted by an object of the process, not of the shop.
        if fresh or changes.get("rate_limits"):
            app = _build(db_url, tmp_path, **changes)
        else:
            number = sum(settings == changes for settings in asked)
            asked.append(changes)
            app = shops.take(db_url, number, changes)
        made.append(app)
        return app

    asked: list[dict[str, Any]] = []
    yield make
    for app in made:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
    shops.give_back()


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """The shop on an empty database."""
    return make_app()


@pytest.fixture
def ctx(app: Flask) -> Iterator[Flask]:
    """The shop with an application context, for calling services and queries."""
    with app.app_context():
        yield app


@pytest.fixture
def gazetteer(ctx: Flask, database: databases.TestDatabase) -> Flask:
    """The shop with all provinces and communes as their files have them, in a context; nothing may be written before."""
    from shop.places import services as places

    database.fill("places", places.load)
    return ctx


@pytest.fixture
def client(app: Flask) -> Visitor:
    """A visitor without a browser."""
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    return visitor


@pytest.fixture
def plain_engine(db_url: str) -> Iterator[Any]:
    """A bare engine on the test's database, for planting faults that no service would make."""
    from shop.kernel.db import engine_options

    options = engine_options(db_url)
    engine = create_engine(db_url, **{k: v for k, v in options.items() if k in {"module", "connect_args"}})
    yield engine
    engine.dispose()


class Visitor(FlaskClient):
    """A test client whose requests see nothing of the test's own context, as requests from outside do.

    `fill(path, **fields)` opens the page, takes its form with every hidden field and posts it: what a person
    without JavaScript does.
    """

    def open(self, *args: Any, **kwargs: Any) -> Any:
        from flask import has_app_context

        answer = contextvars.Context().run(super().open, *args, **kwargs)
        if has_app_context():
            from shop.kernel.db import db, in_transaction

            if not in_transaction():  # what the test has read before may be stale now
                db.session.rollback()
                db.session.expire_all()
        return answer

    def token(self, path: str) -> str:
        """The form token of the page at `path`."""
        page = self.get(path).get_data(as_text=True)
        found = re.search(r'name="csrf_token"[^>]*?value="([^"]+)"', page) or re.search(
            r'value="([^"]+)"[^>]*?name="csrf_token"', page
        )
        assert found, f"no form token on {path}"
        return html.unescape(found.group(1))

    def fill(self, path: str, /, *, form: str | int = 0, follow: bool = False, **fields: Any) -> Any:
        """Open `path`, fill its form (by position among the forms, or by its `action`) and send it.

        Boxes that are not ticked and buttons that are not pressed are not sent; a field given as None is left out.
        """
        page = self.get(path)
        assert page.status_code == 200, f"{path} answered {page.status_code}"
        found = Forms.read(page.get_data(as_text=True))
        posts = [f for f in found if f.method == "post"]
        chosen = posts[form] if isinstance(form, int) else next(f for f in posts if f.action.split("?")[0] == form)
        values: dict[str, Any] = {**chosen.values, **fields}
        return self.open(
            chosen.action or path,
            method="POST",
            data={k: v for k, v in values.items() if v is not None},
            follow_redirects=follow,
        )


class Forms:
    """The forms of a page as a browser without scripts reads them."""

    def __init__(self, action: str, method: str) -> None:
        self.action = action
        self.method = method
        self.values: dict[str, Any] = {}

    def put(self, name: str, value: str) -> None:
        """Add a value as a browser sends it: several of one name become a list."""
        if name in self.values:
            before = self.values[name]
            self.values[name] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            self.values[name] = value

    @staticmethod
    def read(page: str) -> list[Forms]:
        """All forms of the page, in order."""
        from html.parser import HTMLParser

        forms: list[Forms] = []

        class Reader(HTMLParser):
            inside: Forms | None = None
            select: str | None = None
            options: list[tuple[str, bool]]
            area: str | None = None
            text = ""

            def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
                a = dict(attrs)
                name = a.get("name") or ""
                if tag == "form":
                    self.inside = Forms(a.get("action") or "", (a.get("method") or "get").lower())
                    forms.append(self.inside)
                elif self.inside is None or "disabled" in a:
                    return
                elif tag == "input" and name:
                    kind = (a.get("type") or "text").lower()
                    if kind in {"submit", "button", "image", "reset", "file"}:
                        return
                    if kind in {"checkbox", "radio"} and "checked" not in a:
                        return
                    self.inside.put(name, a.get("value") or ("on" if kind in {"checkbox", "radio"} else ""))
                elif tag == "select" and name:
                    self.select, self.options = name, []
                elif tag == "option" and self.select:
                    self.options.append((a.get("value") or "", "selected" in a))
                elif tag == "textarea" and name:
                    self.area, self.text = name, ""

            def handle_data(self, data: str) -> None:
                if self.area:
                    self.text += data

            def handle_endtag(self, tag: str) -> None:
                if tag == "form":
                    self.inside = None
                elif tag == "select" and self.select and self.inside is not None:
                    value = next((v for v, on in self.options if on), self.options[0][0] if self.options else "")
                    self.inside.put(self.select, value)
                    self.select = None
                elif tag == "textarea" and self.area and self.inside is not None:
                    self.inside.put(self.area, self.text.removeprefix("\n"))
                    self.area = None

        Reader().feed(page)
        return forms


# ---------------------------------------------------------------- many at once


class Outcome:
    """What one of many at once came to: `value`, or `error`; `seconds` it took."""

    def __init__(self) -> None:
        self.value: Any = None
        self.error: BaseException | None = None
        self.seconds = 0.0


@pytest.fixture
def together() -> Callable[..., list[Outcome]]:
    """Run functions in real threads, let go at one moment: `together(app, [f, g, …])` or `together(app, f, times=50)`.

    Each runs inside an application context of its own (none if `app` is None). Errors are returned, not raised.
    """

    def go(app: Flask | None, work: Any, *, times: int | None = None, timeout: float = 600.0) -> list[Outcome]:
        tasks = list(work) if times is None else [work] * times
        outcomes = [Outcome() for _ in tasks]
        start = threading.Barrier(len(tasks) + 1)

        def one(task: Callable[[], Any], outcome: Outcome) -> None:
            start.wait()
            began = time.perf_counter()
            try:
                with app.app_context() if app is not None else contextlib.nullcontext():
                    outcome.value = task()
            except BaseException as error:
                outcome.error = error
            finally:
                outcome.seconds = time.perf_counter() - began

        threads = [
            threading.Thread(target=one, args=(task, outcome), daemon=True)
            for task, outcome in zip(tasks, outcomes, strict=True)
        ]
        for thread in threads:
            thread.start()
        start.wait()
        deadline = time.monotonic() + timeout
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        assert not any(thread.is_alive() for thread in threads), f"still running after {timeout} s: a deadlock?"
        return outcomes

    return go


# ---------------------------------------------------------------- a real server


@pytest.fixture(scope="session")
def migrated(database: databases.TestDatabase, run: Run) -> str:
    """A database of this kind with all migrations and no rows, made once per run: what `load` or `template` takes."""
    name = f"shop_migrated_{run.tag}"
    with run.alone(f"migrated-{database.kind}") as folder:
        done, path = folder / f"migrated-{database.kind}", folder / "migrated.db"
        if not done.exists():
            if database.kind == "sqlite":
                url = f"sqlite:///{path}"
            else:
                url = databases.PostgresqlDatabase(run.server(), name).url
            flask("db", "upgrade", env=environment(url, folder / "migrated"))
            done.touch()
    return str(path) if database.kind == "sqlite" else name


@pytest.fixture(scope="session")
def seeded(database: databases.TestDatabase, run: Run) -> Seeded:
    """The holdout data, loaded once per database kind and run; every server starts from a copy."""
    return Seeded.make(database.kind, run)


@pytest.fixture
def start_server(seeded: Seeded, run: Run) -> Iterator[Callable[..., LiveServer]]:
    """Start a server (and worker) on a fresh copy of the seeded data: `start_server(WORKERS="4")`."""
    with contextlib.ExitStack() as stack:

        def start(**environment: str) -> LiveServer:
            return stack.enter_context(LiveServer.on_copy(seeded, run, real=True, **environment))

        yield start


@pytest.fixture(scope="module")
def live_server(seeded: Seeded, run: Run) -> Iterator[LiveServer]:
    """A server and worker on the seeded data, shared by the tests of one file."""
    with LiveServer.on_copy(seeded, run) as server:
        yield server
