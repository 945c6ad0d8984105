"""Devices, what they sent, sessions, sales and returns at a counter. Amounts are whole đồng, times aware UTC.

Two clocks are kept side by side: `at` is what the device said, `received_at` when the shop's books took it in.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.accounts.models import User
from shop.catalog.models import Variant
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
from shop.payments.models import Payment, Refund
from shop.points.models import Point
from shop.promotions.models import Promotion


class Device(Base):
    """A phone or tablet at a counter. Its code (`A7`) stands for ever; only the SHA-256 of its token is kept.

    `last_seq` and `last_number` are the highest it has sent, so that a device enrolled again goes on and nothing repeats.
    """

    __tablename__ = "till_devices"
    __table_args__ = (Index("ix_till_devices_point", "point_id"),)

    id: Mapped[Id]
    code: Mapped[Str20] = mapped_column(unique=True)
    name: Mapped[Str80]
    point_id: Mapped[int] = mapped_column(ForeignKey(Point.id))
    token_hash: Mapped[Str80 | None] = mapped_column(unique=True)
    enrolled_at: Mapped[Instant | None]
    # Of a token that works no more, so that its holder hears "revoked" and not "unknown".
    revoked_hash: Mapped[Str80 | None] = mapped_column(unique=True)
    revoked_at: Mapped[Instant | None]
    last_seq: Mapped[int] = mapped_column(default=0)
    last_number: Mapped[int] = mapped_column(default=0)
    last_seen_at: Mapped[Instant | None]
    created_at: Mapped[Instant]

    point: Mapped[Point] = relationship()


class EnrolCode(Base):
    """A code made in the office that ties one device once, for half an hour. Only a keyed hash of it is kept."""

    __tablename__ = "till_enrol_codes"
    __table_args__ = (Index("ix_till_enrol_codes_live", "used_at", "expires_at"),)

    id: Mapped[Id]
    device_id: Mapped[int] = mapped_column(ForeignKey(Device.id), index=True)
    code_hash: Mapped[Str80] = mapped_column(unique=True)
    created_by: Mapped[Str40]
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]


class KeeperPin(Base):
    """What a device needs to know a keeper off line: PBKDF2-HMAC-SHA256 (32 bytes) of the PIN; salt and hash in hex."""

    __tablename__ = "till_pins"

    user_id: Mapped[int] = mapped_column(ForeignKey(User.id), primary_key=True, autoincrement=False)
    salt: Mapped[Str80]
    hash: Mapped[Str80]
    rounds: Mapped[int]
    set_at: Mapped[Instant]


class TillSession(Base):
    """A keeper's turn at a device. `opened_at` is NULL while only later events of it have come.

    A session is over from `closed_at` on; what was counted stands in `till_closings`, which is only ever added to.
    """

    __tablename__ = "till_sessions"
    __table_args__ = (
        CheckConstraint("float_amount >= 0", name="float_whole"),
        Index(
            "uq_till_sessions_open",
            "device_id",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("ix_till_sessions_device", "device_id", "id"),
        Index("ix_till_sessions_point", "point_id", "id"),
    )

    id: Mapped[Id]
    uuid: Mapped[Str40] = mapped_column(unique=True)
    device_id: Mapped[int] = mapped_column(ForeignKey(Device.id))
    point_id: Mapped[int] = mapped_column(ForeignKey(Point.id))
    keeper_id: Mapped[int | None] = mapped_column(ForeignKey(User.id), index=True)
    keeper_name: Mapped[Str255]
    float_amount: Mapped[Amount]
    opened_at: Mapped[Instant | None]
    received_at: Mapped[Instant]
    closed_at: Mapped[Instant | None]
    # When the shop's books heard of the end; what is booked afterwards is an addendum.
    close_received_at: Mapped[Instant | None]

    device: Mapped[Device] = relationship()
    point: Mapped[Point] = relationship()


class EventKind(StrEnum):
    SESSION_OPEN = "session-open"
    SESSION_CLOSE = "session-close"
    CASH = "cash"
    SALE = "sale"
    RETURN = "return"
    ASK = "ask"


EVENT_NAMES = {
    EventKind.SESSION_OPEN: N_("Mở ca"),
    EventKind.SESSION_CLOSE: N_("Đóng ca"),
    EventKind.CASH: N_("Thu, chi tiền mặt"),
    EventKind.SALE: N_("Bán hàng"),
    EventKind.RETURN: N_("Khách trả hàng"),
    EventKind.ASK: N_("Khách hỏi mà không có"),
}


class EventState(StrEnum):
    DONE = "done"
    REFUSED = "refused"


class TillEvent(Base):
    """One event of a device, taken in once by its UUID. The body is kept for refused ones, so that a person can see it."""

    __tablename__ = "till_events"
    __table_args__ = (
        one_of("kind", EventKind),
        one_of("state", EventState),
        Index("ix_till_events_device", "device_id", "seq"),
        Index("ix_till_events_state", "state", "settled_at", "id"),
    )

    id: Mapped[Id]
    uuid: Mapped[Str40] = mapped_column(unique=True)
    device_id: Mapped[int] = mapped_column(ForeignKey(Device.id))
    seq: Mapped[int]
    kind: Mapped[EventKind] = mapped_column(EnumText(EventKind))
    digest: Mapped[Str80]
    at: Mapped[Instant]
    received_at: Mapped[Instant]
    state: Mapped[EventState] = mapped_column(EnumText(EventState))
    # {"reference": …, "shortage": […]} of done ones, {"why": …} of refused ones.
    result: Mapped[dict[str, Any] | None] = mapped_column(Json)
    code: Mapped[Str40 | None]
    body: Mapped[dict[str, Any] | None] = mapped_column(Json)
    # A person has looked at a refused one: when, who, what was done.
    settled_at: Mapped[Instant | None]
    settled_by: Mapped[Str255 | None]
    settlement: Mapped[LongText | None]

    device: Mapped[Device] = relationship()


class TillSale(Base):
    """What an order of the counter has beside the order: its number, session and both clocks."""

    __tablename__ = "till_sales"
    __table_args__ = (
        Index("ix_till_sales_session", "session_id", "id"),
        Index("ix_till_sales_device", "device_id", "sequence", unique=True),
    )

    id: Mapped[Id]
    number: Mapped[Str20] = mapped_column(unique=True)
    device_id: Mapped[int] = mapped_column(ForeignKey(Device.id))
    sequence: Mapped[int]
    session_id: Mapped[int] = mapped_column(ForeignKey(TillSession.id))
    event_id: Mapped[int] = mapped_column(ForeignKey(TillEvent.id), unique=True)
    order_id: Mapped[int] = mapped_column(ForeignKey(Order.id), unique=True)
    keeper_id: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    keeper_name: Mapped[Str255]
    discount_reason: Mapped[LongText | None]
    at: Mapped[Instant]
    received_at: Mapped[Instant]
    # Booked after the session was over.
    late: Mapped[bool] = mapped_column(default=False)

    order: Mapped[Order] = relationship()
    lines: Mapped[list[TillLine]] = relationship(order_by="TillLine.id")


class TillLine(Base):
    """A line of a sale: the lot that was named, what was paid for it after discount, how many have come back."""

    __tablename__ = "till_lines"
    __table_args__ = (
        CheckConstraint("returned >= 0 AND returned <= quantity", name="returned_within_sold"),
        CheckConstraint("net_amount >= 0", name="net_whole"),
        Index("ix_till_lines_sale", "sale_id"),
    )

    id: Mapped[Id]
    sale_id: Mapped[int] = mapped_column(ForeignKey(TillSale.id))
    order_line_id: Mapped[int] = mapped_column(ForeignKey(OrderLine.id), unique=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id))
    lot_code: Mapped[Str40 | None]
    quantity: Mapped[int]
    net_amount: Mapped[Amount]
    returned: Mapped[int] = mapped_column(default=0)


class TillReturn(Base):
    """Goods that came back against a receipt, in the session that paid the money out."""

    __tablename__ = "till_returns"
    __table_args__ = (Index("ix_till_returns_session", "session_id", "id"), Index("ix_till_returns_sale", "sale_id"))

    id: Mapped[Id]
    event_id: Mapped[int] = mapped_column(ForeignKey(TillEvent.id), unique=True)
    sale_id: Mapped[int] = mapped_column(ForeignKey(TillSale.id))
    session_id: Mapped[int] = mapped_column(ForeignKey(TillSession.id))
    keeper_name: Mapped[Str255]
    reason: Mapped[LongText]
    amount: Mapped[Amount]
    at: Mapped[Instant]
    received_at: Mapped[Instant]
    late: Mapped[bool] = mapped_column(default=False)

    sale: Mapped[TillSale] = relationship()
    lines: Mapped[list[TillReturnLine]] = relationship(order_by="TillReturnLine.id")


class TillReturnLine(Base):
    """How many of a sold line came back, and whether they may be sold again."""

    __tablename__ = "till_return_lines"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        Index("ix_till_return_lines_return", "return_id"),
    )

    id: Mapped[Id]
    return_id: Mapped[int] = mapped_column(ForeignKey(TillReturn.id))
    line_id: Mapped[int] = mapped_column(ForeignKey(TillLine.id), index=True)
    quantity: Mapped[int]
    restock: Mapped[bool]
    # What these units were worth on the receipt, discount taken off.
    net_amount: Mapped[Amount]

    line: Mapped[TillLine] = relationship()


class TenderKind(StrEnum):
    CASH = "cash"
    VIETQR = "vietqr"
    TERMINAL = "terminal"
    TRANSFER = "transfer"


TENDER_NAMES = {
    TenderKind.CASH: N_("Tiền mặt"),
    TenderKind.VIETQR: N_("Chuyển khoản VietQR"),
    TenderKind.TERMINAL: N_("Máy quẹt thẻ"),
    TenderKind.TRANSFER: N_("Chuyển khoản trả khách"),
}


class Purpose(StrEnum):
    SALE = "sale"
    RETURN = "return"
    DRAWER = "drawer"


class TillTender(Base):
    """Money through a session, never changed: positive in, negative out. `drawer` is cash put in or taken out with a reason."""

    __tablename__ = "till_tenders"
    __table_args__ = (
        one_of("kind", TenderKind),
        one_of("purpose", Purpose),
        CheckConstraint("amount <> 0", name="amount_some"),
        CheckConstraint("purpose <> 'drawer' OR kind = 'cash'", name="drawer_is_cash"),
        Index("ix_till_tenders_session", "session_id", "id"),
        Index("ix_till_tenders_event", "event_id"),
    )

    id: Mapped[Id]
    session_id: Mapped[int] = mapped_column(ForeignKey(TillSession.id))
    event_id: Mapped[int] = mapped_column(ForeignKey(TillEvent.id))
    sale_id: Mapped[int | None] = mapped_column(ForeignKey(TillSale.id), index=True)
    return_id: Mapped[int | None] = mapped_column(ForeignKey(TillReturn.id), index=True)
    payment_id: Mapped[int | None] = mapped_column(ForeignKey(Payment.id))
    refund_id: Mapped[int | None] = mapped_column(ForeignKey(Refund.id))
    kind: Mapped[TenderKind] = mapped_column(EnumText(TenderKind))
    purpose: Mapped[Purpose] = mapped_column(EnumText(Purpose))
    amount: Mapped[Amount]
    # The note the buyer handed over; change is given − amount.
    given_amount: Mapped[Amount | None]
    reason: Mapped[LongText | None]
    at: Mapped[Instant]
    received_at: Mapped[Instant]
    late: Mapped[bool] = mapped_column(default=False)


class TillClosing(Base):
    """One count of a drawer, never changed; a recount is another row.

    `expected` = float + cash through the session up to the tender `tenders_until`; `variance` = counted − expected.
    """

    __tablename__ = "till_closings"
    __table_args__ = (
        CheckConstraint("counted_amount >= 0", name="counted_whole"),
        CheckConstraint("variance_amount = counted_amount - expected_amount", name="variance_adds_up"),
        Index("ix_till_closings_session", "session_id", "id"),
    )

    id: Mapped[Id]
    session_id: Mapped[int] = mapped_column(ForeignKey(TillSession.id))
    event_id: Mapped[int | None] = mapped_column(ForeignKey(TillEvent.id))
    # {"500000": 3, …}; empty if only the sum was typed.
    counted: Mapped[dict[str, Any]] = mapped_column(Json)
    counted_amount: Mapped[Amount]
    float_amount: Mapped[Amount]
    expected_amount: Mapped[Amount]
    variance_amount: Mapped[Amount]
    tenders_until: Mapped[int] = mapped_column(BigId)
    note: Mapped[LongText | None]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    at: Mapped[Instant]
    received_at: Mapped[Instant]


class ShortageState(StrEnum):
    """`open`: nobody has looked; `owed`: really short, the books are put right as goods become free; the rest is settled."""

    OPEN = "open"
    OWED = "owed"
    FOUND = "found"
    SHORT = "short"


SHORTAGE_NAMES = {
    ShortageState.OPEN: N_("Chờ xem"),
    ShortageState.OWED: N_("Thiếu thật, chờ trừ sổ"),
    ShortageState.FOUND: N_("Hàng có thật, sổ đã sai"),
    ShortageState.SHORT: N_("Thiếu thật, đã trừ sổ"),
}


class Shortage(Base):
    """What a counter sold beyond what the books had free: booked in under `shortage:<reference>` so that nothing is negative.

    `claimed` is how many units of the level were claimed by others at that moment. `settled` counts units that were taken
    off again because they were really short.
    """

    __tablename__ = "till_shortages"
    __table_args__ = (
        one_of("state", ShortageState),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("settled >= 0 AND settled <= quantity", name="settled_within"),
        Index("ix_till_shortages_state", "state", "id"),
        Index("ix_till_shortages_point", "point_id", "state"),
    )

    id: Mapped[Id]
    reference: Mapped[Str40] = mapped_column(unique=True)
    sale_id: Mapped[int] = mapped_column(ForeignKey(TillSale.id), index=True)
    point_id: Mapped[int] = mapped_column(ForeignKey(Point.id))
    variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id))
    # The level of the room of stock, as an opaque id: `stock_levels.id`.
    level_id: Mapped[int] = mapped_column(BigId)
    quantity: Mapped[int]
    claimed: Mapped[int]
    settled: Mapped[int] = mapped_column(default=0)
    state: Mapped[ShortageState] = mapped_column(EnumText(ShortageState))
    opened_at: Mapped[Instant]
    decided_at: Mapped[Instant | None]
    decided_by: Mapped[Str255 | None]
    reason: Mapped[LongText | None]
    closed_at: Mapped[Instant | None]


class GapKind(StrEnum):
    SEQ = "seq"
    NUMBER = "number"


class Gap(Base):
    """Numbers of a device that were jumped over, `first` to `last`; closed when they have come or a person knows why not."""

    __tablename__ = "till_gaps"
    __table_args__ = (
        one_of("kind", GapKind),
        CheckConstraint("first <= last", name="span"),
        Index("ix_till_gaps_device", "device_id", "kind", "first"),
        Index("ix_till_gaps_open", "closed_at", "id"),
    )

    id: Mapped[Id]
    device_id: Mapped[int] = mapped_column(ForeignKey(Device.id))
    kind: Mapped[GapKind] = mapped_column(EnumText(GapKind))
    first: Mapped[int]
    last: Mapped[int]
    found_at: Mapped[Instant]
    closed_at: Mapped[Instant | None]
    closed_by: Mapped[Str255 | None]
    note: Mapped[LongText | None]

    device: Mapped[Device] = relationship()


class Notice(Base):
    """What was taken in all the same and a person should know: a clock far off, a stopped lot sold, a keeper without right."""

    __tablename__ = "till_notices"
    __table_args__ = (Index("ix_till_notices_open", "closed_at", "id"),)

    id: Mapped[Id]
    kind: Mapped[Str40]
    device_id: Mapped[int] = mapped_column(ForeignKey(Device.id), index=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey(TillEvent.id))
    session_id: Mapped[int | None] = mapped_column(ForeignKey(TillSession.id))
    # Plain values: what is meant, in the words of the event.
    detail: Mapped[dict[str, Any]] = mapped_column(Json)
    opened_at: Mapped[Instant]
    closed_at: Mapped[Instant | None]
    closed_by: Mapped[Str255 | None]
    note: Mapped[LongText | None]

    device: Mapped[Device] = relationship()


NOTICE_NAMES = {
    "clock-ahead": N_("Đồng hồ máy chạy trước"),
    "clock-behind": N_("Sự việc quá cũ"),
    "keeper-without-right": N_("Người đứng quầy không có quyền ở điểm này"),
    "session-missing": N_("Bán trong ca chưa thấy mở"),
    "session-left-open": N_("Ca cũ chưa đếm tiền khi mở ca mới"),
    "lot-stopped": N_("Bán hàng của lô đã dừng"),
    "lot-expired": N_("Bán hàng của lô quá hạn"),
    "lot-unknown": N_("Số lô không có trong sổ"),
    "certificate-clock": N_("Chứng nhận còn hay hết hạn tùy theo đồng hồ"),
    "seq-twice": N_("Hai sự việc cùng số thứ tự"),
    "offer-over": N_("Bán giá khuyến mại quá số lượng hoặc sau khi dừng: cửa hàng chịu phần quá"),
    "coupon-late": N_("Mã giảm giá đã hết hạn giữ khi đơn quầy về tới: cửa hàng chịu phần giảm"),
}


class CouponState(StrEnum):
    """`held`: a counter has it for the sale in its basket. `used`: in a sale. `let-go`: not used after all."""

    HELD = "held"
    USED = "used"
    LET_GO = "let-go"


class Coupon(Base):
    """A code that was granted to the basket of a counter: what it takes off each line of it.

    The code counts as used from here on (`promotions.Use`, reference `till:<uuid>`), so that what the buyer is told holds
    however long the network is gone before the sale arrives.
    """

    __tablename__ = "till_coupons"
    __table_args__ = (
        one_of("state", CouponState),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("(state = 'held') = (ended_at IS NULL)", name="end_known"),
        Index("ix_till_coupons_device", "device_id", "state"),
    )

    id: Mapped[Id]
    uuid: Mapped[Str40] = mapped_column(unique=True)
    device_id: Mapped[int] = mapped_column(ForeignKey(Device.id))
    promotion_id: Mapped[int] = mapped_column(ForeignKey(Promotion.id))
    # SHA-256 (hex) of what was asked, and đồng by the number of the line, from 0.
    digest: Mapped[Str80]
    shares: Mapped[dict[str, Any]] = mapped_column(Json)
    amount: Mapped[Amount]
    state: Mapped[CouponState] = mapped_column(EnumText(CouponState))
    at: Mapped[Instant]
    ended_at: Mapped[Instant | None]
    sale_id: Mapped[int | None] = mapped_column(ForeignKey(TillSale.id), index=True)

    promotion: Mapped[Promotion] = relationship()


class Ask(Base):
    """Asked for and not had: a variant or free words, how many; kept for what to stock next."""

    __tablename__ = "till_asks"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("variant_id IS NOT NULL OR words IS NOT NULL", name="something"),
        Index("ix_till_asks_point", "point_id", "id"),
        Index("ix_till_asks_variant", "variant_id"),
    )

    id: Mapped[Id]
    event_id: Mapped[int] = mapped_column(ForeignKey(TillEvent.id), unique=True)
    device_id: Mapped[int] = mapped_column(ForeignKey(Device.id))
    point_id: Mapped[int] = mapped_column(ForeignKey(Point.id))
    variant_id: Mapped[int | None] = mapped_column(ForeignKey(Variant.id))
    words: Mapped[Str255 | None]
    # The words without marks, for counting together.
    folded: Mapped[Str255 | None]
    quantity: Mapped[int]
    at: Mapped[Instant]
    received_at: Mapped[Instant]
