"""Agreements, entries, statements, corrections, payouts. Amounts are whole đồng, positive = owed to the producer.

Entries are only ever added to: each has a `cause` that is unique, so that nothing is posted twice. A statement takes entries in
when it is closed (`settlement_lines`) and is frozen from then on.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from shop.catalog.models import ProductSet, Variant
from shop.kernel.db import (
    Amount,
    Base,
    BigId,
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
from shop.orders.models import Order, OrderLine
from shop.points.models import Point
from shop.producers.models import Producer
from shop.stock.models import StockMovement

# --- agreements --------------------------------------------------------------------------------------------------


class AgreementState(StrEnum):
    PROPOSED = "proposed"
    AGREED = "agreed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


AGREEMENT_STATE_NAMES = {
    AgreementState.PROPOSED: N_("Chờ cơ sở đồng ý"),
    AgreementState.AGREED: N_("Đã đồng ý"),
    AgreementState.REFUSED: N_("Cơ sở không đồng ý"),
    AgreementState.WITHDRAWN: N_("Đã rút"),
}


class PeriodKind(StrEnum):
    MONTH = "month"
    HALF_MONTH = "half_month"


PERIOD_NAMES = {PeriodKind.MONTH: N_("Mỗi tháng"), PeriodKind.HALF_MONTH: N_("Nửa tháng")}


class Party(StrEnum):
    """Who bears a discount; whose is the fee that a buyer pays for delivery."""

    SHOP = "shop"
    PRODUCER = "producer"


PARTY_NAMES = {Party.SHOP: N_("Cửa hàng"), Party.PRODUCER: N_("Cơ sở")}


class LegalRole(StrEnum):
    """What the shop is before the law: it sells itself, or producers sell in their own name on it."""

    DIRECT = "direct"
    INTERMEDIARY = "intermediary"


ROLE_NAMES = {
    LegalRole.DIRECT: N_("Nền tảng kinh doanh trực tiếp"),
    LegalRole.INTERMEDIARY: N_("Nền tảng trung gian"),
}


class TaxKind(StrEnum):
    ORGANISATION = "organisation"
    HOUSEHOLD = "household"
    INDIVIDUAL = "individual"


TAX_KIND_NAMES = {
    TaxKind.ORGANISATION: N_("Tổ chức, doanh nghiệp (tự kê khai)"),
    TaxKind.HOUSEHOLD: N_("Hộ kinh doanh"),
    TaxKind.INDIVIDUAL: N_("Cá nhân kinh doanh"),
}


class TaxStatus(StrEnum):
    """What the producer has stated of its turnover; nothing is guessed from what the shop sells for it."""

    UNKNOWN = "unknown"
    TAXABLE = "taxable"
    BELOW = "below"


TAX_STATUS_NAMES = {
    TaxStatus.UNKNOWN: N_("Chưa khai"),
    TaxStatus.TAXABLE: N_("Doanh thu chịu thuế"),
    TaxStatus.BELOW: N_("Dưới ngưỡng chịu thuế"),
}


class Loss(StrEnum):
    """How consigned goods were lost without being sold; an agreement names those that the shop pays for."""

    DAMAGED = "damaged"
    LOST = "lost"
    COUNT = "count"
    TRANSFER = "transfer"
    TASTING = "tasting"
    GIFT = "gift"
    RETURNED = "returned"
    EXPIRED = "expired"
    RECALLED = "recalled"
    OTHER = "other"


LOSS_NAMES = {
    Loss.DAMAGED: N_("Hỏng, vỡ ở điểm bán"),
    Loss.LOST: N_("Thất lạc, mất"),
    Loss.COUNT: N_("Kiểm kê thiếu"),
    Loss.TRANSFER: N_("Mất, hỏng khi chuyển giữa các điểm"),
    Loss.TASTING: N_("Mời khách dùng thử"),
    Loss.GIFT: N_("Tặng khách, biếu đoàn"),
    Loss.RETURNED: N_("Khách trả, không bán lại được"),
    Loss.EXPIRED: N_("Quá hạn dùng"),
    Loss.RECALLED: N_("Lô bị thu hồi"),
    Loss.OTHER: N_("Lý do khác"),
}

# For each subject the steps that may follow a state; everything else is refused.
ALLOWED: dict[str, dict[str, frozenset[str]]] = {
    "agreement": {
        "": frozenset({"proposed"}),
        "proposed": frozenset({"agreed", "refused", "withdrawn"}),
    },
    "statement": {
        "": frozenset({"open"}),
        "open": frozenset({"closed"}),
        "closed": frozenset({"agreed", "disputed"}),
        "disputed": frozenset({"answered"}),
        "answered": frozenset({"agreed", "disputed"}),
        "agreed": frozenset({"paid"}),
        "paid": frozenset({"agreed"}),  # what was taken for its payout was another transfer
    },
    "correction": {
        "": frozenset({"asked", "posted"}),
        "asked": frozenset({"posted", "refused"}),
    },
    "batch": {
        "": frozenset({"prepared"}),
        "prepared": frozenset({"approved", "cancelled"}),
    },
    "payout": {
        "": frozenset({"prepared", "held"}),
        "prepared": frozenset({"approved", "held", "dropped"}),
        "approved": frozenset({"paid", "failed"}),
        "paid": frozenset({"approved"}),
    },
}


class Agreement(Base):
    """What a producer and the shop agreed; never changed but for its answer. In force from `effective_from` until the next."""

    __tablename__ = "settlement_agreements"
    __table_args__ = (
        one_of("state", AgreementState),
        one_of("period", PeriodKind),
        one_of("voucher_bearer", Party),
        one_of("freight_earner", Party),
        one_of("role", LegalRole),
        one_of("tax_kind", TaxKind),
        one_of("tax_status", TaxStatus),
        CheckConstraint(
            "web_bp BETWEEN 0 AND 10000 AND point_bp BETWEEN 0 AND 10000 AND fair_bp BETWEEN 0 AND 10000", name="rates"
        ),
        CheckConstraint("term_days BETWEEN 0 AND 180", name="term"),
        CheckConstraint("(state = 'agreed') = (effective_from IS NOT NULL)", name="agreed_is_in_force"),
        Index("ix_settlement_agreements_producer", "producer_id", "effective_from"),
        Index("ix_settlement_agreements_state", "state", "id"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id))
    state: Mapped[AgreementState] = mapped_column(EnumText(AgreementState))
    # The day that was asked for, and the one from which it counts.
    valid_from: Mapped[date] = mapped_column(Date)
    effective_from: Mapped[date | None] = mapped_column(Date)
    # Commission in basis points: sold on the web, at a counter, at a fair.
    web_bp: Mapped[int]
    point_bp: Mapped[int]
    fair_bp: Mapped[int]
    period: Mapped[PeriodKind] = mapped_column(EnumText(PeriodKind))
    # Days from the closing of a statement until it is to be paid.
    term_days: Mapped[int]
    voucher_bearer: Mapped[Party] = mapped_column(EnumText(Party))
    freight_earner: Mapped[Party] = mapped_column(EnumText(Party))
    # Which losses of consigned goods the shop pays for: values of `Loss`.
    losses: Mapped[list[Any]] = mapped_column(Json)
    # NULL: the shop's own setting.
    role: Mapped[LegalRole | None] = mapped_column(EnumText(LegalRole))
    tax_kind: Mapped[TaxKind] = mapped_column(EnumText(TaxKind))
    tax_status: Mapped[TaxStatus] = mapped_column(EnumText(TaxStatus))
    note: Mapped[LongText | None]
    # The signed paper, where the producer did not agree in the portal.
    paper_key: Mapped[Str255 | None]
    proposed_at: Mapped[Instant]
    proposed_label: Mapped[Str255]
    answered_at: Mapped[Instant | None]
    answered_by: Mapped[Str40 | None]
    answered_label: Mapped[Str255 | None]
    answer_note: Mapped[LongText | None]
    is_demo: Mapped[bool] = mapped_column(default=False)


class AgreementSet(Base):
    """Other rates for the goods of one product set."""

    __tablename__ = "settlement_agreement_sets"
    __table_args__ = (
        UniqueConstraint("agreement_id", "set_id"),
        CheckConstraint(
            "web_bp BETWEEN 0 AND 10000 AND point_bp BETWEEN 0 AND 10000 AND fair_bp BETWEEN 0 AND 10000", name="rates"
        ),
    )

    id: Mapped[Id]
    agreement_id: Mapped[int] = mapped_column(ForeignKey(Agreement.id))
    set_id: Mapped[int] = mapped_column(ForeignKey(ProductSet.id))
    web_bp: Mapped[int]
    point_bp: Mapped[int]
    fair_bp: Mapped[int]


class WithholdingRate(Base):
    """Rates that staff entered for one kind of seller from a day on, with where they stand; never changed."""

    __tablename__ = "settlement_withholding_rates"
    __table_args__ = (
        one_of("tax_kind", TaxKind),
        CheckConstraint("vat_bp BETWEEN 0 AND 10000 AND income_bp BETWEEN 0 AND 10000", name="rates"),
        UniqueConstraint("tax_kind", "valid_from"),
    )

    id: Mapped[Id]
    tax_kind: Mapped[TaxKind] = mapped_column(EnumText(TaxKind))
    valid_from: Mapped[date] = mapped_column(Date)
    vat_bp: Mapped[int]
    income_bp: Mapped[int]
    source: Mapped[LongText]
    entered_at: Mapped[Instant]
    entered_label: Mapped[Str255]


# --- entries -----------------------------------------------------------------------------------------------------


class EntryKind(StrEnum):
    SALE = "sale"
    RETURN = "return"
    REFUND = "refund"
    VOUCHER = "voucher"
    COMMISSION = "commission"
    FREIGHT = "freight"
    LOSS = "loss"
    PURCHASE = "purchase"
    BOOTH = "booth"
    VAT = "vat"
    INCOME = "income"
    CORRECTION = "correction"


ENTRY_NAMES = {
    EntryKind.SALE: N_("Bán hàng"),
    EntryKind.RETURN: N_("Khách trả hàng"),
    EntryKind.REFUND: N_("Hoàn tiền khách"),
    EntryKind.VOUCHER: N_("Giảm giá cơ sở chịu"),
    EntryKind.COMMISSION: N_("Hoa hồng"),
    EntryKind.FREIGHT: N_("Phí giao hàng"),
    EntryKind.LOSS: N_("Hàng mất, hỏng"),
    EntryKind.PURCHASE: N_("Mua đứt"),
    EntryKind.BOOTH: N_("Phí gian hàng hội chợ"),
    EntryKind.VAT: N_("Thuế GTGT khấu trừ"),
    EntryKind.INCOME: N_("Thuế TNCN khấu trừ"),
    EntryKind.CORRECTION: N_("Điều chỉnh"),
}

CHANNELS = {"web": N_("Trên mạng"), "point": N_("Tại điểm bán"), "fair": N_("Tại hội chợ")}


class Account(Base):
    """One for each producer that has entries: the row that posting, closing and paying lock."""

    __tablename__ = "settlement_accounts"

    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id), primary_key=True, autoincrement=False)
    opened_at: Mapped[Instant]


class Entry(Base):
    """One cause of owing more or less to a producer, never changed.

    Sales and returns have the price of a unit and a quantity (negative: came back); commission, discount and tax lines have
    their `parent_id`, what they are reckoned on (`base_amount`) and their rate.
    """

    __tablename__ = "settlement_entries"
    __table_args__ = (
        one_of("kind", EntryKind),
        Index("ix_settlement_entries_producer", "producer_id", "happened_on", "id"),
        Index("ix_settlement_entries_order", "order_id"),
        Index("ix_settlement_entries_movement", "movement_id"),
        Index("ix_settlement_entries_parent", "parent_id"),
    )

    id: Mapped[Id]
    cause: Mapped[Str80] = mapped_column(unique=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id))
    kind: Mapped[EntryKind] = mapped_column(EnumText(EntryKind))
    channel: Mapped[Str20 | None]
    point_id: Mapped[int | None] = mapped_column(ForeignKey(Point.id))
    order_id: Mapped[int | None] = mapped_column(ForeignKey(Order.id))
    line_id: Mapped[int | None] = mapped_column(ForeignKey(OrderLine.id))
    movement_id: Mapped[int | None] = mapped_column(ForeignKey(StockMovement.id))
    variant_id: Mapped[int | None] = mapped_column(ForeignKey(Variant.id))
    agreement_id: Mapped[int | None] = mapped_column(ForeignKey(Agreement.id))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("settlement_entries.id"))
    quantity: Mapped[int] = mapped_column(default=0)
    unit_amount: Mapped[Amount | None]
    # The buyer's discount on these units, whoever bears it.
    discount_amount: Mapped[Amount] = mapped_column(default=0)
    base_amount: Mapped[Amount | None]
    rate_bp: Mapped[int | None]
    amount: Mapped[Amount]
    # What people find it by (an order, a delivery, a write-off), and what it is about.
    reference: Mapped[Str40]
    label: Mapped[Str255]
    reason: Mapped[LongText | None]
    happened_at: Mapped[Instant]
    happened_on: Mapped[date] = mapped_column(Date)
    posted_at: Mapped[Instant]
    actor_label: Mapped[Str255]
    is_demo: Mapped[bool] = mapped_column(default=False)


# --- statements --------------------------------------------------------------------------------------------------


class StatementState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    DISPUTED = "disputed"
    ANSWERED = "answered"
    AGREED = "agreed"
    PAID = "paid"


STATEMENT_STATE_NAMES = {
    StatementState.OPEN: N_("Đang mở"),
    StatementState.CLOSED: N_("Đã chốt, chờ cơ sở đồng ý"),
    StatementState.DISPUTED: N_("Cơ sở có ý kiến"),
    StatementState.ANSWERED: N_("Đã trả lời, chờ cơ sở đồng ý"),
    StatementState.AGREED: N_("Hai bên đã đồng ý"),
    StatementState.PAID: N_("Đã chi trả"),
}


class Statement(Base):
    """What one producer is owed for one period. Frozen when closed: `totals`, the amounts and the seal never change.

    closing = opening + all lines; payable = closing, if that is more than nothing; what is below is the next one's opening.
    """

    __tablename__ = "settlement_statements"
    __table_args__ = (
        one_of("state", StatementState),
        CheckConstraint("to_on >= from_on", name="span"),
        CheckConstraint("closing_amount = opening_amount + entries_amount", name="closing_adds_up"),
        CheckConstraint("opening_amount <= 0", name="only_debts_are_carried"),
        CheckConstraint("(state = 'open') = (seal IS NULL)", name="closed_is_sealed"),
        UniqueConstraint("producer_id", "from_on"),
        Index(
            "uq_settlement_statements_open",
            "producer_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_settlement_statements_state", "state", "id"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id))
    from_on: Mapped[date] = mapped_column(Date)
    to_on: Mapped[date] = mapped_column(Date)
    state: Mapped[StatementState] = mapped_column(EnumText(StatementState))
    opening_amount: Mapped[Amount] = mapped_column(default=0)
    entries_amount: Mapped[Amount] = mapped_column(default=0)
    closing_amount: Mapped[Amount] = mapped_column(default=0)
    lines: Mapped[int] = mapped_column(default=0)
    # [[kind, channel, point id, point, lines, units, amount], …], written when it is closed.
    totals: Mapped[list[Any] | None] = mapped_column(Json)
    # Why nothing, or what, is withheld: a word of `rules.WITHHELD`.
    withholding: Mapped[Str20 | None]
    seal_version: Mapped[int] = mapped_column(default=1)
    seal: Mapped[Str80 | None]
    agreement_id: Mapped[int | None] = mapped_column(ForeignKey(Agreement.id))
    opened_at: Mapped[Instant]
    closed_at: Mapped[Instant | None]
    closed_label: Mapped[Str255 | None]
    due_on: Mapped[date | None] = mapped_column(Date)
    # When the producer is taken to agree unless he says otherwise.
    answer_until: Mapped[Instant | None]
    agreed_at: Mapped[Instant | None]
    agreed_by: Mapped[Str40 | None]
    agreed_label: Mapped[Str255 | None]
    is_demo: Mapped[bool] = mapped_column(default=False)

    @property
    def payable_amount(self) -> int:
        """What is to be paid for it (đồng)."""
        return max(self.closing_amount, 0)


class StatementLine(Base):
    """An entry stands in one statement."""

    __tablename__ = "settlement_lines"
    __table_args__ = (Index("ix_settlement_lines_statement", "statement_id", "entry_id"),)

    entry_id: Mapped[int] = mapped_column(ForeignKey(Entry.id), primary_key=True, autoincrement=False)
    statement_id: Mapped[int] = mapped_column(ForeignKey(Statement.id))


class CorrectionState(StrEnum):
    ASKED = "asked"
    POSTED = "posted"
    REFUSED = "refused"


CORRECTION_STATE_NAMES = {
    CorrectionState.ASKED: N_("Chờ người thứ hai duyệt"),
    CorrectionState.POSTED: N_("Đã ghi"),
    CorrectionState.REFUSED: N_("Không duyệt"),
}


class Correction(Base):
    """A new line that puts something right, with its reason; beyond a limit another person must say yes."""

    __tablename__ = "settlement_corrections"
    __table_args__ = (
        one_of("state", CorrectionState),
        CheckConstraint("amount <> 0", name="amount_some"),
        CheckConstraint("state = 'asked' OR NOT needs_second OR decided_by <> asked_by", name="two_people"),
        Index("ix_settlement_corrections_state", "state", "id"),
        Index("ix_settlement_corrections_producer", "producer_id", "id"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id))
    state: Mapped[CorrectionState] = mapped_column(EnumText(CorrectionState))
    amount: Mapped[Amount]
    reason: Mapped[LongText]
    # The line it is about, if it is about one.
    entry_id: Mapped[int | None] = mapped_column(ForeignKey(Entry.id))
    needs_second: Mapped[bool]
    asked_at: Mapped[Instant]
    asked_by: Mapped[Str40]
    asked_label: Mapped[Str255]
    decided_at: Mapped[Instant | None]
    decided_by: Mapped[Str40 | None]
    decided_label: Mapped[Str255 | None]
    decision_note: Mapped[LongText | None]
    is_demo: Mapped[bool] = mapped_column(default=False)


class Remark(Base):
    """What a producer finds wrong with a statement, or with one line of it, and what the shop answers."""

    __tablename__ = "settlement_remarks"
    __table_args__ = (
        CheckConstraint("(answered_at IS NULL) = (answer IS NULL)", name="answer_whole"),
        Index("ix_settlement_remarks_statement", "statement_id", "id"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    statement_id: Mapped[int] = mapped_column(ForeignKey(Statement.id))
    entry_id: Mapped[int | None] = mapped_column(ForeignKey(Entry.id))
    reason: Mapped[LongText]
    made_at: Mapped[Instant]
    made_label: Mapped[Str255]
    answer: Mapped[LongText | None]
    answered_at: Mapped[Instant | None]
    answered_label: Mapped[Str255 | None]
    correction_id: Mapped[int | None] = mapped_column(ForeignKey(Correction.id))


# --- payouts -----------------------------------------------------------------------------------------------------


class BatchState(StrEnum):
    PREPARED = "prepared"
    APPROVED = "approved"
    CANCELLED = "cancelled"


BATCH_STATE_NAMES = {
    BatchState.PREPARED: N_("Chờ người thứ hai duyệt"),
    BatchState.APPROVED: N_("Đã duyệt chi"),
    BatchState.CANCELLED: N_("Đã hủy"),
}


class PayoutState(StrEnum):
    """`held`: there is no account to pay to, or it is too new; the statement stays payable."""

    PREPARED = "prepared"
    HELD = "held"
    APPROVED = "approved"
    PAID = "paid"
    FAILED = "failed"
    DROPPED = "dropped"


PAYOUT_STATE_NAMES = {
    PayoutState.PREPARED: N_("Chờ duyệt"),
    PayoutState.HELD: N_("Tạm giữ"),
    PayoutState.APPROVED: N_("Chờ ngân hàng"),
    PayoutState.PAID: N_("Đã chi"),
    PayoutState.FAILED: N_("Không chi được"),
    PayoutState.DROPPED: N_("Đã bỏ"),
}
LIVE = (PayoutState.PREPARED, PayoutState.APPROVED, PayoutState.PAID)


class Batch(Base):
    """Payouts that go to the bank together: one person prepares them, another says yes."""

    __tablename__ = "settlement_batches"
    __table_args__ = (
        one_of("state", BatchState),
        CheckConstraint("approved_by IS NULL OR approved_by <> prepared_by", name="two_people"),
        CheckConstraint("(state = 'approved') = (approved_at IS NOT NULL)", name="approved_by_somebody"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    state: Mapped[BatchState] = mapped_column(EnumText(BatchState))
    prepared_at: Mapped[Instant]
    prepared_by: Mapped[Str40]
    prepared_label: Mapped[Str255]
    approved_at: Mapped[Instant | None]
    approved_by: Mapped[Str40 | None]
    approved_label: Mapped[Str255 | None]
    is_demo: Mapped[bool] = mapped_column(default=False)


class Payout(Base):
    """One statement paid to one account, copied as it was; a statement has at most one that lives."""

    __tablename__ = "settlement_payouts"
    __table_args__ = (
        one_of("state", PayoutState),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("state IN ('held', 'dropped') OR account_number IS NOT NULL", name="goes_somewhere"),
        CheckConstraint("(state = 'paid') = (bank_reference IS NOT NULL)", name="paid_is_proved"),
        UniqueConstraint("bank_reference"),
        Index(
            "uq_settlement_payouts_live",
            "statement_id",
            unique=True,
            sqlite_where=text("state IN ('prepared', 'approved', 'paid')"),
            postgresql_where=text("state IN ('prepared', 'approved', 'paid')"),
        ),
        Index("ix_settlement_payouts_batch", "batch_id", "id"),
        Index("ix_settlement_payouts_state", "state", "id"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey(Batch.id))
    statement_id: Mapped[int] = mapped_column(ForeignKey(Statement.id))
    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id), index=True)
    state: Mapped[PayoutState] = mapped_column(EnumText(PayoutState))
    amount: Mapped[Amount]
    bank_bin: Mapped[Str20 | None]
    account_number: Mapped[Str40 | None]
    holder: Mapped[Str255 | None]
    memo: Mapped[Str80]
    reason: Mapped[LongText | None]
    bank_reference: Mapped[Str80 | None]
    paid_on: Mapped[date | None] = mapped_column(Date)
    settled_at: Mapped[Instant | None]
    settled_label: Mapped[Str255 | None]


class Step(Base):
    """One step of an agreement, a statement, a correction, a batch or a payout: from, to, when, who, why."""

    __tablename__ = "settlement_steps"
    __table_args__ = (
        CheckConstraint("subject IN ('agreement', 'statement', 'correction', 'batch', 'payout')", name="subject_known"),
        Index("ix_settlement_steps_subject", "subject", "row_id", "id"),
    )

    id: Mapped[Id]
    subject: Mapped[Str20]
    row_id: Mapped[int] = mapped_column(BigId)
    from_state: Mapped[Str20]
    to_state: Mapped[Str20]
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    reason: Mapped[LongText | None]
