"""Text of the browser → whom a tax invoice is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from email_validator import EmailNotValidError, validate_email

from shop.invoices.errors import TaxCodeWrong
from shop.kernel import facts, taxcodes
from shop.kernel.errors import N_, Invalid


@dataclass(frozen=True, slots=True)
class TaxBuyer:
    """Whom a tax invoice is for."""

    company: str
    tax_code: str
    address: str | None
    email: str | None

    def as_json(self) -> dict[str, Any]:
        """As an order keeps it."""
        return {"company": self.company, "tax_code": self.tax_code, "address": self.address, "email": self.email}


def email(raw: str, field: str) -> str | None:
    """An address of e-mail, or None for nothing.

    Raises:
        Invalid: it is none.
    """
    found = facts.line(raw, field)
    if found is None:
        return None
    try:
        return validate_email(found, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise Invalid(N_("Địa chỉ thư điện tử chưa đúng, ví dụ ten@example.vn."), field=field) from error


def tax_buyer(form: Mapping[str, str]) -> TaxBuyer:
    """Read the fields `invoice_company`, `invoice_tax_code`, `invoice_address`, `invoice_email`.

    Raises:
        TaxCodeWrong, Invalid: the field at fault is named.
    """
    company = facts.line(form.get("invoice_company", ""), "invoice_company")
    if company is None:
        raise Invalid(N_("Hãy ghi tên đơn vị nhận hóa đơn."), field="invoice_company")
    code = taxcodes.normal(form.get("invoice_tax_code", ""))
    if code is None:
        raise TaxCodeWrong(field="invoice_tax_code")
    return TaxBuyer(
        company,
        code,
        facts.line(form.get("invoice_address", ""), "invoice_address"),
        email(form.get("invoice_email", ""), "invoice_email"),
    )
