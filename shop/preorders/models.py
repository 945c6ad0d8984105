"""Harvest windows, and pre-orders in them: a claim on what is still to be harvested, never on goods."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.accounts.models import User
from shop.catalog.models import Product, Variant
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
from shop.orders.models import DeliveryKind, Order, PaymentMethod
from shop.points.models import Point
from shop.preorders.sharing import Rule
from shop.producers.models import Producer
from shop.supply.models import Harvest


class WindowState(StrEnum):
    """`open`: it may be ordered from `opens_at` until before `closes_at`; `harvested`: what came is known; `shared`: everybody
    knows what he gets."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    OPEN = "open"
    CLOSED = "closed"
    HARVESTED = "harvested"
    SHARED = "shared"
    DONE = "done"
    CANCELLED = "cancelled"


W = WindowState
WINDOW_ALLOWED: dict[str, frozenset[str]] = {
    "": frozenset({W.DRAFT}),
    W.DRAFT: frozenset({W.PROPOSED, W.OPEN, W.CANCELLED}),
    W.PROPOSED: frozenset({W.DRAFT, W.OPEN, W.CANCELLED}),
    W.OPEN: frozenset({W.CLOSED, W.CANCELLED}),
    W.CLOSED: frozenset({W.HARVESTED, W.CANCELLED}),
    # What came may be corrected until it is shared.
    W.HARVESTED: frozenset({W.HARVESTED, W.SHARED, W.CANCELLED}),
    W.SHARED: frozenset({W.DONE}),
    W.DONE: frozenset(),
    W.CANCELLED: frozenset(),
}
WINDOW_NAMES = {
    W.DRAFT: N_("Bản nháp"),
    W.PROPOSED: N_("Chờ duyệt"),
    W.OPEN: N_("Đang nhận đặt trước"),
    W.CLOSED: N_("Đã đóng, chờ thu hoạch"),
    W.HARVESTED: N_("Đã thu hoạch, chờ chia hàng"),
    W.SHARED: N_("Đã chia hàng"),
    W.DONE: N_("Đã xong"),
    W.CANCELLED: N_("Đã hủy"),
}
# Dates may still move, and a pre-order may still be left or called off.
UNSHARED = (W.OPEN, W.CLOSED, W.HARVESTED)


class HarvestWindow(Base):
    """One pack of a producer that may be ordered before its harvest. Amounts are đồng for one unit. `taken` counts the units of
    its living pre-orders; of `limit_units` no more is ever taken (one conditional UPDATE decides). The final price is never
    above `price_high_amount`."""

    __tablename__ = "harvest_windows"
    __table_args__ = (
        one_of("state", WindowState),
        one_of("rule", Rule),
        CheckConstraint("0 < low AND low <= high", name="range"),
        CheckConstraint("limit_units BETWEEN low AND high", name="limit_in_range"),
        CheckConstraint("0 <= taken AND taken <= limit_units", name="taken_within_limit"),
        CheckConstraint("closes_at > opens_at", name="span"),
        CheckConstraint("harvest_to >= harvest_from AND delivery_to >= delivery_from", name="days_in_order"),
        CheckConstraint("delivery_from >= harvest_from", name="delivered_after_harvest"),
        CheckConstraint("0 < price_low_amount AND price_low_amount <= price_high_amount", name="price_range"),
        CheckConstraint("deposit_percent BETWEEN 0 AND 50", name="deposit_fair"),
        CheckConstraint("household_limit > 0", name="household_positive"),
        CheckConstraint(
            "final_price_amount IS NULL OR (final_price_amount > 0 AND final_price_amount <= price_high_amount)",
            name="price_kept",
        ),
        CheckConstraint("harvested IS NULL OR harvested >= 0", name="harvest_whole"),
        CheckConstraint(
            "state NOT IN ('harvested', 'shared', 'done') OR (harvested IS NOT NULL AND final_price_amount IS NOT NULL)",
            name="harvest_known",
        ),
        Index("ix_harvest_windows_state", "state", "closes_at"),
        Index("ix_harvest_windows_producer", "producer_id", "id"),
        Index("ix_harvest_windows_variant", "variant_id", "state"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    state: Mapped[WindowState] = mapped_column(EnumText(WindowState))
    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id))
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id))
    variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id))
    harvest_id: Mapped[int | None] = mapped_column(ForeignKey(Harvest.id))
    # Parcels leave from here.
    point_id: Mapped[int] = mapped_column(ForeignKey(Point.id))
    ships: Mapped[bool]
    low: Mapped[int]
    high: Mapped[int]
    limit_units: Mapped[int]
    taken: Mapped[int] = mapped_column(default=0)
    opens_at: Mapped[Instant]
    closes_at: Mapped[Instant]
    harvest_from: Mapped[date] = mapped_column(Date)
    harvest_to: Mapped[date] = mapped_column(Date)
    delivery_from: Mapped[date] = mapped_column(Date)
    delivery_to: Mapped[date] = mapped_column(Date)
    price_low_amount: Mapped[Amount]
    price_high_amount: Mapped[Amount]
    deposit_percent: Mapped[int] = mapped_column(default=0)
    household_limit: Mapped[int]
    rule: Mapped[Rule] = mapped_column(EnumText(Rule))
    # Codes of communes whose people come first (`locals_first`).
    localities: Mapped[list[str]] = mapped_column(Json)
    note: Mapped[LongText | None]
    # Of a draw: secret until the goods are shared. Its SHA-256 is published with the window.
    seed: Mapped[Str80]
    seed_hash: Mapped[Str80]
    harvested: Mapped[int | None]
    final_price_amount: Mapped[Amount | None]
    # When the days were moved last: who ordered before may leave.
    moved_at: Mapped[Instant | None]
    shared_at: Mapped[Instant | None]
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]
    is_demo: Mapped[bool] = mapped_column(default=False)

    pickups: Mapped[list[WindowPoint]] = relationship(order_by="WindowPoint.point_id", lazy="selectin")
    steps: Mapped[list[WindowStep]] = relationship(order_by="WindowStep.id")

    @property
    def deposit_amount(self) -> int:
        """The deposit for one unit, in whole đồng (rounded down); 0: none is asked."""
        return self.price_low_amount * self.deposit_percent // 100

    def takes_at(self, at: datetime) -> bool:
        """Whether it may be ordered at the instant `at`, places aside."""
        return self.state is W.OPEN and self.opens_at <= at < self.closes_at


class WindowPoint(Base):
    """A point at which what was ordered may be collected."""

    __tablename__ = "harvest_window_points"
    __table_args__ = (UniqueConstraint("window_id", "point_id"),)

    id: Mapped[Id]
    window_id: Mapped[int] = mapped_column(ForeignKey(HarvestWindow.id))
    point_id: Mapped[int] = mapped_column(ForeignKey(Point.id), index=True)


class WindowStep(Base):
    """One step of a window: from, to, when, who, why. `told` holds what changed: days before and after, units, price."""

    __tablename__ = "harvest_window_steps"
    __table_args__ = (Index("ix_harvest_window_steps_window", "window_id", "id"),)

    id: Mapped[Id]
    window_id: Mapped[int] = mapped_column(ForeignKey(HarvestWindow.id))
    from_state: Mapped[Str20]
    to_state: Mapped[Str20]
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    reason: Mapped[LongText | None]
    told: Mapped[dict[str, Any]] = mapped_column(Json)


class PreorderState(StrEnum):
    """`waiting`: for its deposit or its confirmation, until `hold_until`; `shared`: `allotted` says what he gets."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    SHARED = "shared"
    LAPSED = "lapsed"
    LEFT = "left"
    CALLED_OFF = "called_off"


S = PreorderState
PREORDER_ALLOWED: dict[str, frozenset[str]] = {
    S.WAITING: frozenset({S.CONFIRMED, S.LAPSED, S.LEFT, S.CALLED_OFF}),
    S.CONFIRMED: frozenset({S.SHARED, S.LEFT, S.CALLED_OFF}),
    S.SHARED: frozenset(),
    # Money that comes late takes its places again, if there are any.
    S.LAPSED: frozenset({S.CONFIRMED}),
    S.LEFT: frozenset(),
    S.CALLED_OFF: frozenset(),
}
PREORDER_NAMES = {
    S.WAITING: N_("Chờ đặt cọc hoặc xác nhận"),
    S.CONFIRMED: N_("Đã giữ chỗ"),
    S.SHARED: N_("Đã chia hàng"),
    S.LAPSED: N_("Hết hạn giữ chỗ"),
    S.LEFT: N_("Đã rút"),
    S.CALLED_OFF: N_("Đợt bị hủy"),
}
# They count in `HarvestWindow.taken`.
LIVE = (S.WAITING, S.CONFIRMED, S.SHARED)
ENDED = (S.SHARED, S.LAPSED, S.LEFT, S.CALLED_OFF)


class OnShort(StrEnum):
    """What becomes of the deposit of units that are not got."""

    REFUND = "refund"
    CARRY = "carry"


ON_SHORT_NAMES = {
    OnShort.REFUND: N_("Hoàn tiền cọc của phần thiếu"),
    OnShort.CARRY: N_("Giữ tiền cọc, ưu tiên tôi ở đợt sau"),
}


class Preorder(Base):
    """So many units of a window for one buyer. Amounts in đồng.

    The deposit's money lies in the payment of `deposit_order_id`. Of `deposit_amount`, what this pre-order has of it, `used`
    went into the goods' order, `back` goes back (of which `sent` is asked for at the payment), `credit` waits for the next
    window and `moved` went into a pre-order there. `returned` is the part of `used` that goes back after all, also in `back`.
    """

    __tablename__ = "preorders"
    __table_args__ = (
        one_of("state", PreorderState),
        one_of("delivery", DeliveryKind),
        one_of("rest_method", PaymentMethod),
        one_of("on_short", OnShort),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("(state = 'shared') = (allotted IS NOT NULL)", name="allotted_when_shared"),
        CheckConstraint("allotted IS NULL OR (allotted >= 0 AND allotted <= quantity)", name="allotted_within"),
        CheckConstraint("(state = 'waiting') = (hold_until IS NOT NULL)", name="waits_until"),
        CheckConstraint(
            "deposit_amount >= 0 AND used_amount >= 0 AND back_amount >= 0 AND sent_amount >= 0 AND credit_amount >= 0"
            " AND moved_amount >= 0 AND returned_amount >= 0 AND credit_units >= 0",
            name="amounts_whole",
        ),
        CheckConstraint("sent_amount <= back_amount AND returned_amount <= used_amount", name="parts_within"),
        CheckConstraint(
            "used_amount - returned_amount + back_amount + credit_amount + moved_amount <= deposit_amount",
            name="deposit_holds_its_parts",
        ),
        CheckConstraint("deposit_amount = 0 OR deposit_order_id IS NOT NULL", name="deposit_has_its_order"),
        Index("ix_preorders_window", "window_id", "state", "id"),
        Index("ix_preorders_user", "user_id", "id"),
        Index("ix_preorders_deposit", "deposit_order_id"),
        Index("ix_preorders_hold", "state", "hold_until"),
        Index("ix_preorders_credit", "variant_id", "credit_amount"),
        Index("ix_preorders_ended", "ended_at"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    secret_hash: Mapped[Str80]
    window_id: Mapped[int] = mapped_column(ForeignKey(HarvestWindow.id))
    variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id))
    state: Mapped[PreorderState] = mapped_column(EnumText(PreorderState))
    quantity: Mapped[int]
    hold_until: Mapped[Instant | None]
    user_id: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    locale: Mapped[Str20] = mapped_column(default="vi")
    name: Mapped[Str255]
    phone: Mapped[Str20]
    email: Mapped[Str255 | None]
    delivery: Mapped[DeliveryKind] = mapped_column(EnumText(DeliveryKind))
    province_code: Mapped[Str20 | None]
    province_name: Mapped[Str255 | None]
    commune_code: Mapped[Str20 | None]
    commune_name: Mapped[Str255 | None]
    street: Mapped[Str255 | None]
    # The address without marks, for the limit of a household.
    address_folded: Mapped[Str255 | None]
    pickup_point_id: Mapped[int | None] = mapped_column(ForeignKey(Point.id))
    # What the parcel was said to cost; never more is asked.
    fee_amount: Mapped[Amount] = mapped_column(default=0)
    rest_method: Mapped[PaymentMethod] = mapped_column(EnumText(PaymentMethod))
    on_short: Mapped[OnShort] = mapped_column(EnumText(OnShort))
    deposit_order_id: Mapped[int | None] = mapped_column(ForeignKey(Order.id))
    deposit_amount: Mapped[Amount] = mapped_column(default=0)
    used_amount: Mapped[Amount] = mapped_column(default=0)
    returned_amount: Mapped[Amount] = mapped_column(default=0)
    back_amount: Mapped[Amount] = mapped_column(default=0)
    sent_amount: Mapped[Amount] = mapped_column(default=0)
    credit_amount: Mapped[Amount] = mapped_column(default=0)
    credit_units: Mapped[int] = mapped_column(default=0)
    moved_amount: Mapped[Amount] = mapped_column(default=0)
    carried_from_id: Mapped[int | None] = mapped_column(ForeignKey("preorders.id"))
    allotted: Mapped[int | None]
    # Place in the order by which the rule served, and why he gets what he gets, in his language.
    place: Mapped[int | None]
    why: Mapped[LongText | None]
    order_id: Mapped[int | None] = mapped_column(ForeignKey(Order.id), unique=True)
    placed_at: Mapped[Instant]
    confirmed_at: Mapped[Instant | None]
    ended_at: Mapped[Instant | None]
    end_reason: Mapped[LongText | None]
    updated_at: Mapped[Instant]
    is_demo: Mapped[bool] = mapped_column(default=False)

    window: Mapped[HarvestWindow] = relationship()
