"""The databases the tests run on: SQLite always, PostgreSQL where there is one.

Every process of the test run has a database of its own on each of the two. Nothing is rolled back behind
a test's back: what commits really commits, so that tests with threads and processes are honest. Between
two tests the database is put back: the SQLite file is copied from a template, the PostgreSQL tables
that hold rows are emptied.
"""

from __future__ import annotations

import contextlib
import ctypes
import getpass
import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
from psycopg import sql
from pysqlite3 import dbapi2
from sqlalchemy import MetaData, make_url

NAMES = ("sqlite", "postgresql")


def roomy_folder() -> str | None:
    """A folder in memory if the machine has a large one: fsync costs nothing there."""
    shared = Path("/dev/shm")
    if shared.is_dir() and os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > 2**30:
        return str(shared)
    return None


# ---------------------------------------------------------------- a PostgreSQL of our own


def postgresql_folder() -> Path | None:
    """Where `initdb` and `postgres` lie together, newest first, or None."""
    candidates = []
    if found := shutil.which("initdb"):
        candidates.append(Path(found).resolve().parent)
    candidates += [Path(p) for p in sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)]
    candidates += [Path("/usr/pgsql/bin"), Path("/opt/homebrew/bin"), Path("/usr/local/bin")]
    return next((c for c in candidates if (c / "initdb").exists() and (c / "postgres").exists()), None)


def _unprivileged() -> str | None:
    """PostgreSQL refuses to run as root: the user to become, or None if we are nobody special already."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            pwd.getpwnam(name)
            return name
    raise RuntimeError("no unprivileged user to run PostgreSQL as")


def _end_with_parent() -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGINT)


class PrivateCluster:
    """A PostgreSQL server in a temporary folder, reached through a socket there; gone when the tests are."""

    def __init__(self, binaries: Path) -> None:
        user = _unprivileged()
        self.folder = Path(tempfile.mkdtemp(prefix="shop-pg-", dir=roomy_folder()))
        if user:
            shutil.chown(self.folder, user)
        become = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}
        plain = {"PATH": f"{binaries}:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": str(self.folder)}
        data = self.folder / "data"
        made = subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"],
            capture_output=True, text=True, env=plain, cwd="/", **become,
        )  # fmt: skip
        if made.returncode:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise RuntimeError(f"initdb: {made.stderr.strip().splitlines()[-1:]}")
        settings = {
            "listen_addresses": "", "unix_socket_directories": str(self.folder), "fsync": "off",
            "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "400", "shared_buffers": "128MB",
            "max_wal_size": "2GB", "autovacuum_naptime": "10min", "log_min_messages": "fatal", "jit": "off",
        }  # fmt: skip
        command = [str(binaries / "postgres"), "-D", str(data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        self.log = (self.folder / "log").open("wb")
        self.process = subprocess.Popen(
            command, stdout=self.log, stderr=self.log, env=plain, cwd="/", start_new_session=True,
            preexec_fn=_end_with_parent, **become,
        )  # fmt: skip
        self.url = f"postgresql+psycopg://postgres@/postgres?host={self.folder}"
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(libpq(self.url)).close()
                return
            except psycopg.OperationalError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    words = (self.folder / "log").read_text(errors="replace")[-500:]
                    self.stop()
                    raise RuntimeError(f"PostgreSQL did not start: {words}") from None
                time.sleep(0.05)

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def libpq(url: str) -> str:
    """The address as libpq writes it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def sibling(url: str, name: str) -> str:
    """The address of another database on the same server."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def usable(url: str) -> str | None:
    """Why this server cannot be used for tests (None: it can). We make and drop databases beside the one named."""
    try:
        with psycopg.connect(libpq(url), connect_timeout=5) as connection:
            row = connection.execute(
                "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.Error as error:
        return f"cannot connect: {str(error).strip().splitlines()[0]}"
    return None if row and row[0] else f"{getpass.getuser()} may not create databases there"


# ---------------------------------------------------------------- one database


class TestDatabase:
    """A database that can be put back to how it was when `remember` was called, or to a state that was kept since."""

    __test__ = False
    kind: str
    url: str

    def __init__(self) -> None:
        self.state = ""
        self.kept: set[str] = set()

    def remember(self, metadata: MetaData) -> None:
        """Take the present state (tables, no rows) as the one to go back to."""
        raise NotImplementedError

    def reset(self, state: str = "") -> None:
        """Go back: to empty tables, or to `state` if `fill` has kept it. Nobody may be using the database."""
        self.state = state if state in self.kept else ""
        self._reset(self.state)

    def fill(self, state: str, work: Callable[[], object]) -> None:
        """Be in `state`: if `reset` did not bring us there, do `work` on the empty database and keep what it wrote."""
        if self.state == state:
            return
        assert not self._filled(), "only an empty database is filled"
        work()
        self._keep(state)
        self.kept.add(state)
        self.state = state

    def drop(self) -> None:
        """Remove it."""
        raise NotImplementedError

    def _reset(self, state: str) -> None:
        raise NotImplementedError

    def _keep(self, state: str) -> None:
        raise NotImplementedError

    def _filled(self) -> list[str]:
        """The tables that hold rows."""
        raise NotImplementedError


class SqliteDatabase(TestDatabase):
    """One file; its empty template and the states that were kept lie beside it."""

    kind = "sqlite"

    def __init__(self, folder: Path, name: str) -> None:
        super().__init__()
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{name}.db"
        self.url = f"sqlite:///{self.path}"
        self._tables: list[str] = []

    def remember(self, metadata: MetaData) -> None:
        self._tables = [table.name for table in metadata.sorted_tables]
        shutil.copyfile(self.path, self._template())

    def load(self, saved: str) -> None:
        """Take the content of a saved copy."""
        self._remove()
        shutil.copyfile(saved, self.path)

    def drop(self) -> None:
        self._remove()
        for state in ("", *self.kept):
            self._template(state).unlink(missing_ok=True)

    def _template(self, state: str = "") -> Path:
        return self.path.with_suffix(f".{state or 'empty'}")

    def _remove(self) -> None:
        for suffix in ("", "-wal", "-shm", "-journal"):
            with contextlib.suppress(FileNotFoundError):
                Path(f"{self.path}{suffix}").unlink()

    def _reset(self, state: str) -> None:
        self.load(str(self._template(state)))

    def _keep(self, state: str) -> None:
        with contextlib.closing(dbapi2.connect(self.path)) as connection:
            connection.execute("VACUUM INTO ?", [str(self._template(state))])

    def _filled(self) -> list[str]:
        with contextlib.closing(dbapi2.connect(self.path)) as connection:
            return [t for t in self._tables if connection.execute(f'SELECT 1 FROM "{t}" LIMIT 1').fetchone()]


class PostgresqlDatabase(TestDatabase):
    """One database on the server; emptied by deleting from the tables that hold rows, with triggers and keys asleep."""

    kind = "postgresql"

    def __init__(self, server: str, name: str, template: str | None = None) -> None:
        super().__init__()
        self.server = server
        self.name = name
        self.url = sibling(server, name)
        self._tables: list[str] = []
        self._sequences: dict[str, str] = {}
        self._own: psycopg.Connection | None = None  # kept from one reset to the next
        self._counts: dict[str, dict[str, int]] = {}  # of each kept state: its tables and their rows
        self._put_in_by: dict[str, str] = {}  # the transaction that put the rows of a kept table in
        with self._admin() as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            admin.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(template or "template0")
                )
            )
            admin.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(sql.Identifier(name)))

    @contextlib.contextmanager
    def _admin(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(libpq(self.server), autocommit=True) as connection:
            yield connection

    def remember(self, metadata: MetaData) -> None:
        self._tables = [table.name for table in metadata.sorted_tables]
        with psycopg.connect(libpq(self.url)) as connection:
            rows = connection.execute(
                "SELECT t.relname, quote_ident(s.relname) FROM pg_class s JOIN pg_depend d ON d.objid = s.oid "
                "JOIN pg_class t ON t.oid = d.refobjid WHERE s.relkind = 'S' AND d.deptype IN ('a', 'i')"
            ).fetchall()
        self._sequences = dict(rows)
        probes = [
            sql.SQL("SELECT {} WHERE EXISTS (SELECT 1 FROM {})").format(sql.Literal(t), sql.Identifier(t))
            for t in self._tables
        ]
        self._probes = sql.SQL(" UNION ALL ").join(probes)

    def _reset(self, state: str) -> None:
        if not self._tables:
            return
        try:
            self._go_to(state)
        except psycopg.OperationalError:  # somebody cut the line we keep; what was begun on it is undone
            self._hang_up()
            self._go_to(state)

    @contextlib.contextmanager
    def _line(self) -> Iterator[psycopg.Connection]:
        """The connection we keep, in one transaction; triggers and keys asleep."""
        if self._own is None or self._own.closed:
            self._own = psycopg.connect(
                libpq(self.url), autocommit=True, prepare_threshold=0, options="-c lock_timeout=5s"
            )
            self._own.execute("SET session_replication_role = replica")
        with self._own.transaction():
            yield self._own

    def _filled(self) -> list[str]:
        with self._line() as line:
            return [row[0] for row in line.execute(self._probes)]

    def _go_to(self, state: str) -> None:
        wanted = self._counts.get(state, {})
        with self._line() as line:
            line.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            whole = {t for t, count in wanted.items() if self._untouched(line, t, count)}
            for table in self._filled():
                if table not in whole:
                    line.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
                    if table in self._sequences:
                        line.execute("SELECT setval(%s, 1, false)", [self._sequences[table]])
            for table in wanted:
                if table not in whole:
                    line.execute(
                        sql.SQL("INSERT INTO {} SELECT * FROM {}").format(
                            sql.Identifier(table), sql.Identifier(f"kept_{state}", table)
                        )
                    )
                    row = line.execute("SELECT pg_current_xact_id()::text").fetchone()
                    assert row is not None
                    self._put_in_by[table] = row[0]
                if table in self._sequences:
                    line.execute(
                        sql.SQL("SELECT setval({}, max(id)) FROM {}").format(
                            sql.Literal(self._sequences[table]), sql.Identifier(table)
                        )
                    )

    def _untouched(self, line: psycopg.Connection, table: str, count: int) -> bool:
        """Whether the table holds just the rows that were put in last: any other row comes from another transaction."""
        by = self._put_in_by.get(table)
        if by is None:
            return False
        found = line.execute(
            sql.SQL("SELECT count(*), bool_and(xmin = ({}::xid8)::xid) FROM {}").format(
                sql.Literal(by), sql.Identifier(table)
            )
        ).fetchone()
        return found == (count, True)

    def _keep(self, state: str) -> None:
        with self._line() as line:
            line.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(f"kept_{state}")))
            for table in self._filled():
                made = line.execute(
                    sql.SQL("CREATE TABLE {} AS SELECT * FROM {}").format(
                        sql.Identifier(f"kept_{state}", table), sql.Identifier(table)
                    )
                )
                self._counts.setdefault(state, {})[table] = made.rowcount

    def _hang_up(self) -> None:
        if self._own is not None:
            self._own.close()
            self._own = None

    def drop(self) -> None:
        self._hang_up()
        with self._admin() as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.name)))
