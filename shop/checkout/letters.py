"""The letters about orders, each in the buyer's language, to those who gave an e-mail address. One letter a fact."""

from __future__ import annotations

from typing import Any

from flask import current_app, render_template
from flask_babel import force_locale, gettext

from shop.checkout import paying
from shop.checkout.events import LateMoneyUnserved
from shop.checkout.services import late
from shop.kernel import mail
from shop.kernel.db import transaction
from shop.kernel.errors import N_
from shop.kernel.events import on_later
from shop.orders import discounts
from shop.orders import queries as orders
from shop.orders import services as order_services
from shop.orders.events import (
    FulfilmentDelivered,
    FulfilmentHandedOver,
    LinesRefused,
    OrderCancelled,
    OrderConfirmed,
    OrderPaid,
    OrderPlaced,
    ParcelConfirmed,
)
from shop.orders.models import DEPOSIT, PAYMENT_METHOD_NAMES, PREORDER, Fulfilment, FulfilmentStatus, Order
from shop.orders.services.parcels import is_late, promised
from shop.payments import queries as money
from shop.payments.events import RefundFailed, RefundReopened, RefundSucceeded

SUBJECTS = {
    "placed": N_("Đã nhận đơn hàng %(r)s"),
    "paid": N_("Đã nhận thanh toán cho đơn %(r)s"),
    "confirmed": N_("Cửa hàng đã xác nhận đơn %(r)s"),
    "handed_over": N_("Đơn %(r)s đang trên đường đến bạn"),
    "delivered": N_("Đơn %(r)s đã giao xong"),
    "cancelled": N_("Đơn %(r)s đã hủy"),
    "later": N_("Đơn %(r)s sẽ được gửi muộn hơn đã hẹn"),
    "refused": N_("Một phần đơn %(r)s không gửi được"),
    "late": N_("Tiền của đơn %(r)s đến sau hạn"),
    "refunded": N_("Đã hoàn tiền cho đơn %(r)s"),
    "not_refunded": N_("Tiền hoàn của đơn %(r)s chưa đến được bạn"),
}


def _post(order_id: int, kind: str, *, once: str = "", **values: Any) -> None:
    order = orders.whole(order_id)
    if order is None or not order.email:
        return
    if order.channel == DEPOSIT and kind not in {"refunded", "not_refunded"}:  # its own room tells what it is paid for
        return
    config = current_app.extensions["shop_config"]
    base = config.base_url + ("/en" if order.locale == "en" else "")
    secret = order_services.secret_for(str(current_app.secret_key), order.reference)
    with force_locale(order.locale):
        subject = gettext(SUBJECTS[kind], r=order.reference)
        context = {
            "lang": order.locale,
            "shop_url": base + "/",
            "button_url": f"{base}/don-hang/{order.reference}?k={secret}",
            "button_text": gettext("Xem đơn hàng"),
            "why": gettext("Bạn nhận thư này vì đã đặt hàng ở Chợ Bến với địa chỉ này."),
            "subject": subject,
            "kind": kind,
            "o": order,
            "payment_method": gettext(PAYMENT_METHOD_NAMES[order.payment_method]),
            "discounts": _discounts(order),
        } | values
        if kind == "placed":
            context["transfer"] = money.transfer_of(order.id)
        text = render_template("checkout/letters/order.txt", **context)
        html = render_template("checkout/letters/order.html", **context)
    with transaction():
        about = f"user:{order.user_id}" if order.user_id is not None else None
        mail.post(
            f"order-{kind}:{order.reference}{once}", f"order.{kind}", order.email, subject, text, html, about=about
        )


def _discounts(order: Order) -> list[tuple[str, int]]:
    """What came off the goods, by its name; of a pre-order the deposit that was paid."""
    if not order.discount_amount:
        return []
    if order.channel == PREORDER:
        return [(gettext("Tiền cọc đã trả"), order.discount_amount)]
    return list(discounts.named(order.id).sums) or [(gettext("Giảm giá"), order.discount_amount)]


@on_later(OrderPlaced, name="checkout.letter-placed")
def placed(fact: OrderPlaced) -> None:
    """Every placed order has its confirmation."""
    _post(fact.order_id, "placed")


@on_later(OrderPaid, name="checkout.letter-paid")
def paid(fact: OrderPaid) -> None:
    """Money has come (a cash order is paid at the door: no letter then)."""
    order = orders.whole(fact.order_id)
    if order is not None and order.payment_method != "cod":
        _post(fact.order_id, "paid")


@on_later(OrderConfirmed, name="checkout.letter-confirmed")
def confirmed(fact: OrderConfirmed) -> None:
    """The desk has confirmed."""
    _post(fact.order_id, "confirmed")


@on_later(OrderCancelled, name="checkout.letter-cancelled")
def cancelled(fact: OrderCancelled) -> None:
    """The order is cancelled, with the reason."""
    _post(fact.order_id, "cancelled", reason=fact.reason)


@on_later(ParcelConfirmed, name="checkout.letter-later")
def later(fact: ParcelConfirmed) -> None:
    """Whoever sends a parcel means to do so after the day that was promised: the new day, and what may be done."""
    order = orders.whole(fact.order_id)
    if order is None:
        return
    parcel = _parcel(fact.fulfilment_id, order)
    if order.status != "cancelled" and parcel.status == FulfilmentStatus.PENDING and is_late(parcel):
        _post(
            fact.order_id, "later", once=f":{parcel.number}", parcel=parcel, promised=promised(parcel),
            may_cancel=_may_cancel(order),
        )  # fmt: skip


def _may_cancel(order: Order) -> bool:
    waits = {FulfilmentStatus.PENDING, FulfilmentStatus.CANCELLED}
    return order.status != "cancelled" and all(f.status in waits for f in order.fulfilments)


@on_later(LinesRefused, name="checkout.letter-refused")
def refused(fact: LinesRefused) -> None:
    """Goods are not sent: what, why, what is left and what may be done. An order that ended by it has its own letter."""
    if fact.ends_order:
        return
    refusal = next((r for r in orders.refusals_of(fact.order_id) if r.id == fact.refusal_id), None)
    order = orders.whole(fact.order_id)
    if refusal is not None and order is not None:
        _post(
            fact.order_id, "refused", once=f":{fact.refusal_id}", refusal=refusal, may_cancel=_may_cancel(order)
        )  # fmt: skip


def _parcel(fulfilment_id: int, order: Order) -> Fulfilment:
    return next(f for f in order.fulfilments if f.id == fulfilment_id)


@on_later(FulfilmentHandedOver, name="checkout.letter-handed-over")
def handed_over(fact: FulfilmentHandedOver) -> None:
    """A parcel is on its way."""
    order = orders.whole(fact.order_id)
    if order is not None:
        parcel = _parcel(fact.fulfilment_id, order)
        if parcel.kind == "ship":
            _post(fact.order_id, "handed_over", once=f":{parcel.number}", parcel=parcel)


@on_later(FulfilmentDelivered, name="checkout.letter-delivered")
def delivered(fact: FulfilmentDelivered) -> None:
    """A parcel has arrived."""
    order = orders.whole(fact.order_id)
    if order is not None:
        _post(fact.order_id, "delivered", once=f":{_parcel(fact.fulfilment_id, order).number}")


@on_later(LateMoneyUnserved, name="checkout.letter-late")
def money_late(fact: LateMoneyUnserved) -> None:
    """Money came too late and the goods are gone: until when they are looked for; nothing if it goes back at once."""
    waits = late.waits_until(fact.order_id)
    if waits is not None:
        _post(fact.order_id, "late", once=f":{waits[0]}", until=waits[1])


@on_later(RefundSucceeded, name="checkout.letter-refunded")
def refunded(fact: RefundSucceeded) -> None:
    """Money went back; nothing if that was undone before the letter."""
    refund = paying.refund(fact.refund_id)
    if refund is not None and refund.told:
        _post(fact.order_id, "refunded", once=f":{refund.id}:{refund.told}", refund=refund)


@on_later(RefundReopened, name="checkout.letter-refund-reopened")
def refund_reopened(fact: RefundReopened) -> None:
    """Money that was said to have gone back has not: it will be sent again."""
    _not_refunded(fact, again=True)


@on_later(RefundFailed, name="checkout.letter-refund-failed")
def refund_failed(fact: RefundFailed) -> None:
    """Money that was said to have gone back came again: a person looks for another way."""
    _not_refunded(fact, again=False)


def _not_refunded(fact: RefundReopened | RefundFailed, *, again: bool) -> None:
    """Correct a letter that said the money had gone back; nothing where none said so."""
    refund = paying.refund(fact.refund_id)
    if refund is not None and fact.told:
        order = orders.whole(fact.order_id)
        once = f":{refund.id}:{fact.told}"
        if order is not None and mail.known(f"order-refunded:{order.reference}{once}"):
            _post(fact.order_id, "not_refunded", once=once, refund=refund, again=again)
