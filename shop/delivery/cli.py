"""`flask delivery …`."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from shop.delivery import services

group = AppGroup("delivery", help="Rates and regions.")


@group.command("load")
@click.option("--demo", is_flag=True, help="Also make the demo rate tables, marked as such.")
def load(demo: bool) -> None:
    """Store the regions of the provinces where none are known."""
    regions = services.load_regions()
    tables = services.load_demo_rates() if demo else 0
    click.echo(f"delivery: {regions} regions, {tables} demo tables")
