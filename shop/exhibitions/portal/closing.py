"""`/producer/fairs/sheets`: a producer sees what became of his goods at a fair, and signs for it."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.exhibitions import sheet_pages
from shop.exhibitions.models.closing import Side
from shop.exhibitions.portal import bp
from shop.exhibitions.queries import sheets
from shop.exhibitions.services import signing
from shop.kernel import web
from shop.kernel.errors import NotFound, ShopError
from shop.kernel.forms import messages
from shop.producers import maker

P = Permission
HERE = "/producer/fairs"


def of_sheet(reference: str, **_: Any) -> str | None:
    """The scope of the producer whose sheet it is."""
    found = sheets.producer_of(reference)
    return None if found is None else f"producer:{found}"


@bp.get("/fairs/sheets")
@guards.requires(P.EXHIBITION_APPLY)
def my_sheets() -> Any:
    """The producer's sheets, newest first."""
    mine = maker.current(P.EXHIBITION_APPLY)
    return render_template(
        "exhibitions/portal/sheets.html", here=HERE, rows=sheets.of_producers([mine.id])
    )  # fmt: skip


@bp.get("/fairs/sheets/<reference>")
@guards.requires(P.EXHIBITION_APPLY, scope=of_sheet)
def my_sheet(reference: str) -> Any:
    """One sheet; the form to sign it when it is ready."""
    return _page(reference)


def _page(reference: str, error: ShopError | None = None) -> Any:
    found = sheets.whole(reference)
    page = render_template(
        "exhibitions/portal/sheet.html",
        here=HERE,
        fair=found.fair,
        w=found,
        version=sheet_pages.shown_version(found, request.args.get("v", "")),
        **sheet_pages.values(found),
        v=request.form if error is not None else {},
        errors=messages(error),
        error_code=error.code if error else None,
    )
    return make_response(page, error.status if error else 200)


@bp.get("/fairs/sheets/<reference>.pdf")
@guards.requires(P.EXHIBITION_APPLY, scope=of_sheet)
def my_sheet_pdf(reference: str) -> Response:
    """The sheet on paper (`v`: one of its versions)."""
    return sheet_pages.paper(sheets.whole(reference), request.args.get("v", ""))


@bp.post("/fairs/sheets/<reference>/sign")
@guards.requires(P.EXHIBITION_APPLY, scope=of_sheet)
def sign_my_sheet(reference: str) -> Any:
    """The producer signs."""
    try:
        number = signing.sign(
            guards.actor(),
            reference,
            Side.PRODUCER,
            name=request.form.get("name-producer", ""),
            strokes=sheet_pages.strokes(request.form.get("strokes", "")),
            ticked="ticked-producer" in request.form,
            digest=request.form.get("digest", ""),
        )
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    if number is None:
        flash(gettext("Cảm ơn bạn. Bảng sẽ chốt khi ban tổ chức ký."), "ok")
    else:
        flash(gettext("Bảng đã chốt, bản %(n)s.", n=number), "ok")
    return redirect(web.path(f"{HERE}/sheets/{reference}"), 303)
