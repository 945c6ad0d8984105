"""Prices of a basket as its buyer pays them, and a plan's discounts as its order will name them."""

from __future__ import annotations

from collections.abc import Iterable

from shop.catalog.queries import Sellable
from shop.checkout.plan import Plan
from shop.kernel import clock
from shop.kernel.money import split
from shop.orders import discounts
from shop.promotions import queries as promotions
from shop.promotions.queries import NOBODY, Buyer
from shop.promotions.reckon import Discount, units_at


def asked(goods: Iterable[Sellable], who: Buyer = NOBODY) -> dict[int, int]:
    """What one unit of each pack costs now, by variant id: the price of a timed sale that has some left for this buyer, else
    the price in force; packs without one are missing. No statement where no sale is on."""
    priced = {g.variant_id: g.unit_price_amount for g in goods if g.unit_price_amount is not None}
    offers = promotions.offers(priced, clock.now(), who)
    return {
        v: offers[v].price_amount if v in offers and units_at(offers[v], 1, price) else price
        for v, price in priced.items()
    }


def drafts(made: Plan, locale: str) -> tuple[discounts.Draft, ...]:
    """The discounts of `made` on the lines of its parcels: units of a sale along the parcels in their order, a code's amount by
    what is left to pay of each line, largest remainders first."""
    prices = {line.goods.variant_id: line.unit_amount for line in made.lines}
    # Of each pack: parcel, units, what is left to pay for them.
    lines: dict[int, list[list[int]]] = {}
    for number, parcel in enumerate(made.parcels, start=1):
        for variant_id, n in parcel.counts:
            lines.setdefault(variant_id, []).append([number, n, n * prices[variant_id]])
    found: list[discounts.Draft] = []
    for d in made.discounts:
        if d.variant_id is None:
            fees = [parcel.fee_amount for parcel in made.parcels]
            parts = list(zip(range(1, len(fees) + 1), [0] * len(fees), split(d.amount, fees), strict=True))
        elif d.slot:
            parts, left, each = [], d.units, d.amount // d.units
            for row in lines[d.variant_id]:
                n = min(left, row[1])
                left -= n
                row[2] -= n * each
                parts.append((row[0], n, n * each))
        else:
            rows = lines[d.variant_id]
            shares = split(d.amount, [row[2] for row in rows])
            parts = [(row[0], 0, amount) for row, amount in zip(rows, shares, strict=True)]
        found += [_draft(d, locale, number, n, amount) for number, n, amount in parts if amount]
    return tuple(found)


def _draft(d: Discount, locale: str, number: int, units: int, amount: int) -> discounts.Draft:
    name = (d.name_en if locale == "en" else None) or d.name
    return discounts.Draft(number, d.variant_id, d.promotion_id, d.slot, units, name, amount, d.payer, d.producer_id)
