"""`/office/fulfilments`: what each point has to pack, to hand over, and what is on the road; its papers."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.kernel import operations, web
from shop.kernel.errors import Forbidden, Invalid, NotFound, ShopError
from shop.orders import desk as steps
from shop.pages import desk as read
from shop.pages import papers
from shop.pages.office import bp, desk
from shop.pages.office.desk import PARCELS, P, attempt, of_parcel
from shop.points import queries as points

_POINT = "the parcel's point"


def _scopes() -> frozenset[str]:
    """The points whose parcels the reader handles.

    Raises:
        Forbidden: his grants name no point (a producer has a door of his own).
    """
    held = guards.scopes(P.FULFILMENT_HANDLE)
    if points.ids_in(held) == []:
        raise Forbidden
    return held


def _id(reference: str, number: int) -> int:
    return read.parcel_ids([f"{reference}/{number}"], guards.scopes(P.FULFILMENT_HANDLE))[0][1]


@bp.get("/fulfilments")
@guards.requires(P.FULFILMENT_HANDLE)
def fulfilments() -> Any:
    """The parcels of the reader's points, or a file of them."""
    return _list()


def _list(told: list[steps.Outcome] | None = None, error: ShopError | None = None) -> Any:
    scopes = _scopes()
    view = read.parcel_list(request.args, scopes)
    if view.export:
        return view.download()
    return render_template(
        "pages/office/fulfilments.html",
        here=PARCELS,
        view=view,
        state=next(f.value for f in view.filters if f.name == "state"),
        late=any(f.value for f in view.filters if f.name == "late"),
        counts=read.parcel_counts(scopes),
        told=told,
        error=gettext(error.title, **error.values) if error else "",
        error_code=error.code if error else None,
        op_key=operations.new_key(),
        **desk.words(),
    )


@bp.post("/fulfilments/pack")
@guards.requires(P.FULFILMENT_HANDLE)
def pack_many() -> Any:
    """The chosen parcels are packed: each one's outcome is told."""
    try:
        chosen = read.parcel_ids(request.form.getlist("parcel")[: steps.MOST_AT_ONCE + 1], _scopes())
        told = steps.pack_all(guards.actor(), chosen, desk.op_key())
    except NotFound:
        raise
    except ShopError as error:
        return _list(error=error), error.status
    return _list(told)


@bp.post("/fulfilments/papers.pdf")
@guards.requires(P.FULFILMENT_HANDLE)
def papers_of_many() -> Any:
    """Packing lists or delivery notes (`paper=notes`) of the chosen parcels."""
    chosen = list(dict.fromkeys(request.form.getlist("parcel")))
    if not chosen or len(chosen) > papers.MOST:
        error = Invalid(papers.HOW_MANY, n=papers.MOST)
        return _list(error=error), error.status
    ids = [parcel_id for _key, parcel_id in read.parcel_ids(chosen, _scopes())]
    if request.form.get("paper") == "notes":
        return desk.paper(papers.delivery_notes(ids, request.form.get("size", "")), "phieu-giao")
    return desk.paper(papers.packing_lists(ids), "phieu-dong-goi")


@bp.get("/fulfilments/pack")
@bp.get("/fulfilments/papers.pdf")
@guards.requires(P.FULFILMENT_HANDLE)
def back_to_fulfilments() -> Any:
    """Somebody reloads the answer of a step for many: on to the list."""
    flash(gettext("Hãy chọn lại các kiện."), "warn")
    return redirect(web.path(PARCELS))


@bp.get("/fulfilments/picking")
@guards.requires(P.FULFILMENT_HANDLE)
def picking() -> Any:
    """What to fetch from the shelves for the parcels to pack, summed by point."""
    scopes = _scopes()
    chosen = _point(scopes)
    return render_template(
        "pages/office/picking.html",
        here=PARCELS,
        lists=read.picking(scopes, chosen),
        choices=[("", gettext("Mọi điểm")), *((str(p.id), p.name) for p in points.within(points.all_points(), scopes))],
        point=chosen or "",
        counts=read.parcel_counts(scopes),
    )


@bp.get("/fulfilments/picking.pdf")
@guards.requires(P.FULFILMENT_HANDLE)
def picking_paper() -> Any:
    """The same on paper."""
    scopes = _scopes()
    return desk.paper(papers.picking(read.picking(scopes, _point(scopes))), "phieu-nhat-hang")


def _point(scopes: frozenset[str]) -> int | None:
    raw = request.args.get("point", "")
    if not raw:
        return None
    if not raw.isdecimal() or len(raw) > 12 or not ("*" in scopes or f"point:{raw}" in scopes):
        raise NotFound
    return int(raw)


# --- one parcel --------------------------------------------------------------------------------------------------


@bp.get("/fulfilments/<reference>/<int(max=9999):number>")
@guards.requires(P.FULFILMENT_HANDLE, scope=of_parcel, name=_POINT)
def fulfilment(reference: str, number: int) -> Any:
    """One parcel, as its point needs it."""
    return desk.parcel_page(reference, number)


@bp.get("/fulfilments/<reference>/<int(max=9999):number>/packing-list.pdf")
@guards.requires(P.FULFILMENT_HANDLE, scope=of_parcel, name=_POINT)
def parcel_packing_list(reference: str, number: int) -> Any:
    """What goes into the parcel."""
    return desk.paper(papers.packing_lists([_id(reference, number)]), f"dong-goi-{reference}-{number}")


@bp.get("/fulfilments/<reference>/<int(max=9999):number>/delivery-note.pdf")
@guards.requires(P.FULFILMENT_HANDLE, scope=of_parcel, name=_POINT)
def parcel_note(reference: str, number: int) -> Any:
    """What goes with the parcel; `size=a4` for big paper."""
    body = papers.delivery_notes([_id(reference, number)], request.args.get("size", ""))
    return desk.paper(body, f"phieu-giao-{reference}-{number}")


@bp.get("/fulfilments/<reference>/<int(max=9999):number>/photo")
@guards.requires(P.FULFILMENT_HANDLE, scope=of_parcel, name=_POINT)
def parcel_picture(reference: str, number: int) -> Any:
    """The photograph of the parcel as it was handed over; private."""
    return desk.photo(read.order_file(reference).parcel(number).parcel.photo_key)


@bp.post("/fulfilments/<reference>/<int(max=9999):number>/pack")
@guards.requires(P.FULFILMENT_HANDLE, scope=of_parcel, name=_POINT)
def pack(reference: str, number: int) -> Any:
    """The goods are in their box."""
    parcel_id = _id(reference, number)
    return attempt(
        reference, number, f"pack-{number}", lambda: steps.pack(guards.actor(), parcel_id, desk.op_key()),
        gettext("Đã đóng gói."),
    )  # fmt: skip


@bp.post("/fulfilments/<reference>/<int(max=9999):number>/hand-over")
@guards.requires(P.FULFILMENT_HANDLE, scope=of_parcel, name=_POINT)
def hand_over(reference: str, number: int) -> Any:
    """The parcel leaves with a carrier, or is given out at the counter."""
    parcel_id = _id(reference, number)
    return attempt(
        reference, number, f"hand-over-{number}",
        lambda: steps.hand_over(
            guards.actor(), parcel_id, desk.line("carrier"), desk.line("tracking_number"), desk.op_key()
        ),
        gettext("Đã giao đi; hàng đã ra khỏi kho."),
    )  # fmt: skip


@bp.post("/fulfilments/<reference>/<int(max=9999):number>/delivered")
@guards.requires(P.FULFILMENT_HANDLE, scope=of_parcel, name=_POINT)
def delivered(reference: str, number: int) -> Any:
    """The buyer has the goods."""
    parcel_id = _id(reference, number)
    return attempt(
        reference, number, f"delivered-{number}", lambda: steps.deliver(guards.actor(), parcel_id, desk.op_key()),
        gettext("Khách đã nhận hàng."),
    )  # fmt: skip


@bp.post("/fulfilments/<reference>/<int(max=9999):number>/returned")
@guards.requires(P.FULFILMENT_HANDLE, scope=of_parcel, name=_POINT)
def returned(reference: str, number: int) -> Any:
    """The parcel came back: to stock, or written off."""
    parcel_id = _id(reference, number)

    def command() -> None:
        good, bad = desk.looked()
        steps.take_back(guards.actor(), parcel_id, desk.reason(), desk.op_key(), restock=good, bad=bad)

    return attempt(reference, number, f"returned-{number}", command, gettext("Đã ghi nhận hàng trả về."))
