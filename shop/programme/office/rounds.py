"""`/office/rounds`, `/office/councils`: the programme office opens rounds, sets up councils, plans what they hear."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import clock, operations, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages
from shop.programme import dossier_pages, minutes, pen
from shop.programme.models.councils import SEAT_NAMES, SESSION_STATE_NAMES, Council, Seat
from shop.programme.models.dossiers import Round, RoundLevel
from shop.programme.office import bp
from shop.programme.queries import councils as council_queries
from shop.programme.queries import dossiers as dossier_queries
from shop.programme.queries import rounds as queries
from shop.programme.services import councils, rounds

HERE = "/office/rounds"
COUNCILS = "/office/councils"
P = Permission
SESSION_KINDS = {"planned": "", "open": "warn", "closed": "ok"}


def _coming(level: RoundLevel, today: date) -> tuple[date, date]:
    """The next cut-off and last day of art. 5 of the decision: the province's before 30 April and 30 October, over before
    30 June and 30 December; the ministry's before 30 July and 30 January, over before 30 September and 30 March."""
    ends = {RoundLevel.PROVINCE: ((4, 6), (10, 12)), RoundLevel.MINISTRY: ((1, 3), (7, 9))}[level]
    found = [(date(y, a, 29), date(y, b, 29)) for y in (today.year, today.year + 1) for a, b in ends]
    return next(pair for pair in found if pair[0] >= today)


@bp.get("/rounds")
@guards.requires_all(P.ROUND_EDIT)
def rounds_index() -> Any:
    """All rounds, and how many dossiers wait for one."""
    view = queries.ROUNDS.open(request.args, HERE, queries.round_rows(), make=lambda row: queries.RoundRow(*tuple(row)))
    if view.export:
        return view.download()
    return render_template(
        "programme/office/rounds.html", here=HERE, view=view, waiting=queries.waiting(), **dossier_pages.NAMES
    )


def _new_page(error: ShopError | None = None) -> Any:
    today = clock.today()
    level = RoundLevel.MINISTRY if request.values.get("level") == "ministry" else RoundLevel.PROVINCE
    cut_off, ends_on = _coming(level, today)
    shown = request.form or {
        "level": level.value, "year": str(cut_off.year), "cut_off": cut_off.isoformat(), "ends_on": ends_on.isoformat(),
    }  # fmt: skip
    page = render_template(
        "programme/office/round_new.html",
        here=HERE,
        v=shown,
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=operations.new_key() if error is None else request.form.get("op_key", ""),
        **dossier_pages.NAMES,
    )
    return make_response(page, error.status if error else 200)


@bp.route("/rounds/new", methods=["GET", "POST"])
@guards.requires_all(P.ROUND_EDIT)
def round_new() -> Any:
    """Open a round."""
    if request.method == "GET":
        return _new_page()
    try:
        level = next((x for x in RoundLevel if x.value == pen.line("level", 20)), None)
        if level is None:
            raise Invalid(N_("Hãy chọn cấp."), field="level")
        code = rounds.open_round(
            guards.actor(), level, pen.number("year"), pen.needed_day("cut_off"), pen.needed_day("ends_on"),
            pen.line("op_key", 80),
        )  # fmt: skip
    except ShopError as error:
        return _new_page(error)
    flash(gettext("Đã mở đợt %(code)s.", code=code), "ok")
    return redirect(web.path(f"{HERE}/{code}"), 303)


def _round_page(row: Round, error: ShopError | None = None, part: str = "") -> Any:
    view = dossier_queries.DOSSIERS.open(
        request.args,
        f"{HERE}/{row.code}",
        dossier_queries.round_rows(row),
        make=lambda r: dossier_queries.DossierRow(*tuple(r)),
    )
    if view.export:
        return view.download()
    page = render_template(
        "programme/office/round.html",
        here=HERE,
        councils_at=COUNCILS,
        row=row,
        address=web.path(f"{HERE}/{row.code}"),
        view=view,
        councils=council_queries.of_round(row.id),
        over=row.cut_off < clock.today(),
        late=row.closed_at is None and row.ends_on < clock.today(),
        v=request.form,
        part=part,
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=operations.new_key() if error is None else request.form.get("op_key", ""),
        **dossier_pages.NAMES,
    )
    return make_response(page, error.status if error else 200)


@bp.get("/rounds/<code>")
@guards.requires_all(P.ROUND_EDIT)
def round_page(code: str) -> Any:
    """One round: its dossiers and councils."""
    return _round_page(queries.by_code(code))


@bp.post("/rounds/<code>/close")
@guards.requires_all(P.ROUND_EDIT)
def round_close(code: str) -> Any:
    """Close it; what was not heard waits for the next one."""
    row = queries.by_code(code)
    try:
        left = rounds.close_round(guards.actor(), row.id)
    except ShopError as error:
        return _round_page(queries.by_code(code), error)
    flash(gettext("Đã khép đợt. %(n)s hồ sơ chưa chấm chờ đợt sau.", n=left), "ok")
    return redirect(web.path(f"{HERE}/{code}"), 303)


@bp.post("/rounds/<code>/councils")
@guards.requires_all(P.ROUND_EDIT)
def council_new(code: str) -> Any:
    """Set up a council for it."""
    row = queries.by_code(code)
    try:
        made = councils.create(
            guards.actor(), row.id, pen.line("name"), pen.line("decision_number", 80), pen.needed_day("decided_on"),
            pen.line("op_key", 80),
        )  # fmt: skip
    except NotFound:
        raise
    except ShopError as error:
        return _round_page(queries.by_code(code), error, "council")
    flash(gettext("Đã lập hội đồng. Hãy thêm chủ tịch, ủy viên và thư ký."), "ok")
    return redirect(web.path(f"{COUNCILS}/{made}"), 303)


# --- a council ---------------------------------------------------------------------------------------------------


def _council_page(council: Council, error: ShopError | None = None, part: str = "") -> Any:
    meetings = council_queries.sessions_of([council.id])
    page = render_template(
        "programme/office/council.html",
        here=HERE,
        council=council,
        address=web.path(f"{COUNCILS}/{council.id}"),
        round=council_queries.round_by_id(council.round_id),
        seats=councils.seats_of(council.id),
        seat_names=SEAT_NAMES,
        meetings=[(m, council_queries.items(m.id)) for m in meetings],
        session_names=SESSION_STATE_NAMES,
        session_kinds=SESSION_KINDS,
        candidates=[(d, dossier_queries.named(d)) for d in councils.candidates(council)],
        v=request.form,
        part=part,
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=operations.new_key() if error is None else request.form.get("op_key", ""),
        **dossier_pages.NAMES,
    )
    return make_response(page, error.status if error else 200)


@bp.get("/councils/<int:council_id>")
@guards.requires_all(P.ROUND_EDIT)
def council(council_id: int) -> Any:
    """One council: seats, sessions, what it may hear."""
    return _council_page(council_queries.by_id(council_id))


@bp.post("/councils/<int:council_id>/seats")
@guards.requires_all(P.ROUND_EDIT)
def council_seat(council_id: int) -> Any:
    """Give somebody a seat, or take it back."""
    found, actor = council_queries.by_id(council_id), guards.actor()
    try:
        if leaving := pen.number("leaving"):
            if all(m.id != leaving for m in councils.seats_of(found.id)):
                raise NotFound
            councils.unseat(actor, leaving)
            flash(gettext("Đã bỏ khỏi hội đồng."), "ok")
        else:
            place = next((x for x in Seat if x.value == pen.line("seat", 20)), None)
            if place is None:
                raise Invalid(N_("Hãy chọn vị trí."), field="seat")
            councils.seat(actor, found.id, pen.line("username"), place, pen.line("office_held"))
            flash(gettext("Đã thêm vào hội đồng."), "ok")
    except NotFound:
        raise
    except ShopError as error:
        return _council_page(found, error, "seat")
    return redirect(web.path(f"{COUNCILS}/{council_id}"), 303)


@bp.post("/councils/<int:council_id>/sessions")
@guards.requires_all(P.ROUND_EDIT)
def council_plan(council_id: int) -> Any:
    """Plan a session."""
    found = council_queries.by_id(council_id)
    try:
        councils.plan_session(
            guards.actor(), found.id, pen.needed_day("held_on"), pen.line("place"), pen.line("op_key", 80)
        )
    except NotFound:
        raise
    except ShopError as error:
        return _council_page(found, error, "session")
    flash(gettext("Đã lên lịch phiên họp. Hãy chọn hồ sơ đưa ra hội đồng."), "ok")
    return redirect(web.path(f"{COUNCILS}/{council_id}"), 303)


@bp.post("/councils/<int:council_id>/sessions/<int:session_id>/<any(hear,unhear,open):act>")
@guards.requires_all(P.ROUND_EDIT)
def council_session_act(council_id: int, session_id: int, act: str) -> Any:
    """Put dossiers before a session, take one off, open it."""
    meeting, actor = council_queries.session_of(council_id, session_id), guards.actor()
    try:
        if act == "hear":
            chosen = [int(raw) for raw in request.form.getlist("dossier") if raw.isdigit() and len(raw) < 19]
            if not chosen:
                raise Invalid(N_("Hãy chọn ít nhất một hồ sơ."))
            for dossier_id in sorted(set(chosen)):
                councils.hear(actor, meeting.id, dossier_id)
            flash(gettext("Đã đưa %(n)s hồ sơ ra hội đồng.", n=len(set(chosen))), "ok")
        elif act == "unhear":
            hearing_id = pen.number("hearing")
            if all(i.hearing.id != hearing_id for i in council_queries.items(meeting.id)):
                raise NotFound
            councils.unhear(actor, hearing_id)
            flash(gettext("Đã bỏ hồ sơ khỏi phiên."), "ok")
        else:
            councils.open_session(actor, meeting.id)
            flash(gettext("Đã mở phiên: thành viên chấm được ngay."), "ok")
    except NotFound:
        raise
    except ShopError as error:
        return _council_page(council_queries.by_id(council_id), error, f"session-{session_id}")
    return redirect(web.path(f"{COUNCILS}/{council_id}") + f"#phien-{meeting.number}", 303)


@bp.get("/councils/<int:council_id>/sessions/<int:session_id>/minutes.pdf")
@guards.requires_all(P.ROUND_EDIT)
def council_minutes(council_id: int, session_id: int) -> Response:
    """The minutes of a closed session."""
    return minutes.answer(council_queries.by_id(council_id), council_queries.session_of(council_id, session_id))
