"""Money that comes: each arrival is a receipt, written once; whether it pays is decided here and nowhere else.

Lock order everywhere: the order, then its payment. What is not exactly the agreed amount is held, not paid, until a person
decides (`issues.settle`) or the rest arrives.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from shop.kernel import audit, clock, operations
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import insert_missing, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.events import publish, publish_all
from shop.kernel.money import LARGEST_AMOUNT
from shop.orders import services as orders
from shop.orders.models import Order, OrderStatus, PaymentMethod
from shop.payments import books
from shop.payments.errors import MoneyFollowed, PaymentClosed, ReferenceUsed
from shop.payments.events import PaymentCaptured, PaymentFailed
from shop.payments.models import Payment, PaymentIssue, PaymentReceipt, PaymentState

CURRENCY = "vnd"
PUT_RIGHT = "Đã nhận đủ số tiền."


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a payment stands after money was recorded. Amounts in đồng; `held` waits for a person."""

    payment_id: int
    state: PaymentState
    received_amount: int
    due_amount: int


def lock(payment_id: int) -> Payment:
    """Lock the order of a payment, then the payment, and return it as it is now.

    Raises:
        NotFound: there is no such payment.
    """
    s = session()
    order_id = s.scalar(select(Payment.order_id).where(Payment.id == payment_id))
    if order_id is None:
        raise NotFound
    s.execute(select(Order.id).where(Order.id == order_id).with_for_update())
    return s.scalars(
        select(Payment).where(Payment.id == payment_id).with_for_update(), execution_options={"populate_existing": True}
    ).one()


def open_issue(
    kind: str, key: str, payment_id: int | None = None, *, due_at: datetime | None = None, **detail: Any
) -> None:
    """Put a case before a person, in the open transaction; the same `key` twice is one case. `detail` is plain values."""
    insert_missing(
        PaymentIssue,
        [
            {
                "kind": kind, "key": key[:255], "payment_id": payment_id, "detail": detail, "opened_at": clock.now(),
                "due_at": due_at,
            }
        ],
        ["key"],
    )  # fmt: skip


def close_issues(payment_id: int, resolution: str) -> None:
    """Close the open cases of a payment, because what was wrong has been put right."""
    session().execute(
        update(PaymentIssue)
        .where(PaymentIssue.payment_id == payment_id, PaymentIssue.closed_at.is_(None))
        .values(closed_at=clock.now(), closed_by=SYSTEM.key, resolution=resolution)
        .execution_options(synchronize_session=False)
    )


def over(payment: Payment) -> bool:
    """Whether more of a paid order's money is here than its goods cost, with nothing of it on its way back: units were refused,
    or too much came."""
    return payment.state is PaymentState.CAPTURED and payment.left > payment.amount


def close_issue(key: str, resolution: str) -> None:
    """Close the case called `key`, if it is open, because what was wrong has been put right."""
    session().execute(
        update(PaymentIssue)
        .where(PaymentIssue.key == key[:255], PaymentIssue.closed_at.is_(None))
        .values(closed_at=clock.now(), closed_by=SYSTEM.key, resolution=resolution)
        .execution_options(synchronize_session=False)
    )


def close_case(key: str, resolution: str, actor: Actor) -> None:
    """A room above has decided the case called `key`, in its open transaction."""
    close_issue(key, resolution)
    session().execute(update(PaymentIssue).where(PaymentIssue.key == key[:255]).values(closed_by=actor.key))


def capture(payment: Payment, reference: str, amount: int, evidence: str, actor: Actor = SYSTEM) -> bool:
    """Record money that came for the locked `payment`; return False if this arrival was recorded before.

    Exactly the agreed amount in all makes it captured, whatever its state was (late money is told the same way); anything
    else is held, with a case for a person.

    Raises:
        ReferenceUsed: the reference stands for money of another payment.
    """
    s = session()
    before = s.execute(
        select(PaymentReceipt.payment_id).where(
            PaymentReceipt.provider == payment.provider, PaymentReceipt.reference == reference
        )
    ).scalar()
    if before is not None:
        if before != payment.id:
            raise ReferenceUsed
        return False
    now = clock.now()
    receipt_id: int = s.execute(
        insert(PaymentReceipt)
        .values(
            payment_id=payment.id,
            provider=payment.provider,
            reference=reference,
            amount=amount,
            evidence=evidence,
            actor_key=actor.key,
            actor_label=actor.label,
            at=now,
        )
        .returning(PaymentReceipt.id)
    ).scalar_one()
    was_paid = payment.state is PaymentState.CAPTURED
    payment.captured_amount += amount
    books.received(receipt_id, payment.order_id, actor)
    if was_paid:
        open_issue(
            "paid_again",
            f"again:{payment.provider}:{reference}",
            payment.id,
            received=amount,
            due=payment.amount,
            reference=reference,
        )
    elif payment.left == payment.amount:
        close_issues(payment.id, PUT_RIGHT)
        captured(payment, evidence)  # after them: whoever hears it may open a case of its own
    else:
        payment.state = PaymentState.HELD
        open_issue(
            "wrong_amount",
            f"amount:{payment.provider}:{reference}",
            payment.id,
            received=amount,
            due=payment.amount,
            reference=reference,
        )
    s.flush()
    return True


def captured(payment: Payment, evidence: str) -> None:
    """The locked `payment` has what was agreed: it is paid."""
    payment.state = PaymentState.CAPTURED
    payment.captured_at = clock.now()
    payment.evidence = evidence
    others = select(Payment.id).where(
        Payment.order_id == payment.order_id,
        Payment.id != payment.id,
        Payment.state == PaymentState.CAPTURED,
        Payment.captured_amount > Payment.refunded_amount,
    )
    session().flush()
    if (other := session().scalar(others.limit(1))) is not None:
        open_issue("paid_twice", f"twice:{payment.id}", payment.id, received=payment.captured_amount, other=other)
    publish(PaymentCaptured(payment.id, payment.order_id))


def told_captured(paid: Mapping[int, int]) -> None:
    """Payments (their order by id) that were locked and written as paid in one go: what was wrong with them is put right, an
    order that another payment has paid is a case, and all who listen hear of it."""
    s = session()
    s.execute(
        update(PaymentIssue)
        .where(PaymentIssue.payment_id.in_(paid), PaymentIssue.closed_at.is_(None))
        .values(closed_at=clock.now(), closed_by=SYSTEM.key, resolution=PUT_RIGHT)
        .execution_options(synchronize_session=False)
    )
    others = s.execute(
        select(Payment.order_id, func.min(Payment.id))
        .where(
            Payment.order_id.in_(set(paid.values())),
            Payment.id.not_in(paid),
            Payment.state == PaymentState.CAPTURED,
            Payment.captured_amount > Payment.refunded_amount,
        )
        .group_by(Payment.order_id)
    )
    before: dict[int, int] = dict(others.all())
    for payment_id, order_id in paid.items():
        if order_id in before:
            received = s.scalar(select(Payment.captured_amount).where(Payment.id == payment_id))
            open_issue("paid_twice", f"twice:{payment_id}", payment_id, received=received, other=before[order_id])
    publish_all([PaymentCaptured(payment_id, order_id) for payment_id, order_id in paid.items()])


def end(payment: Payment, state: PaymentState) -> bool:
    """End the locked `payment` without money; return False if it had ended before or money has come."""
    if payment.state is not PaymentState.PENDING:
        return False
    payment.state, payment.asked = state, None
    session().flush()
    publish(PaymentFailed(payment.id, payment.order_id))
    return True


def fail(payment_id: int) -> bool:
    """The provider said that no money will come. Return False if the payment was not waiting any more."""
    with transaction():
        return end(lock(payment_id), PaymentState.FAILED)


def expire(payment_id: int) -> bool:
    """The term is over. Return False if the payment was not waiting any more."""
    with transaction():
        return end(lock(payment_id), PaymentState.CANCELLED)


def capture_from_provider(
    payment_id: int,
    reference: str,
    amount: int | None,
    currency: str | None,
    evidence: str,
    *,
    provider_payment: str | None = None,
) -> str:
    """Record what a provider's verified word says has come; return in one word what was made of it.

    `reference` is the provider's own name of the money, so that it counts once whoever tells it first. A wrong currency, or
    an amount that cannot be read, is a case for a person and no money of ours.
    """
    with transaction():
        payment = lock(payment_id)
        if provider_payment and payment.provider_payment is None:
            payment.provider_payment = provider_payment
        if (currency or "").lower() != CURRENCY or amount is None or not 0 < amount <= LARGEST_AMOUNT:
            open_issue(
                "wrong_currency",
                f"currency:{payment.provider}:{reference}",
                payment.id,
                received=amount,
                currency=currency,
                due=payment.amount,
                reference=reference,
            )
            return "wrong currency"
        fresh = capture(payment, reference, amount, evidence)
        return ("held" if payment.state is PaymentState.HELD else "captured") if fresh else "known"


# --- people ------------------------------------------------------------------------------------------------------


def _by_hand(
    actor: Actor,
    kind: str,
    payment_id: int,
    amount: int,
    reference: str | None,
    op_key: str,
    methods: set[PaymentMethod],
) -> Outcome:
    if not 0 < amount <= LARGEST_AMOUNT:
        raise Invalid(N_("Số tiền phải lớn hơn 0."), field="amount")

    def command() -> dict[str, Any]:
        payment = lock(payment_id)
        if payment.method not in methods:
            raise NotFound
        if payment.state is PaymentState.CAPTURED:
            raise PaymentClosed
        if payment.method is PaymentMethod.COD and payment.state not in {PaymentState.PENDING, PaymentState.HELD}:
            raise PaymentClosed
        capture(payment, reference or op_key, amount, actor.key, actor)
        audit.record(
            actor,
            kind,
            f"payment:{payment.id}",
            amount=amount,
            due=payment.amount,
            reference=reference,
            state=payment.state.value,
        )
        return {"state": payment.state.value, "received": payment.captured_amount, "due": payment.amount}

    try:
        done = operations.once(op_key, kind, actor.key, [payment_id, amount, reference], command)
    except IntegrityError as error:
        raise ReferenceUsed from error
    return Outcome(payment_id, PaymentState(done["state"]), done["received"], done["due"])


def normal_bank_reference(raw: str) -> str:
    """The bank's number of a transfer as it is kept: upper case, letters, digits, `.`, `-` and `/` only.

    Raises:
        Invalid: fewer than 4 or more than 80 symbols are left.
    """
    kept = re.sub(r"[^A-Z0-9./-]", "", raw.upper())
    if not 4 <= len(kept) <= 80:
        raise Invalid(N_("Hãy ghi mã giao dịch của ngân hàng (4–80 chữ số, chữ cái)."), field="bank_reference")
    return kept


def confirm_transfer(actor: Actor, payment_id: int, amount: int, bank_reference: str, op_key: str) -> Outcome:
    """A person has seen `amount` đồng on the shop's account; `bank_reference` is the bank's own number of the transfer.

    Another amount than agreed does not pay: it is held, and a person decides; a second transfer that makes up the sum does.

    Raises:
        Invalid: no amount, or no reference of the bank.
        NotFound: there is no such payment by transfer.
        PaymentClosed: it is paid already.
        ReferenceUsed: that transfer was credited before, to this payment under another key or to another payment.
        KeyUsedOtherwise: the key was used for something else.
    """
    reference = normal_bank_reference(bank_reference)
    return _by_hand(actor, "payments.transfer", payment_id, amount, reference, op_key, {PaymentMethod.VIETQR})


def collect_cod(actor: Actor, payment_id: int, amount: int, op_key: str) -> Outcome:
    """The cash of an order was handed over: `amount` đồng. Another amount than agreed is held.

    Raises:
        Invalid: no amount.
        NotFound: there is no such payment in cash.
        PaymentClosed: it is paid already, or its order was cancelled.
        KeyUsedOtherwise: the key was used for something else.
    """
    return _by_hand(actor, "payments.collect", payment_id, amount, None, op_key, {PaymentMethod.COD})


def own(actor: Actor, payment_id: int, *, mine: bool) -> None:
    """Take a transfer that has not come to look for it, or leave it to others again.

    Raises:
        NotFound.
    """
    with transaction():
        payment = lock(payment_id)
        payment.owner_id = actor.user_id if mine else None
        audit.record(actor, "payments.owner", f"payment:{payment_id}", mine=mine)


def credit_transfer(actor: Actor, payment_id: int, amount: int, reference: str, evidence: str) -> Outcome:
    """`amount` đồng of a line of the bank are for a payment by transfer; inside the transaction that says so of the line.

    `reference` is unique among all transfers, `evidence` names the line. What is not all that is due is held as ever.

    Raises:
        NotFound: there is no such payment by transfer.
        PaymentClosed: it is paid already.
        ReferenceUsed: money under that reference was credited before.
        Invalid: no amount, or more than is due: the rest stays with the line.
    """
    payment = lock(payment_id)
    if payment.code is None:  # only a transfer that the bank tells of has one
        raise NotFound
    due = payment.amount - payment.captured_amount + payment.refunded_amount
    if payment.state is PaymentState.CAPTURED or due <= 0:
        raise PaymentClosed
    if not 0 < amount <= due:
        raise Invalid(N_("Số tiền phải từ 1 ₫ đến số còn thiếu của đơn."), field="amount")
    if not capture(payment, reference, amount, evidence, actor):
        raise ReferenceUsed
    return Outcome(payment_id, payment.state, payment.captured_amount, payment.amount)


def wait_again(actor: Actor, payment: Payment) -> Payment:
    """The locked `payment` has not what was agreed after all: its order waits for the money again, as long as at first; a small
    difference that was agreed to is not. Return the payment as it is then: held.

    Raises:
        StepNotAllowed: the order has gone on.
    """
    until = clock.now() + ((payment.expires_at or payment.created_at) - payment.created_at)
    session().flush()
    orders.unpay(actor, payment.order_id, until)
    payment = lock(payment.id)
    payment.state, payment.captured_at, payment.expires_at = PaymentState.HELD, None, until
    if payment.waived_amount:
        payment.amount, payment.waived_amount = payment.amount + payment.waived_amount, 0
        books.waived([payment.id], actor)
    return payment


def take_back(actor: Actor, receipt_id: int, *, unpay: bool = False) -> bool:
    """A receipt was written for the wrong payment: a row of its own takes it back, in the open transaction that frees the
    money for another. Only while nothing has followed: the money is held, or was more than the order was due. With `unpay` also
    where an order is paid by it that nobody has said he will send: that waits for its money again, as long as it had at first.
    Return whether it does.

    Raises:
        NotFound: there is no such receipt.
        MoneyFollowed: the order is paid by it, money has gone back, or it was taken back before.
        StepNotAllowed: with `unpay`, the order has gone on.
    """
    s = session()
    receipt = s.get(PaymentReceipt, receipt_id)
    if receipt is None:
        raise NotFound
    payment = lock(receipt.payment_id)
    gone = s.scalar(select(PaymentReceipt.id).where(PaymentReceipt.reverses_id == receipt_id))
    left = payment.left - receipt.amount
    spare = payment.state is PaymentState.HELD or (payment.state is PaymentState.CAPTURED and left >= payment.amount)
    ours = unpay and payment.state is PaymentState.CAPTURED and payment.refunded_amount == 0
    if receipt.reverses_id is not None or gone is not None or left < 0 or not (spare or ours):
        raise MoneyFollowed
    if not spare:
        payment = wait_again(actor, payment)
    back_id: int = s.execute(
        insert(PaymentReceipt)
        .values(
            payment_id=payment.id,
            provider=payment.provider,
            reference=f"{receipt.reference[:240]}/take-back",
            amount=-receipt.amount,
            evidence=actor.key,
            actor_key=actor.key,
            actor_label=actor.label,
            at=clock.now(),
            reverses_id=receipt.id,
        )
        .returning(PaymentReceipt.id)
    ).scalar_one()
    payment.captured_amount -= receipt.amount
    books.received(back_id, payment.order_id, actor)
    for key in (f"amount:{payment.provider}:{receipt.reference}", f"again:{payment.provider}:{receipt.reference}"):
        close_issue(key, "Đã gỡ khoản tiền này ra.")
    if payment.state is PaymentState.HELD and left == 0:
        # What was refunded of it stays in the books of the payment, so one with refunds waits for no money any more.
        order = s.get(Order, payment.order_id)
        waits = order is not None and order.status == OrderStatus.AWAITING_PAYMENT and payment.captured_amount == 0
        payment.state = PaymentState.PENDING if waits else PaymentState.CANCELLED
        close_issues(payment.id, "Đã gỡ khoản tiền này ra.")
    s.flush()
    audit.record(
        actor, "payments.take-back", f"payment:{payment.id}", amount=receipt.amount, reference=receipt.reference
    )
    if left and not spare:  # what came besides is not what was agreed any more
        open_issue("wrong_amount", f"left:{receipt.id}", payment.id, received=left, due=payment.amount)
    return not spare
