"""What machines say of money: kept once, applied once, in whatever order it comes; and the asking of what never came."""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy import or_, select, update

from shop.kernel import clock, jobs
from shop.kernel.db import changed, insert_missing, leave_database, session, transaction
from shop.kernel.errors import NotFound, ShopError
from shop.orders.models import Order
from shop.payments import gateway
from shop.payments.errors import ProviderRefused
from shop.payments.gateway import News, What, Word
from shop.payments.models import Payment, PaymentState, ProviderEvent, Refund, RefundState
from shop.payments.services import disputes, money, refunds

log = structlog.get_logger("payments")
# A word of a refund may overtake the word of its payment; after this long it will not come any more.
PATIENCE = timedelta(days=3)
# A dispute of a payment that we do not know has a day by which it must be answered.
SHORT_PATIENCE = timedelta(hours=1)


class _Waiting(Exception):
    """The word speaks of something that has not been told yet."""


def hear(provider: str, word: Word) -> None:
    """Keep what `provider` verifiably said and take it in; the same `event_id` again has no effect.

    It is kept first, in a transaction of its own: if taking it in fails, it is tried again by `catch_up`.

    Raises:
        Busy: it could not even be kept; the provider will say it again.
    """
    with transaction() as s:
        insert_missing(
            ProviderEvent,
            [
                {
                    "provider": provider,
                    "event_id": word.event_id,
                    "kind": word.kind,
                    "payload": word.payload,
                    "received_at": clock.now(),
                }
            ],
            ["provider", "event_id"],
        )
        row_id = s.scalar(
            select(ProviderEvent.id).where(
                ProviderEvent.provider == provider,
                ProviderEvent.event_id == word.event_id,
                ProviderEvent.applied_at.is_(None),
            )
        )
    if row_id is not None:
        try_apply(row_id)


def try_apply(row_id: int) -> bool:
    """Take a kept word in; return whether that is done. A failure is written beside it, for staff and for the next try."""
    try:
        apply(row_id)
    except _Waiting:
        outcome = "waiting"
    except Exception as error:  # whatever a listener upstairs may raise, the word stays kept
        if not isinstance(error, ShopError):
            log.error("a provider's word could not be taken in", row=row_id, exc_info=error)
        outcome = f"error: {getattr(error, 'code', type(error).__name__)}"[:80]
    else:
        return True
    try:
        with transaction() as s:
            s.execute(
                update(ProviderEvent)
                .where(ProviderEvent.id == row_id, ProviderEvent.applied_at.is_(None))
                .values(outcome=outcome)
            )
    except ShopError:
        pass  # only a note
    return False


def apply(row_id: int) -> None:
    """Take in a kept word, all of it in one transaction, once."""
    with transaction() as s:
        taken = s.execute(
            update(ProviderEvent)
            .where(ProviderEvent.id == row_id, ProviderEvent.applied_at.is_(None))
            .values(applied_at=clock.now(), outcome="")
            .execution_options(synchronize_session=False)
        )
        if not changed(taken):
            return
        event = s.execute(
            select(
                ProviderEvent.provider, ProviderEvent.event_id, ProviderEvent.payload, ProviderEvent.received_at
            ).where(ProviderEvent.id == row_id)
        ).one()
        done = []
        for news in gateway.named(event.provider).read(event.payload):
            evidence = event.event_id if event.event_id.startswith("api:") else f"event:{event.event_id}"
            waited = clock.now() - event.received_at
            done.append(_take_in(news, event.provider, evidence, waited))
        s.execute(
            update(ProviderEvent).where(ProviderEvent.id == row_id).values(outcome=(", ".join(done) or "nothing")[:80])
        )


def _find(news: News, provider: str) -> int | None:
    """The payment a word speaks of: by the provider's own names, else by the marks that we had attached."""
    s = session()
    for column, value in (
        (Payment.provider_reference, news.reference),
        (Payment.provider_payment, news.provider_payment),
    ):
        if value is not None:
            found = s.scalar(select(Payment.id).where(Payment.provider == provider, column == value))
            if found is not None:
                return found
    if news.payment_id is None or not news.order_reference:
        return None
    return s.scalar(
        select(Payment.id)
        .join(Order, Order.id == Payment.order_id)
        .where(Payment.id == news.payment_id, Payment.provider == provider, Order.reference == news.order_reference)
    )


def _take_in(news: News, provider: str, evidence: str, waited: timedelta) -> str:
    patient = waited < PATIENCE
    if news.what in {What.NOTHING, What.OPEN}:
        return "nothing"
    payment_id = _find(news, provider)
    if payment_id is None:
        if news.what is What.PAID and news.payment_id is not None:
            money.open_issue(
                "unknown_payment",
                f"unknown:{provider}:{news.provider_payment or news.reference}",
                None,
                received=news.amount,
                currency=news.currency,
                reference=news.provider_payment or news.reference,
                order=news.order_reference,
            )
        if news.what is What.DISPUTE and news.dispute is not None:
            if waited < SHORT_PATIENCE:  # the word of its payment may only be slower
                raise _Waiting
            money.open_issue(
                "unknown_dispute",
                f"unknown-dispute:{provider}:{news.dispute.reference}",
                None,
                received=news.amount,
                currency=news.currency,
                reference=news.dispute.reference,
            )
        return "unknown"
    if news.what is What.PAID:
        name = news.provider_payment or news.reference
        if name is None:
            return "nothing"
        return money.capture_from_provider(
            payment_id, name, news.amount, news.currency, evidence, provider_payment=news.provider_payment
        )
    if news.what in {What.FAILED, What.EXPIRED}:
        payment = money.lock(payment_id)
        state = PaymentState.FAILED if news.what is What.FAILED else PaymentState.CANCELLED
        return "ended" if money.end(payment, state) else "known"
    if news.what is What.DISPUTE:
        if not _had_money(payment_id) and patient:
            raise _Waiting
        return disputes.heard(payment_id, news, provider, evidence)
    if news.what is What.LOOK:
        later(payment_id, close=False)
        return "asked"
    if news.refund_reference is None or news.refund_state is None:
        return "nothing"
    if not _had_money(payment_id):
        if patient:
            raise _Waiting
        return "unknown"
    return refunds.heard(payment_id, news, provider)


def _had_money(payment_id: int) -> bool:
    return bool(session().scalar(select(Payment.captured_amount > 0).where(Payment.id == payment_id)))


# --- asking ------------------------------------------------------------------------------------------------------


def look(payment_id: int, *, close: bool = False) -> PaymentState:
    """Ask the provider how a payment stands (`close`: and end it if it is unpaid) and take the answer in.

    Outside any transaction.

    Raises:
        NotFound: there is no such payment.
        ProviderBusy, ProviderRefused: no answer, or no such payment there.
    """
    found = (
        session()
        .execute(select(Payment.provider, Payment.provider_reference, Payment.state).where(Payment.id == payment_id))
        .first()
    )
    if found is None:
        raise NotFound
    name, reference, state = found
    way = gateway.named(name)
    if way.by_hand or reference is None:
        return state
    words = way.close(reference) if close else way.look(reference)
    leave_database()
    with transaction() as s:
        s.execute(update(Payment).where(Payment.id == payment_id).values(looked_at=clock.now()))
    for word in words:
        hear(name, word)
    return session().scalars(select(Payment.state).where(Payment.id == payment_id)).one()


def reconcile(payment_id: int) -> PaymentState:
    """How a payment stands, after asking the provider if it is open; for the page a buyer returns to.

    A provider that does not answer changes nothing: what is known is returned, and the recurring work asks again.

    Raises:
        NotFound: there is no such payment.
    """
    state = session().scalar(select(Payment.state).where(Payment.id == payment_id))
    if state is None:
        raise NotFound
    if state is PaymentState.CAPTURED:
        return state
    try:
        return look(payment_id)
    except ShopError as error:
        log.warning("could not ask the provider", payment=payment_id, error=error.code)
        return state


def catch_up(limit: int = 1000) -> int:
    """Take in kept words that could not be taken in before, oldest first; return how many are still waiting."""
    rows = session().scalars(
        select(ProviderEvent.id).where(ProviderEvent.applied_at.is_(None)).order_by(ProviderEvent.id).limit(limit)
    )
    return sum(not try_apply(row_id) for row_id in rows.all())


def to_ask(limit: int = 500) -> list[tuple[int, bool]]:
    """Payments at machines that may have changed without our hearing of it: (id, past its term), longest unasked first."""
    now = clock.now()
    machines = [name for name, way in gateway.offered().items() if not way.by_hand]
    refunding = (
        select(Refund.id)
        .where(
            Refund.payment_id == Payment.id,
            Refund.state == RefundState.PENDING,
            Refund.to_account.is_(None),
            Refund.created_at < now - timedelta(minutes=10),
        )
        .exists()
    )
    rows = session().execute(
        select(Payment.id, Payment.expires_at, Payment.state)
        .where(
            Payment.provider.in_(machines),
            Payment.provider_reference.is_not(None),
            or_(Payment.state == PaymentState.PENDING, refunding),
            Payment.created_at < now - timedelta(seconds=30),
            or_(Payment.looked_at.is_(None), Payment.looked_at < now - timedelta(seconds=60)),
        )
        .order_by(Payment.looked_at.is_not(None), Payment.looked_at, Payment.id)
        .limit(limit)
    )
    return [(i, state is PaymentState.PENDING and ends is not None and ends <= now) for i, ends, state in rows]


def ask_all(seconds: float = 90.0) -> None:
    """Ask about every payment of `to_ask`, for at most `seconds`; stop at a provider that does not answer.

    Raises:
        ProviderBusy: a provider did not answer.
    """
    stop = clock.now() + timedelta(seconds=seconds)
    for payment_id, over in to_ask():
        if clock.now() > stop:
            return
        try:
            state = look(payment_id, close=over)
        except ProviderRefused as error:
            log.error("the provider does not know a payment", payment=payment_id, error=error.reason)
            continue
        if over and state is PaymentState.PENDING:
            # Neither paid nor closed: the provider is still at work on it, and its word will come.
            log.info("payment still in the works", payment=payment_id)


def close_abandoned() -> None:
    """End card payments past their term that never reached the provider (the buyer left, or the machine was killed)."""
    machines = [name for name, way in gateway.offered().items() if not way.by_hand]
    rows = session().scalars(
        select(Payment.id).where(
            Payment.provider.in_(machines),
            Payment.state == PaymentState.PENDING,
            Payment.provider_reference.is_(None),
            Payment.expires_at < clock.now(),
        )
    )
    for payment_id in rows.all():
        money.expire(payment_id)


def later(payment_id: int, *, close: bool) -> None:
    """Store the job that asks about a payment (`close`: and ends it), in the open transaction."""
    jobs.enqueue("payments.close" if close else "payments.look", {"payment_id": payment_id})
