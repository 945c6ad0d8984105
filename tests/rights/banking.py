"""Makers of statements and lines of the shop's account."""

from __future__ import annotations

from typing import Any

from shop.banking.models import BankLine
from shop.banking.services import accounts, files, matching
from tests.banking.conftest import CLERK, statement, told
from tests.rights.house import House, first, key, maker, shared


def _account() -> str:
    found = accounts.find("970436", "0123456789")
    return found.reference if found else accounts.add(CLERK, "970436", "0123456789", "Chợ Bến")


@maker("/office/bank/files/<reference>", of="all")
@shared
def statement_sent(house: House) -> dict[str, Any]:
    """A statement that was tried."""
    return {"reference": files.upload(CLERK, _account(), statement(told(1000, "tien hang")), "a.csv", op_key=key())}


@maker("/office/bank/lines/<reference>", of="all")
@shared
def line(house: House) -> dict[str, Any]:
    """A line that waits for people."""
    made = files.upload(CLERK, _account(), statement(told(2000, "tien hang")), "b.csv", op_key=key())
    files.apply(CLERK, made)
    matching.run()
    return {"reference": first(BankLine, BankLine.amount == 2000).reference}
