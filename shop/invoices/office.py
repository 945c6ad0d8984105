"""`/office/invoices`: all documents, one with what can be done about it, the file for providers of e-invoices."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.invoices import forms, letters, papers, xml
from shop.invoices.models import CAUSE_NAMES, SERIES_NAMES, STANDING_NAMES
from shop.invoices.queries import documents
from shop.invoices.services import changing
from shop.kernel import clock, operations, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages

bp = Blueprint("invoices", __name__)
HERE = "/office/invoices"
P = Permission


@bp.get("/invoices")
@guards.requires_all(P.INVOICE_READ)
def index() -> Any:
    """All documents."""
    view = documents.table(request.args)
    if view.export:
        return view.download()
    return render_template(
        "invoices/office/index.html",
        here=HERE,
        view=view,
        names=SERIES_NAMES,
        states=STANDING_NAMES,
        causes=CAUSE_NAMES,
        kinds=documents.STANDING_KINDS,
        first=clock.today().replace(day=1),
        last=clock.today(),
    )


@bp.get("/invoices/export.xml")
@guards.requires_all(P.INVOICE_READ)
def export() -> Response:
    """The tax documents of some days, for a provider."""
    first, last = span()
    made = xml.many((row.content, row.digest) for row in documents.to_send(first, last))
    return papers.xml_file(made, f"hoa-don-{first.isoformat()}-{last.isoformat()}")


def span() -> tuple[Any, Any]:
    """The days that the address names; this month where it names none.

    Raises:
        Invalid: they are none, or the wrong way round.
    """
    today = clock.today()
    try:
        first = clock.read_day(request.args.get("from") or today.replace(day=1).isoformat())
        last = clock.read_day(request.args.get("to") or today.isoformat())
    except ValueError as error:
        raise Invalid(N_("Ngày không đúng.")) from error
    if last < first:
        raise Invalid(N_("Ngày đầu phải trước ngày cuối."))
    return first, last


@bp.get("/invoices/<reference>")
@guards.requires_all(P.INVOICE_READ)
def document(reference: str) -> Any:
    """One document."""
    return _page(reference)


def _page(reference: str, error: ShopError | None = None, at: str = "") -> Any:
    whole = documents.whole(reference)
    c = whole.content
    page = render_template(
        "invoices/office/document.html",
        here=HERE,
        whole=whole,
        d=whole.row,
        c=c,
        title=SERIES_NAMES[whole.row.series],
        names=SERIES_NAMES,
        states=STANDING_NAMES,
        kinds=documents.STANDING_KINDS,
        about=papers.about(whole)[1:],
        seller=papers.party(c["seller"]),
        buyer=papers.party(c["buyer"]),
        sums=papers.sums(c),
        note=papers.note(whole.row.series),
        may_handle=guards.may(P.INVOICE_HANDLE),
        at=at,
        v=request.form
        if error is not None
        else {f"invoice_{name}": c["buyer"].get(name) or "" for name in ("company", "tax_code", "address", "email")},
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=operations.new_key(),
    )  # fmt: skip
    return make_response(page, error.status if error else 200)


@bp.get("/invoices/<reference>.pdf")
@guards.requires_all(P.INVOICE_READ)
def pdf(reference: str) -> Response:
    """One document on paper."""
    return papers.as_pdf(documents.whole(reference))


@bp.get("/invoices/<reference>.xml")
@guards.requires_all(P.INVOICE_READ)
def as_xml(reference: str) -> Response:
    """One document as data."""
    return papers.as_xml(documents.whole(reference))


def _done(reference: str, at: str, command: Any) -> Any:
    """Run a command about a document; its page again if it refuses."""
    try:
        told = command()
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error, at)
    flash(told, "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.post("/invoices/<reference>/change")
@guards.requires_all(P.INVOICE_HANDLE)
def change(reference: str) -> Any:
    """Put right whom the order's documents are for."""

    def command() -> str:
        done = changing.change(
            guards.actor(), reference, forms.tax_buyer(request.form), request.form.get("reason", ""),
            request.form.get("op_key", ""),
        )  # fmt: skip
        return str(gettext("Đã lập: %(names)s.", names=", ".join(done["documents"])))

    return _done(reference, "change", command)


@bp.post("/invoices/<reference>/void")
@guards.requires_all(P.INVOICE_HANDLE)
def void(reference: str) -> Any:
    """Void a document that was written wrongly, and write it again."""

    def command() -> str:
        done = changing.void(
            guards.actor(), reference, request.form.get("reason", ""), request.form.get("op_key", "")
        )  # fmt: skip
        return str(gettext("Đã hủy, số được giữ. Đã lập: %(names)s.", names=", ".join(done["documents"])))

    return _done(reference, "void", command)


@bp.post("/invoices/<reference>/provider")
@guards.requires_all(P.INVOICE_HANDLE)
def provider(reference: str) -> Any:
    """Note the number that a provider gave."""

    def command() -> str:
        changing.note_provider(
            guards.actor(), reference, request.form.get("provider_number", ""), request.form.get("op_key", "")
        )
        return str(gettext("Đã ghi số hóa đơn điện tử."))

    return _done(reference, "provider", command)


@bp.post("/invoices/<reference>/send")
@guards.requires_all(P.INVOICE_HANDLE)
def send(reference: str) -> Any:
    """Send a document by letter, once more."""

    def command() -> str:
        to = letters.send_again(
            guards.actor(), reference, request.form.get("email", ""), request.form.get("op_key", "")
        )  # fmt: skip
        return str(gettext("Đã gửi thư đến %(email)s.", email=to))

    return _done(reference, "send", command)
