"""The letters of this room, each in its reader's language."""

from __future__ import annotations

from typing import Any

from flask import current_app
from flask_babel import force_locale, gettext

from shop.accounts import queries
from shop.accounts.events import EmailToConfirm, PasswordResetAsked, SecurityChanged, TakenEmailAsked
from shop.kernel import mail
from shop.kernel.errors import N_
from shop.kernel.events import on

# What is told, and whether it needs an answer if it was not the reader who did it.
NOTICES = {
    "password": N_("Mật khẩu tài khoản của bạn vừa được đổi."),
    "email": N_("Địa chỉ e-mail của tài khoản vừa được đổi sang địa chỉ khác."),
    "phone": N_("Số điện thoại của tài khoản vừa được đổi."),
    "second-factor-on": N_("Xác minh hai bước vừa được bật cho tài khoản của bạn."),
    "second-factor-off": N_("Xác minh hai bước của tài khoản vừa được tắt."),
    "recovery-codes": N_("Bộ mã dự phòng mới vừa được tạo; các mã cũ không còn dùng được."),
    "recovery-code-used": N_("Một mã dự phòng vừa được dùng để vào tài khoản của bạn."),
    "reset-link": N_("Nhân viên cửa hàng vừa cấp một đường dẫn đặt lại mật khẩu cho tài khoản của bạn."),
}


def _post(
    key: str,
    kind: str,
    recipient: str,
    about: int,
    locale: str,
    template: str,
    *,
    path: str,
    subject: str,
    **values: Any,
) -> None:
    """Write the letter `template` in `locale` and post it; `path` is where its button leads."""
    base = current_app.extensions["shop_config"].base_url + ("/en" if locale == "en" else "")
    with force_locale(locale):
        head = gettext(subject)
        values |= {"lang": locale, "shop_url": base + "/", "button_url": base + path, "subject": head}
        # Not `render_template`: a letter takes nothing from the request in which it happens to be written.
        body, page = (
            current_app.jinja_env.get_template(f"accounts/letters/{template}.{kind_of_text}").render(**values)
            for kind_of_text in ("txt", "html")
        )
    mail.post(key, kind, recipient, head, body, page, about=f"user:{about}")


@on(PasswordResetAsked)
def _reset(fact: PasswordResetAsked) -> None:
    reader = queries.contact(fact.user_id)
    if reader is not None and reader.email is not None:
        _post(
            f"accounts.reset:{fact.link_id}",
            "accounts.reset",
            reader.email,
            fact.user_id,
            reader.locale,
            "reset",
            subject=N_("Đặt lại mật khẩu"),
            name=reader.name,
            path=f"/dat-lai-mat-khau/{fact.token}",
        )


@on(EmailToConfirm)
def _confirm(fact: EmailToConfirm) -> None:
    reader = queries.contact(fact.user_id)
    if reader is not None:
        _post(
            f"accounts.confirm:{fact.link_id}",
            "accounts.confirm",
            fact.email,
            fact.user_id,
            reader.locale,
            "confirm",
            subject=N_("Xác nhận địa chỉ e-mail"),
            name=reader.name,
            path=f"/xac-nhan-email/{fact.token}",
        )


@on(TakenEmailAsked)
def _taken(fact: TakenEmailAsked) -> None:
    reader = queries.contact(fact.user_id)
    if reader is not None:
        _post(
            f"accounts.taken:{fact.attempt}",
            "accounts.taken",
            fact.email,
            fact.user_id,
            reader.locale,
            "taken",
            subject=N_("Địa chỉ này đã có tài khoản"),
            name=reader.name,
            path="/quen-mat-khau",
        )


@on(SecurityChanged)
def _changed(fact: SecurityChanged) -> None:
    reader = queries.contact(fact.user_id)
    if reader is not None:
        _post(
            f"accounts.{fact.what}:{fact.attempt}",
            "accounts.security",
            fact.email,
            fact.user_id,
            reader.locale,
            "changed",
            name=reader.name,
            subject=NOTICES[fact.what],
            path="/quen-mat-khau",
        )
