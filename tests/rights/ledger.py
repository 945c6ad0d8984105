"""Makers of the ledger's pages."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.ledger import services as ledger
from shop.ledger.models import Entry
from shop.ledger.services import Line
from tests.rights.house import House, maker, shared


@maker("/office/ledger/accounts/<code>", of="all")
@shared
def account(house: House) -> dict[str, Any]:
    """One of the chart."""
    return {"code": "bank"}


@maker("/office/ledger/days/<day>/<channel>", of="all")
@shared
def day(house: House) -> dict[str, Any]:
    """Today on the web."""
    _post()
    return {"day": clock.today().isoformat(), "channel": "web"}


@maker("/office/ledger/entries/<int:entry_id>", of="all")
@shared
def entry(house: House) -> dict[str, Any]:
    """An entry of today."""
    _post()
    return {"entry_id": session().scalar(select(Entry.id).where(Entry.key == "rights:1"))}


def _post() -> None:
    lines = [Line("cod-in-transit", 1_000, "order:RIGHTS"), Line("buyers", -1_000, "order:RIGHTS")]
    with transaction():
        ledger.post(SYSTEM, "receipt", "rights:1", lines, key="rights:1", channel="web")
