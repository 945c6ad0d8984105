"""The editor of a fair: text of the browser → `services.fairs.Draft`."""

from __future__ import annotations

from datetime import date, timedelta

from flask_babel import gettext
from wtforms import HiddenField, SelectField, ValidationError
from wtforms.validators import InputRequired, Length, Optional

from shop.exhibitions.models.fairs import FAIR_KIND_NAMES, Exhibition, FairKind
from shop.exhibitions.services.fairs import Draft
from shop.kernel.forms import CleanString, CleanText, DayField, Form, OpKeyField, lazy_choices
from shop.places import queries as places

DAY = timedelta(days=1)


class FairForm(Form):
    """All that staff say of a fair but its plan. Days are the first and the last, as people say them."""

    name = CleanString(validators=[InputRequired(), Length(max=255)])
    name_en = CleanString(validators=[Optional(), Length(max=255)])
    kind = SelectField(choices=lazy_choices({k.value: label for k, label in FAIR_KIND_NAMES.items()}))
    from_on = DayField(validators=[InputRequired()])
    last_on = DayField(validators=[InputRequired()])
    day_opens = CleanString(validators=[InputRequired(), Length(max=10)])
    day_closes = CleanString(validators=[InputRequired(), Length(max=10)])
    venue = CleanString(validators=[InputRequired(), Length(max=255)])
    address = CleanString(validators=[Optional(), Length(max=255)])
    province = CleanString(validators=[InputRequired()])
    commune = CleanString(validators=[Optional()])
    organiser = CleanString(validators=[Optional(), Length(max=255)])
    description = CleanText(validators=[Optional(), Length(max=5000)])
    description_en = CleanText(validators=[Optional(), Length(max=5000)])
    call_from_on = DayField(validators=[Optional()])
    call_last_on = DayField(validators=[Optional()])
    call_text = CleanText(validators=[Optional(), Length(max=5000)])
    call_text_en = CleanText(validators=[Optional(), Length(max=5000)])
    home_point_id = CleanString(validators=[Optional()])
    source_url = CleanString(validators=[Optional(), Length(max=2000)])
    seen = HiddenField()
    op_key = OpKeyField()

    def validate_commune(self, field: CleanString) -> None:
        """The commune lies in the province, today."""
        known = {code for code, _label in places.commune_choices(self.province.data)}
        if field.data and field.data not in known:
            raise ValidationError(gettext("Xã, phường này không thuộc tỉnh đã chọn."))

    def validate_province(self, field: CleanString) -> None:
        """The province exists, today."""
        if field.data not in {code for code, _label in places.province_choices()}:
            raise ValidationError(gettext("Hãy chọn tỉnh, thành phố."))

    def validate_home_point_id(self, field: CleanString) -> None:
        """A number, of at most the digits that a key has; whether there is such a point is the command's question."""
        if field.data and not (field.data.isdecimal() and len(field.data) <= 15):
            raise ValidationError(gettext("Điểm này không có hoặc đã đóng."))

    def validate_source_url(self, field: CleanString) -> None:
        """Addresses are web addresses: nothing that runs."""
        for part in (field.data or "").split(" ; "):
            if part and not part.startswith(("https://", "http://")):
                raise ValidationError(gettext("Nguồn phải là địa chỉ web bắt đầu bằng https://."))

    def draft(self) -> Draft:
        """The draft that valid fields give."""
        first, last = self.from_on.data or date.min, self.last_on.data or date.min
        return Draft(
            name=self.name.data or "",
            name_en=self.name_en.data or None,
            kind=FairKind(self.kind.data),
            from_on=first,
            to_on=last + DAY,
            day_opens=self.day_opens.data or "",
            day_closes=self.day_closes.data or "",
            venue=self.venue.data or "",
            address=self.address.data or None,
            province_code=self.province.data or "",
            commune_code=self.commune.data or None,
            organiser=self.organiser.data or None,
            description=self.description.data or None,
            description_en=self.description_en.data or None,
            call_from_on=self.call_from_on.data,
            call_to_on=self.call_last_on.data + DAY if self.call_last_on.data else None,
            call_text=self.call_text.data or None,
            call_text_en=self.call_text_en.data or None,
            home_point_id=int(self.home_point_id.data) if self.home_point_id.data else None,
            source_url=self.source_url.data or None,
        )


def filled(row: Exhibition) -> FairForm:
    """The editor with what is known of `row`."""
    return FairForm(
        formdata=None,
        name=row.name,
        name_en=row.name_en or "",
        kind=row.kind.value,
        from_on=row.from_on,
        last_on=row.last_on,
        day_opens=row.day_opens,
        day_closes=row.day_closes,
        venue=row.venue,
        address=row.address or "",
        province=row.province_code,
        commune=row.commune_code or "",
        organiser=row.organiser or "",
        description=row.description or "",
        description_en=row.description_en or "",
        call_from_on=row.call_from_on,
        call_last_on=row.call_to_on - DAY if row.call_to_on else None,
        call_text=row.call_text or "",
        call_text_en=row.call_text_en or "",
        home_point_id=str(row.home_point_id or ""),
        source_url=row.source_url or "",
        seen=row.updated_at.isoformat(),
    )
