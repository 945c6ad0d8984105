"""`/don-hang/<reference>/hoa-don`: an order's documents, and asking for a tax invoice."""

from __future__ import annotations

from typing import Any

from flask import (
    Blueprint,
    Response,
    flash,
    get_flashed_messages,
    make_response,
    redirect,
    render_template,
    request,
)
from flask_babel import gettext

from shop.accounts.guards import actor, public
from shop.checkout.storefront import opened
from shop.invoices import forms, links, papers, rules
from shop.invoices.models import SERIES_NAMES, STANDING_NAMES, InvoiceState
from shop.invoices.queries import documents
from shop.invoices.services import changing
from shop.kernel import clock, operations, web
from shop.kernel.errors import NotFound, ShopError
from shop.kernel.forms import messages
from shop.kernel.limits import limiter
from shop.kernel.text import normal_reference
from shop.orders import queries as orders
from shop.orders.errors import NoSuchOrder

bp = Blueprint("invoices", __name__)


@bp.get("/don-hang/<reference>/hoa-don")
@public
@limiter.limit("60 per minute")
def of_order(reference: str) -> Any:
    """The documents of an order."""
    return _page(reference)


def _page(reference: str, error: ShopError | None = None) -> Any:
    order = opened(reference)
    web.mark_private()
    until = changing.last_day(order.id)
    asked = documents.asked_for(order.id)
    page = render_template(
        "invoices/storefront/order.html",
        o=order,
        k=request.values.get("k"),
        rows=[r for r in documents.of_order(order.id) if r.state is InvoiceState.ISSUED],
        names=SERIES_NAMES,
        states=STANDING_NAMES,
        may_ask=changing.may_ask(order) and (until is None or clock.today() <= until),
        until=until,
        days=int(rules.ASK_DAYS.get()),
        asked=asked,
        v=request.form
        if error is not None
        else {f"invoice_{name}": value for name, value in asked.items() if value},
        errors=messages(error),
        error_code=error.code if error else None,
        notices=get_flashed_messages(with_categories=True),
        op_key=operations.new_key(),
    )  # fmt: skip
    return make_response(page, error.status if error else 200)


@bp.post("/don-hang/<reference>/hoa-don")
@public
@limiter.limit("10 per minute")
def ask(reference: str) -> Any:
    """Ask for a tax invoice."""
    order = opened(reference)
    try:
        done = changing.ask(actor(), order.id, forms.tax_buyer(request.form), request.form.get("op_key", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    if done["documents"]:
        flash(gettext("Đã lập chứng từ mới theo thông tin của bạn."), "ok")
    else:
        flash(gettext("Đã ghi thông tin. Chứng từ được lập khi bạn nhận đủ hàng và đơn đã thanh toán."), "ok")
    secret = f"?k={request.form['k']}" if request.form.get("k", "").isalnum() else ""
    return redirect(web.path(f"/don-hang/{order.reference}/hoa-don{secret}"), 303)


@bp.get("/don-hang/<reference>/hoa-don/<document>.pdf")
@public
@limiter.limit("60 per minute")
def pdf(reference: str, document: str) -> Response:
    """A document on paper."""
    return papers.as_pdf(_document(reference, document))


@bp.get("/don-hang/<reference>/hoa-don/<document>.xml")
@public
@limiter.limit("60 per minute")
def xml(reference: str, document: str) -> Response:
    """A document as data."""
    return papers.as_xml(_document(reference, document))


def _document(reference: str, document: str) -> documents.Whole:
    """A document of an order that the visitor may see: as its page, or by the link of a letter about this document.

    Raises:
        NoSuchOrder, NotFound: none such, or not his.
    """
    web.mark_private()
    if links.opens(document, request.args.get("t", "")):
        order = orders.bought(normal_reference(reference))
        if order is None:
            raise NoSuchOrder
        return documents.whole(document, order_id=order.id)
    return documents.whole(document, order_id=opened(reference).id)
