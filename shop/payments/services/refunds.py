"""Money that goes back: set aside first by one conditional update, sent afterwards, released if it cannot go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from shop.kernel import audit, clock, jobs, operations
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import changed, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.events import publish
from shop.kernel.money import vnd
from shop.orders import services as orders
from shop.orders.models import Order, PaymentMethod
from shop.payments import books, gateway
from shop.payments.errors import (
    MoneyDisputed,
    MoneyFollowed,
    MoneyHeld,
    NotAgreed,
    NotCaptured,
    NotWaiting,
    PaymentClosed,
    ProviderBusy,
    ProviderRefused,
    ReferenceUsed,
    RefundNotByHand,
    RefundTooLarge,
    SecondPerson,
)
from shop.payments.events import PaymentFailed, RefundFailed, RefundReopened, RefundRequested, RefundSucceeded
from shop.payments.models import REFUND_LIVE, Payment, PaymentReceipt, PaymentState, ProviderEvent, Refund, RefundState
from shop.payments.services import money
from shop.payments.services.agreeing import Account, needs_second

# What is written beside a provider's word of a refund that our books had no room for.
BEYOND = "beyond"


@dataclass(frozen=True, slots=True)
class RefundAsked:
    """A refund that was written down; `by_hand` ones wait for a person who sends the money, and if it `waits` then first for
    another who agrees."""

    id: int
    by_hand: bool
    waits: bool = False


def by_hand(refund: Refund, provider: str) -> bool:
    """Whether a person makes this refund."""
    return refund.to_account is not None or gateway.by_hand(provider)


def reserve(actor: Actor, payment_id: int, amount: int, reason: str, op_key: str, *, to: Account | None = None) -> int:
    """Set `amount` aside in the open transaction and store the job that sends it; return the refund's id. Where a second
    person must agree it waits for him."""
    s = session()
    taken = s.execute(
        update(Payment)
        .where(
            Payment.id == payment_id,
            Payment.state.in_([PaymentState.CAPTURED, PaymentState.HELD]),
            Payment.captured_amount - Payment.refunded_amount - Payment.disputed_amount >= amount,
        )
        .values(refunded_amount=Payment.refunded_amount + amount)
        .returning(Payment.order_id, Payment.provider)
        .execution_options(synchronize_session=False)
    ).first()
    if taken is None:
        found = s.execute(
            select(Payment.state, Payment.captured_amount - Payment.refunded_amount, Payment.disputed_amount).where(
                Payment.id == payment_id
            )
        ).first()
        if found is None:
            raise NotFound
        if found[0] not in {PaymentState.CAPTURED, PaymentState.HELD}:
            raise NotCaptured
        if found[1] >= amount:
            raise MoneyDisputed(field="amount")
        raise RefundTooLarge(field="amount", left=vnd(max(0, found[1] - found[2])))
    second = needs_second(actor, taken[0], amount, to)
    refund_id: int = s.execute(
        insert(Refund)
        .values(
            payment_id=payment_id,
            amount=amount,
            state=RefundState.WAITING if second else RefundState.PENDING,
            reason=reason,
            op_key=op_key,
            to_bank=to.bank if to else None,
            to_account=to.number if to else None,
            to_holder=to.holder if to else None,
            needs_second=second,
            actor_key=actor.key,
            actor_label=actor.label,
            created_at=clock.now(),
        )
        .returning(Refund.id)
    ).scalar_one()
    publish(RefundRequested(refund_id, taken[0]))
    if not second:
        _set_off(refund_id, str(taken[1]), to is not None)
    audit.record(
        actor, "payments.refund", f"payment:{payment_id}", refund=refund_id, amount=amount, reason=reason, second=second,
        to=f"{to.bank}:{to.number}" if to else None,
    )  # fmt: skip
    return refund_id


def _set_off(refund_id: int, provider: str, by_transfer: bool) -> None:
    """Store the job that asks the provider, unless a person makes the refund."""
    if not by_transfer and not gateway.by_hand(provider):
        jobs.enqueue("payments.refund", {"refund_id": refund_id}, key=f"payments.refund:{refund_id}")


def request_refund(
    actor: Actor, payment_id: int, amount: int, reason: str, op_key: str, *, to: Account | None = None
) -> RefundAsked:
    """Send `amount` đồng of a payment back the way it came; the same key twice is one refund.

    What is asked for counts at once, so that refunds asked for together never exceed what was captured. Cards are refunded
    by the provider, soon after; cash, transfers and what goes `to` an account wait for a person (`settle_refund`), large sums
    for a second one first (`agree`). May run inside a caller's transaction.

    Raises:
        Invalid: no amount or no reason.
        NotFound, NotCaptured: there is no such payment, or it has no money.
        RefundTooLarge: less is left than is asked for.
        KeyUsedOtherwise: the key was used for something else.
    """
    reason = reason.strip()
    if amount <= 0:
        raise Invalid(N_("Số tiền phải lớn hơn 0."), field="amount")
    if not reason:
        raise Invalid(N_("Hãy ghi lý do hoàn tiền."), field="reason")

    def command() -> dict[str, Any]:
        payment = money.lock(payment_id)
        refund_id = reserve(actor, payment_id, amount, reason, op_key, to=to)
        return {
            "refund": refund_id,
            "by_hand": to is not None or gateway.by_hand(payment.provider),
            "waits": session().scalar(select(Refund.needs_second).where(Refund.id == refund_id)),
        }

    body: list[Any] = [payment_id, amount, reason]
    if to is not None:
        body += [to.bank, to.number, to.holder]
    done = operations.once(op_key, "payments.refund", actor.key, body, command)
    return RefundAsked(done["refund"], done["by_hand"], done.get("waits", False))


def agree(actor: Actor, refund_id: int, op_key: str) -> None:
    """A second person agrees to a refund: it is sent now.

    Raises:
        NotFound; NotWaiting: somebody agreed or dropped it before; SecondPerson: it is his own.
    """

    def command() -> dict[str, Any]:
        refund = _locked(refund_id)
        if refund.state is not RefundState.WAITING:
            raise NotWaiting
        if refund.actor_key == actor.key or actor.kind != "user":
            raise SecondPerson
        refund.agreed_by, refund.agreed_label, refund.agreed_at = actor.key, actor.label, clock.now()
        session().flush()
        refund.state = RefundState.PENDING
        session().flush()
        _set_off(refund.id, refund.payment.provider, refund.to_account is not None)
        audit.record(
            actor, "payments.refund-agreed", f"payment:{refund.payment_id}", refund=refund_id, amount=refund.amount
        )
        return {}

    operations.once(op_key, "payments.refund-agreed", actor.key, [refund_id], command)


def return_surplus(
    actor: Actor, payment_id: int, amount: int, reference: str, evidence: str, reason: str, op_key: str
) -> tuple[int, int]:
    """`amount` đồng came on top of what a paid payment was due: they are written into its books and asked back at once, inside
    the transaction that says so of the bank's line; return the ids of receipt and refund.

    Raises:
        NotFound: there is no such payment by transfer.
        NotCaptured: it is not paid: its money is credited instead.
        ReferenceUsed: money under that reference was credited before.
    """
    payment = money.lock(payment_id)
    if payment.code is None:
        raise NotFound
    if payment.state is not PaymentState.CAPTURED:
        raise NotCaptured
    if not money.capture(payment, reference, amount, evidence, actor):
        raise ReferenceUsed
    money.close_issue(f"again:{payment.provider}:{reference}", reason)
    receipt = session().scalar(
        select(PaymentReceipt.id).where(
            PaymentReceipt.provider == payment.provider, PaymentReceipt.reference == reference
        )
    )
    return int(receipt or 0), reserve(actor, payment_id, amount, reason, op_key)


def drop(refund_id: int, reason: str) -> None:
    """A refund that has not gone will not be made, in the open transaction that says why.

    Raises:
        NotFound: there is no such refund. MoneyFollowed: it was made or given up before.
    """
    refund = _locked(refund_id)
    if refund.state not in REFUND_LIVE:
        raise MoneyFollowed
    _failed(refund, reason)
    money.close_issue(f"refund:{refund_id}", reason)


def drop_surplus(actor: Actor, refund_id: int, reason: str) -> None:
    """The refund of a surplus will not be made, in the open transaction that takes the surplus out of the payment's books.

    Raises:
        NotFound: there is no such refund.
        MoneyFollowed: it was made or given up before.
    """
    drop(refund_id, reason)
    payment_id = session().scalar(select(Refund.payment_id).where(Refund.id == refund_id))
    audit.record(actor, "payments.refund-dropped", f"payment:{payment_id}", refund=refund_id, reason=reason)


def reduce(actor: Actor, order_id: int, amount: int, reason: str, key: str) -> int:
    """Goods worth `amount` đồng of an order are not sent, in the open transaction that says so: that much less is agreed.
    What has not come is asked for no more; of what has come, the part beyond what is agreed now goes back the way it came.
    Return how much goes back. `key` names the reduction: it is made once.

    Raises:
        MoneyHeld: money that is not the agreed amount lies before a person, who must decide first.
    """
    s = session()
    counts = [PaymentState.PENDING, PaymentState.CAPTURED, PaymentState.HELD]
    open_ones = select(Payment.id).where(Payment.order_id == order_id, Payment.state.in_(counts)).order_by(Payment.id)
    ids = s.scalars(open_ones).all()
    back = 0
    for payment_id in ids:
        payment = money.lock(payment_id)
        if payment.state is PaymentState.HELD:
            raise MoneyHeld
        payment.amount -= amount
        s.flush()
        left = payment.left
        surplus = min(amount, left - payment.amount)
        if payment.state is PaymentState.CAPTURED and surplus > 0:
            request_refund(actor, payment_id, surplus, reason, f"{key}:{payment_id}")
            back += surplus
    return back


def settle_refund(actor: Actor, refund_id: int, bank_reference: str, op_key: str) -> None:
    """A person has given the money back: by transfer with the bank's number, or in cash with a receipt's number.

    Raises:
        NotFound: there is no such refund.
        RefundNotByHand: a provider sends this one.
        PaymentClosed: it was done or given up before.
        ReferenceUsed: that reference stands for another refund.
        Invalid: the reference is missing.
    """
    reference = money.normal_bank_reference(bank_reference)

    def command() -> dict[str, Any]:
        refund = _locked(refund_id)
        if not by_hand(refund, refund.payment.provider):
            raise RefundNotByHand
        if refund.state is RefundState.WAITING:
            raise NotAgreed
        if refund.state is not RefundState.PENDING:
            raise PaymentClosed
        way = PaymentMethod.VIETQR.value if refund.to_account is not None else refund.payment.provider
        refund.provider_reference = f"{way}:{reference}"
        _succeeded(refund)
        audit.record(
            actor, "payments.refund-done", f"payment:{refund.payment_id}", refund=refund_id, reference=reference
        )
        return {}

    try:
        operations.once(op_key, "payments.refund-done", actor.key, [refund_id, reference], command)
    except IntegrityError as error:
        raise ReferenceUsed from error


def unsettle(actor: Actor, refund_id: int, bank_reference: str) -> None:
    """The bank's transfer that a person took for this refund was not it: the refund waits again, in the open transaction that
    frees the bank's line.

    Raises:
        NotFound: there is no such refund.
        MoneyFollowed: it stands on another transfer by now, or has come back.
        StepNotAllowed: it was the whole of an order that was handed over: statements and documents have followed.
    """
    refund = _locked(refund_id)
    provider = (refund.provider_reference or "").partition(":")[2]
    if refund.state is not RefundState.SUCCEEDED or provider != money.normal_bank_reference(bank_reference):
        raise MoneyFollowed
    payment, told = refund.payment, refund.told
    refund.state, refund.done_at, refund.provider_reference = RefundState.PENDING, None, None
    session().flush()
    books.refunded(refund.id, payment.order_id)
    orders.refund_undone(actor, payment.order_id)
    publish(RefundReopened(refund.id, payment.order_id, told))
    audit.record(actor, "payments.refund-undone", f"payment:{payment.id}", refund=refund_id, reference=provider)


def give_up_refund(actor: Actor, refund_id: int, reason: str, op_key: str) -> None:
    """A refund by hand, or one that a second person has not agreed to, will not be made; what was set aside is free again.

    Raises:
        NotFound, RefundNotByHand, PaymentClosed: as `settle_refund`.
        Invalid: the reason is missing.
    """
    reason = reason.strip()
    if not reason:
        raise Invalid(N_("Hãy ghi lý do."), field="reason")

    def command() -> dict[str, Any]:
        refund = _locked(refund_id)
        if refund.state not in REFUND_LIVE:
            raise PaymentClosed
        if refund.state is RefundState.PENDING and not by_hand(refund, refund.payment.provider):
            raise RefundNotByHand
        _failed(refund, reason)
        # What is over belongs to the buyer, however it is sent: such a case stays open for people.
        if not money.over(refund.payment):
            money.close_issue(f"refund:{refund_id}", reason)
        audit.record(actor, "payments.refund-dropped", f"payment:{refund.payment_id}", refund=refund_id, reason=reason)
        return {}

    operations.once(op_key, "payments.refund-dropped", actor.key, [refund_id, reason], command)


def own(actor: Actor, refund_id: int, *, mine: bool) -> None:
    """Take a refund that waits for people to work on it, or leave it to others again.

    Raises:
        NotFound; PaymentClosed: it waits for nobody.
    """
    with transaction():
        refund = _locked(refund_id)
        if refund.state not in REFUND_LIVE:
            raise PaymentClosed
        refund.owner_id = actor.user_id if mine else None
        audit.record(actor, "payments.refund-owner", f"payment:{refund.payment_id}", refund=refund_id, mine=mine)


# --- what becomes of it ------------------------------------------------------------------------------------------


def _locked(refund_id: int) -> Refund:
    s = session()
    payment_id = s.scalar(select(Refund.payment_id).where(Refund.id == refund_id))
    if payment_id is None:
        raise NotFound
    money.lock(payment_id)
    return s.scalars(select(Refund).where(Refund.id == refund_id), execution_options={"populate_existing": True}).one()


def _succeeded(refund: Refund) -> None:
    s = session()
    refund.state, refund.done_at, refund.last_error = RefundState.SUCCEEDED, clock.now(), None
    s.flush()
    payment = refund.payment
    books.refunded(refund.id, payment.order_id)
    gone = s.scalar(
        select(func.coalesce(func.sum(Refund.amount), 0)).where(
            Refund.payment_id == payment.id, Refund.state == RefundState.SUCCEEDED
        )
    )
    publish(RefundSucceeded(refund.id, payment.order_id))
    if gone == payment.captured_amount:
        money.close_issues(payment.id, "Đã hoàn hết tiền.")
        if payment.state is PaymentState.HELD:  # never was a payment
            payment.state = PaymentState.CANCELLED
            s.flush()
            publish(PaymentFailed(payment.id, payment.order_id))


def _failed(refund: Refund, reason: str) -> None:
    payment, told = refund.payment, refund.told
    payment.refunded_amount -= refund.amount
    refund.state, refund.done_at, refund.last_error = RefundState.FAILED, clock.now(), reason[:2000]
    s = session()
    s.flush()
    books.refunded(refund.id, payment.order_id)
    # A refund made at the provider may have had no room in our books; now there is some.
    s.execute(
        update(ProviderEvent)
        .where(ProviderEvent.provider == payment.provider, ProviderEvent.outcome == BEYOND)
        .values(applied_at=None, outcome=None)
        .execution_options(synchronize_session=False)
    )
    publish(RefundFailed(refund.id, payment.order_id, told))
    money.open_issue(
        "refund_failed",
        f"refund:{refund.id}",
        payment.id,
        received=refund.amount,
        reason=reason[:500],
        refund=refund.id,
    )


def send(refund_id: int) -> None:
    """Ask the provider to send a refund that waits; run by the job `payments.refund`, outside any transaction.

    Raises:
        ProviderBusy: no answer; the job tries again with the same idempotency key.
    """
    from shop.payments.services import provider

    found = (
        session()
        .execute(
            select(
                Refund.amount,
                Refund.state,
                Payment.id,
                Payment.provider,
                Payment.provider_payment,
                Order.reference,
                Refund.to_account,
            )
            .join(Payment, Payment.id == Refund.payment_id)
            .join(Order, Order.id == Payment.order_id)
            .where(Refund.id == refund_id)
        )
        .first()
    )
    if found is None or found[1] is not RefundState.PENDING:
        return
    amount, _state, payment_id, name, provider_payment, order_reference, to_account = found
    way = gateway.named(name)
    if way.by_hand or to_account is not None:
        return
    try:
        if provider_payment is None:
            raise ProviderRefused("the provider's payment is not known")
        word = way.refund(
            gateway.RefundAsk(
                key=f"refund-{order_reference}-{refund_id}",
                refund_id=refund_id,
                payment_id=payment_id,
                order_reference=order_reference,
                provider_payment=provider_payment,
                amount=amount,
            )
        )
    except ProviderRefused as error:
        with transaction():
            refund = _locked(refund_id)
            if refund.state is RefundState.PENDING:
                _failed(refund, error.reason)
        return
    except ProviderBusy:
        with transaction() as s:
            s.execute(update(Refund).where(Refund.id == refund_id).values(last_error="Cổng thanh toán chưa trả lời."))
        raise
    provider.hear(name, word)


def heard(payment_id: int, news: gateway.News, provider: str) -> str:
    """Take in what a provider says of a refund, in the open transaction; return in one word what was made of it.

    A refund that we did not ask for (made in the provider's own pages) is taken into our books; one that our books have no
    room for is a case for a person.
    """
    s = session()
    payment = money.lock(payment_id)
    refund = s.scalar(select(Refund).where(Refund.provider_reference == news.refund_reference))
    if refund is None and news.refund_id is not None:
        refund = s.scalar(
            select(Refund).where(
                Refund.id == news.refund_id,
                Refund.payment_id == payment_id,
                Refund.provider_reference.is_(None),
                Refund.to_account.is_(None),
                Refund.state != RefundState.WAITING,
            )
        )
    if refund is not None:
        s.refresh(refund)
    state = RefundState(news.refund_state) if news.refund_state else RefundState.PENDING
    wrong = (news.currency or "").lower() != money.CURRENCY or news.amount is None or news.amount <= 0
    if wrong or (refund is not None and refund.amount != news.amount):
        money.open_issue(
            "refund_differs",
            f"refund-differs:{provider}:{news.refund_reference}",
            payment_id,
            received=news.amount,
            currency=news.currency,
            reference=news.refund_reference,
        )
        return "differs"
    if refund is None:
        return _foreign(payment, news, state, provider)
    if refund.provider_reference is None:
        refund.provider_reference = news.refund_reference
    if state is refund.state or (state is RefundState.PENDING):
        return "known"
    if state is RefundState.FAILED:  # even one that had succeeded: banks send money back
        _failed(refund, news.reason or "provider")
        return "failed"
    if refund.state is RefundState.FAILED:
        if not _reserve_again(payment, refund.amount):
            return _no_room(payment, news, provider)
        money.close_issue(_beyond_key(news, provider), "Đã vào sổ.")
    _succeeded(refund)
    return "succeeded"


def _reserve_again(payment: Payment, amount: int) -> bool:
    taken = session().execute(
        update(Payment)
        .where(Payment.id == payment.id, Payment.captured_amount - Payment.refunded_amount >= amount)
        .values(refunded_amount=Payment.refunded_amount + amount)
        .execution_options(synchronize_session=False)
    )
    session().refresh(payment)
    return bool(changed(taken))


def _beyond_key(news: gateway.News, provider: str) -> str:
    return f"refund-beyond:{provider}:{news.refund_reference}"


def _no_room(payment: Payment, news: gateway.News, provider: str) -> str:
    money.open_issue(
        "refund_beyond",
        _beyond_key(news, provider),
        payment.id,
        received=news.amount,
        reference=news.refund_reference,
    )
    return BEYOND


def _foreign(payment: Payment, news: gateway.News, state: RefundState, provider: str) -> str:
    if state is RefundState.FAILED:
        return "nothing"
    amount = news.amount or 0
    if not _reserve_again(payment, amount):
        return _no_room(payment, news, provider)
    money.close_issue(_beyond_key(news, provider), "Đã vào sổ.")
    now = clock.now()
    refund = Refund(
        payment_id=payment.id,
        amount=amount,
        state=RefundState.PENDING,
        reason="Hoàn tại trang của cổng thanh toán",
        op_key=f"{provider}:{news.refund_reference}"[:80],
        provider_reference=news.refund_reference,
        actor_key=SYSTEM.key,
        actor_label=SYSTEM.label,
        created_at=now,
    )
    session().add(refund)
    session().flush()
    publish(RefundRequested(refund.id, payment.order_id))
    if state is RefundState.SUCCEEDED:
        _succeeded(refund)
    return "foreign"
