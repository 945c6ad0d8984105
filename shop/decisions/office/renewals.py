"""`/office/renewals`: which certificates are to be renewed, what was filed, what came of it."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.decisions import forms, terms
from shop.decisions.models import FILED_NAMES, FiledState
from shop.decisions.office import bp
from shop.decisions.queries import renewals as read
from shop.decisions.services import renewals as services
from shop.kernel import clock, operations, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages

HERE = "/office/renewals"
P = Permission


def of_certificate(certificate_id: int, **_: Any) -> str | None:
    """The scope of the certificate's goods."""
    return read.scope_of(certificate_id)


@bp.get("/renewals")
@guards.requires(P.CATALOG_READ)
def renewals() -> Any:
    """The queue, or a file of it."""
    scopes = guards.scopes(P.CATALOG_READ)
    view = read.queue(request.args, HERE, scopes)
    if view.export:
        return view.download()
    return render_template(
        "decisions/office/renewals.html", here=HERE, view=view, counts=read.counts(scopes), stands=read.STANDS,
        stand_kinds=read.STAND_KINDS, law=terms.on(clock.today()),
    )  # fmt: skip


@bp.get("/renewals/<int:certificate_id>")
@guards.requires(P.CATALOG_READ, scope=of_certificate)
def renewal(certificate_id: int) -> Any:
    """One certificate's renewal."""
    return _page(certificate_id)


def _page(certificate_id: int, error: ShopError | None = None) -> Any:
    due = read.due(certificate_id)
    if due is None:
        raise NotFound
    page = render_template(
        "decisions/office/renewal.html",
        here=HERE,
        address=web.path(f"{HERE}/{certificate_id}"),
        due=due,
        rows=read.renewals_of(certificate_id),
        names=FILED_NAMES,
        stands=read.STANDS,
        stand_kinds=read.STAND_KINDS,
        law=terms.on(due.filed_on or clock.today()),
        outcomes=[(s.value, gettext(FILED_NAMES[s])) for s in (FiledState.REFUSED, FiledState.WITHDRAWN)],
        may_edit=guards.may(P.DECISION_EDIT, "*"),
        typed=request.form if error else {"filed_on": clock.today().isoformat()},
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=operations.new_key(),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/renewals/<int:certificate_id>/file")
@guards.requires_all(P.DECISION_EDIT)
def file_renewal(certificate_id: int) -> Any:
    """Enter that a renewal was filed."""
    try:
        filed = forms.day(request.form.get("filed_on"), "filed_on")
        if filed is None:
            raise Invalid(N_("Hãy ghi ngày nộp."), field="filed_on")
        services.file(
            guards.actor(), certificate_id, filed, request.form.get("op_key", ""),
            dossier_code=request.form.get("dossier_code"),
        )  # fmt: skip
    except NotFound:
        raise
    except ShopError as error:
        return _page(certificate_id, error)
    flash(gettext("Đã ghi hồ sơ gia hạn."), "ok")
    return redirect(web.path(f"{HERE}/{certificate_id}"), 303)


@bp.post("/renewals/<int:certificate_id>/close/<int:renewal_id>")
@guards.requires_all(P.DECISION_EDIT)
def close_renewal(certificate_id: int, renewal_id: int) -> Any:
    """A renewal was refused or taken back."""
    if renewal_id not in {row.id for row in read.renewals_of(certificate_id)}:
        raise NotFound
    try:
        services.close(
            guards.actor(), renewal_id, forms.outcome(request.form), request.form.get("note", ""),
            request.form.get("op_key", ""),
        )  # fmt: skip
    except NotFound:
        raise
    except ShopError as error:
        return _page(certificate_id, error)
    flash(gettext("Đã ghi kết quả."), "ok")
    return redirect(web.path(f"{HERE}/{certificate_id}"), 303)
