"""A fair, its plan on a grid, its budget. Amounts are whole đồng; lengths on the plan are cells of `cell_cm` centimetres."""

from __future__ import annotations

from datetime import date, timedelta
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
    SortKey,
    Str20,
    Str40,
    Str80,
    Str255,
    one_of,
)
from shop.kernel.errors import N_
from shop.points.models import Point


class FairKind(StrEnum):
    PROVINCIAL = "provincial"
    REGIONAL = "regional"
    LOCAL = "local"


FAIR_KIND_NAMES = {
    FairKind.PROVINCIAL: N_("Cấp tỉnh"),
    FairKind.REGIONAL: N_("Cấp vùng"),
    FairKind.LOCAL: N_("Cấp xã, phường, đặc khu"),
}


class FairState(StrEnum):
    """`announced`: the public sees it, producers may apply while the call is open; `allotted`: the booths are published;
    `running`: its points sell; `closed`: every sheet is signed; `reported`: a version of its report is frozen. `recorded`: a
    fair known only from sources, of which the shop holds nothing."""

    DRAFT = "draft"
    ANNOUNCED = "announced"
    ALLOTTED = "allotted"
    RUNNING = "running"
    CLOSED = "closed"
    REPORTED = "reported"
    CANCELLED = "cancelled"
    RECORDED = "recorded"


F = FairState
FAIR_ALLOWED: dict[str, frozenset[str]] = {
    "": frozenset({F.DRAFT, F.RECORDED}),
    F.DRAFT: frozenset({F.ANNOUNCED, F.CANCELLED}),
    F.ANNOUNCED: frozenset({F.DRAFT, F.ALLOTTED, F.CANCELLED}),
    F.ALLOTTED: frozenset({F.ANNOUNCED, F.RUNNING, F.CANCELLED}),
    F.RUNNING: frozenset({F.CLOSED, F.CANCELLED}),
    F.CLOSED: frozenset({F.REPORTED}),
    # A further version of the report.
    F.REPORTED: frozenset({F.REPORTED}),
    F.CANCELLED: frozenset(),
    F.RECORDED: frozenset(),
}
FAIR_STATE_NAMES = {
    F.DRAFT: N_("Đang soạn"),
    F.ANNOUNCED: N_("Đã công bố"),
    F.ALLOTTED: N_("Đã xếp gian"),
    F.RUNNING: N_("Đang diễn ra"),
    F.CLOSED: N_("Đã chốt sổ"),
    F.REPORTED: N_("Đã báo cáo"),
    F.CANCELLED: N_("Đã hủy"),
    F.RECORDED: N_("Theo nguồn đã công bố"),
}
# What everybody may see.
FAIR_PUBLIC = (F.ANNOUNCED, F.ALLOTTED, F.RUNNING, F.CLOSED, F.REPORTED, F.CANCELLED, F.RECORDED)
# Its plan and its goods may still change.
FAIR_LIVE = (F.DRAFT, F.ANNOUNCED, F.ALLOTTED, F.RUNNING)


class Exhibition(Base):
    """A fair from `from_on` until before `to_on`, open each day from `day_opens` to `day_closes` (`HH:MM`, local).

    Of a `recorded` fair the days may be unknown; `date_text` then has what the source writes. Producers may apply from
    `call_from_on` until before `call_to_on`. The hall is a grid of `columns` × `rows` cells.
    """

    __tablename__ = "exhibitions"
    __table_args__ = (
        one_of("kind", FairKind),
        one_of("state", FairState),
        CheckConstraint("state = 'recorded' OR (from_on IS NOT NULL AND to_on IS NOT NULL)", name="days_known"),
        CheckConstraint("from_on IS NULL OR to_on IS NULL OR to_on > from_on", name="span"),
        CheckConstraint("(call_from_on IS NULL) = (call_to_on IS NULL)", name="call_both_days"),
        CheckConstraint("call_to_on IS NULL OR call_to_on > call_from_on", name="call_span"),
        CheckConstraint("call_to_on IS NULL OR to_on IS NULL OR call_to_on <= to_on", name="call_before_end"),
        CheckConstraint("day_closes > day_opens", name="hours_in_order"),
        CheckConstraint("columns BETWEEN 8 AND 200 AND rows BETWEEN 8 AND 200", name="grid_size"),
        CheckConstraint("cell_cm BETWEEN 25 AND 500", name="cell_size"),
        Index("ix_exhibitions_state", "state", "from_on"),
        Index("ix_exhibitions_from", "from_on"),
    )

    id: Mapped[Id]
    slug: Mapped[Str80] = mapped_column(unique=True)
    name: Mapped[Str255]
    name_en: Mapped[Str255 | None]
    sort_name: Mapped[SortKey]
    kind: Mapped[FairKind] = mapped_column(EnumText(FairKind))
    state: Mapped[FairState] = mapped_column(EnumText(FairState))
    from_on: Mapped[date | None] = mapped_column(Date)
    to_on: Mapped[date | None] = mapped_column(Date)
    date_text: Mapped[Str80 | None]
    day_opens: Mapped[Str20] = mapped_column(default="08:00")
    day_closes: Mapped[Str20] = mapped_column(default="22:00")
    venue: Mapped[Str255]
    address: Mapped[Str255 | None]
    province_code: Mapped[Str20]
    commune_code: Mapped[Str20 | None]
    organiser: Mapped[Str255 | None]
    description: Mapped[LongText | None]
    description_en: Mapped[LongText | None]
    call_from_on: Mapped[date | None] = mapped_column(Date)
    call_to_on: Mapped[date | None] = mapped_column(Date)
    # Who may apply, with what, and how: the words of the public call.
    call_text: Mapped[LongText | None]
    call_text_en: Mapped[LongText | None]
    # Web addresses where the fair is written of, several divided by " ; ".
    source_url: Mapped[LongText | None]
    columns: Mapped[int] = mapped_column(default=40)
    rows: Mapped[int] = mapped_column(default=24)
    cell_cm: Mapped[int] = mapped_column(default=100)
    # Raised by each change of the plan: whoever drew on an older one is told.
    plan_version: Mapped[int] = mapped_column(default=0)
    # Where its goods come from and go home to.
    home_point_id: Mapped[int | None] = mapped_column(ForeignKey(Point.id))
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]
    is_demo: Mapped[bool] = mapped_column(default=False)

    steps: Mapped[list[ExhibitionStep]] = relationship(order_by="ExhibitionStep.id")

    @property
    def last_on(self) -> date | None:
        """The last day, as people say it."""
        return self.to_on - timedelta(days=1) if self.to_on else None

    @property
    def call_last_on(self) -> date | None:
        """The last day of the call, as people say it."""
        return self.call_to_on - timedelta(days=1) if self.call_to_on else None

    def takes_applications(self, on: date) -> bool:
        """Whether producers may apply on the day `on`."""
        return (
            self.state in (F.ANNOUNCED, F.ALLOTTED)
            and self.call_from_on is not None
            and self.call_to_on is not None
            and self.call_from_on <= on < self.call_to_on
        )


class ExhibitionStep(Base):
    """One step of a fair: from, to, when, who, why; `told` holds what belongs to it."""

    __tablename__ = "exhibition_steps"
    __table_args__ = (Index("ix_exhibition_steps_exhibition", "exhibition_id", "id"),)

    id: Mapped[Id]
    exhibition_id: Mapped[int] = mapped_column(ForeignKey(Exhibition.id))
    from_state: Mapped[Str20]
    to_state: Mapped[Str20]
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    reason: Mapped[LongText | None]
    told: Mapped[dict[str, Any]] = mapped_column(Json)


class ZoneColour(StrEnum):
    """Colours of the house; the plan also hatches and names its zones, so that no colour stands alone."""

    SEA = "sea"
    TEA = "tea"
    KILN = "kiln"
    GOLD = "gold"
    STONE = "stone"


ZONE_COLOUR_NAMES = {
    ZoneColour.SEA: N_("Xanh biển"),
    ZoneColour.TEA: N_("Xanh chè"),
    ZoneColour.KILN: N_("Đỏ gạch"),
    ZoneColour.GOLD: N_("Vàng"),
    ZoneColour.STONE: N_("Xám đá"),
}


class Zone(Base):
    """A part of a fair: the province's communes, other provinces, crafts, food …"""

    __tablename__ = "exhibition_zones"
    __table_args__ = (one_of("colour", ZoneColour), UniqueConstraint("exhibition_id", "code"))

    id: Mapped[Id]
    exhibition_id: Mapped[int] = mapped_column(ForeignKey(Exhibition.id))
    code: Mapped[Str20]
    name: Mapped[Str255]
    name_en: Mapped[Str255 | None]
    colour: Mapped[ZoneColour] = mapped_column(EnumText(ZoneColour))
    note: Mapped[LongText | None]


class SubsidyFor(StrEnum):
    """Whose booth fee is paid in part or whole by the organiser."""

    NOBODY = "nobody"
    PROVINCE = "province"
    STARRED = "starred"
    EVERYBODY = "everybody"


SUBSIDY_NAMES = {
    SubsidyFor.NOBODY: N_("Không hỗ trợ"),
    SubsidyFor.PROVINCE: N_("Cơ sở trong tỉnh"),
    SubsidyFor.STARRED: N_("Cơ sở trong tỉnh có sản phẩm còn hạn sao"),
    SubsidyFor.EVERYBODY: N_("Mọi cơ sở"),
}


class BoothType(Base):
    """A kind of booth: its size in cells, its fee for the whole fair, what is paid of it for whom, what is there.

    The subsidy is `subsidy_percent` of the fee, at most `subsidy_most_amount` (NULL: no limit); in 2015 the province paid all
    of 6.000.000 ₫ (https://nongthonmoi.hatinh.gov.vn/thong-tin-khac/Lan-dau-tien-Quang-Ninh-to-chuc-hoi-cho-Moi-xa-phuong-mot-san-pham-33983.html).
    More than one of `makers`: small makers share it, with one cashier.
    """

    __tablename__ = "exhibition_booth_types"
    __table_args__ = (
        one_of("subsidy_for", SubsidyFor),
        UniqueConstraint("exhibition_id", "name"),
        CheckConstraint("columns BETWEEN 1 AND 40 AND rows BETWEEN 1 AND 40", name="size"),
        CheckConstraint("fee_amount >= 0", name="fee_whole"),
        CheckConstraint("subsidy_percent BETWEEN 0 AND 100", name="subsidy_share"),
        CheckConstraint("subsidy_most_amount IS NULL OR subsidy_most_amount >= 0", name="subsidy_whole"),
        CheckConstraint("(subsidy_for = 'nobody') = (subsidy_percent = 0)", name="subsidy_for_somebody"),
        CheckConstraint("subsidy_for <> 'starred' OR min_stars BETWEEN 3 AND 5", name="stars_named"),
        CheckConstraint("power_watts >= 0", name="power_whole"),
        CheckConstraint("makers BETWEEN 1 AND 12", name="makers_few"),
    )

    id: Mapped[Id]
    exhibition_id: Mapped[int] = mapped_column(ForeignKey(Exhibition.id))
    name: Mapped[Str80]
    name_en: Mapped[Str80 | None]
    columns: Mapped[int]
    rows: Mapped[int]
    fee_amount: Mapped[Amount]
    subsidy_for: Mapped[SubsidyFor] = mapped_column(EnumText(SubsidyFor))
    subsidy_percent: Mapped[int] = mapped_column(default=0)
    subsidy_most_amount: Mapped[Amount | None]
    # Of the best product brought, for `starred`.
    min_stars: Mapped[int] = mapped_column(default=3)
    power_watts: Mapped[int] = mapped_column(default=0)
    water: Mapped[bool] = mapped_column(default=False)
    cold: Mapped[bool] = mapped_column(default=False)
    # How many producers stand in it; more than one: a shared booth with one cashier.
    makers: Mapped[int] = mapped_column(default=1)

    @property
    def shared(self) -> bool:
        """Whether several makers stand in it."""
        return self.makers > 1


class Booth(Base):
    """A rectangle of the plan where goods are sold: left upper cell (`x`, `y`), size in cells. `point_id` is the temporary
    point of sale that holds its goods, from its preparation on."""

    __tablename__ = "exhibition_booths"
    __table_args__ = (
        UniqueConstraint("exhibition_id", "code"),
        CheckConstraint("x >= 0 AND y >= 0 AND columns BETWEEN 1 AND 40 AND rows BETWEEN 1 AND 40", name="on_the_grid"),
        Index("ix_exhibition_booths_zone", "zone_id"),
        Index("ix_exhibition_booths_type", "type_id"),
    )

    id: Mapped[Id]
    exhibition_id: Mapped[int] = mapped_column(ForeignKey(Exhibition.id))
    code: Mapped[Str20]
    zone_id: Mapped[int | None] = mapped_column(ForeignKey(Zone.id))
    type_id: Mapped[int] = mapped_column(ForeignKey(BoothType.id))
    x: Mapped[int]
    y: Mapped[int]
    columns: Mapped[int]
    rows: Mapped[int]
    note: Mapped[Str255 | None]
    # Not given to anybody: broken, kept free, used by the organiser.
    out_of_use: Mapped[bool] = mapped_column(default=False)
    point_id: Mapped[int | None] = mapped_column(ForeignKey(Point.id), unique=True)


class FeatureKind(StrEnum):
    AISLE = "aisle"
    ENTRANCE = "entrance"
    EXIT = "exit"
    STAGE = "stage"
    DESK = "desk"
    CASHIER = "cashier"
    FIRST_AID = "first_aid"
    TOILET = "toilet"
    WALL = "wall"
    OTHER = "other"


FEATURE_NAMES = {
    FeatureKind.AISLE: N_("Lối đi"),
    FeatureKind.ENTRANCE: N_("Lối vào"),
    FeatureKind.EXIT: N_("Lối ra"),
    FeatureKind.STAGE: N_("Sân khấu"),
    FeatureKind.DESK: N_("Bàn ban tổ chức"),
    FeatureKind.CASHIER: N_("Quầy thu ngân chung"),
    FeatureKind.FIRST_AID: N_("Y tế"),
    FeatureKind.TOILET: N_("Nhà vệ sinh"),
    FeatureKind.WALL: N_("Tường, cột"),
    FeatureKind.OTHER: N_("Khác"),
}


class Feature(Base):
    """A rectangle of the plan where nothing is sold. Only aisles may lie under one another."""

    __tablename__ = "exhibition_features"
    __table_args__ = (
        one_of("kind", FeatureKind),
        CheckConstraint("x >= 0 AND y >= 0 AND columns > 0 AND rows > 0", name="on_the_grid"),
        Index("ix_exhibition_features_exhibition", "exhibition_id", "id"),
    )

    id: Mapped[Id]
    exhibition_id: Mapped[int] = mapped_column(ForeignKey(Exhibition.id))
    kind: Mapped[FeatureKind] = mapped_column(EnumText(FeatureKind))
    label: Mapped[Str80 | None]
    label_en: Mapped[Str80 | None]
    x: Mapped[int]
    y: Mapped[int]
    columns: Mapped[int]
    rows: Mapped[int]


class BudgetSide(StrEnum):
    COST = "cost"
    INCOME = "income"


BUDGET_SIDE_NAMES = {BudgetSide.COST: N_("Chi"), BudgetSide.INCOME: N_("Thu")}


class BudgetLine(Base):
    """One line of a fair's budget: what was planned, and what it came to (NULL: not known yet)."""

    __tablename__ = "exhibition_budget_lines"
    __table_args__ = (
        one_of("side", BudgetSide),
        CheckConstraint("planned_amount >= 0", name="plan_whole"),
        CheckConstraint("actual_amount IS NULL OR actual_amount >= 0", name="actual_whole"),
        Index("ix_exhibition_budget_lines_exhibition", "exhibition_id", "id"),
    )

    id: Mapped[Id]
    exhibition_id: Mapped[int] = mapped_column(ForeignKey(Exhibition.id))
    side: Mapped[BudgetSide] = mapped_column(EnumText(BudgetSide))
    name: Mapped[Str255]
    # Who pays, or from whom it comes.
    funder: Mapped[Str255 | None]
    planned_amount: Mapped[Amount]
    actual_amount: Mapped[Amount | None]
    note: Mapped[LongText | None]
    updated_at: Mapped[Instant]
