"""`/office/ntm`: new-rural communes by year, one commune with its criteria, what blocks, what sources say."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import charts, clock, operations, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages
from shop.places import queries as places
from shop.places.models import HOME_PROVINCE
from shop.programme import ntm
from shop.programme.models.ntm import NTM_NAMES, STATUS_NAMES, NtmRecord, NtmState, NtmStatus
from shop.programme.office import bp
from shop.programme.queries import ntm as queries
from shop.programme.services import ntm as services

HERE = "/office/ntm"
P = Permission
STATE_KINDS = {NtmState.REGISTERED: "info", NtmState.RECOGNISED: "ok", NtmState.WITHDRAWN: ""}
STATUS_KINDS = {
    NtmStatus.PASSED: "ok", NtmStatus.FAILED: "bad", NtmStatus.NOT_ASSESSED: "", NtmStatus.WITHDRAWN: "info",
}  # fmt: skip


def _field(name: str, limit: int) -> str:
    return request.form.get(name, "").strip()[:limit]


def _day(name: str) -> Any:
    """The day of a field; None if it is empty.

    Raises:
        Invalid: it is no day.
    """
    raw = _field(name, 20)
    day = clock.read_day(raw) if raw else None
    if raw and day is None:
        raise Invalid(N_("Ngày này không đọc được."), field=name)
    return day


def _group() -> int | None:
    """The chosen group; None: not known."""
    raw = _field("group", 3)
    return int(raw) if raw.isdigit() and int(raw) else None


@bp.get("/ntm")
@guards.requires(P.NTM_READ)
def ntm_index() -> Any:
    """The present year."""
    return _year_page(clock.today().year)


@bp.get("/ntm/<int:year>")
@guards.requires(P.NTM_READ)
def ntm_year(year: int) -> Any:
    """A year: communes by state, what blocks, the list, and what sources say."""
    return _year_page(year)


def _year_page(year: int) -> Any:
    if not 2009 <= year <= 2100:
        raise NotFound
    scopes = guards.scopes(P.NTM_READ)
    total = len(queries.criteria(year))
    view = queries.communes_table(year).open(
        request.args, f"{HERE}/{year}", queries.commune_rows(year, scopes),
        make=lambda row: queries.CommuneRow(*(*tuple(row), total)),
    )  # fmt: skip
    if view.export:
        return view.download()
    page, (years, further) = queries.year_page(year, scopes), queries.years(clock.today())
    return render_template(
        "programme/office/ntm.html",
        here=HERE,
        year=year,
        years=years if year in years else sorted({*years, year}, reverse=True),
        further=[y for y in further if y != year],
        view=view,
        page=page,
        known=total > 0,
        concerned=bool(view.rows) or queries.concerns(scopes, min(clock.today(), date(year, 12, 31))),
        total=total,
        columns={c.key for c in view.table.columns},
        ranks=charts.ranks([(f"{number}. {name}", n) for number, name, n in page.blockers]),
        states=NTM_NAMES,
        kinds=STATE_KINDS,
        subjects=ntm.SUBJECT_NAMES,
        may_register=guards.may(P.NTM_REGISTER, "*"),
    )


def _register_page(year: int, error: ShopError | None = None) -> Any:
    if not queries.criteria(year):
        raise NotFound
    day = min(clock.today(), date(year, 12, 31))
    communes = [
        (u.code, places.display(u.code, day)) for u in places.communes(HOME_PROVINCE, day) if ntm.may_aim(u.type)
    ]
    page = render_template(
        "programme/office/ntm_new.html",
        here=HERE,
        year=year,
        communes=communes,
        groups=queries.groups(year),
        v=request.form,
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=operations.new_key() if error is None else request.form.get("op_key", ""),
    )
    return make_response(page, error.status if error else 200)


@bp.route("/ntm/<int:year>/register", methods=["GET", "POST"])
@guards.requires_all(P.NTM_REGISTER)
def ntm_register(year: int) -> Any:
    """A commune aims at this year."""
    if request.method == "GET":
        return _register_page(year)
    try:
        code = services.register(
            guards.actor(), _field("commune", 20), year, _day("registered_on"), _field("op_key", 80),
            group=_group(), source_url=_field("source_url", 500) or None,
        )  # fmt: skip
    except ShopError as error:
        return _register_page(year, error)
    flash(gettext("Đã ghi xã đăng ký."), "ok")
    return redirect(web.path(f"{HERE}/{year}/{code}"), 303)


def _commune_page(row: NtmRecord, error: ShopError | None = None, part: str = "") -> Any:
    found = queries.standing(row)
    page = render_template(
        "programme/office/ntm_commune.html",
        here=HERE,
        row=row,
        address=web.path(f"{HERE}/{row.target_year}/{row.commune_code}"),
        standing=found,
        passed=sum(ntm.counts(c.status) for c in found),
        period=queries.period(row.target_year),
        groups=queries.groups(row.target_year),
        group=next((g for g in queries.groups(row.target_year) if g.number == row.group_number), None),
        states=NTM_NAMES,
        kinds=STATE_KINDS,
        statuses=STATUS_NAMES,
        status_kinds=STATUS_KINDS,
        may_edit=row.state is NtmState.REGISTERED and guards.may(P.NTM_EDIT, row.scope),
        may_decide=row.state is NtmState.REGISTERED and guards.may(P.NTM_REGISTER, "*"),
        v=request.form,
        part=part,
        errors=messages(error),
        error_code=error.code if error else None,
    )
    return make_response(page, error.status if error else 200)


@bp.get("/ntm/<int:year>/<code>")
@guards.requires(P.NTM_READ, scope=queries.scope_of, name="locality")
def ntm_commune(year: int, code: str) -> Any:
    """A commune with the criteria of its period."""
    return _commune_page(queries.record(code, year))


@bp.post("/ntm/<int:year>/<code>/group")
@guards.requires_all(P.NTM_REGISTER)
def ntm_group(year: int, code: str) -> Any:
    """Its group among those of the period."""
    row = queries.record(code, year)
    try:
        services.put_in_group(guards.actor(), code, year, _group())
    except ShopError as error:
        return _commune_page(row, error, "group")
    flash(gettext("Đã ghi nhóm xã."), "ok")
    return redirect(web.path(f"{HERE}/{year}/{code}"), 303)


@bp.post("/ntm/<int:year>/<code>/recognise")
@guards.requires_all(P.NTM_REGISTER)
def ntm_recognise(year: int, code: str) -> Any:
    """A decision recognises it."""
    row = queries.record(code, year)
    try:
        day = _day("recognised_on")
        if day is None:
            raise Invalid(N_("Hãy ghi ngày công nhận."), field="recognised_on")
        services.recognise(guards.actor(), code, year, _field("decision_number", 80), day)
    except ShopError as error:
        return _commune_page(row, error, "recognise")
    flash(gettext("Đã ghi quyết định công nhận."), "ok")
    return redirect(web.path(f"{HERE}/{year}/{code}"), 303)


@bp.post("/ntm/<int:year>/<code>/withdraw")
@guards.requires_all(P.NTM_REGISTER)
def ntm_withdraw(year: int, code: str) -> Any:
    """It no longer aims at this year."""
    row = queries.record(code, year)
    try:
        services.withdraw(guards.actor(), code, year, _field("why", 1000))
    except ShopError as error:
        return _commune_page(row, error, "withdraw")
    flash(gettext("Đã ghi xã rút đăng ký."), "ok")
    return redirect(web.path(f"{HERE}/{year}/{code}"), 303)


def _criterion_page(row: NtmRecord, number: int, error: ShopError | None = None) -> Any:
    now = next((c for c in queries.standing(row) if c.number == number), None)
    if now is None:
        raise NotFound
    typed = request.form or {
        "status": now.status.value,
        "value": now.value or "",
        "threshold": now.threshold or "",
        "evidence": now.evidence or "",
        "assessed_on": now.assessed_on.isoformat() if now.assessed_on else "",
        "seen": str(now.assessment_id),
    }
    page = render_template(
        "programme/office/ntm_criterion.html",
        here=HERE,
        row=row,
        c=now,
        address=web.path(f"{HERE}/{row.target_year}/{row.commune_code}"),
        words=queries.words_of(row, number),
        told=queries.thresholds_told(row.target_year, number, row.group_number),
        v=typed,
        statuses=STATUS_NAMES,
        status_kinds=STATUS_KINDS,
        may_edit=row.state is NtmState.REGISTERED and guards.may(P.NTM_EDIT, row.scope),
        errors=messages(error),
        error_code=error.code if error else None,
    )
    return make_response(page, error.status if error else 200)


@bp.get("/ntm/<int:year>/<code>/<int:number>")
@guards.requires(P.NTM_READ, scope=queries.scope_of, name="locality")
def ntm_criterion(year: int, code: str, number: int) -> Any:
    """One criterion of a commune, and everything that was said of it."""
    return _criterion_page(queries.record(code, year), number)


@bp.post("/ntm/<int:year>/<code>/<int:number>")
@guards.requires(P.NTM_EDIT, scope=queries.scope_of, name="locality")
def ntm_assess(year: int, code: str, number: int) -> Any:
    """Write down how a criterion stands."""
    row = queries.record(code, year)
    seen = _field("seen", 20)
    try:
        status = next((s for s in NtmStatus if s.value == _field("status", 20)), None)
        if status is None:
            raise Invalid(N_("Hãy chọn kết quả."), field="status")
        finding = services.Finding(
            status, _field("value", 80) or None, _field("threshold", 80) or None, _field("evidence", 2000) or None,
            _day("assessed_on"),
        )  # fmt: skip
        services.assess(guards.actor(), code, year, number, finding, seen=int(seen) if seen.isdigit() else 0)
    except NotFound:
        raise
    except ShopError as error:
        return _criterion_page(row, number, error)
    flash(gettext("Đã ghi."), "ok")
    return redirect(web.path(f"{HERE}/{year}/{code}") + f"#tieu-chi-{number}", 303)
