"""Reads of disputes and of the lines of a provider's balance, for staff."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import selectinload

from shop.accounts.models import User
from shop.kernel import clock, tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.orders import queries as orders
from shop.orders.models import Order, PaymentStatus
from shop.payments.models import (
    DISPUTE_STATE_NAMES,
    LINE_KIND_NAMES,
    PAYOUT_GONE,
    Dispute,
    DisputePaper,
    DisputeState,
    GatewayLine,
    GatewayPayout,
    Payment,
    PayoutArrival,
)

# Why buyers' banks take money back, in the provider's words (its API reference, Disputes, `reason`).
REASONS = {
    "bank_cannot_process": N_("Ngân hàng không xử lý được"),
    "check_returned": N_("Séc bị trả lại"),
    "credit_not_processed": N_("Khách nói chưa được hoàn tiền"),
    "customer_initiated": N_("Khách yêu cầu ngân hàng"),
    "debit_not_authorized": N_("Ghi nợ không được phép"),
    "duplicate": N_("Khách nói bị trừ tiền hai lần"),
    "fraudulent": N_("Chủ thẻ nói không phải mình mua"),
    "general": N_("Lý do chung"),
    "incorrect_account_details": N_("Sai thông tin tài khoản"),
    "insufficient_funds": N_("Tài khoản không đủ tiền"),
    "noncompliant": N_("Không đúng quy định của thẻ"),
    "product_not_received": N_("Khách nói chưa nhận được hàng"),
    "product_unacceptable": N_("Khách nói hàng hỏng hoặc không đúng"),
    "subscription_canceled": N_("Khách nói đã hủy đăng ký"),
    "unrecognized": N_("Chủ thẻ không nhận ra khoản này"),
}


def _search(q: str) -> Any:
    raw = q.strip()
    return or_(
        Order.reference == text.normal_reference(raw),
        Payment.provider_payment == raw,
        Dispute.provider_reference == raw,
    )


DISPUTES = tables.Table(
    name="khieu-nai-the",
    columns=(
        tables.Column("reference", N_("Mã đơn"), sort=(Order.reference,)),
        tables.Column("opened_at", N_("Từ lúc"), sort=(Dispute.opened_at,)),
        tables.Column("due_at", N_("Hạn trả lời"), sort=(Dispute.due_at,)),
        tables.Column("amount", N_("Số tiền"), "num", sort=(Dispute.amount,)),
        tables.Column("withdrawn_amount", N_("Đang bị giữ"), "num", sort=(Dispute.withdrawn_amount,)),
        tables.Column("reason", N_("Lý do"), sort=(Dispute.reason,)),
        tables.Column("state", N_("Trạng thái"), sort=(Dispute.state,)),
        tables.Column("owner", N_("Người xử lý"), sort=(User.name,)),
    ),
    order="due_at",
    tie=Dispute.id,
    filters=(
        tables.Filter(
            "state",
            N_("Trạng thái"),
            lambda v: Dispute.state == v,
            [(str(s), label) for s, label in DISPUTE_STATE_NAMES.items()],
        ),
    ),
    search=_search,
)


def disputes(args: Mapping[str, str]) -> tables.View:
    """All disputes, those whose answer is due first."""
    statement = (
        select(
            Dispute.id, Order.reference, Dispute.opened_at, Dispute.due_at, Dispute.amount, Dispute.withdrawn_amount,
            Dispute.reason, Dispute.is_inquiry, Dispute.state, Dispute.sending_at, User.name.label("owner"),
        )
        .join(Payment, Payment.id == Dispute.payment_id)
        .join(Order, Order.id == Payment.order_id)
        .outerjoin(User, User.id == Dispute.owner_id)
    )  # fmt: skip
    return DISPUTES.open(args, "/office/payments/disputes", statement)


def held_of(order_id: int) -> tuple[int, int]:
    """What buyers' banks hold of an order's money while they look, and what they have taken for good, in đồng."""
    lost = Dispute.state == DisputeState.LOST
    row = (
        session()
        .execute(
            select(
                func.coalesce(func.sum(Dispute.withdrawn_amount).filter(~lost), 0),
                func.coalesce(func.sum(Dispute.withdrawn_amount).filter(lost), 0),
            )
            .join(Payment, Payment.id == Dispute.payment_id)
            .where(Payment.order_id == order_id)
        )
        .one()
    )
    return int(row[0]), int(row[1])


def not_as_disputed() -> list[tuple[int, str]]:
    """Orders that do not say what buyers' banks hold or have taken of their money, or say it of nothing: id and reference."""
    lost = Dispute.state == DisputeState.LOST
    taken = (
        select(
            Payment.order_id,
            func.sum(Dispute.withdrawn_amount).filter(~lost).label("held"),
            func.sum(Dispute.withdrawn_amount).filter(lost).label("lost"),
        )
        .join(Payment, Payment.id == Dispute.payment_id)
        .group_by(Payment.order_id)
        .subquery()
    )
    held, gone = func.coalesce(taken.c.held, 0), func.coalesce(taken.c.lost, 0)
    rows = session().execute(
        select(Order.id, Order.reference)
        .outerjoin(taken, taken.c.order_id == Order.id)
        .where(
            or_(
                and_(Order.payment_status == PaymentStatus.PAID, held + gone > 0),
                and_(Order.payment_status == PaymentStatus.DISPUTED, held == 0),
                and_(Order.payment_status == PaymentStatus.CHARGED_BACK, or_(held > 0, gone == 0)),
            )
        )
    )
    return [(i, reference) for i, reference in rows]


@dataclass(frozen=True, slots=True)
class DisputeFile:
    """All that is known of one dispute; `draft` are answers that the order itself could give."""

    dispute: Dispute
    order: Order
    owner: str | None
    draft: dict[str, str]

    @property
    def late(self) -> bool:
        """Whether the last day for an answer has passed."""
        due = self.dispute.due_at
        return self.dispute.state is DisputeState.OPEN and due is not None and due < clock.now()


def dispute(dispute_id: int) -> DisputeFile:
    """Everything of one dispute.

    Raises:
        NotFound: there is none.
    """
    s = session()
    row = s.scalar(
        select(Dispute)
        .where(Dispute.id == dispute_id)
        .options(selectinload(Dispute.payment), selectinload(Dispute.moves), selectinload(Dispute.papers))
    )
    if row is None:
        raise NotFound
    order = orders.whole(row.payment.order_id)
    if order is None:
        raise NotFound
    sent = [f for f in order.fulfilments if f.handed_over_at is not None]
    draft = {
        "product_description": "; ".join(f"{x.quantity} × {x.name}, {x.pack}" for x in order.lines)[:2000],
        "shipping_carrier": ", ".join(dict.fromkeys(f.carrier for f in sent if f.carrier)),
        "shipping_tracking_number": ", ".join(f.tracking_number for f in sent if f.tracking_number),
        "shipping_date": ", ".join(
            dict.fromkeys(clock.business_day(f.handed_over_at).isoformat() for f in sent if f.handed_over_at)
        ),
    }
    owner = s.scalar(select(User.name).where(User.id == row.owner_id)) if row.owner_id else None
    return DisputeFile(row, order, owner, draft)


def paper(dispute_id: int, paper_id: int) -> DisputePaper:
    """One paper of a dispute.

    Raises:
        NotFound: there is none.
    """
    found = session().get(DisputePaper, paper_id)
    if found is None or found.dispute_id != dispute_id:
        raise NotFound
    return found


# --- the provider's balance --------------------------------------------------------------------------------------

LINES = tables.Table(
    name="so-cong-thanh-toan",
    columns=(
        tables.Column("at", N_("Lúc"), sort=(GatewayLine.at,)),
        tables.Column("kind", N_("Loại"), sort=(GatewayLine.kind,)),
        tables.Column("reference", N_("Mã đơn"), sort=(Order.reference,)),
        tables.Column("source", N_("Mã của cổng"), value=lambda row: row.source or row.line),
        tables.Column("amount", N_("Số tiền"), "num", sort=(GatewayLine.amount,)),
        tables.Column("fee_amount", N_("Phí"), "num", sort=(GatewayLine.fee_amount,)),
        tables.Column("net_amount", N_("Còn lại"), "num", sort=(GatewayLine.net_amount,)),
        tables.Column("matched_at", N_("Khớp lúc"), sort=(GatewayLine.matched_at,)),
    ),
    order="-at",
    tie=GatewayLine.id,
    filters=(
        tables.Filter(
            "kind",
            N_("Loại"),
            lambda v: GatewayLine.kind == v,
            [(str(k), label) for k, label in LINE_KIND_NAMES.items()],
        ),
        tables.Filter(
            "matched",
            N_("Đối chiếu"),
            lambda v: GatewayLine.matched_at.is_not(None) if v == "1" else GatewayLine.matched_at.is_(None),
            [("1", N_("đã khớp")), ("0", N_("chưa khớp"))],
        ),
        tables.Filter("from", N_("Từ ngày"), lambda d: GatewayLine.at >= clock.start_of(d), kind="day"),
        tables.Filter("to", N_("Đến ngày"), lambda d: GatewayLine.at < clock.end_of(d), kind="day"),
    ),
    search=lambda q: or_(
        Order.reference == text.normal_reference(q.strip()),
        GatewayLine.source == q.strip(),
        GatewayLine.reference == q.strip(),
        GatewayLine.provider_payment == q.strip(),
    ),
)


def lines(args: Mapping[str, str]) -> tables.View:
    """The lines of all balances, newest first."""
    statement = (
        select(
            GatewayLine.id, GatewayLine.at, GatewayLine.kind, Order.reference, GatewayLine.source,
            GatewayLine.reference.label("line"), GatewayLine.payment_id, GatewayLine.amount, GatewayLine.fee_amount,
            GatewayLine.net_amount, GatewayLine.currency, GatewayLine.matched_at, GatewayLine.provider,
        )
        .outerjoin(Payment, Payment.id == GatewayLine.payment_id)
        .outerjoin(Order, Order.id == Payment.order_id)
    )  # fmt: skip
    return LINES.open(args, "/office/payments/gateway", statement)


_NOT_ARRIVED: Any = and_(GatewayPayout.arrived_amount < GatewayPayout.amount, GatewayPayout.status.not_in(PAYOUT_GONE))
PAYOUTS = tables.Table(
    name="cong-chuyen-ve",
    columns=(
        tables.Column("reference", N_("Mã của cổng"), sort=(GatewayPayout.reference,)),
        tables.Column("sent_at", N_("Chuyển lúc"), sort=(GatewayPayout.sent_at,)),
        tables.Column("due_on", N_("Hẹn về ngày"), sort=(GatewayPayout.due_on,)),
        tables.Column("amount", N_("Số tiền"), "num", sort=(GatewayPayout.amount,)),
        tables.Column("lines_amount", N_("Các dòng cộng lại"), "num", sort=(GatewayPayout.lines_amount,)),
        tables.Column("arrived_amount", N_("Sao kê đã có"), "num", sort=(GatewayPayout.arrived_amount,)),
        tables.Column("status", N_("Trạng thái"), sort=(GatewayPayout.status,)),
    ),
    order="-sent_at",
    tie=GatewayPayout.id,
    filters=(
        tables.Filter(
            "arrived",
            N_("Sao kê"),
            lambda v: _NOT_ARRIVED if v == "0" else GatewayPayout.arrived_amount == GatewayPayout.amount,
            [("0", N_("Chưa đủ")), ("1", N_("Đã đủ"))],
        ),
    ),
    search=lambda q: GatewayPayout.reference == q.strip(),
)


def payouts(args: Mapping[str, str]) -> tables.View:
    """What providers have sent to our bank, newest first, each with the bank's line that shows it."""
    line = (
        select(PayoutArrival.source)
        .where(PayoutArrival.payout_id == GatewayPayout.id)
        .order_by(PayoutArrival.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    statement = select(
        GatewayPayout.id, GatewayPayout.provider, GatewayPayout.reference, GatewayPayout.sent_at, GatewayPayout.due_on,
        GatewayPayout.amount, GatewayPayout.lines_amount, GatewayPayout.lines_count, GatewayPayout.arrived_amount,
        GatewayPayout.arrived_at, GatewayPayout.status, GatewayPayout.is_demo, line.label("line"),
    )  # fmt: skip
    return PAYOUTS.open(args, "/office/payments/payouts", statement)


@dataclass(frozen=True, slots=True)
class Sums:
    """What one provider's lines add up to, in đồng: how many, how many of them do not match, and what lies there now."""

    provider: str
    since: date
    count: int
    open: int
    taken: int
    given: int
    disputed: int
    fees: int
    paid_out: int
    balance: int


def sums() -> list[Sums]:
    """Each provider's balance as its lines tell it."""
    amount, kind = GatewayLine.amount, GatewayLine.kind

    def of(*kinds: str) -> Any:
        return func.coalesce(func.sum(amount).filter(kind.in_(kinds)), 0)

    rows = session().execute(
        select(
            GatewayLine.provider, func.min(GatewayLine.at), func.count(),
            func.count(GatewayLine.id).filter(GatewayLine.matched_at.is_(None)), of("charge"), of("refund", "refund_back"),
            of("dispute"), func.sum(GatewayLine.fee_amount) - of("fee"), of("payout"), func.sum(GatewayLine.net_amount),
        )
        .where(GatewayLine.currency == "vnd")
        .group_by(GatewayLine.provider)
        .order_by(GatewayLine.provider)
    )  # fmt: skip
    return [Sums(row[0], clock.business_day(row[1]), *(int(n) for n in row[2:])) for row in rows]
