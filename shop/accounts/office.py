"""Users for staff: find them, give and take roles, lock, help who cannot log in."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request
from flask_babel import gettext
from flask_login import current_user

from shop.accounts import guards, queries, scopes
from shop.accounts import services as accounts
from shop.accounts.forms import GrantForm, NewUserForm, ReasonForm
from shop.accounts.permissions import ROLE_NAMES, SCOPE_KIND, Permission, Role
from shop.kernel import web
from shop.kernel.errors import N_, Invalid, ShopError

bp = Blueprint("accounts", __name__)
HERE = "/office/users"

ACTIONS = {
    "accounts.create": N_("Tạo tài khoản"),
    "accounts.sign-in": N_("Đăng nhập"),
    "accounts.grant": N_("Giao vai trò"),
    "accounts.revoke": N_("Thu vai trò"),
    "accounts.disable": N_("Khóa tài khoản"),
    "accounts.enable": N_("Mở khóa"),
    "accounts.end-sessions": N_("Đăng xuất mọi thiết bị"),
    "accounts.reset-link": N_("Cấp đường dẫn đặt lại mật khẩu"),
    "accounts.password": N_("Đổi mật khẩu"),
    "accounts.password-reset": N_("Đặt lại mật khẩu"),
    "accounts.second-factor-on": N_("Bật xác minh hai bước"),
    "accounts.second-factor-off": N_("Tắt xác minh hai bước"),
    "accounts.second-factor-reset": N_("Gỡ xác minh hai bước"),
    "accounts.recovery-codes": N_("Tạo mã dự phòng mới"),
    "accounts.erase": N_("Xóa dữ liệu cá nhân"),
}


@bp.get("/users")
@guards.requires(Permission.USER_READ)
def index() -> Any:
    """The list, or a file of it."""
    view = queries.users(request.args)
    if view.export:
        return view.download()
    return render_template(
        "accounts/office/users.html",
        here=HERE,
        view=view,
        role_names=_role_names(),
        state_names={state: gettext(label) for state, label in queries.STATE_NAMES.items()},
    )


def _role_names() -> dict[Role, str]:
    return {role: gettext(label) for role, label in ROLE_NAMES.items()}


def _scope_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    return [(gettext(kind), things) for kind, things in scopes.choices()]


@bp.get("/users/new")
@guards.requires(Permission.USER_EDIT)
def new() -> Any:
    return _new(NewUserForm(formdata=None))


def _new(form: NewUserForm, status: int = 200, code: str | None = None) -> Any:
    page = render_template(
        "accounts/office/new.html", here=HERE, form=form, scope_choices=_scope_choices(), error_code=code
    )
    return make_response(page, status)


@bp.post("/users/new")
@guards.requires(Permission.USER_EDIT)
def create() -> Any:
    """Make an account; its owner sets the password by the link on the next page."""
    form = NewUserForm()
    if not form.validate():
        return _new(form, 422)
    try:
        user_id = accounts.create(
            guards.actor(),
            name=form.name.data or "",
            email=form.email.data or None,
            phone=form.phone.data or None,
            locale="vi",
            roles=[(Role(form.role.data), form.scope.data or "*")] if form.role.data else [],
        )
    except ShopError as error:
        form.refuse(error)
        return _new(form, error.status, error.code)
    flash(gettext("Đã tạo tài khoản. Hãy cấp đường dẫn đặt mật khẩu cho người này."), "ok")
    return redirect(web.path(f"{HERE}/{user_id}"), 303)


@bp.get("/users/<int:user_id>")
@guards.requires(Permission.USER_READ)
def user(user_id: int) -> Any:
    return _page(user_id)


def _page(
    user_id: int,
    *,
    grant: GrantForm | None = None,
    lock: ReasonForm | None = None,
    error: ShopError | None = None,
    link: str = "",
) -> Any:
    """One user. `grant` or `lock` is the form that was sent and is not good; `link` is a reset link, shown this once."""
    shown = queries.profile(user_id)
    failed = grant or lock
    if failed is not None and error is not None:
        failed.refuse(error)
    page = render_template(
        "accounts/office/user.html",
        here=HERE,
        u=shown,
        grants=[
            {
                "role": g.role.value,
                "scope": g.scope,
                "label": gettext(ROLE_NAMES[g.role]),
                "where": scopes.label(g.scope) or gettext("Toàn cửa hàng"),
            }
            for g in shown.grants
        ],
        narrow=[gettext(ROLE_NAMES[role]) for role in SCOPE_KIND],
        scope_choices=_scope_choices(),
        sessions=queries.sessions_of(user_id),
        history=[
            (h, gettext(ACTIONS[h.action]) if h.action in ACTIONS else h.action, _spoken(h.detail))
            for h in queries.history(user_id)
        ],
        grant=grant or GrantForm(formdata=None),
        lock=lock or ReasonForm(formdata=None),
        link=link,
        myself=current_user.user_id == user_id,
        may_edit=guards.may(Permission.USER_EDIT),
        error_code=error.code if error else None,
    )
    return make_response(page, error.status if error else 422 if failed is not None else 200)


def _spoken(detail: dict[str, Any]) -> str:
    """What the log keeps beside an action, for people."""
    words = []
    if detail.get("role") in set(Role):
        words.append(gettext(ROLE_NAMES[Role(detail["role"])]))
    if detail.get("scope", "*") != "*":
        words.append(scopes.label(detail["scope"]) or detail["scope"])
    if detail.get("reason"):
        words.append(str(detail["reason"]))
    return ", ".join(words)


def _done(user_id: int, message: str) -> Any:
    flash(message, "ok")
    return redirect(web.path(f"{HERE}/{user_id}"), 303)


@bp.post("/users/<int:user_id>/grant")
@guards.requires(Permission.USER_EDIT)
def grant(user_id: int) -> Any:
    form = GrantForm()
    if not form.validate():
        return _page(user_id, grant=form)
    try:
        accounts.grant(guards.actor(), user_id, Role(form.role.data), form.scope.data or "*")
    except ShopError as error:
        return _page(user_id, grant=form, error=error)
    return _done(user_id, gettext("Đã giao vai trò. Quyền có hiệu lực ngay."))


@bp.post("/users/<int:user_id>/revoke")
@guards.requires(Permission.USER_EDIT)
def revoke(user_id: int) -> Any:
    try:
        role = Role(request.form.get("role", ""))
    except ValueError:
        queries.profile(user_id)
        raise Invalid(field="role") from None
    accounts.revoke(guards.actor(), user_id, role, request.form.get("scope", "*"))
    if user_id == current_user.user_id:
        return redirect(web.path("/tai-khoan"), 303)
    return _done(user_id, gettext("Đã thu vai trò. Quyền mất hiệu lực ngay."))


@bp.post("/users/<int:user_id>/disable")
@guards.requires(Permission.USER_EDIT)
def disable(user_id: int) -> Any:
    form = ReasonForm()
    if not form.validate():
        return _page(user_id, lock=form)
    accounts.disable(guards.actor(), user_id, form.reason.data or "")
    return _done(user_id, gettext("Đã khóa tài khoản; mọi thiết bị đã bị đăng xuất."))


@bp.post("/users/<int:user_id>/enable")
@guards.requires(Permission.USER_EDIT)
def enable(user_id: int) -> Any:
    accounts.enable(guards.actor(), user_id)
    return _done(user_id, gettext("Đã mở khóa tài khoản."))


@bp.post("/users/<int:user_id>/end-sessions")
@guards.requires(Permission.USER_EDIT)
def end_sessions(user_id: int) -> Any:
    ended = accounts.end_sessions_of(guards.actor(), user_id)
    if user_id == current_user.user_id:
        return redirect(web.path("/dang-nhap"), 303)
    return _done(user_id, gettext("Đã đăng xuất %(n)s thiết bị.", n=ended))


@bp.post("/users/<int:user_id>/reset-link")
@guards.requires(Permission.USER_EDIT)
def reset_link(user_id: int) -> Any:
    """The link stands on the answer itself and nowhere else."""
    token = accounts.issue_reset_link(guards.actor(), user_id)
    config = current_app.extensions["shop_config"]
    prefix = "/en" if queries.profile(user_id).locale == "en" else ""
    return _page(user_id, link=f"{config.base_url}{prefix}/dat-lai-mat-khau/{token}")


@bp.post("/users/<int:user_id>/reset-totp")
@guards.requires(Permission.USER_EDIT)
def reset_totp(user_id: int) -> Any:
    accounts.reset_totp(guards.actor(), user_id)
    return _done(user_id, gettext("Đã gỡ xác minh hai bước; người dùng cần đăng nhập lại."))


@bp.post("/users/<int:user_id>/erase")
@guards.requires(Permission.USER_EDIT)
def erase(user_id: int) -> Any:
    accounts.erase(guards.actor(), user_id)
    flash(gettext("Đã xóa dữ liệu cá nhân của tài khoản."), "ok")
    return redirect(web.path(HERE), 303)
