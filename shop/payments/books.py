"""What payments mean in the books (`ledger`): money that came and went back, and what the buyer has got for it.

A receipt is owed to its buyer until goods are handed over. An order's value leaves his account when the order is completed; of
an order that is paid never more than was kept of its money, so that after a refund nobody owes the other anything. What a
counter took and gave is posted by its own room, from its own rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from shop.kernel import clock
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session
from shop.ledger import names, sources
from shop.ledger import services as ledger
from shop.ledger.names import Named
from shop.ledger.services import Draft, Line
from shop.orders.models import DEPOSIT, TILL, Order, OrderRefusal, OrderStatus, PaymentMethod
from shop.payments.models import (
    Dispute,
    DisputeMove,
    DisputeState,
    GatewayLine,
    LineKind,
    Payment,
    PaymentReceipt,
    Refund,
    RefundState,
)

COUNTER = "till"


def where(method: PaymentMethod, provider: str, order: str, *, back: bool = False) -> tuple[str, str, str]:
    """Account, party and channel of money of a payment that comes, or goes back: of cash that was collected it goes by
    transfer."""
    if method is PaymentMethod.CARD:
        return "gateway", f"gateway:{provider}", f"gateway:{provider}"
    if method is PaymentMethod.COD and not back:
        return "cod-in-transit", f"order:{order}", "cod"
    return "transit", f"order:{order}", "cod" if method is PaymentMethod.COD else "transfers"


def _receipts(ids: Sequence[int]) -> list[Draft]:
    rows = session().execute(
        select(PaymentReceipt.id, PaymentReceipt.amount, PaymentReceipt.at, Payment.method, Payment.provider,
               Order.reference)
        .join(Payment, Payment.id == PaymentReceipt.payment_id)
        .join(Order, Order.id == Payment.order_id)
        .where(PaymentReceipt.id.in_(ids))
    )  # fmt: skip
    drafts = []
    for i, amount, at, method, provider, order in rows:
        account, party, channel = where(method, provider, order)
        lines = [Line(account, amount, party), Line("buyers", -amount, f"order:{order}")]
        drafts.append(Draft(RECEIPT.kind, RECEIPT.cause(i), channel, RECEIPT.cause(i), at, lines))
    return drafts


RECEIPT = sources.register(
    sources.Source("receipt", lambda: select(PaymentReceipt.id).where(PaymentReceipt.provider != COUNTER), _receipts)
)


def _refunds(ids: Sequence[int]) -> list[Draft]:
    """Those that have gone; of others nothing is left in the books."""
    rows = session().execute(
        select(Refund.id, Refund.amount, Refund.state, Refund.done_at, Payment.method, Payment.provider,
               Order.reference, Refund.to_account)
        .join(Payment, Payment.id == Refund.payment_id)
        .join(Order, Order.id == Payment.order_id)
        .where(Refund.id.in_(ids), Payment.provider != COUNTER)
    )  # fmt: skip
    drafts = []
    for i, amount, state, done_at, method, provider, order, to_account in rows:
        account, party, channel = where(method, provider, order, back=True)
        if to_account is not None:  # whatever it was paid by, it goes by transfer
            account, party, channel = "transit", f"order:{order}", "transfers"
        lines = [Line("buyers", amount, f"order:{order}"), Line(account, -amount, party)]
        gone = lines if state is RefundState.SUCCEEDED else []
        drafts.append(Draft(REFUND.kind, REFUND.cause(i), channel, REFUND.cause(i), done_at or clock.now(), gone))
    return drafts


def _gone() -> Select[Any]:
    by_room = select(Refund.id).join(Payment, Payment.id == Refund.payment_id).where(Payment.provider != COUNTER)
    return by_room.where(Refund.state == RefundState.SUCCEEDED)


REFUND = sources.register(sources.Source("refund", _gone, _refunds))


# --- what a provider takes and keeps -----------------------------------------------------------------------------


def _moves(ids: Sequence[int]) -> list[Draft]:
    """What a buyer's bank took is neither lost nor ours until it has decided; the provider's fee for it is lost at once."""
    rows = session().execute(
        select(DisputeMove.id, DisputeMove.dispute_id, DisputeMove.provider, DisputeMove.amount, DisputeMove.fee_amount,
               DisputeMove.at)
        .where(DisputeMove.id.in_(ids))
    )  # fmt: skip
    drafts = []
    for i, dispute_id, provider, amount, fee, at in rows:
        dispute, there = f"dispute:{dispute_id}", f"gateway:{provider}"
        lines = [
            Line("gateway", amount - fee, there),
            Line("disputed", -amount, dispute),
            Line("chargebacks", fee, dispute),
        ]
        drafts.append(Draft(MOVE.kind, MOVE.cause(i), there, MOVE.cause(i), at, lines))
    return drafts


MOVE = sources.register(sources.Source("dispute-move", lambda: select(DisputeMove.id), _moves))


def _lost(ids: Sequence[int]) -> list[Draft]:
    """What a dispute holds when it is lost is the shop's loss."""
    rows = session().execute(
        select(Dispute.id, Dispute.provider, Dispute.withdrawn_amount, Dispute.closed_at, Dispute.opened_at).where(
            Dispute.id.in_(ids), Dispute.state == DisputeState.LOST
        )
    )
    drafts = []
    for i, provider, held, closed_at, opened_at in rows:
        party = f"dispute:{i}"
        lines = [Line("chargebacks", held, party), Line("disputed", -held, party)]
        drafts.append(
            Draft(LOST.kind, LOST.cause(i), f"gateway:{provider}", LOST.cause(i), closed_at or opened_at, lines)
        )
    return drafts


LOST = sources.register(
    sources.Source(
        "dispute-lost",
        lambda: select(Dispute.id).where(Dispute.state == DisputeState.LOST, Dispute.withdrawn_amount > 0),
        _lost,
    )
)


def _fees(ids: Sequence[int]) -> list[Draft]:
    """What the provider keeps of a charge or asks for by itself, once its line is agreed to; that of a dispute stands with its
    move."""
    rows = session().execute(
        select(GatewayLine.id, GatewayLine.provider, GatewayLine.kind, GatewayLine.fee_amount, GatewayLine.net_amount,
               GatewayLine.at, GatewayLine.matched_at)
        .where(GatewayLine.id.in_(ids), GatewayLine.currency == "vnd", GatewayLine.kind != LineKind.DISPUTE)
    )  # fmt: skip
    drafts = []
    for i, provider, kind, fee, net, at, matched_at in rows:
        party = f"gateway:{provider}"
        kept = -net if kind is LineKind.FEE else fee
        lines = [Line("gateway-fees", kept, party), Line("gateway", -kept, party)] if matched_at and kept else []
        drafts.append(Draft(FEE.kind, FEE.cause(i), party, FEE.cause(i), at, lines))
    return drafts


def _with_fee() -> Select[Any]:
    return select(GatewayLine.id).where(
        GatewayLine.matched_at.is_not(None),
        GatewayLine.currency == "vnd",
        GatewayLine.kind != LineKind.DISPUTE,
        or_(GatewayLine.fee_amount != 0, and_(GatewayLine.kind == LineKind.FEE, GatewayLine.net_amount != 0)),
    )


FEE = sources.register(sources.Source("gateway-fee", _with_fee, _fees))


def _payouts(ids: Sequence[int]) -> list[Draft]:
    """Money that has left the provider for our bank: on its way until the bank's line shows it. One that came back has lines of
    its own, with the opposite sign."""
    rows = session().execute(
        select(GatewayLine.id, GatewayLine.provider, GatewayLine.amount, GatewayLine.at, GatewayLine.matched_at,
               GatewayLine.source, GatewayLine.reference)
        .where(GatewayLine.id.in_(ids), GatewayLine.currency == "vnd", GatewayLine.kind == LineKind.PAYOUT)
    )  # fmt: skip
    drafts = []
    for i, provider, amount, at, matched_at, source, reference in rows:
        there, road = f"gateway:{provider}", f"gateway-payout:{source or reference}"
        lines = [Line("gateway", amount, there), Line("transit", -amount, road)] if matched_at else []
        drafts.append(Draft(PAYOUT.kind, PAYOUT.cause(i), there, PAYOUT.cause(i), at, lines))
    return drafts


def _gone_to_bank() -> Select[Any]:
    return select(GatewayLine.id).where(
        GatewayLine.kind == LineKind.PAYOUT, GatewayLine.matched_at.is_not(None), GatewayLine.currency == "vnd",
        GatewayLine.amount != 0,
    )  # fmt: skip


PAYOUT = sources.register(sources.Source("gateway-payout", _gone_to_bank, _payouts))


# --- what the buyer has for it -----------------------------------------------------------------------------------


def kept_value(owed: int, captured: int, refunded: int) -> int:
    """What a completed order is worth to its buyer in the books, in đồng: what he owed; of a paid order, what was not given
    back of its money, if that is less."""
    return owed if captured < owed else min(owed, captured - refunded)


def _values(ids: Sequence[int]) -> list[Draft]:
    """Completed orders at what they are worth now. Goods stand at the whole less what was paid for their delivery."""
    s = session()
    money: dict[int, tuple[int, int, datetime | None, int]] = {
        i: (int(captured), int(refunded), last, int(waived))
        for i, captured, refunded, last, waived in s.execute(
            select(
                Payment.order_id,
                func.coalesce(func.sum(Payment.captured_amount), 0),
                func.coalesce(func.sum(_SUCCEEDED), 0),
                func.max(_LAST),
                func.coalesce(func.sum(Payment.waived_amount), 0),
            )
            .where(Payment.order_id.in_(ids))
            .group_by(Payment.order_id)
        )
    }
    refused: dict[int, int] = defaultdict(int)
    fees = select(OrderRefusal.order_id, func.sum(OrderRefusal.delivery_amount)).where(OrderRefusal.order_id.in_(ids))
    refused.update({i: int(n) for i, n in s.execute(fees.group_by(OrderRefusal.order_id))})
    orders = s.execute(
        select(Order.id, Order.reference, Order.channel, Order.total_amount, Order.reduced_amount, Order.delivery_amount,
               Order.completed_at, Order.placed_at)
        .where(Order.id.in_(ids), Order.status == OrderStatus.COMPLETED, Order.channel.not_in([TILL, DEPOSIT]))
    )  # fmt: skip
    drafts = []
    for i, reference, _channel, total, reduced, fee, completed_at, placed_at in orders:
        captured, refunded, last, waived = money.get(i, (0, 0, None, 0))
        value = kept_value(total - reduced - waived, captured, refunded)
        value += waived if captured > refunded else 0
        freight = min(fee - refused[i], value)
        party = f"order:{reference}"
        lines = [Line("buyers", value, party), Line("sales", freight - value, party), Line("freight", -freight, party)]
        at = max(completed_at or placed_at, last) if last else completed_at or placed_at
        drafts.append(Draft(VALUE.kind, VALUE.cause(i), "web", VALUE.cause(i), at, lines))
    return drafts


_OF_PAYMENT = Refund.payment_id == Payment.id, Refund.state == RefundState.SUCCEEDED
_SUCCEEDED = select(func.coalesce(func.sum(Refund.amount), 0)).where(*_OF_PAYMENT).correlate(Payment).scalar_subquery()
_LAST = select(func.max(Refund.done_at)).where(*_OF_PAYMENT).correlate(Payment).scalar_subquery()


def _completed() -> Select[Any]:
    return select(Order.id).where(Order.status == OrderStatus.COMPLETED, Order.channel.not_in([TILL, DEPOSIT]))


VALUE = sources.register(sources.Source("order-value", _completed, _values))


# --- what a person agreed to beside the sum ---------------------------------------------------------------------


def _waived(ids: Sequence[int]) -> list[Draft]:
    """A small difference is the shop's as long as it keeps money of the payment."""
    rows = session().execute(
        select(
            Payment.id, Payment.waived_amount, Payment.captured_amount, Payment.captured_at, _SUCCEEDED, Order.reference
        )
        .join(Order, Order.id == Payment.order_id)
        .where(Payment.id.in_(ids))
    )
    drafts = []
    for i, waived, captured, at, refunded, order in rows:
        party = f"order:{order}"
        lines = [Line("payment-differences", waived, party), Line("buyers", -waived, party)]
        stands = lines if waived and captured > int(refunded) else []
        drafts.append(Draft(WAIVED.kind, WAIVED.cause(i), "web", WAIVED.cause(i), at or clock.now(), stands))
    return drafts


WAIVED = sources.register(
    sources.Source(
        "payment-waived",
        lambda: select(Payment.id).where(Payment.waived_amount != 0, Payment.captured_amount > _SUCCEEDED),
        _waived,
    )
)


# --- what they are called ----------------------------------------------------------------------------------------


def _orders(references: Collection[str]) -> dict[str, Named]:
    return {r: Named(r, f"/office/orders/{r}") for r in references}


def _by_order(table: Any) -> names.Namer:
    """Rows of payments are called by their order."""

    def told(ids: Collection[str]) -> dict[str, Named]:
        rows = session().execute(
            select(table.id, Order.reference)
            .join(Payment, Payment.id == table.payment_id)
            .join(Order, Order.id == Payment.order_id)
            .where(table.id.in_(names.numbers(ids)))
        )
        return {str(i): Named(r, f"/office/orders/{r}") for i, r in rows}

    return told


def _disputes(ids: Collection[str]) -> dict[str, Named]:
    rows = session().execute(
        select(Dispute.id, Order.reference)
        .join(Payment, Payment.id == Dispute.payment_id)
        .join(Order, Order.id == Payment.order_id)
        .where(Dispute.id.in_(names.numbers(ids)))
    )
    return {str(i): Named(r, f"/office/payments/disputes/{i}") for i, r in rows}


def _disputes_of_moves(ids: Collection[str]) -> dict[str, Named]:
    rows = (
        session()
        .execute(select(DisputeMove.id, DisputeMove.dispute_id).where(DisputeMove.id.in_(names.numbers(ids))))
        .all()
    )
    called = _disputes([str(dispute_id) for _i, dispute_id in rows])
    return {str(i): called[str(dispute_id)] for i, dispute_id in rows if str(dispute_id) in called}


def _payouts_named(told: Collection[str]) -> dict[str, Named]:
    """A payout is called by the provider's name of it as a party, by its line as a cause."""
    found = {name: Named(name, f"/office/payments/payouts?q={name}") for name in told if not name.isdigit()}
    rows = session().execute(
        select(GatewayLine.id, GatewayLine.source, GatewayLine.reference).where(GatewayLine.id.in_(names.numbers(told)))
    )
    found |= {str(i): Named(s or r, f"/office/payments/payouts?q={s or r}") for i, s, r in rows}
    return found


def _values_named(ids: Collection[str]) -> dict[str, Named]:
    rows = session().execute(select(Order.id, Order.reference).where(Order.id.in_(names.numbers(ids))))
    return {str(i): Named(r, f"/office/orders/{r}") for i, r in rows}


def _payments_named(ids: Collection[str]) -> dict[str, Named]:
    rows = session().execute(
        select(Payment.id, Order.reference)
        .join(Order, Order.id == Payment.order_id)
        .where(Payment.id.in_(names.numbers(ids)))
    )
    return {str(i): Named(r, f"/office/payments/{i}") for i, r in rows}


names.register("order", _orders)
names.register("receipt", _by_order(PaymentReceipt))
names.register("refund", _by_order(Refund))
names.register("payment-waived", _payments_named)
names.register("dispute", _disputes)
names.register("dispute-lost", _disputes)
names.register("dispute-move", _disputes_of_moves)
names.register("gateway-fee", lambda found: {i: Named(i, "/office/payments/gateway") for i in found})
names.register("order-value", _values_named)
names.register("gateway-payout", _payouts_named)
names.register("gateway", lambda found: {name: Named(name) for name in found})


# --- what the commands call --------------------------------------------------------------------------------------


def received(receipt_id: int, order_id: int, actor: Actor = SYSTEM) -> None:
    """Money came, or an arrival was taken back; in the open transaction, which has locked the order."""
    session().flush()
    ledger.post_all(actor, _receipts([receipt_id]))
    valued(order_id)


def received_many(receipt_ids: Sequence[int], order_ids: Sequence[int], actor: Actor = SYSTEM) -> None:
    """Money came for many orders; in the open transaction, which has locked them."""
    session().flush()
    ledger.post_all(actor, _receipts(receipt_ids))
    ledger.bring(SYSTEM, _values(order_ids))


def refunded(refund_id: int, order_id: int, actor: Actor = SYSTEM) -> None:
    """A refund has gone, or has come back; in the open transaction, which has locked the order."""
    session().flush()
    ledger.bring(actor, _refunds([refund_id]))
    valued(order_id)


def disputed(dispute_id: int, actor: Actor = SYSTEM) -> None:
    """Money of a dispute moved, or it was decided; in the open transaction, which has locked the order."""
    session().flush()
    moves = session().scalars(select(DisputeMove.id).where(DisputeMove.dispute_id == dispute_id))
    ledger.post_all(actor, _moves(list(moves)))
    ledger.bring(actor, _lost([dispute_id]))


def kept_by_provider(line_ids: Sequence[int]) -> None:
    """Lines of a provider's balance were agreed to, or are open again: bring what it keeps of them in step, in the open
    transaction."""
    session().flush()
    ledger.bring(SYSTEM, _fees(line_ids))
    ledger.bring(SYSTEM, _payouts(line_ids))


def valued(order_id: int) -> None:
    """Bring what the buyer has got in step; in the open transaction, which has locked the order."""
    session().flush()
    ledger.bring(SYSTEM, _values([order_id]))
    waived(session().scalars(select(Payment.id).where(Payment.order_id == order_id, Payment.waived_amount != 0)).all())


def waived(payment_ids: Sequence[int], actor: Actor = SYSTEM) -> None:
    """Bring small differences that were agreed to, or are not any more, in step; in the open transaction, which has locked the
    order."""
    if payment_ids:
        session().flush()
        ledger.bring(actor, _waived(payment_ids))
