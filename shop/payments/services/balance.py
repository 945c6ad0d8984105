"""The lines of a provider's balance against our books: each line once, what differs before a person.

A line that we know nothing of is first asked about (its notice may have been lost); only what still differs is a case.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import func, select, update

from shop.kernel import clock
from shop.kernel.db import changed, in_batches, insert_missing, session, transaction
from shop.kernel.errors import ShopError
from shop.kernel.events import publish
from shop.orders.models import Order
from shop.payments import books, gateway
from shop.payments.errors import ProviderRefused
from shop.payments.events import GatewayLineMatched
from shop.payments.models import (
    DISPUTE_LIVE,
    Dispute,
    DisputeMove,
    GatewayLine,
    GatewayPayout,
    LineKind,
    Payment,
    PaymentIssue,
    PaymentReceipt,
    Refund,
    RefundState,
)
from shop.payments.services import disputes, money, payouts, provider

log = structlog.get_logger("payments")
# How far back the first look goes; later ones begin a little before the newest line.
FIRST_LOOK, OVERLAP = timedelta(days=30), timedelta(days=2)
# What we have and the provider's balance does not show after this long is a case.
PATIENCE = timedelta(days=3)
BATCH = 200


def keepers() -> dict[str, gateway.KeepsBooks]:
    """The providers in use that have a balance which can be asked for."""
    return {name: way for name, way in gateway.offered().items() if isinstance(way, gateway.KeepsBooks)}


def compare() -> int | None:
    """Fetch new lines of every provider that has a balance, compare, ask about what is missing, compare again, and put what
    still differs before a person; return how many
    lines differ, None where there is no provider to ask. Outside any transaction.

    Raises:
        ProviderBusy: a provider did not answer.
    """
    wrong, asked = 0, keepers()
    for name, way in asked.items():
        fetch(name, way)
        if isinstance(way, gateway.PaysOut):
            payouts.fetch(name, way)
        _ask_about(name, match(name))
        wrong += len(_put_before_people(name, match(name)))
        _missing_there(name)
    payouts.put_late_before_people()
    return wrong if asked else None


def fetch(name: str, way: gateway.KeepsBooks) -> None:
    """Keep the lines since the newest that we have, each once."""
    newest = session().scalar(select(func.max(GatewayLine.at)).where(GatewayLine.provider == name))
    found = way.lines((newest - OVERLAP) if newest else clock.now() - FIRST_LOOK)
    for batch in in_batches(found, BATCH):
        with transaction():
            keep(name, batch)


def keep(name: str, lines: Sequence[gateway.Line]) -> None:
    """Write lines that are not there yet, in the open transaction."""
    s = session()
    intents = {line.provider_payment for line in lines if line.provider_payment}
    found = s.execute(
        select(Payment.provider_payment, Payment.id).where(
            Payment.provider == name, Payment.provider_payment.in_(intents)
        )
    )
    known: dict[Any, int] = {row[0]: row[1] for row in found}
    marked = {line.payment_id for line in lines if line.payment_id}
    ours = {
        (i, reference)
        for i, reference in s.execute(
            select(Payment.id, Order.reference)
            .join(Order, Order.id == Payment.order_id)
            .where(Payment.provider == name, Payment.id.in_(marked))
        )
    }
    insert_missing(
        GatewayLine,
        [
            {
                "provider": name,
                "reference": line.reference,
                "kind": LineKind(line.kind),
                "amount": line.amount,
                "fee_amount": line.fee_amount,
                "net_amount": line.amount - line.fee_amount,
                "currency": line.currency.lower()[:20],
                "source": line.source,
                "provider_payment": line.provider_payment,
                "payment_id": known.get(line.provider_payment)
                or (line.payment_id if (line.payment_id, line.order_reference) in ours else None),
                "at": line.at,
                "seen_at": clock.now(),
            }
            for line in lines
        ],
        ["provider", "reference"],
    )


def issue_key(line: GatewayLine) -> str:
    """The key of a line's case."""
    return f"line:{line.provider}:{line.reference}"


def match(name: str) -> list[int]:
    """Mark the open lines that our books agree with; return the ids of the others."""
    ids = session().scalars(
        select(GatewayLine.id)
        .where(GatewayLine.provider == name, GatewayLine.matched_at.is_(None))
        .order_by(GatewayLine.id)
    )
    left: list[int] = []
    for batch in in_batches(list(ids), BATCH):
        with transaction() as s:
            lines = list(
                s.scalars(
                    select(GatewayLine).where(GatewayLine.id.in_(batch)), execution_options={"populate_existing": True}
                )
            )
            agreed = _agreed(name, lines)
            fresh = []
            for line in lines:
                if line.id not in agreed:
                    left.append(line.id)
                    continue
                taken = s.execute(
                    update(GatewayLine)
                    .where(GatewayLine.id == line.id, GatewayLine.matched_at.is_(None))
                    .values(matched_at=clock.now(), payment_id=agreed[line.id] or line.payment_id)
                    .execution_options(synchronize_session=False)
                )
                if changed(taken):
                    money.close_issue(issue_key(line), "Sổ đã khớp.")
                    publish(GatewayLineMatched(line.id))
                    fresh.append(line.id)
            books.kept_by_provider(fresh)
    return left


def _agreed(name: str, lines: Sequence[GatewayLine]) -> dict[int, int | None]:
    """The lines that are settled, with their payment: our books say the same, or a person has closed their case."""
    s = session()
    sources = [line.source for line in lines if line.source]
    receipts = {
        reference: (amount, payment_id)
        for reference, amount, payment_id in s.execute(
            select(PaymentReceipt.reference, PaymentReceipt.amount, PaymentReceipt.payment_id).where(
                PaymentReceipt.provider == name,
                PaymentReceipt.reference.in_([line.provider_payment for line in lines if line.provider_payment]),
            )
        )
    }
    refunds = {
        reference: (amount, state, payment_id)
        for reference, amount, state, payment_id in s.execute(
            select(Refund.provider_reference, Refund.amount, Refund.state, Refund.payment_id).where(
                Refund.provider_reference.in_(sources)
            )
        )
    }
    moves = {
        reference: (amount, fee, payment_id)
        for reference, amount, fee, payment_id in s.execute(
            select(DisputeMove.reference, DisputeMove.amount, DisputeMove.fee_amount, Dispute.payment_id)
            .join(Dispute, Dispute.id == DisputeMove.dispute_id)
            .where(DisputeMove.provider == name, DisputeMove.reference.in_([line.reference for line in lines]))
        )
    }
    payout = select(GatewayPayout.reference, GatewayPayout.amount).where(
        GatewayPayout.provider == name, GatewayPayout.reference.in_(sources)
    )
    sent: dict[str, int] = dict(s.execute(payout).all())
    decided = set(
        s.scalars(
            select(PaymentIssue.key).where(
                PaymentIssue.key.in_([issue_key(line) for line in lines]), PaymentIssue.closed_at.is_not(None)
            )
        )
    )
    found: dict[int, int | None] = {}
    for line in lines:
        if issue_key(line) in decided:
            found[line.id] = None
        elif line.currency != money.CURRENCY:
            continue
        elif line.kind is LineKind.CHARGE:
            amount, payment_id = receipts.get(line.provider_payment or "", (None, None))
            if amount == line.amount:
                found[line.id] = payment_id
        elif line.kind in (LineKind.REFUND, LineKind.REFUND_BACK):
            amount, state, payment_id = refunds.get(line.source or "", (None, None, None))
            # A refund that failed in the end was a refund when its first line was written.
            back = line.kind is LineKind.REFUND_BACK
            if amount == abs(line.amount) and (not back or state is RefundState.FAILED):
                found[line.id] = payment_id
        elif line.kind is LineKind.DISPUTE:
            amount, fee, payment_id = moves.get(line.reference, (None, None, None))
            if (amount, fee) == (line.amount, line.fee_amount):
                found[line.id] = payment_id
        elif line.kind is LineKind.PAYOUT:
            if sent.get(line.source or "") == abs(line.amount):
                found[line.id] = None
        elif line.kind is LineKind.FEE:
            found[line.id] = None
    return found


def _ask_about(name: str, ids: Sequence[int]) -> None:
    """Ask the provider about what stands behind lines that our books do not know, before they become cases."""
    rows = session().execute(
        select(GatewayLine.kind, GatewayLine.source, GatewayLine.payment_id).where(GatewayLine.id.in_(ids[:500]))
    )
    asks = {
        (kind is LineKind.DISPUTE, source if kind is LineKind.DISPUTE else None, payment_id)
        for kind, source, payment_id in rows.all()
        if kind in (LineKind.CHARGE, LineKind.REFUND, LineKind.REFUND_BACK, LineKind.DISPUTE)
    }
    for is_dispute, source, payment_id in sorted(asks, key=str):
        try:
            if is_dispute and source:
                disputes.look(name, source)
            elif payment_id is not None:
                provider.look(payment_id)
        except ShopError as error:
            log.warning("could not ask about a line", payment=payment_id, source=source, error=error.code)


def _put_before_people(name: str, ids: Sequence[int]) -> list[int]:
    """A case for each line that our books do not agree with."""
    for batch in in_batches(list(ids), BATCH):
        with transaction() as s:
            for line in s.scalars(select(GatewayLine).where(GatewayLine.id.in_(batch))):
                kind = "gateway_payout" if line.kind is LineKind.PAYOUT else "gateway_line"
                money.open_issue(
                    kind, issue_key(line), line.payment_id, received=line.amount, currency=line.currency,
                    fee=line.fee_amount, line=line.kind.value, reference=line.source or line.reference,
                )  # fmt: skip
    return list(ids)


def _missing_there(name: str) -> None:
    """What our books have and the provider's balance has not, after `PATIENCE`, is a case as well."""
    s = session()
    first = s.scalar(select(func.min(GatewayLine.at)).where(GatewayLine.provider == name))
    if first is None:
        return
    until = clock.now() - PATIENCE
    line = select(GatewayLine.id).where(GatewayLine.provider == name)
    receipts = s.execute(
        select(PaymentReceipt.id, PaymentReceipt.payment_id, PaymentReceipt.amount, PaymentReceipt.reference).where(
            PaymentReceipt.provider == name,
            PaymentReceipt.at.between(first, until),
            ~line.where(
                GatewayLine.kind == LineKind.CHARGE, GatewayLine.provider_payment == PaymentReceipt.reference
            ).exists(),
        )
    ).all()
    refunds = s.execute(
        select(Refund.id, Refund.payment_id, Refund.amount, Refund.provider_reference)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(
            Payment.provider == name,
            Refund.state == RefundState.SUCCEEDED,
            Refund.to_account.is_(None),
            Refund.done_at.between(first, until),
            ~line.where(GatewayLine.kind == LineKind.REFUND, GatewayLine.source == Refund.provider_reference).exists(),
        )
    ).all()
    with transaction():
        for what, rows in (("receipt", receipts), ("refund", refunds)):
            for row_id, payment_id, amount, reference in rows:
                money.open_issue(
                    "not_at_gateway", f"no-line:{what}:{row_id}", payment_id, received=amount, reference=reference
                )


def ask_disputes(days: int = 30) -> None:
    """Ask every provider for the disputes of the last days, and how those stand that are open in our books.

    Raises:
        ProviderBusy: a provider did not answer.
    """
    for name, way in gateway.offered().items():
        if not isinstance(way, gateway.KeepsBooks):
            continue
        words = way.disputes(clock.now() - timedelta(days=days))
        told = {str(word.payload["object"].get("id")) for word in words}
        for word in words:
            provider.hear(name, word)
        older = session().scalars(
            select(Dispute.provider_reference).where(Dispute.provider == name, Dispute.state.in_(DISPUTE_LIVE))
        )
        for reference in sorted(set(older) - told):
            try:
                disputes.look(name, reference)
            except ProviderRefused as error:
                log.warning("the provider does not know a dispute", reference=reference, error=error.reason)
