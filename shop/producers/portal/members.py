"""`/producer/members`: who works in the producer's door, and invitations."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import PRODUCER_ROLES, ROLE_NAMES, Permission, Role
from shop.kernel import operations, web
from shop.kernel.errors import NotFound, ShopError
from shop.kernel.forms import messages
from shop.producers import maker, queries
from shop.producers.portal import bp
from shop.producers.services import members as commands

HERE = "/producer/members"
# The widest first.
ROLES = [role for role in Role if role in PRODUCER_ROLES]


@bp.get("/members")
@guards.requires(Permission.MEMBER_MANAGE)
def members() -> Any:
    """The list, or a file of it; invitations that wait; the form for one more."""
    return _page()


def _page(error: ShopError | None = None) -> Any:
    here = maker.current(Permission.MEMBER_MANAGE)
    view = queries.members(here.id, request.args)
    if view.export:
        return view.download()
    base = current_app.extensions["shop_config"].base_url
    form = request.form if error is not None else {}
    page = render_template(
        "producers/portal/members.html",
        here=HERE,
        view=view,
        invitations=[(row, base + path) for row, path in queries.invitations(here.id)],
        roles=[(role.value, gettext(ROLE_NAMES[role])) for role in ROLES],
        role_names=ROLE_NAMES,
        me_id=guards.actor().user_id,
        v={"username": form.get("username", ""), "role": form.get("role", "")},
        op_key=operations.new_key(),
        errors=messages(error),
        error_code=error.code if error else None,
    )
    return make_response(page, error.status if error else 200)


@bp.post("/members/invite")
@guards.requires(Permission.MEMBER_MANAGE)
def invite() -> Any:
    """Invite somebody."""
    here, form = maker.current(Permission.MEMBER_MANAGE), request.form
    try:
        commands.invite(
            guards.actor(), here.id, form.get("username", ""), form.get("role", ""), op_key=form.get("op_key", "")
        )
    except NotFound:
        raise
    except ShopError as error:
        return _page(error)
    flash(
        gettext("Đã tạo lời mời. E-mail đã được gửi nếu bạn mời bằng e-mail; bạn cũng có thể chép đường dẫn bên dưới."),
        "ok",
    )
    return redirect(web.path(HERE), 303)


@bp.post("/members/invitations/<reference>/withdraw")
@guards.requires(Permission.MEMBER_MANAGE)
def withdraw_invitation(reference: str) -> Any:
    """Make an invitation useless."""
    commands.withdraw(guards.actor(), maker.current(Permission.MEMBER_MANAGE).id, reference)
    flash(gettext("Đã rút lời mời."), "ok")
    return redirect(web.path(HERE), 303)


def _member() -> int:
    raw = request.form.get("member", "")
    if not raw.isascii() or not raw.isdigit() or len(raw) > 15:
        raise NotFound
    return int(raw)


@bp.post("/members/role")
@guards.requires(Permission.MEMBER_MANAGE)
def change_member() -> Any:
    """Give a member another role."""
    here = maker.current(Permission.MEMBER_MANAGE)
    try:
        commands.change_role(guards.actor(), here.id, _member(), request.form.get("role", ""))
    except NotFound:
        raise
    except ShopError as error:
        error.field = None
        return _page(error)
    flash(gettext("Đã đổi việc của thành viên."), "ok")
    return _back(here)


@bp.post("/members/remove")
@guards.requires(Permission.MEMBER_MANAGE)
def remove_member() -> Any:
    """Take a member's rights away."""
    here = maker.current(Permission.MEMBER_MANAGE)
    try:
        commands.remove(guards.actor(), here.id, _member())
    except NotFound:
        raise
    except ShopError as error:
        error.field = None
        return _page(error)
    flash(gettext("Đã bỏ thành viên."), "ok")
    return _back(here)


def _back(here: maker.Maker) -> Any:
    """To the list; to the account's page for somebody who has just given his own right away."""
    actor = guards.actor()
    still = any(
        m.user_id == actor.user_id and m.role is Role.PRODUCER_OWNER for m in queries.member_of(here.id)
    )  # fmt: skip
    return redirect(web.path(HERE if still else "/tai-khoan"), 303)
