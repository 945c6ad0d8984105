"""`/office/ideas`: ideas of producers from screening to dossier."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.cycle.models.ideas import IDEA_KIND_NAMES, IDEA_KINDS, IDEA_NAMES, PLAN_OPEN, IdeaKind, IdeaState
from shop.cycle.office import bp
from shop.cycle.queries import ideas as queries
from shop.cycle.services import ideas as services
from shop.cycle.services.ideas import IDEA_FIELDS, NEEDED, PLAN_FIELDS
from shop.kernel import operations, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages
from shop.producers import queries as producers
from shop.programme.models.dossiers import DOSSIER_KIND_NAMES

P = Permission
HERE = "/office/ideas"


@bp.get("/ideas")
@guards.requires(P.CYCLE_READ)
def ideas() -> Any:
    """The ideas that were handed in: the screening list, filtered by year and by what became of them."""
    view = queries.IDEAS.open(request.args, HERE, queries.office_rows(guards.scopes(P.CYCLE_READ)))
    if view.export:
        return view.download()
    return render_template(
        "cycle/office/ideas.html",
        here=HERE,
        view=view,
        names=IDEA_NAMES,
        kinds=IDEA_KINDS,
        place=queries.place_of,
        may_edit=guards.may(P.CYCLE_EDIT),
    )


def _whole(field: str) -> int:
    raw = request.values.get(field, "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 15 else 0


def _kind() -> IdeaKind | None:
    return next((k for k in IdeaKind if k.value == request.values.get("kind")), None)


def _new_page(error: ShopError | None = None) -> Any:
    makers = queries.makers(guards.scopes(P.CYCLE_EDIT))
    maker, kind = _whole("producer"), _kind()
    name = dict(makers).get(maker)
    if error is None and "producer" in request.args and name is None:
        error = Invalid(N_("Hãy chọn chủ thể."), field="producer")
    page = render_template(
        "cycle/office/idea_new.html", here=HERE, makers=makers, maker=maker if name else 0, maker_name=name, kind=kind,
        goods=queries.goods_of(maker) if name and kind is IdeaKind.EXISTING else [], kind_names=IDEA_KIND_NAMES,
        fields=IDEA_FIELDS, v=request.values,
        op_key=request.form.get("op_key") or operations.new_key(), errors=messages(error),
        error_code=error.code if error else None,
    )  # fmt: skip
    return make_response(page, error.status if error else 200)


@bp.get("/ideas/new")
@guards.requires(P.CYCLE_EDIT)
def new_idea() -> Any:
    """Write down an idea that a producer brought on paper: first whose it is and on which form, then what it says."""
    return _new_page()


@bp.post("/ideas/new")
@guards.requires(P.CYCLE_EDIT)
def write_idea() -> Any:
    """Write it down and hand it in for the producer."""
    try:
        maker = _whole("producer")
        if maker not in dict(queries.makers(guards.scopes(P.CYCLE_EDIT))):
            raise Invalid(N_("Hãy chọn chủ thể."), field="producer")
        kind = _kind()
        if kind is None:
            raise Invalid(N_("Hãy chọn mẫu."), field="kind")
        product = _whole("product") or None if kind is IdeaKind.EXISTING else None
        answers = {key: request.form.get(key, "") for key in IDEA_FIELDS}
        reference = services.write(
            guards.actor(), maker, kind, request.form.get("name", ""), product, answers,
            request.form.get("op_key", ""), submit=True,
        )  # fmt: skip
    except ShopError as error:
        return _new_page(error)
    flash(gettext("Đã ghi ý tưởng."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


def _page(reference: str, error: ShopError | None = None, part: str = "") -> Any:
    row = queries.idea(reference)
    if row.state is IdeaState.DRAFT:
        raise NotFound  # the producer's alone until it is handed in
    scope = queries.office_scope(reference) or "*"
    page = render_template(
        "cycle/office/idea.html", here=HERE, i=row, maker=producers.by_id(row.producer_id), names=IDEA_NAMES, kinds=IDEA_KINDS,
        kind_names=IDEA_KIND_NAMES, fields=IDEA_FIELDS, plan_fields=PLAN_FIELDS, history=queries.history(row.id),
        may_edit=guards.may(P.CYCLE_EDIT, scope), plan_open=row.state in PLAN_OPEN, needed=NEEDED,
        goods=queries.goods_of(row.producer_id), part=part, d=request.form,
        dossier_kinds=DOSSIER_KIND_NAMES, groups=queries.groups_of(row.product_id) if row.product_id else [],
        group_choices=queries.group_choices() if row.product_id else [], errors=messages(error),
        error_code=error.code if error else None,
    )  # fmt: skip
    return make_response(page, error.status if error else 200)


@bp.get("/ideas/<reference>")
@guards.requires(P.CYCLE_READ, scope=queries.office_scope, name="locality")
def idea(reference: str) -> Any:
    """One idea with its plan, its steps and the group of its product."""
    return _page(reference)


@bp.post("/ideas/<reference>/decide")
@guards.requires(P.CYCLE_EDIT, scope=queries.office_scope, name="locality")
def decide_idea(reference: str) -> Any:
    """Accept, return or stop it."""
    to = next((s for s in IdeaState if s.value == request.form.get("to")), IdeaState.DRAFT)
    try:
        services.decide(guards.actor(), reference, to, request.form.get("reason", ""), seen=_whole("seen"))
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error, to.value)
    flash(gettext("Đã ghi quyết định."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.post("/ideas/<reference>/plan")
@guards.requires(P.CYCLE_EDIT, scope=queries.office_scope, name="locality")
def write_plan(reference: str) -> Any:
    """Write down a business plan that the producer brought on paper, and hand it in for him."""
    answers = {key: request.form.get(key, "") for key in PLAN_FIELDS}
    try:
        if queries.idea(reference).state is IdeaState.DRAFT:
            raise NotFound
        services.plan(guards.actor(), reference, answers, seen=_whole("seen"), submit=True)
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error, "plan")
    flash(gettext("Đã ghi kế hoạch kinh doanh."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.post("/ideas/<reference>/dossier")
@guards.requires(P.CYCLE_EDIT, scope=queries.office_scope, name="locality")
def file_idea(reference: str) -> Any:
    """Open the dossier."""
    try:
        code = services.file_dossier(
            guards.actor(), reference, _whole("product") or None, request.form.get("kind", ""), seen=_whole("seen")
        )
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error, "dossier")
    flash(gettext("Đã mở hồ sơ %(code)s.", code=code), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.post("/ideas/<reference>/group")
@guards.requires(P.CYCLE_EDIT, scope=queries.office_scope, name="locality")
def group_product(reference: str) -> Any:
    """Put its product into a group of a list."""
    row = queries.idea(reference)
    if row.product_id is None:
        raise NotFound
    try:
        services.put_in_group(guards.actor(), row.product_id, _whole("group"), request.form.get("why", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error, "group")
    flash(gettext("Đã xếp nhóm."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)
