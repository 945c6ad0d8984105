"""Codes that somebody types: wrong ones are counted, so that nobody finds them by trying."""

from __future__ import annotations

from datetime import timedelta

from shop.kernel import limits
from shop.kernel.db import transaction
from shop.kernel.limits import Limit, network
from shop.promotions import queries, rules
from shop.promotions.errors import CodeGuessed, CodeUnknown


def look_up(typed: str, address: str | None) -> None:
    """See that a code like `typed` exists, for somebody at the network address `address`. Call outside of transactions: the
    count of a wrong one stays. Once there were too many, right ones are refused too, so that trying on tells nothing.

    Raises:
        CodeUnknown: there is none; it was counted.
        CodeGuessed: too many were wrong within the hour.
    """
    key = f"promotions.code:{network(address)}"
    limits.take(Limit(key, int(rules.WRONG_CODES.get()), timedelta(hours=1)), refusal=CodeGuessed)
    if not queries.exists(typed):
        raise CodeUnknown
    with transaction():
        limits.give_back([key])
