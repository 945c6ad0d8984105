"""`/office/endorsements`: officers of a locality say whether its producers should be at a fair."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.exhibitions.models.calls import (
    APPLICATION_NAMES,
    ENDORSEMENT_NAMES,
    PAPERS_NAMES,
    ApplicationState,
    Endorsement,
)
from shop.exhibitions.models.fairs import FairState
from shop.exhibitions.office import bp
from shop.exhibitions.queries import applications as lists
from shop.exhibitions.queries import calls
from shop.exhibitions.services import applications
from shop.kernel import web
from shop.kernel.errors import NotFound, ShopError
from shop.kernel.forms import messages

P = Permission
A = ApplicationState
HERE = "/office/endorsements"


@bp.get("/endorsements")
@guards.requires(P.EXHIBITION_ENDORSE)
def endorsements() -> Any:
    """The applications of one's own locality."""
    view = lists.to_endorse(request.args, guards.scopes(P.EXHIBITION_ENDORSE))
    if view.export:
        return view.download()
    return render_template(
        "exhibitions/office/endorsements.html", here=HERE, view=view, names=APPLICATION_NAMES, kinds=calls.STATE_KINDS,
        endorsements=ENDORSEMENT_NAMES, endorsement_kinds=calls.ENDORSEMENT_KINDS,
    )  # fmt: skip


def _page(reference: str, error: ShopError | None = None) -> Any:
    found = calls.whole(reference)
    if found.row.state is A.DRAFT:
        raise NotFound
    row = found.row
    page = render_template(
        "exhibitions/office/endorsement.html", here=HERE, a=found, row=row, names=APPLICATION_NAMES,
        kinds=calls.STATE_KINDS, papers_names=PAPERS_NAMES, papers_kinds=calls.PAPERS_KINDS,
        endorsements=ENDORSEMENT_NAMES, endorsement_kinds=calls.ENDORSEMENT_KINDS,
        may_speak=found.fair.state is FairState.ANNOUNCED and row.state in (A.SUBMITTED, A.WAITING),
        v=request.form if error else {"answer": row.endorsement.value, "word": row.endorsed_word or ""},
        errors=messages(error), error_code=error.code if error else None,
    )  # fmt: skip
    return make_response(page, error.status if error else 200)


@bp.get("/endorsements/<reference>")
@guards.requires(P.EXHIBITION_ENDORSE, scope=lists.locality_scope)
def endorsement(reference: str) -> Any:
    """One application, with the form to speak for or against it."""
    return _page(reference)


@bp.post("/endorsements/<reference>")
@guards.requires(P.EXHIBITION_ENDORSE, scope=lists.locality_scope)
def endorse(reference: str) -> Any:
    """Speak for or against it."""
    try:
        answer = Endorsement(request.form.get("answer", ""))
    except ValueError:
        answer = Endorsement.NONE
    try:
        applications.endorse(guards.actor(), reference, answer, request.form.get("word"))
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    flash(gettext("Đã ghi ý kiến của địa phương."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)
