"""Text of the browser → typed arguments: rates in per cent, amounts with a sign, days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from shop.kernel import clock
from shop.kernel.errors import N_, Invalid
from shop.kernel.money import LARGEST_AMOUNT, parse_vnd
from shop.settlement.models import LegalRole, Loss, Party, PeriodKind, TaxKind, TaxStatus
from shop.settlement.services.agreements import Draft, Rates


def rate(raw: str, field: str) -> int:
    """Basis points of a rate as people write it: `12,5`, `12.5 %`.

    Raises:
        Invalid: not a rate from 0 to 100 with at most two decimals.
    """
    try:
        found = Decimal(raw.replace("%", "").strip().replace(",", ".")) * 100
    except InvalidOperation as error:
        raise Invalid(N_("Hãy ghi tỷ lệ phần trăm, ví dụ 12,5."), field=field) from error
    if not found.is_finite() or found != int(found) or not 0 <= found <= 10_000:
        raise Invalid(N_("Tỷ lệ phải từ 0 đến 100, nhiều nhất hai chữ số thập phân."), field=field)
    return int(found)


def day(raw: str, field: str) -> date:
    """A day of a date field.

    Raises:
        Invalid.
    """
    try:
        return clock.read_day(raw)
    except ValueError as error:
        raise Invalid(N_("Ngày chưa đúng."), field=field) from error


def signed(raw: str, field: str, *, empty: int | None = None) -> int:
    """An amount that may be negative: `-25.000`, `+25.000 ₫`, `25000`.

    Raises:
        Invalid.
    """
    raw = raw.strip().replace("−", "-")
    if not raw and empty is not None:
        return empty
    try:
        return parse_vnd(raw.removeprefix("+"), low=-LARGEST_AMOUNT)
    except Invalid as error:
        raise Invalid(error.title, field=field, **error.values) from error


def cost(raw: str, field: str) -> int:
    """A price of one unit.

    Raises:
        Invalid.
    """
    try:
        return parse_vnd(raw, low=1)
    except Invalid as error:
        raise Invalid(error.title, field=field, **error.values) from error


def _one(kind: type[Any], raw: str, field: str) -> Any:
    try:
        return kind(raw)
    except ValueError as error:
        raise Invalid(N_("Giá trị này không có trong danh sách."), field=field) from error


def agreement(form: Any, sets: Mapping[int, str]) -> Draft:
    """An agreement as the office's form sends it.

    Raises:
        Invalid: at the field that is wrong.
    """
    own: dict[int, Rates] = {}
    for raw in form.getlist("set"):
        if not raw:
            continue
        if not raw.isdigit() or int(raw) not in sets:
            raise Invalid(N_("Giá trị này không có trong danh sách."), field="set")
        own[int(raw)] = Rates(*(rate(form.get(f"set_{n}", ""), f"set_{n}") for n in ("web", "point", "fair")))
    term = form.get("term_days", "").strip()
    if not term.isascii() or not term.isdigit() or len(term) > 3:
        raise Invalid(N_("Hãy ghi một số nguyên."), field="term_days")
    role = form.get("role", "")
    return Draft(
        day(form.get("valid_from", ""), "valid_from"),
        Rates(*(rate(form.get(f"{n}_bp", ""), f"{n}_bp") for n in ("web", "point", "fair"))),
        period=_one(PeriodKind, form.get("period", ""), "period"),
        term_days=int(term),
        voucher_bearer=_one(Party, form.get("voucher_bearer", ""), "voucher_bearer"),
        freight_earner=_one(Party, form.get("freight_earner", ""), "freight_earner"),
        losses=tuple(loss for loss in Loss if loss.value in form.getlist("losses")),
        role=_one(LegalRole, role, "role") if role else None,
        tax_kind=_one(TaxKind, form.get("tax_kind", ""), "tax_kind"),
        tax_status=_one(TaxStatus, form.get("tax_status", ""), "tax_status"),
        note=form.get("note", ""),
        sets=own,
    )
