"""The codes that goods carry: how each is read before it is stored."""

from __future__ import annotations

import re
from typing import Any

from shop.catalog.models import ALLERGEN_NAMES
from shop.kernel import text
from shop.kernel.errors import N_, Invalid

NET_UNITS = {"GRM": N_("g"), "KGM": N_("kg"), "MLT": N_("ml"), "LTR": N_("lít"), "H87": N_("cái")}
_SKU = re.compile(r"^[A-Z0-9][A-Z0-9._-]{1,39}$")


def allergens(value: Any, field: str) -> list[str]:
    """Known allergens, each once, in the order of the list."""
    asked = set(value or ())
    if asked - set(ALLERGEN_NAMES):
        raise Invalid(N_("Chất gây dị ứng này không có trong danh sách."), field=field)
    return [code for code in ALLERGEN_NAMES if code in asked]


def sku(value: Any, field: str) -> str:
    """A stock-keeping unit: capital letters, digits, `.`, `_`, `-`."""
    found = text.clean(str(value or "")).upper()
    if not _SKU.match(found):
        raise Invalid(N_("Mã hàng gồm 2 đến 40 chữ cái không dấu, chữ số, dấu chấm hoặc gạch."), field=field)
    return found


def gtin(value: Any, field: str) -> str | None:
    """A GTIN of 8, 12, 13 or 14 digits whose check digit is right, or None."""
    found = re.sub(r"[\s-]", "", str(value or "")) or None
    if found is None:
        return None
    if not re.fullmatch(r"[0-9]{8}|[0-9]{12,14}", found):
        raise Invalid(N_("Mã vạch gồm 8, 12, 13 hoặc 14 chữ số."), field=field)
    total = sum(int(digit) * (3 if i % 2 else 1) for i, digit in enumerate(reversed(found)))
    if total % 10:
        raise Invalid(N_("Mã vạch sai chữ số kiểm tra."), field=field)
    return found


def net_unit(value: Any, field: str) -> str | None:
    """A UN/ECE unit that goods are measured in, or None."""
    found = str(value or "").strip().upper() or None
    if found is not None and found not in NET_UNITS:
        raise Invalid(N_("Đơn vị này không có trong danh sách."), field=field)
    return found
