"""Migrations make exactly the tables of the models, on both databases; they go down and up again; no row is lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade

from shop.kernel import db
from tests import databases
from tests.conftest import ROOT, _build

MIGRATIONS = ROOT / "migrations"


def steps() -> list[str]:
    """All revisions, first to last."""
    directory = ScriptDirectory(str(MIGRATIONS))
    assert len(directory.get_heads()) == 1, "two heads: rebase the later migration on the earlier"
    return [script.revision for script in reversed(list(directory.walk_revisions()))]


@pytest.fixture
def fresh(database: databases.TestDatabase, run: Any, tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    """The shop on a database of its own, empty or a copy of saved content."""
    made: list[tuple[databases.TestDatabase, Flask]] = []

    def make(saved: str | None = None) -> Flask:
        own: databases.TestDatabase
        if database.kind == "sqlite":
            own = databases.SqliteDatabase(tmp_path / f"own{len(made)}", "own")
            if saved:
                own.load(saved)
        else:
            own = databases.PostgresqlDatabase(run.server(), f"shop_mig_{run.tag}_{run.name}_{len(made)}", saved)
        app = _build(own.url, tmp_path / f"app{len(made)}")
        made.append((own, app))
        return app

    yield make
    for own, app in made:
        with app.app_context():
            db.session().close()
            db.db.engine.dispose()
        own.drop()


def structure() -> dict[str, Any]:
    """All that the database says of its tables: columns, keys, CHECKs, indexes with their conditions."""
    engine = db.db.engine
    inspector = sa.inspect(engine)
    found: dict[str, Any] = {}
    for table in inspector.get_table_names():
        if table == "alembic_version":
            continue
        found[table] = {
            "columns": {c["name"]: (str(c["type"]), c["nullable"], c["default"]) for c in inspector.get_columns(table)},
            "primary": inspector.get_pk_constraint(table),
            "foreign": sorted(map(repr, inspector.get_foreign_keys(table))),
            "unique": sorted((str(u["name"]), u["column_names"]) for u in inspector.get_unique_constraints(table)),
            "checks": sorted((str(c["name"]), c["sqltext"]) for c in inspector.get_check_constraints(table)),
            "indexes": sorted(
                repr({**index, "dialect_options": {k: str(v) for k, v in index.get("dialect_options", {}).items()}})
                for index in inspector.get_indexes(table)
            ),
            "options": repr(inspector.get_table_options(table)),
        }
    return found


def counts() -> dict[str, int]:
    """The number of rows in every table."""
    with db.db.engine.connect() as connection:
        names = [n for n in sa.inspect(connection).get_table_names() if n != "alembic_version"]
        return {n: connection.execute(sa.text(f'SELECT count(*) FROM "{n}"')).scalar_one() for n in names}


def test_the_last_migration_equals_the_models(fresh):
    app = fresh()
    with app.app_context():
        upgrade(directory=str(MIGRATIONS))
        with db.db.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            differences = compare_metadata(context, db.db.metadata)
        assert differences == [], 'the models have moved on: flask --app shop db migrate -m "what changes"'
        migrated = structure()
    with fresh().app_context():
        db.db.create_all()
        made = structure()
    # What alembic does not compare, CHECKs above all, differs silently otherwise.
    assert migrated.keys() == made.keys()
    for table, is_there in migrated.items():
        assert is_there == made[table], table


@pytest.mark.slow
def test_up_down_and_up_again_with_data(fresh, seeded):
    app = fresh(seeded.saved)
    with app.app_context():
        before, full = structure(), counts()
        assert full["products"] > 0
        assert full["stock_movements"] > 0
        # One step back and forth at a time, from the last: the rows of tables that stay are all there.
        for below, step in reversed(list(zip([None, *steps()], steps(), strict=False))):
            downgrade(directory=str(MIGRATIONS), revision=below or "base")
            if below is None:
                assert counts() == {}
                break
            kept = counts()
            upgrade(directory=str(MIGRATIONS), revision=step)
            now = counts()  # a table that the step drops has moved into another
            assert {t: n for t, n in now.items() if t in kept} == {t: n for t, n in kept.items() if t in now}
            downgrade(directory=str(MIGRATIONS), revision=below)
        upgrade(directory=str(MIGRATIONS))
        assert structure() == before
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ready"})


def test_readyz_says_when_migrations_are_pending(fresh):
    app = fresh()
    assert app.test_client().get("/readyz").status_code == 503
    with app.app_context():
        upgrade(directory=str(MIGRATIONS))
        db.db.engine.dispose()
    assert app.test_client().get("/readyz").status_code == 200
    with app.app_context(), db.transaction() as s:
        s.execute(sa.text("UPDATE alembic_version SET version_num = 'older'"))
    assert app.test_client().get("/readyz").status_code == 503
    assert app.test_client().get("/healthz").status_code == 200


FAMILY = '''
"""Parents and their children."""
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "one", None, None, None

def upgrade():
    op.create_table("parents", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(9)))
    op.create_table("children", sa.Column("id", sa.Integer, primary_key=True), sa.Column(
        "parent_id", sa.Integer, sa.ForeignKey("parents.id", ondelete="CASCADE"), nullable=False))
    op.execute("INSERT INTO parents VALUES (1, 'An')")
    op.execute("INSERT INTO children VALUES (1, 1)")
'''
REBUILT = '''
"""A change of the parent for which SQLite makes the table anew."""
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "two", "one", None, None

def upgrade():
    with op.batch_alter_table("parents") as batch:
        batch.alter_column("name", type_=sa.String(90), existing_type=sa.String(9))
'''
ORPHANS = '''
"""Somebody forgets the children."""
from alembic import op

revision, down_revision, branch_labels, depends_on = "three", "two", None, None

def upgrade():
    op.execute("CREATE TABLE toys (id INTEGER)")
    op.execute("DELETE FROM parents")
'''


@pytest.fixture
def foreign_tree(tmp_path: Path) -> str:
    """Migrations of other tables under the shop's own `env.py`."""
    tree = tmp_path / "migrations"
    (tree / "versions").mkdir(parents=True)
    for name in ("env.py", "alembic.ini", "script.py.mako"):
        shutil.copy(MIGRATIONS / name, tree / name)
    for name, content in (("one", FAMILY), ("two", REBUILT), ("three", ORPHANS)):
        (tree / "versions" / f"{name}.py").write_text(content.lstrip())
    return str(tree)


def scalar(statement: str) -> Any:
    with db.db.engine.connect() as connection:
        return connection.execute(sa.text(statement)).scalar()


def test_a_rebuilt_parent_keeps_its_children(fresh, foreign_tree):
    with fresh().app_context():
        upgrade(directory=foreign_tree, revision="two")
        assert scalar("SELECT count(*) FROM children") == 1
        if db.is_sqlite():  # and the shop's own connections do enforce keys afterwards
            assert scalar("PRAGMA foreign_keys") == 1


@pytest.mark.sqlite_only
def test_a_step_that_leaves_orphans_is_undone_and_the_steps_before_it_stay(fresh, foreign_tree, caplog):
    with fresh().app_context():
        with pytest.raises(SystemExit):
            upgrade(directory=foreign_tree)
        assert "migration three leaves rows without their parents: children → parents" in caplog.text
        assert scalar("SELECT version_num FROM alembic_version") == "two"
        assert scalar("SELECT count(*) FROM parents") == 1
        assert not sa.inspect(db.db.engine).has_table("toys")


def test_a_start_brings_an_older_shop_up(fresh):
    """What the start read of the old tables must not hide the new ones from what it does next."""
    app = fresh()
    with app.app_context():
        upgrade(directory=str(MIGRATIONS), revision=steps()[0])
        db.db.engine.dispose()
    for _ in range(2):
        done = app.test_cli_runner().invoke(args=["prepare"])
        assert done.exit_code == 0, done.exception
    assert app.test_client().get("/readyz").status_code == 200
