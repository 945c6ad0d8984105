"""What settlement leaves in the ledger: producers are owed what their entries say; a fault is seen."""

from __future__ import annotations

from sqlalchemy import func, select, update

from shop.kernel import clock, invariants
from shop.kernel.db import session, transaction
from shop.ledger.models import Posting
from shop.settlement.models import Entry, EntryKind, Payout, PayoutState
from shop.settlement.services import payouts, statements
from tests.settlement.conftest import BOSS, DESK, OWNER, Trade, Turn, key, last_month, settle

NEAR = ("settlement.ledger", "settlement.producers", "ledger.")


def of(account: str) -> int:
    session().rollback()
    return int(
        session().scalar(select(func.coalesce(func.sum(Posting.amount), 0)).where(Posting.account == account)) or 0
    )


def broken() -> set[str]:
    """The checks of these rooms that find something."""
    session().rollback()
    return {name for name, check in invariants._checks.items() if name.startswith(NEAR) and any(check())}


def test_a_producer_is_owed_in_the_ledger_what_his_entries_say(trade: Trade, turn: Turn) -> None:
    turn(last_month())
    trade.agree()
    trade.bank()
    order = trade.counter((trade.fish, 3))
    settle()
    owed = int(session().scalar(select(func.sum(Entry.amount)).where(Entry.producer_id == trade.producer.id)) or 0)
    assert owed == 360_000 * 85 // 100
    assert (of("producers"), of("commission"), of("sales")) == (-owed, owed - 360_000, 360_000)
    trade.back(order, trade.fish, 1)
    settle()
    assert (of("producers"), of("sales")) == (-240_000 * 85 // 100, 240_000)
    assert broken() == set()


def test_a_payout_leaves_by_transfer_and_planted_faults_are_seen(trade: Trade, turn: Turn) -> None:
    here = clock.now()
    turn(last_month())
    trade.agree()
    trade.bank()
    trade.counter((trade.fish, 3))
    settle()
    turn(here)
    closed = trade.close()
    statements.agree(OWNER, closed.reference)
    batch = payouts.prepare(DESK, [closed.reference], op_key=key())
    row = session().scalars(select(Payout)).one()
    payouts.approve(BOSS, batch, op_key=key())
    payouts.paid(BOSS, row.reference, "FT26001", clock.today(), op_key=key())
    assert (of("producers"), of("transit")) == (0, -row.amount)
    assert broken() == set()
    with transaction() as s:
        s.execute(update(Entry).where(Entry.kind == EntryKind.COMMISSION).values(amount=Entry.amount - 1))
    assert broken() == {"settlement.ledger-says-the-same", "settlement.producers-account"}
    with transaction() as s:
        s.execute(update(Entry).where(Entry.kind == EntryKind.COMMISSION).values(amount=Entry.amount + 1))
        s.execute(update(Payout).values(state=PayoutState.APPROVED, bank_reference=None))
    assert broken() == {"settlement.ledger-says-the-same", "settlement.producers-account"}
