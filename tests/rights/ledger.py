"""Makers of the ledger's pages."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from shop.catalog import documents
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.ledger import services as ledger
from shop.ledger.models import Entry, HandEntry
from shop.ledger.services import Line, hand
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


@maker("/office/ledger/hand/<reference>", of="all")
@shared
def by_hand(house: House) -> dict[str, Any]:
    """One that waits."""
    _post()
    made = hand.write(
        SYSTEM, day=clock.today(), channel="web", debit="bank-fees", credit="elsewhere", amount=1_000, reason="Phí sổ phụ",
        paper_name="GBN 1", op_key="rights-hand-1",
    )  # fmt: skip
    return {"reference": made}


@maker("/office/ledger/hand/<reference>/paper", of="all")
@shared
def its_paper(house: House) -> dict[str, Any]:
    """Its paper."""
    key = documents.keep(b"%PDF-1.4\n%%EOF\n", folder="hand-entries")
    made = by_hand(house)
    with transaction() as s:
        s.execute(update(HandEntry).where(HandEntry.reference == made["reference"]).values(paper_key=key))
    return made


def _post() -> None:
    lines = [Line("cod-in-transit", 1_000, "order:RIGHTS"), Line("buyers", -1_000, "order:RIGHTS")]
    with transaction():
        ledger.post(SYSTEM, "receipt", "rights:1", lines, key="rights:1", channel="web")
