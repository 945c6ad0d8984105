"""What staff type about money."""

from __future__ import annotations

from wtforms import HiddenField
from wtforms.validators import InputRequired, Length

from shop.kernel.errors import N_
from shop.kernel.forms import CleanString, CleanText, Form, MoneyField, OpKeyField

_MISSING = N_("Hãy điền ô này.")


class TransferForm(Form):
    """A transfer seen on the account."""

    amount = MoneyField(validators=[InputRequired(_MISSING)])
    bank_reference = CleanString(validators=[InputRequired(_MISSING), Length(max=120)])
    op_key = OpKeyField()


class CashForm(Form):
    """Cash handed over."""

    amount = MoneyField(validators=[InputRequired(_MISSING)])
    op_key = OpKeyField()


class RefundForm(Form):
    """Money to send back."""

    amount = MoneyField(validators=[InputRequired(_MISSING)])
    reason = CleanText(validators=[InputRequired(_MISSING), Length(max=500)])
    # `transfer`: not the way it came, but to an account.
    way = CleanString()
    to_bank = CleanString(validators=[Length(max=20)])
    to_account = CleanString(validators=[Length(max=40)])
    to_holder = CleanString(validators=[Length(max=120)])
    op_key = OpKeyField()


class KeyForm(Form):
    """A step that needs no words."""

    op_key = OpKeyField()


class RefundDoneForm(Form):
    """A refund that a person has made."""

    bank_reference = CleanString(validators=[InputRequired(_MISSING), Length(max=120)])
    op_key = OpKeyField()


class DropForm(Form):
    """A refund that will not be made."""

    reason = CleanText(validators=[InputRequired(_MISSING), Length(max=500)])
    op_key = OpKeyField()


class IssueForm(Form):
    """What to do about a case."""

    decision = HiddenField(validators=[InputRequired(_MISSING)])
    note = CleanText(validators=[InputRequired(_MISSING), Length(max=500)])
    op_key = OpKeyField()
