"""What people type into the pages of supply → typed arguments; a refusal names its field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from shop.kernel import clock, operations
from shop.kernel.errors import N_, Invalid, ShopError
from shop.kernel.money import parse_vnd

# Points stand between thousands alone: 1.5 is no way to write fifteen.
_WHOLE = re.compile(r"[0-9]{1,9}|[0-9]{1,3}(\.[0-9]{3}){1,2}", re.ASCII)


def number(raw: str | None, field: str, *, needed: bool = False) -> int:
    """A whole number as people type it (`1.200`), 0 if blank and not `needed`.

    Raises:
        Invalid.
    """
    typed = (raw or "").strip().replace(" ", "")
    if not typed and not needed:
        return 0
    if not _WHOLE.fullmatch(typed):
        raise Invalid(N_("Số lượng phải là số nguyên, từ 0."), field=field)
    return int(typed.replace(".", ""))


def some_day(raw: str | None, field: str) -> date | None:
    """A day, None if blank.

    Raises:
        Invalid.
    """
    typed = (raw or "").strip()
    if not typed:
        return None
    try:
        return clock.read_day(typed)
    except ValueError as error:
        raise Invalid(N_("Ngày chưa đúng."), field=field) from error


def day(raw: str | None, field: str, missing: str = N_("Hãy ghi ngày.")) -> date:
    """A day that may not be blank.

    Raises:
        Invalid.
    """
    found = some_day(raw, field)
    if found is None:
        raise Invalid(missing, field=field)
    return found


def amount(raw: str | None, field: str) -> int | None:
    """Whole đồng, None if blank.

    Raises:
        Invalid.
    """
    if not (raw or "").strip():
        return None
    try:
        return parse_vnd(raw or "")
    except (ValueError, Invalid) as error:
        raise Invalid(N_("Giá nhập chưa đúng."), field=field) from error


def quantities(form: Mapping[str, Any], variant_ids: list[int]) -> dict[int, int]:
    """What stands in the fields `quantity-<variant>` that are filled in.

    Raises:
        Invalid.
    """
    found = {v: number(form.get(f"quantity-{v}", ""), f"quantity-{v}") for v in variant_ids}
    return {v: n for v, n in found.items() if n}


def op_key(form: Mapping[str, Any], error: ShopError | None) -> str:
    """The key of the form that is shown again after a refusal, or a new one: a refusal of the words leaves the key unused."""
    keep = error is not None and error.field != "op_key" and error.status == 422
    return str(form.get("op_key") or operations.new_key()) if keep else operations.new_key()
