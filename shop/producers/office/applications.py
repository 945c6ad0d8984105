"""`/office/applications`: what applicants say, their papers, whom they resemble; give back, approve, refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts import queries as accounts
from shop.accounts.permissions import Permission
from shop.kernel import banks, web
from shop.kernel.errors import NotFound, ShopError
from shop.kernel.forms import messages
from shop.places import queries as places
from shop.producers import queries
from shop.producers.models import (
    APPLICATION_STATE_NAMES,
    IDENTITY_DOCUMENT_NAMES,
    LEGAL_FORM_NAMES,
    PAPER_KIND_NAMES,
    PAPER_STATE_NAMES,
)
from shop.producers.office import bp
from shop.producers.services import joining

HERE = "/office/applications"
P = Permission
STATE_KINDS = {"submitted": "info", "returned": "warn", "approved": "ok", "refused": "bad"}
PAPER_KINDS = {"waiting": "info", "accepted": "ok", "refused": "bad", "revoked": "bad"}


def of_application(reference: str) -> str | None:
    """The scope of the place that an application is from."""
    code = queries.application(reference).commune_code
    return f"locality:{code}" if code else None


@bp.get("/applications")
@guards.requires(P.APPLICATION_CHECK)
def applications() -> Any:
    """The list, or a file of it."""
    view = queries.applications(request.args, guards.scopes(P.APPLICATION_CHECK))
    if view.export:
        return view.download()
    return render_template(
        "producers/office/applications.html",
        here=HERE,
        view=view,
        form_names=LEGAL_FORM_NAMES,
        state_names=APPLICATION_STATE_NAMES,
        state_kinds=STATE_KINDS,
    )


@bp.get("/applications/<reference>")
@guards.requires(P.APPLICATION_CHECK, scope=of_application)
def application(reference: str) -> Any:
    """One application."""
    return _page(reference)


def _page(reference: str, part: str = "", error: ShopError | None = None) -> Any:
    row = queries.application(reference)
    unit = places.unit(row.commune_code) if row.commune_code else None
    claimed = queries.by_id(row.claimed_id) if row.claimed_id else None
    made = queries.by_id(row.producer_id) if row.producer_id else None
    page = render_template(
        "producers/office/application.html",
        here=HERE,
        row=row,
        form_name=queries.legal_form_name(row.legal_form),
        place=unit.name if unit else "",
        bank=banks.name(row.bank_bin) if row.bank_bin else "",
        applicant=accounts.contact(row.user_id),
        claimed=claimed,
        made=made,
        papers=queries.papers_of_application(row.id),
        twins=queries.twins(row),
        checks=queries.identity_checks(row.id),
        history=queries.steps_of(application_id=row.id),
        documents=[(d.value, gettext(label)) for d, label in IDENTITY_DOCUMENT_NAMES.items()],
        document_names=IDENTITY_DOCUMENT_NAMES,
        state_names=APPLICATION_STATE_NAMES,
        state_kinds=STATE_KINDS,
        kind_names=PAPER_KIND_NAMES,
        paper_states=PAPER_STATE_NAMES,
        paper_kinds=PAPER_KINDS,
        v=request.form if part else {},
        part=part,
        errors={part: messages(error)} if part else {},
        error_code=error.code if error else None,
    )
    return make_response(page, error.status if error else 200)


def _do(reference: str, part: str, told: str, command: Callable[[], Any]) -> Any:
    try:
        command()
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, part, error)
    flash(told, "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.post("/applications/<reference>/identity")
@guards.requires(P.APPLICATION_CHECK, scope=of_application)
def check_identity(reference: str) -> Any:
    """Write down that one has made sure who the representative is."""
    form = request.form
    return _do(
        reference,
        "identity",
        gettext("Đã ghi việc xác minh danh tính."),
        lambda: joining.check_identity(guards.actor(), reference, form.get("document", ""), form.get("ends", "")),
    )


@bp.post("/applications/<reference>/return")
@guards.requires(P.APPLICATION_CHECK, scope=of_application)
def give_back(reference: str) -> Any:
    """Ask for more."""
    return _do(
        reference,
        "return",
        gettext("Đã trả đơn lại để bổ sung."),
        lambda: joining.give_back(guards.actor(), reference, request.form.get("reason", "")),
    )


@bp.post("/applications/<reference>/approve")
@guards.requires(P.APPLICATION_CHECK, scope=of_application)
def approve(reference: str) -> Any:
    """Let the applicant in."""
    return _do(
        reference,
        "approve",
        gettext("Đã chấp thuận. Người nộp là chủ cơ sở từ bây giờ."),
        lambda: joining.approve(guards.actor(), reference),
    )


@bp.post("/applications/<reference>/refuse")
@guards.requires(P.APPLICATION_CHECK, scope=of_application)
def refuse(reference: str) -> Any:
    """Say no."""
    return _do(
        reference,
        "refuse",
        gettext("Đã từ chối đơn."),
        lambda: joining.refuse(guards.actor(), reference, request.form.get("reason", "")),
    )
