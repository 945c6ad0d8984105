"""`/office/changes`: what producers ask to have changed; a new account needs two people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import banks, web
from shop.kernel.errors import N_, NotFound, ShopError
from shop.kernel.forms import messages
from shop.places import queries as places
from shop.producers import queries
from shop.producers.models import CHANGE_KIND_NAMES, CHANGE_STATE_NAMES, OPEN_CHANGES, Change, LegalForm
from shop.producers.office import bp
from shop.producers.services import profile

HERE = "/office/changes"
P = Permission
STATE_KINDS = {"asked": "info", "checked": "warn", "approved": "ok", "refused": "bad", "withdrawn": ""}
FIELD_NAMES = {
    "name": N_("Tên"),
    "legal_form": N_("Loại hình"),
    "tax_code": N_("Mã số thuế"),
    "representative": N_("Người đại diện"),
    "province_code": N_("Tỉnh, thành phố"),
    "commune_code": N_("Xã, phường, đặc khu"),
    "street": N_("Số nhà, đường, thôn"),
    "bank_bin": N_("Ngân hàng"),
    "account_number": N_("Số tài khoản"),
    "holder": N_("Chủ tài khoản"),
}


def of_change(reference: str) -> str | None:
    """The scope of the place that a request's producer is from."""
    code = queries.change(reference)[1].commune_code
    return f"locality:{code}" if code else None


def shown(field: str, value: Any) -> str:
    """A fact of a request as people read it."""
    if not value:
        return "–"
    if field == "legal_form":
        return queries.legal_form_name(LegalForm(value))
    if field in {"commune_code", "province_code"}:
        unit = places.unit(value)
        return unit.name if unit else str(value)
    return banks.name(value) if field == "bank_bin" else str(value)


def differences(row: Change) -> list[tuple[str, str, str]]:
    """(what, before, after) of a request."""
    return [
        (gettext(label), shown(field, row.before.get(field)), shown(field, row.after[field]))
        for field, label in FIELD_NAMES.items()
        if field in row.after
    ]


@bp.get("/changes")
@guards.requires(P.APPLICATION_CHECK)
def changes() -> Any:
    """The list, or a file of it."""
    view = queries.changes(request.args, guards.scopes(P.APPLICATION_CHECK))
    if view.export:
        return view.download()
    return render_template(
        "producers/office/changes.html",
        here=HERE,
        view=view,
        kind_names=CHANGE_KIND_NAMES,
        state_names=CHANGE_STATE_NAMES,
        state_kinds=STATE_KINDS,
    )


@bp.get("/changes/<reference>")
@guards.requires(P.APPLICATION_CHECK, scope=of_change)
def change(reference: str) -> Any:
    """One request."""
    return _page(reference)


def _page(reference: str, error: ShopError | None = None) -> Any:
    row, producer = queries.change(reference)
    page = render_template(
        "producers/office/change.html",
        here=HERE,
        row=row,
        p=producer,
        differences=differences(row),
        open=row.state in OPEN_CHANGES,
        steps=queries.steps_of(change_id=row.id),
        kind_names=CHANGE_KIND_NAMES,
        state_names=CHANGE_STATE_NAMES,
        state_kinds=STATE_KINDS,
        reason=request.form.get("reason", "") if error else "",
        errors=messages(error),
        error_code=error.code if error else None,
    )
    return make_response(page, error.status if error else 200)


def _do(reference: str, told: str, command: Callable[[], Any]) -> Any:
    try:
        command()
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    flash(told, "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.post("/changes/<reference>/check")
@guards.requires(P.APPLICATION_CHECK, scope=of_change)
def check_change(reference: str) -> Any:
    """The first of two looks at a new account."""
    told = gettext("Đã ghi là bạn đã xem. Cần một người nữa chấp thuận.")
    return _do(reference, told, lambda: profile.check(guards.actor(), reference))


@bp.post("/changes/<reference>/approve")
@guards.requires(P.APPLICATION_CHECK, scope=of_change)
def approve_change(reference: str) -> Any:
    """Let it happen."""
    return _do(reference, gettext("Đã đổi như đề nghị."), lambda: profile.approve(guards.actor(), reference))


@bp.post("/changes/<reference>/refuse")
@guards.requires(P.APPLICATION_CHECK, scope=of_change)
def refuse_change(reference: str) -> Any:
    """Say no."""
    return _do(
        reference,
        gettext("Đã từ chối đề nghị."),
        lambda: profile.refuse(guards.actor(), reference, request.form.get("reason", "")),
    )
