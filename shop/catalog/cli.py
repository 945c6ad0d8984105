"""`flask catalog …`."""

from __future__ import annotations

import json
import time
from typing import BinaryIO

import click
from flask.cli import AppGroup
from flask_babel import gettext

from shop.catalog import intake, listing, services
from shop.catalog.services.imports import OUTCOME_NAMES
from shop.kernel import sheets
from shop.kernel.actor import Actor

IMPORTER = Actor("system", "Nhập từ tệp")

group = AppGroup("catalog", help="The catalogue.")


@group.command("load")
def load() -> None:
    """Load the dated lists of groups and product sets where they are missing; goods are not touched."""
    from shop.catalog.services import registry

    registry.load_groups()
    click.echo("catalog: groups and sets are there")


@group.command("reindex")
def reindex() -> None:
    """Make the rows of lists and the words of search anew; the shop may run meanwhile."""
    began = time.perf_counter()
    products = listing.reindex()
    click.echo(f"{products} products, {time.perf_counter() - began:.1f} s")


def _columns() -> str:
    lines = [f"  {c.key:<18}{' | '.join(c.names)}\n{'':<20}{c.help}" for c in intake.COLUMNS]
    return "\b\n" + "\n".join(lines)


@group.command(
    "import",
    help="Take a table of goods (CSV in UTF-8, or the first sheet of an XLSX) into the catalogue, one row for each pack.\n\n"
    "Every row is reported: new, changed (with before and after), unchanged or refused with the reason. A refused row never "
    "stops the others. Taking the same file in again changes nothing. A blank cell leaves the fact as it is, a lone hyphen "
    "takes it away. Columns may stand in any order, under either name:\n\n" + _columns(),
)
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Report what would happen; write nothing.")
@click.option("--all-or-nothing", is_flag=True, help="Write nothing if a single row is refused.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each row, the counts last.")
@click.option("--quiet", is_flag=True, help="Leave unchanged rows out of the report.")
def take_in(file: BinaryIO, dry_run: bool, all_or_nothing: bool, as_json: bool, quiet: bool) -> None:
    """Read FILE and report every row; exit 1 if it cannot be read or, with --all-or-nothing, a row is refused."""
    content = file.read(sheets.LARGEST_FILE + 1)
    try:
        sheets.check_name(str(file.name), content)
        if all_or_nothing and not dry_run:
            report, rows = services.take_in(IMPORTER, content, dry_run=True)
            refused = [row for row in rows if row.outcome is services.Outcome.REFUSED]
            if refused:
                for row in refused:
                    _tell(row, as_json=as_json)
                _total(report, as_json=as_json, dry_run=True)
                raise click.ClickException(gettext("Có dòng bị từ chối nên không dòng nào được ghi."))
        report, rows = services.take_in(IMPORTER, content, dry_run=dry_run)
        for word in report.unknown_columns:
            click.echo(gettext("Bỏ qua cột “%(name)s”: không có trong danh sách cột.", name=word), err=True)
        for row in rows:
            if not (quiet and row.outcome is services.Outcome.UNCHANGED):
                _tell(row, as_json=as_json)
    except sheets.BadTable as error:
        raise click.ClickException(gettext(error.title, **error.values)) from error
    _total(report, as_json=as_json, dry_run=dry_run)


def _tell(row: services.RowReport, *, as_json: bool) -> None:
    if as_json:
        click.echo(
            json.dumps(
                {
                    "row": row.number,
                    "sku": row.sku,
                    "name": row.name,
                    "outcome": row.outcome,
                    "changes": [{"fact": f, "before": b, "after": a} for f, b, a in row.changes],
                    "reason": row.reason,
                },
                ensure_ascii=False,
            )
        )
        return
    told = row.reason or "; ".join(
        f"{intake.called(fact)}: {after}"
        if row.outcome is services.Outcome.NEW
        else f"{intake.called(fact)}: {before} → {after}"
        for fact, before, after in row.changes
    )
    outcome = gettext(OUTCOME_NAMES[row.outcome])
    click.echo(f"{row.number:>6}  {outcome:<10} {row.sku or '':<16} {row.name}" + (f"  [{told}]" if told else ""))


def _total(report: services.Report, *, as_json: bool, dry_run: bool) -> None:
    counts = {outcome.value: n for outcome, n in report.counts.items()}
    if as_json:
        click.echo(json.dumps({"dry_run": dry_run, "counts": counts}))
    else:
        told = ", ".join(f"{n} {gettext(OUTCOME_NAMES[outcome])}" for outcome, n in report.counts.items())
        click.echo(told + (" " + gettext("(chạy thử, không ghi gì)") if dry_run else ""))
