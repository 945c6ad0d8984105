"""The letter that asks buyers not to use what they bought: one for each buyer and recall."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import Any

from flask import current_app, render_template
from flask_babel import force_locale, gettext
from sqlalchemy import select

from shop.kernel import mail
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_
from shop.kernel.events import on_later
from shop.orders.models import Order
from shop.recalls import services
from shop.recalls.events import BuyersFound, RecallStarted
from shop.recalls.models import Reach, Recall, RecallBuyer
from shop.stock.queries import lots

SUBJECT = N_("Thu hồi %(name)s, lô %(lot)s: xin đừng dùng")


@on_later(RecallStarted, name="recalls.letters")
def started(fact: RecallStarted) -> None:
    """Tell those who gave an address."""
    _write(fact.recall_id)


@on_later(BuyersFound, name="recalls.letters-more")
def found_more(fact: BuyersFound) -> None:
    """Tell those who came to light later."""
    _write(fact.recall_id)


def _write(recall_id: int) -> None:
    recall = session().get(Recall, recall_id)
    lot = lots.lot(recall.lot_id) if recall else None
    if recall is None or lot is None:
        return
    rows = session().execute(
        select(RecallBuyer.quantity, Order)
        .join(Order, Order.id == RecallBuyer.order_id)
        .where(RecallBuyer.recall_id == recall_id, RecallBuyer.reach == Reach.LETTER, RecallBuyer.told_at.is_(None))
        .order_by(RecallBuyer.id)
    )
    by_address: dict[str, list[tuple[int, Order]]] = defaultdict(list)
    for quantity, order in rows:
        if order.email:
            by_address[order.email.lower()].append((quantity, order))
    for address, bought in by_address.items():
        _letter(recall, lot, address, bought)


def _letter(recall: Recall, lot: lots.LotView, address: str, bought: list[tuple[int, Order]]) -> None:
    order = bought[-1][1]
    config = current_app.extensions["shop_config"]
    base = config.base_url + ("/en" if order.locale == "en" else "")
    with force_locale(order.locale):
        english = order.locale == "en"
        name = (lot.product_en if english else None) or lot.product
        subject = gettext(SUBJECT, name=name, lot=lot.code)
        context: dict[str, Any] = {
            "lang": order.locale,
            "shop_url": base + "/",
            "why": gettext("Bạn nhận thư này vì đã mua lô hàng này ở Chợ Bến."),
            "subject": subject,
            "name": order.name,
            "product": f"{name}, {(lot.pack_en if english else None) or lot.pack}",
            "lot": lot,
            "reason": recall.reason,
            "advice": recall.advice,
            "orders": [(o.reference, n) for n, o in bought],
        }
        if lot.trace_code:
            context |= {
                "button_url": f"{base}/truy-xuat/{lot.trace_code}",
                "button_text": gettext("Xem trang của lô hàng"),
            }
        text = render_template("recalls/letters/recall.txt", **context)
        html = render_template("recalls/letters/recall.html", **context)
    about = f"user:{order.user_id}" if order.user_id is not None else None
    key = f"recall:{recall.reference}:{hashlib.sha256(address.encode()).hexdigest()[:24]}"
    with transaction():
        mail.post(key, "recall", order.email or address, subject, text, html, about=about)
        services.letters_written(recall.id, [o.id for _n, o in bought])
