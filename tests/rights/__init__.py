"""Whose things are whose: for every address that names a thing, how to make one that is there, and who owns it.

`tests/house/test_rights_matrix.py` walks the door table with it. A new address with a parameter needs one maker in the file of
its room:

    @maker("/producer/listings/<reference>", of="producer")
    def listing(house):
        return {"reference": …}          # a thing of `house.producer`, made by the room's own commands

`of` says whose it is: `point`, `producer`, `locality` (a grant for another one must be answered 404), `user` (somebody
signed in), `all` (only a grant for all opens it), `shared` (whoever has the right at all: say why), `buyer` (public by a
secret), `device` (a counter's machine).
A maker serves the rule itself and every rule below it that has no parameter of its own; the longest one that fits is taken.
"""

from __future__ import annotations

from tests.rights import (
    banking,
    cycle,
    decisions,
    demand,
    exhibitions_call,
    exhibitions_closing,
    exhibitions_days,
    exhibitions_plan,
    imports,
    invoices,
    joining,
    ledger,
    listings,
    orders,
    payments,
    preorders,
    programme,
    promotions,
    remittances,
    reports,
    returns,
    settlement,
    sharing,
    shop,
    standards,
    supply,
    waiting,
)
from tests.rights.house import (
    BUYER,
    MAKERS,
    PHONE,
    PUBLIC,
    House,
    Maker,
    address,
    found,
    key,
    maker,
    parameters,
    picture,
    shared,
)

ROOMS = (
    shop, joining, listings, imports, supply, preorders, promotions, orders, settlement, demand, waiting, sharing, banking,
    exhibitions_plan, exhibitions_call, exhibitions_days, exhibitions_closing, programme, payments, ledger, remittances,
    returns,
    invoices, reports, cycle, decisions, standards,
)  # fmt: skip

__all__ = [
    "BUYER", "MAKERS", "PHONE", "PUBLIC", "ROOMS", "House", "Maker", "address", "found", "key", "maker", "parameters",
    "picture", "shared",
]  # fmt: skip
