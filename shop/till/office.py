"""The counters in the office: sessions with their reports, devices, shortages, and what devices sent that a person must see."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import segno
from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import operations, tables, web
from shop.kernel.db import session as database
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.money import parse_vnd
from shop.orders.models import PAYMENT_METHOD_NAMES, PaymentMethod
from shop.points import queries as points
from shop.stock import queries as stock
from shop.stock.models import SHOP
from shop.till import papers
from shop.till.errors import ShortageSettled
from shop.till.models import EVENT_NAMES, SHORTAGE_NAMES, TENDER_NAMES, KeeperPin, ShortageState
from shop.till.queries import desk, reports
from shop.till.services import desk as steps
from shop.till.services import devices, sessions, shortages, sync

bp = Blueprint("till", __name__)
P = Permission
HERE = "/office/tills"

SHORTAGE_KINDS = {
    ShortageState.OPEN: "warn", ShortageState.OWED: "bad", ShortageState.FOUND: "ok", ShortageState.SHORT: "ok",
}  # fmt: skip


# --- guards ------------------------------------------------------------------------------------------------------


def _scope(found: int | None) -> str | None:
    return None if found is None else f"point:{found}"


def of_session(session_id: int) -> str | None:
    """A guard's scope: the point of a session."""
    return _scope(desk.session_point(session_id))


def of_device(code: str) -> str | None:
    """A guard's scope: the point of a device."""
    return _scope(desk.device_point(code))


def of_shortage(reference: str) -> str | None:
    """A guard's scope: the point of a shortage."""
    return _scope(desk.shortage_point(reference))


def of_event(event_id: int) -> str | None:
    """A guard's scope: the point of the device that sent an event."""
    return _scope(desk.event_point(event_id))


def of_gap(gap_id: int) -> str | None:
    """A guard's scope: the point of the device of a gap."""
    return _scope(desk.gap_point(gap_id))


def of_notice(notice_id: int) -> str | None:
    """A guard's scope: the point of the device of a notice."""
    return _scope(desk.notice_point(notice_id))


_POINT_OF = {
    of_session: "the session's point",
    of_device: "the device's point",
    of_shortage: "the shortage's point",
    of_event: "the device's point",
    of_gap: "the device's point",
    of_notice: "the device's point",
}


def _manages(scope: Callable[..., str | None]) -> Any:
    return guards.requires(P.TILL_MANAGE, scope=scope, name=_POINT_OF[scope])


# --- lists -------------------------------------------------------------------------------------------------------


def _words() -> dict[str, Any]:
    return {
        "here": HERE,
        "manages": guards.may(P.TILL_MANAGE),
        "tender_names": {k: gettext(n) for k, n in TENDER_NAMES.items()},
        "event_names": {k: gettext(n) for k, n in EVENT_NAMES.items()},
        "shortage_names": {k: (gettext(n), SHORTAGE_KINDS[k]) for k, n in SHORTAGE_NAMES.items()},
        "device_states": {k: (gettext(n), kind) for k, (n, kind) in desk.DEVICE_STATES.items()},
        "methods": {m.value: gettext(n) for m, n in PAYMENT_METHOD_NAMES.items()},
    }


def _list(which: Callable[..., Any], template: str, permission: Permission = P.TILL_MANAGE, **more: Any) -> Any:
    held = guards.scopes(permission)
    mine = points.ids_in(held)
    view = which(request.args, mine, points.within(points.all_points(), held))
    if view.export:
        return view.download()
    return render_template(
        f"till/office/{template}.html",
        view=view,
        waiting=desk.waiting(mine),
        new_key=operations.new_key,
        **more,
        **_words(),
    )


@bp.get("/tills")
@guards.requires(P.TILL_ENTER)
def index() -> Any:
    """The sessions of the counters that the reader may see."""
    return _list(desk.session_list, "sessions", P.TILL_ENTER)


@bp.get("/tills/devices")
@guards.requires(P.TILL_MANAGE)
def device_list() -> Any:
    """The devices, and the form for a new one."""
    return _devices()


def _devices(error: ShopError | None = None) -> Any:
    choices = [(str(p.id), p.name) for p in points.within(points.open_points(), guards.scopes(P.TILL_MANAGE))]
    page = _list(
        desk.device_list, "devices", choices=choices, v=request.form if error else {}, state_of=desk.device_state,
        errors=_errors(error), error_code=error.code if error else None,
    )  # fmt: skip
    return make_response(page, error.status) if error else page


def _errors(error: ShopError | None) -> dict[str, str]:
    return {error.field or "": gettext(error.title, **error.values)} if error else {}


@bp.post("/tills/devices")
@guards.requires(P.TILL_MANAGE)
def create() -> Any:
    """Make a device known."""
    raw = request.form.get("point", "")
    held = guards.scopes(P.TILL_MANAGE)
    allowed = {str(p.id) for p in points.within(points.open_points(), held)}
    try:
        if raw not in allowed:
            raise Invalid(N_("Hãy chọn điểm bán đang mở."), field="point")
        code = request.form.get("code", "").strip().upper()
        devices.create(guards.actor(), code, request.form.get("name", ""), int(raw))
    except ShopError as error:
        return _devices(error)
    flash(gettext("Đã thêm máy %(code)s. Hãy tạo mã ghi danh.", code=code), "ok")
    return redirect(web.path(f"{HERE}/devices/{code}"), 303)


@bp.get("/tills/shortages")
@guards.requires(P.TILL_MANAGE)
def shortage_list() -> Any:
    """What was sold beyond the books."""
    return _list(desk.shortage_list, "shortages")


@bp.get("/tills/refused")
@guards.requires(P.TILL_MANAGE)
def refused_list() -> Any:
    """What devices sent and the books refused."""
    return _list(desk.event_list, "refused")


@bp.get("/tills/odd")
@guards.requires(P.TILL_MANAGE)
def odd_list() -> Any:
    """Numbers jumped over, and what was taken in but looks odd."""
    return _list(desk.odd_list, "odd", words_of=desk.odd_words)


@bp.get("/tills/asks")
@guards.requires(P.TILL_ENTER)
def ask_list() -> Any:
    """What visitors asked for and did not get."""
    return _list(desk.ask_list, "asks", P.TILL_ENTER)


# --- one device --------------------------------------------------------------------------------------------------


def qr(content: str) -> str:
    """A QR code as an `<svg>` element."""
    out = io.BytesIO()
    segno.make_qr(content, error="m").save(
        out, kind="svg", border=2, scale=5, xmldecl=False, svgclass="qr", omitsize=False
    )
    return out.getvalue().decode()


@bp.get("/tills/devices/<code>")
@_manages(of_device)
def device(code: str) -> Any:
    """One device."""
    return _device_page(code)


def _device_page(code: str, made: devices.NewCode | None = None, error: ShopError | None = None) -> Any:
    found = desk.device(code)
    link = f"{request.url_root.rstrip('/').removesuffix('/en')}/till#code={made.code}" if made else ""
    page = render_template(
        "till/office/device.html",
        d=found,
        state="enrolled" if found.token_hash else "revoked" if found.revoked_at else "new",
        made=made,
        picture=qr(link) if made else "",
        errors=_errors(error),
        error_code=error.code if error else None,
        **_words(),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/tills/devices/<code>/enrol")
@_manages(of_device)
def enrol(code: str) -> Any:
    """Make an enrolment code; it is shown once, in the answer to this form."""
    found = desk.device(code)
    web.mark_private()
    return _device_page(code, devices.new_code(guards.actor(), found.id))


@bp.post("/tills/devices/<code>/revoke")
@_manages(of_device)
def revoke(code: str) -> Any:
    """Take a device's right away at once."""
    try:
        devices.revoke(guards.actor(), desk.device(code).id, request.form.get("reason", ""))
    except Invalid as error:
        return _device_page(code, error=error)
    flash(gettext("Đã thu hồi máy %(code)s.", code=code), "ok")
    return redirect(web.path(f"{HERE}/devices/{code}"), 303)


# --- one session -------------------------------------------------------------------------------------------------

_SEEN = guards.requires(P.TILL_ENTER, scope=of_session, name=_POINT_OF[of_session])


def _owner_names() -> dict[str, str]:
    return {SHOP: gettext("Cửa hàng"), **stock.owner_names()}


@bp.get("/tills/sessions/<int:session_id>")
@_SEEN
def session(session_id: int) -> Any:
    """The report of one session."""
    return _session_page(session_id)


def _session_page(session_id: int, error: ShopError | None = None) -> Any:
    found = reports.report(session_id)
    page = render_template(
        "till/office/session.html",
        r=found,
        owners=_owner_names(),
        may_count=guards.may(P.TILL_MANAGE, f"point:{found.session.point_id}"),
        v=request.form if error else {},
        errors=_errors(error),
        error_code=error.code if error else None,
        notes=papers.notes_of(found.last),
        **_words(),
    )
    return make_response(page, error.status if error else 200)


@bp.get("/tills/sessions/<int:session_id>/report.pdf")
@_SEEN
def report_pdf(session_id: int) -> Response:
    """The report as paper."""
    found = reports.report(session_id)
    web.mark_private()
    made = Response(papers.report(found, _owner_names()), mimetype="application/pdf")
    made.headers["Content-Disposition"] = f'inline; filename="ca-{found.session.device.code}-{session_id}.pdf"'
    return made


@bp.get("/tills/sessions/<int:session_id>/report.csv")
@_SEEN
def report_csv(session_id: int) -> Response:
    """Every receipt and return of the session as CSV."""
    found = reports.report(session_id)
    head = [
        gettext(x)
        for x in (N_("Phiếu"), N_("Việc"), N_("Lúc"), N_("Người đứng quầy"), N_("Cách trả"), N_("Tổng"), N_("Giảm giá"),
                  N_("Lý do"), N_("Sau khi đóng ca"))
    ]  # fmt: skip

    def lines() -> Iterator[list[Any]]:
        for s in found.sales:
            way = gettext(PAYMENT_METHOD_NAMES[PaymentMethod(s.method)])
            yield [
                s.number, gettext(N_("Bán hàng")), s.at, s.keeper, way, s.total_amount, s.discount_amount, s.discount_reason,
                s.late,
            ]  # fmt: skip
        for b in found.returns:
            yield [b.number, gettext(N_("Khách trả hàng")), b.at, b.keeper, "", -b.amount, 0, b.reason, b.late]
        for t in found.drawer:
            yield [
                "",
                gettext(N_("Thu, chi tiền mặt")),
                t.at,
                "",
                gettext(TENDER_NAMES[t.kind]),
                t.amount,
                0,
                t.reason,
                t.late,
            ]

    return tables.send_csv(f"ca-{found.session.device.code}-{session_id}", head, lines())


@bp.post("/tills/sessions/<int:session_id>/count")
@_manages(of_session)
def count(session_id: int) -> Any:
    """Count a drawer in the office: a device is lost, or somebody counted wrong."""
    try:
        try:
            amount = parse_vnd(request.form.get("counted_amount", ""))
        except Invalid as error:
            raise Invalid(error.title, field="counted_amount", **error.values) from error
        sessions.count_again(guards.actor(), session_id, amount, request.form.get("note", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _session_page(session_id, error)
    flash(gettext("Đã ghi lần đếm mới."), "ok")
    return redirect(web.path(f"{HERE}/sessions/{session_id}"), 303)


# --- one shortage ------------------------------------------------------------------------------------------------


@bp.get("/tills/shortages/<reference>")
@_manages(of_shortage)
def shortage(reference: str) -> Any:
    """What happened, who else has a claim, and how to settle it."""
    return _shortage_page(reference)


def _shortage_page(reference: str, error: ShopError | None = None) -> Any:
    row = desk.shortage(reference)
    page = render_template(
        "till/office/shortage.html",
        s=row,
        claims=desk.claims_on(row.point_id, row.variant_id),
        may_orders=guards.may(P.ORDER_READ),
        v=request.form if error else {},
        errors=_errors(error),
        error_code=error.code if error else None,
        **_words(),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/tills/shortages/<reference>/settle")
@_manages(of_shortage)
def settle(reference: str) -> Any:
    """A person decides."""
    try:
        shortages.settle(guards.actor(), reference, request.form.get("decision", ""), request.form.get("reason", ""))
    except (Invalid, ShortageSettled) as error:
        return _shortage_page(reference, error)
    flash(gettext("Đã xử lý khoản thiếu %(r)s.", r=reference), "ok")
    return redirect(web.path(f"{HERE}/shortages/{reference}"), 303)


# --- refused events, gaps, notices -------------------------------------------------------------------------------


@bp.get("/tills/refused/<int:event_id>")
@_manages(of_event)
def refused(event_id: int) -> Any:
    """A refused event with all that the device sent."""
    return _refused_page(event_id)


def _refused_page(event_id: int, error: ShopError | None = None) -> Any:
    found = desk.event(event_id)
    page = render_template(
        "till/office/refused_event.html",
        e=found,
        told=papers.told(found.body or {}),
        errors=_errors(error),
        error_code=error.code if error else None,
        v=request.form if error else {},
        **_words(),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/tills/refused/<int:event_id>/settle")
@_manages(of_event)
def settle_refused(event_id: int) -> Any:
    """A person has dealt with it otherwise."""
    try:
        steps.settle_event(guards.actor(), event_id, request.form.get("note", ""))
    except Invalid as error:
        return _refused_page(event_id, error)
    flash(gettext("Đã ghi cách xử lý."), "ok")
    return redirect(web.path(f"{HERE}/refused"), 303)


@bp.post("/tills/refused/<int:event_id>/take-in")
@_manages(of_event)
def take_in(event_id: int) -> Any:
    """Take a refused event in after all."""
    try:
        sync.take_in_by_hand(guards.actor(), event_id, request.form.get("note", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _refused_page(event_id, error)
    flash(gettext("Đã nhận vào sổ."), "ok")
    return redirect(web.path(f"{HERE}/refused"), 303)


@bp.post("/tills/odd/gap/<int:gap_id>")
@_manages(of_gap)
def close_gap(gap_id: int) -> Any:
    """A person knows why numbers are missing."""
    return _closed(steps.close_gap, gap_id)


@bp.post("/tills/odd/notice/<int:notice_id>")
@_manages(of_notice)
def close_notice(notice_id: int) -> Any:
    """A person has looked at a notice."""
    return _closed(steps.close_notice, notice_id)


def _closed(step: Callable[..., None], row_id: int) -> Any:
    try:
        step(guards.actor(), row_id, request.form.get("note", ""))
    except Invalid as error:
        flash(gettext(error.title, **error.values), "bad")
        return redirect(web.path(f"{HERE}/odd"), 303)
    flash(gettext("Đã ghi cách xử lý."), "ok")
    return redirect(web.path(f"{HERE}/odd"), 303)


# --- the reader's own PIN ----------------------------------------------------------------------------------------


@bp.get("/tills/pin")
@guards.requires(P.TILL_ENTER)
def pin() -> Any:
    """The form for one's own PIN."""
    return _pin_page()


def _pin_page(error: ShopError | None = None) -> Any:
    user_id = guards.actor().user_id
    known = database().get(KeeperPin, user_id) if user_id else None
    page = render_template(
        "till/office/pin.html", known=known, errors=_errors(error), error_code=error.code if error else None, **_words()
    )
    return make_response(page, error.status if error else 200)


@bp.post("/tills/pin")
@guards.requires(P.TILL_ENTER)
def set_pin() -> Any:
    """Set one's own PIN; devices learn of it with their next catalogue."""
    actor = guards.actor()
    try:
        if request.form.get("pin") != request.form.get("again"):
            raise Invalid(N_("Hai lần nhập không giống nhau."), field="again")
        devices.set_pin(actor, actor.user_id or 0, request.form.get("pin", ""))
    except ShopError as error:
        return _pin_page(error)
    flash(gettext("Đã đặt mã PIN. Máy bán hàng nhận mã mới ở lần liên lạc sau."), "ok")
    return redirect(web.path(f"{HERE}/pin"), 303)
