"""What a session leaves in the ledger: an even drawer, cash at the point, goods against money; a fault is seen."""

from __future__ import annotations

from sqlalchemy import delete, func, select, update

from shop.kernel import invariants
from shop.kernel.db import session, transaction
from shop.ledger import sources
from shop.ledger.models import Entry, Posting
from shop.till.models import TillTender
from shop.till.services import sessions
from tests.till.conftest import BOSS, Counter

NEAR = ("till.ledger", "ledger.", "payments.")


def balances() -> dict[str, int]:
    session().rollback()
    found = session().execute(select(Posting.account, func.sum(Posting.amount)).group_by(Posting.account))
    return {account: int(n) for account, n in found if n}


def broken() -> set[str]:
    """The checks of these rooms that find something."""
    session().rollback()
    return {name for name, check in invariants._checks.items() if name.startswith(NEAR) and any(check())}


def test_a_session_ends_even_and_what_it_took_stands_against_its_goods(counter: Counter) -> None:
    d, pack = counter.device, counter.goods
    price = d.line(pack)["unit_price_amount"]
    card = [{"kind": "terminal", "amount": price, "given": None}]
    opened = d.open(500_000)
    sold = d.sale(d.line(pack, 2))
    d.send(opened, sold, d.sale(d.line(pack), tenders=card), d.cash(-200_000))
    till = {"cash-till": 300_000 + 2 * price, "counter": price, "cash-point": -300_000, "sales": -3 * price}
    assert balances() == till
    back = d.line(pack) | {"restock": True}
    d.send(
        d.back(
            sold["body"]["number"],
            {k: back[k] for k in ("variant_id", "quantity", "restock", "lot_code")},
            amount=price,
        )
    )
    d.send(d.close(300_000 + price - 5_000))
    even = {"cash-point": price - 5_000, "counter": price, "cash-differences": 5_000, "sales": -2 * price}
    assert balances() == even
    session_id = session().scalar(select(TillTender.session_id).limit(1))
    sessions.count_again(BOSS, int(session_id or 0), 300_000 + price, "đếm lại đủ")
    right = {"cash-point": price, "counter": price, "sales": -2 * price}
    assert balances() == right
    assert broken() == set()
    with transaction() as s:
        s.execute(delete(Posting))
        s.execute(delete(Entry))
    assert broken() == {"till.ledger-says-the-same"}
    sources.bring_in()
    assert balances() == right
    with transaction() as s:
        s.execute(update(TillTender).where(TillTender.amount < 0).values(amount=TillTender.amount - 1))
    assert "till.ledger-says-the-same" in broken()
