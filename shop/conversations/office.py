"""`/office/conversations`: the office reads along, steps in, and answers for parcels that the shop's own points send."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.conversations import forms, queries
from shop.conversations import services as conversations
from shop.conversations.models import SIDE_NAMES, Side
from shop.kernel import operations, web
from shop.kernel.errors import Invalid, NotFound, ShopError

bp = Blueprint("conversations", __name__)
HERE = "/office/conversations"


@bp.get("/conversations")
@guards.requires_all(Permission.MESSAGE_READ)
def index() -> Any:
    """All conversations, or a file of them."""
    view = queries.everything(request.args)
    if view.export:
        return view.download()
    return render_template("conversations/office/index.html", here=HERE, view=view)


@bp.get("/conversations/<reference>/<int(max=9999):number>")
@guards.requires_all(Permission.MESSAGE_READ)
def conversation(reference: str, number: int) -> Any:
    """What was written about one parcel."""
    return _page(reference, number)


def _page(reference: str, number: int, error: ShopError | None = None) -> Any:
    parcel_id = queries.parcel_id(reference, number)
    if parcel_id is None:
        raise NotFound
    thread = queries.thread(parcel_id)
    page = render_template(
        "conversations/office/conversation.html",
        here=HERE,
        reference=reference,
        number=number,
        thread=thread,
        names={side: gettext(name) for side, name in SIDE_NAMES.items()},
        words=request.form.get("words", ""),
        error=gettext(error.title, **error.values) if error else "",
        error_code=error.code if error else None,
        op_key=request.form.get("op_key") if isinstance(error, Invalid) else operations.new_key(),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/conversations/<reference>/<int(max=9999):number>")
@guards.requires_all(Permission.MESSAGE_HANDLE)
def write(reference: str, number: int) -> Any:
    """The office writes; buyer and producer both read it."""
    parcel_id = queries.parcel_id(reference, number)
    if parcel_id is None:
        raise NotFound
    try:
        conversations.write(
            guards.actor(), parcel_id, Side.OFFICE, request.form.get("words", ""), request.form.get("op_key", "")
        )
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, number, error)
    flash(gettext("Đã gửi tin nhắn."), "ok")
    return redirect(web.path(f"{HERE}/{reference}/{number}"), 303)


@bp.post("/conversations/<reference>/<int(max=9999):number>/seen")
@guards.requires_all(Permission.MESSAGE_READ)
def seen(reference: str, number: int) -> Any:
    """What stood on the page has been read."""
    parcel_id = queries.parcel_id(reference, number)
    if parcel_id is None:
        raise NotFound
    conversations.seen(parcel_id, Side.OFFICE, forms.shown(request.form.get("shown", "")))
    return redirect(web.path(f"{HERE}/{reference}/{number}"), 303)
