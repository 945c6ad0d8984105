"""Letters that something new was written. The words stay in the shop, and no side learns another's address or number."""

from __future__ import annotations

from flask import current_app, g, render_template
from flask_babel import force_locale, gettext
from sqlalchemy import select

from shop.accounts.permissions import Permission
from shop.conversations import queries
from shop.conversations.events import MessageWritten
from shop.conversations.models import Conversation, Side
from shop.kernel import events, mail
from shop.kernel.db import session, transaction
from shop.messages import queries as messages
from shop.orders import services as orders
from shop.orders.models import Fulfilment, Order


@events.on_later(MessageWritten, name="conversations.tell")
def tell(fact: MessageWritten) -> None:
    """Tell each side that had nothing unread before."""
    row = (
        session()
        .execute(
            select(Order, Fulfilment.number, Conversation.producer_id)
            .join(Fulfilment, Fulfilment.order_id == Order.id)
            .join(Conversation, Conversation.fulfilment_id == Fulfilment.id)
            .where(Conversation.id == fact.conversation_id)
        )
        .first()
    )
    if row is None:
        return
    order, number, producer_id = row
    base, parcel = current_app.extensions["shop_config"].base_url, f"{order.reference}/{number}"
    with transaction():
        if fact.tell_buyer and order.email:
            secret = orders.secret_for(str(current_app.secret_key), order.reference)
            page = (
                f"{base}{'/en' if order.locale == 'en' else ''}/don-hang/{order.reference}?k={secret}#trao-doi-{number}"
            )
            _post(fact.message_id, Side.BUYER, order.email, order.locale, order.reference, page)
        if fact.tell_maker and producer_id is not None:
            for address in queries.addresses(Permission.PORTAL_ORDERS, f"producer:{producer_id}"):
                _post(fact.message_id, Side.MAKER, address, "vi", parcel, f"{base}/producer/conversations/{parcel}")
        if fact.tell_office:
            for address in messages.staff_addresses():
                _post(fact.message_id, Side.OFFICE, address, "vi", parcel, f"{base}/office/conversations/{parcel}")


def _post(message_id: int, to: Side, recipient: str, locale: str, name: str, page: str) -> None:
    g.letter_language = locale
    with force_locale(locale):
        subject = (
            gettext("Có tin nhắn mới về đơn %(r)s của bạn", r=name)
            if to is Side.BUYER
            else gettext("Khách nhắn về kiện %(n)s", n=name)
        )
        values = {
            "lang": locale,
            "shop_url": current_app.extensions["shop_config"].base_url,
            "button_url": page,
            "button_text": gettext("Đọc và trả lời"),
            "why": gettext("Thư chỉ báo có tin; nội dung và cách liên lạc của hai bên nằm ở trang của cửa hàng."),
            "subject": subject,
            "to": to.value,
            "name": name,
        }
        mail.post(
            f"conversation:{message_id}:{to.value}:{recipient}",
            "conversation.new",
            recipient,
            subject,
            render_template("conversations/letters/new.txt", **values),
            render_template("conversations/letters/new.html", **values),
        )
