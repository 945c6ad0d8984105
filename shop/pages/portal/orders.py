"""`/producer/orders`: the parcels that leave the producer's own store, step by step, and their papers.

The steps are the desk's own commands (`shop.orders.desk`); what differs is whose parcels they may be.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.conversations import queries as conversations
from shop.conversations.models import Side
from shop.kernel import clock, operations, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.orders import desk as steps
from shop.orders import queries as orders
from shop.orders.models import REFUSAL_WHY_NAMES, RefusalWhy
from shop.pages import papers, parcels, shelf
from shop.pages.office import desk
from shop.pages.office.desk import Typed
from shop.pages.portal import bp
from shop.points import queries as points
from shop.producers import maker

HERE = parcels.ADDRESS
P = Permission
_SENDER = "the producer whose store the parcel leaves"


def of_parcel(reference: str, number: int, **_: Any) -> str | None:
    """A guard's scope: the producer whose own store the parcel leaves."""
    found = orders.sender_of(reference, number)
    return None if found is None else f"producer:{found}"


def _sender(reference: str, number: int) -> int:
    found = orders.sender_of(reference, number)
    if found is None:
        raise NotFound
    return found


def _id(reference: str, number: int) -> int:
    return parcels.ids([f"{reference}/{number}"], _sender(reference, number))[0][1]


def _day() -> date:
    """The day that was typed.

    Raises:
        Invalid: none.
    """
    try:
        return clock.read_day(request.form.get("send_on", ""))
    except ValueError:
        raise Invalid(N_("Hãy chọn ngày gửi."), field="send_on") from None


# --- the list ----------------------------------------------------------------------------------------------------


@bp.get("/orders")
@guards.requires(P.PORTAL_ORDERS)
def orders_list() -> Any:
    """The producer's parcels, or a file of them."""
    return _list()


def _list(told: list[steps.Outcome] | None = None, done: str = "", error: ShopError | None = None) -> Any:
    here = maker.current(P.PORTAL_ORDERS)
    view = parcels.parcel_list(request.args, here.id)
    if view.export and error is None and told is None:
        return view.download()
    return render_template(
        "pages/portal/orders.html",
        here=HERE,
        view=view,
        state=next(f.value for f in view.filters if f.name == "state"),
        states=[(key, gettext(label)) for key, (label, _sql) in parcels.STATES.items()],
        counts=parcels.counts(here.id),
        told=told,
        done=done,
        error=gettext(error.title, **error.values) if error else "",
        error_code=error.code if error else None,
        send_on=request.form.get("send_on") or clock.today().isoformat(),
        op_key=operations.new_key(),
        status_words=parcels.status_words,
        kinds=desk.desk.PARCEL_KINDS,
    )


def _chosen() -> list[tuple[str, int]]:
    here = maker.current(P.PORTAL_ORDERS)
    return parcels.ids(request.form.getlist("parcel")[: steps.MOST_AT_ONCE + 1], here.id)


def _many(command: Callable[[], list[steps.Outcome]], done: str) -> Any:
    try:
        told = command()
    except NotFound:
        raise
    except ShopError as error:
        return _list(error=error), error.status
    return _list(told, done)


@bp.post("/orders/confirm")
@guards.requires(P.PORTAL_ORDERS)
def confirm_many() -> Any:
    """The chosen parcels will be sent on one day: each one's outcome is told."""
    return _many(
        lambda: steps.confirm_parcels(guards.actor(), _chosen(), _day(), desk.op_key()), gettext("Đã xác nhận")
    )


@bp.post("/orders/pack")
@guards.requires(P.PORTAL_ORDERS)
def pack_parcels() -> Any:
    """The chosen parcels are packed: each one's outcome is told."""
    return _many(lambda: steps.pack_all(guards.actor(), _chosen(), desk.op_key()), gettext("Đã đóng gói"))


@bp.post("/orders/papers.pdf")
@guards.requires(P.PORTAL_ORDERS)
def papers_of_parcels() -> Any:
    """Packing lists, labels or delivery notes of the chosen parcels in one file."""
    chosen = list(dict.fromkeys(request.form.getlist("parcel")))
    try:
        if not chosen or len(chosen) > papers.MOST:
            raise Invalid(papers.HOW_MANY, n=papers.MOST)
        ids = [i for _key, i in parcels.ids(chosen, maker.current(P.PORTAL_ORDERS).id)]
        parcels.printable(ids)
    except NotFound:
        raise
    except ShopError as error:
        return _list(error=error), error.status
    return _paper(ids, request.form.get("paper", ""), request.form.get("size", ""), "")


def _paper(ids: list[int], paper: str, size: str, name: str) -> Response:
    if paper == "labels":
        return desk.paper(papers.labels(ids, size), f"nhan-kien{name}")
    if paper == "labels-a4":
        return desk.paper(papers.labels(ids, "a4"), f"nhan-kien{name}")
    if paper == "notes":
        return desk.paper(papers.delivery_notes(ids, size), f"phieu-giao{name}")
    return desk.paper(papers.packing_lists(ids), f"phieu-dong-goi{name}")


@bp.get("/orders/confirm")
@bp.get("/orders/pack")
@bp.get("/orders/papers.pdf")
@guards.requires(P.PORTAL_ORDERS)
def back_to_parcels() -> Any:
    """Somebody reloads the answer of a step for many: on to the list."""
    flash(gettext("Hãy chọn lại các kiện."), "warn")
    return redirect(web.path(HERE))


# --- one parcel --------------------------------------------------------------------------------------------------


@bp.get("/orders/<reference>/<int(max=9999):number>")
@guards.requires(P.PORTAL_ORDERS, scope=of_parcel, name=_SENDER)
def parcel(reference: str, number: int) -> Any:
    """One parcel, with what its sender needs."""
    return _page(reference, number)


def _page(reference: str, number: int, typed: Typed | None = None) -> str:
    found = parcels.page(reference, number, _sender(reference, number))
    talk = conversations.thread(found.view.id)
    return render_template(
        "pages/portal/parcel.html",
        here=HERE,
        p=found,
        v=found.view,
        typed=typed or Typed(),
        error_code=typed.code if typed else None,
        talk=talk,
        unread=talk.unread[Side.MAKER] if talk else 0,
        whys=[(w.value, gettext(label)) for w, label in REFUSAL_WHY_NAMES.items()],
        why_names={w: gettext(label) for w, label in REFUSAL_WHY_NAMES.items()},
        counters=[(p.slug, p.name) for p in points.open_points() if p.is_public and p.producer_id is None],
    )


def _attempt(reference: str, number: int, form: str, command: Callable[[], object], done: str) -> Any:
    try:
        command()
    except NotFound:
        raise
    except ShopError as error:
        return make_response(_page(reference, number, Typed(form, error)), error.status)
    flash(done, "ok")
    return redirect(web.path(f"{HERE}/{reference}/{number}"), 303)


@bp.post("/orders/<reference>/<int(max=9999):number>/confirm")
@guards.requires(P.PORTAL_ORDERS, scope=of_parcel, name=_SENDER)
def confirm_parcel(reference: str, number: int) -> Any:
    """The producer will send it, on that day."""
    parcel_id = _id(reference, number)
    return _attempt(
        reference, number, "confirm",
        lambda: steps.confirm_parcel(guards.actor(), parcel_id, _day(), desk.op_key()),
        gettext("Đã xác nhận. Hãy đóng gói và gửi đúng ngày."),
    )  # fmt: skip


def _left(reference: str, number: int, wanted: dict[int, int] | None) -> dict[int, int]:
    """What is really left for sale of each pack that is refused, by line; a field left empty is nothing, where there is no
    doubt which goods are sold out.

    Raises:
        Invalid: no whole number; or the whole parcel of several goods is refused and one of them is not counted.
    """
    lines = [x for x in parcels.page(reference, number, _sender(reference, number)).view.lines if x.quantity]
    if wanted is not None:
        lines = [x for x in lines if wanted.get(x.id)]
    found: dict[int, int] = {}
    for line in lines:
        raw = request.form.get(f"left-{line.id}", "").strip()
        if not raw and wanted is None and len(lines) > 1:
            raise Invalid(N_("Hãy ghi số còn thật của từng món trong kiện; hết thì ghi 0."), field="left")
        if not (raw or "0").isascii() or not (raw or "0").isdecimal() or len(raw) > 6:
            raise Invalid(N_("Số lượng phải là số nguyên, ví dụ 2."), field="left")
        found[line.id] = int(raw or "0")
    return found


@bp.post("/orders/<reference>/<int(max=9999):number>/refuse")
@guards.requires(P.PORTAL_ORDERS, scope=of_parcel, name=_SENDER)
def refuse(reference: str, number: int) -> Any:
    """The producer cannot send it, or a part of it: the buyer is told and keeps what is left."""
    parcel_id = _id(reference, number)

    def command() -> None:
        wanted, why, words = desk.refusal()
        left = _left(reference, number, wanted) if why is RefusalWhy.SOLD_OUT and request.form.get("recount") else {}
        shelf.refuse(guards.actor(), _sender(reference, number), parcel_id, wanted, why, words, left, desk.op_key())

    return _attempt(reference, number, "refuse", command, gettext("Đã báo cho khách; tiền tự giảm hoặc được hoàn."))


@bp.post("/orders/<reference>/<int(max=9999):number>/pack")
@guards.requires(P.PORTAL_ORDERS, scope=of_parcel, name=_SENDER)
def pack_parcel(reference: str, number: int) -> Any:
    """The goods are in their box."""
    parcel_id = _id(reference, number)
    return _attempt(
        reference, number, "pack", lambda: steps.pack(guards.actor(), parcel_id, desk.op_key()), gettext("Đã đóng gói.")
    )  # fmt: skip


def _carrier(*, photo: bool) -> tuple[str, str, str | None]:
    """Who takes the parcel, its number there, and what else the history is to keep: without a number and without a
    photograph of the receipt nobody could look for a parcel that got lost.

    Raises:
        Invalid: neither a carrier with a number or a photograph, nor a point and who took it there.
    """
    if request.form.get("to") == "point":
        point = points.by_slug(request.form.get("point", "")[:80])
        if point is None or point.producer_id is not None or not point.is_public:
            raise Invalid(N_("Hãy chọn điểm nhận kiện."), field="point")
        received_by = desk.line("received_by")
        if len(received_by) < 2:
            raise Invalid(N_("Hãy ghi tên người nhận kiện ở điểm."), field="received_by")
        where = gettext("Gửi qua điểm %(point)s", point=point.name)[:80]
        return where, "", gettext("Người nhận ở điểm: %(name)s", name=received_by)
    carrier, tracking = desk.line("carrier"), desk.line("tracking_number")
    if not carrier:
        raise Invalid(N_("Hãy ghi đơn vị vận chuyển."), field="carrier")
    if not tracking and not photo:
        raise Invalid(N_("Hãy ghi mã vận đơn, hoặc chụp ảnh phiếu gửi của đơn vị vận chuyển."), field="tracking_number")
    return carrier, tracking, None


@bp.post("/orders/<reference>/<int(max=9999):number>/hand-over")
@guards.requires(P.PORTAL_ORDERS, scope=of_parcel, name=_SENDER)
def hand_over_parcel(reference: str, number: int) -> Any:
    """The parcel leaves with a carrier or through a point, or is given to its buyer; a photograph may be kept of it."""
    parcel_id = _id(reference, number)
    pickup = parcels.page(reference, number, _sender(reference, number)).view.pickup

    def command() -> None:
        upload = request.files.get("photo")
        photo = upload.read() if upload and upload.filename else None
        carrier, tracking, note = ("", "", None) if pickup else _carrier(photo=bool(photo))
        steps.hand_over(guards.actor(), parcel_id, carrier, tracking, desk.op_key(), photo=photo, note=note)

    return _attempt(reference, number, "hand-over", command, gettext("Đã giao đi; hàng đã ra khỏi kho."))


@bp.post("/orders/<reference>/<int(max=9999):number>/delivered")
@guards.requires(P.PORTAL_ORDERS, scope=of_parcel, name=_SENDER)
def delivered_parcel(reference: str, number: int) -> Any:
    """The buyer has the goods."""
    parcel_id = _id(reference, number)
    return _attempt(
        reference, number, "delivered", lambda: steps.deliver(guards.actor(), parcel_id, desk.op_key()),
        gettext("Khách đã nhận hàng."),
    )  # fmt: skip


@bp.post("/orders/<reference>/<int(max=9999):number>/returned")
@guards.requires(P.PORTAL_ORDERS, scope=of_parcel, name=_SENDER)
def returned_parcel(reference: str, number: int) -> Any:
    """The parcel came back: to stock, or written off."""
    parcel_id = _id(reference, number)

    def command() -> None:
        good, bad = desk.looked()
        steps.take_back(guards.actor(), parcel_id, desk.reason(), desk.op_key(), restock=good, bad=bad)

    return _attempt(reference, number, "returned", command, gettext("Đã ghi nhận hàng trả về."))


@bp.get("/orders/<reference>/<int(max=9999):number>/<any('packing-list', 'label', 'delivery-note'):paper>.pdf")
@guards.requires(P.PORTAL_ORDERS, scope=of_parcel, name=_SENDER)
def parcel_paper(reference: str, number: int, paper: str) -> Any:
    """The parcel's packing list, label (A6; `size=a4`) or delivery note (A5; `size=a4`)."""
    ids = [_id(reference, number)]
    parcels.printable(ids)
    kind = {"label": "labels", "delivery-note": "notes"}.get(paper, "lists")
    return _paper(ids, kind, request.args.get("size", ""), f"-{reference}-{number}")


@bp.get("/orders/<reference>/<int(max=9999):number>/photo")
@guards.requires(P.PORTAL_ORDERS, scope=of_parcel, name=_SENDER)
def parcel_photo(reference: str, number: int) -> Response:
    """The photograph of the parcel as it was handed over; out of view with its buyer."""
    found = parcels.page(reference, number, _sender(reference, number))
    return desk.photo(None if found.hidden else found.view.parcel.photo_key)
