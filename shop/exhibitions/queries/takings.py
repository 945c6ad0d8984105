"""What booths took: each pack of each owner on each receipt, with what was paid for it and how; and what came back.

The books know whose goods left (`stock_movements`) and what was paid (`till_lines`, `till_tenders`, orders of the web that were
collected at a booth). Both are brought together here, so that owners, packs, days and ways of paying all make the same sum.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from shop.exhibitions.ledger import by_owner, by_tender
from shop.kernel.db import in_batches, session
from shop.kernel.errors import N_
from shop.kernel.money import split
from shop.orders import discounts
from shop.orders.models import Order, OrderLine
from shop.orders.services import hold_reference
from shop.stock.models import MovementKind, StockLevel, StockMovement
from shop.till.models import (
    TENDER_NAMES,
    Purpose,
    TillEvent,
    TillLine,
    TillReturn,
    TillReturnLine,
    TillSale,
    TillSession,
    TillTender,
)

WEB = "web"
# Ways of paying as sheets and reports name them.
WAYS: dict[str, str] = {kind.value: name for kind, name in TENDER_NAMES.items()} | {
    WEB: N_("Đặt trên mạng, lấy tại gian")
}


@dataclass(frozen=True, slots=True)
class Taking:
    """Units of one pack of one owner on one receipt, and what was paid for them (đồng after discount); of what came back both
    are negative. `reference` is the order's, `tenders` (way, đồng) make the amount."""

    point_id: int
    owner: str
    variant_id: int
    reference: str
    at: datetime
    units: int
    amount: int
    tenders: tuple[tuple[str, int], ...]


# (order, number of its parcel) or what came back under, pack → owner → units
_Units = Mapping[tuple[str, int], Mapping[str, int]]


def of_points(point_ids: Collection[int], until: datetime | None = None) -> list[Taking]:
    """All that these points took, as the books had it at `until` (None: now). A fixed number of statements, but for batches of
    orders of the web."""
    if not point_ids:
        return []
    ids = sorted(point_ids)
    sold, where = _sold(ids, until)
    found, at_counter = _sales(ids, sold, where, until)
    found += _web([key for key in where if key not in at_counter], sold, where)
    return found + _returns(ids, until)


def _moved(ids: list[int], kind: MovementKind, until: datetime | None) -> Any:
    statement = (
        select(
            StockMovement.reference,
            StockLevel.point_id,
            StockLevel.variant_id,
            StockLevel.owner,
            StockMovement.quantity,
            StockMovement.at,
            StockMovement.op_key,
        )
        .join(StockLevel, StockLevel.id == StockMovement.level_id)
        .where(StockLevel.point_id.in_(ids), StockMovement.kind == kind)
        .order_by(StockMovement.id)
    )
    return statement if until is None else statement.where(StockMovement.at <= until)


def _sold(
    ids: list[int], until: datetime | None
) -> tuple[dict[tuple[str, int], dict[str, int]], dict[str, tuple[int, datetime]]]:
    """Units that left by (reference, pack) and owner; where and when each reference's goods left."""
    units: dict[tuple[str, int], dict[str, int]] = {}
    where: dict[str, tuple[int, datetime]] = {}
    for reference, point_id, variant_id, owner, quantity, at, _key in session().execute(
        _moved(ids, MovementKind.SALE, until)
    ):
        of = units.setdefault((str(reference), variant_id), {})
        of[owner] = of.get(owner, 0) - quantity
        where[str(reference)] = (point_id, at)
    return units, where


def _sales(
    ids: list[int], sold: _Units, where: Mapping[str, tuple[int, datetime]], until: datetime | None
) -> tuple[list[Taking], set[str]]:
    s = session()
    lines = (
        select(TillSale.id, TillSale.number, Order.placed_at, TillLine.variant_id, TillLine.net_amount)
        .join(TillSale, TillSale.id == TillLine.sale_id)
        .join(TillSession, TillSession.id == TillSale.session_id)
        .join(Order, Order.id == TillSale.order_id)
        .where(TillSession.point_id.in_(ids))
        .order_by(TillLine.id)
    )
    paid = (
        select(TillTender.sale_id, TillTender.kind, TillTender.amount)
        .join(TillSession, TillSession.id == TillTender.session_id)
        .where(TillSession.point_id.in_(ids), TillTender.purpose == Purpose.SALE)
        .order_by(TillTender.id)
    )
    if until is not None:
        lines, paid = lines.where(TillSale.received_at <= until), paid.where(TillTender.received_at <= until)
    tenders: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for sale_id, kind, amount in s.execute(paid):
        if sale_id is not None:
            tenders[sale_id].append((kind.value, amount))
    nets: dict[int, dict[int, int]] = {}
    known: dict[int, tuple[str, datetime]] = {}
    for sale_id, number, at, variant_id, net in s.execute(lines):
        known[sale_id] = (hold_reference(number, 1), at)
        of = nets.setdefault(sale_id, {})
        of[variant_id] = of.get(variant_id, 0) + net
    found: list[Taking] = []
    for sale_id, of in nets.items():
        reference, at = known[sale_id]
        if reference not in where:
            continue
        parts = _parts(of, reference, sold)
        found += _takings(where[reference][0], reference, at, parts, tenders.get(sale_id, []))
    return found, {reference for reference, _at in known.values()}


def _parts(nets: Mapping[int, int], reference: str, sold: _Units) -> list[tuple[int, str, int, int]]:
    """(pack, owner, units, amount) of one receipt."""
    found = []
    for variant_id, net in nets.items():
        units = sold.get((reference, variant_id), {})
        amounts = by_owner(net, units)
        found += [(variant_id, owner, n, amounts[owner]) for owner, n in units.items()]
    return found


def _takings(
    point_id: int, reference: str, at: datetime, parts: list[tuple[int, str, int, int]], paid: list[tuple[str, int]]
) -> Iterable[Taking]:
    number = reference.split(":")[1]
    ways = by_tender([amount for *_x, amount in parts], paid)
    for (variant_id, owner, n, amount), way in zip(parts, ways, strict=True):
        yield Taking(point_id, owner, variant_id, number, at, n, amount, tuple(way.items()))


def _web(references: list[str], sold: _Units, where: Mapping[str, tuple[int, datetime]]) -> list[Taking]:
    """Orders of the web whose goods were collected at a booth: each line less its share of the order's discount, as settlement
    shares it. What came back of them is counted where its goods came back."""
    if not references:
        return []
    orders: dict[str, list[str]] = defaultdict(list)
    for reference in references:
        orders[reference.split(":")[1]].append(reference)
    packs: dict[str, set[int]] = defaultdict(set)
    for reference, variant_id in sold:
        packs[reference].add(variant_id)
    found: list[Taking] = []
    for some in in_batches(sorted(orders)):
        of_order: dict[str, list[Any]] = defaultdict(list)
        for row in session().execute(
            select(
                Order.id.label("order_id"), Order.reference, OrderLine.id, OrderLine.variant_id, OrderLine.line_amount,
                OrderLine.quantity,
            )
            .join(Order, Order.id == OrderLine.order_id)
            .where(Order.reference.in_(some))
            .order_by(OrderLine.id)
        ):  # fmt: skip
            of_order[row.reference].append(row)
        paid_for = discounts.paid_by_lines([rows[0].order_id for rows in of_order.values()])
        for order, rows in of_order.items():
            worth = _worth(rows, paid_for[rows[0].order_id])
            for reference in orders[order]:
                point_id, at = where[reference]
                nets = {
                    v: sum(sold[reference, v].values()) * worth[v][0] // worth[v][1]
                    for v in sorted(packs[reference])
                    if v in worth
                }
                parts = _parts(nets, reference, sold)
                paid = [(WEB, sum(amount for *_x, amount in parts))]
                found += _takings(point_id, reference, at, parts, paid)
    return found


def _worth(rows: list[Any], paid: Mapping[int, discounts.Paid]) -> dict[int, tuple[int, int]]:
    """(đồng after discount, units ordered) of each pack of one order."""
    found: dict[int, tuple[int, int]] = {}
    for row in rows:
        amount, units = found.get(row.variant_id, (0, 0))
        found[row.variant_id] = (amount + paid[row.id].amount, units + row.quantity)
    return found


def _returns(ids: list[int], until: datetime | None) -> list[Taking]:
    """Goods that came back at these points, with what was given back for them; of parcels of the web the units alone, as their
    money goes back by its own way."""
    s = session()
    lines = (
        select(
            TillReturn.id, TillEvent.uuid, TillSale.number, TillReturn.at, TillReturn.amount, TillLine.variant_id,
            TillReturnLine.net_amount, TillSession.point_id,
        )
        .join(TillReturn, TillReturn.id == TillReturnLine.return_id)
        .join(TillLine, TillLine.id == TillReturnLine.line_id)
        .join(TillSale, TillSale.id == TillReturn.sale_id)
        .join(TillEvent, TillEvent.id == TillReturn.event_id)
        .join(TillSession, TillSession.id == TillReturn.session_id)
        .where(TillSession.point_id.in_(ids))
        .order_by(TillReturnLine.id)
    )  # fmt: skip
    paid = (
        select(TillTender.return_id, TillTender.kind, TillTender.amount)
        .join(TillSession, TillSession.id == TillTender.session_id)
        .where(TillSession.point_id.in_(ids), TillTender.purpose == Purpose.RETURN)
        .order_by(TillTender.id)
    )
    if until is not None:
        lines, paid = lines.where(TillReturn.received_at <= until), paid.where(TillTender.received_at <= until)
    returns: dict[int, list[Any]] = defaultdict(list)
    for row in s.execute(lines):
        returns[row.id].append(row)
    tenders: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for return_id, kind, amount in s.execute(paid):
        if return_id is not None:
            tenders[return_id].append((kind.value, -amount))
    units: dict[tuple[str, int], dict[str, int]] = {}
    others: list[Taking] = []
    for reference, point_id, variant_id, owner, n, at, key in s.execute(_moved(ids, MovementKind.RETURN, until)):
        if not key.startswith("till:"):
            others.append(Taking(point_id, owner, variant_id, reference.split(":")[1], at, -n, 0, ()))
            continue
        of = units.setdefault((key.split(":")[1], variant_id), {})
        of[owner] = of.get(owner, 0) + n
    found: list[Taking] = []
    for return_id, rows in returns.items():
        # Less may have been given back than the goods were worth: each line its share.
        given = split(rows[0].amount, [row.net_amount for row in rows])
        nets: dict[int, int] = {}
        for row, amount in zip(rows, given, strict=True):
            nets[row.variant_id] = nets.get(row.variant_id, 0) + amount
        parts = _parts(nets, rows[0].uuid, units)
        ways = by_tender([amount for *_x, amount in parts], tenders.get(return_id, []))
        for (variant_id, owner, n, amount), way in zip(parts, ways, strict=True):
            found.append(
                Taking(
                    rows[0].point_id, owner, variant_id, rows[0].number, rows[0].at, -n, -amount,
                    tuple((name, -part) for name, part in way.items()),
                )
            )  # fmt: skip
    return found + others
