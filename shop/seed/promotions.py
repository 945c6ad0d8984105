"""A code and a sale that are on, and a sale that is over: made up, and marked as such."""

from __future__ import annotations

import random
from datetime import timedelta

from sqlalchemy import select

from shop.catalog.models import Product, ProductState, Variant, VariantState
from shop.catalog.queries import sellable
from shop.kernel import clock, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.promotions.models import Kind, Measure, Offer, Payer, Promotion, State, Step
from shop.promotions.services import editing
from shop.stock import queries as stock

GOODS, QUOTA, LEAST_STOCK = 4, 30, 8


def load(rng: random.Random, staff: Actor) -> None:
    """Write them, by the office's own commands where time allows: what is over cannot be begun any more."""
    now = clock.now()
    code = editing.Terms(
        Kind.CODE, "Chào khách mới", now - timedelta(days=3), now + timedelta(days=60), Payer.SHOP,
        name_en="Welcome", code="CHAOKHACH", measure=Measure.PERCENT, value=1_000, ceiling_amount=50_000,
        minimum_amount=200_000, person_limit=1, uses_limit=500, budget_amount=10_000_000,
    )  # fmt: skip
    _open(staff, code)
    offers = _offers(rng)
    if not offers:
        return
    sale = editing.Terms(
        Kind.SALE, "Giá tuần này", now - timedelta(hours=6), now + timedelta(days=7), Payer.SHOP, name_en="Price of the week",
        person_limit=5, offers=offers,
    )  # fmt: skip
    _open(staff, sale)
    over = now - timedelta(days=20)
    with transaction() as s:
        row = Promotion(
            kind=Kind.SALE, state=State.OPEN, reference=text.reference(), name="Giá cuối tháng", name_en="End of the month",
            starts_at=over - timedelta(days=3), ends_at=over, payer=Payer.SHOP, minimum_amount=0, on_freight=False, uses=0,
            spent_amount=0, version=1, created_at=over - timedelta(days=5), created_by=staff.key, is_demo=True,
        )  # fmt: skip
        row.offers = [Offer(variant_id=v, price_amount=price, quota=QUOTA, sold=0) for v, price, _quota in offers[:2]]
        s.add(row)
        s.flush()
        s.add(
            Step(
                promotion_id=row.id,
                what="open",
                at=over - timedelta(days=5),
                actor_key=staff.key,
                actor_label=staff.label,
            )
        )


def _open(staff: Actor, terms: editing.Terms) -> None:
    reference = editing.draft(staff, terms, operations.new_key(), demo=True)
    editing.open_it(staff, reference, 1, operations.new_key())


def _offers(rng: random.Random) -> tuple[tuple[int, int, int], ...]:
    """A few packs of which there is enough, at fifteen per cent less in whole thousands."""
    ids = list(
        session().scalars(
            select(Variant.id)
            .join(Product, Product.id == Variant.product_id)
            .where(
                Variant.state == VariantState.SHOWN, Product.state == ProductState.SHOWN, Product.is_alcohol.is_(False)
            )
            .order_by(Variant.id)
        )
    )
    counts = stock.availability(ids)
    rng.shuffle(ids)
    found = []
    goods = sellable(ids, clock.now())
    for variant_id in ids:
        known = goods.get(variant_id)
        price = known.unit_price_amount if known is not None and known.refusal is None else None
        if price is None or price < 20_000 or counts.get(variant_id, stock.NONE_LEFT).total < LEAST_STOCK:
            continue
        found.append((variant_id, price * 85 // 100 // 1_000 * 1_000, QUOTA))
        if len(found) == GOODS:
            break
    return tuple(found)
