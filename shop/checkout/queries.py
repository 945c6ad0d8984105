"""Reads of baskets."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import g
from sqlalchemy import BigInteger, bindparam, func, select

from shop.checkout.models import Basket, BasketLine
from shop.kernel import clock
from shop.kernel.reading import Reading


def token_hash(token: str) -> str:
    """SHA-256 (hex) of a browser's key (`web.visitor()`)."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class BasketRow:
    """An open basket and what is in it: `lines` are (variant id, units, unit price last shown)."""

    id: int
    user_id: int | None
    age_confirmed_at: datetime | None
    closed_at: datetime | None
    lines: tuple[tuple[int, int, int], ...]
    # variant id → reference under which stock keeps goods for its line
    claims: Mapping[int, str] = field(default_factory=dict)
    # variant id → where the buyer met the goods
    origins: Mapping[int, str] = field(default_factory=dict)

    @property
    def units(self) -> int:
        """How many sale units are in it."""
        return sum(quantity for _variant, quantity, _seen in self.lines)


EMPTY = BasketRow(0, None, None, None, ())


def rows_of(condition: Any) -> Any:
    """The statement that reads a basket with its lines at once."""
    return (
        select(
            Basket.id,
            Basket.user_id,
            Basket.age_confirmed_at,
            Basket.closed_at,
            BasketLine.variant_id,
            BasketLine.quantity,
            BasketLine.seen_amount,
            BasketLine.claim_reference,
            BasketLine.origin,
        )
        .outerjoin(BasketLine, BasketLine.basket_id == Basket.id)
        .where(condition)
        .order_by(Basket.id.desc(), BasketLine.added_at, BasketLine.variant_id)
    )


_OF_BROWSER = Reading(
    rows_of((Basket.token_hash == bindparam("token_hash")) & (Basket.expires_at > bindparam("now"))).limit(200)
)
_OF_USER = Reading(
    rows_of(
        (Basket.user_id == bindparam("user_id")) & Basket.closed_at.is_(None) & (Basket.expires_at > bindparam("now"))
    ).limit(200)
)


def gathered(rows: list[Any]) -> BasketRow | None:
    """The first basket among `rows` of `rows_of`."""
    if not rows:
        return None
    first = rows[0]
    lines = tuple((r[4], r[5], r[6]) for r in rows if r[0] == first[0] and r[4] is not None)
    claims = {r[4]: r[7] for r in rows if r[0] == first[0] and r[7] is not None}
    origins = {r[4]: r[8] for r in rows if r[0] == first[0] and r[8] is not None}
    return BasketRow(first[0], first[1], first[2], first[3], lines, claims, origins)


def find(token: str | None, user_id: int | None = None) -> BasketRow | None:
    """The newest basket of the visitor's browser (even one that was ordered); where it has none or an ordered one, his
    account's open one."""
    now = clock.now()
    found = None
    if token:
        found = gathered(_OF_BROWSER.rows(token_hash=token_hash(token), now=now))
        if found is not None and found.user_id not in (None, user_id):
            found = None  # somebody else used this browser signed in
        if found is not None and (found.closed_at is None or user_id is None):
            return found
    if user_id is not None:
        found = gathered(_OF_USER.rows(user_id=user_id, now=now)) or found
    return found


def _units_of(who: Any) -> Any:
    """Units in the newest open basket that `who` lets through, the browser's own before the account's others."""
    newest = (
        select(Basket.id)
        .where(who, Basket.closed_at.is_(None), Basket.expires_at > bindparam("now"))
        .order_by((Basket.token_hash == bindparam("token_hash")).desc(), Basket.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return Reading(select(func.coalesce(func.sum(BasketLine.quantity), 0)).where(BasketLine.basket_id == newest))


_UNITS_OF_BROWSER = _units_of(Basket.token_hash == bindparam("token_hash"))
_UNITS_OF_USER = _units_of(
    (Basket.token_hash == bindparam("token_hash")) | (Basket.user_id == bindparam("user_id", type_=BigInteger))
)


def show_count(units: int) -> None:
    """Let the header of the page that is drawn now tell `units`, which its view has just read, instead of counting again."""
    g.basket_units = units


def count(token: str | None, user_id: int | None = None) -> int:
    """How many sale units the visitor's open basket holds (for the header)."""
    told: int | None = g.get("basket_units")
    if told is not None:
        return told
    if not token and user_id is None:
        return 0
    values: dict[str, Any] = {"token_hash": token_hash(token or ""), "now": clock.now()}
    if user_id is None:
        return int(_UNITS_OF_BROWSER.rows(**values)[0][0])
    return int(_UNITS_OF_USER.rows(**values, user_id=user_id)[0][0])
