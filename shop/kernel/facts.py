"""How a fact that a person states is read and bounded before it is stored, and what differs from the fact before."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from shop.kernel import text
from shop.kernel.errors import N_, Invalid

Check = Callable[[Any, str], Any]


def line(value: Any, field: str, size: int = 255) -> str | None:
    """One line of at most `size` characters, or None."""
    found = text.clean(str(value if value is not None else "")).replace("\n", " ")
    if len(found) > size:
        raise Invalid(N_("Nội dung dài quá %(n)s ký tự."), field=field, n=size)
    return found or None


def needed_line(value: Any, field: str) -> str:
    """One line that may not be blank."""
    found = line(value, field)
    if found is None:
        raise Invalid(N_("Ô này không được để trống."), field=field)
    return found


def prose(value: Any, field: str) -> str | None:
    """Several lines of at most 20,000 characters, or None."""
    found = text.clean(str(value if value is not None else ""))
    if len(found) > 20_000:
        raise Invalid(N_("Nội dung dài quá %(n)s ký tự."), field=field, n="20.000")
    return found or None


def _shown(number: int | str) -> str:
    """A limit as a reader knows it: `0,001`, `999.999.999`."""
    whole, _, rest = str(number).partition(".")
    return f"{int(whole):,}".replace(",", ".") + (f",{rest}" if rest else "")


def whole(low: int, high: int) -> Check:
    """A whole number between `low` and `high`, or None."""

    def check(value: Any, field: str) -> int | None:
        if value is None or value == "":
            return None
        try:
            found = int(str(value).strip())
        except ValueError:
            raise Invalid(N_("Hãy ghi một số nguyên."), field=field) from None
        if not low <= found <= high:
            raise Invalid(N_("Giá trị phải từ %(low)s đến %(high)s."), field=field, low=_shown(low), high=_shown(high))
        return found

    return check


def decimal(low: str, high: str, places: int) -> Check:
    """A number between `low` and `high` with at most `places` decimals (comma or point), or None."""

    def check(value: Any, field: str) -> Decimal | None:
        if value is None or value == "":
            return None
        try:
            found = Decimal(str(value).strip().replace(",", "."))
        except InvalidOperation:
            raise Invalid(N_("Hãy ghi một con số."), field=field) from None
        if not found.is_finite() or not Decimal(low) <= found <= Decimal(high):
            raise Invalid(N_("Giá trị phải từ %(low)s đến %(high)s."), field=field, low=_shown(low), high=_shown(high))
        if found != round(found, places):
            raise Invalid(N_("Nhiều nhất %(n)s chữ số thập phân."), field=field, n=places)
        return found

    return check


def one_of(kind: type[StrEnum]) -> Check:
    """A value of the enum `kind`."""

    def check(value: Any, field: str) -> Any:
        try:
            return kind(value)
        except ValueError:
            raise Invalid(N_("Giá trị này không có trong danh sách."), field=field) from None

    return check


def yes_no(value: Any, _field: str) -> bool:
    """A box that is ticked or not."""
    return bool(value)


def place_code(digits: int) -> Check:
    """A code of the list of places, or None."""

    def check(value: Any, field: str) -> str | None:
        found = str(value or "").strip() or None
        if found is not None and not re.fullmatch(rf"[0-9]{{{digits}}}", found):
            raise Invalid(N_("Mã địa danh chưa đúng."), field=field)
        return found

    return check


class Refused(Invalid):
    """Several facts cannot be read; `all` has each refusal with its field, and this one speaks for the first."""

    def __init__(self, refusals: list[Invalid]) -> None:
        super().__init__(refusals[0].title, field=refusals[0].field, **refusals[0].values)
        self.all = refusals


def checked(checks: Mapping[str, Check], facts: Mapping[str, Any]) -> dict[str, Any]:
    """`facts` read by `checks`.

    Raises:
        Refused: some cannot be read.
        TypeError: there is no such fact (a defect of the caller).
    """
    unknown = set(facts) - set(checks)
    if unknown:
        raise TypeError(f"no such fact: {', '.join(sorted(unknown))}")
    values: dict[str, Any] = {}
    refusals: list[Invalid] = []
    for name, value in facts.items():
        try:
            values[name] = checks[name](value, name)
        except Invalid as error:
            refusals.append(error)
    if refusals:
        raise Refused(refusals)
    return values


def apply(row: Any, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Set what differs on `row`; returns what it was before and what it is now (both empty if nothing differs)."""
    before = {name: getattr(row, name) for name, value in values.items() if getattr(row, name) != value}
    for name in before:
        setattr(row, name, values[name])
    return before, {name: values[name] for name in before}
