"""Makers of what producers score."""

from __future__ import annotations

from typing import Any

from shop.programme import services
from tests.rights.house import House, maker, shared


@maker("/producer/scoring/<slug>", of="producer")
@shared
def score(house: House) -> dict[str, Any]:
    services.load_sheets()
    return {"slug": house.slug}


@maker("/office/scoring-sheets/<int:number>", of="shared")
def sheet(house: House) -> dict[str, Any]:
    """The law is the same for everybody who may read the catalogue."""
    services.load_sheets()
    return {"number": 8}
