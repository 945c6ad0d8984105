"""What people type about themselves → typed arguments. The rules themselves stand in the services."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField
from wtforms.fields import Field
from wtforms.validators import InputRequired, Length
from wtforms.widgets import PasswordInput

from shop.accounts.permissions import ROLE_NAMES, Role
from shop.kernel.forms import CleanString, Form

LANGUAGES = {"vi": "Tiếng Việt", "en": "English"}
NEEDED = InputRequired(_l("Vui lòng điền ô này."))


class Secret(Field):
    """A password: taken as typed, never shown again."""

    widget = PasswordInput()

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = str(valuelist[0])[:2000] if valuelist else ""

    def _value(self) -> str:
        return ""


class SignInForm(Form):
    username = CleanString(validators=[NEEDED, Length(max=255)])
    password = Secret(validators=[NEEDED])
    remember = BooleanField()
    totp = CleanString(validators=[Length(max=40)])


class CodeForm(Form):
    totp = CleanString(validators=[NEEDED, Length(max=40)])


class RegisterForm(Form):
    name = CleanString(validators=[NEEDED, Length(max=120)])
    email = CleanString(validators=[Length(max=255)])
    phone = CleanString(validators=[Length(max=40)])
    password = Secret(validators=[NEEDED])
    consent_privacy = BooleanField()
    consent_news = BooleanField()


class UsernameForm(Form):
    username = CleanString(validators=[NEEDED, Length(max=255)])


class NewPasswordForm(Form):
    password = Secret(validators=[NEEDED])


class ProfileForm(Form):
    name = CleanString(validators=[NEEDED, Length(max=120)])
    locale = SelectField(choices=lambda: list(LANGUAGES.items()))


class EmailForm(Form):
    email = CleanString(validators=[NEEDED, Length(max=255)])
    current_password = Secret(validators=[NEEDED])


class PhoneForm(Form):
    phone = CleanString(validators=[Length(max=40)])
    current_password = Secret(validators=[NEEDED])


class PasswordForm(Form):
    current_password = Secret(validators=[NEEDED])
    password = Secret(validators=[NEEDED])


class ProveForm(Form):
    """The password again, and the second factor where there is one."""

    current_password = Secret(validators=[NEEDED])
    totp = CleanString(validators=[Length(max=40)])


class GrantForm(Form):
    role = SelectField(choices=lambda: _roles())
    scope = CleanString(validators=[Length(max=80)])


class NewUserForm(Form):
    name = CleanString(validators=[NEEDED, Length(max=120)])
    email = CleanString(validators=[Length(max=255)])
    phone = CleanString(validators=[Length(max=40)])
    role = SelectField(choices=lambda: [("", gettext("Khách hàng, không có vai trò")), *_roles()])
    scope = CleanString(validators=[Length(max=80)])


def _roles() -> list[tuple[str, str]]:
    return [(role.value, gettext(label)) for role, label in ROLE_NAMES.items() if role is not Role.CUSTOMER]


class ReasonForm(Form):
    reason = CleanString(validators=[NEEDED, Length(max=500)])
