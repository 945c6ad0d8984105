"""What staff type about rates and visitors about a parcel."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext, lazy_gettext
from wtforms import BooleanField, HiddenField, StringField
from wtforms.validators import AnyOf, InputRequired, Length, NumberRange, Optional

from shop.delivery import fees
from shop.delivery.models import Region, Zone
from shop.delivery.queries import TableView
from shop.delivery.services import LARGEST_WEIGHT, Draft
from shop.kernel import text
from shop.kernel.forms import CleanString, CleanText, DayField, Form, MoneyField, WholeNumberField

REQUIRED = lazy_gettext("Vui lòng điền mục này.")
BOUNDS = lazy_gettext("Giá trị phải từ %(min)s đến %(max)s.")


class PercentField(StringField):
    """A percentage with at most two decimals (`0,8`); the data are ten-thousandths (80)."""

    def _value(self) -> str:
        if isinstance(self.data, int):
            return text.trimmed(f"{self.data / 100:.2f}")
        return self.data or ""

    def process_formdata(self, valuelist: list[Any]) -> None:
        raw = str(valuelist[0]).strip().rstrip("%").strip() if valuelist else ""
        self.data = raw or None
        whole, _, decimals = raw.replace(",", ".").partition(".")
        digits = (whole + decimals) or "0"
        if not (digits.isascii() and digits.isdigit()) or len(decimals) > 2 or len(whole) > 3:
            raise ValueError(gettext("Tỷ lệ phải là số phần trăm, ví dụ 0,8."))
        self.data = int(whole or 0) * 100 + int((decimals + "00")[:2])  # type: ignore[assignment]


def _weight(*, required: bool = True) -> WholeNumberField:
    first = InputRequired(REQUIRED) if required else Optional()
    return WholeNumberField(validators=[first, NumberRange(1, LARGEST_WEIGHT, BOUNDS)])


class ZoneForm(Form):
    """One zone's line."""

    first_g = _weight()
    first_amount = MoneyField(validators=[InputRequired(REQUIRED)])
    step_g = _weight()
    step_amount = MoneyField(validators=[InputRequired(REQUIRED)])
    days_from = WholeNumberField(validators=[InputRequired(REQUIRED), NumberRange(0, 60, BOUNDS)])
    days_to = WholeNumberField(validators=[InputRequired(REQUIRED), NumberRange(0, 60, BOUNDS)])
    cold_allowed = BooleanField()
    free_from_amount = MoneyField(validators=[Optional()])

    def terms(self, zone: Zone) -> fees.ZoneTerms:
        """The line as typed; call after validating."""
        return fees.ZoneTerms(
            zone=zone,
            first_g=int(self.first_g.data or 0),
            first_amount=_amount(self.first_amount),
            step_g=int(self.step_g.data or 0),
            step_amount=_amount(self.step_amount),
            days_from=int(self.days_from.data or 0),
            days_to=int(self.days_to.data or 0),
            cold_allowed=bool(self.cold_allowed.data),
            free_from_amount=_amount_or_none(self.free_from_amount),
        )


class RatesForm(Form):
    """A rate table; its zones are three `ZoneForm`s beside it."""

    origin = CleanString(validators=[InputRequired(REQUIRED), Length(2, 2)])
    seen = HiddenField()
    name = CleanString(validators=[InputRequired(REQUIRED), Length(max=80)])
    valid_from = DayField(validators=[InputRequired(REQUIRED)])
    divisor = WholeNumberField(validators=[InputRequired(REQUIRED), NumberRange(1000, 20_000, BOUNDS)])
    limit_g = _weight(required=False)
    bulky_from_g = _weight(required=False)
    bulky_amount = MoneyField(validators=[Optional()])
    cold_amount = MoneyField(validators=[Optional()])
    cod_flat_amount = MoneyField(validators=[Optional()])
    cod_per_10000 = PercentField(validators=[Optional()])
    cod_minimum_amount = MoneyField(validators=[Optional()])
    note = CleanText(validators=[Length(max=1000)])

    def draft(self, zones: dict[Zone, ZoneForm]) -> Draft:
        """The table as typed; call after validating all."""
        terms = fees.Terms(
            divisor=int(self.divisor.data or 0),
            limit_g=self.limit_g.data,
            bulky_from_g=self.bulky_from_g.data,
            bulky_amount=_amount(self.bulky_amount),
            cold_amount=_amount(self.cold_amount),
            cod_flat_amount=_amount(self.cod_flat_amount),
            cod_per_10000=int(self.cod_per_10000.data or 0),
            cod_minimum_amount=_amount(self.cod_minimum_amount),
        )
        return Draft(
            self.name.data or "", terms, tuple(form.terms(zone) for zone, form in zones.items()), self.note.data or ""
        )


def _amount(field: MoneyField) -> int:
    return _amount_or_none(field) or 0


def _amount_or_none(field: MoneyField) -> int | None:
    return field.data if isinstance(field.data, int) else None


def from_table(table: TableView | None, formdata: Any = None) -> tuple[RatesForm, dict[Zone, ZoneForm]]:
    """The forms of a rate table, filled with `table` where nothing was sent."""
    lines = {z.zone: z for z in table.zones} if table else {}
    main: dict[str, Any] = {"divisor": 5000}
    if table is not None:
        main = {name: getattr(table.terms, name) for name in fees.Terms.__dataclass_fields__}
        main |= {"name": table.name, "note": "" if table.is_demo else table.note, "origin": table.origin_code}
    form = RatesForm(formdata=formdata, data=main)
    zones = {
        zone: ZoneForm(
            formdata=formdata,
            prefix=f"{zone.value}-",
            data={name: getattr(lines[zone], name) for name in fees.ZoneTerms.__dataclass_fields__}
            if zone in lines
            else {},
        )
        for zone in Zone
    }
    return form, zones


class RegionForm(Form):
    """A province moves to another region."""

    province = CleanString(validators=[InputRequired(REQUIRED), Length(2, 2)])
    region = CleanString(validators=[AnyOf([r.value for r in Region], message=REQUIRED)])
    valid_from = DayField(validators=[InputRequired(REQUIRED)])
