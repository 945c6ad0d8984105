"""Messages for staff: the list, one message, answering. They belong to no point, so only grants for all open them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import operations, web
from shop.kernel.errors import N_, ShopError
from shop.messages import queries
from shop.messages import services as messages
from shop.messages.forms import AnswerForm, CloseForm
from shop.messages.models import ALLOWED, STATE_NAMES, TOPIC_NAMES, MessageState

bp = Blueprint("messages", __name__)

CHANNELS = {"letter": N_("Gửi e-mail cho khách"), "phone": N_("Đã gọi điện, ghi lại ở đây")}


@bp.get("/messages")
@guards.requires_all(Permission.MESSAGE_READ)
def index() -> Any:
    """The list, or a file of it."""
    view = queries.listing(request.args)
    if view.export:
        return view.download()
    return render_template(
        "messages/office/index.html",
        here="/office/messages",
        view=view,
        topic_names={t: gettext(label) for t, label in TOPIC_NAMES.items()},
        state_names={s: gettext(label) for s, label in STATE_NAMES.items()},
    )


@bp.get("/messages/<reference>")
@guards.requires_all(Permission.MESSAGE_READ)
def message(reference: str) -> Any:
    """One message with its steps."""
    return _page(reference)


def _page(reference: str, answer: AnswerForm | None = None, close: CloseForm | None = None, status: int = 200) -> Any:
    row = queries.message(reference)
    if answer is None:
        channel = "letter" if row.email else "phone"
        answer = AnswerForm(formdata=None, channel=channel, op_key=operations.new_key())
    return make_response(
        render_template(
            "messages/office/message.html",
            here="/office/messages",
            m=row,
            topic=gettext(TOPIC_NAMES[row.topic]),
            state=gettext(STATE_NAMES[row.state]),
            steps=[
                {
                    "title": gettext(STATE_NAMES[MessageState(step.to_state)]),
                    "who": step.actor_label,
                    "when": step.at,
                    "note": step.note,
                    "channel": gettext(CHANNELS[step.channel]) if step.channel else "",
                }
                for step in row.steps
            ],
            allowed={state.value for state in ALLOWED[row.state]},
            answer=answer,
            channels=[
                {"value": key, "label": gettext(label)}
                for key, label in CHANNELS.items()
                if key == "phone" or row.email
            ],
            close=close or CloseForm(formdata=None),
        ),
        status,
    )


def _done(reference: str, text: str) -> Any:
    flash(text, "ok")
    return redirect(web.path(f"/office/messages/{reference}"))


@bp.post("/messages/<reference>/take")
@guards.requires_all(Permission.MESSAGE_HANDLE)
def take_up(reference: str) -> Any:
    """Look into a message."""
    messages.take_up(guards.actor(), reference)
    return _done(reference, gettext("Đã nhận xử lý thư này."))


@bp.post("/messages/<reference>/answer")
@guards.requires_all(Permission.MESSAGE_HANDLE)
def answer(reference: str) -> Any:
    """Answer a message."""
    form = AnswerForm()
    try:
        messages.answer(
            guards.actor(), reference, form.words.data or "", form.channel.data or "", form.op_key.data or ""
        )
    except ShopError as error:
        if error.status == 404:
            raise
        form.refuse(error)
        return _page(reference, answer=form, status=error.status)
    return _done(reference, gettext("Đã ghi câu trả lời."))


@bp.post("/messages/<reference>/close")
@guards.requires_all(Permission.MESSAGE_HANDLE)
def close(reference: str) -> Any:
    """Put a message aside."""
    form = CloseForm()
    try:
        messages.close(guards.actor(), reference, form.reason.data or "")
    except ShopError as error:
        if error.status == 404:
            raise
        form.refuse(error)
        return _page(reference, close=form, status=error.status)
    return _done(reference, gettext("Đã đóng thư này."))
