"""Coming in, going out, and one's own account."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, Response, current_app, flash, g, jsonify, redirect, render_template, request, session
from flask_babel import gettext
from flask_login import current_user, login_user
from itsdangerous import BadSignature, URLSafeSerializer

from shop.accounts import guards, queries
from shop.accounts import services as accounts
from shop.accounts.consents import CONSENTS
from shop.accounts.errors import LinkExpired, StepExpired
from shop.accounts.forms import (
    CodeForm,
    EmailForm,
    NewPasswordForm,
    PasswordForm,
    PhoneForm,
    ProfileForm,
    ProveForm,
    RegisterForm,
    SignInForm,
    UsernameForm,
)
from shop.accounts.models import LinkPurpose
from shop.accounts.permissions import Role
from shop.kernel import web
from shop.kernel.errors import NotFound, ShopError
from shop.kernel.forms import Form
from shop.kernel.limits import limiter

bp = Blueprint("accounts", __name__)

HOME = "/tai-khoan"
# Who sits in a council comes for its dossiers; an account page of a buyer is of no use to him.
COUNCIL = "/office/council"
DEVICE_COOKIE = "shop_device"
DEVICE_SECONDS = 365 * 24 * 3600
STEP = "sign_in_step"


# --- the browser -------------------------------------------------------------------------------------------------


def _devices() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="device")


def _device() -> tuple[int, str] | None:
    """The account that was used on this device before, and the device's key."""
    try:
        user_id, key = _devices().loads(request.cookies.get(DEVICE_COOKIE, ""))
        return int(user_id), str(key)
    except (BadSignature, ValueError, TypeError):
        return None


def _browser() -> accounts.Browser:
    return accounts.Browser(
        address=web.client_address(),
        agent=request.user_agent.string,
        device=_device(),
        visitor=web.visitor(),
        old_token=session.get("_user_id"),
    )


def _let_in(entered: accounts.Entered, target: str) -> Response:
    """Open the browser's session anew: nothing that was in the old one, its form tokens neither, counts any more."""
    user = queries.signed_in(str(entered.token), compulsory=_compulsory())
    session.clear()
    session.permanent = entered.remember
    login_user(user)
    g.pop("actor", None)
    response = redirect(target, 303)
    device = _device()
    if device is not None and device[0] != entered.user_id:
        web.forget_visitor()  # somebody else used this browser before: what hangs on its key is his
    key = device[1] if device is not None and device[0] == entered.user_id else secrets.token_urlsafe(16)
    response.set_cookie(
        DEVICE_COOKIE,
        _devices().dumps([entered.user_id, key]),
        max_age=DEVICE_SECONDS,
        path="/",
        secure=current_app.extensions["shop_config"].https,
        httponly=True,
        samesite="Lax",
    )
    return response  # type: ignore[return-value]


def _compulsory() -> bool:
    return bool(current_app.extensions["shop_config"].mode == "production")


def _next(entered: accounts.Entered | None = None) -> str:
    """Where the visitor wanted to go, if it is in this shop; else his account. Who is nothing here but a council's member
    comes to his councils."""
    start = "/en" if entered is not None and entered.locale == "en" else ""
    home = start + HOME
    target = web.safe_next(request.values.get("next"), home)
    target = home if target.partition("?")[0] in {"/dang-nhap", "/en/dang-nhap", "/dang-nhap/xac-minh"} else target
    # The form says the account where nothing was asked for.
    if entered is not None and target in {HOME, "/en" + HOME}:
        return start + COUNCIL if queries.roles_of(entered.user_id) == {Role.COUNCIL_MEMBER} else target
    return target


def _page(template: str, form: Form | None = None, status: int = 200, **values: Any) -> tuple[str, int]:
    """A page that belongs to its reader alone."""
    web.mark_private()
    return render_template(f"accounts/storefront/{template}.html", form=form, **values), status


def _refused(template: str, form: Form, error: ShopError, **values: Any) -> tuple[str, int]:
    form.refuse(error)
    return _page(template, form, error.status, error_code=error.code, **values)


# --- coming in ---------------------------------------------------------------------------------------------------


@bp.get("/dang-nhap")
@guards.public
def login() -> Any:
    web.mark_private()
    if current_user.is_authenticated:
        return redirect(_next())
    return _page("login", SignInForm(formdata=None), next=_next())


@bp.post("/dang-nhap")
@guards.public
@limiter.limit("60 per minute")
def login_post() -> Any:
    """Check the password; ask for the second step where one is set up."""
    form = SignInForm()
    if not form.validate():
        return _page("login", form, 422, next=_next())
    try:
        entered = accounts.sign_in(
            form.username.data or "",
            form.password.data or "",
            browser=_browser(),
            remember=form.remember.data,
            code=form.totp.data or None,
        )
    except ShopError as error:
        return _refused("login", form, error, next=_next())
    if entered.token is None:
        session[STEP] = {"token": entered.step_token, "remember": entered.remember, "next": _next(entered)}
        return redirect(web.path("/dang-nhap/xac-minh"), 303)
    return _let_in(entered, _next(entered))


@bp.get("/dang-nhap/xac-minh")
@guards.public
def second_step() -> Any:
    web.mark_private()
    if STEP not in session:
        return redirect(web.path("/dang-nhap"))
    return _page("second_step", CodeForm(formdata=None))


@bp.post("/dang-nhap/xac-minh")
@guards.public
@limiter.limit("60 per minute")
def second_step_post() -> Any:
    form = CodeForm()
    step = session.get(STEP)
    try:
        if step is None:
            raise StepExpired
        if not form.validate():
            return _page("second_step", form, 422)
        entered = accounts.second_step(
            step["token"], form.totp.data or "", browser=_browser(), remember=bool(step["remember"])
        )
    except StepExpired as error:
        session.pop(STEP, None)
        return _refused("login", SignInForm(formdata=None), error, next=HOME)
    except ShopError as error:
        return _refused("second_step", form, error)
    return _let_in(entered, web.safe_next(step["next"], HOME))


@bp.get("/dang-ky")
@guards.public
def register() -> Any:
    web.mark_private()
    if current_user.is_authenticated:
        return redirect(_next())
    return _page("register", RegisterForm(formdata=None), next=_next(), texts=CONSENTS)


@bp.post("/dang-ky")
@guards.public
@limiter.limit("30 per minute")
def register_post() -> Any:
    form = RegisterForm()
    if not form.validate():
        return _page("register", form, 422, next=_next(), texts=CONSENTS)
    ticked = {"privacy": form.consent_privacy.data, "news": form.consent_news.data}
    try:
        entered = accounts.register(
            name=form.name.data or "",
            email=form.email.data or "",
            phone=form.phone.data or "",
            password=form.password.data or "",
            locale=web.language(),
            consents=[kind for kind, yes in ticked.items() if yes],
            browser=_browser(),
        )
    except ShopError as error:
        return _refused("register", form, error, next=_next(), texts=CONSENTS)
    answer = _let_in(entered, _next(entered))
    flash(gettext("Tài khoản đã sẵn sàng. Chào mừng bạn đến với cửa hàng."), "ok")
    return answer


@bp.post("/dang-xuat")
@guards.public
def logout() -> Any:
    """End this session; the visitor is a new guest."""
    if token := session.get("_user_id"):
        accounts.sign_out(token)
    session.clear()
    web.forget_visitor()
    g.pop("_login_user", None)
    flash(gettext("Bạn đã đăng xuất."), "ok")
    return redirect(web.path("/dang-nhap"), 303)


# --- forgotten ---------------------------------------------------------------------------------------------------


@bp.get("/quen-mat-khau")
@guards.public
def forgot() -> Any:
    return _page("forgot", UsernameForm(formdata=None), asked=False)


@bp.post("/quen-mat-khau")
@guards.public
@limiter.limit("30 per minute")
def forgot_post() -> Any:
    """The same answer whether there is such an account or not."""
    form = UsernameForm()
    if not form.validate():
        return _page("forgot", form, 422, asked=False)
    try:
        accounts.ask_reset(form.username.data or "", address=web.client_address())
    except ShopError as error:
        return _refused("forgot", form, error, asked=False)
    return _page("forgot", form, asked=True)


@bp.get("/dat-lai-mat-khau/<token>")
@guards.public
def reset(token: str) -> Any:
    web.mark_private()
    if queries.link_user(token, LinkPurpose.RESET) is None:
        raise LinkExpired
    return web.keep_address(_page("reset", NewPasswordForm(formdata=None)))


@bp.post("/dat-lai-mat-khau/<token>")
@guards.public
@limiter.limit("30 per minute")
def reset_post(token: str) -> Any:
    form = NewPasswordForm()
    if not form.validate():
        return web.keep_address(_page("reset", form, 422))
    try:
        accounts.set_password(token, form.password.data or "")
    except LinkExpired:
        raise
    except ShopError as error:
        return web.keep_address(_refused("reset", form, error))
    session.clear()
    flash(gettext("Mật khẩu mới đã có hiệu lực. Mời bạn đăng nhập."), "ok")
    return redirect(web.path("/dang-nhap"), 303)


@bp.get("/xac-nhan-email/<token>")
@guards.public
def confirm_email(token: str) -> Any:
    """A page with a button: programs that open links in letters must not confirm anything."""
    web.mark_private()
    found = queries.link_user(token, LinkPurpose.CONFIRM_EMAIL)
    if found is None:
        raise LinkExpired
    return web.keep_address(_page("confirm_email", email=found[0].email))


@bp.post("/xac-nhan-email/<token>")
@guards.public
@limiter.limit("30 per minute")
def confirm_email_post(token: str) -> Any:
    email = accounts.confirm_email(token)
    flash(gettext("Đã xác nhận địa chỉ %(email)s.", email=email), "ok")
    return redirect(web.path(HOME), 303)


# --- the account -------------------------------------------------------------------------------------------------


def _mine(template: str, form: Form | None = None, status: int = 200, **values: Any) -> tuple[str, int]:
    """A page of the reader's own account."""
    me = queries.profile(current_user.user_id)
    return _page(template, form, status, user=me, **values)


def _mine_refused(template: str, form: Form, error: ShopError, **values: Any) -> tuple[str, int]:
    form.refuse(error)
    return _mine(template, form, error.status, error_code=error.code, **values)


def _done(message: str, target: str) -> Any:
    flash(message, "ok")
    return redirect(web.path(target), 303)


@bp.get("/tai-khoan")
@guards.signed_in
def account() -> Any:
    return _mine("account")


@bp.get("/tai-khoan/ho-so")
@guards.signed_in
def profile() -> Any:
    return _profile()


def _profile(which: str = "", form: Form | None = None, error: ShopError | None = None) -> Any:
    """The page with its three forms; `form` is the one of them that was sent and is not good."""
    me = queries.profile(current_user.user_id)
    shown: dict[str, Form] = {
        "profile": ProfileForm(formdata=None, name=me.name, locale=me.locale),
        "email": EmailForm(formdata=None, email=me.email or ""),
        "phone": PhoneForm(formdata=None, phone=me.phone or ""),
    }
    if form is not None:
        shown[which] = form
        if error is not None:
            form.refuse(error)
    code = error.code if error else None
    status = error.status if error else 422 if form is not None else 200
    return _mine("profile", form, status, forms_=shown, error_code=code)


@bp.post("/tai-khoan/ho-so")
@guards.signed_in
def profile_post() -> Any:
    form = ProfileForm()
    if not form.validate():
        return _profile("profile", form)
    try:
        accounts.edit_profile(guards.actor(), name=form.name.data or "", locale=form.locale.data)
    except ShopError as error:
        return _profile("profile", form, error)
    flash(gettext("Đã lưu hồ sơ."), "ok")
    return redirect(("/en" if form.locale.data == "en" else "") + "/tai-khoan/ho-so", 303)


@bp.post("/tai-khoan/ho-so/email")
@guards.signed_in
def email_post() -> Any:
    form = EmailForm()
    if not form.validate():
        return _profile("email", form)
    try:
        accounts.ask_email(guards.actor(), form.email.data or "", form.current_password.data or "")
    except ShopError as error:
        return _profile("email", form, error)
    return _done(
        gettext("Đã gửi thư xác nhận đến %(email)s. Địa chỉ mới có hiệu lực khi bạn mở thư.", email=form.email.data),
        "/tai-khoan/ho-so",
    )


@bp.post("/tai-khoan/ho-so/gui-lai")
@guards.signed_in
def send_confirmation() -> Any:
    accounts.send_confirmation(guards.actor())
    return _done(gettext("Đã gửi lại thư xác nhận."), "/tai-khoan/ho-so")


@bp.post("/tai-khoan/ho-so/dien-thoai")
@guards.signed_in
def phone_post() -> Any:
    form = PhoneForm()
    if not form.validate():
        return _profile("phone", form)
    try:
        accounts.change_phone(guards.actor(), form.phone.data or "", form.current_password.data or "")
    except ShopError as error:
        return _profile("phone", form, error)
    return _done(gettext("Đã lưu số điện thoại."), "/tai-khoan/ho-so")


# --- security ----------------------------------------------------------------------------------------------------


@bp.get("/tai-khoan/bao-mat")
@guards.signed_in
def security() -> Any:
    return _security()


def _security(which: str = "", form: Form | None = None, error: ShopError | None = None) -> Any:
    shown: dict[str, Form] = {
        "password": PasswordForm(formdata=None),
        "begin": ProveForm(formdata=None),
        "codes": ProveForm(formdata=None),
        "end": ProveForm(formdata=None),
    }
    if form is not None:
        shown[which] = form
        if error is not None:
            form.refuse(error)
    return _mine(
        "security",
        form,
        error.status if error else 422 if form is not None else 200,
        forms_=shown,
        failed=which,
        error_code=error.code if error else None,
        sessions=queries.sessions_of(current_user.user_id, current_user.session_id),
        must_set_up=current_user.needs_second_factor,
    )


@bp.post("/tai-khoan/bao-mat/mat-khau")
@guards.signed_in
def password_post() -> Any:
    form = PasswordForm()
    if not form.validate():
        return _security("password", form)
    try:
        accounts.change_password(
            guards.actor(),
            form.current_password.data or "",
            form.password.data or "",
            session_id=current_user.session_id,
        )
    except ShopError as error:
        return _security("password", form, error)
    return _done(gettext("Đã đổi mật khẩu. Các thiết bị khác đã bị đăng xuất."), "/tai-khoan/bao-mat")


@bp.post("/tai-khoan/bao-mat/hai-buoc/bat-dau")
@guards.signed_in
def totp_begin() -> Any:
    form = ProveForm()
    if not form.validate():
        return _security("begin", form)
    try:
        accounts.begin_totp(guards.actor(), form.current_password.data or "")
    except ShopError as error:
        return _security("begin", form, error)
    return redirect(web.path("/tai-khoan/bao-mat/hai-buoc"), 303)


@bp.get("/tai-khoan/bao-mat/hai-buoc")
@guards.signed_in
def totp() -> Any:
    return _totp(CodeForm(formdata=None))


def _totp(form: Form, error: ShopError | None = None, status: int = 200) -> Any:
    """The secret as a picture and as text, and the field for its first code."""
    import pyotp
    import segno

    secret = queries.pending_totp_secret(current_user.user_id)
    if secret is None:
        return redirect(web.path("/tai-khoan/bao-mat"), 303)
    if error is not None:
        form.refuse(error)
        status = error.status
    me = queries.profile(current_user.user_id)
    address = pyotp.TOTP(secret).provisioning_uri(name=me.email or me.phone or me.name, issuer_name="Cho Ben")
    return _mine(
        "totp",
        form,
        status,
        secret=" ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        otpauth=address,
        qr=segno.make(address, error="m").svg_data_uri(scale=5, border=3, dark="#17292c", light="#ffffff"),
        error_code=error.code if error else None,
    )


@bp.post("/tai-khoan/bao-mat/hai-buoc")
@guards.signed_in
def totp_post() -> Any:
    form = CodeForm()
    if not form.validate():
        return _totp(form, status=422)
    try:
        codes = accounts.confirm_totp(guards.actor(), form.totp.data or "", session_id=current_user.session_id)
    except ShopError as error:
        return _totp(form, error)
    g.pop("_login_user", None)
    return _mine("recovery_codes", codes=codes)


@bp.post("/tai-khoan/bao-mat/ma-du-phong")
@guards.signed_in
def recovery_codes() -> Any:
    """New codes on the answer itself: they are shown this once."""
    form = ProveForm()
    if not form.validate():
        return _security("codes", form)
    try:
        codes = accounts.new_recovery_codes(guards.actor(), form.current_password.data or "")
    except ShopError as error:
        return _security("codes", form, error)
    return _mine("recovery_codes", codes=codes)


@bp.post("/tai-khoan/bao-mat/hai-buoc/tat")
@guards.signed_in
def totp_end() -> Any:
    form = ProveForm()
    if not form.validate():
        return _security("end", form)
    try:
        accounts.end_totp(
            guards.actor(), form.current_password.data or "", form.totp.data or "", compulsory=_compulsory()
        )
    except ShopError as error:
        return _security("end", form, error)
    return _done(gettext("Đã tắt xác minh hai bước."), "/tai-khoan/bao-mat")


@bp.post("/tai-khoan/bao-mat/thiet-bi/<reference>")
@guards.signed_in
def end_session(reference: str) -> Any:
    accounts.end_session(guards.actor(), reference)
    return _done(gettext("Đã đăng xuất thiết bị đó."), "/tai-khoan/bao-mat")


@bp.post("/tai-khoan/bao-mat/thiet-bi")
@guards.signed_in
def end_sessions() -> Any:
    """All devices but this one."""
    accounts.end_sessions(guards.actor(), but=current_user.session_id)
    return _done(gettext("Đã đăng xuất mọi thiết bị khác."), "/tai-khoan/bao-mat")


# --- personal data -----------------------------------------------------------------------------------------------


@bp.get("/tai-khoan/du-lieu")
@guards.signed_in
def personal() -> Any:
    return _personal(ProveForm(formdata=None))


def _personal(form: Form, error: ShopError | None = None, status: int = 200) -> Any:
    if error is not None:
        form.refuse(error)
        status = error.status
    user_id = current_user.user_id
    return _mine(
        "personal",
        form,
        status,
        texts=CONSENTS,
        held=queries.consents_in_force(user_id),
        addresses=queries.addresses_of(user_id),
        error_code=error.code if error else None,
    )


@bp.get("/tai-khoan/du-lieu/tai-ve")
@guards.signed_in
def export() -> Response:
    """Everything the shop keeps of the reader, as a file."""
    response = jsonify(queries.everything_about(current_user.user_id))
    response.headers["Content-Disposition"] = 'attachment; filename="du-lieu-cua-toi.json"'
    return response


@bp.post("/tai-khoan/du-lieu/dong-y")
@guards.signed_in
def consent() -> Any:
    """Give an optional consent (the box is ticked) or take it back."""
    kind = request.form.get("kind", "")
    if kind not in CONSENTS:
        raise NotFound
    if request.form.get("agree") == "1":
        accounts.give_consent(guards.actor(), kind)
        return _done(gettext("Đã ghi nhận đồng ý của bạn."), "/tai-khoan/du-lieu")
    accounts.withdraw_consent(guards.actor(), kind)
    return _done(gettext("Đã ghi nhận bạn rút đồng ý."), "/tai-khoan/du-lieu")


@bp.post("/tai-khoan/du-lieu/xoa")
@guards.signed_in
def erase() -> Any:
    form = ProveForm()
    if not form.validate():
        return _personal(form, status=422)
    try:
        accounts.erase_oneself(guards.actor(), form.current_password.data or "", form.totp.data or None)
    except ShopError as error:
        return _personal(form, error)
    session.clear()
    for name in ("_login_user", "actor"):
        g.pop(name, None)
    answer: Response = current_app.make_response(_page("erased"))
    answer.delete_cookie(DEVICE_COOKIE, path="/")
    return answer
