"""Entries found from what really happened: goods that left and arrived, money that came, goods that came back or were lost.

**When a sale is earned.** A line of goods that are the producer's (`stock_levels.owner`) is earned at the later of two moments:
its parcel was delivered, and its order was paid. At a counter both are the moment of the sale. That moment's day decides the
agreement, the rates and the period; what is found later stands in the first statement that is still open.

**What a sale is.** The movement by which the goods left names the owner, so one line of an order may owe several producers,
each for his units. Commission, a discount that the producer bears and tax are lines of their own with the sale as parent.

**Who bears a discount** stands on the order's line (`order_line_discounts`): the shop, the producer who agreed to it, a fair.
What a counter took off by hand is borne as the producer's agreement says.

**What was refused** (`order_lines.refused_quantity`) never left, so it is no sale and needs no entry: not the units, not their
commission, not their refund. Each unit that was sent keeps the share of the discount that it had when the order was placed,
whatever else of the order is refused, and whenever.

**What undoes it.** Goods that come back undo their units at the terms of their sale in their parcel, last sold first. An order
whose money all went back undoes what is left. A refund of a part without goods is nobody's until a person posts a correction.

All of it is found again by the sweep: causes are unique, so doing it twice does nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from shop.catalog.models import Product, Variant
from shop.kernel import clock
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.kernel.money import split
from shop.orders import discounts
from shop.orders.models import (
    TILL,
    Fulfilment,
    FulfilmentStatus,
    Order,
    OrderLine,
    OrderTransition,
    PaymentStatus,
)
from shop.orders.services import hold_reference
from shop.points.models import Point, PointKind
from shop.settlement.arithmetic import Parts, Terms, part, shares
from shop.settlement.models import (
    Entry,
    EntryKind,
    Party,
)
from shop.settlement.queries.agreements import Book
from shop.settlement.services.entries import OWNER, children, owner_id, post
from shop.stock.models import MovementKind, StockLevel, StockMovement

# What a buyer's bank takes back is the shop's loss, not the producer's: he sold, and the shop chose to take cards. Where he
# is to blame (nothing sent, not what was ordered), a person posts a correction.
MONEY_IS_HERE = (
    PaymentStatus.PAID,
    PaymentStatus.REFUND_PENDING,
    PaymentStatus.DISPUTED,
    PaymentStatus.CHARGED_BACK,
)


@dataclass(slots=True)
class _Sale:
    """A sale entry with what hangs on it."""

    id: int
    cause: str
    row: Any
    terms: Terms | None = None
    left: int = 0
    agreement_id: int | None = None
    derived: bool = False


@dataclass(slots=True)
class _Parcel:
    id: int
    number: int
    point_id: int
    fair: bool
    status: FulfilmentStatus
    delivered_at: datetime | None
    fee_amount: int
    lines: list[Any] = field(default_factory=list)


def of_order(order_id: int, actor: Actor = SYSTEM) -> int:
    """Post what an order owes to producers and what undid it; return how many entries are new."""
    with transaction() as s:
        order = s.execute(
            select(
                Order.id, Order.reference, Order.channel, Order.payment_status, Order.discount_amount, Order.is_demo
            )
            .where(Order.id == order_id)
            .with_for_update()
        ).first()  # fmt: skip
        if order is None:
            return 0
        parcels = {
            hold_reference(order.reference, n): _Parcel(i, n, p, kind is PointKind.FAIR, st, at, fee)
            for i, n, p, kind, st, at, fee in s.execute(
                select(
                    Fulfilment.id, Fulfilment.number, Fulfilment.point_id, Point.kind, Fulfilment.status,
                    Fulfilment.delivered_at, Fulfilment.fee_amount,
                )
                .join(Point, Point.id == Fulfilment.point_id)
                .where(Fulfilment.order_id == order_id)
            )
        }  # fmt: skip
        moved = s.execute(
            select(
                StockMovement.id, StockMovement.kind, StockMovement.quantity, StockMovement.reference, StockMovement.at,
                StockLevel.owner, StockLevel.variant_id, StockLevel.lot_id,
            )
            .join(StockLevel, StockLevel.id == StockMovement.level_id)
            .where(
                StockMovement.reference.in_(sorted(parcels)),
                StockMovement.kind.in_([MovementKind.SALE, MovementKind.RETURN]),
            )
            .order_by(StockMovement.id)
        ).all()  # fmt: skip
        if not any(m.owner.startswith(OWNER) for m in moved):
            return 0
        return _Post(actor, order, parcels, moved).run()


class _Post:
    """The working of one order; all its rows are read, the order is locked."""

    def __init__(self, actor: Actor, order: Any, parcels: dict[str, _Parcel], moved: Sequence[Any]) -> None:
        self.actor, self.order, self.parcels, self.moved = actor, order, parcels, moved
        self.new = 0
        self.lines = session().execute(
            select(
                OrderLine.id, OrderLine.fulfilment_id, OrderLine.variant_id, OrderLine.name, OrderLine.pack,
                OrderLine.quantity, (OrderLine.quantity - OrderLine.refused_quantity).label("left"),
                OrderLine.unit_price_amount, OrderLine.line_amount, Product.set_id,
            )
            .join(Variant, Variant.id == OrderLine.variant_id)
            .join(Product, Product.id == Variant.product_id)
            .where(OrderLine.order_id == order.id)
            .order_by(OrderLine.id)
        ).all()  # fmt: skip
        by_id = {p.id: p for p in parcels.values()}
        for line in self.lines:
            by_id[line.fulfilment_id].lines.append(line)
        # The buyer's discount by line, as his receipt tells it. A deposit is no discount: it was paid beforehand.
        self.paid = discounts.paid_by_line(order.id)
        self.sets = {line.variant_id: line.set_id for line in self.lines}
        self.known: dict[str, Any] = {
            row.cause: row for row in session().scalars(select(Entry).where(Entry.order_id == order.id))
        }
        self.starts = {
            (movement.id, line.id): start
            for reference in parcels
            for line, movement, start, _n in self._shares(reference)
        }
        self.owners = sorted({i for m in moved if (i := owner_id(m.owner)) is not None})
        self.book = Book(self.owners)

    def run(self) -> int:
        if self.order.payment_status in MONEY_IS_HERE:
            paid_at = session().scalar(
                select(func.min(OrderTransition.at)).where(
                    OrderTransition.order_id == self.order.id,
                    OrderTransition.subject == "payment",
                    OrderTransition.to_status == PaymentStatus.PAID,
                )
            )
            self._sales(paid_at)
        sales = self._read_sales()
        self._derive(sales)
        self._returns(sales)
        if self.order.payment_status is PaymentStatus.REFUNDED:
            self._refund(sales)
        self._derive_undone(sales)
        self._freight(sales)
        return self.new

    def _add(self, rows: list[dict[str, Any]]) -> None:
        fresh = [row for row in rows if row["cause"] not in self.known]
        if not fresh:
            return
        for row in fresh:
            row.setdefault("order_id", self.order.id)
            row.setdefault("reference", self.order.reference)
            row.setdefault("is_demo", self.order.is_demo)
        post(self.actor, fresh)
        self.new += len(fresh)
        found = select(Entry).where(Entry.order_id == self.order.id, Entry.cause.in_([row["cause"] for row in fresh]))
        self.known |= {row.cause: row for row in session().scalars(found)}

    def _channel(self, parcel: _Parcel) -> str:
        if self.order.channel != TILL:
            return "web"
        return "fair" if parcel.fair else "point"

    def _shares(self, reference: str) -> list[tuple[Any, Any, int, int]]:
        """(line, movement, first unit, units) of a parcel, whoever owns the goods."""
        parcel, found = self.parcels[reference], []
        sold = [m for m in self.moved if m.reference == reference and m.kind is MovementKind.SALE]
        lines, movements = {x.id: x for x in parcel.lines}, {m.id: m for m in sold}
        for variant_id in dict.fromkeys(line.variant_id for line in parcel.lines):
            mine = [(x.id, x.left) for x in parcel.lines if x.variant_id == variant_id and x.left]
            left = [(m.id, -m.quantity) for m in sold if m.variant_id == variant_id]
            found += [(lines[i], movements[m], start, n) for i, m, start, n in shares(mine, left)]
        return found

    def _sales(self, paid_at: datetime | None) -> None:
        rows = []
        for reference, parcel in self.parcels.items():
            if parcel.status is not FulfilmentStatus.DELIVERED or parcel.delivered_at is None:
                continue
            for line, movement, start, n in self._shares(reference):
                producer_id = owner_id(movement.owner)
                if producer_id is None:
                    continue
                rows.append(
                    {
                        "cause": f"sale:{movement.id}:{line.id}",
                        "producer_id": producer_id,
                        "kind": EntryKind.SALE,
                        "channel": self._channel(parcel),
                        "point_id": parcel.point_id,
                        "line_id": line.id,
                        "movement_id": movement.id,
                        "variant_id": line.variant_id,
                        "quantity": n,
                        "unit_amount": line.unit_price_amount,
                        "discount_amount": part(self.paid[line.id].discount_amount, line.quantity, start, n),
                        "amount": n * line.unit_price_amount,
                        "label": f"{line.name}, {line.pack}"[:255],
                        "happened_at": max(parcel.delivered_at, paid_at or parcel.delivered_at),
                    }
                )
        self._add(rows)

    def _read_sales(self) -> list[_Sale]:
        rows = sorted(self.known.values(), key=lambda r: r.id)
        found = [_Sale(row.id, row.cause, row, left=row.quantity) for row in rows if row.kind is EntryKind.SALE]
        by_id = {sale.id: sale for sale in found}
        for row in self.known.values():
            if row.kind in (EntryKind.RETURN, EntryKind.REFUND) and row.parent_id in by_id:
                by_id[row.parent_id].left += row.quantity
        return found

    def _terms(self, sale: _Sale) -> None:
        """Read a sale's terms back from its lines."""
        row = sale.row
        commission, voucher, vat, income = (
            self.known.get(f"{kind}/{sale.cause}") for kind in ("commission", "voucher", "vat", "income")
        )
        if commission is None:
            return
        sale.agreement_id = commission.agreement_id
        sale.derived = True
        sale.terms = Terms(
            row.quantity,
            row.unit_amount,
            -voucher.amount if voucher else 0,
            commission.rate_bp,
            vat.rate_bp if vat else 0,
            income.rate_bp if income else 0,
        )

    def _derive(self, sales: list[_Sale]) -> None:
        """What goes off each sale by the agreement of its day; nothing where nothing is agreed yet."""
        rows = []
        for sale in sales:
            self._terms(sale)
            if sale.derived:
                continue
            row = sale.row
            agreed = self.book.on(row.producer_id, row.happened_on)
            if agreed is None:
                continue
            _why, vat, income = self.book.withheld(agreed, row.happened_on)
            rate = self.book.rate(agreed, row.channel, self.sets.get(row.variant_id))
            borne = self._borne(row, producer_bears=agreed.voucher_bearer is Party.PRODUCER)
            terms = Terms(row.quantity, row.unit_amount, borne, rate, vat, income)
            rows += children(row, agreed.id, terms, terms.of(row.quantity), sale.cause, row.happened_at)
        self._add(rows)
        for sale in sales:
            self._terms(sale)

    def _borne(self, row: Any, *, producer_bears: bool) -> int:
        """What of the discount on a sale's units its producer bears: what he agreed to by name, and by his agreement what no
        promotion names. Discounts that the shop or a fair bears leave what he is owed as it is."""
        paid = self.paid[row.line_id]
        borne = paid.borne_by(row.producer_id) + (paid.unnamed_amount if producer_bears else 0)
        start = self.starts.get((row.movement_id, row.line_id), 0)
        return part(borne, paid.quantity, start, row.quantity)

    def _returns(self, sales: list[_Sale]) -> None:
        rows = []
        for movement in self.moved:
            producer_id = owner_id(movement.owner)
            if movement.kind is not MovementKind.RETURN or producer_id is None:
                continue
            if any(r.movement_id == movement.id for r in self.known.values()):
                continue
            need = movement.quantity
            inside = {line.id for line in self.parcels[movement.reference].lines}
            mine = [
                x
                for x in sales
                if x.row.line_id in inside
                and (x.row.producer_id, x.row.variant_id) == (producer_id, movement.variant_id)
            ]
            same_lot = {m.id for m in self.moved if m.lot_id == movement.lot_id}
            for sale in sorted(mine, key=lambda x: (x.row.movement_id in same_lot, x.id), reverse=True):
                n = min(need, sale.left)
                if n <= 0:
                    continue
                rows.append(
                    self._undo(sale, n, EntryKind.RETURN, f"return:{movement.id}:{sale.id}", movement.at, movement.id)
                )
                need -= n
        self._add(rows)

    def _refund(self, sales: list[_Sale]) -> None:
        at = session().scalar(
            select(func.max(OrderTransition.at)).where(
                OrderTransition.order_id == self.order.id,
                OrderTransition.subject == "payment",
                OrderTransition.to_status == PaymentStatus.REFUNDED,
            )
        )
        self._add(
            [
                self._undo(sale, sale.left, EntryKind.REFUND, f"refund:{sale.id}", at or clock.now(), None)
                for sale in sales
                if sale.left > 0
            ]
        )

    def _undo(
        self, sale: _Sale, n: int, kind: EntryKind, cause: str, at: datetime, movement_id: int | None
    ) -> dict[str, Any]:
        row = sale.row
        sale.left -= n
        return {
            "cause": cause,
            "producer_id": row.producer_id,
            "kind": kind,
            "channel": row.channel,
            "point_id": row.point_id,
            "line_id": row.line_id,
            "movement_id": movement_id,
            "variant_id": row.variant_id,
            "parent_id": sale.id,
            "quantity": -n,
            "unit_amount": row.unit_amount,
            "amount": -n * row.unit_amount,
            "label": row.label,
            "happened_at": at,
        }

    def _derive_undone(self, sales: list[_Sale]) -> None:
        """What returns and refunds give back of commission, discount and tax, in the order in which they were posted."""
        rows = []
        for sale in sales:
            if sale.terms is None:
                continue
            left = sale.row.quantity
            undone = [
                r
                for r in self.known.values()
                if r.parent_id == sale.id and r.kind in (EntryKind.RETURN, EntryKind.REFUND)
            ]
            for row in sorted(undone, key=lambda r: r.id):
                before, after = sale.terms.of(left), sale.terms.of(left + row.quantity)
                left += row.quantity
                if f"commission/{row.cause}" not in self.known:
                    less = Parts(
                        after.gross - before.gross, after.voucher - before.voucher, after.commission - before.commission,
                        after.vat - before.vat, after.income - before.income,
                    )  # fmt: skip
                    rows += children(row, sale.agreement_id, sale.terms, less, row.cause, row.happened_at)
        self._add(rows)

    def _freight(self, sales: list[_Sale]) -> None:
        """The fee that the buyer paid for a parcel, shared by what the goods cost, where it is the producer's."""
        rows = []
        for reference, parcel in self.parcels.items():
            if not parcel.fee_amount:
                continue
            mine = {s.row.line_id: s for s in sales if s.row.line_id in {x.id for x in parcel.lines} and s.derived}
            if not mine:
                continue
            worth: dict[int | None, int] = defaultdict(int)
            for line, movement, _start, n in self._shares(reference):
                worth[owner_id(movement.owner)] += n * line.unit_price_amount
            owners = sorted(worth, key=lambda o: (o is None, o or 0))
            for producer_id, amount in zip(owners, split(parcel.fee_amount, [worth[o] for o in owners]), strict=True):
                sale = next((x for x in mine.values() if x.row.producer_id == producer_id), None)
                if sale is None or not amount:
                    continue
                agreed = self.book.on(sale.row.producer_id, sale.row.happened_on)
                if agreed is None or agreed.freight_earner is not Party.PRODUCER:
                    continue
                rows.append(
                    {
                        "cause": f"freight:{parcel.id}:{producer_id}",
                        "producer_id": producer_id,
                        "kind": EntryKind.FREIGHT,
                        "channel": sale.row.channel,
                        "point_id": parcel.point_id,
                        "agreement_id": agreed.id,
                        "amount": amount,
                        "base_amount": parcel.fee_amount,
                        "label": self.order.reference,
                        "happened_at": sale.row.happened_at,
                    }
                )
        self._add(rows)
