"""Forms: text of the browser → typed arguments, by WTForms; field kinds that a Vietnamese shop needs again and again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import phonenumbers
from flask_babel import gettext
from flask_wtf import FlaskForm
from wtforms import DateField, HiddenField, IntegerField, StringField, TextAreaField
from wtforms.validators import ValidationError

from shop.kernel import clock, facts, money, text
from shop.kernel.errors import N_, Invalid, ShopError

# What WTForms says by itself, which it knows in no Vietnamese; its values stay as they are.
_SAID: dict[str, str] = {
    "This field is required.": N_("Hãy điền ô này."),
    "Not a valid choice.": N_("Hãy chọn một mục trong danh sách."),
    "Invalid Choice: could not coerce.": N_("Hãy chọn một mục trong danh sách."),
    "Not a valid date value.": N_("Ngày chưa đúng."),
    "Not a valid datetime value.": N_("Ngày giờ chưa đúng."),
    "Not a valid time value.": N_("Giờ chưa đúng."),
    "Not a valid integer value.": N_("Hãy ghi một số nguyên."),
    "Not a valid decimal value.": N_("Hãy ghi một con số."),
    "Not a valid float value.": N_("Hãy ghi một con số."),
    "Number must be between %(min)s and %(max)s.": N_("Hãy ghi số từ %(min)s đến %(max)s."),
    "Number must be at least %(min)s.": N_("Hãy ghi số từ %(min)s trở lên."),
    "Number must be at most %(max)s.": N_("Hãy ghi số không quá %(max)s."),
    "Field cannot be longer than %(max)d character.": N_("Ô này dài nhất %(max)d ký tự."),
    "Field must be at least %(min)d character long.": N_("Ô này ngắn nhất %(min)d ký tự."),
    "Field must be between %(min)d and %(max)d characters long.": N_("Ô này phải có từ %(min)d đến %(max)d ký tự."),
    "Field must be exactly %(max)d character long.": N_("Ô này phải có đúng %(max)d ký tự."),
    "Invalid input.": N_("Nội dung này chưa đúng."),
    "Invalid email address.": N_("Địa chỉ thư điện tử chưa đúng."),
}


@dataclass(frozen=True, slots=True)
class _Words:
    """What WTForms says, in the reader's language; it puts the values in itself."""

    def gettext(self, said: str) -> str:
        """The sentence; one that is not known stays as it is."""
        # With no values given, what stands for them is left alone.
        return str(gettext(_SAID[said])) if said in _SAID else said

    def ngettext(self, one: str, many: str, n: int) -> str:
        """The same in Vietnamese for one and for many."""
        return self.gettext(one) if one in _SAID else (one if n == 1 else many)


_WORDS = _Words()


class Form(FlaskForm):  # type: ignore[misc]
    """A form whose token is checked at the door (`shop.csrf`), so that pages which are cached can carry one too."""

    class Meta:
        csrf = False

        def bind_field(self, form: Any, unbound_field: Any, options: Any) -> Any:
            """The field, without a label: templates name fields. WTForms would make up one and look for its translation."""
            if not unbound_field.args:
                unbound_field.kwargs.setdefault("label", "")
            return unbound_field.bind(form=form, **options)

        def get_translations(self, form: Any) -> Any:
            """What WTForms says by itself comes from the shop's own words."""
            return _WORDS

    def refuse(self, error: ShopError) -> None:
        """Show a refusal of a command at the field it names, or above the form."""
        message = gettext(error.title, **error.values)
        field = self._fields.get(error.field or "")
        if field is None:
            self.form_errors: list[str] = [*self.form_errors, message]
        else:
            field.errors = [*field.errors, message]


class CleanString(StringField):
    """One line: NFC, no control characters, blanks folded."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        super().process_formdata([text.clean(str(v)).replace("\n", " ") for v in valuelist])


class CleanText(TextAreaField):
    """Several lines: NFC, no control characters."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        super().process_formdata([text.clean(str(v)) for v in valuelist])


class PhoneString(CleanString):
    """A phone number as people write it; the data is E.164 (`+84912345678`)."""

    def pre_validate(self, form: Any) -> None:
        if self.data:
            try:
                self.data = phone(self.data)
            except Invalid as error:
                raise ValidationError(gettext(error.title)) from error


class WholeNumberField(IntegerField):
    """A whole number of at most 15 digits: more cannot be compared with a bound, nor kept in a column."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        if valuelist and len(str(valuelist[0]).strip()) > 15:
            self.data = None
            raise ValueError(gettext("Số này quá lớn."))
        try:
            super().process_formdata(valuelist)
        except ValueError as error:  # WTForms would say it in English
            raise ValueError(gettext("Hãy ghi một số nguyên.")) from error


class QuantityField(WholeNumberField):
    """A count of sale units, 1 to 9,999."""

    def pre_validate(self, form: Any) -> None:
        if self.data is not None and not 1 <= self.data <= 9999:
            raise ValidationError(gettext("Số lượng phải từ 1 đến 9.999."))


class MoneyField(StringField):
    """Whole đồng as people write them; the data is an `int`."""

    def _value(self) -> str:
        return f"{self.data:,}".replace(",", ".") if isinstance(self.data, int) else (self.data or "")

    def process_formdata(self, valuelist: list[Any]) -> None:
        raw = str(valuelist[0]).strip() if valuelist else ""
        self.data = raw or None
        if raw:
            try:
                self.data = money.parse_vnd(raw)  # type: ignore[assignment]
            except Invalid as error:
                raise ValueError(gettext(error.title, **error.values)) from error


class DayField(DateField):
    """A day of the calendar people use (`clock.FIRST_DAY` to `clock.LAST_DAY`)."""

    def pre_validate(self, form: Any) -> None:
        if self.data is not None and not clock.FIRST_DAY <= self.data <= clock.LAST_DAY:
            raise ValidationError(gettext("Ngày chưa đúng."))


class OpKeyField(HiddenField):
    """The operation key of a form (`shop.kernel.operations`)."""


def day(raw: str, field: str) -> date | None:
    """The day that a browser sent, or None if the field is blank.

    Raises:
        Invalid: it is no day, or one that nobody means (`clock.read_day`).
    """
    try:
        return clock.read_day(raw) if raw.strip() else None
    except ValueError as error:
        raise Invalid(N_("Ngày chưa đúng."), field=field) from error


def phone(raw: str) -> str:
    """Return `raw` as E.164; numbers without a country code are Vietnamese.

    Raises:
        Invalid: no possible number.
    """
    try:
        number = phonenumbers.parse(raw, "VN")
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        raise Invalid(N_("Số điện thoại chưa đúng, ví dụ 0912 345 678."), field="phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def phone_for_people(e164: str) -> str:
    """Return an E.164 number as its country writes it at home (`0912 345 678`), others internationally."""
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return e164
    kind = (
        phonenumbers.PhoneNumberFormat.NATIONAL
        if number.country_code == 84
        else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    )
    return phonenumbers.format_number(number, kind)


def lazy_choices(values: dict[Any, str]) -> Callable[[], list[tuple[Any, str]]]:
    """Return a function that gives select choices with their labels in the reader's language."""
    return lambda: [(value, gettext(label)) for value, label in values.items()]


def messages(error: ShopError | None) -> dict[str, str]:
    """The words of a refusal, if there was one, by field ('' if it names none), each of several at its place."""
    errors = error.all if isinstance(error, facts.Refused) else [error] if error else []
    return {e.field or "": gettext(e.title, **e.values) for e in errors}
