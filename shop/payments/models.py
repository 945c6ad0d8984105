"""Payments in whole đồng; a payment is captured only on evidence (a provider's verified word, or a person's with his name)."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

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
    captured_at: Mapped[Instant | None]

    order: Mapped[Order] = relationship()


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
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


REFUND_STATE_NAMES = {
    RefundState.PENDING: N_("Đang hoàn"),
    RefundState.SUCCEEDED: N_("Đã hoàn"),
    RefundState.FAILED: N_("Không hoàn được"),
}


class Refund(Base):
    """Money going back the way it came. `provider_reference` is the provider's, or the bank's for a refund by hand."""

    __tablename__ = "refunds"
    __table_args__ = (
        one_of("state", RefundState),
        CheckConstraint("amount > 0", name="amount_positive"),
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
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    created_at: Mapped[Instant]
    done_at: Mapped[Instant | None]
    last_error: Mapped[LongText | None]

    payment: Mapped[Payment] = relationship()


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
    closed_at: Mapped[Instant | None]
    closed_by: Mapped[Str40 | None]
    resolution: Mapped[LongText | None]

    payment: Mapped[Payment | None] = relationship()
