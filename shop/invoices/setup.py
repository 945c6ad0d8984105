"""What this room needs when the shop starts: its documents stand on the order's page."""

from __future__ import annotations

from flask import Flask
from flask_babel import gettext

from shop.checkout import beside
from shop.invoices.models import SERIES_NAMES, InvoiceState
from shop.invoices.queries import documents
from shop.invoices.services import changing
from shop.kernel import web
from shop.kernel.dates import day
from shop.orders.models import DEPOSIT
from shop.orders.queries import Bought


def _papers(order: Bought) -> beside.Papers | None:
    if order.channel == DEPOSIT:
        return None
    here = f"/don-hang/{order.reference}/hoa-don"
    found = [r for r in documents.of_order(order.id) if r.state is InvoiceState.ISSUED]
    label = gettext("Yêu cầu hóa đơn thuế") if changing.may_ask(order) else gettext("Xem chứng từ") if found else ""
    if not label:
        return None
    return beside.Papers(
        [
            beside.Paper(
                gettext(SERIES_NAMES[r.series]), r.name, day(r.issued_at), r.signed_amount,
                web.path(f"{here}/{r.reference}.pdf"),
            )
            for r in found
        ],
        web.path(here),
        label,
    )  # fmt: skip


def init_app(app: Flask) -> None:
    """Register with the order's page."""
    beside.register("invoices", _papers)
