"""`/office/producer-figures`: what producers employ and take in, by legal form, as of the end of a year; told one by one."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.cycle import forms
from shop.cycle.office import bp
from shop.cycle.queries import figures as queries
from shop.cycle.services import figures as services
from shop.kernel import clock, web
from shop.kernel.errors import NotFound, ShopError
from shop.kernel.forms import messages
from shop.producers import queries as producers
from shop.producers.models import LEGAL_FORM_NAMES

P = Permission
HERE = "/office/producer-figures"


@bp.get("/producer-figures")
@guards.requires(P.CYCLE_READ)
def producer_figures() -> Any:
    """The statistics and the list behind them, of one's localities."""
    scopes = guards.scopes(P.CYCLE_READ)
    view = queries.table(request.args, HERE, scopes)
    if view.export:
        return view.download()
    year = request.args.get("year", "")
    day = queries.day_of(year)
    sums = queries.by_form(scopes, day)
    return render_template(
        "cycle/office/figures.html", here=HERE, view=view, sums=sums, total=queries.total(sums), as_of=day,
        form_names=LEGAL_FORM_NAMES, place=queries.place_of, year=str(day.year), no_form=queries.NO_FORM,
    )  # fmt: skip


def _page(slug: str, error: ShopError | None = None) -> Any:
    row = queries.producer(slug)
    page = render_template(
        "cycle/office/figure.html", here=HERE, p=row, rows=queries.of_producer(row.id), address=web.path(f"{HERE}/{slug}"),
        v=request.form if error else {"as_of": clock.today().isoformat()}, errors=messages(error),
        may_edit=guards.may(P.CYCLE_EDIT, producers.scope_of(slug) or "*"), error_code=error.code if error else None,
    )  # fmt: skip
    return make_response(page, error.status if error else 200)


@bp.get("/producer-figures/<slug>")
@guards.requires(P.CYCLE_READ, scope=producers.scope_of, name="locality")
def producer_figure(slug: str) -> Any:
    """All that was said of one producer."""
    return _page(slug)


@bp.post("/producer-figures/<slug>")
@guards.requires(P.CYCLE_EDIT, scope=producers.scope_of, name="locality")
def say_producer_figure(slug: str) -> Any:
    """Say something of it."""
    row = queries.producer(slug)
    try:
        told = forms.producer_figure(request.form)
        services.say(guards.actor(), row.id, *told, seen=forms.number(request.form, "seen"))
    except NotFound:
        raise
    except ShopError as error:
        return _page(slug, error)
    flash(gettext("Đã ghi số liệu."), "ok")
    return redirect(web.path(f"{HERE}/{slug}"), 303)
