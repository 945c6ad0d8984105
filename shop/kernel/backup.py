"""Backups: the database at one instant and the media folder, with a manifest that is written last.

SQLite is copied page by page through its own backup call; PostgreSQL by COPY of every table in one REPEATABLE READ
transaction, which needs no programs beside the shop. Both let the shop run meanwhile. Files are named by their content and
stored before the rows that name them, so they are copied before the database is and again after it: a row never lacks its
bytes. The secret key and letters in the instance folder are not part of a backup.

    DIR/manifest.json             what is there, with SHA-256 of each file
    DIR/database.db               SQLite
    DIR/tables/<name>.copy.gz     PostgreSQL
    DIR/media/…                   files
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from flask import current_app
from flask_migrate import upgrade
from psycopg import sql
from sqlalchemy import Engine, inspect

from shop.kernel import clock
from shop.kernel.db import db, session
from shop.kernel.storage import LocalStorage

FORMAT = 1
MANIFEST = "manifest.json"
CHUNK = 1 << 20
# Rows that a shop writes by itself as soon as it is migrated or started: they do not make a database worth keeping.
_BY_ITSELF = frozenset({"alembic_version", "job_schedules", "invoice_issuers"})


class BackupRefused(RuntimeError):
    """The backup or the target is not fit for what was asked; nothing was changed. The message says why."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is. `revision` is that of the migrations (None: made without), `files` maps paths to (SHA-256, bytes)."""

    made_at: str
    database: str
    revision: str | None
    files: dict[str, tuple[str, int]]
    # PostgreSQL: tables with their columns, parents before children.
    tables: list[tuple[str, list[str]]]
    # False where files lie in S3-compatible storage, which keeps copies of its own.
    media: bool

    def written(self) -> str:
        """As JSON."""
        facts = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps({"format": FORMAT, **facts}, ensure_ascii=False, indent=1, sort_keys=True)


# --- making ------------------------------------------------------------------------------------------------------


def make(target: Path) -> Manifest:
    """Write a backup of the running shop to the new folder `target`, which appears only when it is whole.

    Raises:
        BackupRefused: `target` exists and is not empty.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupRefused(f"{target} is not an empty folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))  # for the owner's eyes only
    try:
        media = isinstance(current_app.extensions["shop_storage"], LocalStorage)
        if media:
            _copy_media(partial)
        engine = _idle_engine()
        sqlite = engine.dialect.name == "sqlite"
        revision, tables = _dump_sqlite(engine, partial) if sqlite else _dump_postgresql(engine, partial)
        if media:
            _copy_media(partial)
        files = {name: _digest(partial / name) for name in sorted(_names(partial))}
        kind = "sqlite" if sqlite else "postgresql"
        manifest = Manifest(clock.now().isoformat(timespec="seconds"), kind, revision, files, tables, media)
        _write(partial / MANIFEST, manifest.written().encode())
        os.replace(partial, target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return manifest


def _idle_engine() -> Engine:
    """The engine, once the present session has let go of its snapshot."""
    session().rollback()
    return db.engine


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _names(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_file() and path.name != MANIFEST:
            yield path.relative_to(folder).as_posix()


def _digest(path: Path) -> tuple[str, int]:
    found, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            found.update(chunk)
            size += len(chunk)
    return found.hexdigest(), size


def _media() -> Path:
    return Path(current_app.extensions["shop_config"].media_dir)


def _copy_media(partial: Path) -> None:
    """Copy what is not copied yet; a file that goes away meanwhile belongs to no row any more."""
    source, target = _media(), partial / "media"
    for path in sorted(source.rglob("*")) if source.is_dir() else ():
        copy = target / path.relative_to(source)
        if path.is_file() and not path.name.startswith("tmp") and not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(path, copy)


def _dump_sqlite(engine: Engine, partial: Path) -> tuple[str | None, list[tuple[str, list[str]]]]:
    """Copy the pages of one instant; writers go on (WAL), and the copy is checked."""
    from pysqlite3 import dbapi2

    raw = engine.raw_connection()
    copy = dbapi2.connect(str(partial / "database.db"))
    try:
        raw.driver_connection.backup(copy)  # type: ignore[union-attr]
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, readable from anywhere
        found = copy.execute("PRAGMA quick_check").fetchone()[0]
        if found != "ok":
            raise BackupRefused(f"the database is damaged: {found}")
        return _sqlite_revision(copy), []
    finally:
        copy.close()
        raw.close()


def _sqlite_revision(connection: Any) -> str | None:
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if there else None
    return str(row[0]) if row else None


def _dump_postgresql(engine: Engine, partial: Path) -> tuple[str | None, list[tuple[str, list[str]]]]:
    (partial / "tables").mkdir()
    with _plain(engine) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            tables = _in_order(cursor)
            for table, columns in tables:
                statement = sql.SQL("COPY {} ({}) TO STDOUT").format(
                    sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
                )
                path = partial / "tables" / f"{table}.copy.gz"
                with gzip.GzipFile(path, "wb", compresslevel=5, mtime=0) as stream, cursor.copy(statement) as rows:
                    for chunk in rows:
                        stream.write(chunk)
            revision = None
            if any(table == "alembic_version" for table, _columns in tables):
                row = cursor.execute("SELECT version_num FROM alembic_version").fetchone()
                revision = str(row[0]) if row else None
        finally:
            cursor.execute("ROLLBACK")
    return revision, tables


@contextlib.contextmanager
def _plain(engine: Engine) -> Iterator[Any]:
    """A connection of psycopg's own in autocommit, without the terms that guard ordinary requests."""
    raw = engine.raw_connection()
    connection: Any = raw.driver_connection
    try:
        connection.rollback()
        connection.autocommit = True
        connection.execute("SET statement_timeout = 0")
        connection.execute("SET idle_in_transaction_session_timeout = 0")
        yield connection
    finally:
        raw.invalidate()  # its settings are not those of the pool's others


def _in_order(cursor: Any) -> list[tuple[str, list[str]]]:
    """All tables with their stored columns, parents before children."""
    columns: dict[str, list[str]] = {}
    for table, column in cursor.execute(
        "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
        "WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND a.attnum > 0 "
        "AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY c.relname, a.attnum"
    ).fetchall():
        columns.setdefault(table, []).append(column)
    parents: dict[str, set[str]] = {table: set() for table in columns}
    for child, parent in cursor.execute(
        "SELECT c.relname, p.relname FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid "
        "JOIN pg_class p ON p.oid = f.confrelid WHERE f.contype = 'f' AND c.oid <> p.oid "
        "AND c.relnamespace = current_schema()::regnamespace"
    ).fetchall():
        parents[child].add(parent)
    ordered: list[str] = []
    while len(ordered) < len(columns):
        ready = sorted(t for t in columns if t not in ordered and parents[t] <= set(ordered))
        if not ready:
            raise BackupRefused(
                "tables refer to each other in a circle: " + ", ".join(sorted(set(columns) - set(ordered)))
            )
        ordered += ready
    return [(table, columns[table]) for table in ordered]


# --- checking ----------------------------------------------------------------------------------------------------


def read(source: Path) -> Manifest:
    """Read a backup's manifest and compare every file with it.

    Raises:
        BackupRefused: there is no manifest, it is of a later format, or a file is missing, changed or of another size.
    """
    try:
        facts = json.loads((source / MANIFEST).read_bytes())
        later = int(facts["format"]) > FORMAT
    except FileNotFoundError:
        raise BackupRefused(f"{source} holds no whole backup: {MANIFEST} is missing") from None
    except (ValueError, KeyError, TypeError):
        raise BackupRefused(f"{source / MANIFEST} cannot be read") from None
    if later:
        raise BackupRefused("the backup was made by a newer version of the shop")
    try:
        files = {str(name): (str(digest), int(size)) for name, (digest, size) in facts["files"].items()}
        tables = [(str(table), [str(c) for c in columns]) for table, columns in facts["tables"]]
        manifest = Manifest(
            str(facts["made_at"]), str(facts["database"]), facts["revision"], files, tables, bool(facts["media"])
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BackupRefused(f"{source / MANIFEST} cannot be read") from None
    for name, told in files.items():
        path = source / name
        if ".." in Path(name).parts or Path(name).is_absolute() or not path.is_file():
            raise BackupRefused(f"the backup is damaged: {name} is missing")
        if _digest(path) != told:
            raise BackupRefused(f"the backup is damaged: {name} is not what the manifest says")
    needed = ["database.db"] if manifest.database == "sqlite" else [f"tables/{t}.copy.gz" for t, _c in tables]
    if missing := [name for name in needed if name not in files]:
        raise BackupRefused(f"the backup is damaged: {missing[0]} is missing")
    return manifest


def _known_revisions() -> frozenset[str]:
    """The revisions of this version's migrations."""
    config = current_app.extensions["migrate"].migrate.get_config()
    try:
        return frozenset(script.revision for script in ScriptDirectory.from_config(config).walk_revisions())
    except CommandError:
        return frozenset()


# --- restoring ---------------------------------------------------------------------------------------------------


def restore(source: Path, *, replace: bool = False) -> Manifest:
    """Bring the backup in `source` into the database and media folder of the present settings, then migrate to today's.

    Stop the shop before; SQLite and, at an equal revision, PostgreSQL change in one step, so a failure leaves what was there.
    With `replace` what the database holds is lost; files that only the target has stay.

    Raises:
        BackupRefused: the backup is damaged, newer than this version, or of the other kind of database; the database or
            the media folder is not empty and `replace` was not said.
    """
    manifest = read(source)
    engine = _idle_engine()
    kind = "sqlite" if engine.dialect.name == "sqlite" else "postgresql"
    if manifest.database != kind:
        raise BackupRefused(f"the backup is of {manifest.database}, this shop runs on {kind}")
    if manifest.revision is not None and manifest.revision not in _known_revisions():
        raise BackupRefused(f"the backup was made by a newer version of the shop (revision {manifest.revision})")
    local = isinstance(current_app.extensions["shop_storage"], LocalStorage)
    if manifest.media and not local and any(name.startswith("media/") for name in manifest.files):
        raise BackupRefused("the backup holds files, but this shop keeps its files elsewhere (MEDIA_URL)")
    if not replace:
        if filled := _filled(engine):
            raise BackupRefused(f"the database is not empty ({', '.join(filled[:3])}); --replace overwrites it")
        if manifest.media and _media().is_dir() and any(path.is_file() for path in _media().rglob("*")):
            raise BackupRefused(f"{_media()} is not empty; --replace adds to it")
    _restore_media(source, manifest)
    if kind == "sqlite":
        _load_sqlite(engine, source)
    else:
        _load_postgresql(engine, source, manifest)
    engine.dispose()
    if manifest.revision is not None:
        upgrade()
    return manifest


def _filled(engine: Engine) -> list[str]:
    """Tables that hold rows."""
    with engine.connect() as connection:
        return [
            table
            for table in sorted(inspect(connection).get_table_names())
            if table not in _BY_ITSELF and connection.exec_driver_sql(f'SELECT 1 FROM "{table}" LIMIT 1').first()
        ]


def _restore_media(source: Path, manifest: Manifest) -> None:
    for name in manifest.files:
        if name.startswith("media/"):
            target = _media() / Path(name).relative_to("media")
            target.parent.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=target.parent)
            os.close(descriptor)
            shutil.copyfile(source / name, temporary)
            os.chmod(temporary, 0o644)
            os.replace(temporary, target)


def _load_sqlite(engine: Engine, source: Path) -> None:
    """Copy the pages into the present file in one step."""
    from pysqlite3 import dbapi2

    copy = dbapi2.connect((source / "database.db").resolve().as_uri() + "?mode=ro&immutable=1", uri=True)
    raw = engine.raw_connection()
    try:
        found = copy.execute("PRAGMA quick_check").fetchone()[0]
        if found != "ok":
            raise BackupRefused(f"the backup is damaged: {found}")
        copy.backup(raw.driver_connection)
    finally:
        copy.close()
        raw.close()


def _load_postgresql(engine: Engine, source: Path, manifest: Manifest) -> None:
    with _plain(engine) as connection, connection.cursor() as cursor:
        present = _in_order(cursor)
        if present != manifest.tables or _revision_there(cursor, present) != manifest.revision:
            for table, _columns in present:
                cursor.execute(sql.SQL("DROP TABLE IF EXISTS {} CASCADE").format(sql.Identifier(table)))
            if manifest.revision is None:
                db.create_all()
            else:
                upgrade(revision=manifest.revision)
            if {t: sorted(c) for t, c in _in_order(cursor)} != {t: sorted(c) for t, c in manifest.tables}:
                raise BackupRefused("the tables of the backup are not those of its revision")
        with connection.transaction():
            every = sql.SQL(", ").join(sql.Identifier(table) for table, _columns in manifest.tables)
            cursor.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY").format(every))
            for table, columns in manifest.tables:
                statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
                    sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
                )
                with gzip.open(source / "tables" / f"{table}.copy.gz", "rb") as stream, cursor.copy(statement) as rows:
                    while chunk := stream.read(CHUNK):
                        rows.write(chunk)
            _go_on_counting(cursor)


def _revision_there(cursor: Any, tables: list[tuple[str, list[str]]]) -> str | None:
    if all(table != "alembic_version" for table, _columns in tables):
        return None
    row = cursor.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else None


def _go_on_counting(cursor: Any) -> None:
    """Let each sequence go on after the highest number of its column."""
    for table, column, sequence in cursor.execute(
        "SELECT t.relname, a.attname, s.oid::regclass::text FROM pg_class s JOIN pg_depend d ON d.objid = s.oid "
        "JOIN pg_class t ON t.oid = d.refobjid "
        "JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid "
        "WHERE s.relkind = 'S' AND d.deptype IN ('a', 'i') AND t.relnamespace = current_schema()::regnamespace"
    ).fetchall():
        cursor.execute(
            sql.SQL("SELECT setval({}, coalesce(max({column}), 1), max({column}) IS NOT NULL) FROM {table}").format(
                sql.Literal(sequence), column=sql.Identifier(column), table=sql.Identifier(table)
            )
        )
