"""Late money for staff: goods for it were found."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.checkout.services import late
from shop.kernel import web
from shop.kernel.errors import NotFound, ShopError

bp = Blueprint("checkout", __name__)


@bp.post("/late-money/<int:payment_id>/retake")
@guards.requires_all(Permission.REFUND_MAKE)
def retake(payment_id: int) -> Any:
    """Take the goods again and go on with the order; what stands in the way is told on the page that asked."""
    try:
        late.retake(guards.actor(), payment_id, request.form.get("op_key", ""))
        flash(gettext("Đã lấy lại hàng, đơn chạy tiếp."), "ok")
    except NotFound:
        raise
    except ShopError as error:
        flash(gettext(error.title, **error.values), "bad")
    return redirect(web.path(web.safe_next(request.form.get("back"), "/office/payments/issues")), 303)
