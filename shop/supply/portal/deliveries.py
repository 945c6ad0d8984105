"""`/producer/deliveries`: what the producer is to bring, what he offers to bring, what has left and what was received."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.kernel import clock, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages
from shop.points import queries as points
from shop.producers.maker import Maker
from shop.receipts import queries as receipts_read
from shop.receipts import services as receipts
from shop.receipts.models import DELIVERY_STATE_NAMES, TERMS_NAMES, Terms
from shop.supply import forms
from shop.supply.models import ANNOUNCEMENT_NAMES, Announcement, N
from shop.supply.portal import ANNOUNCEMENT_KINDS, DELIVERY_KINDS, P, bp, scope_by, theirs, whose
from shop.supply.queries import deliveries as reads
from shop.supply.queries import store
from shop.supply.services import announcements

HERE = "/producer/deliveries"
OFFERS = f"{HERE}/announced"
of_delivery = scope_by(receipts_read.producer_of, "of_delivery")


def _offer_owner(reference: str) -> int | None:
    ends = reads.announcement_ends(reference)
    return ends[0] if ends else None


of_announcement = scope_by(_offer_owner, "of_announcement")


@bp.get("/deliveries")
@guards.requires(P.SUPPLY_EDIT)
def deliveries_index() -> Any:
    """What the producer is to bring, and what was received."""
    here = whose()
    view = reads.TABLE.open(request.args, HERE, reads.of_producer(here.id), make=reads.row)
    if view.export:
        return view.download()
    return render_template(
        "supply/portal/deliveries.html",
        here=HERE,
        view=view,
        gone=reads.has_left([row.id for row in view.rows]),
        states=DELIVERY_STATE_NAMES,
        kinds=DELIVERY_KINDS,
        terms=TERMS_NAMES,
    )


# --- offers ------------------------------------------------------------------------------------------------------


@bp.get("/deliveries/announced")
@guards.requires(P.SUPPLY_EDIT)
def announced_index() -> Any:
    """What the producer has offered to bring."""
    here = whose()
    statement = reads.announcements().where(Announcement.producer_id == here.id)
    view = reads.ANNOUNCEMENTS.open(
        request.args, OFFERS, statement, make=lambda row: reads.AnnouncementRow(*tuple(row))
    )
    if view.export:
        return view.download()
    return render_template(
        "supply/portal/announced.html", here=HERE, view=view, names=ANNOUNCEMENT_NAMES, kinds=ANNOUNCEMENT_KINDS
    )


@bp.get("/deliveries/new")
@guards.requires(P.SUPPLY_EDIT)
def new_announcement() -> Any:
    """The form to offer goods to a point."""
    return _new(whose())


def _points(producer_id: int) -> list[points.PointView]:
    """Where goods may be brought: every open point but the producer's own store."""
    return [p for p in points.open_points() if not store.is_own(p, producer_id)]


def _new(here: Maker, error: ShopError | None = None) -> Any:
    page = render_template(
        "supply/portal/announce.html",
        here=HERE,
        maker=here,
        points=[(p.slug, p.name) for p in _points(here.id)],
        packs=receipts_read.packs_of(here.id),
        terms=[(t.value, gettext(n)) for t, n in TERMS_NAMES.items()],
        today=clock.today(),
        v=request.form if error else {},
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=forms.op_key(request.form, error),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/deliveries/new")
@guards.requires(P.SUPPLY_EDIT)
def announce() -> Any:
    """Offer goods to a point."""
    here, form = whose(), request.form
    try:
        point = next((p for p in _points(here.id) if p.slug == form.get("point")), None)
        if point is None:
            raise Invalid(N_("Hãy chọn điểm nhận hàng."), field="point")
        terms = form.get("terms", "")
        if terms not in set(Terms):
            raise Invalid(N_("Hãy chọn mua đứt hay ký gửi."), field="terms")
        reference = announcements.announce(
            guards.actor(),
            here.id,
            point.id,
            Terms(terms),
            forms.day(form.get("brings_on"), "brings_on"),
            forms.quantities(form, [pack.variant_id for pack in receipts_read.packs_of(here.id)]),
            note=form.get("note", ""),
            op_key=form.get("op_key", ""),
        )
    except NotFound:
        raise
    except ShopError as error:
        return _new(here, error)
    flash(gettext("Đã báo. Điểm bán nhận lời thì phiếu hẹn hiện ở đây."), "ok")
    return redirect(web.path(f"{OFFERS}/{reference}"), 303)


@bp.get("/deliveries/announced/<reference>")
@guards.requires(P.SUPPLY_EDIT, scope=of_announcement)
def announcement(reference: str) -> Any:
    """One offer and what came of it."""
    return _announcement(reference)


def _announcement(reference: str, error: ShopError | None = None) -> Any:
    found, row = reads.announcement(reference)
    theirs(found.producer_id)
    names = {p.variant_id: p for p in receipts_read.packs_of(found.producer_id)}
    page = render_template(
        "supply/portal/announcement.html",
        here=HERE,
        a=found,
        row=row,
        packs=names,
        names=ANNOUNCEMENT_NAMES,
        kinds=ANNOUNCEMENT_KINDS,
        terms=TERMS_NAMES,
        delivery=reads.delivery_reference(found.delivery_id),
        waits=found.status is N.ANNOUNCED,
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=forms.op_key(request.form, error),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/deliveries/announced/<reference>/withdraw")
@guards.requires(P.SUPPLY_EDIT, scope=of_announcement)
def withdraw_announcement(reference: str) -> Any:
    """Take an offer back."""
    try:
        announcements.withdraw(
            guards.actor(), reference, request.form.get("reason", ""), request.form.get("op_key", "")
        )
    except NotFound:
        raise
    except ShopError as error:
        return _announcement(reference, error)
    flash(gettext("Đã rút lại."), "ok")
    return redirect(web.path(f"{OFFERS}/{reference}"), 303)


# --- one delivery ------------------------------------------------------------------------------------------------


@bp.get("/deliveries/<reference>")
@guards.requires(P.SUPPLY_EDIT, scope=of_delivery)
def delivery(reference: str) -> Any:
    """A delivery: what is expected, what has left, what was received or refused and why."""
    return _page(reference)


def _page(reference: str, error: ShopError | None = None) -> Any:
    found, row = receipts_read.delivery(reference)
    theirs(found.producer_id)
    gone = receipts_read.departed(found.id)
    page = render_template(
        "supply/portal/delivery.html",
        here=HERE,
        d=found,
        row=row,
        address=web.path(f"{HERE}/{reference}"),
        lines=[(line, max(0, line.quantity - gone.get(line.line_id, 0))) for line in receipts_read.lines(found.id)],
        left=receipts_read.departures(found.id),
        moved=receipts_read.days_moved(found.id),
        came=receipts_read.arrivals(found.id),
        ask=reads.ask_behind(found.id),
        open=found.state in receipts_read.OPEN,
        states=DELIVERY_STATE_NAMES,
        kinds=DELIVERY_KINDS,
        terms=TERMS_NAMES,
        today=clock.today(),
        v=request.form if error else {},
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=forms.op_key(request.form, error),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/deliveries/<reference>/day")
@guards.requires(P.SUPPLY_EDIT, scope=of_delivery)
def put_off(reference: str) -> Any:
    """Bring it on another day."""
    form = request.form
    try:
        receipts.put_off(
            guards.actor(),
            reference,
            forms.day(form.get("expected_on"), "expected_on"),
            form.get("reason", ""),
            form.get("op_key", ""),
        )
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    flash(gettext("Đã đổi ngày giao; điểm bán thấy ngày mới và lý do."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.post("/deliveries/<reference>/left")
@guards.requires(P.SUPPLY_EDIT, scope=of_delivery)
def departed(reference: str) -> Any:
    """Say that goods have left, with their lots."""
    form = request.form
    try:
        found, _row = receipts_read.delivery(reference)
        left = [_left(line.line_id) for line in receipts_read.lines(found.id)]
        receipts.depart(guards.actor(), reference, left, note=form.get("note", ""), op_key=form.get("op_key", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    flash(gettext("Đã báo hàng lên đường."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


def _left(line: int) -> receipts.Left:
    form = request.form
    quantity, made, best = f"quantity-{line}", f"produced_on-{line}", f"expires_on-{line}"
    return receipts.Left(
        line,
        forms.number(form.get(quantity), quantity),
        form.get(f"lot-{line}", ""),
        forms.some_day(form.get(made), made),
        forms.some_day(form.get(best), best),
    )
