"""One shop with the demonstration and two holdouts, loaded once for all tests here; nobody writes in it for good."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask

from shop.kernel.db import db
from shop.programme.services import scoring
from shop.seed import demo, holdout
from tests import databases
from tests.conftest import Run, _build

SEEDS = (3, 4)


@dataclass
class LivedIn:
    """The shop, and what each loading said."""

    app: Flask
    url: str
    demo: dict[str, Any]
    holdouts: dict[int, dict[str, Any]]


@pytest.fixture(scope="session")
def lived_in(database: databases.TestDatabase, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivedIn]:
    """A database of its own, of the kind the test runs on."""
    folder = tmp_path_factory.mktemp(f"lived-in-{database.kind}")
    made: databases.TestDatabase
    if database.kind == "sqlite":
        made = databases.SqliteDatabase(folder, "shop")
    else:
        made = databases.PostgresqlDatabase(run.server(), f"shop_lived_{run.tag}_{run.name}")
    app = _build(made.url, folder)
    with app.app_context():
        db.create_all()
        scoring.load_sheets()  # a shop that starts has them; without them there is nothing to file
        said = demo.load(1)
        others = {seed: holdout.load(seed) for seed in SEEDS}
        db.session.remove()
    yield LivedIn(app, made.url, said, others)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    made.drop()


@pytest.fixture
def shop(lived_in: LivedIn) -> Iterator[LivedIn]:
    """The same with an application context for one test."""
    with lived_in.app.app_context():
        yield lived_in
        db.session.rollback()
