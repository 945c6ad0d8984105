"""`/office/blockers`: what stands in the way of localities, what the province decided, what helped."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.cycle.models.steps import STEP_NAMES
from shop.cycle.office import bp
from shop.cycle.queries import steps as queries
from shop.cycle.services import steps as services
from shop.kernel import web
from shop.kernel.errors import NotFound, ShopError
from shop.kernel.forms import day, messages

P = Permission
HERE = "/office/blockers"


@bp.get("/blockers")
@guards.requires(P.CYCLE_READ)
def blockers() -> Any:
    """What blocks now, unanswered first."""
    wanted = request.args.get("answered", "")
    found = queries.open_blockers(guards.scopes(P.CYCLE_READ), answered={"yes": True, "no": False}.get(wanted))
    return render_template("cycle/office/blockers.html", here=HERE, rows=found, wanted=wanted, steps=STEP_NAMES)


def _page(reference: str, error: ShopError | None = None, part: str = "") -> Any:
    row = queries.blocker(reference)
    page = render_template(
        "cycle/office/blocker.html", here=HERE, b=row, steps=STEP_NAMES, part=part, d=request.form,
        may_answer=row.solved_on is None and guards.may(P.CYCLE_DECIDE, "*"),
        may_solve=row.solved_on is None and guards.may(P.CYCLE_EDIT, f"locality:{row.locality_code}"),
        errors=messages(error), error_code=error.code if error else None,
    )  # fmt: skip
    return make_response(page, error.status if error else 200)


@bp.get("/blockers/<reference>")
@guards.requires(P.CYCLE_READ, scope=queries.blocker_scope, name="locality")
def blocker(reference: str) -> Any:
    """One of them, with the province's answer."""
    return _page(reference)


@bp.post("/blockers/<reference>/answer")
@guards.requires_all(P.CYCLE_DECIDE)
def answer_blocker(reference: str) -> Any:
    """The province decides."""
    try:
        services.answer_blocker(
            guards.actor(),
            reference,
            request.form.get("answer", ""),
            seen=request.form.get("seen", "").replace("\r\n", "\n"),
        )
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error, "answer")
    flash(gettext("Đã ghi ý kiến của tỉnh."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.post("/blockers/<reference>/solve")
@guards.requires(P.CYCLE_EDIT, scope=queries.blocker_scope, name="locality")
def solve_blocker(reference: str) -> Any:
    """Nothing stands in the way any more."""
    try:
        on = day(request.form.get("solved_on", ""), "solved_on")
        services.solve_blocker(guards.actor(), reference, request.form.get("how", ""), on)
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error, "solve")
    flash(gettext("Đã ghi là gỡ xong."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)
