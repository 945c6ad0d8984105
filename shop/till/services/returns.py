"""Goods that come back against a receipt: never more than were sold, money back in the session that gives it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select, update

from shop.kernel.db import changed, execute, session
from shop.kernel.money import vnd
from shop.orders import discounts
from shop.orders.models import Order, OrderLine
from shop.orders.services import hold_reference
from shop.payments.services import counter as money
from shop.stock.services import counter as goods
from shop.till import books, forms
from shop.till.errors import ReturnTooMuch, ReturnWorthLess, SaleUnknown
from shop.till.models import Purpose, TenderKind, TillLine, TillReturn, TillReturnLine, TillSale
from shop.till.services import sessions
from shop.till.services.taking import Taking


def worth(net_amount: int, quantity: int, before: int, back: int) -> int:
    """What `back` units of a line of `quantity` are worth when `before` came back earlier; all together make `net_amount`."""
    return net_amount * (before + back) // quantity - net_amount * before // quantity


def returned(taking: Taking, body: forms.Return) -> None:
    """Take goods back, line by line, and give the money.

    Raises:
        SaleUnknown: no such sale in the books (it may still be on another device).
        ReturnTooMuch: more than were sold and have not come back.
        ReturnWorthLess: more money than the goods cost on the receipt.
        RefundTooLarge: more than is left of what was paid.
    """
    s = session()
    sale = s.execute(
        select(TillSale.id, TillSale.order_id, TillSale.number).where(TillSale.number == body.sale_number)
    ).first()
    if sale is None:
        raise SaleUnknown(number=body.sale_number)
    s.execute(select(Order.id).where(Order.id == sale.order_id).with_for_update())
    turn = sessions.turn(taking, body.session, body.keeper_id)
    chosen = [(line, _take_line(sale.id, line)) for line in body.lines]
    value = sum(net for _line, (_id, net) in chosen)
    if body.refund.amount > value:
        raise ReturnWorthLess(most=vnd(value))
    who = turn.keeper.actor
    goods.take_back(
        who,
        taking.point_id,
        [goods.Back(line.variant_id, line.quantity, line.restock, line.lot_code or None) for line in body.lines],
        reference=hold_reference(sale.number, 1),
        reason=body.reason,
        op_key=f"till:{taking.uuid}",
    )
    return_id = s.execute(
        insert(TillReturn)
        .values(
            event_id=taking.event_id, sale_id=sale.id, session_id=turn.id, keeper_name=turn.keeper.name,
            reason=body.reason, amount=body.refund.amount, at=taking.at, received_at=taking.now, late=turn.late,
        )
        .returning(TillReturn.id)
    ).scalar_one()  # fmt: skip
    execute(
        insert(TillReturnLine),
        [
            {
                "return_id": return_id,
                "line_id": line_id,
                "quantity": line.quantity,
                "restock": line.restock,
                "net_amount": net,
            }
            for line, (line_id, net) in chosen
        ],
    )
    if body.refund.amount:
        refunds = money.give_back(who, sale.order_id, body.refund.amount, body.reason, event=taking.uuid, at=taking.now)
        execute(
            sessions.INSERT_TENDERS,
            [_tender(taking, body, turn, return_id, refund_id, amount) for refund_id, amount in refunds],
        )
        books.of_event(who, taking.event_id)
    back = select(TillLine.order_line_id, TillLine.returned).where(TillLine.sale_id == sale.id, TillLine.returned > 0)
    discounts.give_back(sale.order_id, {row[0]: row[1] for row in s.execute(back)}, in_all=True)
    taking.result["reference"] = sale.number
    sessions.odd_clock(taking, turn.id)


def _take_line(sale_id: int, line: forms.ReturnLine) -> tuple[int, int]:
    """Mark units of the sold line as come back; return the line and what they are worth."""
    s = session()
    found = s.execute(
        select(
            TillLine.id, TillLine.quantity, TillLine.returned, TillLine.net_amount, TillLine.lot_code, OrderLine.name
        )
        .join(OrderLine, OrderLine.id == TillLine.order_line_id)
        .where(TillLine.sale_id == sale_id, TillLine.variant_id == line.variant_id)
        .order_by(TillLine.id)
    ).all()
    named = [row for row in found if (row.lot_code or None) == (line.lot_code or None)]
    left = 0
    for row in named or found:
        left = row.quantity - row.returned
        if left >= line.quantity:
            taken = s.execute(
                update(TillLine)
                .where(TillLine.id == row.id, TillLine.quantity - TillLine.returned >= line.quantity)
                .values(returned=TillLine.returned + line.quantity)
                .execution_options(synchronize_session=False)
            )
            if changed(taken):
                return row.id, worth(row.net_amount, row.quantity, row.returned, line.quantity)
    raise ReturnTooMuch(name=found[0].name if found else f"#{line.variant_id}", left=left)


def _tender(
    taking: Taking, body: forms.Return, turn: sessions.Turn, return_id: int, refund_id: int, amount: int
) -> dict[str, Any]:
    return {
        "session_id": turn.id,
        "event_id": taking.event_id,
        "return_id": return_id,
        "refund_id": refund_id,
        "kind": TenderKind(body.refund.kind),
        "purpose": Purpose.RETURN,
        "amount": -amount,
        "reason": body.reason,
        "at": taking.at,
        "received_at": taking.now,
        "late": turn.late,
    }
