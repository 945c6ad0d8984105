"""`/office/announcements`: what producers offer to bring; who receives at the point says yes or no."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext
from sqlalchemy import false

from shop.accounts import guards
from shop.kernel import web
from shop.kernel.errors import NotFound, ShopError
from shop.kernel.forms import messages
from shop.points import queries as points
from shop.receipts import queries as receipts
from shop.receipts.models import TERMS_NAMES
from shop.supply import forms
from shop.supply.models import ANNOUNCEMENT_NAMES, Announcement, N
from shop.supply.office import P, bp
from shop.supply.queries import deliveries as reads
from shop.supply.services import announcements

HERE = "/office/announcements"
KINDS = {"announced": "warn", "accepted": "ok", "refused": "bad", "withdrawn": ""}


def of_announcement(reference: str) -> str | None:
    """A guard's scope: the point that goods are offered to."""
    ends = reads.announcement_ends(reference)
    return None if ends is None else f"point:{ends[1]}"


@bp.get("/announcements")
@guards.requires(P.RECEIPT_BOOK)
def announcements_index() -> Any:
    """What producers offer to bring to the reader's points."""
    statement, mine = reads.announcements(), points.ids_in(guards.scopes(P.RECEIPT_BOOK))
    if mine is not None:
        statement = statement.where(Announcement.point_id.in_(mine) if mine else false())
    view = reads.ANNOUNCEMENTS.open(request.args, HERE, statement, make=lambda row: reads.AnnouncementRow(*tuple(row)))
    if view.export:
        return view.download()
    return render_template(
        "supply/office/announcements.html", here=HERE, view=view, names=ANNOUNCEMENT_NAMES, kinds=KINDS
    )


@bp.get("/announcements/<reference>")
@guards.requires(P.RECEIPT_BOOK, scope=of_announcement)
def announcement(reference: str) -> Any:
    """One offer, with the buttons to say yes or no."""
    return _page(reference)


def _page(reference: str, error: ShopError | None = None) -> Any:
    found, row = reads.announcement(reference)
    page = render_template(
        "supply/office/announcement.html",
        here=HERE,
        a=found,
        row=row,
        packs={p.variant_id: p for p in receipts.packs_of(found.producer_id)},
        names=ANNOUNCEMENT_NAMES,
        kinds=KINDS,
        terms=TERMS_NAMES,
        delivery=reads.delivery_reference(found.delivery_id),
        waits=found.status is N.ANNOUNCED,
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=forms.op_key(request.form, error),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/announcements/<reference>/accept")
@guards.requires(P.RECEIPT_BOOK, scope=of_announcement)
def accept_announcement(reference: str) -> Any:
    """Say yes: the goods are expected from now on."""
    try:
        delivery = announcements.accept(guards.actor(), reference, request.form.get("op_key", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    flash(gettext("Đã nhận lời; phiếu hẹn giao %(r)s đã ghi.", r=delivery), "ok")
    return redirect(web.path(f"/office/receipts/{delivery}"), 303)


@bp.post("/announcements/<reference>/refuse")
@guards.requires(P.RECEIPT_BOOK, scope=of_announcement)
def refuse_announcement(reference: str) -> Any:
    """Say no, with a reason."""
    try:
        announcements.refuse(guards.actor(), reference, request.form.get("reason", ""), request.form.get("op_key", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    flash(gettext("Đã từ chối; cơ sở sẽ nhận được thư."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)
