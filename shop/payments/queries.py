"""Reads about money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select
from sqlalchemy.orm import selectinload

from shop.accounts.models import User
from shop.kernel import clock, tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.kernel.reading import Reading
from shop.orders.models import PAYMENT_METHOD_NAMES, Order, PaymentMethod
from shop.payments import gateway, memo, vietqr
from shop.payments.gateways.vietqr import BankTransfer
from shop.payments.models import (
    PAYMENT_STATE_NAMES,
    REFUND_LIVE,
    REFUND_STATE_NAMES,
    Dispute,
    DisputeState,
    Payment,
    PaymentIssue,
    PaymentReceipt,
    PaymentState,
    Refund,
    RefundState,
)

# --- for buyers --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TransferFacts:
    """What a buyer needs for a transfer. `amount` is what is still missing, in đồng; `payload` is the text of the QR code."""

    payment_id: int
    bank: str
    account: str
    holder: str | None
    amount: int
    code: str
    payload: str
    expires_at: datetime | None


_TRANSFER = Reading(
    select(
        Payment.id, Payment.provider, Payment.code, Payment.expires_at,
        (Payment.amount - Payment.captured_amount + Payment.refunded_amount).label("missing"),
    )
    .where(
        Payment.order_id == bindparam("order_id"),
        Payment.method == PaymentMethod.VIETQR,
        or_(Payment.state == PaymentState.PENDING, Payment.state == PaymentState.HELD),
    )
    .order_by(Payment.id.desc())
)  # fmt: skip


@lru_cache(maxsize=1024)
def _payload(bank_bin: str, account: str, amount: int, code: str) -> str:
    """The text of a QR code; the same transfer is asked for each time its order is looked at."""
    return vietqr.payload(vietqr.Transfer(bank_bin, account, amount, code))


def transfer_of(order_id: int, *, less: int = 0) -> TransferFacts | None:
    """How to pay an order by transfer; None if nothing is to be transferred for it (any more). `less` đồng of what its books
    lack have been seen at the bank. One statement."""
    rows: list[Any] = _TRANSFER.rows(order_id=order_id)
    if not rows:
        return None
    payment_id, provider, code, expires_at, missing = rows[0]
    missing -= less
    way = gateway.offered().get(provider)
    if not isinstance(way, BankTransfer) or not code or missing <= 0:
        return None
    return TransferFacts(
        payment_id, vietqr.bank_name(way.bank_bin), way.account, way.holder, missing, code,
        _payload(way.bank_bin, way.account, missing, code), expires_at,
    )  # fmt: skip


_GOING = (
    select(func.coalesce(func.sum(Refund.amount), 0))
    .where(Refund.payment_id == Payment.id, or_(*[Refund.state == state for state in REFUND_LIVE]))
    .correlate(Payment)
    .scalar_subquery()
)
_AWAITED = Reading(
    select(Payment.amount, Payment.captured_amount, Payment.refunded_amount, _GOING.label("going")).where(
        Payment.order_id == bindparam("order_id"),
        Payment.method == PaymentMethod.VIETQR,
        or_(Payment.state == PaymentState.PENDING, Payment.state == PaymentState.HELD),
    )
)


def awaited_of(order_id: int) -> list[tuple[int, int, int, int]]:
    """Of each transfer that an order waits for: what it is due, what came, what was asked back of that, what of it has not gone
    yet, in đồng. One statement."""
    return [(int(a), int(b), int(c), int(d)) for a, b, c, d in _AWAITED.rows(order_id=order_id)]


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A payment as order pages show it. Amounts in đồng; `refunding_amount` is asked for and has not gone yet."""

    id: int
    method: PaymentMethod
    state: PaymentState
    amount: int
    captured_amount: int
    refunded_amount: int
    refunding_amount: int
    code: str | None
    expires_at: datetime | None
    captured_at: datetime | None


def payments_of(order_id: int) -> list[PaymentView]:
    """The payments of an order, first to last."""
    rows = session().execute(select(Payment, _GOING).where(Payment.order_id == order_id).order_by(Payment.id))
    return [
        PaymentView(
            p.id,
            p.method,
            p.state,
            p.amount,
            p.captured_amount,
            p.refunded_amount,
            int(refunding),
            p.code,
            p.expires_at,
            p.captured_at,
        )
        for p, refunding in rows
    ]


# --- for staff ---------------------------------------------------------------------------------------------------

ISSUE_NAMES = {
    "wrong_amount": N_("Số tiền lệch"),
    "wrong_currency": N_("Sai loại tiền hoặc không đọc được số tiền"),
    "bank_differs": N_("Ngân hàng báo lại một giao dịch với số tiền khác"),
    "paid_again": N_("Trả thêm lần nữa"),
    "paid_twice": N_("Đơn được trả bằng hai cách"),
    "unknown_payment": N_("Tiền về nhưng không rõ của đơn nào"),
    "refund_failed": N_("Hoàn tiền không thành công"),
    "refund_differs": N_("Khoản hoàn khác với sổ"),
    "refund_beyond": N_("Hoàn quá số đã thu"),
    "no_goods": N_("Đã trả tiền nhưng hết hàng"),
    "unknown_dispute": N_("Khiếu nại thẻ không rõ của đơn nào"),
    "gateway_line": N_("Sổ của cổng thanh toán khác sổ của cửa hàng"),
    "gateway_payout": N_("Cổng thanh toán báo đã chuyển về ngân hàng: hãy xem sao kê"),
    "payout_late": N_("Tiền cổng chuyển về quá hạn mà sao kê chưa có"),
    "payout_failed": N_("Cổng báo không chuyển được tiền về ngân hàng"),
    "payout_differs": N_("Khoản cổng chuyển về khác với các dòng của nó"),
    "not_at_gateway": N_("Có trong sổ của cửa hàng, không có ở cổng thanh toán"),
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many cases wait for staff."""

    transfers: int
    issues: int
    refunds: int
    disputes: int


def by_hand_providers() -> list[str]:
    """The names of the ways whose money people record."""
    return gateway.by_hand_names()


def waiting() -> Waiting:
    """Open transfers, open cases, refunds that people must make."""
    s = session()
    transfers = select(func.count()).where(
        Payment.method == PaymentMethod.VIETQR, Payment.state == PaymentState.PENDING
    )
    issues = select(func.count()).where(PaymentIssue.closed_at.is_(None))
    refunds = (
        select(func.count())
        .select_from(Refund)
        .join(Payment)
        .where(
            or_(
                Refund.state == RefundState.WAITING,
                and_(
                    Refund.state == RefundState.PENDING,
                    or_(Payment.provider.in_(by_hand_providers()), Refund.to_account.is_not(None)),
                ),
            )
        )
    )
    disputes = select(func.count()).select_from(Dispute).where(Dispute.state == DisputeState.OPEN)
    return Waiting(*(int(s.scalar(q) or 0) for q in (transfers, issues, refunds, disputes)))


def _search(q: str) -> Any:
    """Order reference, memo (as a bank gives it), provider's or bank's number."""
    raw = q.strip()
    return or_(
        Order.reference == text.normal_reference(raw),
        Payment.code.in_(memo.codes_in(raw)),
        Payment.provider_reference == raw,
        Payment.provider_payment == raw,
        select(PaymentReceipt.id)
        .where(PaymentReceipt.payment_id == Payment.id, PaymentReceipt.reference.in_([raw, raw.upper()]))
        .exists(),
    )


def _names(names: Mapping[Any, str]) -> list[tuple[str, str]]:
    return [(str(key), label) for key, label in names.items()]


def _since(days: str) -> Any:
    return Payment.created_at >= clock.start_of(clock.today() - timedelta(days=int(days)))


PAYMENTS = tables.Table(
    name="payments",
    columns=(
        tables.Column("reference", N_("Mã đơn"), sort=(Order.reference,)),
        tables.Column("created_at", N_("Lập lúc"), sort=(Payment.created_at,)),
        tables.Column("method", N_("Cách trả"), sort=(Payment.method,)),
        tables.Column("state", N_("Trạng thái"), sort=(Payment.state,)),
        tables.Column("amount", N_("Phải thu"), "num", sort=(Payment.amount,)),
        tables.Column("captured_amount", N_("Đã nhận"), "num", sort=(Payment.captured_amount,)),
        tables.Column("refunded_amount", N_("Hoàn"), "num", sort=(Payment.refunded_amount,)),
        tables.Column("captured_at", N_("Nhận lúc"), sort=(Payment.captured_at,)),
        tables.Column("code", N_("Nội dung chuyển khoản"), on_page=False),
        tables.Column("provider_payment", N_("Mã của cổng thanh toán"), on_page=False),
    ),
    order="-created_at",
    tie=Payment.id,
    filters=(
        tables.Filter("method", N_("Cách trả"), lambda v: Payment.method == v, _names(PAYMENT_METHOD_NAMES)),
        tables.Filter("state", N_("Trạng thái"), lambda v: Payment.state == v, _names(PAYMENT_STATE_NAMES)),
        tables.Filter(
            "days",
            N_("Trong"),
            _since,
            [("0", N_("hôm nay")), ("7", N_("7 ngày")), ("30", N_("30 ngày")), ("365", N_("một năm"))],
        ),
    ),
    search=_search,
)

_PAYMENT_ROW: tuple[Any, ...] = (
    Payment.id,
    Order.reference,
    Payment.created_at,
    Payment.method,
    Payment.state,
    Payment.amount,
    Payment.captured_amount,
    Payment.refunded_amount,
    Payment.captured_at,
    Payment.code,
    Payment.expires_at,
    Payment.provider_payment,
    Order.name,
    Order.phone,
)


def payments(args: Mapping[str, str]) -> tables.View:
    """All payments."""
    statement = select(*_PAYMENT_ROW).join(Order, Order.id == Payment.order_id)
    return PAYMENTS.open(args, "/office/payments", statement)


TRANSFERS = tables.Table(
    name="transfers",
    columns=(
        tables.Column("code", N_("Nội dung chuyển khoản"), sort=(Payment.code,)),
        tables.Column("reference", N_("Mã đơn"), sort=(Order.reference,)),
        tables.Column("name", N_("Người mua"), sort=(Order.name,)),
        tables.Column("amount", N_("Số tiền"), "num", sort=(Payment.amount,)),
        tables.Column("created_at", N_("Đã chờ"), sort=(Payment.created_at,)),
        tables.Column("expires_at", N_("Hạn trả"), sort=(Payment.expires_at,)),
        tables.Column("owner", N_("Người xử lý"), sort=(User.name,)),
        tables.Column("do", "", "do", in_export=False),
    ),
    order="expires_at",
    tie=Payment.id,
    filters=(
        tables.Filter(
            "late",
            N_("Hạn trả"),
            lambda v: Payment.expires_at < clock.now() if v == "1" else Payment.expires_at >= clock.now(),
            [("0", N_("còn hạn")), ("1", N_("quá hạn"))],
        ),
    ),
    search=_search,
)


def transfers(args: Mapping[str, str]) -> tables.View:
    """Transfers that wait, and those of the last days whose order was given up: their money may still come."""
    recent = clock.now() - timedelta(days=14)
    statement = (
        select(*_PAYMENT_ROW, Payment.owner_id, User.name.label("owner"))
        .join(Order, Order.id == Payment.order_id)
        .outerjoin(User, User.id == Payment.owner_id)
        .where(
            Payment.method == PaymentMethod.VIETQR,
            or_(
                Payment.state.in_([PaymentState.PENDING, PaymentState.HELD]),
                and_(Payment.state == PaymentState.CANCELLED, Payment.created_at >= recent),
            ),
            Payment.amount > Payment.captured_amount - Payment.refunded_amount,
        )
    )
    return TRANSFERS.open(args, "/office/payments/transfers", statement)


ISSUES = tables.Table(
    name="payment-issues",
    columns=(
        tables.Column("kind", N_("Việc"), sort=(PaymentIssue.kind,)),
        tables.Column("reference", N_("Mã đơn"), sort=(Order.reference,)),
        tables.Column("opened_at", N_("Từ lúc"), sort=(PaymentIssue.opened_at,)),
        tables.Column("due_at", N_("Hạn"), sort=(PaymentIssue.due_at,)),
        tables.Column("owner", N_("Người xử lý"), sort=(User.name,)),
        tables.Column("detail", N_("Chi tiết"), value=lambda row: issue_detail(row.detail)),
        tables.Column("closed_at", N_("Xong lúc"), sort=(PaymentIssue.closed_at,)),
        tables.Column("resolution", N_("Cách xử lý")),
        tables.Column("do", "", "do", in_export=False),
    ),
    order="opened_at",
    tie=PaymentIssue.id,
    filters=(
        tables.Filter(
            "open",
            N_("Trạng thái"),
            lambda v: PaymentIssue.closed_at.is_(None) if v == "1" else PaymentIssue.closed_at.is_not(None),
            [("1", N_("đang mở")), ("0", N_("đã xong"))],
        ),
        tables.Filter("kind", N_("Việc"), lambda v: PaymentIssue.kind == v, _names(ISSUE_NAMES)),
        tables.Filter(
            "owner",
            N_("Người xử lý"),
            lambda v: PaymentIssue.owner_id.is_(None) if v == "0" else PaymentIssue.owner_id.is_not(None),
            [("0", N_("chưa ai nhận")), ("1", N_("đã có người nhận"))],
        ),
    ),
)


def issue_detail(detail: Mapping[str, Any]) -> str:
    """What is known of a case, as `name: value` pairs."""
    return "; ".join(f"{name}: {value}" for name, value in detail.items() if value is not None)


def has_issue(issue_id: int) -> bool:
    """Whether there is such a case, closed or not."""
    return session().get(PaymentIssue, issue_id) is not None


def issues(args: Mapping[str, str]) -> tables.View:
    """Cases for people; the open ones unless the address says otherwise."""
    if "open" not in args:
        args = {**args, "open": "1"}
    statement = (
        select(
            PaymentIssue.id,
            PaymentIssue.kind,
            PaymentIssue.payment_id,
            PaymentIssue.detail,
            PaymentIssue.opened_at,
            PaymentIssue.due_at,
            PaymentIssue.owner_id,
            User.name.label("owner"),
            PaymentIssue.closed_at,
            PaymentIssue.closed_by,
            PaymentIssue.resolution,
            Order.reference,
            Order.status.label("order_status"),
            Payment.state,
            Payment.amount,
            Payment.captured_amount,
            Payment.refunded_amount,
            Payment.waived_amount,
        )
        .outerjoin(Payment, Payment.id == PaymentIssue.payment_id)
        .outerjoin(Order, Order.id == Payment.order_id)
        .outerjoin(User, User.id == PaymentIssue.owner_id)
    )
    return ISSUES.open(args, "/office/payments/issues", statement)


REFUNDS = tables.Table(
    name="refunds",
    columns=(
        tables.Column("reference", N_("Mã đơn"), sort=(Order.reference,)),
        tables.Column("created_at", N_("Yêu cầu lúc"), sort=(Refund.created_at,)),
        tables.Column("method", N_("Cách trả"), on_page=False),
        tables.Column("amount", N_("Số tiền"), "num", sort=(Refund.amount,)),
        tables.Column("state", N_("Trạng thái"), sort=(Refund.state,)),
        tables.Column("reason", N_("Lý do")),
        tables.Column("actor_label", N_("Người yêu cầu"), on_page=False),
        tables.Column("owner", N_("Người xử lý"), sort=(User.name,)),
        tables.Column("done_at", N_("Xong lúc"), on_page=False),
        tables.Column("do", "", "do", in_export=False),
    ),
    order="-created_at",
    tie=Refund.id,
    filters=(
        tables.Filter("state", N_("Trạng thái"), lambda v: Refund.state == v, _names(REFUND_STATE_NAMES)),
        tables.Filter(
            "owner",
            N_("Người xử lý"),
            lambda v: Refund.owner_id.is_(None) if v == "0" else Refund.owner_id.is_not(None),
            [("0", N_("chưa ai nhận")), ("1", N_("đã có người nhận"))],
        ),
        tables.Filter("method", N_("Cách trả"), lambda v: Payment.method == v, _names(PAYMENT_METHOD_NAMES)),
    ),
    search=_search,
)


_REFUND_ROW: tuple[Any, ...] = (
    Refund.id,
    Refund.payment_id,
    Order.reference,
    Refund.created_at,
    Payment.method,
    Payment.provider,
    Refund.amount,
    Refund.state,
    Refund.reason,
    Refund.actor_label,
    Refund.done_at,
    Refund.last_error,
    Refund.provider_reference,
    Refund.actor_key,
    Refund.to_bank,
    Refund.to_account,
    Refund.to_holder,
    Refund.agreed_label,
    Refund.owner_id,
    User.name.label("owner"),
)


def refunds(args: Mapping[str, str]) -> tables.View:
    """All refunds."""
    statement = (
        select(*_REFUND_ROW)
        .join(Payment, Payment.id == Refund.payment_id)
        .join(Order, Order.id == Payment.order_id)
        .outerjoin(User, User.id == Refund.owner_id)
    )
    return REFUNDS.open(args, "/office/payments/refunds", statement)


@dataclass(frozen=True, slots=True)
class PaymentFile:
    """All that is known of one payment."""

    payment: Payment
    order: Order
    receipts: list[PaymentReceipt]
    refunds: list[Refund]
    issues: list[PaymentIssue]
    disputes: list[Dispute]
    by_hand: bool

    @property
    def left_amount(self) -> int:
        """What could still be sent back, in đồng."""
        return max(0, self.payment.left - self.payment.disputed_amount)

    @property
    def missing_amount(self) -> int:
        """What is still to come, in đồng."""
        return max(0, self.payment.amount - self.payment.captured_amount + self.payment.refunded_amount)


def file_of(payment_id: int) -> PaymentFile:
    """Everything of one payment.

    Raises:
        NotFound: there is no such payment.
    """
    s = session()
    payment = s.scalar(select(Payment).where(Payment.id == payment_id).options(selectinload(Payment.order)))
    if payment is None:
        raise NotFound
    return PaymentFile(
        payment,
        payment.order,
        list(
            s.scalars(select(PaymentReceipt).where(PaymentReceipt.payment_id == payment_id).order_by(PaymentReceipt.id))
        ),
        list(s.scalars(select(Refund).where(Refund.payment_id == payment_id).order_by(Refund.id))),
        list(s.scalars(select(PaymentIssue).where(PaymentIssue.payment_id == payment_id).order_by(PaymentIssue.id))),
        list(s.scalars(select(Dispute).where(Dispute.payment_id == payment_id).order_by(Dispute.id))),
        payment.provider in by_hand_providers(),
    )
