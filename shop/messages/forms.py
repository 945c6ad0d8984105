"""The contact form and the forms of staff."""

from __future__ import annotations

import re

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField, StringField
from wtforms.validators import Length, Optional, ValidationError

from shop.kernel import text
from shop.kernel.errors import N_
from shop.kernel.forms import CleanString, CleanText, Form, OpKeyField, PhoneString, lazy_choices
from shop.messages.models import TOPIC_NAMES

# One @, a host with a dot, no blanks: what a letter can be sent to; whether anybody reads it only a letter can tell.
_EMAIL = re.compile(r"^[^@\s,;<>\"()]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+$")


def _email(_form: Form, field: StringField) -> None:
    if field.data and not _EMAIL.match(field.data):
        raise ValidationError(gettext("Địa chỉ e-mail chưa đúng, ví dụ ten@example.com."))


class ContactForm(Form):
    """`website` is a trap: people do not see it, machines fill it."""

    topic = SelectField(choices=lazy_choices({t.value: label for t, label in TOPIC_NAMES.items()}))
    name = CleanString(validators=[Length(max=100, message=_l("Tên dài quá 100 ký tự."))])
    email = CleanString(validators=[Optional(), Length(max=200, message=_l("Địa chỉ e-mail quá dài.")), _email])
    phone = PhoneString(validators=[Optional()])
    order_reference = CleanString(validators=[Optional(), Length(max=20, message=_l("Mã đơn chưa đúng."))])
    body = CleanText()
    website = StringField()
    op_key = OpKeyField()

    def validate_order_reference(self, field: CleanString) -> None:
        """Bring the order's code into its stored shape."""
        if field.data:
            field.data = text.normal_reference(field.data)[:20]


class AnswerForm(Form):
    """What staff answer, and how."""

    words = CleanText()
    channel = RadioField(
        choices=lazy_choices({"letter": N_("Gửi e-mail cho khách"), "phone": N_("Đã gọi điện, ghi lại ở đây")}),
        validate_choice=False,
    )
    op_key = OpKeyField()


class CloseForm(Form):
    """Why a message is put aside."""

    reason = CleanString(validators=[Length(max=300)])
