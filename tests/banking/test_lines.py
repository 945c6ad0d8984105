"""Each transaction is one line, whatever tells of it, how often and in which order; two honest equal ones are two."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shop.banking.models import BankLine, LineState, Queue
from shop.banking.reading import Read
from shop.banking.services import files, matching, notices
from shop.banking.services import lines as writing
from shop.kernel import clock, storage
from shop.kernel.db import session
from tests.banking.conftest import BANK, CLERK, broken, key, lines, payment_of, place, send, statement, told


def kept() -> Counter[tuple[int, str]]:
    return Counter((x.amount, x.memo) for x in lines())


def test_the_same_file_twice_adds_nothing(account: str) -> None:
    rows = [told(1000, "a"), told(1000, "a"), told(1000, "a", ""), told(1000, "a", ""), told(-500, "b", "")]
    assert send(account, statement(*rows)).counts == {"new": 5}
    assert send(account, statement(*rows)).counts == {"known": 5}
    assert len(lines()) == 5


def test_tried_twice_and_written_twice_is_written_once(account: str) -> None:
    content = statement(told(1000, "a", ""), told(1000, "a", ""))
    first = files.upload(CLERK, account, content, "a.csv", op_key=key())
    second = files.upload(CLERK, account, content, "b.csv", op_key=key())
    assert files.apply(CLERK, first) == 2
    assert files.apply(CLERK, second) == 0
    assert len(lines()) == 2


def test_overlapping_files_in_any_order_keep_each_transaction_once(account: str) -> None:
    """A month of days, some transactions without the bank's number, some equal; files of whole days in any order."""
    rng = random.Random(7)
    days = [clock.today() - timedelta(days=n) for n in range(6)]
    month = [
        told(rng.choice([50_000, 60_000]), rng.choice(["tien hang", "TIEN  HÀNG", "x"]), rng.choice(["", None]), on=day)
        for day in days
        for _ in range(5)
    ]
    files_of_days = [[r for r in month if any(r[0] == d.strftime("%d/%m/%Y") for d in days[a:b])] for a, b in
                     ((2, 5), (0, 3), (4, 6), (0, 6), (1, 2))]  # fmt: skip
    for rows in files_of_days:
        send(account, statement(*rows))
    assert len(lines()) == len(month)
    assert Counter(x.amount for x in lines()) == Counter(int(r[3].replace(".", "")) for r in month)
    assert broken() == set()


def test_the_same_number_with_another_amount_is_refused(account: str) -> None:
    send(account, statement(told(185_000, "a", "FT26000001")))
    found = send(account, statement(told(185_001, "a", "FT26000001"), told(-1_100, "phi", "FT26000001")))
    assert found.counts == {"refused": 1, "new": 1}  # a fee may carry the number of its transfer
    assert [x.amount for x in lines()] == [185_000, -1_100]


def notice(*transactions: dict[str, Any], event: str | None = None) -> dict[str, Any]:
    return {
        "id": event or key(), "bank_bin": BANK["bank_bin"], "account": BANK["bank_account"],
        "transactions": [{"at": clock.now().isoformat(), "memo": "a"} | t for t in transactions],
    }  # fmt: skip


@pytest.mark.parametrize("by_file", ["FT26000001", ""])
@pytest.mark.parametrize("by_notice", ["FT26000001", ""])
@pytest.mark.parametrize("first", ["notice", "file"])
def test_a_notice_and_a_statement_tell_of_one_line(account: str, by_notice: str, by_file: str, first: str) -> None:
    placed = place("vietqr")
    memo = f"{placed.code} mua hang"

    def hear() -> None:
        notices.hear_and_match(notice({"reference": by_notice, "amount": 185_000, "memo": memo}))

    def read() -> None:
        send(account, statement(told(185_000, memo.upper(), by_file)))

    for act in (hear, read) if first == "notice" else (read, hear):
        act()
    (line,) = lines()
    assert line.state is LineState.CREDITED
    assert line.bank_reference == (by_notice or by_file or None)
    assert payment_of(placed).captured_amount == 185_000
    assert broken() == set()


def test_two_equal_transfers_by_notice_and_by_file_are_two(account: str) -> None:
    for _ in range(2):
        notices.hear_and_match(notice({"amount": 1000}))
    send(account, statement(told(1000, "a", ""), told(1000, "a", "")))
    assert len(lines()) == 2
    send(account, statement(told(1000, "a", ""), told(1000, "a", ""), told(1000, "a", "")))
    assert len(lines()) == 3


def test_two_different_numbers_are_two_transfers(account: str) -> None:
    notices.hear_and_match(notice({"reference": "FT26000001", "amount": 1000}))
    send(account, statement(told(1000, "a", "FT26000002")))
    send(account, statement(told(1000, "a", "FT26000001"), told(1000, "a", "FT26000002")))
    assert [x.bank_reference for x in lines()] == ["FT26000001", "FT26000002"]


def test_files_written_at_one_moment_keep_each_line_once(
    account: str, app: Flask, together: Callable[..., Any]
) -> None:
    rows = [told(1000 + n, "x", "" if n % 2 else None) for n in range(20)]
    names = [files.upload(CLERK, account, statement(*rows), f"{n}.csv", op_key=key()) for n in range(4)]
    outcomes = together(app, [lambda name=name: files.apply(CLERK, name) for name in names])
    assert [o.error for o in outcomes] == [None] * 4
    assert sorted(o.value for o in outcomes) == [0, 0, 0, 20]
    matching.run()
    assert len(lines()) == 20
    assert {x.queue for x in lines()} == {Queue.UNMATCHED}


transfers = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from([1000, 2000]), st.sampled_from(["a", "b"]), st.booleans()), max_size=8
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(truth=transfers, order=st.permutations(range(3)), twice=st.booleans())
def test_what_happened_is_what_is_kept(account: str, truth: list[Any], order: list[int], twice: bool) -> None:
    """Whatever happened in three days: files that overlap by a day, in any order, perhaps twice, keep just that."""
    from sqlalchemy import delete

    from shop.banking.models import BankFile, BankRow, LineStep
    from shop.kernel.db import transaction
    from shop.ledger.models import Entry, Posting

    with transaction() as s:  # ids are given again, so what the books say of them goes too
        for table in (Posting, Entry, LineStep, BankRow, BankLine, BankFile):
            s.execute(delete(table))
    today = clock.today()
    rows = [
        (day, told(amount, memo, None if numbered else "", on=today - timedelta(days=day)))
        for day, amount, memo, numbered in truth
    ]
    for first in [*order, *(order if twice else [])]:
        part = [row for day, row in rows if first <= day <= first + 1]
        if part:
            send(account, statement(*part))
    assert kept() == Counter((amount, memo) for _day, amount, memo, _n in truth)


def test_comparing_writes_nothing(account: str) -> None:
    row = Read(1, booked_on=clock.today(), amount=1000, memo="a")
    from shop.banking.models import ShopAccount

    found = session().query(ShopAccount).one()
    assert [v.outcome for v in writing.compare(found.id, [row, row])] == ["new", "new"]
    assert lines() == []


def test_a_statement_is_forgotten_after_its_term_and_its_lines_stay(
    account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = statement(told(1_000, "x"))
    file = send(account, body)
    again = send(account, body, apply=False)
    files.drop(CLERK, again.reference)
    key, now = file.file_key, clock.now()
    assert files.forget() == 0
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=800))
    assert files.forget() == 2
    assert files.forget() == 0
    assert not storage.storage().exists(key)
    assert [x.amount for x in lines()] == [1_000]
    assert broken() == set()
