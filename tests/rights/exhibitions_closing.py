"""Makers of what closes a fair: booths, sheets, reports. Fairs are nobody's of those that the matrix knows; a sheet is its
producer's."""

from __future__ import annotations

from typing import Any

from shop.exhibitions.services import closing
from shop.kernel.actor import SYSTEM
from tests.exhibitions import closing_made
from tests.rights.house import House, maker, shared


@shared
def _fair(house: House) -> closing_made.Made:
    made = closing_made.make_fair(house.app, f"Hội chợ {house.name}")
    made.producers[house.name] = house.producer
    made.goods[house.name] = house.variant
    made.booth("A1", house.name)
    closing.begin(SYSTEM, made.slug, "A1")
    closing.nothing_there(SYSTEM, made.slug, "A1")
    return made


@maker("/office/exhibitions/<slug>/close", of="all")
def fair(house: House) -> dict[str, Any]:
    return {"slug": _fair(house).slug}


@maker("/office/exhibitions/<slug>/close/<path:code>", of="all")
def booth(house: House) -> dict[str, Any]:
    return {"slug": _fair(house).slug, "code": "A1"}


@maker("/office/exhibitions/<slug>/sheets/<reference>", of="all")
def sheet(house: House) -> dict[str, Any]:
    return {"slug": _fair(house).slug, "reference": _fair(house).sheet("A1", house.name).sheet.reference}


@maker("/office/exhibitions/<slug>/report", of="all")
def report(house: House) -> dict[str, Any]:
    return {"slug": _fair(house).slug}


@maker("/producer/fairs/sheets/<reference>", of="producer")
def mine(house: House) -> dict[str, Any]:
    return {"reference": _fair(house).sheet("A1", house.name).sheet.reference}
