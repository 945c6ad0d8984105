"""Where the tables stand. Alembic itself is loaded by `flask db …` only: a web server has no use for it and it is large."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Any

import click
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from werkzeug.local import LocalProxy

from shop.kernel.db import db, session


class _Late(click.Group):
    """The commands of flask-migrate, imported when one of them is asked for."""

    def make_context(self, info_name: str | None, args: list[str], *others: Any, **more: Any) -> click.Context:
        from flask_migrate.cli import db as commands

        made: click.Context = commands.make_context(info_name, args, *others, **more)
        return made


def init_app(app: Flask, folder: Path) -> None:
    """Let `flask db …` find the migrations in `folder`."""

    def load() -> Any:
        from flask_migrate import Migrate

        Migrate(app, db, directory=str(folder), render_as_batch=True)
        return app.extensions["migrate"]

    app.extensions["migrate"] = LocalProxy(load)
    app.cli.add_command(_Late("db", help="Migrations of the tables."))
    app.extensions["shop_migrations"] = folder


@cache
def heads(folder: Path) -> frozenset[str]:
    """The revisions at which the migrations in `folder` end: those that no other names as the one before it.

    Raises:
        ValueError: a file there is no migration.
    """
    before: dict[str, Any] = {}
    for path in (folder / "versions").glob("*.py"):
        said: dict[str, Any] = {}
        for statement in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
                targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                names = {t.id for t in targets if isinstance(t, ast.Name)} & {"revision", "down_revision"}
                said |= {name: ast.literal_eval(statement.value) for name in names}
        if not isinstance(said.get("revision"), str) or "down_revision" not in said:
            raise ValueError(f"{path.name} is no migration")
        before[said["revision"]] = said["down_revision"]
    earlier = {name for down in before.values() for name in (down if isinstance(down, tuple) else (down,))}
    return frozenset(before.keys() - earlier)


def current(app: Flask) -> bool | None:
    """Whether the tables are those of this program; None if the database holds none of ours.

    Raises:
        sqlalchemy.exc.OperationalError: the database does not answer.
    """
    s = session()
    try:
        found = set(s.execute(text("SELECT version_num FROM alembic_version")).scalars())
    except DBAPIError:
        s.rollback()
        s.execute(text("SELECT 1"))
        return None
    return found == heads(app.extensions["shop_migrations"])
