"""What this room writes when it hears of parcels and of money; all of it in the transaction that tells."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from shop.kernel.actor import SYSTEM
from shop.kernel.db import session
from shop.kernel.errors import N_
from shop.kernel.events import on, on_all
from shop.orders.events import (
    FulfilmentDelivered,
    FulfilmentHandedOver,
    FulfilmentReturned,
    LinesRefused,
    ReturnedUnpaid,
)
from shop.orders.models import PaymentMethod
from shop.payments import services as payments
from shop.payments.events import PaymentCaptured
from shop.payments.models import Payment
from shop.remittances.services import parcels


@on(FulfilmentHandedOver)
def left(fact: FulfilmentHandedOver) -> None:
    """Its cash is expected of whoever carries it."""
    parcels.begin(fact.fulfilment_id)


@on(FulfilmentDelivered)
def arrived(fact: FulfilmentDelivered) -> None:
    """Its cash is awaited from now on."""
    parcels.delivered(fact.fulfilment_id)


@on_all(PaymentCaptured)
def paid(facts: Sequence[PaymentCaptured]) -> None:
    """Paid in cash: whoever handed the parcels out has it."""
    cash = select(Payment.order_id).where(
        Payment.id.in_([fact.payment_id for fact in facts]), Payment.method == PaymentMethod.COD
    )
    for order_id in session().scalars(cash.order_by(Payment.order_id)).all():
        parcels.captured(order_id)


@on(FulfilmentReturned)
def back(fact: FulfilmentReturned) -> None:
    """Nothing is owed for it any more."""
    parcels.came_back(fact.fulfilment_id)


@on(LinesRefused)
def less_to_take(fact: LinesRefused) -> None:
    """What other parcels of the order bring may change by a đồng or by their share of the discount."""
    if not fact.ends_order:
        parcels.shares_changed(fact.order_id)


@on(ReturnedUnpaid)
def less_is_owed(fact: ReturnedUnpaid) -> None:
    """The order's payment asks for less; the others' cash may be all of it."""
    reason = N_("Một kiện của đơn đã trả về")
    payments.reduce(SYSTEM, fact.order_id, fact.amount, reason, f"unpaid:{fact.fulfilment_id}")
    parcels.shares_changed(fact.order_id)
    parcels.pay_if_whole(SYSTEM, fact.order_id, f"returned:{fact.fulfilment_id}")
