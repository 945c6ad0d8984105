"""The editor of a point: text of the browser → `services.Draft`."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext
from wtforms import (
    BooleanField,
    HiddenField,
    SelectField,
    SelectMultipleField,
    ValidationError,
)
from wtforms.validators import InputRequired, Length, Optional

from shop.kernel import clock
from shop.kernel.errors import N_, Invalid
from shop.kernel.forms import (
    CleanString,
    CleanText,
    DayField,
    Form,
    OpKeyField,
    PhoneString,
    WholeNumberField,
    lazy_choices,
)
from shop.places import queries as places
from shop.places.models import HOME_PROVINCE
from shop.points import hours, locator
from shop.points.models import POINT_KIND_NAMES, SERVICE_NAMES, PointKind
from shop.points.queries import PointView
from shop.points.services import Draft
from shop.producers import queries as producers


class Coordinate(CleanString):
    """Degrees with a decimal point or comma; the data is a `Decimal`."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        super().process_formdata(valuelist)
        raw = (self.data or "").replace(",", ".")
        self.data = None
        if raw:
            try:
                value = Decimal(raw)
                if not value.is_finite():
                    raise InvalidOperation
                self.data = value.quantize(Decimal("0.000001"))  # type: ignore[assignment]
            except InvalidOperation:
                self.raw_text = raw
                raise ValueError(gettext("Tọa độ phải là số độ, ví dụ 20.951234.")) from None


class PointForm(Form):
    """All that staff may say of a point; hours are read from the fields `mon_from`, `mon_to`, …"""

    name = CleanString(validators=[InputRequired(), Length(max=255)])
    kind = SelectField(choices=lazy_choices({k.value: label for k, label in POINT_KIND_NAMES.items()}))
    # Slug of the producer whose own store it is.
    producer = CleanString(validators=[Optional(), Length(max=80)])
    province = CleanString(validators=[InputRequired()])
    commune = CleanString(validators=[Optional()])
    locality_text = CleanString(validators=[Optional(), Length(max=255)])
    address = CleanString(validators=[Optional(), Length(max=255)])
    phone = PhoneString(validators=[Optional()])
    latitude = Coordinate(validators=[])
    longitude = Coordinate(validators=[])
    floor_area_m2 = WholeNumberField(validators=[Optional()])
    note = CleanText(validators=[Optional(), Length(max=2000)])
    note_en = CleanText(validators=[Optional(), Length(max=2000)])
    services = SelectMultipleField(choices=lazy_choices(SERVICE_NAMES))
    pickup = BooleanField()
    ships = BooleanField()
    web_reserve = WholeNumberField(validators=[Optional()])
    is_public = BooleanField()
    opened_on = DayField(validators=[Optional()])
    source_url = CleanString(validators=[Optional(), Length(max=2000)])
    seen = HiddenField()
    op_key = OpKeyField()

    def validate_producer(self, field: CleanString) -> None:
        """The producer is in the register."""
        if field.data and producers.by_slug(field.data) is None:
            raise ValidationError(gettext("Hãy chọn cơ sở trong danh bạ."))

    def validate_commune(self, field: CleanString) -> None:
        """The commune lies in the province, today."""
        known = {code for code, _label in places.commune_choices(self.province.data)}
        if field.data and field.data not in known:
            raise ValidationError(gettext("Xã, phường này không thuộc tỉnh đã chọn."))

    def validate_province(self, field: CleanString) -> None:
        """The province exists, today."""
        if field.data not in {code for code, _label in places.province_choices()}:
            raise ValidationError(gettext("Hãy chọn tỉnh, thành phố."))

    def validate_source_url(self, field: CleanString) -> None:
        """Addresses are web addresses: nothing that runs."""
        for part in (field.data or "").split(" ; "):
            if part and not part.startswith(("https://", "http://")):
                raise ValidationError(gettext("Nguồn phải là địa chỉ web bắt đầu bằng https://."))

    def _producer_id(self, before: PointView | None) -> int | None:
        if before and before.producer_id is not None:
            return before.producer_id
        found = producers.by_slug(self.producer.data) if self.producer.data else None
        if found is None and before is None and self.kind.data == PointKind.PRODUCER_STORE.value:
            raise Invalid(N_("Hãy chọn cơ sở mà kho, cửa hàng này thuộc về."), field="producer")
        return found.id if found else None

    def draft(self, typed: dict[str, tuple[str, str]], before: PointView | None) -> Draft:
        """The draft that the fields and the hours `typed` give; what the editor does not show stays as it was.

        Raises:
            Invalid: the hours make no sense; a store of nobody's is to be opened.
        """
        return Draft(
            name=self.name.data or "",
            kind=PointKind(self.kind.data),
            province_code=self.province.data or "",
            commune_code=self.commune.data or None,
            locality_text=self.locality_text.data or None,
            address=self.address.data or None,
            phone=self.phone.data or None,
            latitude=self.latitude.data,  # type: ignore[arg-type]
            longitude=self.longitude.data,  # type: ignore[arg-type]
            hours=hours.checked(typed),
            services=tuple(self.services.data or ()),
            floor_area_m2=self.floor_area_m2.data,
            note=self.note.data or None,
            note_en=self.note_en.data or None,
            producer_id=self._producer_id(before),
            pickup=self.pickup.data,
            ships=self.ships.data,
            web_reserve=self.web_reserve.data or 0,
            is_public=self.is_public.data,
            opened_on=self.opened_on.data,
            sells_from_on=before.sells_from_on if before else None,
            sells_to_on=before.sells_to_on if before else None,
            source_url=self.source_url.data or None,
            is_demo=before.is_demo if before else False,
        )


class CloseForm(Form):
    """From when, and why."""

    closed_on = DayField(validators=[InputRequired()], default=clock.today)
    reason = CleanString(validators=[Length(max=300)])


class ReasonForm(Form):
    """Why."""

    reason = CleanString(validators=[Length(max=300)])


def filled(p: PointView) -> PointForm:
    """The editor with what is known of `p`."""
    return PointForm(
        formdata=None,
        name=p.name,
        kind=p.kind.value,
        province=p.province_code,
        commune=p.commune_code or "",
        locality_text=p.locality_text or "",
        address=p.address or "",
        phone=p.phone or "",
        latitude=p.latitude,
        longitude=p.longitude,
        floor_area_m2=p.floor_area_m2,
        note=p.note or "",
        note_en=p.note_en or "",
        services=list(p.services),
        pickup=p.pickup,
        ships=p.ships,
        web_reserve=p.web_reserve,
        is_public=p.is_public,
        opened_on=p.opened_on,
        source_url=p.source_url or "",
        seen=p.updated_at.isoformat(),
    )


def of_producer(slug: str) -> dict[str, Any]:
    """What is known beforehand of a store of the producer `slug`: who and where he is; it sends what is ordered."""
    row = producers.by_slug(slug)
    if row is None:
        return {}
    return {
        "kind": PointKind.PRODUCER_STORE.value,
        "producer": row.slug,
        "name": gettext("Kho %(name)s", name=row.name)[:255],
        "province": row.province_code or HOME_PROVINCE,
        "commune": row.commune_code or "",
        "address": row.street or "",
        "phone": row.phone or "",
        "ships": True,
        "is_public": False,
        "opened_on": clock.today(),
    }


def hours_of(week: hours.Week | None) -> dict[str, tuple[str, str]]:
    """The opening hours as the editor's fields show them."""
    if week is None:
        return {}
    return {
        day: (hours.written(span[0]), hours.written(span[1]))
        for day, span in zip(hours.DAYS, week, strict=True)
        if span
    }


def localities() -> list[str]:
    """Names that the locator can place."""
    return locator.locality_names()
