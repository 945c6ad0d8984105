"""`/producer/conversations`: what buyers write about the producer's parcels, and his answers."""

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
from shop.orders import contact
from shop.orders import queries as orders
from shop.producers import maker

bp = Blueprint("conversations", __name__)
HERE = "/producer/conversations"


def of_parcel(reference: str, number: int) -> str | None:
    """A guard's scope: the producer whose own store the parcel leaves."""
    found = orders.sender_of(reference, number)
    return None if found is None else f"producer:{found}"


@bp.get("/conversations")
@guards.requires(Permission.PORTAL_ORDERS)
def index() -> Any:
    """The producer's conversations, or a file of them."""
    view = queries.of_producer(request.args, maker.current(Permission.PORTAL_ORDERS).id)
    if view.export:
        return view.download()
    return render_template("conversations/portal/index.html", here=HERE, view=view)


@bp.get("/conversations/<reference>/<int(max=9999):number>")
@guards.requires(Permission.PORTAL_ORDERS, scope=of_parcel, name="the producer whose store the parcel leaves")
def conversation(reference: str, number: int) -> Any:
    """What was written about one parcel."""
    return _page(reference, number)


def _page(reference: str, number: int, error: ShopError | None = None) -> Any:
    parcel_id = queries.parcel_id(reference, number)
    if parcel_id is None:
        raise NotFound
    thread, hidden = queries.thread(parcel_id), contact.is_hidden(queries.closed_at(parcel_id))
    page = render_template(
        "conversations/portal/conversation.html",
        here=HERE,
        reference=reference,
        number=number,
        thread=thread,
        hidden=hidden,
        names={side: gettext(name) for side, name in SIDE_NAMES.items()} | {Side.MAKER: maker.name_shown()},
        words=request.form.get("words", ""),
        error=gettext(error.title, **error.values) if error else "",
        error_code=error.code if error else None,
        op_key=request.form.get("op_key") if isinstance(error, Invalid) else operations.new_key(),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/conversations/<reference>/<int(max=9999):number>")
@guards.requires(Permission.PORTAL_ORDERS, scope=of_parcel, name="the producer whose store the parcel leaves")
def write(reference: str, number: int) -> Any:
    """The producer writes to the buyer of a parcel."""
    parcel_id = queries.parcel_id(reference, number)
    if parcel_id is None:
        raise NotFound
    try:
        masked = conversations.write(
            guards.actor(), parcel_id, Side.MAKER, request.form.get("words", ""), request.form.get("op_key", "")
        )
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, number, error)
    flash(gettext("Đã gửi tin nhắn."), "ok")
    if masked:
        flash(gettext("Số điện thoại, e-mail hoặc đường dẫn trong tin đã được che."), "warn")
    return redirect(web.path(f"{HERE}/{reference}/{number}"), 303)


@bp.post("/conversations/<reference>/<int(max=9999):number>/seen")
@guards.requires(Permission.PORTAL_ORDERS, scope=of_parcel, name="the producer whose store the parcel leaves")
def seen(reference: str, number: int) -> Any:
    """What stood on the page has been read."""
    parcel_id = queries.parcel_id(reference, number)
    if parcel_id is None:
        raise NotFound
    conversations.seen(parcel_id, Side.MAKER, forms.shown(request.form.get("shown", "")))
    return redirect(web.path(f"{HERE}/{reference}/{number}"), 303)
