"""`/office/orders`: the order desk. Who sees an order acts on its page; every refusal comes back to it."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import operations, web
from shop.kernel.errors import Invalid, NotFound, ShopError
from shop.kernel.money import vnd
from shop.orders import desk as steps
from shop.orders import queries as orders
from shop.pages import desk as read
from shop.pages import overdue, papers
from shop.pages.office import bp, desk
from shop.pages.office.desk import ORDERS, P, attempt, of_order
from shop.payments import services as payments
from shop.payments.models import PaymentState

_WHOLE = "all points of the order"
_ANY = "a point of the order"


def _id(reference: str) -> int:
    found = orders.id_for(reference)
    if found is None:
        raise NotFound
    return found


def _payment(reference: str) -> int:
    """The payment of the order that a form names.

    Raises:
        NotFound: it is not of this order.
    """
    raw = request.form.get("payment", "")
    found = [m.payment.id for m in read.order_file(reference).money]
    if not raw.isdecimal() or int(raw) not in found:
        raise NotFound
    return int(raw)


# --- the list ----------------------------------------------------------------------------------------------------


@bp.get("/orders")
@guards.requires(P.ORDER_READ)
def orders_list() -> Any:
    """All orders that the reader may see, or a file of them."""
    return _list()


def _list(told: list[steps.Outcome] | None = None, error: ShopError | None = None) -> Any:
    view = read.order_list(request.args, guards.scopes(P.ORDER_READ))
    if view.export:
        return view.download()
    return render_template(
        "pages/office/orders.html",
        here=ORDERS,
        view=view,
        late_before=overdue.late_before(),
        told=told,
        error=gettext(error.title, **error.values) if error else "",
        error_code=error.code if error else None,
        op_key=operations.new_key(),
        **desk.words(),
    )


@bp.post("/orders/confirm")
@guards.requires(P.ORDER_HANDLE)
def confirm_many() -> Any:
    """Confirm the chosen orders: each one's outcome is told."""
    chosen = request.form.getlist("reference")
    held = guards.scopes(P.ORDER_HANDLE)
    if "*" not in held and any(
        not {f"point:{i}" for i in read.order_points(reference)} <= held for reference in chosen[: steps.MOST_AT_ONCE]
    ):
        raise NotFound
    try:
        told = steps.confirm_all(guards.actor(), chosen, desk.op_key())
    except NotFound:
        raise
    except ShopError as error:
        return _list(error=error), error.status
    return _list(told)


@bp.post("/orders/packing-list.pdf")
@guards.requires(P.ORDER_READ)
def packing_lists() -> Any:
    """The packing lists of the chosen orders."""
    chosen = list(dict.fromkeys(request.form.getlist("reference")))
    if not chosen or len(chosen) > papers.MOST:
        error = Invalid(papers.HOW_MANY, n=papers.MOST)
        return _list(error=error), error.status
    return desk.paper(papers.packing_lists(papers.of_orders(chosen, guards.scopes(P.ORDER_READ))), "phieu-dong-goi")


# --- one order ---------------------------------------------------------------------------------------------------


@bp.get("/orders/<reference>")
@guards.requires(P.ORDER_READ, scope=of_order(P.ORDER_READ), name=_ANY)
def order(reference: str) -> Any:
    """Everything of one order."""
    return desk.order_page(reference)


@bp.get("/orders/<reference>/packing-list.pdf")
@guards.requires(P.ORDER_READ, scope=of_order(P.ORDER_READ), name=_ANY)
def packing_list(reference: str) -> Any:
    """What goes into the order's parcels."""
    found = papers.of_orders([reference], guards.scopes(P.ORDER_READ))
    return desk.paper(papers.packing_lists(found), f"dong-goi-{reference}")


@bp.get("/orders/<reference>/delivery-note.pdf")
@guards.requires(P.ORDER_READ, scope=of_order(P.ORDER_READ), name=_ANY)
def delivery_note(reference: str) -> Any:
    """The notes that go with the order's parcels; `size=a4` for big paper."""
    found = papers.of_orders([reference], guards.scopes(P.ORDER_READ))
    return desk.paper(papers.delivery_notes(found, request.args.get("size", "")), f"phieu-giao-{reference}")


@bp.post("/orders/<reference>/confirm")
@guards.requires(P.ORDER_HANDLE, scope=of_order(P.ORDER_HANDLE, whole=True), name=_WHOLE)
def confirm(reference: str) -> Any:
    """The desk says yes."""
    order_id = _id(reference)
    return attempt(
        reference, None, "confirm", lambda: steps.confirm(guards.actor(), order_id, desk.op_key()),
        gettext("Đã xác nhận đơn."),
    )  # fmt: skip


@bp.post("/orders/<reference>/cancel")
@guards.requires(P.ORDER_HANDLE, scope=of_order(P.ORDER_HANDLE, whole=True), name=_WHOLE)
def cancel(reference: str) -> Any:
    """The desk cancels: goods go back, money already taken is asked back."""
    order_id = _id(reference)
    return attempt(
        reference, None, "cancel", lambda: steps.cancel(guards.actor(), order_id, desk.reason(), desk.op_key()),
        gettext("Đã hủy đơn, hàng đã trả về kho."),
    )  # fmt: skip


@bp.post("/orders/<reference>/refuse/<int(max=9999):number>")
@guards.requires(P.ORDER_HANDLE, scope=of_order(P.ORDER_HANDLE, whole=True), name=_WHOLE)
def refuse(reference: str, number: int) -> Any:
    """The desk says, for whoever should send it, that a parcel or a part of it is not sent."""
    parcel_id = read.order_file(reference).parcel(number).id

    def command() -> None:
        wanted, why, words = desk.refusal()
        steps.refuse(guards.actor(), parcel_id, wanted, why, words, desk.op_key())

    return attempt(
        reference, None, f"refuse-{number}", command, gettext("Đã báo cho khách; tiền tự giảm hoặc được hoàn."))  # fmt: skip


# --- its money ---------------------------------------------------------------------------------------------------


def _told(outcome: payments.Outcome) -> tuple[str, str]:
    if outcome.state is PaymentState.CAPTURED:
        return gettext("Đã ghi nhận đủ %(amount)s.", amount=vnd(outcome.due_amount)), "ok"
    return (
        gettext(
            "Đã ghi nhận %(received)s trên %(due)s: số tiền lệch nên đơn chưa được coi là đã trả. Xem mục Cần xử lý.",
            received=vnd(outcome.received_amount),
            due=vnd(outcome.due_amount),
        ),
        "warn",
    )


@bp.post("/orders/<reference>/collected")
@guards.requires(P.PAYMENT_HANDLE, scope=of_order(Permission.PAYMENT_HANDLE, whole=True), name=_WHOLE)
def collected(reference: str) -> Any:
    """The cash of the order was handed in."""
    payment_id = _payment(reference)
    return attempt(
        reference, None, "collected",
        lambda: _told(payments.collect_cod(guards.actor(), payment_id, desk.amount(), desk.op_key())), "",
    )  # fmt: skip


@bp.post("/orders/<reference>/received")
@guards.requires(P.PAYMENT_HANDLE, scope=of_order(Permission.PAYMENT_HANDLE, whole=True), name=_WHOLE)
def received(reference: str) -> Any:
    """The transfer for the order was seen on the account."""
    payment_id = _payment(reference)
    return attempt(
        reference, None, "received",
        lambda: _told(
            payments.confirm_transfer(
                guards.actor(), payment_id, desk.amount(), desk.line("bank_reference", 120), desk.op_key()
            )
        ),
        "",
    )  # fmt: skip


@bp.post("/orders/<reference>/refund")
@guards.requires(P.REFUND_MAKE, scope=of_order(Permission.REFUND_MAKE, whole=True), name=_WHOLE)
def refund(reference: str) -> Any:
    """All that was paid goes back the way it came."""
    payment_id = _payment(reference)

    def command() -> tuple[str, str]:
        asked = payments.request_refund(guards.actor(), payment_id, desk.amount(), desk.reason(), desk.op_key())
        if asked.waits:
            return gettext("Đã lập khoản hoàn. Khoản này cần một người khác duyệt rồi mới được gửi đi."), "warn"
        if asked.by_hand:
            return gettext("Đã lập khoản hoàn. Hãy chuyển tiền cho khách rồi ghi mã giao dịch vào đây."), "ok"
        return gettext("Đã gửi yêu cầu hoàn tiền tới cổng thanh toán."), "ok"

    return attempt(reference, None, "refund", command, "")


@bp.get("/orders/confirm")
@bp.get("/orders/packing-list.pdf")
@guards.requires(P.ORDER_READ)
def back_to_orders() -> Any:
    """Somebody reloads the answer of a step for many: on to the list."""
    flash(gettext("Hãy chọn lại các đơn."), "warn")
    return redirect(web.path(ORDERS))
