"""Cases for people: taken by somebody, decided once, and opened again as long as no money has left for it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select, update

from shop.kernel import audit, clock, operations
from shop.kernel.actor import Actor
from shop.kernel.db import changed, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.events import publish
from shop.kernel.money import vnd
from shop.orders.errors import StepNotAllowed
from shop.orders.models import Order, OrderStatus
from shop.payments import books, rules
from shop.payments.errors import CannotReopen, IssueClosed, NoAddress, NothingLacks
from shop.payments.events import RestAsked
from shop.payments.models import GatewayLine, Payment, PaymentIssue, PaymentState, Refund, RefundState
from shop.payments.services import money, refunds

DECISIONS = ("accept", "waive", "return", "close")


def settle(actor: Actor, issue_id: int, decision: str, note: str, op_key: str) -> None:
    """Close a case: `accept` money that is enough (what is over goes back), `waive` a small difference, `return` what has come,
    or `close` with a note.

    Raises:
        NotFound: there is no such case.
        IssueClosed: it was closed before.
        Invalid: the decision does not fit the case (accepting too little, closing while money is held), or the note is missing.
    """
    note = note.strip()
    if decision not in DECISIONS:
        raise Invalid(field="decision")
    if not note:
        raise Invalid(N_("Hãy ghi lý do hoặc cách đã xử lý."), field="note")

    def command() -> dict[str, Any]:
        s = session()
        issue = s.get(PaymentIssue, issue_id)
        if issue is None:
            raise NotFound
        payment = money.lock(issue.payment_id) if issue.payment_id is not None else None
        taken = s.execute(
            update(PaymentIssue)
            .where(PaymentIssue.id == issue_id, PaymentIssue.closed_at.is_(None))
            .values(closed_at=clock.now(), closed_by=actor.key, resolution=f"{decision}: {note}")
            .execution_options(synchronize_session=False)
        )
        if not changed(taken):
            raise IssueClosed
        told = _DECIDE[decision](actor, payment, note)
        if told is not None:
            issue.detail = {**issue.detail, "refund": told}
        audit.record(actor, "payments.settle", f"payment-issue:{issue_id}", decision=decision, note=note)
        return {}

    operations.once(op_key, "payments.settle", actor.key, [issue_id, decision, note], command)


def _accept(actor: Actor, payment: Payment | None, note: str) -> int | None:
    left = payment.left if payment else 0
    if payment is None or payment.state is not PaymentState.HELD or left < payment.amount:
        raise Invalid(N_("Chỉ chấp nhận được khi đã nhận đủ hoặc thừa tiền."), field="decision")
    money.close_issues(payment.id, note)
    money.captured(payment, actor.key)
    session().refresh(payment)  # upstairs may have sent all of it back: the money was late and the goods are gone
    excess = payment.left - payment.amount
    if excess > 0:
        return refunds.reserve(actor, payment.id, excess, note, f"excess:{payment.id}:{payment.captured_amount}")
    return None


def may_waive(state: PaymentState, left: int, due: int) -> bool:
    """Whether what came differs from what is due by no more than staff may agree to. Amounts in đồng."""
    return state is PaymentState.HELD and left > 0 and 0 < abs(due - left) <= rules.SMALL_DIFFERENCE.get()


def _waive(actor: Actor, payment: Payment | None, note: str) -> int | None:
    left = payment.left if payment else 0
    if payment is None or not may_waive(payment.state, left, payment.amount):
        raise Invalid(
            N_("Chỉ chấp nhận được phần chênh đến %(limit)s."),
            field="decision",
            limit=vnd(rules.SMALL_DIFFERENCE.get()),
        )
    payment.waived_amount += payment.amount - left
    payment.amount = left
    money.close_issues(payment.id, note)
    money.captured(payment, actor.key)
    books.waived([payment.id], actor)
    return None


def ask_for_rest(actor: Actor, issue_id: int, op_key: str) -> None:
    """Write to the buyer of a payment that is short: what came, what lacks, how to send it. The case stays open and says when.

    Raises:
        NotFound; IssueClosed; NothingLacks: the money is not short, or no more is awaited; NoAddress: the buyer left no e-mail.
    """

    if session().get(PaymentIssue, issue_id) is None:
        raise NotFound

    def command() -> dict[str, Any]:
        s = session()
        issue = s.get(PaymentIssue, issue_id)
        if issue is None or issue.payment_id is None:
            raise NotFound
        payment = money.lock(issue.payment_id)
        s.refresh(issue, with_for_update=True)
        if issue.closed_at is not None:
            raise IssueClosed
        order = s.get_one(Order, payment.order_id)
        left = payment.left
        if payment.state is not PaymentState.HELD or left >= payment.amount or order.status == OrderStatus.CANCELLED:
            raise NothingLacks
        if not order.email:
            raise NoAddress(phone=order.phone)
        times = int(issue.detail.get("asked_times", 0)) + 1
        issue.detail = {**issue.detail, "asked_times": times, "asked": clock.now().isoformat()}
        publish(RestAsked(payment.id, issue_id, times))
        audit.record(actor, "payments.rest-asked", f"payment-issue:{issue_id}", times=times)
        return {}

    operations.once(op_key, "payments.ask-rest", actor.key, [issue_id], command)


def _return(actor: Actor, payment: Payment | None, note: str) -> int | None:
    left = payment.left if payment else 0
    if payment is not None and payment.state is PaymentState.CAPTURED and not _for_nothing(payment):
        left -= payment.amount  # what was agreed stays
    if payment is None or left <= 0:
        raise Invalid(N_("Không còn khoản tiền nào để hoàn lại."), field="decision")
    again = session().scalar(
        select(func.count()).select_from(Refund).where(
            Refund.payment_id == payment.id, Refund.op_key.startswith(f"return:{payment.id}:")
        )
    )  # fmt: skip
    refund = refunds.reserve(actor, payment.id, left, note, f"return:{payment.id}:{payment.captured_amount}:{again}")
    money.close_issues(payment.id, note)
    return refund


def _close(actor: Actor, payment: Payment | None, note: str) -> int | None:
    held = payment is not None and payment.state is PaymentState.HELD
    here = payment is not None and payment.captured_amount > payment.refunded_amount
    nothing = payment is not None and payment.state is PaymentState.CAPTURED and _for_nothing(payment)
    if payment is not None and here and (held or nothing or money.over(payment)):
        raise Invalid(N_("Tiền đã nhận vẫn đang treo: hãy chấp nhận hoặc hoàn lại trước khi đóng."), field="decision")
    return None


def _for_nothing(payment: Payment) -> bool:
    """Whether the order that was paid is cancelled: nothing of the money is ours."""
    return session().scalar(select(Order.status).where(Order.id == payment.order_id)) == OrderStatus.CANCELLED


_DECIDE = {"accept": _accept, "waive": _waive, "return": _return, "close": _close}


def own(actor: Actor, issue_id: int, *, mine: bool) -> None:
    """Take a case to work on it, or leave it to others again.

    Raises:
        NotFound; IssueClosed: it was closed before.
    """
    with transaction() as s:
        issue = s.get(PaymentIssue, issue_id, with_for_update=True, populate_existing=True)
        if issue is None:
            raise NotFound
        if issue.closed_at is not None:
            raise IssueClosed
        issue.owner_id = actor.user_id if mine else None
        audit.record(actor, "payments.issue-owner", f"payment-issue:{issue_id}", mine=mine)


def may_reopen(issue: PaymentIssue, refund: RefundState | None, *, by_hand: bool) -> bool:
    """Whether a closed case may be opened again: a person closed it, and no money has left for it."""
    if issue.closed_at is None or not (issue.closed_by or "").startswith("user:"):
        return False
    decision = (issue.resolution or "").partition(":")[0]
    if decision in {"close", "waive"}:
        return True
    return decision == "return" and (refund is RefundState.WAITING or (refund is RefundState.PENDING and by_hand))


def reopen(actor: Actor, issue_id: int, op_key: str) -> None:
    """Undo the decision of a case: what was to be sent back is not, and the case is open.

    Raises:
        NotFound; CannotReopen: the money has left, or it ended by itself.
    """
    if session().get(PaymentIssue, issue_id) is None:
        raise NotFound

    def command() -> dict[str, Any]:
        s = session()
        issue = s.get(PaymentIssue, issue_id)
        if issue is None:
            raise NotFound
        payment = money.lock(issue.payment_id) if issue.payment_id is not None else None
        s.refresh(issue, with_for_update=True)
        refund_id = issue.detail.get("refund") if (issue.resolution or "").startswith("return") else None
        refund = s.get(Refund, refund_id) if refund_id else None
        hand = refund is not None and payment is not None and refunds.by_hand(refund, payment.provider)
        if not may_reopen(issue, refund.state if refund else None, by_hand=hand):
            raise CannotReopen
        if refund is not None:
            refunds.drop(refund.id, N_("Đã hoàn tác quyết định"))
        if (issue.resolution or "").startswith("waive") and payment is not None:
            if payment.state is not PaymentState.CAPTURED or payment.refunded_amount or not payment.waived_amount:
                raise CannotReopen
            try:
                money.wait_again(actor, payment)
            except StepNotAllowed as error:
                raise CannotReopen from error
        issue.closed_at = issue.closed_by = issue.resolution = None
        issue.detail = {k: v for k, v in issue.detail.items() if k != "refund"}
        lines = s.scalars(
            update(GatewayLine)
            .where("line:" + GatewayLine.provider + ":" + GatewayLine.reference == issue.key)
            .values(matched_at=None)
            .returning(GatewayLine.id)
            .execution_options(synchronize_session=False)
        ).all()
        books.kept_by_provider(lines)
        audit.record(actor, "payments.issue-reopened", f"payment-issue:{issue_id}", refund=refund_id)
        return {}

    operations.once(op_key, "payments.reopen", actor.key, [issue_id], command)
