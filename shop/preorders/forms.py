"""What people type about windows and pre-orders → typed arguments; a refusal names its field."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from wtforms import StringField
from wtforms.validators import ValidationError

from shop.checkout.forms import CheckoutForm
from shop.kernel import clock
from shop.kernel.errors import N_, Invalid
from shop.kernel.forms import WholeNumberField
from shop.orders.models import DeliveryKind, PaymentMethod
from shop.points import queries as points
from shop.preorders import rules
from shop.preorders.models import HarvestWindow, OnShort
from shop.preorders.services.places import Wish
from shop.preorders.services.windows import Terms
from shop.preorders.sharing import Rule
from shop.supply import forms as supply

# Names of the form's fields that stand for a column of the same name.
_NUMBERS = ("low", "high", "limit_units", "household_limit")


def _chosen(raw: str | None, field: str, missing: str) -> int:
    typed = (raw or "").strip()
    if not typed.isascii() or not typed.isdigit() or len(typed) > 15:
        raise Invalid(missing, field=field)
    return int(typed)


def _point(slug: str | None, field: str, missing: str) -> int:
    found = points.by_slug((slug or "").strip())
    if found is None:
        raise Invalid(missing, field=field)
    return found.id


def amount(raw: str | None, field: str) -> int:
    """Whole đồng that must be there.

    Raises:
        Invalid.
    """
    try:
        found = supply.amount(raw, field)
    except Invalid:
        found = None
    if found is None:
        raise Invalid(N_("Hãy ghi số tiền, ví dụ 125.000."), field=field)
    return found


def terms(form: MultiDict[str, str]) -> Terms:
    """The window that a form describes. Days are whole: it closes as its last day ends.

    Raises:
        Invalid: the first field that cannot be read.
    """
    variant = _chosen(form.get("variant"), "variant", N_("Hãy chọn một mặt hàng của cơ sở."))
    try:
        deposit = supply.number(form.get("deposit_percent"), "deposit_percent")
    except Invalid as error:
        raise Invalid(
            N_("Đặt cọc từ 0 đến %(high)s phần trăm."), field="deposit_percent", high=rules.MOST_DEPOSIT_PERCENT
        ) from error
    numbers: Any = {name: supply.number(form.get(name), name, needed=True) for name in _NUMBERS}
    opens, closes = supply.day(form.get("opens_on"), "opens_on"), supply.day(form.get("closes_on"), "closes_on")
    if closes < opens:
        raise Invalid(N_("Đợt phải đóng sau khi mở."), field="closes_on")
    days: Any = {n: supply.day(form.get(n), n) for n in ("harvest_from", "harvest_to", "delivery_from", "delivery_to")}
    low = amount(form.get("price_low_amount"), "price_low_amount")
    rule = form.get("rule", "")
    if rule not in set(Rule):
        raise Invalid(N_("Hãy chọn quy tắc chia khi thiếu hàng."), field="rule")
    harvest = (form.get("harvest") or "").strip()
    return Terms(
        variant_id=variant,
        point_id=_point(form.get("point"), "point", N_("Hãy chọn nơi gửi hàng đi.")),
        pickup_ids=tuple(
            sorted(_point(slug, "pickup", N_("Hãy chọn điểm nhận hàng.")) for slug in set(form.getlist("pickup")))
        ),
        ships=form.get("ships") == "1",
        **numbers,
        opens_at=clock.start_of(opens),
        closes_at=clock.end_of(closes),
        **days,
        price_low_amount=low,
        price_high_amount=amount(form.get("price_high_amount"), "price_high_amount")
        if (form.get("price_high_amount") or "").strip()
        else low,
        deposit_percent=deposit,
        rule=Rule(rule),
        localities=tuple(sorted({c.strip() for c in form.getlist("localities") if c.strip()})),
        note=(form.get("note") or "").strip(),
        harvest_id=_chosen(harvest, "harvest", N_("Vụ này không phải của mặt hàng đã chọn.")) if harvest else None,
    )


def values(row: HarvestWindow) -> MultiDict[str, Any]:
    """A window as its form shows it again."""
    known = points.by_ids([row.point_id, *(p.point_id for p in row.pickups)])

    def slug(point_id: int) -> str:
        return known[point_id].slug if point_id in known else ""

    found: MultiDict[str, Any] = MultiDict(
        {name: getattr(row, name) for name in (*_NUMBERS, "harvest_from", "harvest_to", "delivery_from", "delivery_to")}
    )
    found.update(
        {
            "variant": row.variant_id, "point": slug(row.point_id), "ships": "1" if row.ships else "",
            "opens_on": clock.business_day(row.opens_at), "closes_on": last_day(row),
            "price_low_amount": f"{row.price_low_amount:,}".replace(",", "."),
            "price_high_amount": f"{row.price_high_amount:,}".replace(",", "."),
            "deposit_percent": row.deposit_percent, "rule": row.rule.value, "note": row.note or "",
            "harvest": row.harvest_id or "",
        }
    )  # fmt: skip
    found.setlist("pickup", [slug(p.point_id) for p in row.pickups])
    found.setlist("localities", list(row.localities))
    return found


def last_day(row: HarvestWindow) -> date:
    """The last day on which a window may be ordered."""
    return clock.business_day(row.closes_at - timedelta(microseconds=1))


class PreorderForm(CheckoutForm):
    """Contact and delivery as at the checkout; how many, and how deposit and rest are paid."""

    quantity = WholeNumberField()
    rest = StringField()
    on_short = StringField(default=OnShort.REFUND.value)
    # Set by the view from the window.
    asks_deposit = False
    asks_home = False

    def validate_quantity(self, field: Any) -> None:
        if field.data is None or not 1 <= field.data <= 9999:
            if not any((raw or "").strip() for raw in field.raw_data or ()):
                field.errors = []  # nothing was typed: one sentence is enough
            raise ValidationError(gettext("Hãy ghi số lượng muốn đặt."))

    def validate_email(self, field: Any) -> None:
        if not field.data:
            raise ValidationError(gettext("Hãy cho biết thư điện tử: kết quả chia hàng được báo qua thư."))
        super().validate_email(field)

    @property
    def lives(self) -> bool:
        """Whether an address is asked: to send to, or because of who comes first."""
        return self.ships or self.asks_home

    def validate_province(self, field: Any) -> None:
        if self.lives and not (field.data or "").strip():
            raise ValidationError(gettext("Hãy chọn tỉnh, thành phố."))

    def validate_commune(self, field: Any) -> None:
        if self.lives and not (field.data or "").strip():
            raise ValidationError(gettext("Hãy chọn xã, phường hoặc đặc khu."))

    def validate_payment(self, field: Any) -> None:
        if self.asks_deposit and field.data not in set(PaymentMethod):
            raise ValidationError(gettext("Hãy chọn cách trả tiền cọc."))

    def validate_rest(self, field: Any) -> None:
        if field.data not in set(PaymentMethod):
            raise ValidationError(gettext("Hãy chọn cách trả phần còn lại."))

    def validate_on_short(self, field: Any) -> None:
        if field.data not in set(OnShort):
            raise ValidationError(gettext("Hãy chọn cách xử lý tiền cọc khi thiếu hàng."))

    def order(self) -> Wish:
        """What was asked for; call after `validate`."""
        point = None if self.ships else points.by_slug(self.point.data or "")
        raw = (self.agreed_amount.data or "").strip()
        return Wish(
            quantity=int(self.quantity.data or 0),
            name=self.name.data or "",
            phone=self.phone.data or "",
            email=self.email.data or "",
            delivery=DeliveryKind(self.delivery.data or ""),
            rest=PaymentMethod(self.rest.data or ""),
            payment=PaymentMethod(self.payment.data or "") if self.asks_deposit else None,
            on_short=OnShort(self.on_short.data or "") if self.asks_deposit else OnShort.REFUND,
            province=self.province.data or None,
            commune=self.commune.data or None,
            street=self.street.data or None,
            point_id=point.id if point else None,
            agreed_amount=int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 16 else None,
        )
