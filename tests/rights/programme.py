"""Makers of what producers score, and of new-rural communes."""

from __future__ import annotations

from typing import Any

from shop.kernel import clock, text
from shop.kernel.db import session, transaction
from shop.programme.models.ntm import NtmRecord, NtmState
from shop.programme.services import ntm
from shop.programme.services import scoring as services
from tests.rights.house import House, maker, shared

YEAR = 2014


@maker("/producer/scoring/<slug>", of="producer")
@shared
def score(house: House) -> dict[str, Any]:
    services.load_sheets()
    return {"slug": house.slug}


@maker(
    "/office/scoring-sheets/<int:number>",
    of="shared",
    why="the law is the same for everybody who may read the catalogue",
)
def sheet(house: House) -> dict[str, Any]:
    services.load_sheets()
    return {"number": 8}


@maker(
    "/office/ntm/<int:year>",
    of="shared",
    why="a year of the province; the list in it is narrowed to one's own communes",
)
def year_of_communes(house: House) -> dict[str, Any]:
    ntm.load_registry()
    return {"year": YEAR}


@maker("/office/ntm/<int:year>/<code>", of="locality")
@shared
def commune(house: House) -> dict[str, Any]:
    """Written straight into the table: the house has no commune of 2014."""
    ntm.load_registry()
    with transaction():
        session().add(
            NtmRecord(
                commune_code=house.commune, commune_name=house.name, sort_name=text.sort_key(house.name), on_day=clock.today(),
                target_year=YEAR, state=NtmState.REGISTERED, created_at=clock.now(), updated_at=clock.now(),
            )
        )  # fmt: skip
    return {"year": YEAR, "code": house.commune}


@maker("/office/ntm/<int:year>/<code>/<int:number>", of="locality")
def criterion(house: House) -> dict[str, Any]:
    return {**commune(house), "number": 1}
