"""`flask places …`."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from shop.places import services

group = AppGroup("places", help="Provinces and communes.")


@group.command("load")
@click.option("--force", is_flag=True, help="Read the files again although nothing changed.")
def load(force: bool) -> None:
    """Bring the units in line with the files in shop/places/data."""
    done = services.load(force=force)
    if done.unchanged:
        click.echo("places: unchanged")
        return
    click.echo(
        f"places: {done.added} added, {done.changed} changed, {done.removed} removed, {done.successions} successions"
        + (f"; kept as staff entered: {', '.join(done.kept)}" if done.kept else "")
    )
