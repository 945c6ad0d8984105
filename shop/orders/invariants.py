"""What must hold of orders (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import String, and_, cast, exists, func, or_, select

from shop.catalog.models import Certificate, Price, Product, Variant
from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.ledger import sources
from shop.orders.models import (
    ALLOWED,
    CLOSED,
    DEPOSIT,
    PREORDER,
    TILL,
    WEB,
    Fulfilment,
    FulfilmentStatus,
    MoneyFollows,
    Order,
    OrderLine,
    OrderLineDiscount,
    OrderRefusal,
    OrderRefusalLine,
    OrderStatus,
    OrderTransition,
    PaymentStatus,
    ReturnLook,
)
from shop.promotions.models import Offer, Use
from shop.stock.models import MovementKind, StockHold, StockMovement


@invariant("orders.have-lines-that-add-up")
def arithmetic() -> Iterator[str]:
    """Each order has lines; goods are the sum of the lines, delivery the sum of the parcels. A deposit has none of either."""
    lines = (
        select(OrderLine.order_id, func.sum(OrderLine.line_amount).label("n")).group_by(OrderLine.order_id).subquery()
    )
    fees = (
        select(Fulfilment.order_id, func.sum(Fulfilment.fee_amount).label("n")).group_by(Fulfilment.order_id).subquery()
    )
    rows = session().execute(
        select(Order.reference)
        .outerjoin(lines, lines.c.order_id == Order.id)
        .outerjoin(fees, fees.c.order_id == Order.id)
        .where(
            or_(
                and_(
                    Order.channel != DEPOSIT,
                    or_(
                        lines.c.n.is_(None),
                        lines.c.n != Order.goods_amount,
                        func.coalesce(fees.c.n, -1) != Order.delivery_amount,
                    ),
                ),
                and_(
                    Order.channel == DEPOSIT,
                    or_(
                        lines.c.n.is_not(None),
                        fees.c.n.is_not(None),
                        Order.total_amount != Order.goods_amount,
                        Order.total_amount <= 0,
                    ),
                ),
                Order.total_amount != Order.goods_amount + Order.delivery_amount - Order.discount_amount,
            )
        )
    )
    yield from (r for (r,) in rows)


@invariant("orders.history-is-unbroken")
def history() -> Iterator[str]:
    """Each subject's history starts from nothing, takes only allowed steps and ends in its present status."""
    s = session()
    ends: dict[tuple[int, str, int | None], str] = {}
    steps = s.execute(
        select(
            OrderTransition.order_id,
            OrderTransition.subject,
            OrderTransition.fulfilment_id,
            OrderTransition.from_status,
            OrderTransition.to_status,
        ).order_by(OrderTransition.order_id, OrderTransition.subject, OrderTransition.fulfilment_id, OrderTransition.id)
    )
    wrong: set[int] = set()
    for key, rows in groupby(steps, key=lambda row: (row[0], row[1], row[2])):
        at = ""
        for _order, subject, _fulfilment, before, after in rows:
            if before != at or after not in ALLOWED[subject].get(before, frozenset()):
                wrong.add(key[0])
            at = after
        ends[key] = at
    for order_id, status, payment in s.execute(select(Order.id, Order.status, Order.payment_status)):
        if ends.get((order_id, "order", None)) != status or ends.get((order_id, "payment", None)) != payment:
            wrong.add(order_id)
    for fulfilment_id, order_id, parcel in s.execute(select(Fulfilment.id, Fulfilment.order_id, Fulfilment.status)):
        if ends.get((order_id, "fulfilment", fulfilment_id)) != parcel:
            wrong.add(order_id)
    if wrong:
        yield from s.scalars(select(Order.reference).where(Order.id.in_(sorted(wrong))))


@invariant("orders.only-a-counter-begins-at-the-end")
def beginnings() -> Iterator[str]:
    """An order that was complete from its first moment was sold at a counter, and those of a counter all were."""
    at_once = exists().where(
        OrderTransition.order_id == Order.id,
        OrderTransition.from_status == "",
        OrderTransition.to_status.in_([OrderStatus.COMPLETED, PaymentStatus.PAID, FulfilmentStatus.DELIVERED]),
    )
    yield from session().scalars(select(Order.reference).where(at_once != (Order.channel == TILL)))


@invariant("orders.unpaid-sit-on-no-goods-past-their-deadline")
def deadlines() -> Iterator[str]:
    """No unpaid order waits longer than five minutes past its deadline."""
    late = clock.now() - timedelta(minutes=5)
    yield from session().scalars(
        select(Order.reference).where(
            Order.status == OrderStatus.AWAITING_PAYMENT, or_(Order.pay_until < late, Order.pay_until.is_(None))
        )
    )


def _hold_reference() -> Any:
    return "order:" + Order.reference + ":" + cast(Fulfilment.number, String)


@invariant("orders.goods-follow-the-status")
def goods() -> Iterator[str]:
    """Parcels to be sent have exactly their goods claimed, cancelled ones none, those that left sold exactly theirs."""
    ordered = (
        select(OrderLine.fulfilment_id, func.sum(OrderLine.quantity - OrderLine.refused_quantity).label("n"))
        .group_by(OrderLine.fulfilment_id)
        .subquery()
    )
    live = (
        select(StockHold.reference, func.sum(StockHold.quantity).label("n"))
        .where(StockHold.outcome.is_(None))
        .group_by(StockHold.reference)
        .subquery()
    )
    sold = (
        select(StockMovement.reference, func.sum(-StockMovement.quantity).label("n"))
        .where(StockMovement.kind == MovementKind.SALE)
        .group_by(StockMovement.reference)
        .subquery()
    )
    waiting = Fulfilment.status.in_([FulfilmentStatus.PENDING, FulfilmentStatus.PACKED])
    left = Fulfilment.status.in_([FulfilmentStatus.HANDED_OVER, FulfilmentStatus.DELIVERED, FulfilmentStatus.RETURNED])
    reference = _hold_reference()
    claimed, gone = func.coalesce(live.c.n, 0), func.coalesce(sold.c.n, 0)
    rows = session().execute(
        select(Order.reference)
        .join(Fulfilment, Fulfilment.order_id == Order.id)
        .join(ordered, ordered.c.fulfilment_id == Fulfilment.id)
        .outerjoin(live, live.c.reference == reference)
        .outerjoin(sold, sold.c.reference == reference)
        .where(
            or_(
                and_(waiting, claimed != ordered.c.n),
                and_(Fulfilment.status == FulfilmentStatus.CANCELLED, claimed != 0),
                and_(left, or_(gone != ordered.c.n, claimed != 0)),
            )
        )
        .distinct()
    )
    yield from (r for (r,) in rows)


@invariant("orders.sold-only-with-a-certificate-where-one-is-required")
def certificates() -> Iterator[str]:
    """A line that needed a certificate names one of its own product that was in force on the day of the order; for a sale
    at a counter by the counter's clock or by ours (`placed_at`, `completed_at`)."""

    def valid_on(instant: Any) -> Any:
        day = func.date(instant, "+7 hours") if _sqlite() else func.date(func.timezone("Asia/Ho_Chi_Minh", instant))
        return exists().where(
            Certificate.id == OrderLine.certificate_id,
            Certificate.product_id == Variant.product_id,
            Certificate.issued_on <= day,
            Certificate.expires_on >= day,
            or_(Certificate.revoked_on.is_(None), Certificate.revoked_on >= day),
        )

    valid = or_(valid_on(Order.placed_at), and_(Order.channel == TILL, valid_on(Order.completed_at)))
    rows = session().execute(
        select(Order.reference)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .join(Variant, Variant.id == OrderLine.variant_id)
        .where(OrderLine.certificate_required, ~valid)
        .distinct()
    )
    yield from (r for (r,) in rows)


def _sqlite() -> bool:
    return session().get_bind().dialect.name == "sqlite"


@invariant("orders.price-charged-was-in-force")
def prices() -> Iterator[str]:
    """Each line was charged a price of its own variant that was in force when the order was placed. At a counter the price
    that was printed holds: it may have ended while the device was off line, but it was one of the variant's. What was ordered
    before its harvest costs what the harvest's window says, which its own room checks."""
    rows = session().execute(
        select(Order.reference)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .join(Price, Price.id == OrderLine.price_id)
        .where(
            or_(
                Price.variant_id != OrderLine.variant_id,
                and_(Order.channel != PREORDER, Price.amount != OrderLine.unit_price_amount),
                and_(Order.channel != TILL, or_(Price.valid_from > Order.placed_at, Price.valid_to <= Order.placed_at)),
            )
        )
        .distinct()
    )
    yield from (r for (r,) in rows)


@invariant("orders.line-and-product-agree-on-the-producer")
def producers() -> Iterator[str]:
    """A line names the producer of its product, as long as the product has not changed hands."""
    rows = session().execute(
        select(Order.reference)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .join(Variant, Variant.id == OrderLine.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .where(
            func.coalesce(OrderLine.producer_id, 0) != func.coalesce(Product.producer_id, 0),
            Product.updated_at <= Order.placed_at,
        )
        .distinct()
    )
    yield from (r for (r,) in rows)


@invariant("orders.parcels-hold-the-orders-lines")
def parcels() -> Iterator[str]:
    """A line's parcel belongs to the line's order."""
    rows = session().execute(
        select(Order.reference)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .join(Fulfilment, Fulfilment.id == OrderLine.fulfilment_id)
        .where(Fulfilment.order_id != Order.id)
    )
    yield from (r for (r,) in rows)


@invariant("orders.refusals-add-up")
def refusals() -> Iterator[str]:
    """What was refused of a line is the sum of its refusals; a refusal is the sum of its lines; an order is reduced by those
    that did not end it and by its parcels that came back unpaid; one that ended it stands in a cancelled order."""
    s = session()
    of_line = (
        select(OrderRefusalLine.line_id, func.sum(OrderRefusalLine.quantity).label("n"))
        .group_by(OrderRefusalLine.line_id)
        .subquery()
    )
    yield from s.scalars(
        select(Order.reference)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .outerjoin(of_line, of_line.c.line_id == OrderLine.id)
        .where(OrderLine.refused_quantity != func.coalesce(of_line.c.n, 0))
        .distinct()
    )
    of_refusal = (
        select(OrderRefusalLine.refusal_id, func.sum(OrderRefusalLine.amount).label("n"))
        .group_by(OrderRefusalLine.refusal_id)
        .subquery()
    )
    yield from s.scalars(
        select(Order.reference)
        .join(OrderRefusal, OrderRefusal.order_id == Order.id)
        .outerjoin(of_refusal, of_refusal.c.refusal_id == OrderRefusal.id)
        .where(OrderRefusal.goods_amount != func.coalesce(of_refusal.c.n, 0))
        .distinct()
    )
    of_order = (
        select(OrderRefusal.order_id, func.sum(OrderRefusal.amount).label("n"))
        .where(OrderRefusal.money != MoneyFollows.ORDER)
        .group_by(OrderRefusal.order_id)
        .subquery()
    )
    unpaid = (
        select(Fulfilment.order_id, func.sum(Fulfilment.unpaid_amount).label("n"))
        .group_by(Fulfilment.order_id)
        .subquery()
    )
    yield from s.scalars(
        select(Order.reference)
        .outerjoin(of_order, of_order.c.order_id == Order.id)
        .outerjoin(unpaid, unpaid.c.order_id == Order.id)
        .where(Order.reduced_amount != func.coalesce(of_order.c.n, 0) + func.coalesce(unpaid.c.n, 0))
    )
    yield from s.scalars(
        select(Order.reference)
        .join(OrderRefusal, OrderRefusal.order_id == Order.id)
        .where(OrderRefusal.money == MoneyFollows.ORDER, Order.status != OrderStatus.CANCELLED)
    )


@invariant("orders.a-parcel-refused-whole-is-cancelled")
def refused_parcels() -> Iterator[str]:
    """A parcel of which nothing is left is cancelled, and in an order that lives on only such a parcel is."""
    left = (
        select(OrderLine.fulfilment_id, func.sum(OrderLine.quantity - OrderLine.refused_quantity).label("n"))
        .group_by(OrderLine.fulfilment_id)
        .subquery()
    )
    gone = Fulfilment.status == FulfilmentStatus.CANCELLED
    yield from session().scalars(
        select(Order.reference)
        .join(Fulfilment, Fulfilment.order_id == Order.id)
        .join(left, left.c.fulfilment_id == Fulfilment.id)
        .where(
            or_(
                and_(left.c.n == 0, ~gone),
                and_(left.c.n > 0, gone, Order.status != OrderStatus.CANCELLED),
            )
        )
        .distinct()
    )


@invariant("orders.closed-parcels-say-when")
def closed_parcels() -> Iterator[str]:
    """A parcel that is delivered, returned or cancelled says since when (its buyer's data is forgotten after a term), and no
    other does."""
    yield from session().scalars(
        select(Order.reference)
        .join(Fulfilment, Fulfilment.order_id == Order.id)
        .where(Fulfilment.status.in_(CLOSED) != Fulfilment.closed_at.is_not(None))
        .distinct()
    )


# --- discounts ---------------------------------------------------------------------------------------------------


@invariant("orders.discounts-are-named")
def named_in_full() -> Iterator[str]:
    """What promotions took off an order adds up to its discount (at a counter the rest was taken off by hand, a deposit is no
    discount); no line and no fee goes below zero; a producer bears only what came off his own goods."""
    s, d = session(), OrderLineDiscount
    sums = select(d.order_id, func.sum(d.amount).label("n")).group_by(d.order_id).subquery()
    off = func.coalesce(sums.c.n, 0)
    yield from s.scalars(
        select(Order.reference)
        .outerjoin(sums, sums.c.order_id == Order.id)
        .where(
            or_(
                and_(Order.channel == WEB, off != Order.discount_amount),
                and_(Order.channel == TILL, off > Order.discount_amount),
                and_(Order.channel.not_in([WEB, TILL]), off != 0),
            )
        )
    )
    yield from s.scalars(
        select(Order.reference)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .join(d, d.line_id == OrderLine.id)
        .group_by(Order.reference, OrderLine.id, OrderLine.line_amount)
        .having(func.sum(d.amount) > OrderLine.line_amount)
    )
    yield from s.scalars(
        select(Order.reference)
        .join(Fulfilment, Fulfilment.order_id == Order.id)
        .join(d, and_(d.fulfilment_id == Fulfilment.id, d.line_id.is_(None)))
        .group_by(Order.reference, Fulfilment.id, Fulfilment.fee_amount)
        .having(func.sum(d.amount) > Fulfilment.fee_amount)
    )
    yield from s.scalars(
        select(Order.reference)
        .join(d, d.order_id == Order.id)
        .outerjoin(OrderLine, OrderLine.id == d.line_id)
        .where(
            or_(
                OrderLine.order_id != Order.id,
                d.gone_quantity > func.coalesce(OrderLine.quantity, 1),
                d.units > OrderLine.quantity,
                and_(d.producer_id.is_not(None), func.coalesce(OrderLine.producer_id, 0) != d.producer_id),
            )
        )
        .distinct()
    )


@invariant("orders.discounts-are-the-uses-of-promotions")
def tied_to_uses() -> Iterator[str]:
    """Each discount of an order is counted as a use of its promotion, with the same sums and the same units of a sale, and
    nothing else is, save what a counter holds for its basket, and what a counter gave beyond."""
    s, d = session(), OrderLineDiscount
    reference = "order:" + Order.reference
    lines = (
        select(
            reference.label("reference"),
            d.promotion_id,
            func.coalesce(d.offer_id, 0).label("slot"),
            func.sum(d.amount).label("amount"),
            func.sum(d.units).label("units"),
        )
        .join(Order, Order.id == d.order_id)
        .where(~d.beyond)
        .group_by(Order.reference, d.promotion_id, d.offer_id)
        .subquery()
    )
    same = and_(
        Use.reference == lines.c.reference, Use.promotion_id == lines.c.promotion_id, Use.slot == lines.c.slot
    )  # fmt: skip
    yield from s.scalars(
        select(lines.c.reference)
        .outerjoin(Use, same)
        .where(or_(Use.id.is_(None), Use.amount != lines.c.amount, Use.units != lines.c.units))
    )
    yield from s.scalars(
        select(Use.reference)
        .outerjoin(lines, same)
        .where(lines.c.reference.is_(None), Use.reference.not_like("till:%"))
    )


@invariant("orders.a-sale-is-its-price")
def sale_prices() -> Iterator[str]:
    """Units sold in a timed sale were charged the offer's price for this very pack: what came off is the difference."""
    d = OrderLineDiscount
    yield from session().scalars(
        select(Order.reference)
        .join(d, d.order_id == Order.id)
        .join(OrderLine, OrderLine.id == d.line_id)
        .join(Offer, Offer.id == d.offer_id)
        .where(
            or_(
                Offer.variant_id != OrderLine.variant_id,
                d.amount != d.units * (OrderLine.unit_price_amount - Offer.price_amount),
            )
        )
        .distinct()
    )


@invariant("orders.what-ended-gave-its-discounts-back")
def given_back() -> Iterator[str]:
    """A cancelled or wholly refunded order keeps nothing of a promotion."""
    ended = or_(Order.status == OrderStatus.CANCELLED, Order.payment_status == PaymentStatus.REFUNDED)
    yield from session().scalars(
        select(Use.reference)
        .join(Order, Use.reference == "order:" + Order.reference)
        .where(ended, or_(Use.back_amount < Use.amount, Use.back_units < Use.units))
        .distinct()
    )


@invariant("orders.ledger-says-who-bears")
def books_agree() -> Iterator[str]:
    """The ledger has what the shop and fairs bear of every completed order, without what came back."""
    yield from sources.compare("promotion-borne")


@invariant("orders.what-came-back-was-looked-at")
def looks() -> Iterator[str]:
    """What was found of a parcel that came back is all that was in its lines, and as much was written off as was bad."""
    s = session()
    yield from s.scalars(
        select(Order.reference)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .join(ReturnLook, ReturnLook.line_id == OrderLine.id)
        .where(
            or_(
                ReturnLook.good_quantity + ReturnLook.bad_quantity != OrderLine.quantity - OrderLine.refused_quantity,
                ReturnLook.fulfilment_id != OrderLine.fulfilment_id,
            )
        )
        .distinct()
    )
    bad = (
        select(ReturnLook.fulfilment_id, func.sum(ReturnLook.bad_quantity).label("n"))
        .group_by(ReturnLook.fulfilment_id)
        .subquery()
    )
    off = (
        select(StockMovement.reference, func.sum(-StockMovement.quantity).label("n"))
        .where(StockMovement.kind == MovementKind.WRITE_OFF, StockMovement.reference.like("order:%"))
        .group_by(StockMovement.reference)
        .subquery()
    )
    yield from s.scalars(
        select(Order.reference)
        .join(Fulfilment, Fulfilment.order_id == Order.id)
        .join(bad, bad.c.fulfilment_id == Fulfilment.id)
        .outerjoin(off, off.c.reference == _hold_reference())
        .where(or_(bad.c.n != func.coalesce(off.c.n, 0), Fulfilment.status != FulfilmentStatus.RETURNED))
        .distinct()
    )
