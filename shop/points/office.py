"""Points for staff: the list, the editor, closing and opening again."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import clock, operations, web
from shop.kernel.errors import NotFound, ShopError
from shop.places import queries as places
from shop.places.models import HOME_PROVINCE
from shop.points import forms, hours, listing, queries
from shop.points import services as points
from shop.points.models import POINT_KIND_NAMES, SERVICE_NAMES
from shop.producers import queries as producers

bp = Blueprint("points", __name__)


def of_point(slug: str) -> str | None:
    """The scope of the point that the address names."""
    found = queries.by_slug(slug)
    return found.scope if found else None


def _found(slug: str) -> queries.PointView:
    found = queries.by_slug(slug)
    if found is None:
        raise NotFound
    return found


@bp.get("/points")
@guards.requires(Permission.POINT_READ)
def index() -> Any:
    """The points that the reader may see, or a file of them."""
    view = listing.points(request.args, guards.scopes(Permission.POINT_READ))
    if view.export:
        return view.download()
    return render_template(
        "points/office/index.html",
        here="/office/points",
        view=view,
        kinds=POINT_KIND_NAMES,
        today=clock.today(),
        may_open="*" in guards.scopes(Permission.POINT_EDIT),
    )


@bp.get("/points/new")
@guards.requires(Permission.POINT_EDIT, scope=lambda: "*", name="all")
def new() -> Any:
    """An empty editor; `?producer=<slug>` fills in what is known of that producer's own store."""
    known = {"province": HOME_PROVINCE, "is_public": True, "kind": "shop"} | forms.of_producer(
        request.args.get("producer", "")[:80]
    )
    form = forms.PointForm(formdata=None, op_key=operations.new_key(), **known)
    return _editor(form, None, {})


@bp.post("/points/new")
@guards.requires(Permission.POINT_EDIT, scope=lambda: "*", name="all")
def create() -> Any:
    """Open a point."""
    form, typed = forms.PointForm(), _typed()
    if not _communes_wanted() and form.validate():
        try:
            point_id = points.create(guards.actor(), form.draft(typed, None), form.op_key.data or "")
        except ShopError as error:
            return _refused(form, error, None, typed)
        return _done(queries.point(point_id).slug, gettext("Đã mở điểm bán."))
    return _editor(form, None, typed, 200 if _communes_wanted() else 422)


@bp.get("/points/<slug>")
@guards.requires(Permission.POINT_READ, scope=of_point)
def point(slug: str) -> Any:
    """The editor; readers without the right to change see the same facts without buttons."""
    p = _found(slug)
    return _editor(forms.filled(p), p, forms.hours_of(p.week))


@bp.post("/points/<slug>")
@guards.requires(Permission.POINT_EDIT, scope=of_point)
def change(slug: str) -> Any:
    """Change a point."""
    p, form, typed = _found(slug), forms.PointForm(), _typed()
    if not _communes_wanted() and form.validate():
        try:
            points.update(guards.actor(), p.id, form.draft(typed, p), seen=form.seen.data or None)
        except ShopError as error:
            return _refused(form, error, p, typed)
        return _done(slug, gettext("Đã lưu."))
    return _editor(form, p, typed, 200 if _communes_wanted() else 422)


@bp.post("/points/<slug>/close")
@guards.requires(Permission.POINT_EDIT, scope=of_point)
def close(slug: str) -> Any:
    """End a point's life."""
    p, form = _found(slug), forms.CloseForm()
    if not form.validate():
        flash(gettext("Hãy chọn ngày đóng và ghi lý do."), "bad")
        return redirect(web.path(f"/office/points/{slug}"))
    try:
        points.close(guards.actor(), p.id, form.closed_on.data or clock.today(), form.reason.data or "")
    except ShopError as error:
        flash(gettext(error.title, **error.values), "bad")
        return redirect(web.path(f"/office/points/{slug}"))
    return _done(slug, gettext("Đã ghi ngày đóng cửa."))


@bp.post("/points/<slug>/reopen")
@guards.requires(Permission.POINT_EDIT, scope=of_point)
def reopen(slug: str) -> Any:
    """Take a closing back."""
    p, form = _found(slug), forms.ReasonForm()
    try:
        points.reopen(guards.actor(), p.id, form.reason.data or "")
    except ShopError as error:
        flash(gettext(error.title, **error.values), "bad")
        return redirect(web.path(f"/office/points/{slug}"))
    return _done(slug, gettext("Điểm bán hoạt động trở lại."))


def _typed() -> dict[str, tuple[str, str]]:
    return {
        day: (request.form.get(f"{day}_from", "")[:10], request.form.get(f"{day}_to", "")[:10]) for day in hours.DAYS
    }


def _communes_wanted() -> bool:
    """Without JavaScript the communes of another province are asked for by a button of the same form."""
    return "choose_province" in request.form


def _done(slug: str, text: str) -> Any:
    flash(text, "ok")
    return redirect(web.path(f"/office/points/{slug}"))


def _refused(form: forms.PointForm, error: ShopError, p: Any, typed: dict[str, tuple[str, str]]) -> Any:
    if error.field and error.field.endswith("_from"):
        form.form_errors = [*form.form_errors, gettext(error.title, **error.values)]
        return _editor(form, p, typed, error.status, bad_day=error.field.removesuffix("_from"))
    form.refuse(error)
    return _editor(form, p, typed, error.status)


def _editor(
    form: forms.PointForm,
    p: queries.PointView | None,
    typed: dict[str, tuple[str, str]],
    status: int = 200,
    bad_day: str = "",
) -> Any:
    can_edit = guards.may(Permission.POINT_EDIT, p.scope) if p else True
    return make_response(
        render_template(
            "points/office/point.html",
            here="/office/points",
            form=form,
            p=p,
            errors={name: list(found) for name, found in form.errors.items() if name},
            above=form.form_errors,
            can_edit=can_edit,
            kinds=[(k.value, gettext(label)) for k, label in POINT_KIND_NAMES.items()],
            owner=producers.by_id(p.producer_id) if p and p.producer_id else None,
            producers=[(row.slug, row.name) for row in producers.shown()],
            services=[(key, gettext(label)) for key, label in SERVICE_NAMES.items()],
            days=[(day, gettext(hours.DAY_NAMES[day]), *typed.get(day, ("", ""))) for day in hours.DAYS],
            bad_day=bad_day,
            provinces=places.province_choices(),
            communes=places.commune_choices(form.province.data),
            localities=forms.localities(),
            today=clock.today(),
            close=forms.CloseForm(formdata=None),
        ),
        status,
    )
