"""Makers of documents: one that a producer issued in his own name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shop.invoices.models import Invoice
from shop.invoices.services import following
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.orders import services as orders
from shop.payments import services as payments
from shop.payments.models import Payment
from shop.settlement.models import LegalRole, Party
from shop.settlement.services import agreements
from shop.settlement.services.agreements import Draft, Rates
from tests.rights.house import House, first, key, maker, picture, shared
from tests.settlement.conftest import DESK


@maker("/office/invoices/<reference>", of="all")
@maker("/producer/invoices/<reference>", of="producer")
@shared
def document(house: House) -> dict[str, Any]:
    since = clock.today() - timedelta(days=1)  # later than what other makers agree
    draft = Draft(since, Rates(1000, 1500, 2000), role=LegalRole.INTERMEDIARY, freight_earner=Party.PRODUCER)
    agreements.propose(DESK, house.producer.id, draft, paper=picture(), op_key=key())
    made = house.place(house.store, house.own_level)
    parcel = made.fulfilments[0].id
    orders.confirm(SYSTEM, made.id)
    orders.pack(SYSTEM, parcel)
    orders.hand_over(SYSTEM, parcel, carrier="GHN")
    orders.deliver(SYSTEM, parcel)
    payments.collect_cod(DESK, first(Payment, Payment.order_id == made.id).id, made.total_amount, key())
    following.follow(made.id)
    return {"reference": first(Invoice, Invoice.order_id == made.id).reference}


@maker("/don-hang/<reference>/hoa-don/<document>", of="buyer")
def of_order(house: House) -> dict[str, Any]:
    made = document(house)["reference"]
    found = first(Invoice, Invoice.reference == made)
    return {"reference": found.content["order"], "document": made}
