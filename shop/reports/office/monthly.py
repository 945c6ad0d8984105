"""`/office/reports`: a month of the province, a locality's report from draft to locked, and the rows behind its numbers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.cycle import localities
from shop.cycle.models.steps import STEP_NAMES
from shop.cycle.services import steps as cycle
from shop.kernel import clock, money, operations, rows, tables, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages
from shop.reports import rules
from shop.reports.figures import FIGURES, MAY_BE_PLANNED, MAY_DIFFER, MONEY, OWN, PARTS, TEXTS
from shop.reports.models import STATE_KINDS, STATE_NAMES, WRITABLE, ReportState, ReportVersion
from shop.reports.office import bp
from shop.reports.queries import monthly as queries
from shop.reports.services import monthly as services
from shop.reports.services.monthly import Said

P = Permission
HERE = "/office/reports"


@bp.get("/reports")
@guards.requires(P.REPORT_READ)
def index() -> Any:
    """To the last month that is over."""
    return redirect(web.path(f"{HERE}/{rules.spelt(rules.latest())}"))


@bp.get("/reports/<month>")
@guards.requires(P.REPORT_READ)
def month(month: str) -> Any:
    """The localities of a month that the reader may see: who has handed in, who is late."""
    of = queries.month_of(month)
    lines = queries.lines(of, guards.scopes(P.REPORT_READ))
    wanted = request.args.get("state", "")
    shown = [x for x in lines if _wanted(x, wanted)]
    if shown and len(lines) == 1 and not guards.may(P.REPORT_DECIDE):
        return redirect(web.path(f"{HERE}/{month}/{lines[0].locality.code}"))
    return render_template(
        "reports/office/month.html", here=HERE, of=of, month=month, lines=shown, all=lines, wanted=wanted,
        months=[(rules.spelt(m), m) for m in rules.months(clock.today())], names=STATE_NAMES, kinds=STATE_KINDS,
        due=rules.due_on(of), may_sum=guards.may(P.REPORT_DECIDE, "*"),
        counts={
            "in": sum(1 for x in lines if x.handed_in),
            "waiting": sum(1 for x in lines if x.state == ReportState.SUBMITTED),
            "locked": sum(1 for x in lines if x.state == ReportState.LOCKED),
            "late": sum(1 for x in lines if x.is_late),
        },
    )  # fmt: skip


def _wanted(line: queries.Line, state: str) -> bool:
    return {
        "": True, "in": line.handed_in, "waiting": line.state == ReportState.SUBMITTED,
        "locked": line.state == ReportState.LOCKED, "late": line.is_late,
    }.get(state, True)  # fmt: skip


def _number(key: str, value: int | None) -> str:
    figure = FIGURES.get(key) or OWN[key]
    if value is None:
        return "–"
    return money.vnd(value) if figure.kind == MONEY else f"{value:,}".replace(",", ".")


def _typed(row: Any, counted: dict[str, int]) -> dict[str, str]:
    """The fields of the form as they were saved; before that with the jobs that producers told of."""
    said = (row.said if row is not None else {}) or {"figures": {"jobs": counted.get("told.jobs")}}
    found = {key: said.get("texts", {}).get(key, "") for key in TEXTS}
    for key in OWN:
        value = said.get("figures", {}).get(key)
        found[key] = "" if value is None else f"{value:,}".replace(",", ".")
    for key in MAY_DIFFER:
        other = said.get("differs", {}).get(key)
        found[f"differs_{key}"] = "" if other is None else str(other["value"])
        found[f"why_{key}"] = "" if other is None else other["why"]
    return found


def _whole(field: str) -> int | None:
    raw = request.form.get(field, "").strip()
    if not raw:
        return None
    try:
        return money.parse_vnd(raw, high=services.LARGEST)
    except Invalid:
        raise Invalid(N_("Hãy ghi một số nguyên từ 0 trở lên."), field=field) from None


def _said() -> Said:
    """What the form holds.

    Raises:
        Invalid: a number that is none; a reason without a number.
    """
    own = {key: value for key in OWN if (value := _whole(key)) is not None}
    differs = {}
    for key in MAY_DIFFER:
        value, why = _whole(f"differs_{key}"), request.form.get(f"why_{key}", "").strip()
        if value is not None:
            differs[key] = (value, why)
        elif why:
            raise Invalid(N_("Hãy ghi số của địa phương, hoặc xóa lý do."), field=f"differs_{key}")
    return Said({key: request.form.get(key, "") for key in TEXTS}, own, differs)


def _seen(name: str = "seen") -> int:
    raw = request.form.get(name, "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else 0


def _page(code: str, of: date, error: ShopError | None = None, part: str = "") -> Any:
    here, row = queries.locality(code, of), queries.find(code, of)
    chosen = _chosen(row, request.args.get("v", ""))
    content = chosen.content if chosen is not None else None
    writable = (row is None or row.state in WRITABLE) and guards.may(P.REPORT_WRITE, here.scope)
    if content is None and row is not None and row.state not in WRITABLE:
        chosen = queries.version(row.id, row.version)
        content = chosen.content
    live = content is None
    if content is None:
        content = queries.content(code, of, row.said if row is not None else {})
    compared = queries.compared(code, content["figures"], queries.beside(of))
    alone = len(queries.lines(of, guards.scopes(P.REPORT_READ))) == 1 and not guards.may(P.REPORT_DECIDE)
    page = render_template(
        "reports/office/report.html", here=HERE, of=of, month=rules.spelt(of), place=here, row=row, c=content,
        as_of=datetime.fromisoformat(content["as_of"]), version=chosen, live=live,
        address=web.path(f"{HERE}/{rules.spelt(of)}/{code}"), parts=PARTS, figures=FIGURES, own=OWN, texts=TEXTS,
        differs=MAY_DIFFER, compared=compared, number=_number, names=STATE_NAMES, kinds=STATE_KINDS, steps=STEP_NAMES,
        due=row.due_on if row else rules.due_on(of), writable=writable and chosen is None, over=rules.latest() >= of,
        versions=queries.versions(row.id) if row else [], history=queries.history(row.id) if row else [],
        v=request.form if part == "form" else _typed(row, content["figures"]), part=part, d=request.form,
        may_decide=row is not None and row.state is ReportState.SUBMITTED and guards.may(P.REPORT_DECIDE, "*"),
        may_correct=row is not None and row.state is ReportState.LOCKED and chosen is not None
        and chosen.number == row.version
        and (guards.may(P.REPORT_WRITE, here.scope) or guards.may(P.REPORT_DECIDE, "*")),
        may_block=guards.may(P.CYCLE_EDIT, here.scope), may_plan=guards.may(P.REPORT_DECIDE, "*"),
        alone=alone, months=[(rules.spelt(m), m) for m in _months(code)],
        op_key=operations.new_key(), errors=messages(error), error_code=error.code if error else None,
    )  # fmt: skip
    return make_response(page, error.status if error else 200)


def _months(code: str) -> list[date]:
    """The running month and the year before it, as far back as the locality was there: an officer who sees one locality only
    has no list of the province to go to another month from."""
    return [m for m in rules.months(clock.today()) if localities.find(code, queries.last_day(m)) is not None]


def _chosen(row: Any, raw: str) -> ReportVersion | None:
    if not raw:
        return None
    if row is None or not raw.isascii() or not raw.isdigit() or len(raw) > 6:
        raise NotFound
    return queries.version(row.id, int(raw))


@bp.get("/reports/<month>/<code>")
@guards.requires(P.REPORT_READ, scope=queries.scope_of, name="locality")
def report(month: str, code: str) -> Any:
    """A locality's report: the figures of now with the form while it is written, else its last version (`v`: another)."""
    return _page(code, queries.month_of(month))


@bp.post("/reports/<month>/<code>")
@guards.requires(P.REPORT_WRITE, scope=queries.scope_of, name="locality")
def save_report(month: str, code: str) -> Any:
    """Keep what was written; `do=submit` hands it in."""
    of = queries.month_of(month)
    try:
        said = _said()
        if request.form.get("do") == "submit":
            number = services.submit(guards.actor(), code, of, said, request.form.get("why", ""), seen=_seen())
            flash(gettext("Đã nộp báo cáo, bản %(n)s.", n=number), "ok")
        else:
            services.save(guards.actor(), code, of, said, seen=_seen())
            flash(gettext("Đã lưu nháp."), "ok")
    except NotFound:
        raise
    except ShopError as error:
        return _page(code, of, error, "form")
    return redirect(web.path(f"{HERE}/{month}/{code}"), 303)


@bp.post("/reports/<month>/<code>/return")
@guards.requires_all(P.REPORT_DECIDE)
def return_report(month: str, code: str) -> Any:
    """Return it with a reason."""
    of = queries.month_of(month)
    queries.locality(code, of)
    try:
        services.give_back(guards.actor(), code, of, request.form.get("reason", ""), seen=_seen())
    except NotFound:
        raise
    except ShopError as error:
        return _page(code, of, error, "return")
    flash(gettext("Đã trả lại báo cáo cho địa phương."), "ok")
    return redirect(web.path(f"{HERE}/{month}/{code}"), 303)


@bp.post("/reports/<month>/<code>/lock")
@guards.requires_all(P.REPORT_DECIDE)
def lock_report(month: str, code: str) -> Any:
    """Lock the version that was read."""
    of = queries.month_of(month)
    queries.locality(code, of)
    try:
        services.lock(guards.actor(), code, of, seen=_seen())
    except NotFound:
        raise
    except ShopError as error:
        return _page(code, of, error, "lock")
    flash(gettext("Đã chốt báo cáo."), "ok")
    return redirect(web.path(f"{HERE}/{month}/{code}"), 303)


def _corrector(month: str, code: str) -> str | None:
    """A guard's scope: the locality, for its officers and the province alike."""
    return queries.scope_of(month, code)


@bp.post("/reports/<month>/<code>/correct")
@guards.requires(P.REPORT_READ, scope=_corrector, name="locality")
def correct_report(month: str, code: str) -> Any:
    """Open a locked report to put it right."""
    of = queries.month_of(month)
    here = queries.locality(code, of)
    if not (guards.may(P.REPORT_WRITE, here.scope) or guards.may(P.REPORT_DECIDE, "*")):
        raise NotFound
    try:
        services.correct(guards.actor(), code, of, request.form.get("reason", ""), seen=_seen())
    except NotFound:
        raise
    except ShopError as error:
        return _page(code, of, error, "correct")
    flash(gettext("Đã mở báo cáo để đính chính. Bản đã chốt vẫn giữ nguyên cho đến khi chốt bản mới."), "ok")
    return redirect(web.path(f"{HERE}/{month}/{code}"), 303)


@bp.post("/reports/<month>/<code>/blockers")
@guards.requires(P.CYCLE_EDIT, scope=queries.scope_of, name="locality")
def add_blocker(month: str, code: str) -> Any:
    """Write down what blocks, from within the report."""
    of = queries.month_of(month)
    try:
        cycle.open_blocker(
            guards.actor(), code, _seen("step"), request.form.get("what", ""), request.form.get("support"),
            request.form.get("op_key", ""),
        )  # fmt: skip
    except NotFound:
        raise
    except ShopError as error:
        return _page(code, of, error, "blocker")
    flash(gettext("Đã ghi vướng mắc."), "ok")
    return redirect(web.path(f"{HERE}/{month}/{code}") + "#vuong-mac", 303)


ROWS = tables.Table(
    name="dong-bao-cao",
    columns=[
        tables.Column("name", N_("Tên"), sort=(rows.Key(lambda r: r[0].casefold()),), value=lambda r: r[0]),
        tables.Column("place", N_("Địa phương"), sort=(rows.Key(lambda r: r[4]),), value=lambda r: r[4]),
        tables.Column("value", N_("Tính vào số"), "num", sort=(rows.Key(lambda r: r[2]),), value=lambda r: r[2]),
        tables.Column("note", N_("Ghi chú"), value=lambda r: r[3]),
    ],
    order="-value",
    tie=rows.Key(lambda r: r[0]),
    search=lambda q: lambda r: q.casefold() in f"{r[0]} {r[3]} {r[4]}".casefold(),
)


@bp.get("/reports/<month>/<code>/rows")
@guards.requires(P.REPORT_READ, scope=queries.scope_of, name="locality")
def report_rows(month: str, code: str) -> Any:
    """What a figure (`f`) is made of, now or in a version (`v`)."""
    of = queries.month_of(month)
    here, row = queries.locality(code, of), queries.find(code, of)
    key = request.args.get("f", "producers")
    if key not in FIGURES:
        raise NotFound
    chosen = _chosen(row, request.args.get("v", ""))
    content = chosen.content if chosen is not None else queries.content(code, of, {})
    found = [[*line, here.name] for line in content["rows"].get(key, [])]
    view = rows.open_rows(ROWS, request.args, f"{HERE}/{month}/{code}/rows", found, keep=("f", "v"))
    if view.export:
        return view.download()
    return render_template(
        "reports/office/rows.html", here=HERE, view=view, figure=FIGURES[key], value=content["figures"].get(key),
        number=_number, version=chosen, title=f"{here.name}, {rules.spelt(of)}",
        back=web.path(f"{HERE}/{month}/{code}") + (f"?v={chosen.number}" if chosen else ""),
    )  # fmt: skip


@bp.post("/reports/<month>/<code>/plan")
@guards.requires_all(P.REPORT_DECIDE)
def set_plan(month: str, code: str) -> Any:
    """Set the year's plan of a locality."""
    of = queries.month_of(month)
    queries.locality(code, of)
    try:
        wanted = {key: _whole(f"plan_{key}") for key in MAY_BE_PLANNED}
        services.plan(guards.actor(), of.year, code, wanted, request.form.get("decision", "").strip()[:80] or None)
    except ShopError as error:
        return _page(code, of, error, "plan")
    flash(gettext("Đã ghi kế hoạch năm %(year)s.", year=of.year), "ok")
    return redirect(web.path(f"{HERE}/{month}/{code}"), 303)
