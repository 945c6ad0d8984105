"""Reads of returns: what is left to give back, what has been, what is awaited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import selectinload

from shop.accounts.models import User
from shop.kernel import tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_
from shop.kernel.money import share, split
from shop.orders import discounts
from shop.orders.models import PREORDER, Fulfilment, FulfilmentStatus, Order, OrderLine, OrderRefusal
from shop.payments.models import REFUND_STATE_NAMES, Payment, Refund, RefundState
from shop.returns.models import RETURN_WHY_NAMES, Return, ReturnLine, ReturnWhy


@dataclass(frozen=True, slots=True)
class Left:
    """What can still be given back of a line. `paid_amount` đồng were paid for all its `whole` units; `before` of them were
    refused or given back earlier; `quantity` are left."""

    line_id: int
    name: str
    pack: str
    number: int
    status: FulfilmentStatus
    whole: int
    before: int
    quantity: int
    paid_amount: int

    def worth(self, quantity: int) -> int:
        """What was paid for the next `quantity` units, from the line's end; all together make `paid_amount`."""
        return share(self.paid_amount, self.whole, self.whole - self.before - quantity, quantity)


def _living() -> Any:
    return select(Return.id).join(Refund, Refund.id == Return.refund_id).where(Refund.state != RefundState.FAILED)


def left_of(order: Order) -> list[Left]:
    """What is left of each line of an order."""
    s = session()
    lines = s.scalars(select(OrderLine).where(OrderLine.order_id == order.id).order_by(OrderLine.id)).all()
    if order.channel == PREORDER:  # its deposit was not paid with it
        off = split(order.discount_amount, [line.line_amount for line in lines])
    else:
        paid = discounts.paid_by_line(order.id)
        off = [paid[line.id].discount_amount for line in lines]
    short = s.scalar(  # what a person agreed to do without was not paid for any unit
        select(func.coalesce(func.sum(Payment.waived_amount), 0)).where(
            Payment.order_id == order.id, Payment.waived_amount > 0
        )
    )
    if short:
        off = [o + n for o, n in zip(off, split(int(short), [line.line_amount for line in lines]), strict=True)]
    parcels = {f.id: f for f in s.scalars(select(Fulfilment).where(Fulfilment.order_id == order.id))}
    gone: dict[int, int] = {
        line_id: int(n)
        for line_id, n in s.execute(
            select(ReturnLine.line_id, func.sum(ReturnLine.quantity))
            .where(
                ReturnLine.line_id.in_([line.id for line in lines]),
                or_(ReturnLine.return_id.in_(_living()), ReturnLine.looked_at.is_not(None)),
            )
            .group_by(ReturnLine.line_id)
        )
    }
    found = []
    for line, less in zip(lines, off, strict=True):
        before = line.refused_quantity + gone.get(line.id, 0)
        parcel = parcels[line.fulfilment_id]
        found.append(
            Left(
                line.id, line.name, line.pack, parcel.number, parcel.status, line.quantity, before,
                max(0, line.quantity - before), max(0, line.line_amount - less),
            )
        )  # fmt: skip
    return found


def freight_left(order: Order) -> int:
    """Đồng of an order's freight that were neither refused nor given back."""
    s = session()
    given = s.scalar(
        select(func.coalesce(func.sum(Return.freight_amount), 0)).where(
            Return.order_id == order.id, Return.id.in_(_living())
        )
    )
    refused = s.scalar(
        select(func.coalesce(func.sum(OrderRefusal.delivery_amount), 0)).where(OrderRefusal.order_id == order.id)
    )
    off = sum(discounts.freight_off(order.id).values()) if order.discount_amount else 0
    return max(0, order.delivery_amount - off - int(given or 0) - int(refused or 0))


@dataclass(frozen=True, slots=True)
class Shown:
    """A return as its buyer and staff see it."""

    reference: str
    at: datetime
    why: ReturnWhy
    note: str
    amount: int
    freight_amount: int
    state: RefundState
    to_account: str | None
    lines: tuple[tuple[int, str, str, bool, int | None], ...]


def of_order(order_id: int) -> list[Shown]:
    """The returns of an order, first to last; those whose refund was dropped are left out."""
    rows = session().scalars(
        select(Return)
        .join(Refund, Refund.id == Return.refund_id)
        .where(Return.order_id == order_id, Refund.state != RefundState.FAILED)
        .options(selectinload(Return.refund), selectinload(Return.lines).selectinload(ReturnLine.line))
        .order_by(Return.id)
    )
    return [
        Shown(
            r.reference, r.created_at, r.why, r.note, r.amount, r.freight_amount, r.refund.state, r.refund.to_account,
            tuple((x.quantity, x.line.name, x.line.pack, x.comes_back, x.good_quantity) for x in r.lines),
        )
        for r in rows
    ]  # fmt: skip


RETURNS = tables.Table(
    name="hoan-theo-dong",
    columns=(
        tables.Column("order", N_("Mã đơn"), sort=(Order.reference,)),
        tables.Column("reference", N_("Phiếu"), sort=(Return.reference,)),
        tables.Column("created_at", N_("Lập lúc"), sort=(Return.created_at,)),
        tables.Column("why", N_("Lý do"), sort=(Return.why,)),
        tables.Column("amount", N_("Số tiền"), "num", sort=(Return.amount,)),
        tables.Column("state", N_("Trạng thái"), sort=(Refund.state,)),
        tables.Column("actor_label", N_("Người yêu cầu"), sort=(Return.actor_label,)),
        tables.Column("awaited", N_("Hàng chờ kiểm"), "num"),
        tables.Column("owner", N_("Người xử lý"), sort=(User.name,)),
    ),
    order="-created_at",
    tie=Return.id,
    filters=(
        tables.Filter(
            "state",
            N_("Trạng thái"),
            lambda v: Refund.state == v,
            [(str(s), label) for s, label in REFUND_STATE_NAMES.items()],
        ),
        tables.Filter(
            "why", N_("Lý do"), lambda v: Return.why == v, [(str(w), label) for w, label in RETURN_WHY_NAMES.items()]
        ),
        tables.Filter(
            "goods",
            N_("Hàng"),
            lambda _v: Return.id.in_(_awaited()),
            [("1", N_("chờ kiểm"))],
        ),
        tables.Filter(
            "owner",
            N_("Người xử lý"),
            lambda v: Return.owner_id.is_(None) if v == "0" else Return.owner_id.is_not(None),
            [("0", N_("chưa ai nhận")), ("1", N_("đã có người nhận"))],
        ),
    ),
    search=lambda q: or_(Order.reference == text.normal_reference(q.strip()), Return.reference == q.strip().upper()),
)


def _awaited() -> Any:
    return select(ReturnLine.return_id).where(ReturnLine.comes_back, ReturnLine.looked_at.is_(None))


def returns(args: Mapping[str, str]) -> tables.View:
    """All returns."""
    awaited = (
        select(func.coalesce(func.sum(ReturnLine.quantity), 0))
        .where(ReturnLine.return_id == Return.id, ReturnLine.comes_back, ReturnLine.looked_at.is_(None))
        .correlate(Return)
        .scalar_subquery()
    )
    statement = (
        select(
            Return.id, Return.reference, Order.reference.label("order"), Return.created_at, Return.why, Return.amount,
            Refund.state, Return.actor_label, awaited.label("awaited"), Return.is_demo,
            Return.owner_id, User.name.label("owner"),
        )
        .join(Order, Order.id == Return.order_id)
        .join(Refund, Refund.id == Return.refund_id)
        .outerjoin(User, User.id == Return.owner_id)
    )  # fmt: skip
    return RETURNS.open(args, "/office/returns", statement)


def by_reference(reference: str) -> Return | None:
    """One return with its lines and its refund."""
    return session().scalar(
        select(Return)
        .where(Return.reference == reference)
        .options(selectinload(Return.refund), selectinload(Return.lines).selectinload(ReturnLine.line))
    )
