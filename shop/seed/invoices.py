"""The documents of the last weeks of the demonstration, by the room's own commands: each on the day its order was complete.

One producer (`settlement.CONSIGNED`) sells in his own name since then and issues himself; one buyer asks for a tax invoice.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import select, update

from shop.invoices import forms
from shop.invoices.goods import SHOP
from shop.invoices.models import Invoice, Issuer
from shop.invoices.queries import missing
from shop.invoices.services import changing, following, issuing
from shop.kernel import clock
from shop.kernel.actor import GUEST, Actor
from shop.kernel.db import session
from shop.orders.models import TILL, Fulfilment, FulfilmentStatus, Order
from shop.payments.models import Payment, Refund, RefundState
from shop.producers.models import Producer
from shop.seed.settlement import CONSIGNED
from shop.seed.then import Past
from shop.settlement.models import LegalRole, Party
from shop.settlement.services import agreements
from shop.settlement.services.agreements import Draft, Rates

DAYS = 14
BUYER = {
    "invoice_company": "Công ty TNHH Minh Họa",
    "invoice_tax_code": "9900000016",
    "invoice_address": "Số 1, đường Minh Họa, phường Hồng Gai, Quảng Ninh",
    "invoice_email": "hoadon@example.vn",
}


def own_name(rng: random.Random, now: datetime, people: Mapping[str, Actor]) -> None:
    """From now on the producer sells in his own name: an agreement of the day on which documents begin."""
    maker = session().scalar(select(Producer.id).where(Producer.name.like(CONSIGNED)).limit(1))
    if maker is None:
        return
    day = clock.business_day(now) - timedelta(days=DAYS)
    with Past(rng).at(clock.start_of(day) + timedelta(hours=7)):
        draft = Draft(
            day, Rates(1_200, 1_500, 1_800), voucher_bearer=Party.SHOP, role=LegalRole.INTERMEDIARY,
            note="Thỏa thuận minh họa: cơ sở đứng tên bán",
        )  # fmt: skip
        reference = agreements.propose(
            people["donhang"], maker, draft, op_key=f"seed:demo:invoices:{rng.getrandbits(64):016x}", is_demo=True
        )
        agreements.agree(people["chucoso"], reference)


def write(rng: random.Random, now: datetime) -> None:
    """Write the documents of the last weeks in the order of their days."""
    s = session()
    since = clock.start_of(clock.business_day(now) - timedelta(days=DAYS))
    issuing.issuer_of(SHOP, since)
    s.execute(update(Issuer).where(Issuer.key == SHOP).values(began_at=since))
    due = [(order.completed_at, order.id) for order in s.scalars(missing.without_document()) if order.completed_at]
    acts: list[tuple[datetime, int, Callable[[], object]]] = [(at, i, _follow(i)) for at, i in due]
    ids = {i for _at, i in due}
    acts += [(at, i, _follow(i)) for at, i in _went_back() if i in ids]
    orders = s.scalars(select(Order).where(Order.id.in_(ids), Order.channel != TILL).order_by(Order.id))
    asking = next((o for o in orders if not o.invoice and o.completed_at is not None), None)
    if asking is not None and asking.completed_at is not None:
        asker = asking.id
        acts.append((min(asking.completed_at + timedelta(hours=20), now), asker, lambda: _ask(asker, rng)))
    for at, _id, act in sorted(acts, key=lambda x: (x[0], x[1])):
        with Past(rng).at(at):
            act()


def _follow(order_id: int) -> Callable[[], object]:
    return lambda: following.follow(order_id)


def _ask(order_id: int, rng: random.Random) -> None:
    if session().scalar(select(Invoice.id).where(Invoice.order_id == order_id)) is not None:
        changing.ask(GUEST, order_id, forms.tax_buyer(BUYER), f"seed:demo:invoices:{rng.getrandbits(64):016x}")


def _went_back() -> list[tuple[datetime, int]]:
    """When money or a parcel of which order went back."""
    s = session()
    money = s.execute(
        select(Refund.done_at, Payment.order_id)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Refund.state == RefundState.SUCCEEDED)
    )
    goods = s.execute(
        select(Fulfilment.closed_at, Fulfilment.order_id).where(
            Fulfilment.status == FulfilmentStatus.RETURNED, Fulfilment.delivered_at.is_not(None)
        )
    )
    return [(at, i) for at, i in [*money, *goods] if at is not None]
