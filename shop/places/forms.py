"""What staff type about units."""

from __future__ import annotations

from flask_babel import lazy_gettext
from wtforms import BooleanField, HiddenField
from wtforms.validators import AnyOf, InputRequired, Length

from shop.kernel.forms import CleanString, DayField, Form
from shop.places.models import UnitType

REQUIRED = lazy_gettext("Vui lòng điền mục này.")


class StartForm(Form):
    """The day from which a unit is in force."""

    unit = HiddenField()
    valid_from = DayField(validators=[InputRequired(REQUIRED)])
    exact = BooleanField()
    note = CleanString(validators=[Length(max=500)])


class RankForm(Form):
    """Another type or name from a day on."""

    type = CleanString(validators=[AnyOf([kind.value for kind in UnitType], message=REQUIRED)])
    short = CleanString(validators=[InputRequired(REQUIRED), Length(max=120)])
    valid_from = DayField(validators=[InputRequired(REQUIRED)])
    exact = BooleanField()
    note = CleanString(validators=[Length(max=500)])
