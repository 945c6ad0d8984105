"""What was sold by an order, by whom, and what of it stands today: the parcels that arrived, without the units that came back.

**Who sells** decides who issues. A direct seller issues for everything. Where the shop is an intermediary platform (its own
role, or that of a producer's agreement on the day: docs/legal-role.md), a producer's goods (`stock_levels.owner` of the
movement by which they left) are sold by that producer, and their document is his; what the shop owns is sold by the shop. The
fee for a parcel's delivery is the shop's, unless all of the parcel is one such producer's whose agreement gives him the
freight.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import func, select

from shop.invoices.arithmetic import Body, Line, sold
from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.money import share
from shop.orders import discounts
from shop.orders.models import (
    PREORDER,
    Fulfilment,
    FulfilmentStatus,
    Order,
    OrderLine,
    OrderLineDiscount,
    OrderRefusal,
)
from shop.orders.services import hold_reference
from shop.payments.models import Payment, Refund, RefundState
from shop.returns.models import Return, ReturnLine
from shop.settlement import rules as settlement
from shop.settlement.models import LegalRole, Party
from shop.settlement.queries.agreements import Book
from shop.stock.models import MovementKind, StockLevel, StockMovement

SHOP = "shop"
OWNER = "producer:"


@dataclass(frozen=True, slots=True)
class Money:
    """Of the money that came for an order, in đồng: what is kept (a pre-order's deposit counted in), and what went back."""

    kept: int
    back: int


def money(order: Order) -> Money | None:
    """How the money of an order stands; None: nothing was ever written down as its payment. A small difference that a person
    agreed to is the shop's, not the sale's: it counts as kept as long as money is."""
    s = session()
    captured = s.execute(
        select(func.count(), func.sum(Payment.captured_amount), func.sum(Payment.waived_amount)).where(
            Payment.order_id == order.id
        )
    ).one()
    if not captured[0]:
        return None
    back = s.scalar(
        select(func.coalesce(func.sum(Refund.amount), 0))
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Payment.order_id == order.id, Refund.state == RefundState.SUCCEEDED)
    )
    kept = int(captured[1] or 0) - int(back or 0)
    return Money(kept + (int(captured[2] or 0) if kept else 0) + prepaid(order), int(back or 0))


def refunded_units(order_id: int) -> dict[int, int]:
    """Units by order line for which money went back, as returns say."""
    rows = session().execute(
        select(ReturnLine.line_id, func.sum(ReturnLine.quantity))
        .join(Return, Return.id == ReturnLine.return_id)
        .join(Refund, Refund.id == Return.refund_id)
        .where(Return.order_id == order_id, Refund.state == RefundState.SUCCEEDED)
        .group_by(ReturnLine.line_id)
    )
    return {line_id: int(n) for line_id, n in rows}


def prepaid(order: Order) -> int:
    """What had been paid for an order as a deposit: no discount, though it is taken off what was due."""
    return order.discount_amount if order.channel == PREORDER else 0


@dataclass(slots=True)
class _Parcel:
    number: int
    fee: int
    lines: list[Line]
    # Units that left and units that came back, by (variant, owner).
    out: dict[tuple[int, str], int]
    back: dict[tuple[int, str], int]


def of_order(order: Order, sellers: Collection[str] | None = None) -> dict[str, Body]:
    """What stands of an order, by the key of who sells it; parcels that have not arrived are left out. `sellers`: who was
    found to sell when the order's first documents were written, which no later change of roles alters."""
    s = session()
    refused = 0
    if order.discount_amount and order.reduced_amount:
        refused = int(
            s.scalar(select(func.sum(OrderRefusal.discount_amount)).where(OrderRefusal.order_id == order.id)) or 0
        )
    discount = 0 if order.channel == PREORDER else order.discount_amount - refused
    rows = s.execute(
        select(
            Fulfilment.id.label("parcel_id"), Fulfilment.number, Fulfilment.status, Fulfilment.fee_amount, OrderLine.id,
            OrderLine.variant_id, OrderLine.sku,
            OrderLine.name, OrderLine.pack, (OrderLine.quantity - OrderLine.refused_quantity).label("left"),
            OrderLine.unit_price_amount,
        )
        .join(OrderLine, OrderLine.fulfilment_id == Fulfilment.id)
        .where(Fulfilment.order_id == order.id, Fulfilment.status != FulfilmentStatus.CANCELLED)
        .order_by(Fulfilment.number, OrderLine.id)
    ).all()  # fmt: skip
    lines = [
        Line(r.id, r.variant_id, r.number, r.sku, r.name, r.pack, r.left, r.unit_price_amount, 0)
        for r in rows
        if r.left
    ]
    fees = {r.number: r.fee_amount for r in rows}
    named = discounts.rows_of(order.id) if discount else []
    if named:
        shared, fees = _named(order, lines, fees, {r.parcel_id: r.number for r in rows}, named)
    else:
        shared, fees = sold(lines, fees, discount)
    arrived = {r.number for r in rows if r.status == FulfilmentStatus.DELIVERED}
    parcels = {n: _Parcel(n, fees[n], [x for x in shared if x.parcel == n], {}, {}) for n in sorted(arrived)}
    _moved(order, parcels)
    return _by_seller(_Sellers(order, parcels, sellers), parcels)


def _named(
    order: Order, lines: list[Line], fees: dict[int, int], numbers: dict[int, int], named: list[OrderLineDiscount]
) -> tuple[tuple[Line, ...], dict[int, int]]:
    """Lines and fees less the discounts that stand on them, each unit with its share; what a counter took off by hand too."""
    paid = discounts.paid_by_line(order.id)
    off = {line.line: paid[line.line].unnamed_amount for line in lines}
    left = {line.line: line.quantity for line in lines}
    fees = dict(fees)
    for row in named:
        if row.line_id is None:
            if row.fulfilment_id in numbers:
                fees[numbers[row.fulfilment_id]] -= row.amount
        elif row.line_id in left:
            off[row.line_id] += share(row.amount, paid[row.line_id].quantity, 0, left[row.line_id])
    return tuple(replace(line, net=line.gross - off[line.line]) for line in lines), fees


def _moved(order: Order, parcels: dict[int, _Parcel]) -> None:
    """Note whose units left and came back."""
    by_reference = {hold_reference(order.reference, n): parcel for n, parcel in parcels.items()}
    if not by_reference:
        return
    moves = session().execute(
        select(StockMovement.reference, StockMovement.kind, StockLevel.variant_id, StockLevel.owner,
               func.sum(StockMovement.quantity))
        .join(StockLevel, StockLevel.id == StockMovement.level_id)
        .where(
            StockMovement.reference.in_(sorted(by_reference)),
            StockMovement.kind.in_([MovementKind.SALE, MovementKind.RETURN]),
        )
        .group_by(StockMovement.reference, StockMovement.kind, StockLevel.variant_id, StockLevel.owner)
        .order_by(StockMovement.reference, StockLevel.variant_id, StockLevel.owner)
    )  # fmt: skip
    for reference, kind, variant, owner, n in moves:
        parcel = by_reference[str(reference)]
        side = parcel.out if kind is MovementKind.SALE else parcel.back
        side[variant, owner] = side.get((variant, owner), 0) + abs(int(n))


def _by_seller(sellers: _Sellers, parcels: dict[int, _Parcel]) -> dict[str, Body]:
    lines: dict[str, list[Line]] = defaultdict(list)
    fees: dict[str, int] = defaultdict(int)
    for parcel in parcels.values():
        left = dict(parcel.out)
        shares: set[str] = set()
        for line in parcel.lines:
            for owner, piece in _pieces(line, left):
                seller = sellers.of(owner)
                shares.add(seller)
                stays = piece.quantity - _returned(parcel, line.variant, owner, piece.quantity)
                if stays:
                    lines[seller].append(piece.take(stays))
        fees[sellers.of_fee(shares)] += parcel.fee
    return {
        key: Body(_joined(lines.get(key, [])), fees.get(key, 0))
        for key in sorted({*lines, *(k for k, fee in fees.items() if fee)})
    }


def _joined(lines: list[Line]) -> tuple[Line, ...]:
    """Pieces of one order line that one seller sold are one line again."""
    found: dict[int, Line] = {}
    for x in lines:
        before = found.get(x.line)
        found[x.line] = (
            x if before is None else replace(x, quantity=before.quantity + x.quantity, net=before.net + x.net)
        )
    return tuple(found[i] for i in sorted(found))


def _pieces(line: Line, left: dict[tuple[int, str], int]) -> list[tuple[str, Line]]:
    """The units of a line by owner; what no movement tells of is the shop's."""
    pieces: list[tuple[str, Line]] = []
    rest = line
    for (variant, owner), n in sorted(left.items()):
        units = min(n, rest.quantity) if variant == line.variant else 0
        if units:
            left[variant, owner] -= units
            piece = rest.take(units)
            pieces.append((owner, piece))
            rest = replace(rest, quantity=rest.quantity - units, net=rest.net - piece.net)
        if not rest.quantity:
            return pieces
    return [*pieces, (SHOP, rest)]


def _returned(parcel: _Parcel, variant: int, owner: str, most: int) -> int:
    n = min(parcel.back.get((variant, owner), 0), most)
    if n:
        parcel.back[variant, owner] -= n
    return n


class _Sellers:
    """In whose name goods of each owner were sold."""

    def __init__(self, order: Order, parcels: dict[int, _Parcel], known: Collection[str] | None) -> None:
        self._known = known
        owners = {owner for parcel in parcels.values() for _variant, owner in parcel.out}
        ids = sorted(int(o.removeprefix(OWNER)) for o in owners if o.startswith(OWNER))
        self._role = LegalRole(settlement.ROLE.get())
        self._on: date = clock.business_day(order.placed_at)
        self._agreements: dict[str, Any] = {}
        if ids:
            book = Book(ids)
            self._agreements = {f"{OWNER}{i}": book.on(i, self._on) for i in ids}

    def of(self, owner: str) -> str:
        """The key of the issuer."""
        if self._known is not None:
            return owner if owner in self._known else SHOP
        if owner not in self._agreements:
            return SHOP
        agreed = self._agreements[owner]
        role = LegalRole(agreed.role) if agreed is not None and agreed.role else self._role
        return owner if role is LegalRole.INTERMEDIARY else SHOP

    def of_fee(self, sellers: set[str]) -> str:
        """Whose the fee of a parcel of these sellers is."""
        only = next(iter(sellers)) if len(sellers) == 1 else SHOP
        agreed = self._agreements.get(only)
        return only if agreed is not None and agreed.freight_earner is Party.PRODUCER else SHOP
