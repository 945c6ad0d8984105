"""The people's part: a line is taken, put to its use, and what nothing has followed is undone, by rows that stay.

Whoever acts says which version of the line he has seen. Of two people one is first; the other is told, and his act is not done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from shop.banking import deciding, postings
from shop.banking.errors import CannotUndo, LineChanged, LineTaken, OrderWentOn, UnknownOrder
from shop.banking.events import MoneyOver, MoneyShort, MoneyTakenOut
from shop.banking.models import Allocation, BankLine, Category, LineState, Queue, Use
from shop.banking.services import books
from shop.kernel import audit, clock, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction, unique
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.events import publish
from shop.orders.errors import StepNotAllowed
from shop.orders.models import Order
from shop.payments import incoming, memo, outgoing
from shop.payments import services as payments
from shop.payments.errors import MoneyFollowed, ReferenceUsed
from shop.payments.models import Payment, PaymentReceipt, PaymentState

Part = tuple[str, int]


def _act(
    actor: Actor,
    reference: str,
    version: int,
    op_key: str,
    kind: str,
    body: object,
    act: Callable[[BankLine], dict[str, Any]],
) -> None:
    """Lock the line, see that nobody was quicker and that it is nobody else's, act, and leave the trace."""

    def command() -> dict[str, Any]:
        line = books.lock(BankLine.reference == reference)
        if line.version != version:
            raise LineChanged
        if line.taken_key not in {None, actor.key}:
            raise LineTaken(who=line.taken_label or "")
        detail = act(line)
        line.version += 1
        session().flush()
        books.note(actor, line, kind, **detail)
        audit.record(actor, f"banking.{kind}", f"bank-line:{reference}", **detail)
        return {}

    with unique("payment_receipts.reference", "payment_receipts_provider_reference", otherwise=LineChanged):
        operations.once(op_key, f"banking.{kind}", actor.key, [reference, version, body], command)


def _coming(line: BankLine) -> None:
    if line.amount < 0 or line.state is not LineState.OPEN:
        raise LineChanged


def payment_named(told: str) -> int:
    """The payment by transfer that a memo's code or an order's reference names: of an order the one that waits, else the last.

    Raises:
        UnknownOrder: there is none, or the words name several.
    """
    s = session()
    codes = memo.codes_in(told)
    by_code = s.scalars(select(Payment.id).where(Payment.code.in_(codes))).all() if codes else []
    if len(by_code) == 1:
        return by_code[0]
    if len(by_code) > 1:
        raise UnknownOrder(field="code", code=told[:40])
    rows = s.execute(
        select(Payment.id, Payment.state)
        .join(Order, Order.id == Payment.order_id)
        .where(Order.reference == text.normal_reference(told[:40]), Payment.code.is_not(None))
        .order_by(Payment.id.desc())
    ).all()
    waiting = [i for i, state in rows if state in {PaymentState.PENDING, PaymentState.HELD}]
    if not rows:
        raise UnknownOrder(field="code", code=told[:40])
    return waiting[0] if waiting else int(rows[0][0])


# --- whose work it is --------------------------------------------------------------------------------------------


def take(actor: Actor, reference: str) -> None:
    """Say that one works on an open line; somebody else's is taken over, which its history shows.

    Raises:
        NotFound; LineChanged: it is done.
    """
    with transaction():
        line = books.lock(BankLine.reference == reference)
        if line.state is not LineState.OPEN:
            raise LineChanged
        if line.taken_key == actor.key:
            return
        before, line.taken_key, line.taken_label, line.taken_at = (
            line.taken_label, actor.key, actor.label, clock.now(),
        )  # fmt: skip
        line.version += 1
        books.note(actor, line, "taken", before=before)


def leave(actor: Actor, reference: str) -> None:
    """Give up one's own line.

    Raises:
        NotFound; LineChanged: it is not one's own.
    """
    with transaction():
        line = books.lock(BankLine.reference == reference)
        if line.taken_key != actor.key:
            raise LineChanged
        line.taken_key = line.taken_label = line.taken_at = None
        line.version += 1
        books.note(actor, line, "left")


# --- money that came ---------------------------------------------------------------------------------------------


def credit(actor: Actor, reference: str, parts: Sequence[Part], version: int, *, op_key: str) -> None:
    """Credit parts (`code or order reference`, đồng) of a line that came to orders. What an order still lacks then, or what is
    over, is told to its buyer in a letter. What is left of the line waits.

    Raises:
        NotFound, LineChanged, LineTaken, LineSpent, UnknownOrder; PaymentClosed: the order is paid; Invalid: no part, one order
        twice, or more than an order lacks.
    """
    parts = [(told.strip(), amount) for told, amount in parts if told.strip()]
    if not parts:
        raise Invalid(N_("Hãy ghi mã đơn."), field="code")

    def act(line: BankLine) -> dict[str, Any]:
        _coming(line)
        named = [(payment_named(told), amount) for told, amount in parts]
        if len({i for i, _amount in named}) != len(named):
            raise Invalid(N_("Mỗi đơn chỉ ghi một lần."), field="code")
        orders = dict(
            session().execute(select(Payment.id, Payment.order_id).where(Payment.id.in_([i for i, _a in named]))).all()
        )
        made = []
        for payment_id, amount in sorted(named, key=lambda part: orders[part[0]]):  # locked in the order of orders
            part, state = books.credit(actor, line, payment_id, amount)
            made.append(part)
            if state is PaymentState.HELD:
                publish(MoneyShort(part.id))
        if line.rest_amount and len(made) == 1 and not _is_held(made[0]):
            publish(MoneyOver(made[0].id, line.rest_amount))
        return {"parts": [[told, amount] for told, amount in parts]}

    _act(actor, reference, version, op_key, "credit", [list(p) for p in parts], act)


def _is_held(part: Allocation) -> bool:
    state = session().scalar(select(Payment.state).where(Payment.id == part.payment_id))
    return state is PaymentState.HELD


def adopt(actor: Actor, reference: str, receipt_id: int, version: int, *, op_key: str) -> None:
    """The line is money that somebody had written down by hand; nothing is credited again.

    Raises:
        NotFound, LineChanged, LineTaken, LineSpent; PaymentClosed: it is another line's by now.
    """

    def act(line: BankLine) -> dict[str, Any]:
        _coming(line)
        receipt = session().get(PaymentReceipt, receipt_id)
        if receipt is None:
            raise NotFound
        if receipt.amount != line.rest_amount:
            raise Invalid(N_("Số tiền đã ghi tay khác với dòng sao kê."), field="code")
        books.adopt(actor, line, receipt)
        return {"receipt": receipt.reference}

    _act(actor, reference, version, op_key, "adopt", receipt_id, act)


def give_back(actor: Actor, reference: str, code: str, reason: str, version: int, *, op_key: str) -> None:
    """What is left of a line goes back to who sent it, through the paid order that it was sent for: a refund that a person
    transfers and the bank's line of it confirms.

    Raises:
        NotFound, LineChanged, LineTaken, UnknownOrder; NotCaptured: the order is not paid; Invalid: no reason.
    """
    reason = _reason(reason)

    def act(line: BankLine) -> dict[str, Any]:
        _coming(line)
        payment_id, amount, name = payment_named(code), line.rest_amount, books.receipt_reference(line)
        receipt_id, refund_id = payments.return_surplus(
            actor, payment_id, amount, name, f"bank:{line.reference}", reason, f"bank-return:{op_key}"[:80]
        )
        books.put(
            actor,
            line,
            Use.RETURN,
            amount,
            payment_id=payment_id,
            receipt_id=receipt_id,
            target=str(refund_id),
            note=reason,
        )
        return {"order": code, "amount": amount, "reason": reason}

    _act(actor, reference, version, op_key, "return", [code, reason], act)


def keep(actor: Actor, reference: str, reason: str, version: int, *, op_key: str) -> None:
    """What is left of a line is kept, for a reason that is written down.

    Raises:
        NotFound, LineChanged, LineTaken; Invalid: no reason.
    """
    reason = _reason(reason)

    def act(line: BankLine) -> dict[str, Any]:
        _coming(line)
        amount = line.rest_amount
        books.put(actor, line, Use.KEPT, amount, note=reason)
        return {"amount": amount, "reason": reason}

    _act(actor, reference, version, op_key, "keep", reason, act)


def set_aside(actor: Actor, reference: str, category: str, reason: str, version: int, *, op_key: str) -> None:
    """What is left of a line, come or gone, is no order's: a fee, interest, the shop's own, told twice.

    Raises:
        NotFound, LineChanged, LineTaken; Invalid: no such category, or no reason for `other`.
    """
    reason = text.clean(reason)[:500]
    if category not in set(Category):
        raise Invalid(N_("Hãy chọn lý do."), field="category")
    if category == Category.OTHER:
        reason = _reason(reason)

    def act(line: BankLine) -> dict[str, Any]:
        if line.state is not LineState.OPEN:
            raise LineChanged
        amount = line.rest_amount
        books.put(actor, line, Use.ASIDE, amount, category=category, note=reason or None)
        return {"amount": amount, "category": category, "reason": reason}

    _act(actor, reference, version, op_key, "aside", [category, reason], act)


def _reason(told: str, field: str = "reason") -> str:
    reason = text.clean(told)[:500]
    if len(reason) < 2:
        raise Invalid(N_("Hãy ghi lý do, ít nhất 2 ký tự."), field=field)
    return reason


# --- money that left ---------------------------------------------------------------------------------------------


def confirm(actor: Actor, reference: str, kind: str, target: str, version: int, *, op_key: str) -> None:
    """A line of money that left is the refund or the payout called `target`; its own room's command takes the bank's word.

    Raises:
        NotFound: nothing of that name and amount waits; ReferenceUsed: the bank's number stands for another; LineChanged,
        LineTaken; what the room's command raises.
    """
    source = outgoing.sources().get(kind)
    if source is None:
        raise NotFound

    def act(line: BankLine) -> dict[str, Any]:
        if line.amount > 0 or line.state is not LineState.OPEN or line.handled_amount:
            raise LineChanged
        number, use = _number(line), Use.REFUND if kind == "refund" else Use.PAYOUT
        gone = source.recorded([number]).get(number)
        if gone is not None:  # somebody wrote it down by hand under the bank's number
            if gone.reference != target or gone.amount != -line.amount or _stands(use, target):
                raise ReferenceUsed
            books.put(actor, line, use, line.rest_amount, target=target, adopted=True)
            return {"kind": kind, "target": target, "recorded": True}
        if not any(one.reference == target for one in source.waiting([-line.amount])):
            raise NotFound
        source.confirm(actor, target, number, line.booked_on, f"bank-out:{line.reference}:{line.version}")
        books.put(actor, line, use, line.rest_amount, target=target)
        return {"kind": kind, "target": target}

    _act(actor, reference, version, op_key, "confirm", [kind, target], act)


def _number(line: BankLine) -> str:
    """The name under which other rooms know a transfer that left."""
    return line.bank_reference or line.reference


def _stands(use: Use, target: str) -> bool:
    """Whether a line already shows that refund or payout."""
    back = aliased(Allocation)
    found = select(Allocation.id).where(
        Allocation.use == use,
        Allocation.target == target,
        Allocation.amount > 0,
        ~select(back.id).where(back.reverses_id == Allocation.id).exists(),
    )
    return session().scalar(found.limit(1)) is not None


def remit(actor: Actor, reference: str, kind: str, target: str, version: int, why: str = "", *, op_key: str) -> None:
    """What is left of a line that came is for what is awaited under the name `target`, as much as that lacks; what is over
    waits. Another sum than was awaited needs a reason, which is kept.

    Raises:
        NotFound: nothing of that name waits; LineChanged, LineTaken; Invalid: no reason; what the room's command raises.
    """
    source = incoming.sources().get(kind)
    if source is None:
        raise NotFound

    def act(line: BankLine) -> dict[str, Any]:
        _coming(line)
        one = next((w for w in source.waiting([], [target]) if w.reference == target), None)
        if one is None:
            raise NotFound
        amount = min(line.rest_amount, one.amount)
        said = _reason(why, "why") if line.rest_amount != one.amount else None
        number = source.arrived(actor, target, amount, line.reference)
        books.put(actor, line, Use.REMITTANCE, amount, target=f"{kind}:{target}:{number}", note=said)
        return {"kind": kind, "target": target, "amount": amount, **({"reason": said} if said else {})}

    _act(actor, reference, version, op_key, "remit", [kind, target, why], act)


# --- undoing -----------------------------------------------------------------------------------------------------


OF_LINES_THAT_CAME = frozenset(set(Use) - {Use.REFUND, Use.PAYOUT})


def undo(
    actor: Actor,
    reference: str,
    allocation_id: int,
    version: int,
    uses: frozenset[Use] = OF_LINES_THAT_CAME,
    *,
    op_key: str,
) -> None:
    """Take a part back, while nothing has followed: by a row of its own, and in the books of payments likewise. An order that
    was paid by it and that nobody has said he will send waits for its money again, its goods held as long; its buyer is told.
    A refund or payout that the line stood for waits to be sent again. `uses`: what the actor may take back.

    Raises:
        NotFound, LineChanged, LineTaken; CannotUndo: something followed, or it is none of `uses`; OrderWentOn: the order is
        being sent.
    """

    def act(line: BankLine) -> dict[str, Any]:
        part = next((p for p in books.live(line.id) if p.id == allocation_id), None)
        if part is None or part.use not in uses:
            raise CannotUndo
        try:
            unpaid = _take_back(actor, line, part)
        except MoneyFollowed as error:
            raise CannotUndo from error
        except StepNotAllowed as error:
            if part.payment_id is None:
                raise CannotUndo from error
            raise OrderWentOn(order=_order_of(part)) from error
        if unpaid:
            publish(MoneyTakenOut(int(part.payment_id or 0), part.id))
        s = session()
        back = Allocation(
            line_id=line.id, use=part.use, amount=-part.amount, payment_id=part.payment_id, receipt_id=part.receipt_id,
            adopted=part.adopted, target=part.target, category=part.category, reverses_id=part.id, actor_key=actor.key,
            actor_label=actor.label, at=clock.now(),
        )  # fmt: skip
        s.add(back)
        s.flush()
        postings.put(actor, back.id)
        # Open before it is looked at anew: what is decided is a suggestion now, and the machine does not credit it again.
        books.settle(line, Queue.UNMATCHED, handled=line.handled_amount - part.amount)
        decision = deciding.decide([line])[line.id]
        queue = (
            decision.queue if decision.queue is not Queue.EXACT else Queue.UNMATCHED if line.amount > 0 else Queue.OUT
        )
        books.settle(line, Queue.REST if line.handled_amount else queue, decision.hint)
        return {"use": part.use.value, "amount": part.amount}

    _act(actor, reference, version, op_key, "undo", allocation_id, act)


def _order_of(part: Allocation) -> str:
    found = select(Order.reference).join(Payment, Payment.order_id == Order.id).where(Payment.id == part.payment_id)
    return session().scalar(found) or ""


def _take_back(actor: Actor, line: BankLine, part: Allocation) -> bool:
    """Whether an order is not paid any more by it."""
    if part.use in {Use.KEPT, Use.ASIDE} or part.adopted:
        return False
    if part.use in {Use.REFUND, Use.PAYOUT}:
        kind = "refund" if part.use is Use.REFUND else "payout"
        outgoing.sources()[kind].take_back(actor, part.target or "", _number(line))
        return False
    if part.use is Use.REMITTANCE:
        kind, target, number = (part.target or "").split(":")
        incoming.sources()[kind].take_back(actor, target, int(number))
        return False
    if part.use is Use.RETURN:
        payments.drop_surplus(actor, int(part.target or 0), "Hoàn tác phần dư của dòng sao kê.")
    return payments.take_back(actor, int(part.receipt_id or 0), unpay=part.use is Use.PAYMENT)
