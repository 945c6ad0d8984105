"""What must hold of money (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import and_, func, or_, select

from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.kernel.money import LARGEST_AMOUNT
from shop.ledger import sources
from shop.ledger.models import Entry, Posting
from shop.orders.models import DEPOSIT, TILL, Order, OrderStatus, PaymentMethod, PaymentStatus
from shop.payments import reads
from shop.payments.models import (
    Dispute,
    DisputeMove,
    GatewayLine,
    GatewayPayout,
    Payment,
    PaymentIssue,
    PaymentReceipt,
    PaymentState,
    PayoutArrival,
    ProviderEvent,
    Refund,
    RefundState,
)

PROMISED = timedelta(minutes=15)
_PAID = (
    PaymentStatus.PAID,
    PaymentStatus.REFUND_PENDING,
    PaymentStatus.REFUNDED,
    PaymentStatus.DISPUTED,
    PaymentStatus.CHARGED_BACK,
)


@invariant("payments.paid-means-captured")
def paid() -> Iterator[str]:
    """An order that counts as paid has a payment with all its money (cash: on completion); one of a counter may have been
    paid in parts, which together are all of it."""
    parts = (
        select(func.coalesce(func.sum(Payment.captured_amount), 0))
        .where(
            Payment.order_id == Order.id, Payment.provider == "till", Payment.state == PaymentState.CAPTURED,
            Payment.captured_amount == Payment.amount,
        )
        .correlate(Order)
        .scalar_subquery()
    )  # fmt: skip
    whole = (
        select(Payment.id)
        .where(
            Payment.order_id == Order.id,
            Payment.state == PaymentState.CAPTURED,
            Payment.captured_amount >= Payment.amount,
            Payment.amount + Payment.waived_amount == Order.total_amount - Order.reduced_amount,
        )
        .exists()
    )
    rows = session().scalars(
        select(Order.reference).where(
            or_(
                Order.payment_status.in_(_PAID),
                and_(Order.status == OrderStatus.COMPLETED, Order.payment_status != PaymentStatus.VOID),
            ),
            Order.total_amount > 0,
            ~or_(whole, and_(Order.channel == TILL, parts == Order.total_amount)),
        )
    )
    yield from (f"order {r}" for r in rows)


@invariant("payments.refused-goods-are-not-paid")
def refused_goods() -> Iterator[str]:
    """Whoever paid for goods that were refused has that much back, or on its way, or a person looks into it; whoever has not
    paid is asked for what is left."""
    issue = (
        select(PaymentIssue.id).where(PaymentIssue.payment_id == Payment.id, PaymentIssue.closed_at.is_(None)).exists()
    )
    living = Order.status.in_([OrderStatus.PLACED, OrderStatus.CONFIRMED, OrderStatus.COMPLETED])
    rows = session().scalars(
        select(Order.reference)
        .join(Payment, Payment.order_id == Order.id)
        .where(
            living,
            Order.reduced_amount > 0,
            or_(
                and_(
                    Payment.state == PaymentState.CAPTURED,
                    Payment.captured_amount - Payment.refunded_amount > Payment.amount,
                    ~issue,
                ),
                and_(
                    Payment.state.in_([PaymentState.PENDING, PaymentState.CAPTURED]),
                    Payment.amount + Payment.waived_amount != Order.total_amount - Order.reduced_amount,
                ),
            ),
        )
    )
    yield from (f"order {r}" for r in rows)


@invariant("payments.disputes-show-on-their-orders")
def shown() -> Iterator[str]:
    """An order whose money a buyer's bank holds or has taken for good says so, and no other does."""
    yield from (f"order {reference}" for _id, reference in reads.not_as_disputed())


@invariant("payments.payouts-are-what-arrived")
def payouts_arrived() -> Iterator[str]:
    """What a payout is said to have brought is the sum of its arrivals, none of them of a line that shows another's money."""
    total = (
        select(PayoutArrival.payout_id, func.sum(PayoutArrival.amount).label("n"))
        .group_by(PayoutArrival.payout_id)
        .subquery()
    )
    rows = session().scalars(
        select(GatewayPayout.reference)
        .outerjoin(total, total.c.payout_id == GatewayPayout.id)
        .where(
            or_(
                GatewayPayout.arrived_amount != func.coalesce(total.c.n, 0),
                (GatewayPayout.arrived_at.is_not(None)) != (GatewayPayout.arrived_amount == GatewayPayout.amount),
            )
        )
    )
    yield from (f"payout {r}" for r in rows)


@invariant("payments.captured-has-its-order")
def has_order() -> Iterator[str]:
    """No captured money without an order for over 15 minutes: paid, going back, or before a person."""
    late = clock.now() - PROMISED
    issue = (
        select(PaymentIssue.id).where(PaymentIssue.payment_id == Payment.id, PaymentIssue.closed_at.is_(None)).exists()
    )
    rows = session().execute(
        select(Order.reference, Payment.id)
        .join(Order, Order.id == Payment.order_id)
        .where(
            Payment.captured_amount - Payment.refunded_amount > Payment.disputed_amount,
            or_(
                and_(
                    Payment.state == PaymentState.CAPTURED,
                    Payment.captured_at < late,
                    or_(
                        Order.payment_status.not_in(_PAID),
                        Order.status.in_([OrderStatus.AWAITING_PAYMENT, OrderStatus.CANCELLED]),
                    ),
                ),
                Payment.state.in_(
                    [PaymentState.HELD, PaymentState.FAILED, PaymentState.CANCELLED, PaymentState.PENDING]
                ),
            ),
            ~issue,
        )
    )
    yield from (f"order {reference} payment {i}" for reference, i in rows)


@invariant("payments.captured-is-its-receipts")
def receipts() -> Iterator[str]:
    """What was captured is the sum of its receipts, both ways."""
    total = (
        select(PaymentReceipt.payment_id, func.sum(PaymentReceipt.amount).label("n"))
        .group_by(PaymentReceipt.payment_id)
        .subquery()
    )
    rows = session().scalars(
        select(Payment.id)
        .outerjoin(total, total.c.payment_id == Payment.id)
        .where(Payment.captured_amount != func.coalesce(total.c.n, 0))
    )
    yield from (f"payment {i}" for i in rows)


@invariant("payments.refunds-within-captured")
def refunds() -> Iterator[str]:
    """What is set aside for refunds is the sum of those not failed, and never more than was captured."""
    total = (
        select(Refund.payment_id, func.sum(Refund.amount).label("n"))
        .where(Refund.state != RefundState.FAILED)
        .group_by(Refund.payment_id)
        .subquery()
    )
    rows = session().scalars(
        select(Payment.id)
        .outerjoin(total, total.c.payment_id == Payment.id)
        .where(
            or_(
                Payment.refunded_amount != func.coalesce(total.c.n, 0),
                Payment.refunded_amount > Payment.captured_amount,
            )
        )
    )
    yield from (f"payment {i}" for i in rows)


@invariant("payments.references-unique")
def references() -> Iterator[str]:
    """A provider's or a bank's reference stands for one payment, one receipt, one refund."""
    for name, *columns in (
        ("payment", Payment.provider, Payment.provider_reference),
        ("provider payment", Payment.provider, Payment.provider_payment),
        ("receipt", PaymentReceipt.provider, PaymentReceipt.reference),
        ("refund", Refund.provider_reference),
        ("memo", Payment.code),
    ):
        rows = session().execute(
            select(columns[-1]).where(columns[-1].is_not(None)).group_by(*columns).having(func.count() > 1)
        )
        yield from (f"{name} {reference}" for (reference,) in rows)


@invariant("payments.card-rests-on-evidence")
def evidence() -> Iterator[str]:
    """Each receipt of card money names a word of its provider that was verified and taken in."""
    word = (
        select(ProviderEvent.id)
        .where(
            ProviderEvent.provider == PaymentReceipt.provider,
            ProviderEvent.applied_at.is_not(None),
            or_(
                PaymentReceipt.evidence == "event:" + ProviderEvent.event_id,
                and_(ProviderEvent.event_id.like("api:%"), PaymentReceipt.evidence == ProviderEvent.event_id),
            ),
        )
        .exists()
    )
    rows = session().scalars(
        select(Payment.id)
        .join(PaymentReceipt, PaymentReceipt.payment_id == Payment.id)
        .where(Payment.method == PaymentMethod.CARD, ~word)
    )
    yield from (f"payment {i}" for i in rows)


@invariant("payments.amounts-in-range")
def amounts() -> Iterator[str]:
    """Whole amounts, none zero or beyond what any order can be; captured means all of it, ended means nothing."""
    rows = session().scalars(
        select(Payment.id).where(
            or_(
                Payment.amount <= 0,
                Payment.amount > LARGEST_AMOUNT,
                Payment.captured_amount < 0,
                Payment.captured_amount > 2 * LARGEST_AMOUNT,
                and_(Payment.state == PaymentState.CAPTURED, Payment.captured_amount < Payment.amount),
                and_(
                    Payment.state.in_([PaymentState.PENDING, PaymentState.FAILED]),
                    Payment.captured_amount != 0,
                ),
            )
        )
    )
    yield from (f"payment {i}" for i in rows)


@invariant("payments.words-once")
def words() -> Iterator[str]:
    """A provider's word is kept once, and taken in within 15 minutes (one of a refund may wait for its payment's)."""
    late = clock.now() - PROMISED
    rows = session().execute(
        select(ProviderEvent.provider, ProviderEvent.event_id).where(
            ProviderEvent.applied_at.is_(None),
            ProviderEvent.received_at < late,
            func.coalesce(ProviderEvent.outcome, "") != "waiting",
        )
    )
    yield from (f"{provider} {event_id} not taken in" for provider, event_id in rows)
    twice = session().execute(
        select(ProviderEvent.provider, ProviderEvent.event_id)
        .group_by(ProviderEvent.provider, ProviderEvent.event_id)
        .having(func.count() > 1)
    )
    yield from (f"{provider} {event_id} kept twice" for provider, event_id in twice)


@invariant("payments.disputes-add-up")
def disputes_add_up() -> Iterator[str]:
    """What a dispute holds is what its moves have taken and not brought back, never more than it is about nor less than
    nothing; and what is taken from a payment is what its disputes hold."""
    moved = (
        select(
            DisputeMove.dispute_id,
            func.sum(DisputeMove.amount).label("n"),
            func.sum(DisputeMove.fee_amount).label("fee"),
        )
        .group_by(DisputeMove.dispute_id)
        .subquery()
    )
    rows = session().scalars(
        select(Dispute.id)
        .outerjoin(moved, moved.c.dispute_id == Dispute.id)
        .where(
            or_(
                Dispute.withdrawn_amount != -func.coalesce(moved.c.n, 0),
                Dispute.fee_amount != func.coalesce(moved.c.fee, 0),
                Dispute.withdrawn_amount < 0,
                Dispute.withdrawn_amount > Dispute.amount,
            )
        )
    )
    yield from (f"dispute {i}" for i in rows)
    held = (
        select(Dispute.payment_id, func.sum(Dispute.withdrawn_amount).label("n"))
        .group_by(Dispute.payment_id)
        .subquery()
    )
    payments = session().scalars(
        select(Payment.id)
        .outerjoin(held, held.c.payment_id == Payment.id)
        .where(Payment.disputed_amount != func.coalesce(held.c.n, 0))
    )
    yield from (f"payment {i}" for i in payments)


@invariant("payments.disputes-move-money-once")
def disputes_once() -> Iterator[str]:
    """Each movement of a dispute is one of the provider's lines, told by a word that was taken in."""
    word = (
        select(ProviderEvent.id)
        .where(
            ProviderEvent.provider == DisputeMove.provider,
            ProviderEvent.applied_at.is_not(None),
            DisputeMove.evidence.in_(["event:" + ProviderEvent.event_id, ProviderEvent.event_id]),
        )
        .exists()
    )
    demo = select(Order.id).join(Payment, Payment.order_id == Order.id).where(
        Payment.id == Dispute.payment_id, Order.is_demo
    )  # fmt: skip
    rows = session().scalars(
        select(DisputeMove.reference)
        .join(Dispute, Dispute.id == DisputeMove.dispute_id)
        .where(or_(DisputeMove.provider != Dispute.provider, and_(~word, ~demo.exists())))
    )
    yield from (f"move {reference}" for reference in rows)
    twice = session().scalars(
        select(DisputeMove.reference).group_by(DisputeMove.provider, DisputeMove.reference).having(func.count() > 1)
    )
    yield from (f"move {reference} twice" for reference in twice)


@invariant("payments.large-refunds-have-two-people")
def two_people() -> Iterator[str]:
    """A refund that needs a second person has gone nowhere without one, and he is not the first."""
    rows = session().scalars(
        select(Refund.id).where(
            Refund.needs_second,
            or_(
                and_(Refund.state.in_([RefundState.PENDING, RefundState.SUCCEEDED]), Refund.agreed_by.is_(None)),
                Refund.agreed_by == Refund.actor_key,
                and_(Refund.agreed_by.is_not(None), ~Refund.agreed_by.like("user:%")),
            ),
        )
    )
    yield from (f"refund {i}" for i in rows)


@invariant("payments.refunds-go-somewhere")
def refunds_go_somewhere() -> Iterator[str]:
    """A refund that has gone has its reference: the provider's, or the bank's number of the transfer to the account that it
    names; one by card through the provider names no account."""
    rows = session().scalars(
        select(Refund.id)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(
            or_(
                and_(Refund.state == RefundState.SUCCEEDED, Refund.provider_reference.is_(None)),
                and_(Refund.to_account.is_not(None), or_(Refund.to_bank.is_(None), Refund.to_holder.is_(None))),
                and_(
                    Refund.to_account.is_not(None),
                    Refund.provider_reference.is_not(None),
                    ~Refund.provider_reference.like("vietqr:%"),
                ),
                and_(Refund.state == RefundState.WAITING, Refund.provider_reference.is_not(None)),
            )
        )
    )
    yield from (f"refund {i}" for i in rows)


@invariant("payments.gateway-lines-once")
def gateway_lines() -> Iterator[str]:
    """A line of a provider's balance is kept once, adds up, and either matches or is before a person."""
    twice = session().execute(
        select(GatewayLine.provider, GatewayLine.reference)
        .group_by(GatewayLine.provider, GatewayLine.reference)
        .having(func.count() > 1)
    )
    yield from (f"{provider} {reference} twice" for provider, reference in twice)
    case = (
        select(PaymentIssue.id)
        .where(PaymentIssue.key == "line:" + GatewayLine.provider + ":" + GatewayLine.reference)
        .exists()
    )
    late = clock.now() - timedelta(hours=3)
    rows = session().scalars(
        select(GatewayLine.reference).where(
            or_(
                GatewayLine.net_amount != GatewayLine.amount - GatewayLine.fee_amount,
                and_(GatewayLine.matched_at.is_(None), GatewayLine.seen_at < late, ~case),
            )
        )
    )
    yield from (f"line {reference}" for reference in rows)


@invariant("payments.ledger-says-the-same")
def ledger_agrees() -> Iterator[str]:
    """Each receipt, each refund that has gone and the value of each completed order stand in the ledger, as they are."""
    yield from sources.compare(
        "receipt", "refund", "order-value", "dispute-move", "dispute-lost", "gateway-fee", "gateway-payout"
    )


@invariant("payments.buyers-account")
def buyers() -> Iterator[str]:
    """What the ledger owes to the buyer of an order is what was captured, held money too, with the small difference that was
    agreed to, less what went back and what was handed over. (Deposits, which other orders use up, are looked at upstairs; a
    counter's money passes through no account.)"""
    party = "order:" + Order.reference
    owed = (
        select(func.coalesce(func.sum(Posting.amount), 0))
        .where(Posting.account == "buyers", Posting.party == party)
        .correlate(Order)
        .scalar_subquery()
    )
    handed = (
        select(func.coalesce(func.sum(Posting.amount), 0))
        .join(Entry, Entry.id == Posting.entry_id)
        .where(Entry.kind == "order-value", Posting.account == "buyers", Posting.party == party)
        .correlate(Order)
        .scalar_subquery()
    )
    captured = select(func.coalesce(func.sum(Payment.captured_amount), 0)).where(Payment.order_id == Order.id)
    gone = (
        select(func.coalesce(func.sum(Refund.amount), 0))
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Payment.order_id == Order.id, Refund.state == RefundState.SUCCEEDED)
    )
    of_payment = (
        select(func.coalesce(func.sum(Refund.amount), 0))
        .where(Refund.payment_id == Payment.id, Refund.state == RefundState.SUCCEEDED)
        .correlate(Payment)
        .scalar_subquery()
    )
    waived = select(func.coalesce(func.sum(Payment.waived_amount), 0)).where(
        Payment.order_id == Order.id, Payment.captured_amount > of_payment
    )
    left = captured.scalar_subquery() - gone.scalar_subquery() + waived.scalar_subquery() - handed
    rows = session().execute(
        select(Order.reference, owed, left).where(Order.channel.not_in([TILL, DEPOSIT]), owed != -left)
    )
    yield from (f"order {reference}: {-there} instead of {right}" for reference, there, right in rows)
