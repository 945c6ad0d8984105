"""What returns write when they hear that money has gone back."""

from __future__ import annotations

from sqlalchemy import func, select

from shop.kernel import db
from shop.kernel.db import session
from shop.kernel.errors import NotFound
from shop.kernel.events import on
from shop.orders import discounts
from shop.orders.models import Order, OrderLine
from shop.payments.events import RefundSucceeded
from shop.payments.models import Refund, RefundState
from shop.returns.models import Return, ReturnLine


@on(RefundSucceeded)
def gone_back(fact: RefundSucceeded) -> None:
    """What came off the units whose money has gone back is the promotion's again. Not before: until then the refund may be
    given up, and what was given back may be somebody else's by then."""
    s = session()
    if s.scalar(select(Return.id).where(Return.refund_id == fact.refund_id)) is None:
        return
    order = db.locked(Order, fact.order_id, NotFound)
    if not order.discount_amount:
        return
    rows = s.execute(
        select(OrderLine.id, OrderLine.refused_quantity, func.sum(ReturnLine.quantity))
        .join(ReturnLine, ReturnLine.line_id == OrderLine.id)
        .join(Return, Return.id == ReturnLine.return_id)
        .join(Refund, Refund.id == Return.refund_id)
        .where(Return.order_id == order.id, Refund.state == RefundState.SUCCEEDED)
        .group_by(OrderLine.id, OrderLine.refused_quantity)
    )
    discounts.give_back(order.id, {i: refused + int(n) for i, refused, n in rows}, in_all=True)
