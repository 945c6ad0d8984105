"""Writes the made-up year in a few large statements, in the shapes that the rooms' own commands would have left behind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import insert, select

from shop.catalog import listing
from shop.kernel import clock
from shop.kernel.actor import Actor
from shop.kernel.db import in_batches, session
from shop.orders import services as orders
from shop.orders.models import DeliveryKind, Fulfilment, Order, OrderLine, OrderStatus, OrderTransition, PaymentMethod
from shop.payments import memo
from shop.payments.models import Payment, PaymentReceipt, PaymentState, Refund, RefundState
from shop.seed.shelves import Shelves
from shop.seed.year import Trade, Year
from shop.stock import services as stock
from shop.stock.models import SHOP, Lot, StockHold, StockLevel, StockMovement

PROVIDERS = {PaymentMethod.COD: "cash", PaymentMethod.VIETQR: "vietqr"}


def write(year: Year, owners: Mapping[int, str]) -> None:
    """Write levels, movements, claims, orders, their history and their money; then what lists show. One transaction.

    `owners`: whose goods a pack's piles are, where they are not the shop's.
    """
    _goods(year.shelves, year.since_instant(), year.now, owners)
    ids = _orders(year.trades)
    parcels = _parcels(year.trades, ids)
    _lines(year.trades, ids, parcels)
    _history(year.history, ids, parcels)
    _money(year.trades, ids)
    stock.refresh_availability()
    _sold(year.trades)


def _rows(table: Any, rows: Sequence[dict[str, Any]]) -> None:
    for batch in in_batches(rows, 2000):
        session().execute(insert(table), list(batch))


def _goods(shelves: Shelves, since: datetime, now: datetime, owners: Mapping[int, str]) -> None:
    s, piles = session(), shelves.piles()
    batches = {(pile.batch.variant_id, pile.batch.code): pile.batch for pile in piles}
    _rows(
        Lot,
        [
            {
                "variant_id": batch.variant_id,
                "code": batch.code,
                "produced_on": batch.produced_on,
                "expires_on": batch.expires_on,
                "created_at": max(since, clock.start_of(batch.produced_on)) if batch.produced_on else since,
            }
            for batch in batches.values()
        ],
    )
    lots: dict[tuple[int, str], int] = {
        (v, code): i for i, v, code in s.execute(select(Lot.id, Lot.variant_id, Lot.code))
    }
    _rows(
        StockLevel,
        [
            {
                "variant_id": pile.batch.variant_id,
                "point_id": pile.shelf.point_id,
                "lot_id": lots[pile.batch.variant_id, pile.batch.code],
                "owner": owners.get(pile.batch.variant_id, SHOP),
                "on_hand": pile.on_hand,
                "held": pile.held,
                "allocated": pile.allocated,
                "updated_at": now,
            }
            for pile in piles
        ],
    )
    found = s.execute(
        select(StockLevel.variant_id, StockLevel.point_id, Lot.code, StockLevel.id).join(
            Lot, Lot.id == StockLevel.lot_id
        )
    )
    levels = {(variant_id, point_id, code): level_id for variant_id, point_id, code, level_id in found}
    _rows(
        StockMovement,
        [
            {k: v for k, v in row.items() if k != "pile"} | {"level_id": levels[row["pile"]]}
            for row in shelves.movements
        ],
    )
    _rows(
        StockHold,
        [
            {
                "reference": claim.reference,
                "level_id": levels[claim.pile.key],
                "quantity": claim.quantity,
                "stage": claim.stage,
                "expires_at": claim.expires_at,
                "outcome": claim.outcome,
                "created_at": claim.created_at,
                "closed_at": claim.closed_at,
            }
            for claims in shelves.claims.values()
            for claim in claims
        ],
    )


def _order(trade: Trade, key: str) -> dict[str, Any]:
    person, ship = trade.person, trade.delivery is DeliveryKind.SHIP
    goods, fees = trade.goods_amount, trade.delivery_amount
    return {
        "reference": trade.reference,
        "secret_hash": orders.secret_hash(orders.secret_for(key, trade.reference)),
        "op_key": f"seed:demo:order:{trade.n}",
        "op_digest": trade.digest(),
        "basket_key": None,
        "channel": "web",
        "user_id": trade.user_id,
        "locale": trade.locale,
        "status": trade.status,
        "payment_status": trade.money,
        "payment_method": trade.method,
        "delivery": trade.delivery,
        "name": person.name,
        "phone": person.phone,
        # One that is still open on the day of loading, however old it is, has no address either: no letter follows.
        "email": trade.email if trade.status in {OrderStatus.COMPLETED, OrderStatus.CANCELLED} else None,
        "province_code": person.province_code if ship else None,
        "province_name": person.province_name if ship else None,
        "commune_code": person.commune_code if ship else None,
        "commune_name": person.commune_name if ship else None,
        "street": person.street if ship else None,
        "pickup_point_id": trade.point_id,
        "note": trade.note,
        "invoice": trade.invoice,
        "goods_amount": goods,
        "delivery_amount": fees,
        "discount_amount": 0,
        "total_amount": goods + fees,
        "age_confirmed_at": trade.placed_at if any(w.is_alcohol for p in trade.parcels for w, _n in p.lines) else None,
        "placed_at": trade.placed_at,
        "pay_until": trade.pay_until,
        "cancelled_at": trade.cancelled_at,
        "cancel_reason": trade.cancel_reason,
        "completed_at": trade.completed_at,
        "is_demo": True,
    }


def _orders(trades: Sequence[Trade]) -> dict[int, int]:
    """Write the orders; return their ids by number."""
    key = str(current_app.secret_key)
    ids: dict[int, int] = {}
    for batch in in_batches(trades, 500):
        made = session().scalars(
            insert(Order).returning(Order.id, sort_by_parameter_order=True), [_order(trade, key) for trade in batch]
        )
        ids.update(zip((trade.n for trade in batch), made, strict=True))
    return ids


def _parcels(trades: Sequence[Trade], ids: dict[int, int]) -> dict[tuple[int, int], int]:
    """Write the fulfilments; return their ids by order and number."""
    both = [(trade, parcel) for trade in trades for parcel in trade.parcels]
    found: dict[tuple[int, int], int] = {}
    for batch in in_batches(both, 500):
        made = session().scalars(
            insert(Fulfilment).returning(Fulfilment.id, sort_by_parameter_order=True),
            [
                {
                    "order_id": ids[trade.n],
                    "number": parcel.number,
                    "point_id": parcel.point_id,
                    "kind": trade.delivery,
                    "status": parcel.status,
                    "fee_amount": parcel.fee_amount,
                    "weight_g": parcel.weight_g,
                    "expected_from_on": parcel.from_on,
                    "expected_to_on": parcel.to_on,
                    "carrier": parcel.carrier,
                    "tracking_number": parcel.tracking_number,
                    "packed_at": parcel.packed_at,
                    "handed_over_at": parcel.handed_over_at,
                    "delivered_at": parcel.delivered_at,
                    "closed_at": parcel.closed_at,
                }
                for trade, parcel in batch
            ],
        )
        found.update(zip(((trade.n, parcel.number) for trade, parcel in batch), made, strict=True))
    return found


def _lines(trades: Sequence[Trade], ids: dict[int, int], parcels: dict[tuple[int, int], int]) -> None:
    rows = []
    for trade in trades:
        for parcel in trade.parcels:
            for ware, quantity in parcel.lines:
                price_id, amount = trade.unit(ware)
                rows.append(
                    {
                        "order_id": ids[trade.n],
                        "fulfilment_id": parcels[trade.n, parcel.number],
                        "variant_id": ware.variant_id,
                        "producer_id": ware.producer_id,
                        "sku": ware.sku,
                        "name": ware.name,
                        "pack": ware.pack,
                        "quantity": quantity,
                        "unit_price_amount": amount,
                        "line_amount": amount * quantity,
                        "price_id": price_id,
                        "certificate_required": ware.needs_certificate,
                        "certificate_id": ware.certificate_on(trade.day),
                        "is_alcohol": ware.is_alcohol,
                        "cold": ware.cold.value,
                        "weight_g": ware.weight_g,
                    }
                )
    _rows(OrderLine, rows)


def _history(history: Sequence[dict[str, Any]], ids: dict[int, int], parcels: dict[tuple[int, int], int]) -> None:
    _rows(
        OrderTransition,
        [
            {k: v for k, v in row.items() if k not in {"trade", "parcel"}}
            | {
                "order_id": ids[row["trade"]],
                "fulfilment_id": parcels[row["trade"], row["parcel"]] if row["parcel"] else None,
            }
            for row in history
        ],
    )


def _money(trades: Sequence[Trade], ids: dict[int, int]) -> None:
    s = session()
    found: dict[int, int] = {}
    for batch in in_batches(trades, 500):
        made = s.scalars(
            insert(Payment).returning(Payment.id, sort_by_parameter_order=True),
            [_payment(trade, ids[trade.n]) for trade in batch],
        )
        found.update(zip((trade.n for trade in batch), made, strict=True))
    receipts, refunds = [], []
    for trade in trades:
        if trade.captured_at is None or trade.collector is None:
            continue
        total = trade.goods_amount + trade.delivery_amount
        receipts.append(
            {
                "payment_id": found[trade.n],
                "provider": PROVIDERS[trade.method],
                "reference": trade.bank_reference,
                "amount": total,
                "evidence": trade.collector.key,
                "at": trade.captured_at,
            }
            | _by(trade.collector)
        )
        if trade.refund is not None:
            state, asked_at, done_at, reason, actor = trade.refund
            done = state is RefundState.SUCCEEDED
            refunds.append(
                {
                    "payment_id": found[trade.n],
                    "amount": total,
                    "state": state,
                    "reason": reason,
                    "op_key": f"seed:demo:refund:{trade.n}",
                    "provider_reference": f"{PROVIDERS[trade.method]}:MHHT{trade.n:05d}" if done else None,
                    "created_at": asked_at,
                    "done_at": done_at,
                    "last_error": None,
                }
                | _by(actor)
            )
    _rows(PaymentReceipt, receipts)
    _rows(Refund, refunds)


def _by(actor: Actor) -> dict[str, str]:
    return {"actor_key": actor.key, "actor_label": actor.label}


def _payment(trade: Trade, order_id: int) -> dict[str, Any]:
    total = trade.goods_amount + trade.delivery_amount
    captured = trade.payment is PaymentState.CAPTURED
    return {
        "order_id": order_id,
        "method": trade.method,
        "provider": PROVIDERS[trade.method],
        "state": trade.payment,
        "amount": total,
        "captured_amount": total if captured else 0,
        "refunded_amount": total if trade.refund is not None else 0,
        "code": memo.code_for(trade.reference) if trade.method is PaymentMethod.VIETQR else None,
        "evidence": trade.collector.key if captured and trade.collector else None,
        "created_at": trade.placed_at,
        "expires_at": trade.first_pay_until,
        "captured_at": trade.captured_at,
    }


def _sold(trades: Sequence[Trade]) -> None:
    """Best-selling is counted as if the orders had been placed one by one."""
    units: dict[int, int] = defaultdict(int)
    for trade in trades:
        if trade.status is not OrderStatus.CANCELLED:
            for parcel in trade.parcels:
                for ware, quantity in parcel.lines:
                    units[ware.product_id] += quantity
    listing.add_sold(units)
