"""The letter that brings a document: by itself for tax documents and what takes them back, for others when staff send it."""

from __future__ import annotations

from flask import current_app, render_template
from flask_babel import force_locale, gettext
from sqlalchemy import select

from shop.invoices import forms, links
from shop.invoices.errors import NoAddress
from shop.invoices.events import InvoiceIssued
from shop.invoices.models import SERIES_NAMES, Invoice
from shop.kernel import audit, mail, operations
from shop.kernel.actor import Actor
from shop.kernel.dates import day
from shop.kernel.db import session, transaction
from shop.kernel.errors import NotFound
from shop.kernel.events import on_later
from shop.kernel.money import vnd
from shop.orders.models import Order


def _post(invoice: Invoice, recipient: str, key: str) -> None:
    """Write the letter, in the open transaction."""
    order = session().get_one(Order, invoice.order_id)
    base = current_app.extensions["shop_config"].base_url + ("/en" if order.locale == "en" else "")
    with force_locale(order.locale):
        kind = gettext(SERIES_NAMES[invoice.series])
        subject = gettext("%(kind)s %(name)s của đơn %(r)s", kind=kind, name=invoice.name, r=order.reference)
        facts = [
            (gettext("Bên bán"), invoice.content["seller"]["name"]),
            (gettext("Ngày lập"), day(invoice.issued_on)),
            (gettext("Số tiền"), vnd(invoice.total_amount)),
        ]
        if invoice.content["corrects"]:
            facts.append((gettext("Điều chỉnh cho"), invoice.content["corrects"]["name"]))
        document = f"{base}/don-hang/{order.reference}/hoa-don/{invoice.reference}"
        context = {
            "lang": order.locale,
            "shop_url": base + "/",
            "why": gettext(
                "Bạn nhận thư này vì địa chỉ này được ghi để nhận chứng từ của đơn %(r)s.", r=order.reference
            ),
            "subject": subject,
            "name": invoice.buyer_name,
            "facts": facts,
            "button_url": f"{document}.pdf?t={links.token_for(invoice.reference)}",
            "button_text": gettext("Mở chứng từ (PDF)"),
        }
        text = render_template("settlement/letters/note.txt", **context)
        html = render_template("settlement/letters/note.html", **context)
    about = f"user:{order.user_id}" if order.user_id is not None else None
    mail.post(key, "invoice", recipient, subject, text, html, about=about)


@on_later(InvoiceIssued, name="invoices.letter")
def issued(fact: InvoiceIssued) -> None:
    """A tax document, or what takes one back, goes to the address that was given for it."""
    invoice = session().get(Invoice, fact.invoice_id)
    if invoice is None or not invoice.buyer_tax_code or not invoice.content["buyer"]["email"]:
        return
    with transaction():
        _post(invoice, invoice.content["buyer"]["email"], f"invoice:{invoice.reference}")


def send_again(actor: Actor, reference: str, email: str, op_key: str) -> str:
    """Send a document to an address, or to the one that stands in it; return the address.

    Raises:
        NotFound; Invalid: it is no address; NoAddress: none is known.
    """
    given = forms.email(email, "email")

    def command() -> dict[str, str]:
        invoice = session().scalar(select(Invoice).where(Invoice.reference == reference))
        if invoice is None:
            raise NotFound
        recipient = given or invoice.content["buyer"]["email"]
        if not recipient:
            raise NoAddress(field="email")
        _post(invoice, recipient, f"invoice:{reference}:{op_key}")
        audit.record(actor, "invoices.send", f"invoice:{reference}")
        return {"email": recipient}

    return operations.once(op_key, "invoices.send", actor.key, [reference, given], command)["email"]
