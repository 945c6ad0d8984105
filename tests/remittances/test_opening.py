"""Cash that was taken before this room kept it is awaited like any other once the shop starts."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import delete, func, select

from shop.kernel import invariants
from shop.kernel.db import session, transaction
from shop.ledger.models import Posting
from shop.orders import services as orders
from shop.orders.models import Fulfilment
from shop.payments import services as payments
from shop.payments.models import Payment
from shop.remittances.models import CodParcel, CodState, Remittance, RemittanceState, Step
from shop.remittances.services import opening
from tests.remittances.conftest import CLERK, Shelf, key


def taken_before(shelf: Shelf, carrier: str) -> int:
    """An order whose cash somebody took, of which this room knows nothing; its id."""
    (cash,) = shelf.sent(carrier=carrier)
    order_id, fulfilment_id = cash.order_id, cash.fulfilment_id
    orders.deliver(CLERK, fulfilment_id)
    with transaction() as s:
        s.execute(delete(Step))
        s.execute(delete(CodParcel).where(CodParcel.order_id == order_id))
    payment = session().scalars(select(Payment).where(Payment.order_id == order_id)).one()
    payments.collect_cod(CLERK, payment.id, payment.amount, key())
    assert session().scalar(select(Fulfilment.status).where(Fulfilment.id == fulfilment_id)) == "delivered"
    return order_id


def in_transit(party: str) -> int:
    wanted = select(func.coalesce(func.sum(Posting.amount), 0)).where(
        Posting.account == "cod-in-transit", Posting.party.like(party)
    )
    return int(session().scalar(wanted) or 0)


@pytest.mark.parametrize("times", [1, 2])
def test_a_carriers_cash_is_awaited_in_a_batch(ctx: Flask, shelf: Shelf, times: int) -> None:
    for _ in range(2):
        taken_before(shelf, "GHN")
    amount = in_transit("order:%")
    assert amount > 0
    assert opening.open_old() == 2
    for _ in range(times):
        assert opening.open_old() == 0
    (batch,) = session().scalars(select(Remittance)).all()
    assert (batch.state, batch.gross_amount) == (RemittanceState.OPEN, amount)
    assert (in_transit("order:%"), in_transit("remittance:%")) == (0, amount)
    assert {p.state for p in session().scalars(select(CodParcel))} == {CodState.SETTLED}
    session().rollback()
    assert {f.name: f.offenders for f in invariants.run("remittances", "payments", "ledger") if not f.ok} == {}
