"""A code and sales that are on, a sale that is over, and what a counter sold of them today: made up, and marked as such."""

from __future__ import annotations

import random
import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import func, select

from shop.catalog.models import Product, ProductState, Variant, VariantState
from shop.catalog.queries import sellable
from shop.catalog.queries.sale import Sellable
from shop.kernel import clock, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.orders.events import SoldAtCounter
from shop.promotions import queries
from shop.promotions.models import Kind, Measure, Offer, Payer, Promotion, State, Step
from shop.promotions.reckon import LiveOffer
from shop.promotions.services import editing, lending
from shop.settlement import handlers as owed
from shop.stock import queries as stock
from shop.stock.models import StockLevel
from shop.till import forms
from shop.till import handlers as counted
from shop.till.models import Device, TillSale
from shop.till.services import coupons, devices, sync

GOODS, QUOTA, LEAST_STOCK = 4, 30, 8
# So many of a pack must lie at the counter that sells it this morning.
SOLD = 6


def load(rng: random.Random, staff: Actor, producer_id: int) -> None:
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
    own = _offers(rng, producer_id, {v for v, _p, _q in offers})
    if own:
        theirs = editing.Terms(
            Kind.SALE, "Nhà làm mời giá", now - timedelta(hours=6), now + timedelta(days=14), Payer.PRODUCER,
            producer_id=producer_id, name_en="The maker's offer", offers=own,
        )  # fmt: skip
        reference = _open(staff, theirs)
        editing.agree(Actor("user", "Chủ cơ sở (minh họa)"), reference, 1, operations.new_key())
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


def _open(staff: Actor, terms: editing.Terms) -> str:
    reference = editing.draft(staff, terms, operations.new_key(), demo=True)
    editing.open_it(staff, reference, 1, operations.new_key())
    return reference


def sell(rng: random.Random, staff: Actor) -> None:
    """A counter sold some of them this morning: at the sales' prices, and with the code."""
    queries.forget()
    now = clock.now()
    free = StockLevel.on_hand - StockLevel.held - StockLevel.allocated
    here = session().execute(
        select(StockLevel.point_id, StockLevel.variant_id, func.sum(free))
        .join(Device, Device.point_id == StockLevel.point_id)
        .where(StockLevel.variant_id.in_(list(queries.book_now())), Device.revoked_at.is_(None))
        .group_by(StockLevel.point_id, StockLevel.variant_id)
        .having(func.sum(free) >= SOLD)
        .order_by(StockLevel.point_id, StockLevel.variant_id)
    )
    lying: dict[int, list[int]] = {}
    for point_id, variant_id, _n in here:
        lying.setdefault(point_id, []).append(variant_id)
    if not lying:
        return
    point_id, variants = max(lying.items(), key=lambda found: len(found[1]))
    name = "Quầy tuần lễ OCOP (minh họa)"
    device_id = devices.create(staff, "Q9", name, point_id)
    devices.enrol(devices.new_code(staff, device_id).code, name, None)
    known = devices.by_id(device_id)
    lending.lend(devices.holder(device_id), variants, now)
    day = _Day(rng, known, staff.user_id or 0, now - timedelta(minutes=100))
    day.tell("session-open", {"float_amount": 500_000})
    goods, on = sellable(variants, now), queries.book_now()
    for n, variant_id in enumerate([*variants, *variants]):
        day.sale(goods[variant_id], on[variant_id][0], 1 + n % 2)
    dear = max(goods.values(), key=lambda found: found.unit_price_amount or 0)
    day.sale(dear, None, max(2, -(-200_000 // (dear.unit_price_amount or 1))), code="CHAOKHACH")
    day.tell("session-close", {"counted_amount": day.cash})
    for found in sync.take_in(known, day.events, is_demo=True):
        if found.status != "done":
            raise ValueError(f"Q9: {found.error!r}")
    for order_id in session().scalars(select(TillSale.order_id).where(TillSale.device_id == device_id)).all():
        counted.count_sales(SoldAtCounter(order_id))
        owed.sold(SoldAtCounter(order_id))


class _Day:
    """What one device tells of its morning."""

    def __init__(self, rng: random.Random, known: devices.Known, keeper_id: int, at: datetime) -> None:
        self.rng, self.known, self.keeper_id, self.at = rng, known, keeper_id, at
        self.session, self.cash = self.uuid(), 500_000
        self.events: list[dict[str, Any]] = []
        self.number = 0

    def uuid(self) -> str:
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def tell(self, kind: str, body: dict[str, Any]) -> None:
        self.at += timedelta(minutes=4)
        self.events.append(
            {
                "uuid": self.uuid(), "kind": kind, "at": self.at.isoformat(), "seq": len(self.events) + 1,
                "body": {"session": self.session, "keeper_id": self.keeper_id} | body,
            }
        )  # fmt: skip

    def sale(self, goods: Sellable, offer: LiveOffer | None, quantity: int, code: str = "") -> None:
        """Sell one line, at the price of `offer`, or with a code."""
        price, off = goods.unit_price_amount or 0, 0
        discounts: list[dict[str, Any]] = []
        if offer is not None:
            off = quantity * (price - offer.price_amount)
            discounts = [{"line": 0, "offer_id": offer.offer_id, "units": quantity, "amount": off}]
        if code:
            asked = forms.CodeAsked(
                uuid=self.uuid(), code=code, phone="0912 345 678",
                lines=[forms.CodeLine(variant_id=goods.variant_id, quantity=quantity)],
            )  # fmt: skip
            granted = coupons.grant(self.known, asked, None)
            off = granted.amount
            discounts = [{"line": 0, "coupon": granted.uuid, "amount": off}]
        total = price * quantity - off
        self.number += 1
        self.cash += total
        line = {
            "variant_id": goods.variant_id, "quantity": quantity, "unit_price_amount": price, "price_id": goods.price_id,
        }  # fmt: skip
        self.tell(
            "sale",
            {
                "number": f"{self.known.code}-{self.number:06d}", "lines": [line], "discount_amount": off,
                "discounts": discounts, "tenders": [{"kind": "cash", "amount": total, "given": total}],
                "total_amount": total, "secret_hash": sha256(self.uuid().encode()).hexdigest(),
            },
        )  # fmt: skip


def _offers(
    rng: random.Random, producer_id: int | None = None, taken: Collection[int] = ()
) -> tuple[tuple[int, int, int], ...]:
    """A few packs of which there is enough, at fifteen per cent less in whole thousands."""
    ids = list(
        session().scalars(
            select(Variant.id)
            .join(Product, Product.id == Variant.product_id)
            .where(
                Variant.state == VariantState.SHOWN,
                Product.state == ProductState.SHOWN,
                Product.is_alcohol.is_(False),
                Variant.id.not_in(list(taken)),
                *([] if producer_id is None else [Product.producer_id == producer_id]),
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
