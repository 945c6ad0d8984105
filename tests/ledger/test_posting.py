"""The core of the ledger: entries add up, a key is one entry, what was wrong is undone; each invariant is seen to fire."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, func, insert, select, update

from shop.kernel import clock, invariants
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.kernel.operations import KeyUsedOtherwise
from shop.ledger import queries
from shop.ledger import services as ledger
from shop.ledger.models import Entry, Posting
from shop.ledger.services import Line, Unbalanced

PAID = [Line("gateway", 185_000, "gateway:stripe"), Line("buyers", -185_000, "order:HX7K-3M2P")]


def post(lines: list[Line], key: str = "receipt:1") -> None:
    with transaction():
        ledger.post(SYSTEM, "receipt", "receipt:1", lines, key=key, channel="gateway:stripe")


def balance(account: str) -> int:
    return int(session().scalar(select(func.coalesce(func.sum(Posting.amount), 0)).where(Posting.account == account)))


def broken() -> set[str]:
    session().rollback()
    found = {name for name, check in invariants._checks.items() if name.startswith("ledger.") and any(check())}
    return {name.removeprefix("ledger.") for name in found}


@pytest.mark.parametrize(
    "lines",
    [
        [Line("gateway", 1, "gateway:stripe")],
        [Line("gateway", 2, "gateway:stripe"), Line("buyers", -1, "order:A")],
        [Line("gold", 1), Line("buyers", -1, "order:A")],
        [Line("gateway", 1, "order:A"), Line("buyers", -1, "order:A")],
        [Line("gateway", 1), Line("buyers", -1, "order:A")],
    ],
)
def test_what_does_not_add_up_or_is_not_in_the_chart_is_no_entry(ctx: Flask, lines: list[Line]) -> None:
    with pytest.raises(Unbalanced):
        post(lines)
    assert session().scalar(select(func.count()).select_from(Entry)) == 0


def test_a_key_is_one_entry_and_stands_for_its_lines_alone(ctx: Flask) -> None:
    post(PAID)
    post([*reversed(PAID), Line("sales", 0, "order:HX7K-3M2P")])
    assert (balance("gateway"), balance("buyers")) == (185_000, -185_000)
    with pytest.raises(KeyUsedOtherwise):
        post([Line(line.account, line.amount * 2, line.party) for line in PAID])
    assert balance("gateway") == 185_000


def test_what_is_undone_leaves_nothing_and_is_undone_once(ctx: Flask) -> None:
    post(PAID)
    for _ in range(2):
        with transaction():
            ledger.reverse(SYSTEM, "receipt:1", cause="receipt:2", new_key="receipt:2")
    assert (balance("gateway"), balance("buyers")) == (0, 0)
    assert broken() == set()


def test_a_command_that_fails_leaves_no_entry(ctx: Flask) -> None:
    with pytest.raises(ZeroDivisionError), transaction():
        ledger.post(SYSTEM, "receipt", "receipt:1", PAID, key="receipt:1", channel="gateway:stripe")
        raise ZeroDivisionError
    assert balance("gateway") == 0


def test_two_who_post_the_same_at_once_make_one_entry(app: Flask, together: Callable[..., list[Any]]) -> None:
    outcomes = together(app, lambda: post(PAID), times=4)
    assert [outcome.error for outcome in outcomes] == [None] * 4
    with app.app_context():
        assert (session().scalar(select(func.count()).select_from(Entry)), balance("gateway")) == (1, 185_000)


@pytest.mark.parametrize(
    ("plant", "fires"),
    [
        (lambda: update(Posting).where(Posting.account == "gateway").values(amount=184_999), "entries-add-up"),
        (lambda: delete(Posting).where(Posting.entry_id == first()), "entries-add-up"),
        (lambda: update(Posting).where(Posting.account == "gateway").values(account="gold"), "accounts-known"),
        (lambda: update(Posting).where(Posting.account == "buyers").values(party="producer:7"), "accounts-known"),
        (lambda: insert(Posting).values(entry_id=first(), account="buyers", party=None, amount=1), "accounts-known"),
        (lambda: update(Posting).where(Posting.entry_id != first()).values(party="gateway:x"), "reversals-undo"),
    ],
)
def test_a_planted_fault_is_seen(ctx: Flask, plant: Callable[[], Any], fires: str) -> None:
    post(PAID)
    with transaction():
        ledger.reverse(SYSTEM, "receipt:1", cause="receipt:2", new_key="receipt:2")
    assert broken() == set()
    with transaction() as s:
        s.execute(plant())
    assert fires in broken()


def first() -> int:
    return int(session().scalars(select(Entry.id).order_by(Entry.id)).first() or 0)


def test_parties_that_are_even_and_had_nothing_posted_are_not_listed(ctx: Flask) -> None:
    before, today = clock.today() - timedelta(days=40), clock.today()
    for n, (party, day, amounts) in enumerate(
        (("order:EVEN", before, (5, -5)), ("order:OPEN", before, (5,)), ("order:NOW", today, (5, -5)))
    ):
        for m, amount in enumerate(amounts):
            with transaction():
                lines = [Line("transit", amount, party), Line("buyers", -amount, party)]
                ledger.post(
                    SYSTEM, "receipt", f"x:{n}{m}", lines, key=f"x:{n}{m}", channel="transfers", at=clock.start_of(day)
                )
    span = queries.Span(today, today)
    with ctx.test_request_context():
        rows = queries.parties("transit", span, {}, "/office/ledger/accounts/transit/parties").rows
    assert [row.party for row in rows] == ["order:OPEN", "order:NOW"]
