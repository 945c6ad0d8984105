"""Makers of returns by line, and of money that came too late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shop.checkout.services import late
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import transaction
from shop.orders import services as orders
from shop.payments import services as payments
from shop.payments.models import Payment
from shop.returns import services as returns
from shop.returns.models import Return, ReturnLine
from tests.rights.house import House, first, key, maker, shared


@maker("/office/returns/<reference>", of="all")
def returned(house: House) -> dict[str, Any]:
    """A delivered order of which one unit comes back."""
    return {"reference": _made(house).reference}


@maker("/office/returns/<reference>/lines/<int:line_id>/looked", of="all")
def to_look_at(house: House) -> dict[str, Any]:
    """The unit that is awaited."""
    row = _made(house)
    return {"reference": row.reference, "line_id": first(ReturnLine, ReturnLine.return_id == row.id).line_id}


@shared
def _made(house: House) -> Return:
    order = house.place()
    parcel = order.fulfilments[0].id
    orders.confirm(SYSTEM, order.id)
    orders.pack(SYSTEM, parcel)
    orders.hand_over(SYSTEM, parcel, carrier="GHN")
    orders.deliver(SYSTEM, parcel)
    payment = first(Payment, Payment.order_id == order.id)
    payments.collect_cod(SYSTEM, payment.id, order.total_amount, key())
    units = {order.lines[0].id: returns.Units(1, comes_back=True)}
    done = returns.make(SYSTEM, order.id, units, 0, "damaged", "Hỏng một gói", key())
    row = first(Return, Return.reference == done.reference)
    assert isinstance(row, Return)
    return row


@maker("/office/late-money/<int:payment_id>/retake", of="all")
def late_money(house: House) -> dict[str, Any]:
    """A case of money without goods."""
    payment_id = first(Payment, Payment.order_id == house.place().id).id
    with transaction():
        payments.open_issue(late.KIND, late.key_of(payment_id), payment_id, due_at=clock.now() + timedelta(hours=1))
    return {"payment_id": payment_id}
