"""`/office/papers`: papers of all producers, what ends soon; accept, refuse, revoke."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import web
from shop.kernel.errors import NotFound, ShopError
from shop.kernel.forms import messages
from shop.producers import files, queries
from shop.producers.models import PAPER_KIND_NAMES, PAPER_STATE_NAMES
from shop.producers.office import bp
from shop.producers.services import papers as commands

HERE = "/office/papers"
P = Permission
STATE_KINDS = {"waiting": "info", "accepted": "ok", "refused": "bad", "revoked": "bad", "withdrawn": ""}


def of_paper(reference: str) -> str | None:
    """The scope of the place that a paper's producer or applicant is from."""
    return queries.paper_scope(reference, office=True)


@bp.get("/papers")
@guards.requires(P.PRODUCER_READ)
def papers() -> Any:
    """The list, or a file of it."""
    view = queries.papers_office(request.args, guards.scopes(P.PRODUCER_READ))
    if view.export:
        return view.download()
    return render_template(
        "producers/office/papers.html",
        here=HERE,
        view=view,
        kind_names=PAPER_KIND_NAMES,
        state_names=PAPER_STATE_NAMES,
        state_kinds=STATE_KINDS,
    )


@bp.get("/papers/<reference>")
@guards.requires(P.PRODUCER_READ, scope=of_paper)
def paper(reference: str) -> Any:
    """One paper with its history."""
    return _page(reference)


def _page(reference: str, error: ShopError | None = None) -> Any:
    found = queries.paper(reference, sent=True)
    page = render_template(
        "producers/office/paper.html",
        here=HERE,
        p=found,
        steps=queries.steps_of(paper_id=found.id),
        may_check=guards.may(P.APPLICATION_CHECK),
        kind_names=PAPER_KIND_NAMES,
        state_names=PAPER_STATE_NAMES,
        state_kinds=STATE_KINDS,
        reason=request.form.get("reason", "") if error else "",
        errors=messages(error),
        error_code=error.code if error else None,
    )
    return make_response(page, error.status if error else 200)


@bp.get("/papers/<reference>/file")
@guards.requires(P.PRODUCER_READ, scope=of_paper)
def paper_file(reference: str) -> Any:
    """The file, for staff only."""
    return files.answer(queries.paper(reference, sent=True).file_key, reference)


@bp.post("/papers/<reference>/accept")
@guards.requires(P.APPLICATION_CHECK, scope=of_paper)
def accept_paper(reference: str) -> Any:
    """Say that it is good."""
    try:
        commands.accept(guards.actor(), reference)
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    return _done(reference, gettext("Đã nhận giấy tờ."))


@bp.post("/papers/<reference>/refuse")
@guards.requires(P.APPLICATION_CHECK, scope=of_paper)
def refuse_paper(reference: str) -> Any:
    """Say that it is not, or not any more."""
    try:
        commands.refuse(guards.actor(), reference, request.form.get("reason", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    return _done(reference, gettext("Đã ghi là không nhận."))


def _done(reference: str, told: str) -> Any:
    """Back to the application that the paper belongs to while that is looked at, else to the paper."""
    flash(told, "ok")
    found = queries.paper(reference, sent=True)
    back = f"/office/applications/{found.application}" if found.producer_id is None else f"{HERE}/{reference}"
    return redirect(web.path(back), 303)
