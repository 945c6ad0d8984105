"""`flask openapi`."""

from __future__ import annotations

import json

import click
from flask.cli import with_appcontext

from shop.pages import api


@click.command("openapi")
@with_appcontext
def group() -> None:
    """Print the API's OpenAPI 3.1 document."""
    click.echo(json.dumps(api.document(), ensure_ascii=False, indent=2))
