"""Writing down what was wanted and not had: one row for each wish, the day's sum kept in the same transaction.

**The rule of what was lost.** Whoever named a number (a basket cut, an order refused, late money without goods, a question at a
counter, a wait list) lost that many units. Of those who only looked (a page seen sold out, a search that found only sold-out
goods or nothing) a share would have bought one: settings `demand.*_share`. A booth without goods lost the hours it was open and
empty times the pace before. A refused ask of the office is shown but loses nothing: whoever then misses the goods is counted
himself. What people bought instead is not taken off. The price is that in force at that moment.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from shop.catalog import queries as catalog
from shop.catalog.models import Variant
from shop.demand.models.unmet import STRENGTH, Channel, Kind, UnmetAsk, UnmetDay, UnmetKey
from shop.demand.rules import unmet as rules
from shop.kernel import clock
from shop.kernel.db import changed, insert_missing, is_sqlite, session, transaction
from shop.kernel.text import clean, fold, may_name_person
from shop.kernel.text import words as words_of

LONGEST = 80
# A visitor who misses more different goods than this in a day is a machine.
MOST_A_DAY = 60
LARGEST = 9999


@dataclass(frozen=True, slots=True)
class Wish:
    """What was wanted and not had. `quantity`: units that lacked. Without `unit_amount` (đồng) the price in force is taken.

    `words` count only where no goods are named. `lost_units` (thousandths) overrules the rule of the kind.
    """

    kind: Kind
    channel: Channel
    quantity: int = 1
    product_id: int | None = None
    variant_id: int | None = None
    words: str | None = None
    point_id: int | None = None
    unit_amount: int | None = None
    reference: str | None = None
    at: datetime | None = None
    lost_units: int | None = None


def lost(wish: Wish) -> tuple[int, int]:
    """Thousandths of units and đồng that were lost by the rule."""
    units = wish.lost_units
    if units is None:
        units = 0 if wish.channel is Channel.OFFICE else wish.quantity * 10 * rules.share(wish.kind)
    return units, (units * (wish.unit_amount or 0) + 500) // 1000


def product_of(variant_id: int) -> int | None:
    """The product of a pack."""
    return session().scalar(select(Variant.product_id).where(Variant.id == variant_id))


def record(wish: Wish, *, once: str) -> bool:
    """Write `wish` down under its cause `once`; the same cause again changes nothing. Joins the open transaction.

    Returns whether it is new. Words that may name a person are dropped, and with them a wish that says nothing else.
    """
    with transaction():
        full = _full(wish)
        if full is None:
            return False
        name = f"r:{once}"
        if session().scalar(select(UnmetAsk.id).where(UnmetAsk.once == name)) is not None:
            return False
        _insert(full, name, None)
        return True


def put(wish: Wish, *, once: str) -> None:
    """Write an estimate of the cause `once` down, or put the one that is there right. Joins the open transaction."""
    with transaction() as s:
        found = s.scalar(select(UnmetAsk).where(UnmetAsk.once == f"r:{once}").with_for_update())
        if found is None:
            record(wish, once=once)
            return
        full = _full(wish)
        if full is not None:
            _replace(found, full, found.once, found.visitor_key)


def withdraw(once: str) -> None:
    """An estimate turned out to be none. Joins the open transaction."""
    with transaction() as s:
        found = s.scalar(select(UnmetAsk).where(UnmetAsk.once == f"r:{once}").with_for_update())
        if found is not None:
            _add_up(found, -1)
            s.execute(delete(UnmetAsk).where(UnmetAsk.id == found.id).execution_options(synchronize_session=False))
            s.expunge(found)


def forget_visitor(identity: str) -> None:
    """Cut the tie of today's wishes to somebody (`user:7`). Joins the open transaction."""
    with transaction() as s:
        for day, key in s.execute(select(UnmetKey.day, UnmetKey.key)).all():
            mine = UnmetAsk.visitor_key == hashed(key, identity)
            for ask_id in s.scalars(select(UnmetAsk.id).where(mine, UnmetAsk.day == day)).all():
                s.execute(
                    update(UnmetAsk)
                    .where(UnmetAsk.id == ask_id)
                    .values(visitor_key=None, once=f"r:forgotten:{ask_id}")
                    .execution_options(synchronize_session=False)
                )


# --- of visitors -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Visit:
    """A wish of a visitor on a day. `identities` are what he is known by, the surest first (`user:7`, `cookie:…`, `from:…`)."""

    day: date
    identities: tuple[str, ...]
    wish: Wish


def hashed(key: str, identity: str) -> str:
    """The visitor's key of a day: 32 hex digits."""
    return hmac.new(key.encode(), identity.encode(), hashlib.sha256).hexdigest()[:32]


def record_visits(visits: Sequence[Visit]) -> int:
    """Write down what visitors missed: of one visitor, product and day one row, with the strongest kind and the largest number.

    Somebody first seen without a cookie and later with one is the same: his row moves to the surer key. Returns how many
    wishes were taken in.
    """
    if not visits:
        return 0
    taken = 0
    with transaction():
        keys = {day: _day_key(day) for day in sorted({visit.day for visit in visits})}
        for visit in visits:
            wish = _full(visit.wish)
            if wish is not None:
                taken += _of_visitor(visit.day, [hashed(keys[visit.day], who) for who in visit.identities], wish)
    return taken


def _day_key(day: date) -> str:
    """The day's secret, locked: two processes that write visits of one day wait for each other, so that nobody is two."""
    insert_missing(UnmetKey, [{"day": day, "key": secrets.token_hex(32)}], ["day"])
    found = session().scalars(select(UnmetKey.key).where(UnmetKey.day == day).with_for_update()).one()
    return str(found)


def _of_visitor(day: date, keys: Sequence[str], wish: Wish) -> int:
    about = str(wish.product_id) if wish.product_id is not None else "t:" + fold(wish.words or "")
    names = [f"v:{day}:{key}:{about}" for key in keys]
    s = session()
    there = {row.once: row for row in s.scalars(select(UnmetAsk).where(UnmetAsk.once.in_(names)))}
    found = next((there[name] for name in names if name in there), None)
    if found is None:
        mine = select(func.count()).where(UnmetAsk.visitor_key == keys[0], UnmetAsk.day == day)
        if (s.scalar(mine) or 0) >= MOST_A_DAY:
            return 0
        _insert(wish, names[0], keys[0])
        return 1
    weaker = STRENGTH.get(wish.kind, 0) < STRENGTH.get(found.kind, 0)
    stronger = STRENGTH.get(wish.kind, 0) > STRENGTH.get(found.kind, 0)
    quantity = max(found.quantity, wish.quantity)
    if stronger:
        merged = replace(wish, quantity=quantity, at=found.at)
    else:
        merged = Wish(
            found.kind, found.channel, quantity, found.product_id,
            found.variant_id if weaker or found.quantity >= wish.quantity else wish.variant_id, found.words,
            found.point_id, found.unit_amount if weaker else wish.unit_amount or found.unit_amount, found.reference, found.at,
        )  # fmt: skip
    same = (merged.kind, merged.quantity, merged.variant_id) == (found.kind, found.quantity, found.variant_id)
    if same and found.once == names[0]:
        return 0
    _replace(found, merged, names[0], keys[0])
    return 1


# --- rows and sums -----------------------------------------------------------------------------------------------


def _full(wish: Wish) -> Wish | None:
    """`wish` with its product and price, its words fit to be kept; None if nothing is left of it."""
    quantity = min(max(wish.quantity, 1), LARGEST)
    product_id, amount, words = wish.product_id, wish.unit_amount, None
    if wish.variant_id is not None:
        if product_id is None:
            product_id = product_of(wish.variant_id)
        if amount is None:
            goods = catalog.sellable([wish.variant_id], clock.now()).get(wish.variant_id)
            amount = goods.unit_price_amount if goods is not None else None
    if product_id is None:
        words = clean(wish.words or "").replace("\n", " ")[:LONGEST].strip()
        if not words_of(words) or may_name_person(words):
            return None
    return replace(wish, quantity=quantity, product_id=product_id, unit_amount=amount, words=words)


def _values(wish: Wish, at: datetime) -> dict[str, object]:
    units, amount = lost(wish)
    return {
        "at": at, "day": clock.business_day(at), "kind": wish.kind, "channel": wish.channel, "product_id": wish.product_id,
        "variant_id": wish.variant_id, "text": fold(wish.words)[:LONGEST] if wish.words else None, "words": wish.words,
        "point_id": wish.point_id, "quantity": wish.quantity, "unit_amount": wish.unit_amount, "lost_units": units,
        "lost_amount": amount, "reference": wish.reference,
    }  # fmt: skip


def _insert(wish: Wish, once: str, visitor_key: str | None) -> None:
    row = UnmetAsk(once=once, visitor_key=visitor_key, **_values(wish, wish.at or clock.now()))
    session().add(row)
    session().flush()
    _add_up(row, 1)


def _replace(row: UnmetAsk, wish: Wish, once: str, visitor_key: str | None) -> None:
    _add_up(row, -1)
    for name, value in _values(wish, row.at).items():
        setattr(row, name, value)
    row.once, row.visitor_key = once, visitor_key
    session().flush()
    _add_up(row, 1)


def day_key(row: Any) -> str:
    """The sum to which an ask, or a row with its columns, belongs."""
    parts = (row.day, row.kind.value, row.channel.value, row.product_id, row.variant_id, row.point_id, row.text)
    return "|".join("" if part is None else str(part) for part in parts)


def people(row: Any) -> int:
    """How many people an ask is: a booth that ran empty is an estimate and an ask of the office is the shop's own."""
    return 0 if row.kind is Kind.BOOTH_EMPTY or row.channel is Channel.OFFICE else 1


def _add_up(row: UnmetAsk, sign: int) -> None:
    """Add an ask to its day's sum, or take it away; a sum of nothing goes."""
    t = UnmetDay.__table__.c
    key = day_key(row)
    sums = {
        "asks": sign * people(row), "units": sign * row.quantity, "lost_units": sign * row.lost_units,
        "lost_amount": sign * row.lost_amount,
    }  # fmt: skip
    if sign > 0:
        statement = (sqlite if is_sqlite() else postgresql).insert(UnmetDay)
        session().execute(
            statement.values(
                key=key, day=row.day, kind=row.kind, channel=row.channel, product_id=row.product_id,
                variant_id=row.variant_id, text=row.text, words=row.words, point_id=row.point_id, has_asks=True, **sums,
            ).on_conflict_do_update(index_elements=["key"], set_={n: t[n] + statement.excluded[n] for n in sums})
        )  # fmt: skip
        return
    session().execute(
        update(UnmetDay)
        .where(UnmetDay.key == key)
        .values({n: t[n] + value for n, value in sums.items()})
        .execution_options(synchronize_session=False)
    )
    session().execute(
        delete(UnmetDay).where(UnmetDay.key == key, UnmetDay.units <= 0).execution_options(synchronize_session=False)
    )


def thin() -> int:
    """Delete the single asks past their term, and the secrets of days that are over; the days' sums stay. Returns how many."""
    today = clock.today()
    until = today - timedelta(days=int(rules.ASKS_DAYS.get()))
    quick = {"synchronize_session": False}
    with transaction() as s:
        # A process writes what it counted within seconds; yesterday's key waits for one that could not.
        s.execute(delete(UnmetKey).where(UnmetKey.day < today - timedelta(days=1)).execution_options(**quick))
        gone = changed(s.execute(delete(UnmetAsk).where(UnmetAsk.day < until).execution_options(**quick)))
        s.execute(
            update(UnmetDay)
            .where(UnmetDay.day < until, UnmetDay.has_asks.is_(True))
            .values(has_asks=False)
            .execution_options(**quick)
        )
        return gone
