"""`/office/capacity`: what producers say they can make, the next harvests, the seasons of their products."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.kernel import tables
from shop.producers import maker
from shop.producers.models import Producer
from shop.supply.models import HARVEST_NAMES, PER_NAMES, SEASON_NAMES
from shop.supply.office import P, bp
from shop.supply.queries import plans as reads

HERE = "/office/capacity"
HARVEST_KINDS = {"expected": "info", "came": "ok", "given_up": ""}


def _mine(statement: Any) -> Any:
    """Narrowed to the producers that the reader's grants name."""
    held = guards.scopes(P.SUPPLY_READ)
    return statement if "*" in held else statement.where(Producer.id.in_(maker.ids_in(held)))


def _open(table: tables.Table, here: str, statement: Any, make: Any, name: str, **more: Any) -> Any:
    args = request.args
    if table is reads.CAPACITIES and "when" not in args:
        args = {**args, "when": "now"}  # type: ignore[assignment]
    view = table.open(args, here, _mine(statement), make=lambda row: make(*tuple(row)))
    if view.export:
        return view.download()
    return render_template(f"supply/office/{name}.html", here=HERE, view=view, **more)


@bp.get("/capacity")
@guards.requires(P.SUPPLY_READ)
def capacity() -> Any:
    """What producers say they can make; what holds today at first sight."""
    return _open(reads.CAPACITIES, HERE, reads.capacities(), reads.CapacityRow, "capacity", pers=PER_NAMES)


@bp.get("/capacity/harvests")
@guards.requires(P.SUPPLY_READ)
def harvests() -> Any:
    """The harvests and batches that are expected, and what came of them."""
    return _open(
        reads.HARVESTS,
        f"{HERE}/harvests",
        reads.harvests(),
        reads.HarvestRow,
        "harvests",
        names=HARVEST_NAMES,
        kinds=HARVEST_KINDS,
    )


@bp.get("/capacity/seasons")
@guards.requires(P.SUPPLY_READ)
def seasons() -> Any:
    """The season calendars in force."""
    words = {s.value: gettext(n) for s, n in SEASON_NAMES.items()}
    return _open(reads.SEASONS, f"{HERE}/seasons", reads.calendar_rows(), reads.SeasonRow, "seasons", seasons=words)
