"""The only writers of orders. Every change of status is a conditional update and a row of history in one transaction."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from shop.kernel import audit, clock, db, text
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_, Invalid
from shop.kernel.events import publish
from shop.kernel.prepared import Prepared
from shop.orders import discounts, events
from shop.orders.drafts import Draft as Draft
from shop.orders.drafts import DraftLine as DraftLine
from shop.orders.drafts import DraftParcel as DraftParcel
from shop.orders.drafts import Placed as Placed
from shop.orders.errors import MoneyIsDisputed, MoneyWentBack, NoSuchOrder, StepNotAllowed, TooLateToCancel
from shop.orders.models import (
    ALLOWED,
    CLOSED,
    WEB,
    DeliveryKind,
    Fulfilment,
    FulfilmentStatus,
    Order,
    OrderLine,
    OrderStatus,
    OrderTransition,
    PaymentStatus,
    search_name,
)
from shop.stock import services as stock
from shop.stock.services import Take

_COLUMN: dict[str, tuple[Any, str]] = {
    "order": (Order, "status"),
    "payment": (Order, "payment_status"),
    "fulfilment": (Fulfilment, "status"),
}


# --- placing -----------------------------------------------------------------------------------------------------


def secret_for(key: str, reference: str) -> str:
    """The secret of an order's link, derived from the shop's key, so that letters can be written later."""
    return hmac.digest(key.encode(), f"order:{reference}".encode(), "sha256").hex()[:32]


def secret_hash(secret: str) -> str:
    """SHA-256 (hex) of an order's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def hold_reference(reference: str, number: int) -> str:
    """The reference under which stock keeps the goods of parcel `number`."""
    return f"order:{reference}:{number}"


_INSERT_ORDER = Prepared(insert(Order).returning(Order.id))
_INSERT_FULFILMENTS = Prepared(insert(Fulfilment).returning(Fulfilment.number, Fulfilment.id))
_INSERT_LINES = Prepared(insert(OrderLine))
_INSERT_STEPS = Prepared(insert(OrderTransition))


def place(actor: Actor, draft: Draft, *, key: str) -> Placed:
    """Write the order and take its goods, in the caller's transaction (joined) or one of its own.

    Goods are held until `draft.pay_until`, or allocated at once where nothing is paid beforehand.

    Raises:
        SoldOut: goods went to somebody else since they were looked up.
        OfferGone: a discount did.
        sqlalchemy.exc.IntegrityError: the operation key or the basket has an order already.
    """
    if not draft.parcels or not all(parcel.lines for parcel in draft.parcels):
        raise ValueError("an order has lines")
    now = draft.placed_at or clock.now()
    reference = text.reference()
    secret = secret_for(key, reference)
    goods = sum(line.unit_price_amount * line.quantity for p in draft.parcels for line in p.lines)
    fees = sum(p.fee_amount for p in draft.parcels)
    off = draft.discount_amount + sum(d.amount for d in draft.discounts)
    prepaid = draft.pay_until is not None
    status = OrderStatus.AWAITING_PAYMENT if prepaid else OrderStatus.PLACED
    money = PaymentStatus.UNPAID if prepaid else PaymentStatus.DUE
    with transaction():
        (order_id,) = _INSERT_ORDER.first(
            {
                "reference": reference,
                "secret_hash": secret_hash(secret),
                "op_key": draft.op_key,
                "op_digest": draft.op_digest,
                "basket_key": draft.basket_key,
                "channel": draft.channel,
                "user_id": draft.user_id,
                "locale": draft.locale,
                "status": status,
                "payment_status": money,
                "payment_method": draft.payment_method,
                "delivery": draft.delivery,
                "name": draft.name,
                "search_name": search_name(draft.name),
                "phone": draft.phone,
                "email": draft.email,
                "address_key": draft.address_key,
                "province_code": draft.province_code,
                "province_name": draft.province_name,
                "commune_code": draft.commune_code,
                "commune_name": draft.commune_name,
                "street": draft.street,
                "pickup_point_id": draft.pickup_point_id,
                "note": draft.note,
                "invoice": draft.invoice,
                "goods_amount": goods,
                "delivery_amount": fees,
                "discount_amount": off,
                "total_amount": goods + fees - off,
                "age_confirmed_at": draft.age_confirmed_at,
                "placed_at": now,
                "pay_until": draft.pay_until,
                "is_demo": draft.is_demo,
            }
        )
        rows = _INSERT_FULFILMENTS.many(
            [
                {
                    "order_id": order_id,
                    "number": number,
                    "point_id": parcel.point_id,
                    "kind": parcel.kind,
                    "status": FulfilmentStatus.PENDING,
                    "fee_amount": parcel.fee_amount,
                    "weight_g": parcel.weight_g,
                    "expected_from_on": parcel.expected_from_on,
                    "expected_to_on": parcel.expected_to_on,
                }
                for number, parcel in enumerate(draft.parcels, start=1)
            ]
        )
        fulfilments = [fulfilment_id for _number, fulfilment_id in sorted(rows)]
        _INSERT_LINES.many(
            [
                {
                    "order_id": order_id,
                    "fulfilment_id": fulfilment_id,
                    "variant_id": line.variant_id,
                    "producer_id": line.producer_id,
                    "sku": line.sku,
                    "name": line.name,
                    "pack": line.pack,
                    "quantity": line.quantity,
                    "unit_price_amount": line.unit_price_amount,
                    "line_amount": line.unit_price_amount * line.quantity,
                    "price_id": line.price_id,
                    "certificate_required": line.certificate_required,
                    "certificate_id": line.certificate_id,
                    "is_alcohol": line.is_alcohol,
                    "cold": line.cold,
                    "weight_g": line.weight_g,
                    "origin": line.origin,
                }
                for fulfilment_id, parcel in zip(fulfilments, draft.parcels, strict=True)
                for line in parcel.lines
            ]
        )
        steps = [("order", None, status), ("payment", None, money)]
        steps += [("fulfilment", f, FulfilmentStatus.PENDING) for f in fulfilments]
        _INSERT_STEPS.many([_history(order_id, f, sub, "", to, actor, None, now) for sub, f, to in steps])
        _claim(reference, draft.parcels, draft.pay_until, web=draft.channel == "web")
        if draft.discounts:
            discounts.write(order_id, reference, draft.discounts, draft.buyer, now)
        publish(events.OrderPlaced(order_id))
    return Placed(order_id, reference, secret, goods + fees - off)


def _claim(reference: str, parcels: Sequence[DraftParcel], until: datetime | None, *, web: bool) -> None:
    """Take the goods of all parcels; levels of different parcels are different points, so id order is kept overall."""
    for number, parcel in sorted(enumerate(parcels, start=1), key=lambda p: min(t.level_id for t in p[1].takes)):
        stock.take(hold_reference(reference, number), parcel.takes, until=until, web=web)


# --- steps -------------------------------------------------------------------------------------------------------


def _history(
    order_id: int,
    fulfilment_id: int | None,
    subject: str,
    before: str,
    after: str,
    actor: Actor,
    reason: str | None,
    at: datetime,
) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "fulfilment_id": fulfilment_id,
        "subject": subject,
        "from_status": str(before),
        "to_status": str(after),
        "at": at,
        "actor_key": actor.key,
        "actor_label": actor.label,
        "reason": reason,
    }


def step(
    actor: Actor,
    subject: str,
    row_id: int,
    to: str,
    *,
    order_id: int,
    only_from: frozenset[str] | None = None,
    reason: str | None = None,
    **also: Any,
) -> str:
    """Move `subject` (order, payment, fulfilment) with id `row_id` to `to`; return the status it had.

    `also` are further columns of the same row. Call inside a transaction.

    Raises:
        StepNotAllowed: `to` may not follow the present status, or another was first.
    """
    table, column = _COLUMN[subject]
    if subject == "fulfilment":
        also["closed_at"] = clock.now() if to in CLOSED else None
    s = session()
    before = s.scalar(select(getattr(table, column)).where(table.id == row_id).with_for_update())
    sources = {frm for frm, tos in ALLOWED[subject].items() if to in tos and frm}
    if before is None or before not in sources or (only_from is not None and before not in only_from):
        raise StepNotAllowed
    s.execute(
        update(table)
        .where(table.id == row_id)
        .values(**{column: to}, **also)
        .execution_options(synchronize_session=False)
    )
    fulfilment_id = row_id if subject == "fulfilment" else None
    s.execute(
        insert(OrderTransition),
        [_history(order_id, fulfilment_id, subject, before, to, actor, reason, clock.now())],
    )
    s.expire_all()
    return str(before)


def _locked(order_id: int) -> Order:
    return db.locked(Order, order_id, NoSuchOrder)


def confirm(actor: Actor, order_id: int) -> None:
    """The desk confirms a placed order: it will be packed."""
    with transaction():
        _locked(order_id)
        step(actor, "order", order_id, OrderStatus.CONFIRMED, order_id=order_id)
        audit.record(actor, "orders.confirm", f"order:{order_id}")
        publish(events.OrderConfirmed(order_id))


def mark_paid(actor: Actor, order_id: int) -> None:
    """Money for the order is in: commit what was held for it and go on. The goods must still be claimed.

    Raises:
        NoClaim: the hold has lapsed (see `revive`).
        StepNotAllowed: it was paid before.
    """
    with transaction():
        order = _locked(order_id)
        was_waiting = order.status == OrderStatus.AWAITING_PAYMENT
        if was_waiting:
            for number in range(1, len(order.fulfilments) + 1):
                stock.commit(hold_reference(order.reference, number))
        step(actor, "payment", order_id, PaymentStatus.PAID, order_id=order_id)
        if was_waiting:
            step(actor, "order", order_id, OrderStatus.PLACED, order_id=order_id, pay_until=None)
        publish(events.OrderPaid(order_id))
        complete_if_done(actor, order_id)


def unpay(actor: Actor, order_id: int, until: datetime) -> None:
    """The money of a paid order was another's: it waits for its own until `until`, its goods held as long.

    Raises:
        StepNotAllowed: it, or a parcel of it, is confirmed, or it is no order of the web.
    """
    with transaction():
        order = _locked(order_id)
        said = any(f.confirmed_at is not None or f.status != FulfilmentStatus.PENDING for f in order.fulfilments)
        if order.status != OrderStatus.PLACED or order.channel != WEB or said:
            raise StepNotAllowed
        for fulfilment in order.fulfilments:
            stock.hold_again(hold_reference(order.reference, fulfilment.number), until)
        reason = N_("Khoản tiền ghi nhầm đã gỡ ra, đơn lại chờ thanh toán")
        step(actor, "payment", order_id, PaymentStatus.UNPAID, order_id=order_id, reason=reason)
        step(actor, "order", order_id, OrderStatus.AWAITING_PAYMENT, order_id=order_id, reason=reason, pay_until=until)
        audit.record(actor, "orders.unpay", f"order:{order_id}", until=until.isoformat())


def revive(actor: Actor, order_id: int, parcels: Sequence[tuple[int, Sequence[Take]]]) -> None:
    """An order that ran out of time was paid after all: take its goods again (`parcels`: number, takes) and go on.

    Raises:
        SoldOut: the goods are gone; nothing has changed.
        OfferGone: a discount of it is.
    """
    with transaction():
        order = _locked(order_id)
        for number, takes in parcels:
            stock.take(hold_reference(order.reference, number), takes, web=order.channel == "web")
        discounts.take_again(order_id)
        if order.payment_status != PaymentStatus.PAID:  # known before its goods were found
            step(actor, "payment", order_id, PaymentStatus.PAID, order_id=order_id)
        step(actor, "order", order_id, OrderStatus.PLACED, order_id=order_id, only_from=frozenset({OrderStatus.CANCELLED}),
             reason=N_("Tiền đến sau hạn, hàng vẫn còn"), pay_until=None, cancelled_at=None, cancel_reason=None)  # fmt: skip
        for fulfilment in order.fulfilments:
            step(actor, "fulfilment", fulfilment.id, FulfilmentStatus.PENDING, order_id=order_id)
        publish(events.OrderPaid(order_id))


def cancel(actor: Actor, order_id: int, reason: str, *, by_buyer: bool = False) -> None:
    """Cancel an order that has not left: its goods go back at once; money already taken is for the payments room.

    Raises:
        TooLateToCancel: the buyer asks after a parcel was packed.
        StepNotAllowed: something has left, or it was cancelled before.
    """
    with transaction():
        order = _locked(order_id)
        live = [
            f for f in order.fulfilments if f.status != FulfilmentStatus.CANCELLED
        ]  # a parcel may have been refused
        states = {f.status for f in live}
        if by_buyer and states - {FulfilmentStatus.PENDING}:
            raise TooLateToCancel
        if states - {FulfilmentStatus.PENDING, FulfilmentStatus.PACKED}:
            raise StepNotAllowed
        for fulfilment in live:
            stock.release(hold_reference(order.reference, fulfilment.number))
            step(actor, "fulfilment", fulfilment.id, FulfilmentStatus.CANCELLED, order_id=order_id)
        money = order.payment_status
        step(actor, "order", order_id, OrderStatus.CANCELLED, order_id=order_id, reason=reason, cancelled_at=clock.now(),
             cancel_reason=reason, pay_until=None)  # fmt: skip
        if money in {PaymentStatus.UNPAID, PaymentStatus.DUE}:
            step(actor, "payment", order_id, PaymentStatus.VOID, order_id=order_id)
        if order.discount_amount:
            discounts.give_back(order_id)
        if actor.kind == "user" and not by_buyer:
            audit.record(actor, "orders.cancel", f"order:{order_id}", reason=reason)
        publish(events.OrderCancelled(order_id, reason, actor.kind))


def _fulfilment(fulfilment_id: int) -> tuple[Order, Fulfilment]:
    order_id = session().scalar(select(Fulfilment.order_id).where(Fulfilment.id == fulfilment_id))
    if order_id is None:
        raise NoSuchOrder
    order = _locked(order_id)
    return order, db.locked(Fulfilment, fulfilment_id, NoSuchOrder)  # as it is behind the order's lock


def _money_is_here(order: Order) -> None:
    if order.payment_status in {PaymentStatus.DISPUTED, PaymentStatus.CHARGED_BACK}:
        raise MoneyIsDisputed
    if order.payment_status == PaymentStatus.REFUNDED:
        raise MoneyWentBack


def may_pack(order: Order, parcel: Fulfilment) -> bool:
    """Whether the desk has confirmed the order, or whoever sends the parcel has confirmed that, and it is not packed."""
    said = order.status == OrderStatus.CONFIRMED or (
        order.status == OrderStatus.PLACED and parcel.confirmed_at is not None
    )
    return said and parcel.status == FulfilmentStatus.PENDING


def pack(actor: Actor, fulfilment_id: int) -> None:
    """The goods of a parcel are in their box.

    Raises:
        StepNotAllowed: neither the order nor the parcel is confirmed, or the parcel is packed already.
        MoneyIsDisputed, MoneyWentBack.
    """
    with transaction():
        order, found = _fulfilment(fulfilment_id)
        _money_is_here(order)
        if not may_pack(order, found):
            raise StepNotAllowed
        now = clock.now()
        step(actor, "fulfilment", found.id, FulfilmentStatus.PACKED, order_id=order.id, packed_at=now,
             confirmed_at=found.confirmed_at or now)  # fmt: skip
        audit.record(actor, "orders.pack", f"order:{order.id}", parcel=found.number)
        publish(events.FulfilmentPacked(order.id, found.id))


def hand_over(
    actor: Actor,
    fulfilment_id: int,
    *,
    carrier: str | None = None,
    tracking_number: str | None = None,
    photo_key: str | None = None,
    note: str | None = None,
) -> None:
    """A parcel leaves with a carrier (or is given out at the point): its goods are sold now. `photo_key` names a photograph
    of it in storage; `note` stands in its history, for staff and its sender.

    Raises:
        Invalid: a parcel needs its carrier.
        StepNotAllowed: it is not packed. MoneyIsDisputed, MoneyWentBack.
    """
    with transaction():
        order, found = _fulfilment(fulfilment_id)
        _money_is_here(order)
        carrier = text.clean(carrier or "")[:80] or None
        tracking_number = text.clean(tracking_number or "")[:80] or None
        if found.kind == DeliveryKind.SHIP and carrier is None:
            raise Invalid(N_("Hãy ghi đơn vị vận chuyển."), field="carrier")
        step(actor, "fulfilment", found.id, FulfilmentStatus.HANDED_OVER, order_id=order.id, reason=note,
             handed_over_at=clock.now(), carrier=carrier, tracking_number=tracking_number, photo_key=photo_key)  # fmt: skip
        stock.hand_over(actor, hold_reference(order.reference, found.number))
        audit.record(
            actor,
            "orders.hand_over",
            f"order:{order.id}",
            parcel=found.number,
            carrier=carrier,
            tracking=tracking_number,
        )
        publish(events.FulfilmentHandedOver(order.id, found.id))


def deliver(actor: Actor, fulfilment_id: int) -> None:
    """The buyer has the goods."""
    with transaction():
        order, found = _fulfilment(fulfilment_id)
        step(actor, "fulfilment", found.id, FulfilmentStatus.DELIVERED, order_id=order.id, delivered_at=clock.now())
        audit.record(actor, "orders.deliver", f"order:{order.id}", parcel=found.number)
        publish(events.FulfilmentDelivered(order.id, found.id))
        complete_if_done(actor, order.id)


def refund_asked(actor: Actor, order_id: int) -> None:
    """A refund of the whole order is on its way. Nothing happens if that is known."""
    with transaction():
        if _locked(order_id).payment_status == PaymentStatus.PAID:
            step(actor, "payment", order_id, PaymentStatus.REFUND_PENDING, order_id=order_id)


def refund_done(actor: Actor, order_id: int) -> None:
    """The money of the whole order went back. Nothing happens if that is known."""
    with transaction():
        if _locked(order_id).payment_status in {PaymentStatus.PAID, PaymentStatus.REFUND_PENDING}:
            step(actor, "payment", order_id, PaymentStatus.REFUNDED, order_id=order_id)
            discounts.give_back(order_id)


def refund_failed(actor: Actor, order_id: int) -> None:
    """The refund did not go through; the money is still here."""
    with transaction():
        if _locked(order_id).payment_status == PaymentStatus.REFUND_PENDING:
            step(actor, "payment", order_id, PaymentStatus.PAID, order_id=order_id)


def refund_undone(actor: Actor, order_id: int) -> None:
    """What was taken for the refund of the whole order was not it: its money is still to go back.

    Raises:
        StepNotAllowed: its goods were handed over, so statements and documents have followed.
    """
    with transaction():
        order = _locked(order_id)
        if order.payment_status == PaymentStatus.REFUNDED:
            if order.status != OrderStatus.CANCELLED:
                raise StepNotAllowed
            step(actor, "payment", order_id, PaymentStatus.REFUND_PENDING, order_id=order_id)


def money_disputed(actor: Actor, order_id: int, now: PaymentStatus, reason: str) -> None:
    """How the order's money stands with its buyer's bank: taken while it looks (`DISPUTED`), for good (`CHARGED_BACK`), or
    here (`PAID`). Nothing happens if that is known, or if the money is on its way back anyhow."""
    with transaction():
        before = _locked(order_id).payment_status
        theirs = {PaymentStatus.PAID, PaymentStatus.DISPUTED, PaymentStatus.CHARGED_BACK}
        if before in theirs and before != now:
            step(actor, "payment", order_id, now, order_id=order_id, reason=reason)
            complete_if_done(actor, order_id)


def paid_too_late(actor: Actor, order_id: int) -> None:
    """Money came for a cancelled order whose goods are gone: the order stays cancelled, the money is known."""
    with transaction():
        if _locked(order_id).payment_status == PaymentStatus.VOID:
            step(
                actor,
                "payment",
                order_id,
                PaymentStatus.PAID,
                order_id=order_id,
                reason=N_("Tiền đến sau khi đơn đã hủy"),
            )


def complete_if_done(actor: Actor, order_id: int, *, nothing_kept: str | None = None) -> bool:
    """Complete the order once every parcel has arrived or come back and the money is settled; return whether it did.

    A cash order of which nothing was kept ends cancelled, for the reason `nothing_kept`: there is nothing to pay.
    """
    with transaction():
        order = _locked(order_id)
        if order.status != OrderStatus.CONFIRMED:
            return False
        states = {f.status for f in order.fulfilments} - {FulfilmentStatus.CANCELLED}  # refused: nothing to wait for
        if not states or not states <= {FulfilmentStatus.DELIVERED, FulfilmentStatus.RETURNED}:
            return False
        if states == {FulfilmentStatus.RETURNED} and order.payment_status == PaymentStatus.DUE:
            reason = nothing_kept or N_("Khách không nhận hàng, hàng đã trả về")
            step(actor, "order", order_id, OrderStatus.CANCELLED, order_id=order_id, reason=reason, cancelled_at=clock.now(),
                 cancel_reason=reason)  # fmt: skip
            step(actor, "payment", order_id, PaymentStatus.VOID, order_id=order_id)
            discounts.give_back(order_id)
            publish(events.OrderCancelled(order_id, reason, actor.kind))
            return False
        if order.payment_status in {PaymentStatus.DUE, PaymentStatus.UNPAID, PaymentStatus.REFUND_PENDING}:
            return False
        step(actor, "order", order_id, OrderStatus.COMPLETED, order_id=order_id, completed_at=clock.now())
        publish(events.OrderCompleted(order_id))
        return True


def overdue(limit: int = 200) -> list[int]:
    """Orders whose time to pay is over."""
    return list(
        session().scalars(
            select(Order.id)
            .where(Order.status == OrderStatus.AWAITING_PAYMENT, Order.pay_until <= clock.now())
            .order_by(Order.id)
            .limit(limit)
        )
    )


def forget_person(actor: Actor, user_id: int) -> int:
    """Untie the orders of a user who asked to be erased: what the law needs (goods, sums, invoice) stays, the account,
    the note and the e-mail address go. Returns how many orders."""
    with transaction() as s:
        ids = list(s.scalars(select(Order.id).where(Order.user_id == user_id)))
        s.execute(
            update(Order)
            .where(Order.user_id == user_id)
            .values(user_id=None, email=None, note=None)
            .execution_options(synchronize_session=False)
        )
        if ids:
            audit.record(actor, "orders.forget_person", f"user:{user_id}", orders=len(ids))
        return len(ids)
