"""`/producer/profile`: what members say at once, what they ask the office to change, and leaving."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import banks, web
from shop.kernel.errors import NotFound, ShopError
from shop.kernel.forms import messages
from shop.places import queries as places
from shop.places.models import HOME_PROVINCE
from shop.producers import maker, queries
from shop.producers.models import CHANGE_KIND_NAMES, CHANGE_STATE_NAMES, LEGAL_FORM_NAMES, ProducerState
from shop.producers.portal import bp
from shop.producers.services import profile as commands

HERE = "/producer/profile"
P = Permission
FACTS = ("name", "legal_form", "tax_code", "representative", "street")
ACCOUNT = ("bank_bin", "account_number", "holder")


@bp.get("/profile")
@guards.requires(P.PORTAL_PROFILE)
def profile() -> Any:
    """All of it."""
    return _page()


def _page(part: str = "", values: dict[str, Any] | None = None, error: ShopError | None = None) -> Any:
    """The page; `part` (say, facts, bank, leave) is the form that was sent, with what it held and why it was refused."""
    here = maker.current(P.PORTAL_PROFILE)
    row = queries.by_id(here.id)
    if row is None:
        raise NotFound
    account = queries.bank_account(row.id)
    v: dict[str, dict[str, Any]] = {
        "say": {name: str(getattr(row, name) or "") for name in commands.FREE},
        "facts": {name: str(getattr(row, name) or "") for name in FACTS}
        | {"province": row.province_code or HOME_PROVINCE, "commune": row.commune_code or ""},
        "bank": dict.fromkeys(ACCOUNT, ""),
        "leave": {"reason": ""},
    }
    if values is not None:
        v[part] = values
    page = render_template(
        "producers/portal/profile.html",
        here=HERE,
        p=row,
        v=v,
        part=part,
        errors={part: messages(error)} if part else {},
        error_code=error.code if error else None,
        account=account,
        account_bank=banks.name(account.bank_bin) if account else "",
        banks=banks.choices(),
        form_name=queries.legal_form_name(row.legal_form),
        place=queries.place_of(row),
        legal_forms=[(f.value, gettext(label)) for f, label in LEGAL_FORM_NAMES.items()],
        provinces=places.province_choices(),
        communes=places.commune_choices(v["facts"]["province"]),
        waits=queries.open_changes(row.id),
        changes=queries.recent_changes(row.id),
        kind_names=CHANGE_KIND_NAMES,
        change_states=CHANGE_STATE_NAMES,
        active=row.state is ProducerState.ACTIVE,
    )
    return make_response(page, error.status if error else 200)


@bp.post("/profile")
@guards.requires(P.PORTAL_PROFILE)
def say() -> Any:
    """Story and contacts, which show at once."""
    values = {name: request.form.get(name, "") for name in commands.FREE}
    try:
        changed = commands.say(guards.actor(), maker.current(P.PORTAL_PROFILE).id, **values)
    except ShopError as error:
        return _page("say", values, error)
    flash(gettext("Đã ghi; khách thấy ngay.") if changed else gettext("Không có gì thay đổi."), "ok")
    return redirect(web.path(HERE), 303)


@bp.post("/profile/facts")
@guards.requires(P.PORTAL_PROFILE)
def ask_facts() -> Any:
    """Ask for other facts of law."""
    values = {name: request.form.get(name, "") for name in (*FACTS, "province", "commune")}
    if request.form.get("choose_province") == "1":
        return _page("facts", values)
    try:
        commands.ask_facts(guards.actor(), maker.current(P.PORTAL_PROFILE).id, **values)
    except ShopError as error:
        return _page("facts", values, error)
    return _asked()


@bp.post("/profile/bank")
@guards.requires(P.PORTAL_PROFILE)
def ask_account() -> Any:
    """Ask to be paid elsewhere."""
    values = {name: request.form.get(name, "") for name in ACCOUNT}
    try:
        commands.ask_account(guards.actor(), maker.current(P.PORTAL_PROFILE).id, **values)
    except ShopError as error:
        return _page("bank", values, error)
    return _asked()


def _asked() -> Any:
    flash(gettext("Đã gửi đề nghị. Cửa hàng xem rồi mới đổi."), "ok")
    return redirect(web.path(HERE), 303)


@bp.post("/profile/changes/<reference>/withdraw")
@guards.requires(P.PORTAL_PROFILE)
def withdraw_change(reference: str) -> Any:
    """Take a request back."""
    commands.withdraw(guards.actor(), maker.current(P.PORTAL_PROFILE).id, reference)
    flash(gettext("Đã rút đề nghị."), "ok")
    return redirect(web.path(HERE), 303)


@bp.post("/profile/leave")
@guards.requires(P.PORTAL_PROFILE)
def leave() -> Any:
    """Stop selling."""
    values = {"reason": request.form.get("reason", "")}
    try:
        commands.leave(guards.actor(), maker.current(P.PORTAL_PROFILE).id, values["reason"])
    except ShopError as error:
        return _page("leave", values, error)
    flash(gettext("Hàng của cơ sở không còn hiện trên cửa hàng. Sổ sách vẫn xem được ở đây."), "ok")
    return redirect(web.path(HERE), 303)
