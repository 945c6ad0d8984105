"""Payments in whole đồng; a payment is captured only on evidence (a provider's verified word, or a person's with his name)."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.accounts.models import User
from shop.kernel.db import Amount, Base, EnumText, Id, Instant, Json, LongText, Str20, Str40, Str80, Str255, one_of
from shop.kernel.errors import N_
from shop.orders.models import Order, PaymentMethod


class PaymentState(StrEnum):
    """`held`: money has come that is not the agreed amount; it is no payment until a person decides."""

    PENDING = "pending"
    CAPTURED = "captured"
    HELD = "held"
    FAILED = "failed"
    CANCELLED = "cancelled"


PAYMENT_STATE_NAMES = {
    PaymentState.PENDING: N_("Chờ tiền về"),
    PaymentState.CAPTURED: N_("Đã thu"),
    PaymentState.HELD: N_("Lệch, chờ xử lý"),
    PaymentState.FAILED: N_("Không thành công"),
    PaymentState.CANCELLED: N_("Đã đóng"),
}


class Payment(Base):
    """One way an order is (to be) paid. `code` is the short ASCII code of a bank transfer's memo.

    `captured_amount` is the sum of its receipts: what has come, whether or not it is what was agreed.
    """

    __tablename__ = "payments"
    __table_args__ = (
        one_of("state", PaymentState),
        one_of("method", PaymentMethod),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("captured_amount >= 0 AND refunded_amount >= 0", name="amounts_whole"),
        CheckConstraint("refunded_amount <= captured_amount", name="refunds_within_captured"),
        UniqueConstraint("provider", "provider_reference"),
        Index("ix_payments_order", "order_id"),
        Index("ix_payments_state", "state", "expires_at"),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey(Order.id))
    method: Mapped[PaymentMethod] = mapped_column(EnumText(PaymentMethod))
    provider: Mapped[Str20]
    state: Mapped[PaymentState] = mapped_column(EnumText(PaymentState))
    amount: Mapped[Amount]
    captured_amount: Mapped[Amount] = mapped_column(default=0)
    # Refunds asked for and not failed: never more than was captured.
    refunded_amount: Mapped[Amount] = mapped_column(default=0)
    # What was agreed to beside the sum by a person: above zero that much less is enough, below zero that much more is kept.
    # `amount` is without it, so the order's whole is amount + waived_amount.
    waived_amount: Mapped[Amount] = mapped_column(server_default="0")
    # Taken back by the buyers' bank and not returned: what disputes hold now.
    disputed_amount: Mapped[Amount] = mapped_column(server_default="0")
    code: Mapped[Str40 | None] = mapped_column(unique=True)
    provider_reference: Mapped[Str255 | None]
    # The provider's payment (Stripe PaymentIntent), once known; refunds name it.
    provider_payment: Mapped[Str255 | None] = mapped_column(index=True)
    redirect_url: Mapped[LongText | None]
    # What the provider is being asked for: a second try asks the same under the same idempotency key. Forgotten once it has
    # answered, because it holds the secret of the order's link.
    asked: Mapped[dict[str, Any] | None] = mapped_column(Json)
    # What lets us believe in the money: `event:<id>` or `api:<id>` of a provider, `user:<id>` of a person.
    evidence: Mapped[Str255 | None]
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant | None]
    looked_at: Mapped[Instant | None]
    # Who looks for a transfer that has not come.
    owner_id: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    captured_at: Mapped[Instant | None]

    order: Mapped[Order] = relationship()

    @property
    def left(self) -> int:
        """What has come and is not asked back, in đồng."""
        return self.captured_amount - self.refunded_amount


class PaymentReceipt(Base):
    """One arrival of money. `reference` is the provider's or the bank's own, so that nothing is credited twice.

    What was written for the wrong payment is taken back by a row of its own, which names it in `reverses_id` and carries the
    same amount below zero.
    """

    __tablename__ = "payment_receipts"
    __table_args__ = (
        CheckConstraint("(amount > 0) = (reverses_id IS NULL) AND amount <> 0", name="amount_sign"),
        UniqueConstraint("provider", "reference"),
        Index("ix_payment_receipts_payment", "payment_id"),
    )

    id: Mapped[Id]
    payment_id: Mapped[int] = mapped_column(ForeignKey(Payment.id))
    provider: Mapped[Str20]
    reference: Mapped[Str255]
    amount: Mapped[Amount]
    evidence: Mapped[Str255]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    at: Mapped[Instant]
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("payment_receipts.id"), unique=True)


class RefundState(StrEnum):
    """`waiting`: set aside, but a second person has not agreed yet, so nothing is sent."""

    WAITING = "waiting"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


REFUND_STATE_NAMES = {
    RefundState.WAITING: N_("Chờ người thứ hai duyệt"),
    RefundState.PENDING: N_("Đang hoàn"),
    RefundState.SUCCEEDED: N_("Đã hoàn"),
    RefundState.FAILED: N_("Không hoàn được"),
}


# Set aside and not gone yet.
REFUND_LIVE = (RefundState.WAITING, RefundState.PENDING)


class Refund(Base):
    """Money going back the way it came, or by transfer to the account of `to_…`. `provider_reference` is the provider's, or
    the bank's for a refund by hand. One that `needs_second` is sent once another person than its actor has agreed."""

    __tablename__ = "refunds"
    __table_args__ = (
        one_of("state", RefundState),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint(
            "(to_account IS NULL) = (to_bank IS NULL) AND (to_account IS NULL) = (to_holder IS NULL)",
            name="goes_somewhere",
        ),
        CheckConstraint(
            "NOT needs_second OR state IN ('waiting', 'failed') OR agreed_by IS NOT NULL", name="two_people"
        ),
        CheckConstraint("agreed_by IS NULL OR agreed_by <> actor_key", name="another_person"),
        CheckConstraint("state <> 'waiting' OR needs_second", name="waits_for_somebody"),
        UniqueConstraint("provider_reference"),
        Index("ix_refunds_payment", "payment_id"),
        Index("ix_refunds_state", "state", "id"),
    )

    id: Mapped[Id]
    payment_id: Mapped[int] = mapped_column(ForeignKey(Payment.id))
    amount: Mapped[Amount]
    state: Mapped[RefundState] = mapped_column(EnumText(RefundState))
    reason: Mapped[LongText]
    op_key: Mapped[Str80] = mapped_column(unique=True)
    provider_reference: Mapped[Str255 | None]
    # The bank's number, account and name it goes to, where it does not go back the way it came.
    to_bank: Mapped[Str20 | None]
    to_account: Mapped[Str40 | None]
    to_holder: Mapped[Str255 | None]
    needs_second: Mapped[bool] = mapped_column(default=False, server_default=false())
    agreed_by: Mapped[Str40 | None]
    agreed_label: Mapped[Str255 | None]
    agreed_at: Mapped[Instant | None]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    created_at: Mapped[Instant]
    done_at: Mapped[Instant | None]
    last_error: Mapped[LongText | None]
    # Who works on one that waits for people.
    owner_id: Mapped[int | None] = mapped_column(ForeignKey(User.id))

    payment: Mapped[Payment] = relationship()

    @property
    def told(self) -> str:
        """What names this success beside another one of the same refund, for letters; empty while it has not gone back."""
        if self.state is not RefundState.SUCCEEDED or self.done_at is None:
            return ""
        return f"{self.done_at:%Y%m%d%H%M%S%f}"


class ProviderEvent(Base):
    """What a provider told us, kept once: a webhook whose signature held, or the answer to a question of ours."""

    __tablename__ = "provider_events"
    __table_args__ = (UniqueConstraint("provider", "event_id"), Index("ix_provider_events_open", "applied_at", "id"))

    id: Mapped[Id]
    provider: Mapped[Str20]
    event_id: Mapped[Str255]
    kind: Mapped[Str80]
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    received_at: Mapped[Instant]
    applied_at: Mapped[Instant | None]
    outcome: Mapped[Str80 | None]


class PaymentIssue(Base):
    """Money that a person must look at; `key` names the case, so that it is opened once."""

    __tablename__ = "payment_issues"
    __table_args__ = (Index("ix_payment_issues_open", "closed_at", "id"),)

    id: Mapped[Id]
    kind: Mapped[Str40]
    payment_id: Mapped[int | None] = mapped_column(ForeignKey(Payment.id))
    key: Mapped[Str255] = mapped_column(unique=True)
    detail: Mapped[dict[str, Any]] = mapped_column(Json)
    opened_at: Mapped[Instant]
    # Until when somebody must have decided; what happens then is the business of whoever opened the case.
    due_at: Mapped[Instant | None]
    # Who works on it.
    owner_id: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    closed_at: Mapped[Instant | None]
    closed_by: Mapped[Str40 | None]
    resolution: Mapped[LongText | None]

    payment: Mapped[Payment | None] = relationship()


class DisputeState(StrEnum):
    """`open` waits for our papers, `review` for the bank's word; `closed` is an inquiry that took no money."""

    OPEN = "open"
    REVIEW = "review"
    WON = "won"
    LOST = "lost"
    CLOSED = "closed"


DISPUTE_STATE_NAMES = {
    DisputeState.OPEN: N_("Chờ cửa hàng trả lời"),
    DisputeState.REVIEW: N_("Ngân hàng đang xem"),
    DisputeState.WON: N_("Cửa hàng thắng"),
    DisputeState.LOST: N_("Cửa hàng thua"),
    DisputeState.CLOSED: N_("Đã khép lại"),
}
DISPUTE_LIVE = (DisputeState.OPEN, DisputeState.REVIEW)


class Dispute(Base):
    """A buyer's bank takes a card payment back, or (`is_inquiry`) asks before it does. Whole đồng.

    `withdrawn_amount` is what its moves have taken and not brought back. `words` are the answers that stand beside the papers.
    """

    __tablename__ = "payment_disputes"
    __table_args__ = (
        one_of("state", DisputeState),
        CheckConstraint("amount > 0", name="amount_positive"),
        UniqueConstraint("provider", "provider_reference"),
        Index("ix_payment_disputes_payment", "payment_id"),
        Index("ix_payment_disputes_state", "state", "due_at"),
    )

    id: Mapped[Id]
    payment_id: Mapped[int] = mapped_column(ForeignKey(Payment.id))
    provider: Mapped[Str20]
    provider_reference: Mapped[Str255]
    state: Mapped[DisputeState] = mapped_column(EnumText(DisputeState))
    is_inquiry: Mapped[bool]
    reason: Mapped[Str80]
    amount: Mapped[Amount]
    withdrawn_amount: Mapped[Amount] = mapped_column(default=0)
    fee_amount: Mapped[Amount] = mapped_column(default=0)
    opened_at: Mapped[Instant]
    due_at: Mapped[Instant | None]
    words: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    # Asked to be sent (or given up), not taken by the provider yet; then taken.
    sending_at: Mapped[Instant | None]
    sent_at: Mapped[Instant | None]
    sent_by: Mapped[Str255 | None]
    last_error: Mapped[LongText | None]
    closed_at: Mapped[Instant | None]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey(User.id))

    payment: Mapped[Payment] = relationship()
    moves: Mapped[list[DisputeMove]] = relationship(order_by="DisputeMove.id")
    papers: Mapped[list[DisputePaper]] = relationship(order_by="DisputePaper.id")


class DisputeMove(Base):
    """One movement of a dispute's money by the provider's own line: below zero taken from us, above it brought back."""

    __tablename__ = "payment_dispute_moves"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount_moves"),
        UniqueConstraint("provider", "reference"),
        Index("ix_payment_dispute_moves_dispute", "dispute_id"),
    )

    id: Mapped[Id]
    dispute_id: Mapped[int] = mapped_column(ForeignKey(Dispute.id))
    provider: Mapped[Str20]
    reference: Mapped[Str255]
    amount: Mapped[Amount]
    # What the provider charges for it; below zero when it gives that back.
    fee_amount: Mapped[Amount]
    evidence: Mapped[Str255]
    at: Mapped[Instant]


class PaperKind(StrEnum):
    """What a paper proves, in the words that the provider has for it."""

    SHIPPING = "shipping_documentation"
    RECEIPT = "receipt"
    TALK = "customer_communication"
    POLICY = "refund_policy"
    SERVICE = "service_documentation"
    OTHER = "uncategorized_file"


PAPER_KIND_NAMES = {
    PaperKind.SHIPPING: N_("Vận đơn, biên bản giao hàng"),
    PaperKind.RECEIPT: N_("Hóa đơn, biên nhận"),
    PaperKind.TALK: N_("Trao đổi với khách"),
    PaperKind.POLICY: N_("Chính sách đổi trả"),
    PaperKind.SERVICE: N_("Giấy tờ về hàng hóa"),
    PaperKind.OTHER: N_("Giấy tờ khác"),
}


class DisputePaper(Base):
    """A paper for a dispute, one of each kind, as the provider takes them; a private file."""

    __tablename__ = "payment_dispute_papers"
    __table_args__ = (one_of("kind", PaperKind), UniqueConstraint("dispute_id", "kind"))

    id: Mapped[Id]
    dispute_id: Mapped[int] = mapped_column(ForeignKey(Dispute.id))
    kind: Mapped[PaperKind] = mapped_column(EnumText(PaperKind))
    file_key: Mapped[Str255]
    # The provider's name of it, once it has it.
    provider_file: Mapped[Str255 | None]
    added_by: Mapped[Str255]
    added_at: Mapped[Instant]


class LineKind(StrEnum):
    """What a line of the provider's balance is."""

    CHARGE = "charge"
    REFUND = "refund"
    REFUND_BACK = "refund_back"
    DISPUTE = "dispute"
    FEE = "fee"
    PAYOUT = "payout"
    OTHER = "other"


LINE_KIND_NAMES = {
    LineKind.CHARGE: N_("Tiền thu"),
    LineKind.REFUND: N_("Hoàn tiền"),
    LineKind.REFUND_BACK: N_("Tiền hoàn bị trả lại"),
    LineKind.DISPUTE: N_("Khiếu nại thẻ"),
    LineKind.FEE: N_("Phí"),
    LineKind.PAYOUT: N_("Chuyển về ngân hàng"),
    LineKind.OTHER: N_("Khác"),
}


class GatewayLine(Base):
    """One line of a provider's balance, kept once by its own number. net = amount − fee.

    `matched_at`: our books say the same; until then the case stands in `payment_issues` under `line:<provider>:<reference>`.
    """

    __tablename__ = "payment_gateway_lines"
    __table_args__ = (
        one_of("kind", LineKind),
        CheckConstraint("net_amount = amount - fee_amount", name="net_adds_up"),
        UniqueConstraint("provider", "reference"),
        Index("ix_payment_gateway_lines_at", "provider", "at"),
        Index("ix_payment_gateway_lines_source", "provider", "source"),
        Index("ix_payment_gateway_lines_open", "matched_at", "id"),
    )

    id: Mapped[Id]
    provider: Mapped[Str20]
    reference: Mapped[Str255]
    kind: Mapped[LineKind] = mapped_column(EnumText(LineKind))
    amount: Mapped[Amount]
    fee_amount: Mapped[Amount]
    net_amount: Mapped[Amount]
    currency: Mapped[Str20]
    # The provider's name of what caused it, and of the payment behind that.
    source: Mapped[Str255 | None]
    provider_payment: Mapped[Str255 | None]
    payment_id: Mapped[int | None] = mapped_column(ForeignKey(Payment.id), index=True)
    at: Mapped[Instant]
    seen_at: Mapped[Instant]
    matched_at: Mapped[Instant | None]

    payment: Mapped[Payment | None] = relationship()


class PayoutStatus(StrEnum):
    """What a provider says of money it sends to our bank, in its own words."""

    PENDING = "pending"
    IN_TRANSIT = "in_transit"
    PAID = "paid"
    FAILED = "failed"
    CANCELED = "canceled"


PAYOUT_STATUS_NAMES = {
    PayoutStatus.PENDING: N_("Cổng chưa chuyển"),
    PayoutStatus.IN_TRANSIT: N_("Đang trên đường"),
    PayoutStatus.PAID: N_("Cổng báo đã chuyển"),
    PayoutStatus.FAILED: N_("Không chuyển được"),
    PayoutStatus.CANCELED: N_("Cổng đã hủy"),
}
PAYOUT_GONE = (PayoutStatus.FAILED, PayoutStatus.CANCELED)


class GatewayPayout(Base):
    """Money that a provider sends from its balance to our bank. `amount` đồng left there; `lines_amount` is what the lines come
    to that it says the payout is made of (null: it does not say); `arrived_amount` is what lines of the bank have shown."""

    __tablename__ = "payment_gateway_payouts"
    __table_args__ = (
        one_of("status", PayoutStatus),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("arrived_amount BETWEEN 0 AND amount", name="arrived_within"),
        UniqueConstraint("provider", "reference"),
        Index("ix_payment_gateway_payouts_due", "status", "due_on"),
    )

    id: Mapped[Id]
    provider: Mapped[Str20]
    reference: Mapped[Str80]
    status: Mapped[PayoutStatus] = mapped_column(EnumText(PayoutStatus))
    amount: Mapped[Amount]
    lines_amount: Mapped[Amount | None]
    lines_count: Mapped[int] = mapped_column(default=0)
    arrived_amount: Mapped[Amount] = mapped_column(default=0)
    # What its line at the bank is said to show.
    words: Mapped[Str255]
    sent_at: Mapped[Instant]
    due_on: Mapped[date] = mapped_column(Date)
    seen_at: Mapped[Instant]
    arrived_at: Mapped[Instant | None]
    is_demo: Mapped[bool] = mapped_column(default=False)

    arrivals: Mapped[list[PayoutArrival]] = relationship(order_by="PayoutArrival.id")


class PayoutArrival(Base):
    """A line of the bank that shows a payout coming. Append-only: what was wrong is taken back by a row below zero."""

    __tablename__ = "payment_payout_arrivals"
    __table_args__ = (
        CheckConstraint("(amount > 0) = (reverses_id IS NULL) AND amount <> 0", name="amount_sign"),
        Index("ix_payment_payout_arrivals_payout", "payout_id"),
    )

    id: Mapped[Id]
    payout_id: Mapped[int] = mapped_column(ForeignKey(GatewayPayout.id))
    amount: Mapped[Amount]
    # The bank's line.
    source: Mapped[Str80]
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("payment_payout_arrivals.id"), unique=True)
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    at: Mapped[Instant]
