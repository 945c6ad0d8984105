"""`flask demand …`."""

from __future__ import annotations

import time
from typing import BinaryIO

import click
from flask.cli import AppGroup
from flask_babel import gettext

from shop.demand.services import bring as bringing
from shop.demand.services import forecasts
from shop.kernel import sheets
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.errors import ShopError

IMPORTER = Actor("system", "Nhập từ tệp")
group = AppGroup("demand", help="What people wanted, and what they will.")


@group.command("bring")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Report what would happen; write nothing.")
def bring(file: BinaryIO, dry_run: bool) -> None:
    """Take weeks from before the shop out of FILE (CSV in UTF-8 or XLSX: sku, place, week, sold; asked, days with goods)."""
    content = file.read(sheets.LARGEST_FILE + 1)
    try:
        report = bringing.bring(IMPORTER, content, name=getattr(file, "name", ""), dry=dry_run)
    except ShopError as error:
        raise click.ClickException(gettext(error.title, **error.values)) from None
    for refused in report.refused:
        click.echo(f"{refused.number}: {gettext(refused.why, **refused.values)}")
    word = "would be taken" if dry_run else "taken"
    click.echo(f"{report.rows} rows, {report.taken} {word}, {len(report.refused)} refused, {report.units} units sold")


@group.command("forecast")
@click.option("--everything", is_flag=True, help="Count all weeks of the books anew, not only the last ones.")
def forecast(everything: bool) -> None:
    """Count the last weeks anew and forecast from them, as every night."""
    began = time.perf_counter()
    rows = forecasts.count_weeks(SYSTEM, everything=everything)
    try:
        run_id = forecasts.make(SYSTEM)
    except ShopError as error:
        raise click.ClickException(gettext(error.title, **error.values)) from None
    click.echo(f"{rows} weeks counted, run {run_id or '-'}, {time.perf_counter() - began:.1f} s")
