"""`/office/post-checks`: checks after recognition, what they found, how it was mended, and revocations that follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.catalog import queries as catalog
from shop.catalog.models import CertificateLevel
from shop.decisions import forms, terms
from shop.decisions.models import (
    CHECK_KIND_NAMES,
    CHECK_STATE_NAMES,
    FINDING_STATE_NAMES,
    GROUND_NAMES,
    CheckState,
    FindingState,
    Kind,
    PostCheck,
    Source,
)
from shop.decisions.office import bp
from shop.decisions.queries import checks as read
from shop.decisions.queries import decisions
from shop.decisions.services import checks as services
from shop.decisions.services import drafting
from shop.kernel import clock, operations, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages
from shop.producers import files

HERE = "/office/post-checks"
P = Permission
STATE_KINDS = {
    CheckState.PLANNED: "info", CheckState.FOLLOWING: "warn", CheckState.CLOSED: "ok", CheckState.CANCELLED: "",
}  # fmt: skip
FINDING_KINDS = {FindingState.OPEN: "warn", FindingState.MENDED: "ok", FindingState.FAILED: "bad"}


def of_check(reference: str, **_: Any) -> str | None:
    """The scope of the goods that were checked."""
    return read.scope_of(reference)


@bp.get("/post-checks")
@guards.requires(P.CHECK_READ)
def checks() -> Any:
    """The list, or a file of it."""
    view = read.checks(request.args, HERE, guards.scopes(P.CHECK_READ))
    if view.export:
        return view.download()
    return render_template(
        "decisions/office/checks.html", here=HERE, view=view, kinds=CHECK_KIND_NAMES, states=CHECK_STATE_NAMES,
        state_kinds=STATE_KINDS, today=clock.today(), may_run=guards.may(P.CHECK_RUN, "*"),
    )  # fmt: skip


def _new(v: Any, error: ShopError | None = None) -> Any:
    page = render_template(
        "decisions/office/check_new.html", here=HERE, v=v, op_key=operations.new_key(), errors=messages(error),
        kinds=[(k.value, gettext(name)) for k, name in CHECK_KIND_NAMES.items()],
        error_code=error.code if error else None,
    )  # fmt: skip
    return make_response(page, error.status if error else 200)


@bp.get("/post-checks/new")
@guards.requires_all(P.CHECK_RUN)
def new_check() -> Any:
    """The form of a new check; `certificate` names what is looked at."""
    return _new({"certificate": request.args.get("certificate", "")[:80], "kind": "planned"})


@bp.post("/post-checks/new")
@guards.requires_all(P.CHECK_RUN)
def plan_check() -> Any:
    """Plan a check."""
    form = request.form
    try:
        planned = forms.day(form.get("planned_on"), "planned_on")
        if planned is None:
            raise Invalid(N_("Hãy ghi ngày kiểm tra."), field="planned_on")
        reference = services.plan(
            guards.actor(), decisions.certificate_of(form.get("certificate", "")), forms.check_kind(form), planned,
            form.get("inspectors", ""), form.get("op_key", ""), place=form.get("place"),
        )  # fmt: skip
    except NotFound:
        raise
    except ShopError as error:
        return _new(form, error)
    flash(gettext("Đã lên lịch kiểm tra."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.get("/post-checks/<reference>")
@guards.requires(P.CHECK_READ, scope=of_check)
def check(reference: str) -> Any:
    """One check."""
    return _page(reference)


def _page(reference: str, part: str = "", error: ShopError | None = None) -> Any:
    row = read.one(reference)
    goods = row.certificate.product
    page = render_template(
        "decisions/office/check.html",
        here=HERE,
        address=web.path(f"{HERE}/{row.reference}"),
        row=row,
        c=row.certificate,
        p=goods,
        part=part,
        typed=request.form
        if error is not None or part == "more"
        else MultiDict({"checked_on": clock.today().isoformat()}),
        rows=_rows() if part in ("report", "more") else [("", "", "", "")] * forms.FINDINGS,
        grounds=[(g.value, gettext(name)) for g, name in GROUND_NAMES.items()],
        ground_names=GROUND_NAMES,
        kinds=CHECK_KIND_NAMES,
        states=CHECK_STATE_NAMES,
        state_kinds=STATE_KINDS,
        finding_names=FINDING_STATE_NAMES,
        finding_kinds=FINDING_KINDS,
        revocation=read.revocation_of(row.id),
        failed=any(f.state is FindingState.FAILED for f in row.findings),
        revoke_days=terms.on(clock.today()).revoke_days,
        in_force=catalog.standing(row.certificate, clock.today()).value == "valid",
        today=clock.today(),
        may_run=guards.may(P.CHECK_RUN, "*"),
        may_draft=guards.may(P.DECISION_EDIT, "*"),
        errors=messages(error),
        error_code=error.code if error else None,
        most=forms.MOST_FINDINGS,
        op_key=operations.new_key(),
    )
    return make_response(page, error.status if error else 200)


def _rows() -> list[tuple[str, ...]]:
    names = ("ground", "found", "asked", "due_on")
    rows = list(zip(*(request.form.getlist(n) for n in names), strict=False))[: forms.MOST_FINDINGS]
    more = forms.FINDINGS if request.form.get("do") == "more" else 0
    wanted = min(max(len(rows) + more, forms.FINDINGS), forms.MOST_FINDINGS)
    return rows + [("", "", "", "")] * (wanted - len(rows))


def _act(reference: str, part: str, words: str, command: Callable[[PostCheck, str], Any]) -> Any:
    row = read.one(reference)
    return web.commanded(
        lambda: command(row, request.form.get("op_key", "")), lambda error: _page(reference, part, error), words,
        f"{HERE}/{row.reference}",
    )  # fmt: skip


@bp.post("/post-checks/<reference>/report")
@guards.requires_all(P.CHECK_RUN)
def report_check(reference: str) -> Any:
    """Say what was found; `do=more` only asks for further rows, with everything that was typed."""
    if request.form.get("do") == "more":
        return _page(reference, "more")

    def command(row: PostCheck, key: str) -> None:
        checked = forms.day(request.form.get("checked_on"), "checked_on")
        if checked is None:
            raise Invalid(N_("Hãy ghi ngày kiểm tra."), field="checked_on")
        services.report(
            guards.actor(), row.reference, checked, request.form.get("summary", ""), forms.findings(request.form), key
        )

    return _act(reference, "report", N_("Đã ghi kết quả kiểm tra."), command)


@bp.post("/post-checks/<reference>/findings/<int:finding_id>")
@guards.requires_all(P.CHECK_RUN)
def settle_finding(reference: str, finding_id: int) -> Any:
    """Say how something found was settled."""
    return _act(
        reference, f"finding-{finding_id}", N_("Đã ghi kết quả phúc tra."),
        lambda row, key: services.settle(
            guards.actor(), row.reference, finding_id, forms.settled(request.form), request.form.get("answer", ""), key
        ),
    )  # fmt: skip


@bp.post("/post-checks/<reference>/files")
@guards.requires_all(P.CHECK_RUN)
def add_check_file(reference: str) -> Any:
    """Keep a photograph or paper."""
    upload = request.files.get("file")
    name = (upload.filename or "") if upload else ""
    return _act(
        reference, "file", N_("Đã lưu tệp."),
        lambda row, _key: services.add_file(guards.actor(), row.reference, name, forms.upload(request, "file")),
    )  # fmt: skip


@bp.get("/post-checks/<reference>/files/<int:file_id>")
@guards.requires(P.CHECK_READ, scope=of_check)
def check_file(reference: str, file_id: int) -> Any:
    """A file of a check, for those who may see the check."""
    row = read.one(reference)
    return files.answer(read.file_key(row.id, file_id).file_key, f"{row.reference}-{file_id}")


@bp.post("/post-checks/<reference>/end")
@guards.requires_all(P.CHECK_RUN)
def end_check(reference: str) -> Any:
    """Cancel it, or end it without a revocation."""
    return _act(
        reference, "end", N_("Đã ghi."),
        lambda row, key: services.end(guards.actor(), row.reference, request.form.get("reason", ""), key),
    )  # fmt: skip


@bp.post("/post-checks/<reference>/revoke")
@guards.requires_all(P.DECISION_EDIT)
def draft_revocation(reference: str) -> Any:
    """Draft the decision that takes the certificate back, from what was found."""
    row = read.one(reference)
    failed = next((f for f in row.findings if f.state is FindingState.FAILED), None)
    if failed is None:
        raise NotFound
    known = read.revocation_of(row.id)
    if known is None:
        actor, key, c = guards.actor(), request.form.get("op_key", ""), row.certificate
        level = CertificateLevel.PROVINCE if c.level is CertificateLevel.DISTRICT else c.level
        line = drafting.Revocation(c.id, failed.ground, failed.found, row.id)
        made = drafting.draft(actor, Kind.REVOKE, Source.RESULTS, drafting.Head(level), key, lines=(line,))
        return redirect(web.path(f"/office/decisions/{made}"), 303)
    return redirect(web.path(f"/office/decisions/{known.reference}"), 303)
