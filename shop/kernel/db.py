"""The database: one declarative base, one session per request, and the only commit of the program.

SQLite is opened through `pysqlite3`, which brings a library without the WAL-reset bug (SQLite 3.7.0–3.51.2); a writing
transaction starts with `BEGIN IMMEDIATE`, so a writer never finds out half-way that another was first. PostgreSQL runs
READ COMMITTED; services lock rows in id order.
"""

from __future__ import annotations

import json
import select
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

from flask import Flask, current_app, g
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    Engine,
    Executable,
    Integer,
    MetaData,
    String,
    Text,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Connection, CursorResult
from sqlalchemy.exc import DBAPIError, DisconnectionError, IntegrityError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column
from sqlalchemy.pool import NullPool
from sqlalchemy.types import TypeDecorator

from shop.kernel.errors import Busy

# SQLite 3.7.0 to 3.51.2 can lose a checkpointed page when a WAL is reset; older branches were patched in 3.44.6 and 3.50.7
# (sqlite.org/wal.html, "The WAL reset bug").
SQLITE_SAFE = (3, 51, 3)
SQLITE_PATCHED: dict[tuple[int, ...], int] = {(3, 44): 6, (3, 50): 7}
BUSY_SECONDS = 10
STUCK_SECONDS = 0.5
T = TypeVar("T")
M = TypeVar("M", bound="Base")

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant: `timestamptz` on PostgreSQL, UTC text of fixed width on SQLite (which sorts as time does)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    # Both ways are functions of their own, not `process_…` around SQLAlchemy's: an order writes a dozen instants.
    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        as_text = dialect.name == "sqlite"

        def process(value: datetime | None) -> Any:
            if value is None:
                return None
            if value.tzinfo is not UTC:
                if value.tzinfo is None:
                    raise TypeError("an instant needs its time zone")
                value = value.astimezone(UTC)
            return value.isoformat(" ", "microseconds")[:26] if as_text else value

        return process

    def result_processor(self, dialect: Dialect, _coltype: object) -> Callable[[Any], datetime | None]:
        def process(value: Any) -> datetime | None:
            if value is None:
                return None
            if isinstance(value, str):
                return datetime.fromisoformat(value).replace(tzinfo=UTC)
            return value.astimezone(UTC)  # type: ignore[no-any-return]

        return process


class EnumText(TypeDecorator[Any]):
    """A `StrEnum` kept as its text; `one_of` adds the CHECK."""

    impl = String
    cache_ok = True

    def __init__(self, enum: type[StrEnum], length: int = 24) -> None:
        super().__init__(length)
        self.enum = enum

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:
        known = {member.value: member.value for member in self.enum}

        def process(value: Any) -> str | None:
            # The constructor says what is wrong with a value that is none of the enum's.
            return None if value is None else known.get(value) or self.enum(value).value

        return process

    def result_processor(self, dialect: Dialect, _coltype: object) -> Callable[[Any], Any]:
        known = {member.value: member for member in self.enum}

        def process(value: Any) -> Any:
            return None if value is None else known.get(value) or self.enum(value)

        return process


Json = JSON().with_variant(JSONB(), "postgresql")
BigId = BigInteger().with_variant(Integer(), "sqlite")

Id = Annotated[int, mapped_column(BigId, primary_key=True)]
Amount = Annotated[int, mapped_column(BigInteger)]
Instant = Annotated[datetime, mapped_column(UtcDateTime)]
Str20 = Annotated[str, mapped_column(String(20))]
Str40 = Annotated[str, mapped_column(String(40))]
Str80 = Annotated[str, mapped_column(String(80))]
Str255 = Annotated[str, mapped_column(String(255))]
# Keys made by `text.sort_key` are compared byte by byte, whatever the database's own language is.
SortKey = Annotated[str, mapped_column(String(255).with_variant(String(255, collation="C"), "postgresql"))]
LongText = Annotated[str, mapped_column(Text)]


class Base(DeclarativeBase):
    """Base of all tables; constraint names are fixed, so migrations can name them."""

    metadata = MetaData(naming_convention=NAMING)


def one_of(column: str, enum: type[StrEnum]) -> CheckConstraint:
    """A named CHECK that `column` holds a value of `enum`."""
    return CheckConstraint(f"{column} IN ({', '.join(repr(m.value) for m in enum)})", name=f"{column}_known")


class ReadingSession(FlaskSession):
    """A session that reads without a transaction on PostgreSQL; only `transaction()` opens one.

    Under READ COMMITTED each statement has its own snapshot anyway, so nothing is lost. What is won: no BEGIN and no
    ROLLBACK around every page, and the driver keeps its prepared statements, which a ROLLBACK makes it throw away (psycopg,
    `_preparing.py`). Such a connection is read-only: whatever would be written outside `transaction()` is refused.
    """

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:
        if "writing" not in self.info and kwargs.get("bind") is None:
            reading: Engine | None = current_app.extensions["shop_reading"]
            if reading is not None:
                return reading
        return super().get_bind(*args, **kwargs)


class Database(SQLAlchemy):
    """Flask-SQLAlchemy, which gives the session back at the end of each context."""

    def _teardown_session(self, _exc: BaseException | None) -> None:
        """A connection cut at the very end spoils no answer: what was to be read is read, what was to be kept is kept."""
        if self.session.registry.has():  # most pages read without one
            let_go(self.session())
            self.session.remove()


db = Database(
    model_class=Base, session_options={"class_": ReadingSession, "expire_on_commit": False, "autoflush": True}
)


def session() -> Session:
    """The session of the present application context."""
    return db.session()


def let_go(s: Session) -> None:
    """End what `s` was reading and give its connection back; one that is cut is thrown away, with no harm to anybody."""
    try:
        s.rollback()
    except DBAPIError:
        s.invalidate()


def execute(statement: Executable, values: Any = None) -> Any:
    """Run a statement of columns straight on the session's connection; what the session still holds back is written first.

    For the few statements of every page and order, which are built once, with `bindparam` for their values: four times less
    work than building one per call and running it through the ORM, which would only hand on the same rows (measured).
    """
    return connection().execute(statement, values)


def connection() -> Connection:
    """The connection of the present session, with everything written that the session held back."""
    s = session()
    s.flush()
    found: Connection | None = s.info.get("connection")
    # A savepoint is set when the session is asked for its connection inside it.
    return s.connection() if found is None or s.in_nested_transaction() else found


def streamed(statement: Any, values: Any = None, *, size: int) -> Any:
    """The result of a long reading, fetched `size` rows at a time: the server keeps a cursor open, in a transaction."""
    options = {"yield_per": size}
    return session().execute(statement, values, bind_arguments={"bind": db.engine}, execution_options=options)


@contextmanager
def unmapped() -> Iterator[None]:
    """Read a whole table without the database file in this process's memory: pages of SQLite's file are not mapped meanwhile.

    What is mapped is quick for pages asked for again and again; read once from end to end it only fills the memory.
    """
    if not is_sqlite():
        yield
        return
    here = connection()
    before = here.exec_driver_sql("PRAGMA mmap_size").scalar() or 0
    here.exec_driver_sql("PRAGMA mmap_size=0")
    try:
        yield
    finally:
        here.exec_driver_sql(f"PRAGMA mmap_size={int(before)}")


# --- opening -----------------------------------------------------------------------------------------------------


def _loads(raw: str | bytes) -> Any:
    """JSON of a column. A list of one whole number and nothing at all, which make up most of what lists read, go straight."""
    if len(raw) < 24:
        if raw in (b"null", "null"):
            return None
        if raw[1:-1].isdigit() and raw[:1] in (b"[", "["):
            return [int(raw[1:-1])]
    return json.loads(raw)


def engine_options(url: str) -> dict[str, Any]:
    """Return the options of `create_engine` for `url`."""
    if make_url(url).get_backend_name() == "sqlite":
        from pysqlite3 import dbapi2

        return {
            "module": dbapi2,
            "connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False},
            "json_deserializer": _loads,
            "pool_size": 16,
            "max_overflow": 48,
            # The last one used comes first: few connections hold a schema and prepared statements, and theirs are warm.
            "pool_use_lifo": True,
        }
    return {
        "pool_size": 8,
        "pool_use_lifo": True,
        "json_deserializer": _loads,
        "max_overflow": 24,
        "pool_timeout": BUSY_SECONDS,
        "pool_pre_ping": False,
        "pool_recycle": 1800,
        "connect_args": {
            "connect_timeout": 5,
            "application_name": "ocop-shop",
            # The server's default for reading single rows is that of turning disks; with it a basket of two lines is found
            # by reading tables of some thousand rows whole. A shop's tables lie in memory.
            "options": f"-c timezone=UTC -c lock_timeout={BUSY_SECONDS}s -c statement_timeout=60s "
            "-c idle_in_transaction_session_timeout=60s -c random_page_cost=1.1 -c jit=off",
        },
    }


def migration_engine(url: str) -> Engine:
    """An engine for changing tables: no pool, no limit of time for a statement; SQLite does not enforce foreign keys."""
    if make_url(url).get_backend_name() != "sqlite":
        options = f"-c timezone=UTC -c lock_timeout={BUSY_SECONDS}s"
        return create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": 5, "options": options})
    from pysqlite3 import dbapi2

    engine = create_engine(url, poolclass=NullPool, module=dbapi2, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=OFF"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def open_database(app: Flask, url: str) -> None:
    """Bind the shop's session to `url` and set what every connection needs.

    Raises:
        RuntimeError: the SQLite library has the WAL-reset bug.
    """
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options = engine_options(url)
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        # Of statements without a transaction (`ReadingSession`); those with one begin with READ WRITE.
        options["connect_args"]["options"] += " -c default_transaction_read_only=on"
    if parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:"):
        Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
    db.init_app(app)
    with app.app_context():
        engine = db.engine
    app.extensions["shop_reading"] = None
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    else:
        _prepare_postgresql(engine)
        app.extensions["shop_reading"] = engine.execution_options(isolation_level="AUTOCOMMIT")


def _prepare_sqlite(engine: Engine) -> None:
    dbapi = engine.dialect.dbapi
    version: tuple[int, ...] = dbapi.sqlite_version_info  # type: ignore[union-attr]
    if version < SQLITE_SAFE and version[2] < SQLITE_PATCHED.get(version[:2], 10**6):
        raise RuntimeError(
            f"SQLite {'.'.join(map(str, version))} can lose data (WAL-reset bug); 3.51.3 or later is needed"
        )

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-4000",
            "temp_store=MEMORY",
            "mmap_size=268435456",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    # Writers of one process queue here instead of polling SQLite's lock, which would starve some of them.
    gate = threading.Lock()
    # Set while somebody outside holds the database for longer than a writer waits. Until he lets go, the others are refused
    # soon: threads that wait cannot show pages either.
    stuck = threading.Event()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        plain = connection.connection.dbapi_connection
        assert plain is not None  # noqa: S101 - it is open
        if not connection.get_execution_options().get("write"):
            # Past SQLAlchemy, which takes as long for a BEGIN as for a statement.
            plain.execute("BEGIN")
            return
        until = time.monotonic() + (STUCK_SECONDS if stuck.is_set() else BUSY_SECONDS)
        if not gate.acquire(timeout=until - time.monotonic()):
            raise Busy
        try:
            left = max(until - time.monotonic(), 0.0)
            left = min(left, STUCK_SECONDS) if stuck.is_set() else left
            if left < BUSY_SECONDS - 1:
                plain.execute(f"PRAGMA busy_timeout = {int(left * 1000)}")
            try:
                plain.execute("BEGIN IMMEDIATE")
            finally:
                if left < BUSY_SECONDS - 1:
                    plain.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        except BaseException as error:
            if "locked" in str(error):
                stuck.set()
            gate.release()
            if isinstance(error, dbapi.Error):  # type: ignore[union-attr]
                raise Busy from error  # another process writes, or the disk is full
            raise
        stuck.clear()
        connection.info["gate"] = gate

    # `commit` and `rollback` events fire before the statement; the gate opens when the connection goes back to its pool.
    @event.listens_for(engine.pool, "checkin")
    def _checkin(_connection: Any, record: Any) -> None:
        held = record.info.pop("gate", None)
        if held is not None:
            held.release()

    @event.listens_for(engine.pool, "invalidate")
    def _invalidate(_connection: Any, record: Any, _error: Any) -> None:
        held = record.info.pop("gate", None)
        if held is not None:
            held.release()


def _prepare_postgresql(engine: Engine) -> None:
    """A connection cut from outside is replaced at its next use instead of failing a request after that."""
    from psycopg.types.numeric import Int8Dumper  # of a library that a shop on SQLite does not load

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.read_only = False  # what begins with BEGIN may write, what runs without one may not
        # By default psycopg sends each int in the smallest type that holds it, and types are part of what a prepared
        # statement is known by: an INSERT of ten numbers would be planned again and again.
        connection.adapters.register_dumper(int, Int8Dumper)

    @event.listens_for(engine, "checkout")
    def _checkout(connection: Any, _record: Any, _proxy: Any) -> None:
        # An idle connection has something to read only when the server has ended it. No question is asked for this.
        waiting = select.poll()
        if not connection.closed:
            waiting.register(connection.fileno(), select.POLLIN)
        if connection.closed or waiting.poll(0):
            raise DisconnectionError  # the pool opens another

    @event.listens_for(engine, "handle_error")
    def _handle(context: Any) -> None:
        if context.is_disconnect:
            context.invalidate_pool_on_disconnect = True


# --- transactions ------------------------------------------------------------------------------------------------


class WriteOutsideTransaction(RuntimeError):
    """Something was changed in the session before `transaction()` began: a defect of the program."""


class TransactionOpen(RuntimeError):
    """A call to another machine was tried inside a transaction: a defect of the program."""


@contextmanager
def transaction() -> Iterator[Session]:
    """Run the block as one transaction: all of it happens or none.

    An inner `transaction()` joins the outer one. At the start of the outermost everything read before is forgotten, so
    decisions are taken on what the transaction itself reads.

    Raises:
        Busy: the database was locked or cut off; nothing happened, trying again is safe.
        WriteOutsideTransaction: pending changes were found at the start.
    """
    s = session()
    if s.info.get("writing"):
        yield s
        return
    if s.new or s.dirty or s.deleted:
        pending = [type(o).__name__ for o in (*s.new, *s.dirty, *s.deleted)]
        s.rollback()
        raise WriteOutsideTransaction(", ".join(pending))
    let_go(s)
    s.expire_all()
    s.info["writing"] = True
    s.info["after"] = []
    try:
        s.info["connection"] = s.connection(execution_options={"write": True})
        yield s
        s.commit()
        after: list[Callable[[], None]] = s.info["after"]
    except BaseException as error:
        let_go(s)
        if isinstance(error, DBAPIError) and _try_again(error):
            raise Busy from error
        raise
    finally:
        for note in ("writing", "connection", "after"):
            s.info.pop(note, None)
    for callback in after:
        callback()


def _try_again(error: DBAPIError) -> bool:
    """Whether `error` says that the database was busy, full or cut off, not that the statement was wrong."""
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state[:2] in {"08", "53", "57"} or state in {"40001", "40P01", "55P03", "25P03"}
    return isinstance(error, OperationalError) and any(
        sign in str(error.orig) for sign in ("locked", "busy", "disk is full", "disk I/O", "connection")
    )


busy = _try_again


@contextmanager
def unique(*columns: str, otherwise: Callable[[], Exception]) -> Iterator[None]:
    """Raise `otherwise()` where the block breaks the uniqueness of one of `columns` (`"variants.sku"`).

    For two who pass the same check at the same moment: the database lets one through, the other hears the usual refusal.
    """
    try:
        yield
    except IntegrityError as error:
        said = str(error.orig)
        # SQLite names the column (`variants.sku`), PostgreSQL the constraint (`uq_variants_sku`).
        if any(c in said or f"uq_{c.replace('.', '_')}" in said for c in columns):
            raise otherwise() from error
        raise


def locked(kind: type[M], key: Any, otherwise: type[Exception]) -> M:
    """The row of `kind` with that primary key as it is now, locked until the transaction ends.

    Raises:
        otherwise: there is none.
    """
    found = session().get(kind, key, with_for_update=True, populate_existing=True)
    if found is None:
        raise otherwise
    return found


def in_transaction() -> bool:
    """Whether a writing transaction is open in this context."""
    return bool(session().info.get("writing"))


def after_commit(callback: Callable[[], None]) -> None:
    """Call `callback` once the open transaction has been committed; outside one, now. It must not write."""
    pending = session().info.get("after")
    if pending is None:
        callback()
    else:
        pending.append(callback)


def leave_database() -> None:
    """Give the connection back before talking to another machine; every adapter calls this first.

    Raises:
        TransactionOpen: a writing transaction is open.
    """
    s = session()
    if s.info.get("writing"):
        raise TransactionOpen("no call to another machine inside a transaction")
    let_go(s)
    stop_reading()


def stop_reading(*, broken: bool = False) -> None:
    """Give the connection that `reading` took in this context back to its pool; `broken`: nobody is to use it again."""
    pooled = g.pop("reading", None)
    if pooled is not None:
        if broken:
            pooled.invalidate()
        pooled.close()


def changed(result: Any) -> int:
    """The number of rows a conditional UPDATE or DELETE touched."""
    return result.rowcount if isinstance(result, CursorResult) else 0


def is_sqlite() -> bool:
    """Whether the open database is SQLite."""
    return db.engine.dialect.name == "sqlite"


def in_batches(values: Sequence[T], size: int = 500) -> Iterator[Sequence[T]]:
    """Yield `values` in slices of `size`, for `IN (…)` lists and bulk inserts."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def ping() -> None:
    """Ask the database for a sign of life.

    Raises:
        Busy: it does not answer.
    """
    try:
        session().execute(text("SELECT 1"))
    except DBAPIError as error:
        raise Busy from error


def insert_missing(table: Any, rows: Sequence[dict[str, Any]], keys: Sequence[str]) -> None:
    """Insert `rows` into `table` (a mapped class); a row whose `keys` are already there is left alone."""
    if not rows:
        return
    if is_sqlite():
        from sqlalchemy.dialects.sqlite import insert as dialect_insert
    else:
        from sqlalchemy.dialects.postgresql import insert as dialect_insert  # type: ignore[assignment]
    session().execute(dialect_insert(table).on_conflict_do_nothing(index_elements=list(keys)), list(rows))


@contextmanager
def savepoint() -> Iterator[None]:
    """Run the block so that a refusal inside undoes the block alone, not the transaction around it."""
    with session().begin_nested():
        yield
