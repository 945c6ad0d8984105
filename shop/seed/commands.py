"""`flask seed`: fill the shop with the demonstration, or with invented data for checks."""

from __future__ import annotations

import json
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext

from shop.ledger import sources


@click.command("seed")
@click.option("--profile", type=click.Choice(["demo", "holdout"]), required=True)
@click.option("--seed", "number", type=click.IntRange(0, 10**9), default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print addresses, SKUs and log-ins as one JSON object.")
@click.option("--logins", "only_logins", is_flag=True, help="Print the log-ins as a table.")
@click.option("--yes-really", is_flag=True, help="Load the holdout profile in production mode too.")
@with_appcontext
def seed(profile: str, number: int, as_json: bool, only_logins: bool, yes_really: bool) -> None:
    """Load a profile once; a second run changes nothing and prints the same.

    demo: the real catalogue with a lived-in year of made-up trade. holdout: invented goods that differ with every seed.
    """
    if current_app.extensions["shop_config"].mode == "production":
        if profile == "demo":
            raise click.ClickException("the demo has well-known passwords and is never loaded in production mode")
        if not yes_really:
            raise click.ClickException("invented goods in production mode? add --yes-really")
    from shop.seed import demo, holdout  # a web server never needs them

    said = demo.load(number) if profile == "demo" else holdout.load(number)
    sources.bring_in()
    if as_json:
        click.echo(json.dumps(said, ensure_ascii=False))
    elif only_logins:
        for line in table(said["users"]):
            click.echo(line)
    else:
        click.echo(f"{profile}: " + ", ".join(f"{len(rows)} {name}" for name, rows in said.items()))


def table(users: list[dict[str, Any]]) -> list[str]:
    """The log-ins as lines of aligned columns."""
    rows = [("role", "scope", "username", "password", "totp")]
    rows += [(u["role"], u["scope"], u["username"], u["password"], u["totp"] or "") for u in users]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
