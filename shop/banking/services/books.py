"""A line and the parts its money is put to: locked, written as rows that are never deleted, the line kept in step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, insert, null, select, update

from shop.banking import deciding, postings
from shop.banking.errors import LineSpent
from shop.banking.models import Allocation, BankLine, LineState, LineStep, Queue, Use
from shop.banking.services.lines import step_of
from shop.kernel import clock
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.kernel.errors import NotFound
from shop.orders.models import PaymentMethod
from shop.payments import services as payments
from shop.payments.errors import PaymentClosed
from shop.payments.models import PaymentReceipt, PaymentState
from shop.payments.services import money


def lock(where: Any) -> BankLine:
    """Lock one line; payments and their orders are locked after it.

    Raises:
        NotFound.
    """
    found = session().scalars(
        select(BankLine).where(where).with_for_update(), execution_options={"populate_existing": True}
    )
    line = found.one_or_none()
    if line is None:
        raise NotFound
    return line


def note(actor: Actor, line: BankLine, what: str, **detail: Any) -> None:
    """Write a step of a line's history."""
    session().execute(insert(LineStep), [step_of(actor, line.id, what, detail)])


def live(line_id: int) -> list[Allocation]:
    """The parts of a line that were not taken back, first to last."""
    rows = session().scalars(select(Allocation).where(Allocation.line_id == line_id).order_by(Allocation.id)).all()
    back = {row.reverses_id for row in rows}
    return [row for row in rows if row.reverses_id is None and row.id not in back]


def put(actor: Actor, line: BankLine, use: Use, amount: int, **more: Any) -> Allocation:
    """Put `amount` đồng of a locked line to a use and close the line if that was the rest.

    Raises:
        LineSpent: less is left.
    """
    if not 0 < amount <= line.rest_amount:
        raise LineSpent
    row = Allocation(
        line_id=line.id, use=use, amount=amount, actor_key=actor.key, actor_label=actor.label, at=clock.now(), **more
    )
    s = session()
    s.add(row)
    s.flush()
    postings.put(actor, row.id)
    settle(line, handled=line.handled_amount + amount)
    return row


def settle(
    line: BankLine, queue: Queue = Queue.REST, hint: dict[str, Any] | None = None, *, handled: int | None = None
) -> None:
    """Bring a locked line into step with what is handled of it: open in `queue` with `hint`, or done by what its parts are."""
    handled = line.handled_amount if handled is None else handled
    done = handled == abs(line.amount)
    uses = {row.use for row in live(line.id)} if done else set()
    line.handled_amount = handled
    if not done:
        line.state, line.queue, line.hint = LineState.OPEN, queue, hint
    else:
        line.queue = line.hint = line.taken_key = line.taken_label = line.taken_at = None
        if uses & {Use.REFUND, Use.PAYOUT}:
            line.state = LineState.CONFIRMED
        else:
            line.state = LineState.CREDITED if uses & {Use.PAYMENT, Use.RETURN, Use.REMITTANCE} else LineState.ASIDE
    session().flush()


def receipt_reference(line: BankLine) -> str:
    """The name under which a part of a line enters the books of payments: the bank's own, which people type too, as long as it
    is free; the line's beside it for a second part."""
    s = session()
    base = line.bank_reference or line.reference
    taken = s.scalar(
        select(PaymentReceipt.id).where(
            PaymentReceipt.provider == PaymentMethod.VIETQR.value, PaymentReceipt.reference == base
        )
    )
    if taken is None:
        return base
    parts = s.scalar(select(func.count()).where(Allocation.line_id == line.id)) or 0
    return f"{base}/{line.reference}/{parts + 1}"


def credit(actor: Actor, line: BankLine, payment_id: int, amount: int) -> tuple[Allocation, PaymentState]:
    """Credit a part of a locked line to a payment; return the part and how the payment stands.

    Raises:
        LineSpent; what `payments.credit_transfer` raises.
    """
    if amount > line.rest_amount:
        raise LineSpent
    reference = receipt_reference(line)
    outcome = payments.credit_transfer(actor, payment_id, amount, reference, f"bank:{line.reference}")
    part = put(actor, line, Use.PAYMENT, amount, payment_id=payment_id, receipt_id=receipt_of(reference))
    return part, outcome.state


def receipt_of(reference: str) -> int:
    """The receipt of that name."""
    return session().execute(
        select(PaymentReceipt.id).where(
            PaymentReceipt.provider == PaymentMethod.VIETQR.value, PaymentReceipt.reference == reference
        )
    ).scalar_one()  # fmt: skip


def credit_whole(actor: Actor, wanted: Mapping[int, int]) -> list[int]:
    """Credit locked lines (id: payment), each with all it brought, to payments that wait for exactly that; return the lines
    that were. The others are left as they are, for whoever treats them one by one. At most some dozens."""
    s = session()
    rows = s.execute(
        select(BankLine.id, BankLine.reference, BankLine.bank_reference, BankLine.amount)
        .where(BankLine.id.in_(wanted), BankLine.handled_amount == 0)
        .order_by(BankLine.id)
    ).all()
    lines = {wanted[row.id]: row for row in rows}
    receipts = payments.credit_many(
        actor,
        [
            payments.Arrival(i, line.amount, line.bank_reference or line.reference, f"bank:{line.reference}")
            for i, line in lines.items()
        ],
    )
    if not receipts:
        return []
    done = [lines[i].id for i in receipts]
    s.execute(
        insert(Allocation),
        [
            {
                "line_id": lines[i].id, "use": Use.PAYMENT, "amount": lines[i].amount, "payment_id": i,
                "receipt_id": receipt_id, "adopted": False, "actor_key": actor.key, "actor_label": actor.label,
                "at": clock.now(),
            }
            for i, receipt_id in receipts.items()
        ],
    )  # fmt: skip
    postings.put(actor, *s.scalars(select(Allocation.id).where(Allocation.receipt_id.in_(receipts.values()))).all())
    s.execute(
        update(BankLine)
        .where(BankLine.id.in_(done))
        .values(
            state=LineState.CREDITED, queue=None, hint=null(), taken_key=None, taken_label=None, taken_at=None,
            handled_amount=BankLine.amount, version=BankLine.version + 1,
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    s.expire_all()
    return done


def adopt(actor: Actor, line: BankLine, receipt: PaymentReceipt) -> Allocation:
    """A person had written this part down before the line came.

    Raises:
        PaymentClosed: it is another line's by now, or was taken back.
        LineSpent: it is more than is left of the line.
    """
    money.lock(receipt.payment_id)
    if not deciding.by_hand(PaymentReceipt.id == receipt.id):
        raise PaymentClosed
    return put(
        actor, line, Use.PAYMENT, receipt.amount, payment_id=receipt.payment_id, receipt_id=receipt.id, adopted=True
    )
