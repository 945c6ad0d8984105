"""What the bank's lines leave in the ledger: in suspense until their parts have a use, and again once that is undone."""

from __future__ import annotations

from sqlalchemy import delete, func, select, update

from shop.banking.models import Allocation, BankLine, Category
from shop.banking.services import handling
from shop.kernel import invariants
from shop.kernel.db import session, transaction
from shop.ledger import sources
from shop.ledger.models import Entry, Posting
from tests.banking.conftest import CLERK, key, lines, parts, place, send, statement, told

NEAR = ("banking.ledger", "ledger.", "payments.")


def balances() -> dict[str, int]:
    session().rollback()
    found = session().execute(select(Posting.account, func.sum(Posting.amount)).group_by(Posting.account))
    return {account: int(n) for account, n in found if n}


def broken() -> set[str]:
    """The checks of these rooms that find something."""
    session().rollback()
    return {name for name, check in invariants._checks.items() if name.startswith(NEAR) and any(check())}


def test_a_line_is_in_suspense_until_its_parts_have_a_use(account: str) -> None:
    placed, short = place("vietqr"), place("vietqr")
    content = statement(
        told(185_000, f"CB {placed.code}"), told(100_000, "tien hang"), told(-11_000, "PHI SMS"), told(7_000, "lai")
    )
    send(account, content)
    send(account, content)
    assert balances() == {"bank": 281_000, "suspense": -96_000, "buyers": -185_000}
    _paid, open_line, fee, interest = lines()
    handling.credit(CLERK, open_line.reference, [(str(short.code), 100_000)], open_line.version, op_key=key())
    handling.set_aside(CLERK, fee.reference, Category.FEE, "", fee.version, op_key=key())
    handling.set_aside(CLERK, interest.reference, Category.INTEREST, "", interest.version, op_key=key())
    assert balances() == {"bank": 281_000, "buyers": -285_000, "bank-fees": 11_000, "interest": -7_000}
    (line,) = [row for row in lines() if row.id == open_line.id]
    handling.undo(CLERK, line.reference, parts(line)[0].id, line.version, op_key=key())
    right = {"bank": 281_000, "suspense": -100_000, "buyers": -185_000, "bank-fees": 11_000, "interest": -7_000}
    assert balances() == right
    assert broken() == set()
    with transaction() as s:
        s.execute(delete(Posting))
        s.execute(delete(Entry))
    sources.bring_in()
    assert balances() == right
    with transaction() as s:
        s.execute(update(BankLine).where(BankLine.id == interest.id).values(amount=7_001, handled_amount=7_001))
    assert broken() == {"banking.ledger-says-the-same"}
    with transaction() as s:
        s.execute(update(BankLine).where(BankLine.id == interest.id).values(amount=7_000, handled_amount=7_000))
        s.execute(update(Allocation).where(Allocation.category == "fee").values(category="own"))
    assert broken() == {"banking.ledger-says-the-same"}
