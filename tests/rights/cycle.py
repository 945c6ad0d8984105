"""Makers of the programme's year."""

from __future__ import annotations

from typing import Any

from shop.cycle import calendar
from shop.cycle.models.steps import BoardKind
from shop.cycle.queries import steps as queries
from shop.cycle.services import steps
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from tests.rights.house import House, key, maker, shared


def opened() -> int:
    year = clock.today().year
    if year not in queries.years():
        steps.open_year(SYSTEM, year, calendar.offered(year), None)
    return year


@maker(
    "/office/cycle/<int:year>", of="shared", why="a year of the province; its board is narrowed to one's own localities"
)
def year(house: House) -> dict[str, Any]:
    return {"year": opened()}


@maker("/office/cycle/<int:year>/<code>", of="locality")
def locality(house: House) -> dict[str, Any]:
    return {"year": opened(), "code": house.commune}


@maker("/office/cycle/<int:year>/<code>/steps/<int:step>", of="locality")
def step(house: House) -> dict[str, Any]:
    return {"year": opened(), "code": house.commune, "step": 2}


@maker("/office/cycle/localities/<code>", of="locality")
def boards(house: House) -> dict[str, Any]:
    opened()
    return {"code": house.commune}


@maker("/office/cycle/boards/<reference>", of="locality")
@shared
def board(house: House) -> dict[str, Any]:
    opened()
    seats = (steps.Seat("Chủ tịch UBND", f"Trưởng ban {house.name}"),)
    reference = steps.set_up_board(SYSTEM, house.commune, BoardKind.BOARD, clock.today(), "1/QĐ", seats, key())
    return {"reference": reference}
