"""Fairs for staff: the list, the editor, the steps of a fair's life."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.exhibitions import forms, tabs
from shop.exhibitions.models.fairs import (
    FAIR_ALLOWED,
    FAIR_KIND_NAMES,
    FAIR_LIVE,
    FAIR_PUBLIC,
    FAIR_STATE_NAMES,
    Exhibition,
    FairState,
)
from shop.exhibitions.office import bp
from shop.exhibitions.queries import fairs, listing
from shop.exhibitions.services import fairs as commands
from shop.kernel import clock, operations, web
from shop.kernel.errors import N_, ShopError
from shop.places import queries as places
from shop.places.models import HOME_PROVINCE
from shop.points import queries as points
from shop.points.models import PointKind

HERE = "/office/exhibitions"
BADGES = {
    FairState.DRAFT: "",
    FairState.ANNOUNCED: "info",
    FairState.ALLOTTED: "info",
    FairState.RUNNING: "ok",
    FairState.CLOSED: "",
    FairState.REPORTED: "ok",
    FairState.CANCELLED: "bad",
    FairState.RECORDED: "",
}
tabs.add(10, "", N_("Hội chợ"), Permission.EXHIBITION_READ)


def page(template: str, fair: Exhibition, part: str, status: int = 200, **values: Any) -> Any:
    """A page of one fair below its name and tabs: `template` extends `exhibitions/office/_fair.html`."""
    return make_response(
        render_template(
            template,
            here=HERE,
            fair=fair,
            part=part,
            fair_tabs=tabs.of(fair),
            state_name=gettext(FAIR_STATE_NAMES[fair.state]),
            state_kind=BADGES[fair.state],
            is_public=fair.state in FAIR_PUBLIC,
            **values,
        ),
        status,
    )


@bp.get("/exhibitions")
@guards.requires(Permission.EXHIBITION_READ)
def index() -> Any:
    """The fairs that the reader may see, or a file of them."""
    view = listing.fairs(request.args, guards.scopes(Permission.EXHIBITION_READ))
    if view.export:
        return view.download()
    return render_template(
        "exhibitions/office/index.html",
        here=HERE,
        view=view,
        kinds=FAIR_KIND_NAMES,
        states=FAIR_STATE_NAMES,
        badges_of=BADGES,
        may_create="*" in guards.scopes(Permission.EXHIBITION_EDIT),
    )


@bp.get("/exhibitions/new")
@guards.requires_all(Permission.EXHIBITION_EDIT)
def new() -> Any:
    """An empty editor."""
    form = forms.FairForm(
        formdata=None,
        province=HOME_PROVINCE,
        kind="provincial",
        day_opens="08:00",
        day_closes="22:00",
        op_key=operations.new_key(),
    )
    return _new(form)


@bp.post("/exhibitions/new")
@guards.requires_all(Permission.EXHIBITION_EDIT)
def create() -> Any:
    """Begin a fair."""
    form = forms.FairForm()
    if _communes_wanted():
        return _new(form)
    if form.validate():
        try:
            slug = commands.create(guards.actor(), form.draft(), form.op_key.data or "")
        except ShopError as error:
            form.refuse(error)
            return _new(form, error.status)
        flash(gettext("Đã tạo hội chợ. Công chúng chưa thấy cho đến khi công bố."), "ok")
        return redirect(web.path(f"{HERE}/{slug}"))
    return _new(form, 422)


@bp.get("/exhibitions/<slug>")
@guards.requires(Permission.EXHIBITION_READ, scope=fairs.scope)
def fair(slug: str) -> Any:
    """The fair: its facts to read or change, its steps, its history."""
    row = fairs.by_slug(slug)
    return _editor(row, forms.filled(row))


@bp.post("/exhibitions/<slug>")
@guards.requires(Permission.EXHIBITION_EDIT, scope=fairs.scope)
def change(slug: str) -> Any:
    """Change the fair's facts."""
    row, form = fairs.by_slug(slug), forms.FairForm()
    if _communes_wanted():
        return _editor(row, form)
    if form.validate():
        try:
            changed = commands.update(guards.actor(), row.id, form.draft(), seen=form.seen.data or "")
        except ShopError as error:
            form.refuse(error)
            return _editor(fairs.by_slug(slug), form, error.status)
        said = gettext("Đã lưu.")
        if changed.points:
            said += " " + gettext("%(n)s điểm bán của gian đã theo ngày, giờ và nơi mới.", n=changed.points)
        if changed.other_days:
            said += " " + gettext("Số gợi ý mang hàng còn tính theo ngày cũ: hãy tính lại ở trang Hàng.")
        flash(said, "ok")
        return redirect(web.path(f"{HERE}/{slug}"))
    return _editor(row, form, 422)


@bp.post("/exhibitions/<slug>/announce")
@guards.requires(Permission.EXHIBITION_EDIT, scope=fairs.scope)
def announce(slug: str) -> Any:
    """Show a drafted fair to the public."""
    return _step(slug, "", commands.announce, gettext("Đã công bố hội chợ."))


@bp.post("/exhibitions/<slug>/take-back")
@guards.requires(Permission.EXHIBITION_EDIT, scope=fairs.scope)
def take_back(slug: str) -> Any:
    """Make a draft of it again."""
    return _step(slug, "take_back", commands.take_back, gettext("Đã đưa hội chợ về bản nháp."))


@bp.post("/exhibitions/<slug>/cancel")
@guards.requires(Permission.EXHIBITION_EDIT, scope=fairs.scope)
def cancel(slug: str) -> Any:
    """Call it off."""
    return _step(slug, "cancel", commands.cancel, gettext("Đã hủy hội chợ."))


def _step(slug: str, asked: str, command: Any, done: str) -> Any:
    row, key = fairs.by_slug(slug), request.form.get("op_key", "")
    reason = request.form.get("reason", "").strip()[:500]
    try:
        command(guards.actor(), row.id, *((reason, key) if asked else (key,)))
    except ShopError as error:
        row = fairs.by_slug(slug)
        word = gettext(error.title, **error.values)
        return _editor(row, forms.filled(row), error.status, asked=asked, word=word, reason=reason)
    flash(done, "ok")
    return redirect(web.path(f"{HERE}/{slug}"))


def _communes_wanted() -> bool:
    """Without JavaScript the communes of another province are asked for by a button of the same form."""
    return "choose_province" in request.form


def _choices(form: forms.FairForm) -> dict[str, Any]:
    homes = [p for p in points.all_points() if p.is_open_on(clock.today()) and p.kind is not PointKind.FAIR]
    return {
        "form": form,
        "errors": {name: list(found) for name, found in form.errors.items() if name},
        "above": form.form_errors,
        "kinds": [(k.value, gettext(label)) for k, label in FAIR_KIND_NAMES.items()],
        "provinces": places.province_choices(),
        "communes": places.commune_choices(form.province.data),
        "homes": [(str(p.id), p.name) for p in homes],
    }


def _new(form: forms.FairForm, status: int = 200) -> Any:
    return make_response(render_template("exhibitions/office/new.html", here=HERE, **_choices(form)), status)


def _editor(
    row: Exhibition, form: forms.FairForm, status: int = 200, asked: str = "", word: str = "", reason: str = ""
) -> Any:
    may_edit = guards.may(Permission.EXHIBITION_EDIT, f"exhibition:{row.id}")
    allowed = FAIR_ALLOWED[str(row.state)]
    return page(
        "exhibitions/office/fair.html",
        row,
        "",
        status,
        **_choices(form),
        may_edit=may_edit,
        can_edit=may_edit and row.state in FAIR_LIVE,
        steps=[
            {
                "title": gettext(FAIR_STATE_NAMES[FairState(step.to_state)]),
                "at": step.at,
                "who": step.actor_label,
                "reason": step.reason,
            }
            for step in reversed(row.steps)
        ],
        can={
            "announce": may_edit and row.state is FairState.DRAFT,
            "take_back": may_edit and row.state is FairState.ANNOUNCED,
            "cancel": may_edit and FairState.CANCELLED in allowed,
        },
        kind_name=gettext(FAIR_KIND_NAMES[row.kind]),
        asked=asked,
        word=word,
        reason=reason,
        keys=[operations.new_key() for _ in range(3)],
    )
