"""`flask …`: the commands of the whole shop (`docs/operations.md`); rooms add groups of their own in `cli.py`."""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext

from config import ROOT
from shop.kernel import (
    checks,  # noqa: F401 - what the audit asks of the machinery
    db,
    invariants,
    jobs,
    migrations,
    static,
)
from shop.ledger import sources

jobs_group = AppGroup("jobs", help="Work for later.")


@jobs_group.command("work")
def work() -> None:
    """Run jobs and recurring work until stopped."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    jobs.work(stop)


@jobs_group.command("once")
@click.argument("name", required=False)
def once(name: str | None) -> None:
    """Run what is due now and exit; NAME is sweep, dispatch, reconcile, retention or report."""
    groups = {"sweep", "reconcile", "retention", "report"}
    if name is not None and name not in groups | {"dispatch"}:
        raise click.BadParameter(f"one of {', '.join(sorted(groups | {'dispatch'}))}")
    failed: list[str] = []
    if name != "dispatch":
        failed = jobs.run_periodic(group=name, force=name is not None)
    tried = jobs.dispatch() if name in {None, "dispatch"} else 0
    click.echo(f"{tried} jobs tried, {len(failed)} recurring failed")
    if failed:
        sys.exit(1)


@click.command("prepare")
@click.option("--demo", "with_demo", is_flag=True, help="Load the demonstration too; print its log-ins as JSON.")
@with_appcontext
def prepare(with_demo: bool) -> None:
    """Bring the tables up to the program, load what sources say of fairs and squeeze the static files: what every start does
    first, quick if it is done."""
    if with_demo and current_app.extensions["shop_config"].mode == "production":
        raise click.ClickException("the demo has well-known passwords and is never loaded in production mode")
    static.squeeze(ROOT / "static", current_app.extensions["shop_config"].instance_dir / "static")
    if not migrations.current(current_app):
        from flask_migrate import upgrade

        upgrade()
        db.let_go(db.session())  # what was being read before does not know the new tables
    from shop.checkout import disputed
    from shop.exhibitions.services import records
    from shop.programme.services import ntm, scoring
    from shop.remittances.services import opening

    records.load()
    scoring.load_sheets()
    ntm.load_registry()
    users = None
    if with_demo:
        from shop.seed import demo

        users = demo.load(1)["users"]
    disputed.follow_all()
    opening.open_old()
    sources.bring_in()
    if users is not None:
        click.echo(json.dumps(users, ensure_ascii=False))


@click.command("audit")
@click.option("--json", "as_json", is_flag=True)
@with_appcontext
def audit(as_json: bool) -> None:
    """Check every invariant of the books; exit 1 if one is broken. Repairs nothing."""
    findings = invariants.run()
    ok = all(f.ok for f in findings)
    if as_json:
        click.echo(
            json.dumps(
                {"ok": ok, "checks": [{"name": f.name, "ok": f.ok, "offenders": f.offenders} for f in findings]},
                ensure_ascii=False,
            )
        )
    else:
        for f in findings:
            click.echo(f"{'ok  ' if f.ok else 'FAIL'} {f.name}" + ("" if f.ok else ": " + ", ".join(f.offenders[:10])))
    if not ok:
        sys.exit(1)


@click.command("doors")
@click.option("--json", "as_json", is_flag=True)
@with_appcontext
def doors(as_json: bool) -> None:
    """List every route: methods, rule, endpoint, guard."""
    rows = door_rows(current_app)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
    else:
        for row in rows:
            click.echo(f"{','.join(row['methods']):<12} {row['rule']:<60} {row['endpoint']:<48} {row['guard']}")


@click.command("backup")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@with_appcontext
def make_backup(folder: Path) -> None:
    """Write database and media, consistent, to the new folder DIR; the shop may run meanwhile."""
    from shop.kernel import backup  # brings alembic and psycopg with it, which a web server on SQLite has no use for

    try:
        done = backup.make(folder)
    except backup.BackupRefused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    size = sum(size for _digest, size in done.files.values())
    kept = "" if done.media else "; files in S3-compatible storage are not part of it"
    click.echo(f"{folder}: {len(done.files)} files, {size:,} bytes, revision {done.revision or 'none'}{kept}")


@click.command("restore")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--replace", is_flag=True, help="Overwrite a database that holds rows: they are lost.")
@with_appcontext
def restore_backup(folder: Path, replace: bool) -> None:
    """Bring the backup in DIR into the present database and media folder. Stop the shop before."""
    from shop.kernel import backup

    try:
        done = backup.restore(folder, replace=replace)
    except backup.BackupRefused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    click.echo(f"restored what was kept at {done.made_at}; now run: flask --app shop audit")


def door_rows(app: Flask) -> list[dict[str, Any]]:
    """Every route as methods (without HEAD and OPTIONS), rule, endpoint and guard, sorted by rule."""
    rows: list[dict[str, Any]] = []
    for rule in app.url_map.iter_rules():
        methods = sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        view: Any = app.view_functions[rule.endpoint]
        guard = str(view.__guard__)
        rows.append({"methods": methods, "rule": rule.rule, "endpoint": rule.endpoint, "guard": guard})
    return sorted(rows, key=lambda row: (str(row["rule"]), str(row["methods"])))


def register(app: Flask) -> None:
    """Add the commands to `flask`."""
    from shop.seed import commands as seeding

    app.cli.add_command(jobs_group)
    app.cli.add_command(prepare)
    app.cli.add_command(audit)
    app.cli.add_command(doors)
    app.cli.add_command(seeding.seed)
    app.cli.add_command(make_backup)
    app.cli.add_command(restore_backup)
