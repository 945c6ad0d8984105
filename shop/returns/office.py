"""Returns for staff: the list, one return, a new one of an order, goods that came back."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import banks, money, operations, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.orders import queries as orders
from shop.payments import services as payments
from shop.payments.models import REFUND_STATE_NAMES, RefundState
from shop.returns import queries, services
from shop.returns.models import RETURN_WHY_NAMES

bp = Blueprint("returns", __name__)
HERE = "/office/returns"
KINDS = {
    RefundState.WAITING: "warn",
    RefundState.PENDING: "info",
    RefundState.SUCCEEDED: "ok",
    RefundState.FAILED: "bad",
}


def _words() -> dict[str, Any]:
    return {
        "here": HERE,
        "whys": [(w.value, gettext(n)) for w, n in RETURN_WHY_NAMES.items()],
        "why_names": {w: gettext(n) for w, n in RETURN_WHY_NAMES.items()},
        "states": {s: (gettext(n), KINDS[s]) for s, n in REFUND_STATE_NAMES.items()},
        "new_key": operations.new_key,
        "banks": banks.choices(),
        "bank": banks.name,
        "me_key": guards.actor().key,
    }


@bp.get("/returns")
@guards.requires_all(Permission.PAYMENT_READ)
def index() -> Any:
    """All returns, or a file of them."""
    view = queries.returns(request.args)
    return view.download() if view.export else render_template("returns/office/returns.html", view=view, **_words())


@bp.get("/returns/<reference>")
@guards.requires_all(Permission.PAYMENT_READ)
def one(reference: str) -> Any:
    """One return: its money and its goods."""
    return _page(reference)


@bp.post("/returns/<reference>/owner")
@guards.requires_all(Permission.PAYMENT_HANDLE)
def owner(reference: str) -> Any:
    """Take a return whose goods or money wait, or leave it to others."""
    services.own(guards.actor(), reference, mine=request.form.get("mine") == "1")
    return redirect(web.path(web.safe_next(request.form.get("back"), f"{HERE}/{reference}")), 303)


def _page(reference: str, error: ShopError | None = None) -> Any:
    found = queries.by_reference(reference)
    order = orders.whole(found.order_id) if found is not None else None
    if found is None or order is None:
        raise NotFound
    page = render_template(
        "returns/office/return.html",
        r=found,
        o=order,
        told=gettext(error.title, **error.values) if error else "",
        error_code=error.code if error else None,
        **_words(),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/returns/<reference>/lines/<int:line_id>/looked")
@guards.requires_all(Permission.REFUND_MAKE)
def looked(reference: str, line_id: int) -> Any:
    """Goods came back and were looked at."""
    try:
        services.look_at(
            guards.actor(), reference, line_id, _units("good"), _units("bad"), request.form.get("op_key", "")
        )
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    flash(gettext("Đã ghi kết quả kiểm hàng; tồn kho đã đổi theo."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


def _units(field: str) -> int:
    raw = request.form.get(field, "").strip() or "0"
    if not raw.isascii() or not raw.isdecimal() or len(raw) > 6:
        raise Invalid(N_("Số lượng phải là số nguyên, ví dụ 2."), field=field)
    return int(raw)


@bp.get("/orders/<reference>/return")
@guards.requires_all(Permission.REFUND_MAKE)
def new(reference: str) -> Any:
    """The form of a new return."""
    return _new(reference)


def _new(reference: str, error: ShopError | None = None) -> Any:
    order = orders.by_reference(reference)
    if order is None:
        raise NotFound
    sent = request.form if error is not None else {}
    kept = error is not None and isinstance(error, Invalid) and error.field != "op_key"
    page = render_template(
        "returns/office/new.html",
        o=order,
        left=queries.left_of(order),
        freight=queries.freight_left(order),
        past=queries.of_order(order.id),
        sent=sent,
        error_field=error.field if error else None,
        told=gettext(error.title, **error.values) if error else "",
        error_code=error.code if error else None,
        op_key=sent.get("op_key") if kept else operations.new_key(),
        **_words(),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/orders/<reference>/return")
@guards.requires_all(Permission.REFUND_MAKE)
def make(reference: str) -> Any:
    """Send money back for the chosen units."""
    order_id = orders.id_for(reference)
    if order_id is None:
        raise NotFound
    form = request.form
    try:
        units = {
            int(name.removeprefix("units-")): services.Units(
                _units(name), form.get(name.replace("units-", "back-")) == "1"
            )
            for name in form
            if name.startswith("units-") and name.removeprefix("units-").isdecimal() and len(name) < 20
        }
        freight = money.parse_vnd(form["freight"]) if form.get("freight", "").strip() else 0
        to = payments.destination(
            form.get("way", ""), form.get("to_bank", ""), form.get("to_account", ""), form.get("to_holder", "")
        )
        made = services.make(
            guards.actor(), order_id, units, freight, form.get("why", ""), form.get("note", ""), form.get("op_key", ""),
            to=to,
        )  # fmt: skip
    except NotFound:
        raise
    except ShopError as error:
        return _new(reference, error)
    if made.waits:
        flash(gettext("Đã lập phiếu hoàn. Khoản này cần một người khác duyệt rồi mới được gửi đi."), "warn")
    elif made.by_hand:
        flash(gettext("Đã lập phiếu hoàn. Hãy chuyển tiền cho khách rồi ghi mã giao dịch vào đây."), "ok")
    else:
        flash(gettext("Đã lập phiếu hoàn và gửi yêu cầu tới cổng thanh toán."), "ok")
    return redirect(web.path(f"{HERE}/{made.reference}"), 303)
