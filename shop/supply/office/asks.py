"""`/office/asks`: ask producers for goods, from a form or from what points lack; agree to what they offer instead, withdraw."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext
from sqlalchemy import false

from shop.accounts import guards
from shop.kernel import clock, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages
from shop.points import queries as points
from shop.receipts import queries as receipts
from shop.receipts.models import TERMS_NAMES, Terms
from shop.supply import forms, queries
from shop.supply.models import ASK_NAMES, ASK_STEP_NAMES, REPLY_NAMES, A, SupplyAsk
from shop.supply.office import P, bp
from shop.supply.queries import asks as reads
from shop.supply.queries import deliveries
from shop.supply.services import asks
from shop.supply.services.asks import Errand

HERE = "/office/asks"
ASK_KINDS = {"asked": "info", "changed": "warn", "accepted": "ok", "refused": "bad", "withdrawn": ""}


def of_ask(reference: str) -> str | None:
    """A guard's scope: the point that an ask is for."""
    found = reads.point_of(reference)
    return None if found is None else f"point:{found}"


def _my_points() -> tuple[points.PointView, ...]:
    """Points that may get goods: those open now, and those that open later (a fair)."""
    today = clock.today()
    mine = points.within(points.all_points(), guards.scopes(P.SUPPLY_ASK))
    return tuple(p for p in mine if p.closed_on is None or p.closed_on > today)


@bp.get("/asks")
@guards.requires(P.SUPPLY_READ)
def asks_index() -> Any:
    """What producers are asked for."""
    statement, mine = reads.rows(), points.ids_in(guards.scopes(P.SUPPLY_READ))
    if mine is not None:
        statement = statement.where(SupplyAsk.point_id.in_(mine) if mine else false())
    view = reads.OFFICE.open(request.args, HERE, statement, make=reads.row)
    if view.export:
        return view.download()
    return render_template(
        "supply/office/asks.html",
        here=HERE,
        view=view,
        names=ASK_NAMES,
        kinds=ASK_KINDS,
        may_ask=guards.may(P.SUPPLY_ASK),
    )


@bp.get("/asks/low")
@guards.requires(P.SUPPLY_ASK)
def low() -> Any:
    """What points lack, by producer, each with a form that is filled in."""
    shorts = reads.below_minimum(points.ids_in(guards.scopes(P.SUPPLY_ASK)))
    return render_template(
        "supply/office/low.html",
        here=HERE,
        shorts=[(short, _filled(short)) for short in shorts],
    )


def _filled(short: reads.Short) -> str:
    """Where the form lies that asks for it."""
    fields = {f"quantity-{variant}": n for variant, _name, n in short.lines}
    reason = {"reason": gettext("Dưới mức tối thiểu")}
    query = {"producer": short.producer_slug, "point": short.point_slug} | fields | reason
    return f"{web.path(f'{HERE}/new')}?{urlencode(query)}"


@bp.get("/asks/new")
@guards.requires(P.SUPPLY_ASK)
def new_ask() -> Any:
    """The form: `producer` chooses whose packs it lists; the other arguments fill it in."""
    return _new()


def _new(error: ShopError | None = None) -> Any:
    values = request.values
    slug = values.get("producer", "")
    producer_id = receipts.producer_id(slug) if slug else None
    packs = receipts.packs_of(producer_id) if producer_id else []
    # What one came for stands first.
    packs.sort(key=lambda pack: not values.get(f"quantity-{pack.variant_id}"))
    page = render_template(
        "supply/office/ask_new.html",
        here=HERE,
        producers=receipts.producers(),
        producer=slug if producer_id else "",
        points=[(p.slug, p.name) for p in _my_points()],
        packs=packs,
        terms=[(t.value, gettext(n)) for t, n in TERMS_NAMES.items()],
        may_price=guards.may(P.RECEIPT_PRICE),
        today=clock.today(),
        v=values,
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=forms.op_key(request.form, error),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/asks/new")
@guards.requires(P.SUPPLY_ASK)
def make_ask() -> Any:
    """Ask a producer."""
    form = request.form
    try:
        producer_id = receipts.producer_id(form.get("producer", ""))
        if producer_id is None:
            raise Invalid(N_("Hãy chọn cơ sở sản xuất."), field="producer")
        point = next((p for p in _my_points() if p.slug == form.get("point")), None)
        if point is None:
            raise Invalid(N_("Hãy chọn điểm nhận hàng."), field="point")
        terms = form.get("terms", "")
        if terms not in set(Terms):
            raise Invalid(N_("Hãy chọn mua đứt hay ký gửi."), field="terms")
        wanted = forms.quantities(form, [pack.variant_id for pack in receipts.packs_of(producer_id)])
        costs = {v: forms.amount(form.get(f"cost-{v}"), f"cost-{v}") for v in wanted}
        what = Errand(
            point.id,
            Terms(terms),
            forms.day(form.get("wanted_on"), "wanted_on", N_("Hãy ghi ngày cần hàng.")),
            form.get("reason", ""),
            forms.some_day(form.get("answer_by"), "answer_by"),
        )
        reference = asks.ask(
            guards.actor(),
            producer_id,
            what,
            wanted,
            costs={v: n for v, n in costs.items() if n is not None and guards.may(P.RECEIPT_PRICE, point.scope)},
            op_key=form.get("op_key", ""),
        )
    except NotFound:
        raise
    except ShopError as error:
        return _new(error)
    flash(gettext("Đã gửi đề nghị %(r)s đến cơ sở.", r=reference), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.get("/asks/<reference>")
@guards.requires(P.SUPPLY_READ, scope=of_ask)
def one_ask(reference: str) -> Any:
    """An ask, its answer, and whether the producer can make it in time."""
    return _page(reference)


def _page(reference: str, error: ShopError | None = None) -> Any:
    found, row = reads.ask(reference)
    lines = reads.lines(found.id)
    open_ = found.status in (A.ASKED, A.CHANGED)
    wanted = {line.variant_id: line.asked if line.offered is None else line.offered for line in lines}
    page = render_template(
        "supply/office/ask.html",
        here=HERE,
        a=found,
        row=row,
        lines=lines,
        open=open_,
        can=queries.in_time(found.producer_id, wanted, found.offered_on or found.wanted_on) if open_ else {},
        delivery=deliveries.delivery_reference(found.delivery_id),
        names=ASK_NAMES,
        kinds=ASK_KINDS,
        steps=ASK_STEP_NAMES,
        terms=TERMS_NAMES,
        replies=REPLY_NAMES,
        may_ask=guards.may(P.SUPPLY_ASK, f"point:{found.point_id}"),
        may_price=guards.may(P.RECEIPT_PRICE, f"point:{found.point_id}"),
        may_receive=guards.may(P.RECEIPT_BOOK, f"point:{found.point_id}"),
        v=request.form if error else {},
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=forms.op_key(request.form, error),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/asks/<reference>/agree")
@guards.requires(P.SUPPLY_ASK, scope=of_ask)
def agree(reference: str) -> Any:
    """Say yes to what the producer offers instead."""
    try:
        delivery = asks.agree(guards.actor(), reference, request.form.get("op_key", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    flash(gettext("Đã đồng ý; phiếu hẹn giao %(r)s đã ghi.", r=delivery), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.post("/asks/<reference>/withdraw")
@guards.requires(P.SUPPLY_ASK, scope=of_ask)
def withdraw(reference: str) -> Any:
    """Take an ask back."""
    try:
        asks.withdraw(guards.actor(), reference, request.form.get("reason", ""), request.form.get("op_key", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    flash(gettext("Đã rút đề nghị."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)
