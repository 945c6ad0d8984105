"""A backup made while the shop is written to, restored elsewhere, passes the audit; what is not whole is refused."""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from shop.catalog.models import Certificate
from shop.kernel import backup, invariants, migrations, storage
from shop.kernel.actor import SYSTEM
from shop.kernel.backup import BackupRefused
from shop.kernel.db import db, session, transaction
from shop.stock import services as stock
from shop.stock.models import StockMovement
from tests import databases
from tests.factories import make_certificate, make_point, make_variant, put_in
from tests.servers import ROOT
from tests.shops import Shops

NewShop = Callable[..., Flask]


@pytest.fixture
def new_shop(database: databases.TestDatabase, migrated: str, run: Any, shops: Shops) -> Iterator[NewShop]:
    """Shops on databases of their own, migrated unless `empty`."""
    made: list[tuple[databases.TestDatabase, Flask]] = []

    def make(*, empty: bool = False) -> Flask:
        n = len(made)
        own: databases.TestDatabase
        if database.kind == "sqlite":
            own = sqlite = databases.SqliteDatabase(run.folder / run.name, f"backup{n}")
            if not empty:
                sqlite.load(migrated)
        else:
            template = None if empty else migrated
            own = databases.PostgresqlDatabase(run.server(), f"shop_backup_{run.tag}_{run.name}_{n}", template)
        app = shops.take(own.url, 0, {})
        made.append((own, app))
        return app

    yield make
    for own, app in made:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
        own.drop()
    shops.give_back()


def stocked() -> int:
    """A variant with goods, a certificate and its paper; returns the variant's id."""
    variant = make_variant()
    put_in(variant, make_point(), 1000)
    paper = make_certificate(variant)
    key = storage.key_for("certificates", b"paper", "pdf")
    storage.storage().put(key, b"paper")
    with transaction() as s:
        s.get(Certificate, paper.id).file_key = key
    return variant.id


def broken() -> dict[str, list[str]]:
    return {f.name: f.offenders for f in invariants.run() if not f.ok}


class Writers:
    """Threads that book goods in and out and keep files, until told to stop."""

    def __init__(self, app: Flask, level_id: int) -> None:
        self.app, self.level_id = app, level_id
        self.stop = threading.Event()
        self.written = itertools.count()
        self.count = 0
        self.errors: list[BaseException] = []
        self.threads = [threading.Thread(target=self._work, args=(n,)) for n in range(3)]

    def _work(self, number: int) -> None:
        with self.app.app_context():
            try:
                for n in itertools.count():
                    if self.stop.is_set():
                        break
                    content = f"paper {number} {n}".encode()
                    key = storage.key_for("certificates", content, "pdf")
                    storage.storage().put(key, content)
                    with transaction() as s:
                        s.execute(text("UPDATE certificates SET file_key = :k"), {"k": key})
                        stock.adjust(SYSTEM, self.level_id, 1 if n % 3 else -1, "dưới tải", f"load-{number}-{n}")
                    self.count = next(self.written)
            except BaseException as error:
                self.errors.append(error)
            finally:
                db.session.remove()

    def __enter__(self) -> Writers:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()


def test_made_under_load_and_restored_elsewhere_it_passes_the_audit(new_shop: NewShop, tmp_path: Path) -> None:
    app, other = new_shop(), new_shop(empty=True)
    with app.app_context():
        stocked()
        level_id = session().scalar(text("SELECT id FROM stock_levels"))
        db.session.remove()
        with Writers(app, level_id) as writers:
            for n in range(3):
                seen, deadline = writers.count, time.monotonic() + 20
                while writers.count < seen + 5 and time.monotonic() < deadline:
                    time.sleep(0.01)
                backup.make(tmp_path / f"backup{n}")
        assert writers.errors == []
        assert writers.count > 15
        total = session().scalar(select(func.count()).select_from(StockMovement))
    kept = []
    for n in range(3):
        with other.app_context():
            manifest = backup.restore(tmp_path / f"backup{n}", replace=n > 0)
            assert manifest.revision is not None
            assert broken() == {}
            kept.append(session().scalar(select(func.count()).select_from(StockMovement)))
            db.session.remove()
    assert 0 < kept[0] < kept[1] < kept[2] <= total


def test_a_file_kept_while_the_backup_is_made_is_in_it(
    new_shop: NewShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, other = new_shop(), new_shop()
    key = storage.key_for("certificates", b"late", "pdf")
    real = backup._idle_engine

    def busy() -> Any:
        """Just before the database is read, a certificate gets another paper."""
        storage.storage().put(key, b"late")
        with transaction() as s:
            s.execute(text("UPDATE certificates SET file_key = :k"), {"k": key})
        return real()

    with app.app_context():
        stocked()
        monkeypatch.setattr(backup, "_idle_engine", busy)
        backup.make(tmp_path / "backup")
        monkeypatch.undo()
    with other.app_context():
        backup.restore(tmp_path / "backup")
        assert session().scalar(select(Certificate.file_key)) == key
        assert storage.storage().get(key) == b"late"


def test_a_restored_shop_goes_on_counting(new_shop: NewShop, tmp_path: Path) -> None:
    app, other = new_shop(), new_shop()
    with app.app_context():
        stocked()
        before = session().scalar(select(func.max(StockMovement.id)))
        backup.make(tmp_path / "backup")
    with other.app_context():
        backup.restore(tmp_path / "backup")
        put_in(make_variant(), make_point(), 5)
        assert session().scalar(select(func.max(StockMovement.id))) == before + 1
        assert storage.storage().get(session().scalar(select(Certificate.file_key))) == b"paper"


@pytest.fixture
def kept(new_shop: NewShop, tmp_path: Path) -> Path:
    """A small backup."""
    with new_shop().app_context():
        stocked()
        backup.make(tmp_path / "kept")
    return tmp_path / "kept"


def first_file(folder: Path) -> Path:
    return next(path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != backup.MANIFEST)


def change_manifest(folder: Path, **changes: Any) -> None:
    path = folder / backup.MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


DAMAGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a flipped byte": (
        lambda folder: first_file(folder).write_bytes(
            first_file(folder).read_bytes()[:-1] + bytes([first_file(folder).read_bytes()[-1] ^ 1])
        ),
        "is not what the manifest says",
    ),
    "a cut file": (
        lambda folder: first_file(folder).write_bytes(first_file(folder).read_bytes()[:-20]),
        "is not what the manifest says",
    ),
    "a lost file": (lambda folder: first_file(folder).unlink(), "is missing"),
    "a lost paper": (lambda folder: shutil.rmtree(folder / "media"), "is missing"),
    "no manifest": (lambda folder: (folder / backup.MANIFEST).unlink(), "holds no whole backup"),
    "half a manifest": (lambda folder: (folder / backup.MANIFEST).write_text('{"format": 1, "fil'), "cannot be read"),
    "an empty manifest": (lambda folder: (folder / backup.MANIFEST).write_text("{}"), "cannot be read"),
    "a manifest without the database": (
        lambda folder: change_manifest(folder, files={}, tables=[["x", ["y"]]]),
        "is missing",
    ),
    "a way out of the folder": (lambda folder: change_manifest(folder, files={"../x": ["0", 1]}), "is missing"),
    "a later format": (lambda folder: change_manifest(folder, format=2), "newer version"),
    "a later revision": (lambda folder: change_manifest(folder, revision="9999"), "newer version"),
    "another database": (lambda folder: change_manifest(folder, database="oracle"), "is missing|runs on"),
}


@pytest.mark.parametrize("damage", sorted(DAMAGES))
def test_what_is_not_whole_or_too_new_is_refused(new_shop: NewShop, kept: Path, damage: str) -> None:
    spoil, words = DAMAGES[damage]
    spoil(kept)
    with new_shop().app_context():
        for replace in (False, True):
            with pytest.raises(BackupRefused, match=words):
                backup.restore(kept, replace=replace)
        assert session().scalar(select(func.count()).select_from(StockMovement)) == 0


def test_a_shop_that_is_not_empty_is_not_overwritten_unasked(new_shop: NewShop, kept: Path) -> None:
    app = new_shop()
    with app.app_context():
        put_in(make_variant("Hàng của cửa hàng khác"), make_point(), 7)
        with pytest.raises(BackupRefused, match="not empty"):
            backup.restore(kept)
        assert session().scalar(select(func.sum(StockMovement.quantity))) == 7
        db.session.remove()
        backup.restore(kept, replace=True)
        assert session().scalar(select(func.sum(StockMovement.quantity))) == 1000
        assert broken() == {}


def test_files_already_there_are_not_mixed_with_unasked(new_shop: NewShop, kept: Path) -> None:
    app = new_shop()
    with app.app_context():
        storage.storage().put("photos/aa/bb.webp", b"x")
        with pytest.raises(BackupRefused, match="not empty"):
            backup.restore(kept)
        backup.restore(kept, replace=True)
        assert storage.storage().get("photos/aa/bb.webp") == b"x"


def test_a_backup_is_not_written_over_something(new_shop: NewShop, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "x").write_text("x")
    with new_shop().app_context():
        with pytest.raises(BackupRefused, match="not an empty folder"):
            backup.make(tmp_path / "there")
        backup.make(tmp_path / "new" / "deep")
    assert (tmp_path / "new" / "deep" / backup.MANIFEST).is_file()


def test_a_backup_that_fails_leaves_nothing(new_shop: NewShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(backup, "_write", fail)
    with new_shop().app_context(), contextlib.suppress(OSError):
        backup.make(tmp_path / "here" / "backup")
    assert list((tmp_path / "here").iterdir()) == []


def test_the_owner_alone_can_read_it(kept: Path) -> None:
    assert kept.stat().st_mode & 0o077 == 0


def test_the_commands_say_what_they_did(new_shop: NewShop, tmp_path: Path) -> None:
    app, other = new_shop(), new_shop()
    with app.app_context():
        stocked()
        db.session.remove()
    folder = str(tmp_path / "by-command")
    made = app.test_cli_runner().invoke(args=["backup", folder])
    assert made.exit_code == 0, made.output
    (head,) = migrations.heads(ROOT / "migrations")
    assert f"revision {head}" in made.output
    assert app.test_cli_runner().invoke(args=["backup", folder]).exit_code == 1
    done = other.test_cli_runner().invoke(args=["restore", folder])
    assert done.exit_code == 0, done.output
    assert "restored what was kept at" in done.output
    again = other.test_cli_runner().invoke(args=["restore", folder])
    assert again.exit_code == 1
    assert "--replace overwrites it" in again.output
    assert other.test_cli_runner().invoke(args=["restore", str(tmp_path / "nowhere")]).exit_code == 2
