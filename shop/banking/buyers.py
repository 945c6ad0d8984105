"""What the bank's lines say of one order's money, for its buyer: seen and not decided, over, on its way back, kept."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import aliased

from shop.banking.models import Allocation, BankLine, Use
from shop.kernel.db import session
from shop.kernel.reading import Reading
from shop.payments.models import REFUND_LIVE, Payment, Refund, RefundState
from shop.payments.seen import NOTHING, Told

# What looks like money that is in the books already, told once more.
_SAME_MONEY = {"aside", "adopt"}


_PUT = aliased(Allocation)
_OF_ORDER = select(Payment.id).where(Payment.order_id == bindparam("order_id"))
_LINES = Reading(
    select(BankLine.id, BankLine.amount, BankLine.handled_amount, BankLine.hint).where(
        BankLine.amount > 0,
        or_(
            BankLine.about_id.in_(_OF_ORDER),
            BankLine.id.in_(select(_PUT.line_id).where(_PUT.payment_id.in_(_OF_ORDER))),
        ),
    )
)


def told_of(order_id: int) -> Told:
    """What lines say whose memo holds the order's code, or of which a part was put to the order. Of a line that is shared with
    other orders only what goes back through this one."""
    lines: list[Any] = _LINES.rows(order_id=order_id)
    if not lines:
        return NOTHING
    s = session()
    ours: set[int] = set()
    parts: dict[int, list[Allocation]] = defaultdict(list)
    # What was put somewhere and not taken back makes `handled_amount`: of a line nobody has decided about nothing is asked.
    decided = [line_id for line_id, _amount, handled, _hint in lines if handled]
    if decided:
        ours = set(s.scalars(select(Payment.id).where(Payment.order_id == order_id)))
        rows = s.scalars(select(Allocation).where(Allocation.line_id.in_(decided)).order_by(Allocation.id))
        for part in rows.all():
            parts[part.line_id].append(part)
    waiting = kept = 0
    reasons: list[str] = []
    sent: list[int] = []
    for line_id, amount, handled, hint in lines:
        back = {p.reverses_id for p in parts[line_id]}
        live = [p for p in parts[line_id] if p.reverses_id is None and p.id not in back]
        sent += [int(p.target or 0) for p in live if p.use is Use.RETURN and p.payment_id in ours]
        if any(p.payment_id is not None and p.payment_id not in ours for p in live):
            continue
        if (hint or {}).get("action") not in _SAME_MONEY:
            waiting += amount - handled
        kept += sum(p.amount for p in live if p.use is Use.KEPT)
        reasons += [p.note for p in live if p.use is Use.KEPT and p.note]
    refunds = s.execute(select(Refund.state, Refund.amount).where(Refund.id.in_(sent))).all() if sent else []
    return Told(
        waiting,
        sum(n for state, n in refunds if state in REFUND_LIVE),
        sum(n for state, n in refunds if state is RefundState.SUCCEEDED),
        kept,
        tuple(reasons),
    )
