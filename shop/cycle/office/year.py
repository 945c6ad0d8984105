"""`/office/cycle`: the board of a year by locality and step, one locality's six steps, its boards and helper teams."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.cycle import calendar, forms, localities
from shop.cycle.calendar import Span
from shop.cycle.models.steps import BOARD_NAMES, STATUS_KINDS, STATUS_NAMES, STEP_NAMES, BoardKind, StepStatus
from shop.cycle.office import bp
from shop.cycle.queries import steps as queries
from shop.cycle.services import steps as services
from shop.cycle.services.steps import Seat, Word
from shop.kernel import clock, operations, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import day, messages

P = Permission
HERE = "/office/cycle"
MOST_SEATS = 12


@bp.get("/cycle")
@guards.requires(P.CYCLE_READ)
def cycle() -> Any:
    """To the present year, though the next one be open already; before there is one, an empty page with the way to open it."""
    year = queries.present()
    if year is not None:
        return redirect(web.path(f"{HERE}/{year}"))
    return render_template("cycle/office/empty.html", here=HERE, may_open=guards.may(P.CYCLE_DECIDE, "*"))


@bp.get("/cycle/<int:year>")
@guards.requires(P.CYCLE_READ)
def year_board(year: int) -> Any:
    """A year: its calendar, and how each locality that the reader may see stands in each step."""
    found = queries.steps(year)
    rows = queries.board(year, guards.scopes(P.CYCLE_READ))
    return render_template(
        "cycle/office/board.html", here=HERE, year=year, years=queries.years(), spans=found, rows=rows, steps=STEP_NAMES,
        names=STATUS_NAMES, kinds=STATUS_KINDS, next_year=queries.years()[0] + 1,
        may_open=guards.may(P.CYCLE_DECIDE, "*") and queries.years()[0] <= clock.today().year,
        counts=[
            {status: sum(1 for r in rows for w in (r.words[n],) if (w.status if w else StepStatus.WAITING) is status)
             for status in StepStatus}
            for n in range(len(found))
        ],
        boards=sum(r.has_board for r in rows), helpers=sum(r.has_helpers for r in rows),
    )  # fmt: skip


def _open_page(error: ShopError | None = None) -> Any:
    known = queries.years()
    wanted = request.values.get("year", "")
    year = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) == 4 else 0
    year = year or (known[0] + 1 if known else clock.today().year)
    offered = calendar.offered(min(max(year, 2014), 2100))
    typed = request.form or {
        "source": calendar.SOURCE,
        **{f"from_{s.number}": s.from_on.isoformat() for s in offered},
        **{f"to_{s.number}": s.to_on.isoformat() for s in offered},
        **{f"peak_{s.number}": s.peak for s in offered},
    }
    page = render_template(
        "cycle/office/open.html", here=HERE, year=year, steps=STEP_NAMES, v=typed, errors=messages(error),
        error_code=error.code if error else None,
    )  # fmt: skip
    return make_response(page, error.status if error else 200)


@bp.get("/cycle/open")
@guards.requires_all(P.CYCLE_DECIDE)
def open_form() -> Any:
    """The calendar that a new year is offered."""
    return _open_page()


@bp.post("/cycle/open")
@guards.requires_all(P.CYCLE_DECIDE)
def open_year() -> Any:
    """Open a year; what was unfinished goes on in it."""
    try:
        raw = request.form.get("year", "")
        year = int(raw) if raw.isascii() and raw.isdigit() and len(raw) == 4 else 0
        spans = []
        for number in STEP_NAMES:
            first, last = (day(request.form.get(f"{w}_{number}", ""), f"{w}_{number}") for w in ("from", "to"))
            if first is None or last is None:
                raise Invalid(
                    N_("Hãy ghi đủ ngày của bước này."), field=f"from_{number}" if first is None else f"to_{number}"
                )
            spans.append(Span(number, first, last, request.form.get(f"peak_{number}", "")[:255]))
        carried = services.open_year(guards.actor(), year, spans, request.form.get("source", "").strip()[:500] or None)
    except ShopError as error:
        return _open_page(error)
    flash(gettext("Đã mở năm %(year)s; %(n)s việc chưa xong của năm trước được mang sang.", year=year, n=carried), "ok")
    return redirect(web.path(f"{HERE}/{year}"), 303)


def _page(year: int, code: str, error: ShopError | None = None, part: str = "") -> Any:
    spans = queries.steps(year)
    here = localities.find(code, queries.day_of(year))
    if here is None:
        raise NotFound
    page = render_template(
        "cycle/office/locality.html", here=HERE, year=year, place=here, spans=spans, words=queries.standing(year, code),
        history=queries.words_of(year, code), steps=STEP_NAMES, names=STATUS_NAMES, kinds=STATUS_KINDS, part=part,
        blockers=queries.blockers(code, spans[0].from_on, queries.day_of(year)), boards=queries.boards(code),
        board_names=BOARD_NAMES, address=web.path(f"{HERE}/{year}/{code}"), d=request.form, op_key=operations.new_key(),
        may_edit=guards.may(P.CYCLE_EDIT, here.scope), errors=messages(error), error_code=error.code if error else None,
    )  # fmt: skip
    return make_response(page, error.status if error else 200)


@bp.get("/cycle/<int:year>/<code>")
@guards.requires(P.CYCLE_READ, scope=queries.locality_scope, name="locality")
def locality_year(year: int, code: str) -> Any:
    """A locality's six steps of a year, what blocks, its boards."""
    return _page(year, code)


def _id(raw: str) -> int:
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 15 else 0


def _text(field: str, longest: int) -> str | None:
    return request.form.get(field, "").strip()[:longest] or None


@bp.post("/cycle/<int:year>/<code>/steps/<int:step>")
@guards.requires(P.CYCLE_EDIT, scope=queries.locality_scope, name="locality")
def say_step(year: int, code: str, step: int) -> Any:
    """Say how the locality stands in a step."""
    seen = request.form.get("seen", "")
    try:
        status = next((s for s in StepStatus if s.value == request.form.get("status")), None)
        if status is None:
            raise Invalid(N_("Hãy chọn tình trạng."), field="status")
        word = Word(
            status, day(request.form.get("started_on", ""), "started_on"),
            day(request.form.get("finished_on", ""), "finished_on"),
            _text("office", 255), forms.whole(request.form, "figure"), _text("figure_of", 80), _text("note", 2000),
        )  # fmt: skip
        services.say(
            guards.actor(),
            year,
            code,
            step,
            word,
            seen=_id(seen),
        )
    except NotFound:
        raise
    except ShopError as error:
        return _page(year, code, error, f"step-{step}")
    flash(gettext("Đã ghi."), "ok")
    return redirect(web.path(f"{HERE}/{year}/{code}") + f"#buoc-{step}", 303)


@bp.post("/cycle/<int:year>/<code>/blockers")
@guards.requires(P.CYCLE_EDIT, scope=queries.locality_scope, name="locality")
def block_step(year: int, code: str) -> Any:
    """Write down what blocks."""
    raw = request.form.get("step", "")
    try:
        services.open_blocker(
            guards.actor(), code, int(raw) if raw in {"1", "2", "3", "4", "5", "6"} else 0, request.form.get("what", ""),
            request.form.get("support"), request.form.get("op_key", ""),
        )  # fmt: skip
    except ShopError as error:
        return _page(year, code, error, "blocker")
    flash(gettext("Đã ghi vướng mắc."), "ok")
    return redirect(web.path(f"{HERE}/{year}/{code}") + "#vuong-mac", 303)


@bp.get("/cycle/localities/<code>")
@guards.requires(P.CYCLE_READ, scope=queries.locality_scope, name="locality")
def locality_boards(code: str) -> Any:
    """A locality's boards: on the page of the present year."""
    year = queries.present()
    if year is None:
        raise NotFound
    return _page(year, code)


def _seats() -> list[Seat]:
    found = []
    for n in range(MOST_SEATS):
        office, part = _text(f"office_{n}", 255), _text(f"part_{n}", 80)
        if office and not part:
            raise Invalid(N_("Hãy ghi vai trò trong ban."), field=f"part_{n}")
        if part and not office:
            raise Invalid(N_("Hãy ghi chức vụ."), field=f"office_{n}")
        if office and part:
            found.append(Seat(office, part, _text(f"name_{n}", 255)))
    return found


@bp.post("/cycle/<int:year>/<code>/boards")
@guards.requires(P.CYCLE_EDIT, scope=queries.locality_scope, name="locality")
def set_up_board(year: int, code: str) -> Any:
    """A board or helper team is set up by a decision."""
    try:
        kind = next((k for k in BoardKind if k.value == request.form.get("kind")), None)
        on = day(request.form.get("set_up_on", ""), "set_up_on")
        if kind is None:
            raise Invalid(N_("Hãy chọn ban hay tổ."), field="kind")
        if on is None:
            raise Invalid(N_("Hãy ghi ngày quyết định."), field="set_up_on")
        services.set_up_board(
            guards.actor(),
            code,
            kind,
            on,
            request.form.get("decision_number", "")[:80],
            _seats(),
            request.form.get("op_key", ""),
        )
    except ShopError as error:
        return _page(year, code, error, "board")
    flash(gettext("Đã ghi."), "ok")
    return redirect(web.path(f"{HERE}/{year}/{code}") + "#ban", 303)


@bp.post("/cycle/boards/<reference>/end")
@guards.requires(P.CYCLE_EDIT, scope=queries.board_scope, name="locality")
def end_board(reference: str) -> Any:
    """A board or helper team is there no more."""
    row = queries.board_by(reference)
    year = queries.present()
    try:
        on = day(request.form.get("ended_on", ""), "ended_on")
        if on is None:
            raise Invalid(N_("Hãy ghi ngày kết thúc."), field="ended_on")
        services.end_board(guards.actor(), reference, on)
    except NotFound:
        raise
    except ShopError as error:
        if year is None:
            raise
        return _page(year, row.locality_code, error, f"end-{reference}")
    flash(gettext("Đã ghi."), "ok")
    return redirect(web.path(f"{HERE}/localities/{row.locality_code}"), 303)
