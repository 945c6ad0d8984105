"""What promotions would cost at the pace of the last four weeks, from the orders of the web and of counters."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from sqlalchemy import func, select

from shop.catalog.models import Product, ProductSet, Variant
from shop.kernel import clock
from shop.kernel.db import session
from shop.orders.models import TILL, WEB, Order, OrderLine, OrderStatus
from shop.promotions import estimates, reckon
from shop.promotions.errors import CodeRefused
from shop.promotions.estimates import Estimate
from shop.promotions.models import Kind, Promotion

_SOLD = (OrderStatus.PLACED, OrderStatus.CONFIRMED, OrderStatus.COMPLETED)
# The newest lines that are looked at: enough for the pace, and a page that opens at once.
_LINES = 5_000


def estimate(row: Promotion) -> Estimate:
    """What would come off in the rest of the span of a promotion."""
    now = clock.now()
    share = max(0.0, (row.ends_at - max(now, row.starts_at)) / timedelta(days=estimates.DAYS))
    since = now - timedelta(days=estimates.DAYS)
    return _sale(row, share) if row.kind is Kind.SALE else _code(row, share, since)


def _sale(row: Promotion, share: float) -> Estimate:
    since = clock.now() - timedelta(days=estimates.DAYS)
    wanted = [o.variant_id for o in row.offers]
    rows = session().execute(
        select(OrderLine.variant_id, func.sum(OrderLine.quantity - OrderLine.refused_quantity),
               func.max(OrderLine.unit_price_amount))
        .join(Order, Order.id == OrderLine.order_id)
        .where(OrderLine.variant_id.in_(wanted), Order.placed_at >= since, Order.status.in_(_SOLD),
               Order.channel.in_([WEB, TILL]))
        .group_by(OrderLine.variant_id)
    )  # fmt: skip
    sold = {v: (int(n), int(price)) for v, n, price in rows}
    count = amount = 0
    for offer in row.offers:
        n, price = sold.get(offer.variant_id, (0, 0))
        units = min(offer.quota - offer.sold, round(n * share))
        count, amount = count + units, amount + units * max(0, price - offer.price_amount)
    return Estimate(count, amount)


def _code(row: Promotion, share: float, since: object) -> Estimate:
    if row.measure is None or row.value is None:
        return Estimate(0, 0)
    terms = reckon.CodeTerms(
        row.id, row.reference, row.name, None, row.code or "", row.measure, row.value, row.ceiling_amount, row.minimum_amount,
        row.on_freight, row.payer, row.producer_id, None, tuple((s.kind, s.subject_id) for s in row.scopes),
    )  # fmt: skip
    lines = session().execute(
        select(OrderLine.order_id, OrderLine.variant_id, Variant.product_id, ProductSet.number, OrderLine.producer_id,
               OrderLine.quantity, OrderLine.unit_price_amount, Order.pickup_point_id, Order.delivery_amount)
        .join(Order, Order.id == OrderLine.order_id)
        .join(Variant, Variant.id == OrderLine.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .join(ProductSet, ProductSet.id == Product.set_id)
        .where(Order.placed_at >= since, Order.status.in_(_SOLD), Order.channel.in_([WEB, TILL]))
        .order_by(OrderLine.order_id.desc())
        .limit(_LINES)
    )  # fmt: skip
    baskets: dict[int, list[reckon.Goods]] = defaultdict(list)
    where: dict[int, tuple[int | None, int]] = {}
    for order_id, variant_id, product_id, number, producer_id, quantity, price, point_id, fee in lines:
        baskets[order_id].append(reckon.Goods(variant_id, product_id, number, producer_id, quantity, price))
        where[order_id] = (point_id, fee)
    count = amount = 0
    for order_id, goods in baskets.items():
        point_id, fee = where[order_id]
        found = reckon.reckon(goods, fee, {}, terms, point_id=point_id)
        if found.problem is None or not isinstance(found.problem, CodeRefused):
            count, amount = count + 1, amount + found.amount
    return Estimate(round(count * share), round(amount * share))


estimates.register(estimate)
