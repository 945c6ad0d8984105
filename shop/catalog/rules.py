"""Rules of the catalogue that staff may change, and what follows from dates alone."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import and_, or_

from shop.catalog.models import Certificate, Price
from shop.kernel import money, settings
from shop.kernel.errors import N_

MARKED, ALL, NONE = "marked", "all", "none"

CERTIFICATE_RULE = settings.define(
    "catalog.certificate_rule",
    MARKED,
    N_("Sản phẩm nào chỉ được bán khi chứng nhận OCOP còn hiệu lực"),
    hint=N_("marked: sản phẩm được đánh dấu; all: mọi hàng hóa; none: không sản phẩm nào."),
    choices={
        MARKED: N_("Sản phẩm được đánh dấu “cần chứng nhận”"),
        ALL: N_("Mọi hàng hóa"),
        NONE: N_("Không sản phẩm nào"),
    },
)


# Groups of all lists whose goods are food or drink in the sense of Decree 15/2018: they rest on papers of food safety.
FOOD_GROUPS = frozenset({"thuc-pham", "do-uong"})


def certificate_in_force(day: date, c: Any = Certificate) -> Any:
    """The condition that a certificate holds on the business day `day`: first and last day included, revocation not."""
    return and_(c.issued_on <= day, c.expires_on >= day, or_(c.revoked_on.is_(None), c.revoked_on > day))


def price_in_force(at: Any, p: Any = Price) -> Any:
    """The condition that a price holds at the instant `at` (half-open span)."""
    return and_(p.valid_from <= at, or_(p.valid_to.is_(None), p.valid_to > at))


def needs_certificate(rule: str, marked: bool) -> bool:
    """Whether goods so `marked` are sold only with a certificate in force under `rule`."""
    return rule == ALL or (rule != NONE and marked)


# What a price is compared by, for each unit a pack's content may be given in (UN/ECE Recommendation 20).
_PER = {
    "GRM": (Fraction(1000), "kg"),
    "KGM": (Fraction(1), "kg"),
    "MLT": (Fraction(1000), "l"),
    "LTR": (Fraction(1), "l"),
}


def per_unit(amount: int, net_content: Decimal | None, net_unit: str | None) -> tuple[int, str] | None:
    """Price in đồng per kilogram or litre and that unit; None where the pack is exactly that or its content is not known."""
    per = _PER.get(net_unit or "")
    if per is None or net_content is None or Fraction(net_content) == per[0]:
        return None
    return money.per_unit(amount, Fraction(net_content), per[0]), per[1]
