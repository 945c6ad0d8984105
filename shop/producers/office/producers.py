"""Producers for staff: the list, the record, suspension."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import ROLE_NAMES, Permission
from shop.kernel import dates, operations, web
from shop.kernel.errors import ShopError
from shop.kernel.forms import messages
from shop.places import queries as places
from shop.places.models import HOME_PROVINCE
from shop.producers import queries, services
from shop.producers.errors import NoSuchProducer
from shop.producers.models import FOREVER, LEGAL_FORM_NAMES, Producer, ProducerState
from shop.producers.office import bp

HERE = "/office/producers"
TEXTS = (
    "name", "legal_form", "tax_code", "representative", "commune_code", "locality_text", "street", "phone", "email",
    "website", "story", "story_en", "source_url",
)  # fmt: skip


def own(**view_args: Any) -> str | None:
    """The scope of the producer that an address names."""
    return queries.scope_of(str(view_args["slug"]))


@bp.get("/producers")
@guards.requires(Permission.PRODUCER_READ)
def producers() -> Any:
    """The list, or a file of it."""
    view = queries.table(request.args, guards.scopes(Permission.PRODUCER_READ))
    if view.export:
        return view.download()
    return render_template(
        "producers/office/producers.html",
        here=HERE,
        view=view,
        form_names=LEGAL_FORM_NAMES,
        state_names=queries.STATE_NAMES,
        place_of=queries.place_of,
    )


def _values(row: Producer | None) -> dict[str, str]:
    values = {name: str(getattr(row, name) or "") if row else "" for name in TEXTS}
    return values | {"seen": row.updated_at.isoformat() if row else ""}


def _sent() -> dict[str, str]:
    return {name: request.form.get(name, "") for name in (*TEXTS, "seen")}


def _choices(values: dict[str, str]) -> dict[str, Any]:
    communes: list[Any] = places.commune_choices(HOME_PROVINCE)
    code = values["commune_code"]
    if code and all(v != code for v, _label in communes):
        communes = [*communes, (code, code)]
    return {"communes": communes, "legal_forms": [(f.value, gettext(label)) for f, label in LEGAL_FORM_NAMES.items()]}


@bp.get("/producers/new")
@guards.requires(Permission.PRODUCER_EDIT)
def new_producer() -> Any:
    """The blank form."""
    return _new(_values(None), operations.new_key())


def _new(values: dict[str, str], op_key: str, error: ShopError | None = None) -> Any:
    page = render_template(
        "producers/office/new.html",
        here=HERE,
        v=values,
        op_key=op_key,
        errors=messages(error),
        error_code=error.code if error else None,
        **_choices(values),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/producers/new")
@guards.requires(Permission.PRODUCER_EDIT)
def create_producer() -> Any:
    """Register a producer."""
    values, key, actor = _sent(), request.form.get("op_key", ""), guards.actor()
    facts = {name: values[name] for name in TEXTS} | {"province_code": HOME_PROVINCE}
    try:
        made = operations.once(
            key, "producers.create", actor.key, facts, lambda: {"id": services.create_producer(actor, **facts)}
        )
    except ShopError as error:
        return _new(values, key, error)
    flash(gettext("Đã ghi nhà sản xuất."), "ok")
    found = queries.by_id(made["id"])
    return redirect(web.path(f"{HERE}/{found.slug}" if found else HERE), 303)


def _producer(slug: str) -> Producer:
    found = queries.by_slug(slug)
    if found is None:
        raise NoSuchProducer
    return found


@bp.get("/producers/<slug>")
@guards.requires(Permission.PRODUCER_READ, scope=own)
def producer(slug: str) -> Any:
    """The record of a producer."""
    return _record(_producer(slug))


def _until(day: date | None) -> str:
    """The last day on which recorded papers hold, as people read it."""
    if day is None:
        return gettext("chưa ghi giấy nào")
    return gettext("không hạn") if day == FOREVER else dates.day(day)


def _record(
    row: Producer, *, values: dict[str, str] | None = None, reason: str | None = None, error: ShopError | None = None
) -> Any:
    """The record; `values` or `reason` is what was sent and refused."""
    errors = messages(error)
    values = values or _values(row)
    page = render_template(
        "producers/office/producer.html",
        here=HERE,
        p=row,
        v=values,
        reason=reason or "",
        errors=errors if reason is None else {},
        reason_errors=errors if reason is not None else {},
        error_code=error.code if error else None,
        state_names=queries.STATE_NAMES,
        form_name=queries.legal_form_name(row.legal_form),
        place=queries.place_of(row),
        history=[(h, gettext(queries.ACTIONS.get(h.action, h.action))) for h in queries.history(row)],
        may_edit=guards.may(Permission.PRODUCER_EDIT),
        members=queries.member_of(row.id),
        role_names=ROLE_NAMES,
        until=_until,
        **_choices(values),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/producers/<slug>")
@guards.requires(Permission.PRODUCER_EDIT, scope=own)
def update_producer(slug: str) -> Any:
    """Correct what is said of a producer."""
    values = _sent()
    try:
        changed = services.update_producer(
            guards.actor(), _producer(slug).id, seen=queries.instant(values["seen"]), **{n: values[n] for n in TEXTS}
        )
    except ShopError as error:
        return _record(_producer(slug), values=values, error=error)
    flash(gettext("Đã ghi.") if changed else gettext("Không có gì thay đổi."), "ok")
    return redirect(web.path(f"{HERE}/{slug}"), 303)


@bp.post("/producers/<slug>/suspend")
@guards.requires(Permission.PRODUCER_EDIT, scope=own)
def suspend_producer(slug: str) -> Any:
    """Neither show nor sell its goods."""
    return _turn(slug, ProducerState.SUSPENDED, gettext("Đã tạm ngừng. Hàng của nơi này không còn hiện và bán."))


@bp.post("/producers/<slug>/resume")
@guards.requires(Permission.PRODUCER_EDIT, scope=own)
def resume_producer(slug: str) -> Any:
    """Take it back."""
    return _turn(slug, ProducerState.ACTIVE, gettext("Nhà sản xuất hoạt động trở lại."))


def _turn(slug: str, state: ProducerState, told: str) -> Any:
    reason = request.form.get("reason", "")
    try:
        services.set_state(guards.actor(), _producer(slug).id, state, reason)
    except ShopError as error:
        return _record(_producer(slug), reason=reason, error=error)
    flash(told, "ok")
    return redirect(web.path(f"{HERE}/{slug}"), 303)
