"""`/producer/ideas`: a producer writes ideas and plans and sees what became of them. `/producer/figures`: jobs, turnover."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.cycle import forms
from shop.cycle.models.ideas import IDEA_KIND_NAMES, IDEA_KINDS, IDEA_NAMES, IDEA_OPEN, PLAN_OPEN, Idea, IdeaKind
from shop.cycle.queries import figures as figure_queries
from shop.cycle.queries import ideas as queries
from shop.cycle.services import figures
from shop.cycle.services import ideas as services
from shop.cycle.services.ideas import IDEA_FIELDS, NEEDED, PLAN_FIELDS
from shop.kernel import clock, operations, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages
from shop.producers import maker

bp = Blueprint("cycle", __name__)
P = Permission
HERE = "/producer/ideas"


@bp.get("/ideas")
@guards.requires(P.DOSSIER_FILE)
def ideas() -> Any:
    """The producer's ideas."""
    here = maker.current(P.DOSSIER_FILE)
    return render_template(
        "cycle/portal/ideas.html", here=HERE, rows=queries.of_producer(here.id), names=IDEA_NAMES, kinds=IDEA_KINDS,
        kind_names=IDEA_KIND_NAMES,
    )  # fmt: skip


def _whole(field: str) -> int:
    raw = request.form.get(field, "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 15 else 0


def _new_page(error: ShopError | None = None) -> Any:
    here = maker.current(P.DOSSIER_FILE)
    page = render_template(
        "cycle/portal/new.html", here=HERE, kind_names=IDEA_KIND_NAMES, goods=queries.goods_of(here.id), v=request.form,
        op_key=request.form.get("op_key") or operations.new_key(), errors=messages(error),
        error_code=error.code if error else None,
    )  # fmt: skip
    return make_response(page, error.status if error else 200)


@bp.get("/ideas/new")
@guards.requires(P.DOSSIER_FILE)
def new_idea() -> Any:
    """Which product the idea is of."""
    return _new_page()


@bp.post("/ideas/new")
@guards.requires(P.DOSSIER_FILE)
def begin_idea() -> Any:
    """Begin it."""
    here = maker.current(P.DOSSIER_FILE)
    try:
        kind = next((k for k in IdeaKind if k.value == request.form.get("kind")), None)
        if kind is None:
            raise Invalid(N_("Hãy chọn mẫu."), field="kind")
        product = _whole("product") or None if kind is IdeaKind.EXISTING else None
        reference = services.write(
            guards.actor(), here.id, kind, request.form.get("name", ""), product, {}, request.form.get("op_key", "")
        )
    except NotFound:
        raise
    except ShopError as error:
        return _new_page(error)
    return redirect(web.path(f"{HERE}/{reference}"), 303)


def _theirs(reference: str) -> Idea:
    row = queries.idea(reference)
    if all(m.id != row.producer_id for m in maker.mine(P.DOSSIER_FILE)):
        raise NotFound
    return row


def _page(row: Idea, error: ShopError | None = None) -> Any:
    fields = IDEA_FIELDS if row.state in IDEA_OPEN else PLAN_FIELDS if row.state in PLAN_OPEN else {}
    written = row.content if row.state in IDEA_OPEN else row.plan
    page = render_template(
        "cycle/portal/idea.html", here=HERE, i=row, names=IDEA_NAMES, kinds=IDEA_KINDS, kind_names=IDEA_KIND_NAMES,
        fields=IDEA_FIELDS, plan_fields=PLAN_FIELDS, needed=NEEDED, open_fields=fields, is_idea=row.state in IDEA_OPEN,
        history=queries.history(row.id), errors=messages(error), error_code=error.code if error else None,
        v=request.form if error else {"name": row.name, "seen": row.turn, **written},
    )  # fmt: skip
    return make_response(page, error.status if error else 200)


@bp.get("/ideas/<reference>")
@guards.requires(P.DOSSIER_FILE, scope=queries.portal_scope, name="the producer")
def idea(reference: str) -> Any:
    """An idea with the form that is open: the idea's, then the plan's."""
    return _page(_theirs(reference))


@bp.post("/ideas/<reference>")
@guards.requires(P.DOSSIER_FILE, scope=queries.portal_scope, name="the producer")
def save_idea(reference: str) -> Any:
    """Keep what was written; `do=submit` hands it in."""
    row = _theirs(reference)
    submit = request.form.get("do") == "submit"
    try:
        if row.state in IDEA_OPEN:
            answers = {key: request.form.get(key, "") for key in IDEA_FIELDS}
            services.edit(
                guards.actor(), reference, request.form.get("name", ""), answers, seen=_whole("seen"), submit=submit
            )
        else:
            answers = {key: request.form.get(key, "") for key in PLAN_FIELDS}
            services.plan(guards.actor(), reference, answers, seen=_whole("seen"), submit=submit)
    except NotFound:
        raise
    except ShopError as error:
        return _page(_theirs(reference), error)
    flash(gettext("Đã gửi địa phương xem.") if submit else gettext("Đã lưu nháp."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


# --- jobs and turnover -------------------------------------------------------------------------------------------

FIGURES = "/producer/figures"


def _figures(error: ShopError | None = None) -> Any:
    here = maker.current(P.DOSSIER_FILE)
    page = render_template(
        "cycle/portal/figures.html", here=FIGURES, rows=figure_queries.of_producer(here.id), errors=messages(error),
        v=request.form if error else {"as_of": clock.today().isoformat(), "source": gettext("Cơ sở tự khai")},
        error_code=error.code if error else None,
    )  # fmt: skip
    return make_response(page, error.status if error else 200)


@bp.get("/figures")
@guards.requires(P.DOSSIER_FILE)
def own_figures() -> Any:
    """What was told of the producer's jobs and turnover, by whom."""
    return _figures()


@bp.post("/figures")
@guards.requires(P.DOSSIER_FILE)
def say_own_figure() -> Any:
    """Tell it of a day."""
    here = maker.current(P.DOSSIER_FILE)
    try:
        told = forms.producer_figure(request.form)
        figures.say(guards.actor(), here.id, *told, seen=forms.number(request.form, "seen"))
    except NotFound:
        raise
    except ShopError as error:
        return _figures(error)
    flash(gettext("Đã ghi số liệu."), "ok")
    return redirect(web.path(FIGURES), 303)
