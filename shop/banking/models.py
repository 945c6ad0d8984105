"""Accounts of the shop, what came of their statements and notices, and every line with what became of its money."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.kernel.db import (
    Amount,
    Base,
    EnumText,
    Id,
    Instant,
    Json,
    LongText,
    Str20,
    Str40,
    Str80,
    Str255,
    one_of,
)
from shop.kernel.errors import N_
from shop.payments.models import Payment, PaymentReceipt


class ShopAccount(Base):
    """An account of the shop at a bank. `mappings` remembers, by the words of a head, what its columns are."""

    __tablename__ = "shop_accounts"
    __table_args__ = (UniqueConstraint("bank_bin", "number"),)

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    bank_bin: Mapped[Str20]
    number: Mapped[Str40]
    holder: Mapped[Str255]
    mappings: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    created_at: Mapped[Instant]
    created_label: Mapped[Str255]
    is_demo: Mapped[bool] = mapped_column(default=False)


class FileState(StrEnum):
    """`matching`: a person says what the columns are. `tried`: every row is accounted for, nothing is written yet."""

    MATCHING = "matching"
    TRIED = "tried"
    APPLIED = "applied"
    DROPPED = "dropped"


FILE_STATE_NAMES = {
    FileState.MATCHING: N_("Chờ ghép cột"),
    FileState.TRIED: N_("Đã kiểm tra, chưa ghi"),
    FileState.APPLIED: N_("Đã ghi"),
    FileState.DROPPED: N_("Đã bỏ"),
}


class BankFile(Base):
    """A statement as it was sent. `columns` has the key (or null) of each column of `head`, `verdicts` how it is written."""

    __tablename__ = "bank_files"
    __table_args__ = (one_of("state", FileState), Index("ix_bank_files_account", "account_id", "id"))

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey(ShopAccount.id))
    state: Mapped[FileState] = mapped_column(EnumText(FileState))
    file_name: Mapped[Str255]
    file_key: Mapped[Str255]
    layout: Mapped[Str40 | None]
    sheet: Mapped[Str255]
    head_row: Mapped[int]
    head: Mapped[list[str]] = mapped_column(Json)
    samples: Mapped[list[list[str]]] = mapped_column(Json)
    columns: Mapped[list[str | None]] = mapped_column(Json)
    verdicts: Mapped[list[str]] = mapped_column(Json)
    counts: Mapped[dict[str, int]] = mapped_column(Json, default=dict)
    created_at: Mapped[Instant]
    created_key: Mapped[Str40]
    created_label: Mapped[Str255]
    applied_at: Mapped[Instant | None]
    applied_label: Mapped[Str255 | None]
    is_demo: Mapped[bool] = mapped_column(default=False)

    account: Mapped[ShopAccount] = relationship()


class Notice(Base):
    """What a service told us of an account, kept once under its own id; its signature held."""

    __tablename__ = "bank_notices"

    id: Mapped[Id]
    event_id: Mapped[Str255] = mapped_column(unique=True)
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    received_at: Mapped[Instant]
    outcome: Mapped[Str80]


class LineState(StrEnum):
    """Open lines wait in one of `Queue`; the others are accounted for to the last đồng."""

    OPEN = "open"
    CREDITED = "credited"
    CONFIRMED = "confirmed"
    ASIDE = "aside"


LINE_STATE_NAMES = {
    LineState.OPEN: N_("Chờ xử lý"),
    LineState.CREDITED: N_("Đã ghi vào đơn"),
    LineState.CONFIRMED: N_("Đã khớp khoản chi"),
    LineState.ASIDE: N_("Không thuộc đơn nào"),
}


class Queue(StrEnum):
    """Where an open line waits. `new` and `exact` are the machine's; the others are for people."""

    NEW = "new"
    EXACT = "exact"
    UNMATCHED = "unmatched"
    SEVERAL = "several"
    SHORT = "short"
    OVER = "over"
    REST = "rest"
    LATE = "late"
    AGAIN = "again"
    OUT = "out"
    REMITTED = "remitted"


QUEUE_NAMES = {
    Queue.NEW: N_("Chờ đối chiếu"),
    Queue.EXACT: N_("Khớp, đang ghi"),
    Queue.UNMATCHED: N_("Không rõ của đơn nào"),
    Queue.SEVERAL: N_("Có mã của nhiều đơn"),
    Queue.SHORT: N_("Chuyển thiếu"),
    Queue.OVER: N_("Chuyển thừa"),
    Queue.REST: N_("Phần dư chờ quyết định"),
    Queue.LATE: N_("Tiền đến muộn và lệch"),
    Queue.AGAIN: N_("Đơn đã trả rồi"),
    Queue.OUT: N_("Tiền ra chưa khớp"),
    Queue.REMITTED: N_("Khoản đang chờ về"),
}
FOR_PEOPLE = tuple(q for q in Queue if q not in {Queue.NEW, Queue.EXACT})


class BankLine(Base):
    """One line of an account: `amount` above zero came, below zero left. `handled_amount` is the sum of its allocations, so the
    rest of an open line is what still waits. `ordinal` counts the lines of one day, amount and memo. `version` grows with every
    act, so that of two people one is told. `hint` is the suggestion with its reasons.
    """

    __tablename__ = "bank_lines"
    __table_args__ = (
        one_of("state", LineState),
        CheckConstraint("amount <> 0", name="amount_moves"),
        CheckConstraint("handled_amount BETWEEN 0 AND abs(amount)", name="handled_within_amount"),
        CheckConstraint("(state = 'open') = (queue IS NOT NULL)", name="open_waits_somewhere"),
        CheckConstraint("(state <> 'open') = (handled_amount = abs(amount))", name="done_is_whole"),
        CheckConstraint("ordinal >= 1 AND version >= 0", name="counted"),
        UniqueConstraint("account_id", "bank_reference", "amount"),
        UniqueConstraint("account_id", "booked_on", "amount", "memo_key", "ordinal"),
        Index("ix_bank_lines_queue", "queue", "id"),
        Index("ix_bank_lines_booked", "booked_on", "id"),
        Index("ix_bank_lines_payer", "payer_account"),
        Index("ix_bank_lines_about", "about_id"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey(ShopAccount.id))
    bank_reference: Mapped[Str80 | None]
    booked_on: Mapped[date] = mapped_column(Date)
    amount: Mapped[Amount]
    memo: Mapped[LongText]
    memo_key: Mapped[Str40]
    ordinal: Mapped[int]
    payer_name: Mapped[Str255 | None]
    payer_account: Mapped[Str40 | None]
    # The payment whose code its memo holds, if it is one alone: known to the buyer's page before anybody has decided.
    about_id: Mapped[int | None] = mapped_column(ForeignKey(Payment.id))
    state: Mapped[LineState] = mapped_column(EnumText(LineState))
    queue: Mapped[Str20 | None]
    handled_amount: Mapped[Amount] = mapped_column(default=0)
    hint: Mapped[dict[str, Any] | None] = mapped_column(Json)
    taken_key: Mapped[Str40 | None]
    taken_label: Mapped[Str255 | None]
    taken_at: Mapped[Instant | None]
    version: Mapped[int] = mapped_column(default=0)
    file_id: Mapped[int | None] = mapped_column(ForeignKey(BankFile.id))
    notice_id: Mapped[int | None] = mapped_column(ForeignKey(Notice.id))
    seen_at: Mapped[Instant]
    is_demo: Mapped[bool] = mapped_column(default=False)

    account: Mapped[ShopAccount] = relationship()

    @property
    def rest_amount(self) -> int:
        """What is not accounted for yet, in đồng, whichever way the money went."""
        return abs(self.amount) - self.handled_amount


class RowOutcome(StrEnum):
    """What a row of a statement came to. `ignored`: no transaction, but a head, a balance or a sum."""

    NEW = "new"
    KNOWN = "known"
    REFUSED = "refused"
    IGNORED = "ignored"


ROW_OUTCOME_NAMES = {
    RowOutcome.NEW: N_("Dòng mới"),
    RowOutcome.KNOWN: N_("Đã có"),
    RowOutcome.REFUSED: N_("Bị từ chối"),
    RowOutcome.IGNORED: N_("Không phải giao dịch"),
}


class BankRow(Base):
    """A row of a statement as it was read, with what it came to and why; `line_id` once it is written or found again."""

    __tablename__ = "bank_file_rows"
    __table_args__ = (
        one_of("outcome", RowOutcome),
        UniqueConstraint("file_id", "number"),
        Index("ix_bank_file_rows_line", "line_id"),
    )

    id: Mapped[Id]
    file_id: Mapped[int] = mapped_column(ForeignKey(BankFile.id))
    number: Mapped[int]
    outcome: Mapped[RowOutcome] = mapped_column(EnumText(RowOutcome))
    why: Mapped[list[Any] | None] = mapped_column(Json)
    booked_on: Mapped[date | None] = mapped_column(Date)
    amount: Mapped[Amount | None]
    memo: Mapped[LongText | None]
    bank_reference: Mapped[Str80 | None]
    payer_name: Mapped[Str255 | None]
    payer_account: Mapped[Str40 | None]
    line_id: Mapped[int | None] = mapped_column(ForeignKey(BankLine.id))


class Use(StrEnum):
    """What a part of a line's money is: for an order's payment, more than it was due and on its way back, kept, no order's, for
    a batch of cash that was collected; or, of money that left, a refund or a payout that it confirms."""

    PAYMENT = "payment"
    RETURN = "return"
    KEPT = "kept"
    ASIDE = "aside"
    REFUND = "refund"
    PAYOUT = "payout"
    REMITTANCE = "remittance"


USE_NAMES = {
    Use.PAYMENT: N_("Ghi vào đơn"),
    Use.RETURN: N_("Hoàn lại người chuyển"),
    Use.KEPT: N_("Giữ lại"),
    Use.ASIDE: N_("Không thuộc đơn nào"),
    Use.REFUND: N_("Khoản hoàn đã chuyển"),
    Use.PAYOUT: N_("Khoản chi đã chuyển"),
    Use.REMITTANCE: N_("Khoản đang chờ về"),
}


class Category(StrEnum):
    """Why a line is no order's."""

    FEE = "fee"
    INTEREST = "interest"
    OWN = "own"
    COUNTER = "counter"
    TWICE = "twice"
    OTHER = "other"


CATEGORY_NAMES = {
    Category.FEE: N_("Phí ngân hàng"),
    Category.INTEREST: N_("Lãi tiền gửi"),
    Category.OWN: N_("Chuyển giữa các tài khoản của cửa hàng"),
    Category.COUNTER: N_("Khách trả tại quầy"),
    Category.TWICE: N_("Trùng với một dòng khác"),
    Category.OTHER: N_("Lý do khác"),
}


class Allocation(Base):
    """A part of a line's money. It is never deleted: a row with the same amount below zero takes it back (`reverses_id`).

    `receipt_id` is the receipt that it wrote; `adopted` says that a person had written it by hand before.
    """

    __tablename__ = "bank_allocations"
    __table_args__ = (
        one_of("use", Use),
        CheckConstraint("(amount > 0) = (reverses_id IS NULL) AND amount <> 0", name="amount_sign"),
        CheckConstraint(
            "(payment_id IS NOT NULL) = (use IN ('payment', 'return'))"
            " AND (receipt_id IS NOT NULL) = (use IN ('payment', 'return'))",
            name="money_of_an_order_has_its_receipt",
        ),
        Index("ix_bank_allocations_line", "line_id"),
        Index("ix_bank_allocations_payment", "payment_id"),
        Index("ix_bank_allocations_receipt", "receipt_id"),
    )

    id: Mapped[Id]
    line_id: Mapped[int] = mapped_column(ForeignKey(BankLine.id))
    use: Mapped[Use] = mapped_column(EnumText(Use))
    amount: Mapped[Amount]
    payment_id: Mapped[int | None] = mapped_column(ForeignKey(Payment.id))
    receipt_id: Mapped[int | None] = mapped_column(ForeignKey(PaymentReceipt.id))
    adopted: Mapped[bool] = mapped_column(default=False)
    target: Mapped[Str80 | None]
    category: Mapped[Str20 | None]
    note: Mapped[LongText | None]
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("bank_allocations.id"), unique=True)
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    at: Mapped[Instant]


class LineStep(Base):
    """The history of a line: `what` is one word (seen, sorted, taken, left, credited, …), `detail` plain values."""

    __tablename__ = "bank_line_steps"
    __table_args__ = (Index("ix_bank_line_steps_line", "line_id", "id"),)

    id: Mapped[Id]
    line_id: Mapped[int] = mapped_column(ForeignKey(BankLine.id))
    what: Mapped[Str20]
    detail: Mapped[dict[str, Any]] = mapped_column(Json)
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    at: Mapped[Instant]
