"""Inspections for staff: where each point stands, its history, a new one filled in on a phone."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.inspections import criteria, queries
from shop.inspections import services as inspections
from shop.inspections.models import RESULT_NAMES, VERDICT_NAMES, Verdict
from shop.kernel import clock, operations, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages
from shop.kernel.storage import storage
from shop.points import queries as points

bp = Blueprint("inspections", __name__)
HERE = "/office/inspections"
P = Permission
RESULT_KINDS = {"meets": "ok", "fails": "bad", "incomplete": "warn"}


def of_point(slug: str, **_: Any) -> str | None:
    """The scope of the point that the address names."""
    found = points.by_slug(slug)
    return found.scope if found else None


def _found(slug: str) -> points.PointView:
    found = points.by_slug(slug)
    if found is None:
        raise NotFound
    return found


@bp.get("/inspections")
@guards.requires(P.POINT_READ)
def index() -> Any:
    """The points that the reader may see, each with its last inspection."""
    view = queries.standings(request.args, points.ids_in(guards.scopes(P.POINT_READ)))
    if view.export:
        return view.download()
    return render_template(
        "inspections/office/index.html", here=HERE, view=view, results=RESULT_NAMES, kinds=RESULT_KINDS
    )


@bp.get("/inspections/<slug>")
@guards.requires(P.POINT_READ, scope=of_point)
def point(slug: str) -> Any:
    """A point's inspections, newest first, and the form of a new one for those who may."""
    return _page(_found(slug))


def _page(found: points.PointView, error: ShopError | None = None) -> Any:
    sent = request.form if error is not None else {}
    held_on = _day(sent.get("held_on", ""))
    edition = criteria.edition_for(held_on or clock.today())
    english = web.language() == "en"
    kept = error is not None and error.code == Invalid.code and error.field != "op_key"
    page = render_template(
        "inspections/office/point.html",
        here=HERE,
        p=found,
        may_inspect=guards.may(P.POINT_INSPECT, found.scope),
        edition=edition,
        outdated=not edition.in_force(clock.today()),
        parts=[
            (gettext(label), [c for c in edition.criteria if c.part == part])
            for part, label in criteria.PART_NAMES.items()
        ],
        wording={e.name: {c.code: c.en if english else c.vi for c in e.criteria} for e in criteria.editions()},
        verdicts=[(v.value, gettext(label)) for v, label in VERDICT_NAMES.items()],
        verdict_names=VERDICT_NAMES,
        results=RESULT_NAMES,
        kinds=RESULT_KINDS,
        past=queries.of_point(found.id),
        v=sent,
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=sent.get("op_key") if kept else operations.new_key(),
        today=clock.today(),
    )
    return make_response(page, error.status if error else 200)


def _day(raw: str) -> date | None:
    try:
        return clock.read_day(raw)
    except ValueError:
        return None


@bp.post("/inspections/<slug>")
@guards.requires(P.POINT_INSPECT, scope=of_point)
def record(slug: str) -> Any:
    """Keep a new inspection."""
    found = _found(slug)
    try:
        held_on = _day(request.form.get("held_on", ""))
        if held_on is None:
            raise Invalid(N_("Ngày chưa đúng."), field="held_on")
        inspections.record(
            guards.actor(),
            found.id,
            held_on=held_on,
            inspector=request.form.get("inspector", ""),
            seen=[s for c in criteria.edition_for(held_on).criteria if (s := _seen(c.code)) is not None],
            summary=request.form.get("summary", ""),
            op_key=request.form.get("op_key", ""),
        )
    except NotFound:
        raise
    except ShopError as error:
        return _page(found, error)
    flash(gettext("Đã ghi kết quả kiểm tra."), "ok")
    return redirect(web.path(f"{HERE}/{slug}"), 303)


def _seen(code: str) -> inspections.Seen | None:
    verdict = request.form.get(f"verdict-{code}", "")
    if verdict not in set(Verdict):
        return None
    upload = request.files.get(f"photo-{code}")
    return inspections.Seen(
        code,
        Verdict(verdict),
        request.form.get(f"note-{code}", ""),
        upload.read() if upload and upload.filename else None,
    )


@bp.get("/inspections/<slug>/photo/<int:finding_id>")
@guards.requires(P.POINT_READ, scope=of_point)
def photo(slug: str, finding_id: int) -> Response:
    """The photograph of a finding; private, because people may be on it."""
    key = inspections.photo(_found(slug).id, finding_id)
    answer = Response(storage().get(key), mimetype="image/jpeg")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
