"""The checkout form: text of the browser → a `Wish`."""

from __future__ import annotations

from typing import Any

from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext
from wtforms import HiddenField, StringField
from wtforms.validators import ValidationError

from shop.checkout.services import Wish
from shop.kernel import taxcodes
from shop.kernel.forms import CleanString, CleanText, Form, PhoneString
from shop.orders.models import DeliveryKind, PaymentMethod


def _limited(field: Any, most: int) -> None:
    if field.data and len(field.data) > most:
        raise ValidationError(gettext("Tối đa %(n)s ký tự.", n=most))


class CheckoutForm(Form):
    """Contact, way of delivery, payment and what else a buyer may say; nothing is ticked beforehand."""

    name = CleanString()
    phone = PhoneString()
    email = CleanString()
    delivery = StringField(default="ship")
    province = StringField()
    commune = StringField()
    street = CleanString()
    point = StringField()
    payment = StringField()
    code = CleanString()
    note = CleanText()
    invoice_company = CleanString()
    invoice_tax_code = CleanString()
    invoice_address = CleanString()
    invoice_email = CleanString()
    op_key = HiddenField()
    agreed_amount = HiddenField()
    # Which basket the page showed: a browser may have ordered one and its account have another.
    basket = HiddenField()

    def validate_name(self, field: Any) -> None:
        if not field.data or len(field.data) < 2:
            raise ValidationError(gettext("Hãy cho biết họ tên người nhận."))
        _limited(field, 120)

    def validate_phone(self, field: Any) -> None:
        if not field.data:
            raise ValidationError(gettext("Hãy cho biết số điện thoại để người giao hàng gọi."))

    def validate_email(self, field: Any) -> None:
        if field.data:
            try:
                field.data = validate_email(field.data, check_deliverability=False).normalized
            except EmailNotValidError as error:
                raise ValidationError(gettext("Địa chỉ thư điện tử chưa đúng, ví dụ ten@example.vn.")) from error

    def validate_delivery(self, field: Any) -> None:
        if field.data not in set(DeliveryKind):
            raise ValidationError(gettext("Hãy chọn cách nhận hàng."))

    def validate_payment(self, field: Any) -> None:
        if field.data not in set(PaymentMethod):
            raise ValidationError(gettext("Hãy chọn cách thanh toán."))

    @property
    def ships(self) -> bool:
        """Whether the goods go to an address."""
        return bool(self.delivery.data != DeliveryKind.PICKUP)

    def validate_province(self, field: Any) -> None:
        if self.ships and not (field.data or "").strip():
            raise ValidationError(gettext("Hãy chọn tỉnh, thành phố."))

    def validate_commune(self, field: Any) -> None:
        if self.ships and not (field.data or "").strip():
            raise ValidationError(gettext("Hãy chọn xã, phường hoặc đặc khu."))

    def validate_street(self, field: Any) -> None:
        if self.ships and len(field.data or "") < 2:
            raise ValidationError(gettext("Hãy ghi số nhà, đường hoặc thôn, khu."))
        _limited(field, 200)

    def validate_point(self, field: Any) -> None:
        if not self.ships and not (field.data or "").strip():
            raise ValidationError(gettext("Hãy chọn điểm nhận hàng."))

    def validate_note(self, field: Any) -> None:
        _limited(field, 1000)

    def validate_invoice_tax_code(self, field: Any) -> None:
        asked = any(f.data for f in (self.invoice_company, self.invoice_address, self.invoice_email))
        if field.data:
            code = taxcodes.normal(field.data)
            if code is None:
                raise ValidationError(
                    gettext(
                        "Mã số thuế chưa đúng: 10 chữ số (số cuối để kiểm tra), 13 chữ số, hoặc 12 số định danh cá nhân."
                    )
                )
            field.data = code
        elif asked:
            raise ValidationError(gettext("Hãy ghi mã số thuế để xuất hóa đơn."))

    def validate_invoice_company(self, field: Any) -> None:
        if self.invoice_tax_code.data and not field.data:
            raise ValidationError(gettext("Hãy ghi tên đơn vị nhận hóa đơn."))
        _limited(field, 255)

    def validate_invoice_address(self, field: Any) -> None:
        _limited(field, 255)

    def validate_invoice_email(self, field: Any) -> None:
        if field.data:
            self.validate_email(field)

    def wish(self, point_id: int | None) -> Wish:
        """The buyer's wish; `point_id` is the id behind the chosen pick-up point."""
        invoice = None
        if self.invoice_tax_code.data:
            invoice = {
                "company": self.invoice_company.data,
                "tax_code": self.invoice_tax_code.data,
                "address": self.invoice_address.data or None,
                "email": self.invoice_email.data or None,
            }
        agreed = (self.agreed_amount.data or "").strip()
        shown = (self.basket.data or "").strip()
        return Wish(
            name=self.name.data or "",
            phone=self.phone.data or "",
            email=self.email.data or None,
            delivery=DeliveryKind(self.delivery.data or ""),
            payment=PaymentMethod(self.payment.data or ""),
            province=(self.province.data or "").strip() if self.ships else None,
            commune=(self.commune.data or "").strip() if self.ships else None,
            street=self.street.data if self.ships else None,
            point_id=point_id if not self.ships else None,
            note=self.note.data or None,
            invoice=invoice,
            code=(self.code.data or "")[:80],
            basket_id=int(shown) if shown.isascii() and shown.isdigit() and len(shown) < 16 else None,
            agreed_amount=int(agreed) if agreed.isascii() and agreed.isdigit() and len(agreed) < 16 else None,
        )
