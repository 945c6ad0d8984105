"""The letter to a buyer whose money goes back for some of his goods."""

from __future__ import annotations

from flask import current_app, render_template
from flask_babel import force_locale, gettext
from sqlalchemy import select

from shop.kernel import mail
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_
from shop.kernel.events import on_later
from shop.kernel.money import vnd
from shop.orders import services as orders
from shop.orders.models import Order
from shop.payments.models import RefundState
from shop.returns import queries
from shop.returns.events import ReturnMade
from shop.returns.models import RETURN_WHY_NAMES, Return

SUBJECT = N_("Hoàn tiền một phần đơn %(r)s")


@on_later(ReturnMade, name="returns.letter")
def made(fact: ReturnMade) -> None:
    """What goes back, why, and what happens to the goods; nothing if it was dropped meanwhile."""
    s = session()
    reference = s.scalar(select(Return.reference).where(Return.id == fact.return_id))
    row, order = queries.by_reference(str(reference)), s.get(Order, fact.order_id)
    if row is None or order is None or not order.email or row.refund.state is RefundState.FAILED:
        return
    config = current_app.extensions["shop_config"]
    base = config.base_url + ("/en" if order.locale == "en" else "")
    secret = orders.secret_for(str(current_app.secret_key), order.reference)
    with force_locale(order.locale):
        subject = gettext(SUBJECT, r=order.reference)
        facts = [(f"{x.quantity} × {x.line.name}, {x.line.pack}", vnd(x.amount)) for x in row.lines]
        if row.freight_amount:
            facts.append((gettext("Phí giao"), vnd(row.freight_amount)))
        facts += [
            (gettext("Cộng"), vnd(row.amount)),
            (gettext("Lý do"), f"{gettext(RETURN_WHY_NAMES[row.why])}: {row.note}"),
        ]
        words = gettext("Chúng tôi hoàn tiền cho bạn những món dưới đây theo cách bạn đã trả.")
        if row.refund.to_account:
            words = gettext("Chúng tôi hoàn tiền cho bạn những món dưới đây vào tài khoản bạn đã cho.")
        if any(x.comes_back for x in row.lines):
            words += " " + gettext("Hãy gửi lại hàng như đã hẹn với cửa hàng.")
        context = {
            "lang": order.locale,
            "shop_url": base + "/",
            "button_url": f"{base}/don-hang/{order.reference}?k={secret}",
            "button_text": gettext("Xem đơn hàng"),
            "why": gettext("Bạn nhận thư này vì đã đặt hàng ở Chợ Bến với địa chỉ này."),
            "subject": subject,
            "name": order.name,
            "words": words,
            "facts": facts,
        }
        text = render_template("returns/letters/made.txt", **context)
        html = render_template("returns/letters/made.html", **context)
    with transaction():
        about = f"user:{order.user_id}" if order.user_id is not None else None
        mail.post(f"return:{row.reference}", "return.made", order.email, subject, text, html, about=about)
