"""Each invariant of the bank's lines is seen to fire on a planted fault, and holds without one."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update

from shop.banking.invariants import awaiting
from shop.banking.models import Allocation, BankFile, BankLine, LineState, Queue, Use
from shop.banking.services import handling
from shop.kernel import clock, invariants
from shop.kernel.db import is_sqlite, session, transaction
from shop.ledger.models import Posting
from shop.payments.models import PaymentReceipt
from tests.banking.conftest import CLERK, broken, key, lines, place, send, statement, told


@pytest.fixture
def books(account: str) -> dict[str, Any]:
    """A line credited by the machine, one split by a person with a rest, one undone, one that left."""
    exact, split, wrong = place("vietqr"), place("vietqr", 50_000), place("vietqr", 90_000)
    rows = [told(185_000, f"{exact.code}"), told(60_000, "x"), told(30_000, "y"), told(-11_000, "phi")]
    send(account, statement(*rows))
    one, two, three, fee = lines()
    handling.credit(CLERK, two.reference, [(split.reference, 50_000)], two.version, op_key=key())
    handling.credit(CLERK, three.reference, [(wrong.reference, 30_000)], three.version, op_key=key())
    three = lines()[2]
    part = session().scalars(select(Allocation.id).where(Allocation.line_id == three.id)).one()
    handling.undo(CLERK, three.reference, part, three.version, op_key=key())
    handling.set_aside(CLERK, fee.reference, "fee", "", fee.version, op_key=key())
    assert broken() == set()
    return {"exact": one.id, "split": two.id, "undone": three.id, "fee": fee.id, "payments": [exact.payment_id]}


class Undo(Exception):
    """Takes the fault back."""


def fires(fault: Any) -> set[str]:
    """The invariants that see a fault, which is written past the database's own guards and taken back.

    But for the comparisons with the ledger, which see nearly every fault too (`test_books.py`).
    """
    found: set[str] = set()
    try:
        with transaction() as s:
            if is_sqlite():
                s.execute(text("PRAGMA ignore_check_constraints = ON"))
            else:
                for table, constraint in GUARDS:
                    s.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}"))
            s.execute(fault)
            s.expire_all()
            for name, check in invariants._checks.items():
                if name.startswith("banking.") and list(check()):
                    found.add(name)
            raise Undo
    except Undo:
        pass
    finally:
        if is_sqlite():
            session().execute(text("PRAGMA ignore_check_constraints = OFF"))
            session().rollback()
    assert broken() == set()
    return found - {"banking.ledger-says-the-same", "banking.transfers-await-their-lines"}


GUARDS = [
    ("bank_lines", "ck_bank_lines_handled_within_amount"),
    ("bank_lines", "ck_bank_lines_done_is_whole"),
    ("bank_lines", "ck_bank_lines_open_waits_somewhere"),
    ("bank_lines", "uq_bank_lines_account_id_bank_reference_amount"),
    ("bank_allocations", "ck_bank_allocations_amount_sign"),
]


@pytest.mark.parametrize(
    ("which", "values"),
    [
        ("split", {"handled_amount": 40_000}),
        ("split", {"handled_amount": 70_000}),
        ("exact", {"queue": Queue.NEW.value}),
        ("undone", {"queue": None}),
        ("undone", {"state": LineState.CREDITED}),
        ("fee", {"state": LineState.OPEN}),
    ],
)
def test_a_line_that_is_not_its_parts(books: dict[str, Any], which: str, values: dict[str, Any]) -> None:
    assert fires(update(BankLine).where(BankLine.id == books[which]).values(**values)) == {"banking.line-is-its-parts"}


def test_a_part_that_was_deleted(books: dict[str, Any]) -> None:
    assert fires(delete(Allocation).where(Allocation.line_id == books["fee"])) == {"banking.line-is-its-parts"}


def test_a_payment_credited_by_another_amount_than_allotted(books: dict[str, Any]) -> None:
    assert fires(update(Allocation).where(Allocation.line_id == books["exact"]).values(amount=185_001)) == {
        "banking.line-is-its-parts",
        "banking.credited-as-allotted",
    }


def test_a_part_for_another_payment_than_its_receipt(books: dict[str, Any]) -> None:
    other = place("vietqr").payment_id
    assert fires(update(Allocation).where(Allocation.line_id == books["exact"]).values(payment_id=other)) == {
        "banking.credited-as-allotted"
    }


def test_a_receipt_of_a_line_without_its_part(books: dict[str, Any]) -> None:
    fault = insert(PaymentReceipt).values(
        payment_id=books["payments"][0], provider="vietqr", reference="FT0000", amount=1, evidence="bank:SK-NONE",
        actor_key="system", actor_label="x", at=clock.now(),
    )  # fmt: skip
    assert fires(fault) == {"banking.credited-as-allotted"}


@pytest.mark.postgresql_only  # SQLite cannot drop a constraint; the check reads the same on both
def test_one_transaction_as_two_lines(books: dict[str, Any]) -> None:
    reference = session().scalar(select(BankLine.bank_reference).where(BankLine.id == books["exact"]))
    assert fires(
        update(BankLine).where(BankLine.id == books["undone"]).values(bank_reference=reference, amount=185_000)
    ) == {"banking.credited-once"}


def test_money_that_left_pays_no_order(books: dict[str, Any]) -> None:
    assert fires(update(Allocation).where(Allocation.line_id == books["fee"]).values(use=Use.KEPT)) == {
        "banking.ways-do-not-mix"
    }


def test_a_statement_whose_bytes_are_gone(books: dict[str, Any]) -> None:
    assert fires(update(BankFile).values(file_key="bank/no/ne.csv")) == {"banking.files-have-their-bytes"}


def test_a_transfer_in_the_ledger_that_nobody_wrote_down(books: dict[str, Any]) -> None:
    entry = session().query(Posting).filter_by(account="transit").first()
    assert entry is not None
    told: list[str] = []
    try:
        with transaction() as s:
            s.execute(
                insert(Posting).values(entry_id=entry.entry_id, account="transit", party="order:KHONG-CO", amount=7)
            )
            told = list(awaiting())
            raise Undo
    except Undo:
        pass
    assert told == ["order KHONG-CO: 7 in the ledger, 0 awaited"]
    assert list(awaiting()) == []
