"""Values of goods as our own files and pages write them: what an import reads back as the same value."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from shop.catalog.models import ALLERGEN_NAMES, Cold, ProductState, VariantState
from shop.catalog.services.codes import NET_UNITS
from shop.kernel import clock

YES, NO = "có", "không"
COLD = {Cold.NONE: "thường", Cold.CHILLED: "mát", Cold.FROZEN: "đông"}
STATES = {ProductState.DRAFT: "bản nháp", ProductState.SHOWN: "hiện", ProductState.HIDDEN: "ẩn"}
ALL_YEAR = "quanh năm"
# Columns of facts that have another name in the catalogue.
COLUMN_OF = {"set_id": "set", "season_months": "months", "is_alcohol": "alcohol"}


def months(bits: int) -> str:
    """`7-9, 12`: the months of a season (bit 0 is January), 0 for all year."""
    if bits in {0, 4095}:
        return ALL_YEAR if bits == 0 else "1-12"
    spans: list[list[int]] = []
    for month in range(1, 13):
        if bits >> (month - 1) & 1:
            if spans and spans[-1][1] == month - 1:
                spans[-1][1] = month
            else:
                spans.append([month, month])
    return ", ".join(f"{a}-{b}" if b > a else str(a) for a, b in spans)


def number(value: Decimal) -> str:
    """With a decimal comma; never exactly three decimals, whose comma could be taken for a mark between thousands."""
    told = f"{value:f}"
    whole, _, rest = told.partition(".")
    rest = rest.rstrip("0")
    if not rest:
        return whole
    return f"{whole},{rest}0" if len(rest) == 3 else f"{whole},{rest}"


def word(fact: str, value: Any, sets: Mapping[int, str]) -> str:
    """The cell for a fact; `sets` has the numbers of product sets. '' for none, and for text that an import would not read
    as text (a lone hyphen takes a fact away)."""
    if value is None or value == []:
        return ""
    if fact == "set_id":
        return sets.get(int(value), str(value))
    if fact == "season_months":
        return months(int(value))
    if fact == "alcohol_percent":
        return number(Decimal(value)) + "%"
    if fact == "allergens":
        return ", ".join(ALLERGEN_NAMES[code].split(" (", maxsplit=1)[0] for code in value)
    if fact == "net_unit":
        return NET_UNITS.get(str(value), str(value))
    if isinstance(value, bool):
        return YES if value else NO
    if isinstance(value, VariantState):
        return YES if value is VariantState.SHOWN else NO
    if isinstance(value, Cold):
        return COLD[value]
    if isinstance(value, ProductState):
        return STATES[value]
    if isinstance(value, Decimal):
        return number(value)
    if isinstance(value, datetime):
        return clock.business_day(value).strftime("%d/%m/%Y")
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y")
    told = str(value)
    return "" if told == "-" else told


def short(told: str) -> str:
    """A word as lists show it."""
    return told if len(told) <= 120 else told[:117] + "…"


# --- as JSON -----------------------------------------------------------------------------------------------------


def kept(value: Any) -> Any:
    """A value of a fact as JSON keeps it."""
    if isinstance(value, Decimal):
        return {"number": f"{value.normalize():f}"}
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, Cold | ProductState | VariantState) else value


def back(fact: str, value: Any) -> Any:
    """A value of a fact from JSON."""
    if isinstance(value, dict):
        return Decimal(value["number"])
    return Cold(value) if fact == "cold" and value is not None else value
