"""The wait list: who waits for which goods in which order, what was offered to whom, and each step of it.

A product has one queue. Each entry says which of the product's packs it takes (`Choice`), and an offer goes to the first
entry that can use the goods there are.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.accounts.models import User
from shop.catalog.models import Product, Variant
from shop.kernel.db import Base, EnumText, Id, Instant, LongText, Str20, Str40, Str80, Str255, one_of
from shop.kernel.errors import N_
from shop.orders.models import Order
from shop.points.models import Point


class Choice(StrEnum):
    """Which packs an entry takes: the one looked at, those of the same net content too, or any pack of the product."""

    THIS = "this"
    ALIKE = "alike"
    ANY = "any"


CHOICE_NAMES = {
    Choice.THIS: N_("Chỉ loại này"),
    Choice.ALIKE: N_("Loại này hoặc loại cùng khối lượng"),
    Choice.ANY: N_("Loại nào của sản phẩm này cũng được"),
}


class WaitState(StrEnum):
    UNCONFIRMED = "unconfirmed"
    WAITING = "waiting"
    OFFERED = "offered"
    BOUGHT = "bought"
    LEFT = "left"
    ENDED = "ended"


WAIT_NAMES = {
    WaitState.UNCONFIRMED: N_("Chờ xác nhận"),
    WaitState.WAITING: N_("Đang chờ hàng"),
    WaitState.OFFERED: N_("Đang được giữ hàng"),
    WaitState.BOUGHT: N_("Đã mua"),
    WaitState.LEFT: N_("Đã rời hàng chờ"),
    WaitState.ENDED: N_("Đã kết thúc"),
}
OPEN = (WaitState.UNCONFIRMED, WaitState.WAITING, WaitState.OFFERED)

# For each state the steps that may follow. An offer that is bought in part, or lapses, or is taken back leads to waiting again.
ALLOWED: dict[WaitState, frozenset[WaitState]] = {
    WaitState.UNCONFIRMED: frozenset({WaitState.WAITING, WaitState.LEFT, WaitState.ENDED}),
    WaitState.WAITING: frozenset({WaitState.OFFERED, WaitState.LEFT, WaitState.ENDED}),
    WaitState.OFFERED: frozenset({WaitState.WAITING, WaitState.BOUGHT, WaitState.LEFT, WaitState.ENDED}),
    WaitState.BOUGHT: frozenset(),
    WaitState.LEFT: frozenset(),
    WaitState.ENDED: frozenset(),
}


class OfferState(StrEnum):
    OPEN = "open"
    BOUGHT = "bought"
    LAPSED = "lapsed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


OFFER_NAMES = {
    OfferState.OPEN: N_("Đang giữ"),
    OfferState.BOUGHT: N_("Đã mua"),
    OfferState.LAPSED: N_("Quá hạn"),
    OfferState.DECLINED: N_("Khách không lấy"),
    OfferState.WITHDRAWN: N_("Cửa hàng thu lại"),
}


class WaitQueue(Base):
    """The row that whoever changes a product's queue locks first."""

    __tablename__ = "wait_queues"

    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id), primary_key=True)


_OPEN_SQL = "state IN ('unconfirmed', 'waiting', 'offered') AND contact_key IS NOT NULL"


class WaitEntry(Base):
    """One wish: `quantity` sale units still wanted; `partial`: fewer are welcome too. By parcel, or collected at
    `point_id`.

    `queued_at` is the place in the queue; `waiting_since` when the entry last began to wait. `contact_key` is a digest of the
    contact, so that one contact stands in a queue once. `blanked_at`: the person's part has been removed for good.
    """

    __tablename__ = "wait_entries"
    __table_args__ = (
        one_of("choice", Choice),
        one_of("state", WaitState),
        CheckConstraint("quantity BETWEEN 1 AND 9999", name="quantity_range"),
        CheckConstraint("lapses >= 0 AND bought >= 0", name="counts_whole"),
        CheckConstraint("email IS NOT NULL OR phone IS NOT NULL OR blanked_at IS NOT NULL", name="reachable"),
        CheckConstraint(
            "state IN ('unconfirmed', 'left', 'ended') OR (confirmed_at IS NOT NULL AND queued_at IS NOT NULL)",
            name="queue_is_confirmed",
        ),
        CheckConstraint("(state IN ('bought', 'left', 'ended')) = (ended_at IS NOT NULL)", name="end_has_time"),
        Index(
            "uq_wait_entries_open_contact",
            "product_id",
            "contact_key",
            unique=True,
            sqlite_where=text(_OPEN_SQL),
            postgresql_where=text(_OPEN_SQL),
        ),
        Index("ix_wait_entries_queue", "product_id", "state", "queued_at", "id"),
        Index("ix_wait_entries_state", "state", "joined_at", "id"),
        Index("ix_wait_entries_user", "user_id", "id"),
        Index("ix_wait_entries_ended", "ended_at", "blanked_at"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id))
    variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id))
    choice: Mapped[Choice] = mapped_column(EnumText(Choice))
    quantity: Mapped[int]
    partial: Mapped[bool]
    point_id: Mapped[int | None] = mapped_column(ForeignKey(Point.id))
    email: Mapped[Str255 | None]
    phone: Mapped[Str20 | None]
    contact_key: Mapped[Str80 | None]
    locale: Mapped[Str20] = mapped_column(default="vi")
    user_id: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    state: Mapped[WaitState] = mapped_column(EnumText(WaitState))
    joined_at: Mapped[Instant]
    confirmed_at: Mapped[Instant | None]
    queued_at: Mapped[Instant | None]
    waiting_since: Mapped[Instant | None]
    lapses: Mapped[int] = mapped_column(default=0)
    bought: Mapped[int] = mapped_column(default=0)
    ended_at: Mapped[Instant | None]
    blanked_at: Mapped[Instant | None]

    steps: Mapped[list[WaitStep]] = relationship(back_populates="entry", order_by="WaitStep.id")
    offers: Mapped[list[WaitOffer]] = relationship(back_populates="entry", order_by="WaitOffer.id")


class WaitOffer(Base):
    """Goods kept for one entry until `until` under `offer:<reference>`.

    `passed` entries stood earlier in the queue and could not use these goods (they want more at once, or elsewhere):
    `passed_over` are their references. `basket_hash` names the browser whose basket has the goods (its digest).
    """

    __tablename__ = "wait_offers"
    __table_args__ = (
        one_of("state", OfferState),
        CheckConstraint("quantity BETWEEN 1 AND 9999", name="quantity_range"),
        CheckConstraint("(state = 'bought') = (order_id IS NOT NULL)", name="bought_has_order"),
        CheckConstraint("(state = 'open') = (closed_at IS NULL)", name="closed_has_time"),
        # Nobody has two offers at once for one wish.
        Index(
            "uq_wait_offers_open",
            "entry_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_wait_offers_entry", "entry_id", "id"),
        Index("ix_wait_offers_until", "state", "until"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey(WaitEntry.id))
    variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id))
    quantity: Mapped[int]
    state: Mapped[OfferState] = mapped_column(EnumText(OfferState))
    passed_over: Mapped[LongText] = mapped_column(default="")
    made_at: Mapped[Instant]
    until: Mapped[Instant]
    closed_at: Mapped[Instant | None]
    basket_hash: Mapped[Str80 | None]
    basket_at: Mapped[Instant | None]
    # A person without an e-mail address was called.
    told_at: Mapped[Instant | None]
    told_by: Mapped[Str255 | None]
    order_id: Mapped[int | None] = mapped_column(ForeignKey(Order.id))

    entry: Mapped[WaitEntry] = relationship(back_populates="offers")

    @property
    def claim(self) -> str:
        """The reference under which stock keeps the goods."""
        return claim_of(self.reference)


CLAIMS = "offer:"


def claim_of(reference: str) -> str:
    """The reference under which stock keeps the goods of an offer."""
    return f"{CLAIMS}{reference}"


class WaitStep(Base):
    """One step of an entry: from, to, when, who, why."""

    __tablename__ = "wait_steps"
    __table_args__ = (Index("ix_wait_steps_entry", "entry_id", "id"),)

    id: Mapped[Id]
    entry_id: Mapped[int] = mapped_column(ForeignKey(WaitEntry.id))
    from_state: Mapped[Str20]
    to_state: Mapped[Str20]
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    note: Mapped[LongText | None]

    entry: Mapped[WaitEntry] = relationship(back_populates="steps")
