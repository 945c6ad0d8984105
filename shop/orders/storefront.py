"""A member's own orders."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import gettext
from flask_login import current_user

from shop.accounts import guards
from shop.kernel import web
from shop.orders import queries
from shop.orders.models import ORDER_STATUS_NAMES, PAYMENT_STATUS_NAMES

bp = Blueprint("orders", __name__)
HERE = "/tai-khoan/don-hang"
PAGE = 20


@bp.get(HERE)
@guards.signed_in
def mine() -> Any:
    """The member's orders, newest first, a page at a time; `truoc` is the reference of the last one seen."""
    seen = request.args.get("truoc", "")
    rows = queries.of_user(current_user.user_id, before=queries.own_id(current_user.user_id, seen), limit=PAGE + 1)
    next_url = f"{web.path(HERE)}?truoc={rows[PAGE - 1].reference}" if len(rows) > PAGE else ""
    return render_template(
        "orders/storefront/mine.html",
        orders=rows[:PAGE],
        names={s: gettext(n) for s, n in ORDER_STATUS_NAMES.items()},
        payment_names={s: gettext(n) for s, n in PAYMENT_STATUS_NAMES.items()},
        newest_url=web.path(HERE) if seen else "",
        next_url=next_url,
    )
