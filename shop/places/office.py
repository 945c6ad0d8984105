"""Units for staff: look them up, date a change, enter a new rank."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import dates, web
from shop.kernel.errors import NotFound, ShopError
from shop.places import queries, services
from shop.places.forms import RankForm, StartForm
from shop.places.models import TYPES_OF, Level, UnitType

bp = Blueprint("places", __name__)


@bp.get("/places")
@guards.requires(Permission.PLACE_READ)
def units() -> Any:
    """The list, or the whole of it as a file."""
    view = queries.office_units(request.args)
    return (
        view.download()
        if view.export
        else render_template("places/office/units.html", here="/office/places", view=view)
    )


@bp.get("/places/<code>")
@guards.requires(Permission.PLACE_READ)
def unit(code: str) -> str:
    """One code through time."""
    return _page(code)


def _page(code: str, start: StartForm | None = None, rank: RankForm | None = None) -> str:
    rows = queries.history(code)
    if not rows:
        raise NotFound
    present = rows[0].unit if rows[0].unit.valid_to is None else None
    return render_template(
        "places/office/unit.html",
        here="/office/places",
        code=code,
        rows=rows,
        present=present,
        types=[(k.value, k.value) for k in UnitType if k in TYPES_OF[rows[0].unit.level]],
        communes=queries.communes(code) if rows[0].unit.level is Level.PROVINCE else [],
        predecessors=queries.predecessors(code),
        start_options=[(row.unit.id, _spoken(row.unit)) for row in rows],
        start=start or StartForm(formdata=None),
        rank=rank or RankForm(formdata=None),
    )


def _spoken(u: queries.UnitView) -> str:
    return f"{u.name} ({dates.day(u.valid_from)})" if u.valid_from else u.name


@bp.post("/places/<code>/start")
@guards.requires(Permission.PLACE_EDIT)
def change_start(code: str) -> Any:
    """Enter the day from which a row of the code is in force."""
    form = StartForm()
    if not form.validate() or form.valid_from.data is None:
        return _page(code, start=form), 422
    rows = {str(row.unit.id): row.unit for row in queries.history(code)}
    if form.unit.data not in rows:
        raise NotFound
    try:
        services.change_start(
            guards.actor(), rows[form.unit.data].id, form.valid_from.data,
            exact=bool(form.exact.data), note=form.note.data or "",
        )  # fmt: skip
    except ShopError as error:
        form.refuse(error)
        return _page(code, start=form), error.status
    return _done(code)


@bp.post("/places/<code>/rank")
@guards.requires(Permission.PLACE_EDIT)
def change_rank(code: str) -> Any:
    """From a day on the unit is of another type or name."""
    form = RankForm()
    if not form.validate() or form.valid_from.data is None:
        return _page(code, rank=form), 422
    try:
        services.change_rank(
            guards.actor(), code, kind=UnitType(form.type.data or ""), short=form.short.data or "",
            valid_from=form.valid_from.data, exact=bool(form.exact.data), note=form.note.data or "",
        )  # fmt: skip
    except ShopError as error:
        form.refuse(error)
        return _page(code, rank=form), error.status
    return _done(code)


def _done(code: str) -> Response:
    flash(gettext("Đã ghi thay đổi. Cửa hàng dùng tên mới từ ngày có hiệu lực."), "ok")
    return redirect(web.path(f"/office/places/{code}"), 303)  # type: ignore[return-value]
