"""Who holds the cash of parcels, what each parcel brings, what was handed in for it row by row, and what people decided."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.accounts.models import User
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
from shop.orders.models import Fulfilment, Order
from shop.payments.models import Payment
from shop.points.models import Point


class HolderKind(StrEnum):
    """Carriers pay to the bank, less their fees; the shop's own drivers and points bring cash, which a person counts."""

    CARRIER = "carrier"
    DRIVER = "driver"
    POINT = "point"


HOLDER_KIND_NAMES = {
    HolderKind.CARRIER: N_("Đơn vị vận chuyển"),
    HolderKind.DRIVER: N_("Người giao của cửa hàng"),
    HolderKind.POINT: N_("Điểm bán"),
}


class Holder(Base):
    """Whoever takes cash at the door. `key` is the folded name of a carrier, or `point:<id>`; `days` is how long he may keep
    the cash of a parcel; `mappings` remembers, by the words of a head, what the columns of his files are."""

    __tablename__ = "cod_holders"
    __table_args__ = (
        one_of("kind", HolderKind),
        CheckConstraint("days BETWEEN 0 AND 90", name="days_within"),
        CheckConstraint("(kind = 'point') = (point_id IS NOT NULL)", name="points_are_points"),
    )

    id: Mapped[Id]
    key: Mapped[Str80] = mapped_column(unique=True)
    name: Mapped[Str255]
    kind: Mapped[HolderKind] = mapped_column(EnumText(HolderKind))
    point_id: Mapped[int | None] = mapped_column(ForeignKey(Point.id))
    days: Mapped[int]
    mappings: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    created_at: Mapped[Instant]


class CodState(StrEnum):
    """`out`: on its way, or delivered without word of its cash. `settled`: all that it brought is handed in or written off.
    `refused`: the buyer did not take it and it is on its way back. `lost`: whoever carried it owes for it."""

    OUT = "out"
    COLLECTED = "collected"
    SETTLED = "settled"
    REFUSED = "refused"
    RETURNED = "returned"
    LOST = "lost"


COD_STATE_NAMES = {
    CodState.OUT: N_("Chưa thu tiền"),
    CodState.COLLECTED: N_("Đã thu, chờ nộp"),
    CodState.SETTLED: N_("Đã nộp đủ"),
    CodState.REFUSED: N_("Khách không nhận, đang về"),
    CodState.RETURNED: N_("Đã về kho"),
    CodState.LOST: N_("Thất lạc"),
}


class CodParcel(Base):
    """The cash of one parcel. `expected_amount` is its share of what the order owes; `owed_amount` what its holder owes by now:
    that, a compensation once it is lost, nothing once it is refused. `remitted_amount` is the sum of what rows brought for it,
    `written_amount` of what was given up.
    """

    __tablename__ = "cod_parcels"
    __table_args__ = (
        one_of("state", CodState),
        CheckConstraint("expected_amount >= 0 AND owed_amount >= 0", name="amounts_whole"),
        CheckConstraint(
            "remitted_amount >= 0 AND written_amount >= 0 AND remitted_amount + written_amount <= owed_amount",
            name="handed_in_within_owed",
        ),
        CheckConstraint("state NOT IN ('refused', 'returned') OR owed_amount = 0", name="refused_owes_nothing"),
        Index("ix_cod_parcels_order", "order_id"),
        Index("ix_cod_parcels_due", "state", "due_on"),
        Index("ix_cod_parcels_holder", "holder_id", "state"),
    )

    id: Mapped[Id]
    fulfilment_id: Mapped[int] = mapped_column(ForeignKey(Fulfilment.id), unique=True)
    order_id: Mapped[int] = mapped_column(ForeignKey(Order.id))
    payment_id: Mapped[int] = mapped_column(ForeignKey(Payment.id))
    holder_id: Mapped[int] = mapped_column(ForeignKey(Holder.id))
    state: Mapped[CodState] = mapped_column(EnumText(CodState))
    expected_amount: Mapped[Amount]
    owed_amount: Mapped[Amount]
    remitted_amount: Mapped[Amount] = mapped_column(default=0)
    written_amount: Mapped[Amount] = mapped_column(default=0)
    # The last day on which it is not late: of the cash once the buyer has the goods, of any word before.
    due_on: Mapped[date] = mapped_column(Date)
    handed_over_at: Mapped[Instant]
    collected_at: Mapped[Instant | None]
    settled_at: Mapped[Instant | None]
    refused_at: Mapped[Instant | None]
    # Whether the refusal is the buyer's own: only those make him pay ahead.
    by_buyer: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[LongText | None]
    taken_key: Mapped[Str40 | None]
    taken_label: Mapped[Str255 | None]
    version: Mapped[int] = mapped_column(default=0)

    holder: Mapped[Holder] = relationship()

    @property
    def open_amount(self) -> int:
        """What its holder still owes, in đồng."""
        return self.owed_amount - self.remitted_amount - self.written_amount


class RemittanceKind(StrEnum):
    FILE = "file"
    HAND = "hand"
    CASH = "cash"


REMITTANCE_KIND_NAMES = {
    RemittanceKind.FILE: N_("Tệp đối soát"),
    RemittanceKind.HAND: N_("Ghi tay"),
    RemittanceKind.CASH: N_("Tiền mặt nộp về"),
}


class RemittanceState(StrEnum):
    """`matching`: a person says what the columns are. `tried`: nothing is written yet. `open`: its money is awaited."""

    MATCHING = "matching"
    TRIED = "tried"
    OPEN = "open"
    PAID = "paid"
    DROPPED = "dropped"


REMITTANCE_STATE_NAMES = {
    RemittanceState.MATCHING: N_("Chờ ghép cột"),
    RemittanceState.TRIED: N_("Đã kiểm tra, chưa ghi"),
    RemittanceState.OPEN: N_("Chờ tiền về"),
    RemittanceState.PAID: N_("Tiền đã về"),
    RemittanceState.DROPPED: N_("Đã bỏ"),
}


class Remittance(Base):
    """Cash of many parcels handed in at once. gross − fee = net, over its readable rows; `paid_amount` is what came for it,
    `adjusted_amount` the difference (net − paid) that a person closed with `adjust_reason`."""

    __tablename__ = "cod_remittances"
    __table_args__ = (
        one_of("kind", RemittanceKind),
        one_of("state", RemittanceState),
        CheckConstraint("net_amount = gross_amount - fee_amount", name="net_adds_up"),
        CheckConstraint("gross_amount >= 0 AND fee_amount >= 0 AND paid_amount >= 0", name="amounts_whole"),
        CheckConstraint("state <> 'paid' OR net_amount = paid_amount + adjusted_amount", name="paid_is_net"),
        Index("ix_cod_remittances_state", "state", "id"),
        Index("ix_cod_remittances_digest", "digest"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    holder_id: Mapped[int] = mapped_column(ForeignKey(Holder.id))
    kind: Mapped[RemittanceKind] = mapped_column(EnumText(RemittanceKind))
    state: Mapped[RemittanceState] = mapped_column(EnumText(RemittanceState))
    gross_amount: Mapped[Amount] = mapped_column(default=0)
    fee_amount: Mapped[Amount] = mapped_column(default=0)
    net_amount: Mapped[Amount] = mapped_column(default=0)
    paid_amount: Mapped[Amount] = mapped_column(default=0)
    adjusted_amount: Mapped[Amount] = mapped_column(default=0)
    adjust_reason: Mapped[LongText | None]
    # Fees that stand in no row: of the whole batch.
    batch_fee_amount: Mapped[Amount] = mapped_column(default=0)
    file_name: Mapped[Str255 | None]
    file_key: Mapped[Str255 | None]
    # SHA-256 of the bytes: the same file is not taken twice.
    digest: Mapped[Str80 | None]
    # Of a file: sheet, line of the head, its words, samples, what the columns are, how they are written.
    layout: Mapped[dict[str, Any] | None] = mapped_column(Json)
    created_at: Mapped[Instant]
    created_key: Mapped[Str40]
    created_label: Mapped[Str255]
    opened_at: Mapped[Instant | None]
    paid_at: Mapped[Instant | None]
    taken_key: Mapped[Str40 | None]
    taken_label: Mapped[Str255 | None]
    version: Mapped[int] = mapped_column(default=0)
    is_demo: Mapped[bool] = mapped_column(default=False)

    holder: Mapped[Holder] = relationship()

    @property
    def lacking_amount(self) -> int:
        """What has not come of it, in đồng."""
        return self.net_amount - self.paid_amount - self.adjusted_amount


class RowState(StrEnum):
    """`unread`: refused with its reason. `aside`: no parcel's row, but a head or a sum. `tried`: of a batch not yet written.
    `new`: the machine's, for an exact match. `open`: before a person."""

    UNREAD = "unread"
    ASIDE = "aside"
    TRIED = "tried"
    NEW = "new"
    OPEN = "open"
    DONE = "done"


ROW_STATE_NAMES = {
    RowState.UNREAD: N_("Không đọc được"),
    RowState.ASIDE: N_("Không phải kiện hàng"),
    RowState.TRIED: N_("Chưa ghi"),
    RowState.NEW: N_("Khớp, đang ghi"),
    RowState.OPEN: N_("Chờ xử lý"),
    RowState.DONE: N_("Đã ghi"),
}


class Queue(StrEnum):
    """Why a row waits for a person."""

    UNKNOWN = "unknown"
    SHORT = "short"
    OVER = "over"
    TWICE = "twice"
    REFUSED = "refused"


QUEUE_NAMES = {
    Queue.UNKNOWN: N_("Không rõ kiện nào"),
    Queue.SHORT: N_("Nộp thiếu"),
    Queue.OVER: N_("Nộp thừa"),
    Queue.TWICE: N_("Kiện đã nộp rồi"),
    Queue.REFUSED: N_("Kiện bị từ chối mà có tiền"),
}


class Surplus(StrEnum):
    """What becomes of money that no parcel takes: it is kept, or owed back to the holder."""

    KEPT = "kept"
    OWED = "owed"


SURPLUS_NAMES = {Surplus.KEPT: N_("Giữ lại"), Surplus.OWED: N_("Trả lại nơi nộp")}


class Row(Base):
    """One row of a batch. A done one puts all of its amount to a parcel (`parcel_amount`) or beside it (`surplus_amount`);
    `written_amount` is what was given up of the parcel with it. `version` grows with every act."""

    __tablename__ = "cod_rows"
    __table_args__ = (
        one_of("state", RowState),
        CheckConstraint("amount >= 0 AND fee_amount >= 0", name="amounts_whole"),
        CheckConstraint(
            "parcel_amount >= 0 AND surplus_amount >= 0 AND written_amount >= 0"
            " AND ((state = 'done' AND amount = parcel_amount + surplus_amount)"
            " OR (state <> 'done' AND parcel_amount = 0 AND surplus_amount = 0 AND written_amount = 0))",
            name="done_is_whole",
        ),
        CheckConstraint("(state = 'open') = (queue IS NOT NULL)", name="open_waits_somewhere"),
        CheckConstraint("(surplus_amount > 0) = (surplus IS NOT NULL)", name="surplus_has_its_end"),
        UniqueConstraint("remittance_id", "number"),
        Index("ix_cod_rows_queue", "queue", "id"),
        Index("ix_cod_rows_parcel", "parcel_id"),
    )

    id: Mapped[Id]
    remittance_id: Mapped[int] = mapped_column(ForeignKey(Remittance.id))
    number: Mapped[int]
    state: Mapped[RowState] = mapped_column(EnumText(RowState))
    queue: Mapped[Str20 | None]
    why: Mapped[list[Any] | None] = mapped_column(Json)
    told: Mapped[LongText]
    amount: Mapped[Amount] = mapped_column(default=0)
    fee_amount: Mapped[Amount] = mapped_column(default=0)
    parcel_id: Mapped[int | None] = mapped_column(ForeignKey(CodParcel.id))
    parcel_amount: Mapped[Amount] = mapped_column(default=0)
    surplus_amount: Mapped[Amount] = mapped_column(default=0)
    surplus: Mapped[Str20 | None]
    written_amount: Mapped[Amount] = mapped_column(default=0)
    reason: Mapped[LongText | None]
    done_at: Mapped[Instant | None]
    done_label: Mapped[Str255 | None]
    taken_key: Mapped[Str40 | None]
    taken_label: Mapped[Str255 | None]
    version: Mapped[int] = mapped_column(default=0)

    remittance: Mapped[Remittance] = relationship()
    parcel: Mapped[CodParcel | None] = relationship()


class Arrival(Base):
    """Money that came for a batch: a line of the bank, or cash that a person counted. Append-only: what was wrong is taken
    back by a row below zero that names it."""

    __tablename__ = "cod_arrivals"
    __table_args__ = (
        CheckConstraint("(amount > 0) = (reverses_id IS NULL) AND amount <> 0", name="amount_sign"),
        Index("ix_cod_arrivals_remittance", "remittance_id"),
        Index("ix_cod_arrivals_source", "source"),
    )

    id: Mapped[Id]
    remittance_id: Mapped[int] = mapped_column(ForeignKey(Remittance.id))
    amount: Mapped[Amount]
    # `bank:<line>` or `cash`.
    source: Mapped[Str80]
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("cod_arrivals.id"), unique=True)
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    at: Mapped[Instant]


class Step(Base):
    """The history of a parcel, a row or a batch: `what` is one word, `detail` plain values."""

    __tablename__ = "cod_steps"
    __table_args__ = (
        CheckConstraint("subject IN ('parcel', 'row', 'batch')", name="subject_known"),
        Index("ix_cod_steps_subject", "subject", "subject_id", "id"),
    )

    id: Mapped[Id]
    subject: Mapped[Str20]
    subject_id: Mapped[int] = mapped_column(BigId)
    what: Mapped[Str20]
    detail: Mapped[dict[str, Any]] = mapped_column(Json)
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    at: Mapped[Instant]


class Lift(Base):
    """Staff let a buyer pay at the door again: what he refused before does not count any more."""

    __tablename__ = "cod_lifts"
    __table_args__ = (Index("ix_cod_lifts_phone", "phone"), Index("ix_cod_lifts_user", "user_id"))

    id: Mapped[Id]
    phone: Mapped[Str20]
    user_id: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    reason: Mapped[LongText]
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]


from shop.remittances import bag_models as bag_models  # noqa: E402 - its tables are this room's too
