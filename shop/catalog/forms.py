"""Text of the office's forms → typed arguments of commands, and back. What a form holds is never lost by a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from flask import Request
from werkzeug.datastructures import MultiDict

from shop.catalog.models import Certificate, Product, Variant
from shop.kernel import clock, facts, money, text
from shop.kernel.errors import N_, Invalid

PRODUCT_TEXTS = (
    "name", "name_en", "summary", "story", "story_en", "ingredients", "storage_note", "shelf_life_days", "alcohol_percent",
    "cold", "kind", "commune_code", "locality_text", "source_url", "set_id", "producer_id",
)  # fmt: skip
PACK_TEXTS = (
    "gtin", "pack", "pack_en", "net_content", "net_unit", "weight_g", "length_mm", "width_mm", "height_mm", "order_limit",
)  # fmt: skip
CERTIFICATE_TEXTS = (
    "number", "level", "stars", "score", "decision_number", "decided_on", "issued_on", "expires_on", "source_url",
)  # fmt: skip
WHEN = "%Y-%m-%dT%H:%M"


# --- products ----------------------------------------------------------------------------------------------------


def product_values(row: Product | None) -> dict[str, Any]:
    """What the form of a product shows for `row` (a blank form without one)."""
    if row is None:
        return {"kind": "goods", "cold": "none", "allergens": [], "months": []}
    values = {name: _shown(getattr(row, name)) for name in PRODUCT_TEXTS}
    return values | {
        "allergens": list(row.allergens),
        "months": [m for m in range(1, 13) if row.season_months & (1 << (m - 1))],
        "is_alcohol": row.is_alcohol,
        "needs_certificate": row.needs_certificate,
        "seen": row.updated_at.isoformat(),
    }


def product_sent(form: MultiDict[str, str]) -> dict[str, Any]:
    """The same of a form that was sent."""
    values: dict[str, Any] = {name: form.get(name, "") for name in PRODUCT_TEXTS}
    return values | {
        "allergens": form.getlist("allergens"),
        "months": [
            int(m) for m in form.getlist("months") if m.isascii() and m.isdigit() and len(m) < 3 and 1 <= int(m) <= 12
        ],
        "is_alcohol": bool(form.get("is_alcohol")),
        "needs_certificate": bool(form.get("needs_certificate")),
        "seen": form.get("seen", ""),
    }


def product_facts(values: Mapping[str, Any]) -> dict[str, Any]:
    """The command's arguments in the values of a form."""
    sent: dict[str, Any] = {name: values[name] for name in PRODUCT_TEXTS}
    return sent | {
        "allergens": values["allergens"],
        "season_months": sum(1 << (m - 1) for m in set(values["months"])),
        "is_alcohol": values["is_alcohol"],
        "needs_certificate": values["needs_certificate"],
    }


# --- packs and prices --------------------------------------------------------------------------------------------


def pack_values(row: Variant | None) -> dict[str, Any]:
    """What the form of a pack shows for `row` (a blank form without one)."""
    if row is None:
        return {"net_unit": "GRM"}
    return {name: _shown(getattr(row, name)) for name in PACK_TEXTS} | {
        "sku": row.sku,
        "seen": row.updated_at.isoformat(),
    }


def pack_sent(form: MultiDict[str, str]) -> dict[str, Any]:
    """The same of a form that was sent."""
    return {name: form.get(name, "") for name in (*PACK_TEXTS, "sku", "seen", "amount")}


def pack_facts(values: Mapping[str, Any]) -> dict[str, Any]:
    """The command's arguments in the values of a form; a unit without content is no content."""
    sent = {name: values.get(name, "") for name in PACK_TEXTS}
    if not str(sent["net_content"]).strip():
        sent["net_unit"] = ""
    return sent


PRICE_TEXTS = ("amount", "compare_amount", "valid_from", "valid_to")


def price_sent(form: MultiDict[str, str]) -> dict[str, str]:
    """What the form of a price holds."""
    return {name: form.get(name, "").strip() for name in PRICE_TEXTS}


def price_facts(values: Mapping[str, str]) -> dict[str, Any]:
    """Amounts in đồng, instants aware; blank `valid_from` is now.

    Raises:
        facts.Refused: an amount or a time cannot be read.
    """
    return facts.checked(
        {"amount": _needed_amount, "compare_amount": _amount, "valid_from": _instant, "valid_to": _instant}, values
    )


def _amount(raw: Any, field: str) -> int | None:
    if not raw:
        return None
    try:
        return money.parse_vnd(str(raw), low=1)
    except Invalid as error:
        error.field = field
        raise


def _needed_amount(raw: Any, field: str) -> int:
    found = _amount(raw, field)
    if found is None:
        raise Invalid(N_("Hãy ghi giá."), field=field)
    return found


def amount(raw: str, field: str = "amount") -> int | None:
    """Whole đồng as people write them, or None.

    Raises:
        Invalid.
    """
    return _amount(raw.strip(), field)


def _instant(raw: Any, field: str) -> datetime | None:
    if not raw:
        return None
    try:
        found = datetime.fromisoformat(str(raw))
    except ValueError:
        raise Invalid(N_("Hãy ghi ngày và giờ, ví dụ 2026-12-01T08:00."), field=field) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=clock.VIETNAM)


# --- certificates ------------------------------------------------------------------------------------------------


def certificate_values(row: Certificate | None) -> dict[str, Any]:
    """What the form of a certificate shows for `row` (a blank form without one)."""
    if row is None:
        return {"level": "province", "stars": "3"}
    return {name: _shown(getattr(row, name)) for name in CERTIFICATE_TEXTS}


def certificate_sent(form: MultiDict[str, str]) -> dict[str, Any]:
    """The same of a form that was sent."""
    return {name: form.get(name, "") for name in CERTIFICATE_TEXTS}


def certificate_facts(values: Mapping[str, Any]) -> dict[str, Any]:
    """The command's arguments in the values of a form; a blank day of expiry is left out.

    Raises:
        facts.Refused: a day or number cannot be read.
    """
    found = facts.checked(
        {
            "number": facts.needed_line,
            "level": facts.needed_line,
            "stars": facts.whole(3, 5),
            "score": facts.decimal("0", "100", 2),
            "decision_number": facts.line,
            "decided_on": day,
            "issued_on": _needed_day,
            "expires_on": day,
            "source_url": facts.prose,
        },
        {name: values[name] for name in CERTIFICATE_TEXTS},
    )
    if found["stars"] is None:
        raise Invalid(N_("Hãy chọn số sao."), field="stars")
    if found["expires_on"] is None:
        found["expires_on"] = clock.add_months(found["issued_on"], 36)
    return found


def day(raw: Any, field: str) -> date | None:
    """A day as browsers send it (2026-12-01) or people write it (1/12/2026), or None.

    Raises:
        Invalid.
    """
    value = str(raw or "").strip()
    if not value:
        return None
    for pattern in ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y"):
        try:
            found = datetime.strptime(value, pattern).date()  # noqa: DTZ007 - a business day has no zone
        except ValueError:
            continue
        if 1990 <= found.year <= 2199:
            return found
    raise Invalid(N_("Hãy ghi ngày, ví dụ 01/12/2026."), field=field)


def _needed_day(raw: Any, field: str) -> date:
    found = day(raw, field)
    if found is None:
        raise Invalid(N_("Hãy ghi ngày."), field=field)
    return found


# --- common ------------------------------------------------------------------------------------------------------


def seen(values: Mapping[str, Any]) -> datetime | None:
    """The `updated_at` of what the person looked at; None if the form has none or a broken one."""
    try:
        return datetime.fromisoformat(str(values.get("seen") or ""))
    except ValueError:
        return None


def version(form: Mapping[str, str]) -> int:
    """Which version of it the page showed."""
    return facts.whole(0, 10**9)(form.get("version"), "version") or 0


def upload(request: Request, name: str) -> bytes:
    """The bytes of an uploaded file, b'' without one."""
    stream = request.files.get(name)
    return stream.read() if stream is not None and stream.filename else b""


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    return text.trimmed(f"{value:f}", ".") if hasattr(value, "as_tuple") else text.clean(str(value))
