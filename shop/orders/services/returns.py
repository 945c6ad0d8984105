"""Parcels that come back: somebody looks at what is in them, and only what he finds good goes to the shelf."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import insert, update

from shop.kernel import audit, clock, money
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_, Invalid
from shop.kernel.events import publish
from shop.orders import discounts, events
from shop.orders.errors import PartCameBack, StepNotAllowed
from shop.orders.models import TILL, Fulfilment, FulfilmentStatus, Order, OrderLine, PaymentStatus, ReturnLook
from shop.orders.services import _fulfilment, complete_if_done, hold_reference, step
from shop.stock import services as stock


def take_back(
    actor: Actor,
    fulfilment_id: int,
    *,
    restock: bool,
    reason: str,
    bad: Mapping[int, int] | None = None,
    nothing_kept: str | None = None,
) -> None:
    """A parcel came back and somebody has looked at it: what is good goes to the shelf, the rest is written off, and what was
    found of each line is written down. `bad` units by line, if it is neither all (`restock`) nor nothing.

    `nothing_kept` is what the buyer is told if the order ends by it. Where its cash was not taken and other parcels of the
    order were kept, so much less is owed (`ReturnedUnpaid`).

    Raises:
        Invalid: no reason, or more is bad than was in it.
        StepNotAllowed: it has not left, is back already, or was sold at a counter.
        PartCameBack: some of it came back line by line, and so does the rest.
    """
    reason = reason.strip()
    if len(reason) < 2:
        raise Invalid(N_("Hãy ghi lý do trả hàng, ít nhất 2 ký tự."), field="reason")
    with transaction() as s:
        order, found = _fulfilment(fulfilment_id)
        if order.channel == TILL:  # comes back at a counter, against the receipt and line by line
            raise StepNotAllowed
        if stock.has_returns(hold_reference(order.reference, found.number)):
            raise PartCameBack
        looks = _looks(order, found, restock=restock, bad=bad)
        share = cash_shares(order).get(found.number, 0)
        step(actor, "fulfilment", found.id, FulfilmentStatus.RETURNED, order_id=order.id, reason=reason)
        off: dict[int, int] = defaultdict(int)
        for line, n in looks:
            off[line.variant_id] += n
        stock.take_back(actor, hold_reference(order.reference, found.number), restock=restock, reason=reason, bad=off)
        s.execute(
            insert(ReturnLook),
            [
                {"fulfilment_id": found.id, "line_id": line.id, "good_quantity": line.left_quantity - n, "bad_quantity": n,
                 "note": reason, "at": clock.now(), "actor_key": actor.key, "actor_label": actor.label}
                for line, n in looks
            ],
        )  # fmt: skip
        if order.discount_amount:
            discounts.give_back(order.id, {line.id: line.left_quantity for line, _n in looks}, freight=found.id)
        units = sum(n for _line, n in looks)
        audit.record(actor, "orders.take_back", f"order:{order.id}", parcel=found.number, bad=units, reason=reason)
        publish(events.FulfilmentReturned(order.id, found.id))
        if order.payment_status == PaymentStatus.DUE and share and _others_kept(order, found):
            _owe_less(order, found, share)
        complete_if_done(actor, order.id, nothing_kept=nothing_kept)


def _looks(
    order: Order, parcel: Fulfilment, *, restock: bool, bad: Mapping[int, int] | None
) -> list[tuple[OrderLine, int]]:
    """(line, bad units) of a parcel that came back."""
    lines = [line for line in order.lines if line.fulfilment_id == parcel.id and line.left_quantity]
    if bad is None:
        return [(line, 0 if restock else line.left_quantity) for line in lines]
    known = {line.id for line in lines}
    if set(bad) - known or any(not 0 <= bad.get(line.id, 0) <= line.left_quantity for line in lines):
        raise Invalid(N_("Số hỏng phải từ 0 đến số có trong kiện."), field="bad")
    return [(line, bad.get(line.id, 0)) for line in lines]


def _others_kept(order: Order, parcel: Fulfilment) -> bool:
    gone = {FulfilmentStatus.CANCELLED, FulfilmentStatus.RETURNED}
    return any(f.id != parcel.id and f.status not in gone for f in order.fulfilments)


def _owe_less(order: Order, parcel: Fulfilment, amount: int) -> None:
    s = session()
    for table, row_id, values in (
        (Fulfilment, parcel.id, {"unpaid_amount": amount}),
        (Order, order.id, {"reduced_amount": Order.reduced_amount + amount}),
    ):
        s.execute(update(table).where(table.id == row_id).values(**values).execution_options(synchronize_session=False))
    s.expire_all()
    publish(events.ReturnedUnpaid(order.id, parcel.id, amount))


def cash_shares(order: Order) -> dict[int, int]:
    """What each parcel's part of what is owed is, in đồng, by number; the parts add up to it. One that was refused whole, or
    came back unpaid, has none."""
    parcels = [p for p in order.fulfilments if p.status != FulfilmentStatus.CANCELLED and not p.unpaid_amount]
    goods: dict[int, int] = defaultdict(int)
    for line in order.lines:
        goods[line.fulfilment_id] += line.left_amount
    off = discounts.off_by_parcel(order.id) if order.discount_amount else {}
    parts = money.split(order.owed_amount, [goods[p.id] + p.fee_amount - off.get(p.id, 0) for p in parcels])
    return {p.number: part for p, part in zip(parcels, parts, strict=True)}
