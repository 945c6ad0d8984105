"""Differences as people read them: JSON of lines and of the history → words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shop.catalog.models import ALLERGEN_NAMES, COLD_NAMES, Cold, ProductState
from shop.catalog.queries.office import STATE_NAMES as PRODUCT_STATES
from shop.catalog.services.codes import NET_UNITS
from shop.kernel import money
from shop.kernel.wording import gettext as _
from shop.listings import queries, rules
from shop.listings.facts import PHOTOS, PRODUCT, sku_of
from shop.places import queries as places


@dataclass(frozen=True, slots=True)
class Told:
    """One difference in words; photographs are (key of the small copy, description)."""

    key: str
    label: str
    before: str
    after: str
    photos_before: tuple[tuple[str, str], ...] = ()
    photos_after: tuple[tuple[str, str], ...] = ()

    @property
    def pictures(self) -> bool:
        """Whether it is about photographs."""
        return bool(self.photos_before or self.photos_after)


def label(subject: str, field: str) -> str:
    """What a difference is about: `Giá bán (RUOC-HAU-01)`."""
    if subject == PHOTOS:
        return _(rules.FIELD_NAMES["photos"])
    if subject == PRODUCT:
        return _("Sản phẩm mới") if field == "new" else _(rules.FIELD_NAMES[field])
    name = _("Quy cách mới") if field == "new" else _(rules.FIELD_NAMES[field])
    return f"{name} ({sku_of(subject)})"


def words(field: str, value: Any) -> str:
    """A fact in words; '' for none."""
    if value is None or value == "" or value == []:
        return ""
    if field == "set_id":
        return queries.set_name(int(value))
    if field == "allergens":
        return ", ".join(_(ALLERGEN_NAMES[a]) for a in value if a in ALLERGEN_NAMES)
    if field == "season_months":
        months = [str(m) for m in range(1, 13) if int(value) & (1 << (m - 1))]
        return ", ".join(months) if months else _("Quanh năm")
    if field == "cold":
        return _(COLD_NAMES[Cold(value)])
    if field == "price":
        return money.vnd(int(value))
    if field == "is_alcohol":
        return _("Có") if value else _("Không")
    if field == "commune_code":
        unit = places.unit(str(value))
        return unit.name if unit else str(value)
    if field == "net_unit":
        return _(NET_UNITS[value]) if value in NET_UNITS else str(value)
    if field == "state":
        return _(PRODUCT_STATES[ProductState(value)])
    if field == "new" and isinstance(value, dict):
        named = [n for n in (*rules.VARIANT_FIELDS, "price") if value.get(n) is not None and n != "position"]
        return "; ".join(f"{_(rules.FIELD_NAMES[n])}: {words(n, value[n])}" for n in named)
    if isinstance(value, str) and field in {"net_content", "alcohol_percent"}:
        return value.replace(".", ",")
    return str(value)


def _photos(value: Any) -> tuple[tuple[str, str], ...]:
    return tuple((one.get("thumb") or "", one.get("alt") or "") for one in value or () if isinstance(one, dict))


def told(subject: str, field: str, before: Any, after: Any) -> Told:
    """A difference in words."""
    key = f"{subject}/{field}"
    if subject == PHOTOS:
        return Told(key, label(subject, field), "", "", _photos(before), _photos(after))
    return Told(key, label(subject, field), words(field, before), words(field, after))


def names(keys: Sequence[str]) -> list[str]:
    """What several line keys are about."""
    return [label(*key.rpartition("/")[::2]) for key in keys]
