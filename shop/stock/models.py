"""Levels, movements, claims. On hand is the sum of a level's movements; held and allocated are the sums of its live claims."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from shop.catalog.models import Variant
from shop.kernel.db import Base, EnumText, Id, Instant, LongText, Str20, Str40, Str80, Str255, one_of
from shop.kernel.errors import N_
from shop.points.models import Point

SHOP = "shop"


class Lot(Base):
    """A production lot of a variant; the code "" stands for goods whose lot is not recorded.

    `trace_code` is its public name (`/truy-xuat/<trace_code>`), given when a label is first wanted; from `stopped_at` on
    nothing of it may be sold or sent.
    """

    __tablename__ = "lots"
    __table_args__ = (
        UniqueConstraint("variant_id", "code"),
        CheckConstraint("expires_on IS NULL OR produced_on IS NULL OR expires_on >= produced_on", name="span"),
        Index("ix_lots_trace_code", "trace_code", unique=True),
        Index("ix_lots_expires", "expires_on"),
    )

    id: Mapped[Id]
    variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id))
    code: Mapped[Str40] = mapped_column(default="")
    produced_on: Mapped[date | None] = mapped_column(Date)
    expires_on: Mapped[date | None] = mapped_column(Date)
    trace_code: Mapped[Str20 | None]
    stopped_at: Mapped[Instant | None]
    stop_reason: Mapped[LongText | None]
    created_at: Mapped[Instant]


class PaperKind(StrEnum):
    TEST = "test"
    DECLARATION = "declaration"
    FOOD_SAFETY = "food_safety"
    ORIGIN = "origin"
    OTHER = "other"


PAPER_KIND_NAMES = {
    PaperKind.TEST: N_("Phiếu kết quả kiểm nghiệm"),
    PaperKind.DECLARATION: N_("Bản tự công bố sản phẩm"),
    PaperKind.FOOD_SAFETY: N_("Giấy chứng nhận an toàn thực phẩm"),
    PaperKind.ORIGIN: N_("Giấy tờ nguồn gốc nguyên liệu"),
    PaperKind.OTHER: N_("Giấy tờ khác"),
}


class LotPaper(Base):
    """A paper about a lot; the trace page shows those that staff made public. `removed_at`: entered by mistake."""

    __tablename__ = "lot_papers"
    __table_args__ = (one_of("kind", PaperKind), Index("ix_lot_papers_lot", "lot_id", "id"))

    id: Mapped[Id]
    lot_id: Mapped[int] = mapped_column(ForeignKey(Lot.id))
    kind: Mapped[PaperKind] = mapped_column(EnumText(PaperKind))
    number: Mapped[Str80 | None]
    issuer: Mapped[Str255 | None]
    issued_on: Mapped[date | None] = mapped_column(Date)
    file_key: Mapped[Str255 | None]
    is_public: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Instant]
    removed_at: Mapped[Instant | None]


class StockLevel(Base):
    """Counts of sale units of one variant at one point, of one lot and one owner (`shop` or `producer:7`)."""

    __tablename__ = "stock_levels"
    __table_args__ = (
        UniqueConstraint("variant_id", "point_id", "lot_id", "owner"),
        CheckConstraint("held >= 0 AND allocated >= 0 AND held + allocated <= on_hand", name="claims_within_on_hand"),
        Index("ix_stock_levels_point", "point_id", "variant_id"),
        Index("ix_stock_levels_owner", "owner"),
    )

    id: Mapped[Id]
    variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id))
    point_id: Mapped[int] = mapped_column(ForeignKey(Point.id))
    lot_id: Mapped[int] = mapped_column(ForeignKey(Lot.id), index=True)
    owner: Mapped[Str40] = mapped_column(default=SHOP)
    on_hand: Mapped[int] = mapped_column(default=0)
    held: Mapped[int] = mapped_column(default=0)
    allocated: Mapped[int] = mapped_column(default=0)
    # The lot's stop, kept on the level itself: whoever waits for this row sees it, whatever else it has read before.
    is_stopped: Mapped[bool] = mapped_column(default=False, server_default=text("false"))  # both databases read it
    updated_at: Mapped[Instant]


class MovementKind(StrEnum):
    RECEIPT = "receipt"
    SALE = "sale"
    RETURN = "return"
    TRANSFER_OUT = "transfer_out"
    TRANSFER_IN = "transfer_in"
    ADJUSTMENT = "adjustment"
    WRITE_OFF = "write_off"
    COUNT = "count"


MOVEMENT_NAMES = {
    MovementKind.RECEIPT: N_("Nhập hàng"),
    MovementKind.SALE: N_("Bán ra"),
    MovementKind.RETURN: N_("Hàng trả về"),
    MovementKind.TRANSFER_OUT: N_("Chuyển đi"),
    MovementKind.TRANSFER_IN: N_("Chuyển đến"),
    MovementKind.ADJUSTMENT: N_("Điều chỉnh"),
    MovementKind.WRITE_OFF: N_("Hủy hàng"),
    MovementKind.COUNT: N_("Kiểm kê"),
}


class StockMovement(Base):
    """One change of on hand, never changed itself. `reference` says what caused it (`order:HX7K-3M2P`)."""

    __tablename__ = "stock_movements"
    __table_args__ = (
        one_of("kind", MovementKind),
        CheckConstraint("quantity <> 0", name="quantity_some"),
        CheckConstraint("balance >= 0", name="balance_whole"),
        Index("ix_stock_movements_level", "level_id", "id"),
        Index("ix_stock_movements_reference", "reference"),
    )

    id: Mapped[Id]
    level_id: Mapped[int] = mapped_column(ForeignKey(StockLevel.id))
    kind: Mapped[MovementKind] = mapped_column(EnumText(MovementKind))
    quantity: Mapped[int]
    # On hand of the level after this movement.
    balance: Mapped[int]
    reason: Mapped[LongText | None]
    reference: Mapped[Str80 | None]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    op_key: Mapped[Str255] = mapped_column(unique=True)
    at: Mapped[Instant]


class Stage(StrEnum):
    """`held`: until a term, for somebody who may yet pay; `allocated`: committed until handed over or released."""

    HELD = "held"
    ALLOCATED = "allocated"


class Outcome(StrEnum):
    TAKEN = "taken"
    RELEASED = "released"
    LAPSED = "lapsed"


class StockHold(Base):
    """A claim on goods under an opaque reference (`order:17`); live while `outcome` is NULL. Only held ones have a term."""

    __tablename__ = "stock_holds"
    __table_args__ = (
        one_of("stage", Stage),
        one_of("outcome", Outcome),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("(stage = 'held') = (expires_at IS NOT NULL)", name="held_has_term"),
        Index("ix_stock_holds_reference", "reference", "outcome"),
        Index("ix_stock_holds_level", "level_id", "outcome"),
        Index("ix_stock_holds_term", "outcome", "expires_at"),
    )

    id: Mapped[Id]
    reference: Mapped[Str80]
    level_id: Mapped[int] = mapped_column(ForeignKey(StockLevel.id))
    quantity: Mapped[int]
    stage: Mapped[Stage] = mapped_column(EnumText(Stage))
    expires_at: Mapped[Instant | None]
    outcome: Mapped[Outcome | None] = mapped_column(EnumText(Outcome))
    created_at: Mapped[Instant]
    closed_at: Mapped[Instant | None]


class Availability(Base):
    """What lists show of a variant: units that may still be sold by parcel and by pick-up, over all open points.

    Kept in step by every change of a level in the same transaction; decisions are taken on levels, never on this.
    """

    __tablename__ = "stock_availability"

    variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id), primary_key=True)
    ship: Mapped[int] = mapped_column(default=0)
    pickup: Mapped[int] = mapped_column(default=0)
    updated_at: Mapped[Instant]


class Passage(Base):
    """Goods of one level that left for another point and have not all arrived: the same lot and owner at both ends.

    `on_road` units are still on their way; the others have arrived, `lost` of them only to be written off at once (missing
    or damaged). `reference` says what sends them (`transfer:C-HX7K-3M2P`).
    """

    __tablename__ = "stock_passages"
    __table_args__ = (
        UniqueConstraint("reference", "level_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("on_road >= 0 AND lost >= 0 AND on_road + lost <= quantity", name="parts_within_quantity"),
        CheckConstraint("level_id <> to_level_id", name="goes_somewhere"),
        Index("ix_stock_passages_from", "level_id", "on_road"),
        Index("ix_stock_passages_to", "to_level_id", "on_road"),
        Index("ix_stock_passages_on_road", "on_road"),
    )

    id: Mapped[Id]
    reference: Mapped[Str80]
    level_id: Mapped[int] = mapped_column(ForeignKey(StockLevel.id))
    to_level_id: Mapped[int] = mapped_column(ForeignKey(StockLevel.id))
    quantity: Mapped[int]
    on_road: Mapped[int]
    lost: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[Instant]


class WebReserve(Base):
    """So many units of one pack the web leaves at one point, in place of the point's own number (`Point.web_reserve`), until
    the end of `until_on` (NULL: until it is changed). `reference` says who set it (`sharing:S-HX7K-3M2P`).

    The columns are named unlike those of levels: SQLite's RETURNING names columns without their tables.
    """

    __tablename__ = "web_reserves"
    __table_args__ = (
        UniqueConstraint("at_point_id", "of_variant_id"),
        CheckConstraint("units >= 0", name="units_counted"),
        Index("ix_web_reserves_variant", "of_variant_id"),
        Index("ix_web_reserves_reference", "reference"),
    )

    id: Mapped[Id]
    at_point_id: Mapped[int] = mapped_column(ForeignKey(Point.id))
    of_variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id))
    units: Mapped[int]
    until_on: Mapped[date | None] = mapped_column(Date)
    reference: Mapped[Str80]
    set_at: Mapped[Instant]
    set_by: Mapped[Str255]
