"""How migrations run: on SQLite and on PostgreSQL alike, each in one transaction of its own.

- SQLite rebuilds a table to change it. With foreign keys enforced, dropping the old one would delete the children of its
  rows, so enforcement is off on this connection, and what a migration leaves is checked before it is committed.
- On PostgreSQL only one process migrates at a time; the others wait and then find nothing left to do.
- What autogenerate writes names plain SQLAlchemy types: a migration must still run when the shop's own types have moved on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from logging.config import fileConfig
from typing import Any

import sqlalchemy as sa
from alembic import context
from flask import current_app

from shop.kernel import db

# One number for all migrations of this shop in the server's table of advisory locks.
MIGRATING = 7_301_977_201

if current_app.extensions["shop_config"].mode != "test":
    fileConfig(context.config.config_file_name, disable_existing_loggers=False)


def render_item(kind: str, item: Any, autogen: Any) -> str | bool:
    """Write the shop's own column types as what the databases see, and yes and no so that each database has its own word.

    Left alone, alembic writes what they are on the database it compares with: 0 on SQLite, which PostgreSQL does not take.
    """
    if kind == "server_default" and isinstance(getattr(item, "arg", None), sa.True_ | sa.False_):
        return "sa.true()" if isinstance(item.arg, sa.True_) else "sa.false()"
    if kind != "type":
        return False
    if isinstance(item, db.UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if isinstance(item, db.EnumText):
        return f"sa.String(length={item.impl_instance.length})"
    if isinstance(item, sa.JSON) and "postgresql" in item._variant_mapping:
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


@contextmanager
def connection() -> Iterator[sa.Connection]:
    """A connection of its own, opened for changing tables."""
    url = current_app.config["SQLALCHEMY_DATABASE_URI"]
    engine = db.migration_engine(url)
    try:
        with engine.connect() as opened:
            if engine.dialect.name != "postgresql":
                yield opened
                return
            opened.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATING})
            opened.commit()
            try:
                yield opened
            finally:
                opened.rollback()
                opened.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATING})
                opened.commit()
    finally:
        engine.dispose()


def keys_hold(ctx: Any, step: Any, **_: Any) -> None:
    """Refuse a step that left rows without their parents; SQLite did not look while the step ran.

    Raises:
        RuntimeError: naming the tables; the step is undone.
    """
    if ctx.dialect.name == "sqlite" and not ctx.as_sql:
        broken = sorted({(row[0], row[2]) for row in ctx.connection.exec_driver_sql("PRAGMA foreign_key_check")})
        if broken:
            links = ", ".join(f"{child} → {parent}" for child, parent in broken)
            raise RuntimeError(f"migration {step.up_revision_id} leaves rows without their parents: {links}")


def run() -> None:
    """Run what the command asks for."""
    options: dict[str, Any] = {
        **current_app.extensions["migrate"].configure_args,
        "target_metadata": db.db.metadata,
        "render_as_batch": True,
        "render_item": render_item,
        "transactional_ddl": True,
        "transaction_per_migration": True,
        "on_version_apply": keys_hold,
    }
    if context.is_offline_mode():
        context.configure(url=current_app.config["SQLALCHEMY_DATABASE_URI"], literal_binds=True, **options)
        with context.begin_transaction():
            context.run_migrations()
        return
    with connection() as opened:
        context.configure(connection=opened, **options)
        with context.begin_transaction():
            context.run_migrations()


run()
