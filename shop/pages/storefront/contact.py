"""`/lien-he`: the form that reaches staff. Nothing that was typed is lost on a refusal."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, redirect, render_template, request
from flask_babel import gettext
from flask_limiter.errors import RateLimitExceeded
from flask_login import current_user

from shop.accounts import guards
from shop.kernel import clock, operations, text, web
from shop.kernel.errors import ShopError, TooManyRequests
from shop.kernel.limits import limiter
from shop.messages import rules
from shop.messages import services as messages
from shop.messages.forms import ContactForm
from shop.messages.models import TOPIC_NAMES, Topic
from shop.pages.storefront import bp
from shop.points import queries as points

PER_ADDRESS = "6 per 10 minutes; 40 per day"


@bp.get("/lien-he")
@guards.public
def contact() -> Any:
    """The form; `ve` chooses the topic, `don` gives the order's code."""
    form = ContactForm(
        formdata=None,
        topic=request.args.get("ve") if request.args.get("ve") in set(Topic) else Topic.ORDER.value,
        order_reference=text.normal_reference(request.args.get("don", ""))[:20],
        op_key=operations.new_key(),
    )
    if current_user.is_authenticated:
        form.name.data, form.email.data, form.phone.data = current_user.name, current_user.email, current_user.phone
    return _page(form)


@bp.post("/lien-he")
@guards.public
@web.public_form
def send_message() -> Any:
    """Keep the message; a machine that fell into the trap is thanked and forgotten."""
    form = ContactForm()
    if form.website.data:
        return redirect(web.path("/lien-he/da-gui"))
    if form.validate():
        try:
            with limiter.limit(PER_ADDRESS):
                reference = messages.receive(guards.actor(), _draft(form), form.op_key.data or "")
        except RateLimitExceeded:
            form.refuse(TooManyRequests())
            return _page(form, TooManyRequests.status)
        except ShopError as error:
            form.refuse(error)
            return _page(form, error.status)
        return redirect(web.path(f"/lien-he/da-gui?ma={reference}"))
    return _page(form, 422)


@bp.get("/lien-he/da-gui")
@guards.public
def message_sent() -> Any:
    """Thanks, with the code that a later call can name."""
    web.mark_private()
    return render_template(
        "pages/storefront/message_sent.html",
        reference=text.normal_reference(request.args.get("ma", ""))[:20],
        answer_days=rules.ANSWER_DAYS.get(),
    )


def _draft(form: ContactForm) -> messages.Draft:
    return messages.Draft(
        topic=Topic(form.topic.data),
        name=form.name.data or "",
        body=form.body.data or "",
        email=form.email.data or None,
        phone=form.phone.data or None,
        order_reference=form.order_reference.data or None,
        locale=web.language(),
    )


def _page(form: ContactForm, status: int = 200) -> Response:
    web.mark_private()
    if not form.op_key.data:
        form.op_key.data = operations.new_key()
    errors = {name: list(found) for name, found in form.errors.items() if name}
    above = [*form.form_errors, *errors.pop("op_key", [])]
    response = make_response(
        render_template(
            "pages/storefront/contact.html",
            form=form,
            errors=errors,
            above=above,
            topics=[(t.value, gettext(label)) for t, label in TOPIC_NAMES.items()],
            answer_days=rules.ANSWER_DAYS.get(),
            longest=messages.LONGEST,
            points=[p for p in points.public_points() if p.phone and p.is_open_on(clock.today())],
        ),
        status,
    )
    return response
