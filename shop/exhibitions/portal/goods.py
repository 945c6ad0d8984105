"""`/producer/fairs/goods`: what the fair suggests that a producer brings, and what he commits to."""

from __future__ import annotations

from typing import Any

from flask import flash, g, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.exhibitions.models.calls import PapersState
from shop.exhibitions.models.fairs import Exhibition
from shop.exhibitions.office import acts
from shop.exhibitions.portal import bp
from shop.exhibitions.queries import days as day_queries
from shop.exhibitions.queries import fairs
from shop.exhibitions.queries import goods as queries
from shop.exhibitions.services import goods, replenishing
from shop.kernel import clock, operations, web
from shop.kernel.errors import N_, NotFound, ShopError
from shop.kernel.forms import messages
from shop.producers import maker
from shop.supply import forms as typed

P = Permission
HERE = "/producer/fairs/goods"


def of_application(reference: str) -> str | None:
    """A guard's scope: the producer of an application."""
    found = fairs.producer_of_application(reference)
    return None if found is None else f"producer:{found}"


@bp.get("/fairs/goods")
@guards.requires(P.EXHIBITION_APPLY)
def goods_index() -> Any:
    """The fairs in which the producer has a booth, and whether they wait for his word."""
    here = maker.current(P.EXHIBITION_APPLY)
    return render_template("exhibitions/portal/goods_index.html", here=HERE, rows=queries.fairs_of(here.id))


@bp.get("/fairs/goods/<reference>")
@guards.requires(P.EXHIBITION_APPLY, scope=of_application)
def goods_page(reference: str) -> Any:
    """Suggested, wanted, committed, on the way; the form to commit."""
    return _page(reference)


def _page(reference: str, error: ShopError | None = None) -> Any:
    application, fair = queries.application(reference)
    found = next((m for m in maker.mine(P.EXHIBITION_APPLY) if m.id == application.producer_id), None)
    if found is None:
        raise NotFound
    g.maker = found
    stand = next(iter(queries.stands(fair, application=reference)), None)
    if stand is None:
        raise NotFound
    page = render_template(
        "exhibitions/portal/bring.html",
        here=HERE,
        fair=fair,
        stand=stand,
        more=day_queries.replenishments(fair.id, booth_id=stand.booth_id),
        open=fair.state in goods.GOODS_MOVE,
        bring_on=queries.bring_on(fair, clock.today()),
        point=_point_name(stand, fair),
        v=request.form if error else {},
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=str(request.form.get("op_key")) if error and error.status == 422 else operations.new_key(),
    )
    return make_response(page, error.status if error else 200)


def _point_name(stand: queries.StandGoods, fair: Exhibition) -> str:
    return f"{stand.booth}, {fair.venue}"


@bp.post("/fairs/goods/<reference>")
@guards.requires(P.EXHIBITION_APPLY, scope=of_application)
def commit_goods(reference: str) -> Any:
    """Commit: so many of each pack, and why fewer than suggested; with `do` = arrival, say when goods that a booth asked for
    will be there."""
    _application, fair = queries.application(reference)
    form = request.form
    try:
        stand = next(iter(queries.stands(fair, application=reference)), None)
        if stand is None:
            raise NotFound
        if form.get("do") == "arrival":
            mine = {row.variant_id for row in stand.rows}
            asked = day_queries.replenishments(fair.id, booth_id=stand.booth_id)
            if not any(m.reference == form.get("paper") and m.variant_id in mine for m in asked):
                raise NotFound
            due_at = acts.moment(form.get("due_at"), "due_at", needed=N_("Hãy ghi giờ hàng đến."))
            replenishing.tell_arrival(guards.actor(), form["paper"], due_at)
            flash(gettext("Đã ghi giờ đến."), "ok")
            return redirect(web.path(f"{HERE}/{reference}"), 303)
        words = {
            row.goods_id: goods.Word(
                typed.number(form.get(f"units-{row.goods_id}"), f"units-{row.goods_id}", needed=True),
                form.get(f"reason-{row.goods_id}", ""),
            )
            for row in stand.rows
            if row.papers is not PapersState.REFUSED and f"units-{row.goods_id}" in form
        }
        goods.commit(guards.actor(), reference, words, form.get("op_key", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    flash(gettext("Đã ghi lời hứa của bạn. Ban tổ chức sẽ lập phiếu giao hàng."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)
