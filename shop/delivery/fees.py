"""The arithmetic of a delivery fee: weights in whole grams, sizes in millimetres, money in whole đồng. Reads nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shop.delivery.models import Zone
from shop.kernel.errors import N_


@dataclass(frozen=True, slots=True)
class Line:
    """What goes into the parcel: `quantity` packed units; sizes None are unknown, weight None is counted as assumed."""

    quantity: int
    weight_g: int | None = None
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None


@dataclass(frozen=True, slots=True)
class ZoneTerms:
    """One zone's line of a rate table (see `models.ZoneRate`)."""

    zone: Zone
    first_g: int
    first_amount: int
    step_g: int
    step_amount: int
    days_from: int
    days_to: int
    cold_allowed: bool
    free_from_amount: int | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What a rate table says beside its zones (see `models.RateTable`)."""

    divisor: int = 5000
    limit_g: int | None = None
    bulky_from_g: int | None = None
    bulky_amount: int = 0
    cold_amount: int = 0
    cod_flat_amount: int = 0
    cod_per_10000: int = 0
    cod_minimum_amount: int = 0


@dataclass(frozen=True, slots=True)
class Weight:
    """`chargeable_g` is the greater of scales and volume; `assumed` says that some weight was not known."""

    actual_g: int
    volume_g: int
    assumed: bool = False

    @property
    def chargeable_g(self) -> int:
        return max(self.actual_g, self.volume_g)


PART_NAMES = {
    "base": N_("Cước theo cân nặng"),
    "bulky": N_("Phụ phí hàng cồng kềnh"),
    "cold": N_("Phụ phí hàng lạnh"),
    "cod": N_("Phí thu hộ (COD)"),
    "free": N_("Miễn cước cho đơn lớn"),
}


@dataclass(frozen=True, slots=True)
class Fee:
    """The parts of a fee; `free_amount` is what is waived, never more than the weight fee."""

    base_amount: int
    bulky_amount: int = 0
    cold_amount: int = 0
    cod_amount: int = 0
    free_amount: int = 0

    @property
    def total_amount(self) -> int:
        return self.base_amount + self.bulky_amount + self.cold_amount + self.cod_amount - self.free_amount

    def parts(self) -> list[tuple[str, int]]:
        """(key of `PART_NAMES`, amount) of the parts that are not zero; what is waived is negative. They add up."""
        found = [
            ("base", self.base_amount),
            ("bulky", self.bulky_amount),
            ("cold", self.cold_amount),
            ("cod", self.cod_amount),
            ("free", -self.free_amount),
        ]
        return [(key, amount) for key, amount in found if amount]


def weigh(lines: Iterable[Line], divisor: int, *, assumed_g: int = 1000) -> Weight:
    """Weigh a parcel. Units without a weight count `assumed_g`; units without all three sizes have no volume."""
    actual = cubic_mm = 0
    assumed = False
    for line in lines:
        actual += line.quantity * (assumed_g if line.weight_g is None else line.weight_g)
        assumed = assumed or line.weight_g is None
        if line.length_mm and line.width_mm and line.height_mm:
            cubic_mm += line.quantity * line.length_mm * line.width_mm * line.height_mm
    # cm³ ÷ divisor is kilograms, so mm³ ÷ divisor is grams; a begun gram counts.
    return Weight(actual, -(-cubic_mm // divisor), assumed)


def charge(weight_g: int, terms: Terms, zone: ZoneTerms, *, cold: bool, cod: bool, goods_amount: int) -> Fee:
    """The fee of one parcel of `weight_g` chargeable grams; `goods_amount` is what the buyer pays for the goods."""
    steps = -(-max(0, weight_g - zone.first_g) // zone.step_g)
    base = zone.first_amount + steps * zone.step_amount
    free = zone.free_from_amount is not None and goods_amount >= zone.free_from_amount
    bulky = terms.bulky_from_g is not None and weight_g >= terms.bulky_from_g
    return Fee(
        base_amount=base,
        bulky_amount=terms.bulky_amount if bulky else 0,
        cold_amount=terms.cold_amount if cold else 0,
        cod_amount=collecting(goods_amount, terms) if cod else 0,
        free_amount=base if free else 0,
    )


def collecting(goods_amount: int, terms: Terms) -> int:
    """What the carrier takes for collecting `goods_amount`: flat and share (rounded half up), at least the minimum."""
    share = (goods_amount * terms.cod_per_10000 + 5_000) // 10_000
    return max(terms.cod_minimum_amount, terms.cod_flat_amount + share)
