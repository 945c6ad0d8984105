"""`/producer/join`: the application of somebody who wants to sell, step by step; each step is kept as it is sent."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext
from flask_login import current_user

from shop.accounts import guards
from shop.kernel import banks, operations, web
from shop.kernel.errors import NotFound, ShopError
from shop.kernel.forms import messages
from shop.places import queries as places
from shop.places.models import HOME_PROVINCE
from shop.producers import files, queries
from shop.producers.models import (
    APPLICATION_STATE_NAMES,
    LEGAL_FORM_NAMES,
    PAPER_KIND_NAMES,
    PAPER_STATE_NAMES,
    UNDECIDED,
    WRITABLE,
    Application,
)
from shop.producers.portal import bp
from shop.producers.services import joining, papers

HERE = "/producer/join"
WHO = ("name", "legal_form", "tax_code", "representative", "street", "phone", "email", "website", "story")
PAPER = ("kind", "number", "issuer", "issued_on", "expires_on", "replaces")


def _mine() -> Application:
    return queries.open_application(current_user.user_id)


def _writable() -> Application:
    found = _mine()
    if found.state not in WRITABLE:
        raise NotFound
    return found


def _page(template: str, row: Application | None, error: ShopError | None = None, **values: Any) -> Any:
    kept = queries.papers_of_application(row.id) if row is not None else []
    missing = queries.missing(row, kept) if row is not None else []
    lacks = {step for step, _label in missing}
    page = render_template(
        f"producers/portal/{template}.html",
        here=HERE,
        row=row,
        papers=kept,
        missing=[label for _step, label in missing],
        writable=row is not None and row.state in WRITABLE,
        steps=[
            {"key": key, "label": gettext(label), "done": key not in lacks if key != "send" else not missing}
            for key, label in queries.PROGRESS
        ],
        step=template.removeprefix("join_"),
        state_names=APPLICATION_STATE_NAMES,
        kind_names=PAPER_KIND_NAMES,
        paper_states=PAPER_STATE_NAMES,
        errors=messages(error),
        error_code=error.code if error else None,
        **values,
    )
    return make_response(page, error.status if error else 200)


@bp.get("/join")
@guards.signed_in
def join() -> Any:
    """Where the application stands; or the beginning of one."""
    row = queries.application_of(current_user.user_id)
    if row is None or (request.args.get("new") == "1" and row.state not in UNDECIDED):
        return _page("join_begin", None, claimable=queries.claimable(), claim="", how="new")
    history = queries.steps_of(application_id=row.id)
    return _page("join_stand", row, history=history, reason=next((h.reason for h in reversed(history) if h.reason), ""))


@bp.post("/join")
@guards.signed_in
def begin() -> Any:
    """Begin."""
    how, claim = request.form.get("how", "new"), request.form.get("claim", "")[:80]
    try:
        if how == "claim" and not claim:
            claim = "-"  # no producer has this address: the refusal stands at the field
        joining.begin(guards.actor(), claim if how == "claim" else "")
    except ShopError as error:
        if error.code == "application-open":
            return redirect(web.path(HERE), 303)
        return _page("join_begin", None, error, claimable=queries.claimable(), claim=claim, how=how)
    return redirect(web.path(f"{HERE}/who"), 303)


@bp.get("/join/who")
@guards.signed_in
def who() -> Any:
    """The establishment, its representative, its place."""
    row = _writable()
    values = {name: str(getattr(row, name) or "") for name in WHO} | {
        "province": row.province_code or HOME_PROVINCE,
        "commune": row.commune_code or "",
        "makes_food": row.makes_food,
        "makes_alcohol": row.makes_alcohol,
    }
    return _who(row, values)


def _who(row: Application, values: dict[str, Any], error: ShopError | None = None) -> Any:
    return _page(
        "join_who",
        row,
        error,
        v=values,
        legal_forms=[(f.value, gettext(label)) for f, label in LEGAL_FORM_NAMES.items()],
        provinces=places.province_choices(),
        communes=places.commune_choices(values["province"]),
    )


@bp.post("/join/who")
@guards.signed_in
def save_who() -> Any:
    """Keep the step."""
    row, form = _writable(), request.form
    values: dict[str, Any] = {name: form.get(name, "") for name in (*WHO, "province", "commune")}
    values |= {name: form.get(name) == "1" for name in ("makes_food", "makes_alcohol")}
    if form.get("choose_province") == "1":
        return _who(row, values)
    try:
        joining.save_who(guards.actor(), row.reference, **values)
    except ShopError as error:
        return _who(row, values, error)
    return redirect(web.path(f"{HERE}/papers"), 303)


@bp.get("/join/papers")
@guards.signed_in
def join_papers() -> Any:
    """The papers handed in so far, and the form for one more."""
    return _papers(_writable(), {name: request.args.get(name, "")[:80] for name in PAPER})


def _papers(row: Application, values: dict[str, str], error: ShopError | None = None) -> Any:
    return _page(
        "join_papers",
        row,
        error,
        v=values,
        kinds=[(k.value, gettext(label)) for k, label in PAPER_KIND_NAMES.items()],
        op_key=operations.new_key(),
    )


@bp.post("/join/papers")
@guards.signed_in
def add_join_paper() -> Any:
    """Hand in a paper."""
    row = _writable()
    values = {name: request.form.get(name, "") for name in PAPER}
    upload = request.files.get("file")
    try:
        papers.hand_in(
            guards.actor(),
            papers.Owner(application_id=row.id),
            upload.read() if upload and upload.filename else None,
            op_key=request.form.get("op_key", ""),
            **values,  # type: ignore[arg-type]
        )
    except NotFound:
        raise
    except ShopError as error:
        return _papers(row, values, error)
    flash(gettext("Đã giữ giấy tờ. Có thể thêm giấy khác hoặc sang bước sau."), "ok")
    return redirect(web.path(f"{HERE}/papers"), 303)


@bp.post("/join/papers/<reference>/withdraw")
@guards.signed_in
def drop_join_paper(reference: str) -> Any:
    """Take a paper back before it is sent."""
    papers.take_back(guards.actor(), papers.Owner(application_id=_writable().id), reference)
    flash(gettext("Đã bỏ giấy tờ ấy khỏi đơn."), "ok")
    return redirect(web.path(f"{HERE}/papers"), 303)


@bp.get("/join/papers/<reference>/file")
@guards.signed_in
def join_paper_file(reference: str) -> Any:
    """The file of a paper of one's own application."""
    row = queries.application_of(current_user.user_id)
    found = queries.paper(reference)
    if row is None or found.application != row.reference:
        raise NotFound
    return files.answer(found.file_key, reference)


@bp.get("/join/bank")
@guards.signed_in
def bank() -> Any:
    """Where the producer is paid."""
    row = _writable()
    values = {name: getattr(row, name) or "" for name in ("bank_bin", "account_number", "holder")}
    return _page("join_bank", row, v=values, banks=banks.choices())


@bp.post("/join/bank")
@guards.signed_in
def save_bank() -> Any:
    """Keep the step."""
    row = _writable()
    values = {name: request.form.get(name, "") for name in ("bank_bin", "account_number", "holder")}
    try:
        joining.save_bank(guards.actor(), row.reference, **values)
    except ShopError as error:
        return _page("join_bank", row, error, v=values, banks=banks.choices())
    return redirect(web.path(f"{HERE}/send"), 303)


@bp.get("/join/send")
@guards.signed_in
def look_over() -> Any:
    """All that was said, before it is sent."""
    return _look_over(_writable())


def _look_over(row: Application, error: ShopError | None = None) -> Any:
    unit = places.unit(row.commune_code) if row.commune_code else None
    return _page(
        "join_send",
        row,
        error,
        form_name=queries.legal_form_name(row.legal_form),
        place=unit.name if unit else "",
        bank=banks.name(row.bank_bin) if row.bank_bin else "",
    )


@bp.post("/join/send")
@guards.signed_in
def send() -> Any:
    """Send it to the office."""
    row = _writable()
    try:
        joining.submit(guards.actor(), row.reference)
    except ShopError as error:
        return _look_over(row, error)
    flash(gettext("Đã gửi đơn. Cửa hàng sẽ viết cho bạn khi có kết quả."), "ok")
    return redirect(web.path(HERE), 303)
