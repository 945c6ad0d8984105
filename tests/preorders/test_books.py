"""What a deposit leaves in the ledger: its buyer's until the goods are his; a fault is seen."""

from __future__ import annotations

from sqlalchemy import func, select, update

from shop.kernel import invariants
from shop.kernel.db import session, transaction
from shop.ledger.models import Posting
from shop.orders import services as orders
from shop.orders.models import Fulfilment
from shop.payments import services as payments
from shop.payments.models import Payment
from shop.preorders.models import Preorder
from tests.preorders.conftest import OFFICE, Orchard, goods_of, key, work

NEAR = ("preorders.ledger", "payments.", "ledger.")


def balances() -> dict[str, int]:
    session().rollback()
    found = session().execute(select(Posting.account, func.sum(Posting.amount)).group_by(Posting.account))
    return {account: int(n) for account, n in found if n}


def broken() -> set[str]:
    """The checks of these rooms that find something."""
    session().rollback()
    return {name for name, check in invariants._checks.items() if name.startswith(NEAR) and any(check())}


def test_a_deposit_is_its_buyers_until_the_goods_are_his(orchard: Orchard) -> None:
    window = orchard.open()
    (mine,) = orchard.bought(window, 2)
    assert balances() == {"transit": 40_000, "buyers": -40_000}
    orchard.harvest(window, 20)
    orchard.run(window)
    work()
    order = goods_of(mine)
    owed, rest = order.goods_amount + order.delivery_amount, order.total_amount
    assert balances() == {"transit": 40_000, "buyers": -40_000}
    parcel = session().scalars(select(Fulfilment.id).where(Fulfilment.order_id == order.id)).one()
    orders.confirm(OFFICE, order.id)
    orders.pack(OFFICE, parcel)
    orders.hand_over(OFFICE, parcel, carrier="")
    orders.deliver(OFFICE, parcel)
    payment = session().scalars(select(Payment.id).where(Payment.order_id == order.id)).one()
    payments.collect_cod(OFFICE, payment, rest, key())
    assert balances()["transit"] + balances()["cod-in-transit"] == owed
    work()
    assert balances().get("buyers", 0) == 0
    assert broken() == set()
    with transaction() as s:
        s.execute(update(Preorder).values(returned_amount=1))
    assert broken() == {"preorders.ledger-says-the-same"}
