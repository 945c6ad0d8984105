"""What producers say they can make, what they made, what they will bring, and what they are asked for.

What is said of the future is never changed: a new word is added, and the older one is marked as withdrawn. Quantities are sale
units of a pack; of a product as a whole they are units of all its packs together.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.catalog.models import Product, Variant
from shop.kernel.db import Amount, Base, EnumText, Id, Instant, LongText, Str20, Str40, Str80, Str255, one_of
from shop.kernel.errors import N_
from shop.points.models import Point
from shop.producers.models import Producer
from shop.receipts.models import Delivery, Terms
from shop.stock.models import StockLevel

# --- what can be made --------------------------------------------------------------------------------------------


class Per(StrEnum):
    WEEK = "week"
    MONTH = "month"


PER_NAMES = {Per.WEEK: N_("mỗi tuần"), Per.MONTH: N_("mỗi tháng")}


class Capacity(Base):
    """So many units can be made per week or month, from `from_on` until before `to_on` (NULL: until further word).

    `variant_id` NULL speaks of all packs of the product together. `lead_days` pass between an order and the goods;
    `smallest_batch` is the least that is worth making. `withdrawn_at`: a later word took its place.
    """

    __tablename__ = "capacities"
    __table_args__ = (
        one_of("per", Per),
        CheckConstraint("units > 0", name="units_positive"),
        CheckConstraint("to_on IS NULL OR to_on > from_on", name="span"),
        CheckConstraint("lead_days >= 0", name="lead_whole"),
        CheckConstraint("smallest_batch IS NULL OR smallest_batch > 0", name="batch_positive"),
        Index("ix_capacities_producer", "producer_id", "id"),
        Index("ix_capacities_product", "product_id", "variant_id", "from_on"),
    )

    id: Mapped[Id]
    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id))
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id))
    variant_id: Mapped[int | None] = mapped_column(ForeignKey(Variant.id))
    per: Mapped[Per] = mapped_column(EnumText(Per))
    units: Mapped[int]
    from_on: Mapped[date] = mapped_column(Date)
    to_on: Mapped[date | None] = mapped_column(Date)
    lead_days: Mapped[int] = mapped_column(default=0)
    smallest_batch: Mapped[int | None]
    note: Mapped[LongText | None]
    said_at: Mapped[Instant]
    said_by: Mapped[Str40]
    said_label: Mapped[Str255]
    withdrawn_at: Mapped[Instant | None]
    withdrawn_label: Mapped[Str255 | None]
    is_demo: Mapped[bool] = mapped_column(default=False)


class Season(StrEnum):
    """How much of a product a month gives; one sign of a calendar's text for each month."""

    NONE = "0"
    LOW = "1"
    NORMAL = "2"
    HIGH = "3"


SEASON_NAMES = {
    Season.NONE: N_("Không có"),
    Season.LOW: N_("Ít"),
    Season.NORMAL: N_("Bình thường"),
    Season.HIGH: N_("Rộ"),
}


class SeasonCalendar(Base):
    """The twelve months of a product as twelve signs, January first; the newest row of a product holds."""

    __tablename__ = "season_calendars"
    __table_args__ = (
        CheckConstraint("length(months) = 12", name="twelve_months"),
        Index("ix_season_calendars_product", "product_id", "id"),
    )

    id: Mapped[Id]
    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id))
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id))
    months: Mapped[Str20]
    note: Mapped[LongText | None]
    said_at: Mapped[Instant]
    said_by: Mapped[Str40]
    said_label: Mapped[Str255]
    is_demo: Mapped[bool] = mapped_column(default=False)


class HarvestState(StrEnum):
    EXPECTED = "expected"
    CAME = "came"
    GIVEN_UP = "given_up"


HARVEST_NAMES = {
    HarvestState.EXPECTED: N_("Đang chờ"),
    HarvestState.CAME: N_("Đã thu"),
    HarvestState.GIVEN_UP: N_("Không có"),
}
HARVEST_ALLOWED: dict[str, frozenset[str]] = {
    "": frozenset({HarvestState.EXPECTED}),
    HarvestState.EXPECTED: frozenset({HarvestState.EXPECTED, HarvestState.CAME, HarvestState.GIVEN_UP}),
    # What came may be corrected.
    HarvestState.CAME: frozenset({HarvestState.CAME}),
    HarvestState.GIVEN_UP: frozenset(),
}


class Harvest(Base):
    """The next harvest or batch as it is expected now: between `low` and `high` units, from `from_on` until before `to_on`;
    later what came of it. `HarvestWord` has every word that was said."""

    __tablename__ = "harvests"
    __table_args__ = (
        one_of("state", HarvestState),
        CheckConstraint("0 <= low AND low <= high", name="range"),
        CheckConstraint("to_on > from_on", name="span"),
        CheckConstraint("(state = 'came') = (came IS NOT NULL)", name="came_counted"),
        CheckConstraint("came IS NULL OR came >= 0", name="came_whole"),
        Index("ix_harvests_producer", "producer_id", "state", "from_on"),
        Index("ix_harvests_product", "product_id", "state"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id))
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id))
    variant_id: Mapped[int | None] = mapped_column(ForeignKey(Variant.id))
    state: Mapped[HarvestState] = mapped_column(EnumText(HarvestState))
    low: Mapped[int]
    high: Mapped[int]
    from_on: Mapped[date] = mapped_column(Date)
    to_on: Mapped[date] = mapped_column(Date)
    came: Mapped[int | None]
    created_at: Mapped[Instant]
    is_demo: Mapped[bool] = mapped_column(default=False)


class HarvestWord(Base):
    """One word about a harvest; never changed itself."""

    __tablename__ = "harvest_words"
    __table_args__ = (Index("ix_harvest_words_harvest", "harvest_id", "id"),)

    id: Mapped[Id]
    harvest_id: Mapped[int] = mapped_column(ForeignKey(Harvest.id))
    from_state: Mapped[Str20]
    to_state: Mapped[Str20]
    low: Mapped[int]
    high: Mapped[int]
    from_on: Mapped[date] = mapped_column(Date)
    to_on: Mapped[date] = mapped_column(Date)
    came: Mapped[int | None]
    note: Mapped[LongText | None]
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]


# --- the producer's own store ------------------------------------------------------------------------------------


class Production(Base):
    """Goods that a producer made and put into his own store; their movement carries `production:<reference>`."""

    __tablename__ = "productions"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        Index("ix_productions_producer", "producer_id", "id"),
        Index("ix_productions_level", "level_id"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id))
    level_id: Mapped[int] = mapped_column(ForeignKey(StockLevel.id))
    quantity: Mapped[int]
    note: Mapped[LongText | None]
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    op_key: Mapped[Str80] = mapped_column(unique=True)
    is_demo: Mapped[bool] = mapped_column(default=False)


class StoreCount(Base):
    """A producer counted goods of his in his own store: `counted` against `expected` of the books. A difference is booked at
    once; its movement carries `store-count:<reference>`."""

    __tablename__ = "store_counts"
    __table_args__ = (
        CheckConstraint("counted >= 0 AND expected >= 0", name="counts_whole"),
        CheckConstraint("counted = expected OR reason IS NOT NULL", name="difference_explained"),
        Index("ix_store_counts_producer", "producer_id", "id"),
        Index("ix_store_counts_level", "level_id"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id))
    level_id: Mapped[int] = mapped_column(ForeignKey(StockLevel.id))
    counted: Mapped[int]
    expected: Mapped[int]
    reason: Mapped[LongText | None]
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    op_key: Mapped[Str80] = mapped_column(unique=True)


# --- what a producer will bring by himself -----------------------------------------------------------------------


class AnnouncementStatus(StrEnum):
    ANNOUNCED = "announced"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


N = AnnouncementStatus
ANNOUNCEMENT_ALLOWED: dict[str, frozenset[str]] = {
    "": frozenset({N.ANNOUNCED}),
    N.ANNOUNCED: frozenset({N.ACCEPTED, N.REFUSED, N.WITHDRAWN}),
    N.ACCEPTED: frozenset(),
    N.REFUSED: frozenset(),
    N.WITHDRAWN: frozenset(),
}
ANNOUNCEMENT_NAMES = {
    N.ANNOUNCED: N_("Chờ điểm bán trả lời"),
    N.ACCEPTED: N_("Điểm bán đã nhận lời"),
    N.REFUSED: N_("Điểm bán từ chối"),
    N.WITHDRAWN: N_("Đã rút lại"),
}


class Announcement(Base):
    """A producer offers to bring goods to a point on a day; once accepted it is a delivery that is expected."""

    __tablename__ = "announcements"
    __table_args__ = (
        one_of("status", AnnouncementStatus),
        one_of("terms", Terms),
        CheckConstraint("(status = 'accepted') = (delivery_id IS NOT NULL)", name="accepted_is_expected"),
        Index("ix_announcements_point", "point_id", "status", "id"),
        Index("ix_announcements_producer", "producer_id", "id"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id))
    point_id: Mapped[int] = mapped_column(ForeignKey(Point.id))
    terms: Mapped[Terms] = mapped_column(EnumText(Terms))
    status: Mapped[AnnouncementStatus] = mapped_column(EnumText(AnnouncementStatus))
    brings_on: Mapped[date] = mapped_column(Date)
    note: Mapped[LongText | None]
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey(Delivery.id), unique=True)
    announced_at: Mapped[Instant]
    announced_by: Mapped[Str40]
    announced_label: Mapped[Str255]
    updated_at: Mapped[Instant]
    is_demo: Mapped[bool] = mapped_column(default=False)

    lines: Mapped[list[AnnouncementLine]] = relationship(order_by="AnnouncementLine.id")
    steps: Mapped[list[AnnouncementStep]] = relationship(order_by="AnnouncementStep.id")


class AnnouncementLine(Base):
    """So many sale units of one pack are offered."""

    __tablename__ = "announcement_lines"
    __table_args__ = (
        UniqueConstraint("announcement_id", "variant_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
    )

    id: Mapped[Id]
    announcement_id: Mapped[int] = mapped_column(ForeignKey(Announcement.id))
    variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id))
    quantity: Mapped[int]


class AnnouncementStep(Base):
    """One step of an announcement: from, to, when, who, why."""

    __tablename__ = "announcement_steps"
    __table_args__ = (Index("ix_announcement_steps_announcement", "announcement_id", "id"),)

    id: Mapped[Id]
    announcement_id: Mapped[int] = mapped_column(ForeignKey(Announcement.id))
    from_status: Mapped[Str20]
    to_status: Mapped[Str20]
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    reason: Mapped[LongText | None]


# --- what a producer is asked for --------------------------------------------------------------------------------


class AskStatus(StrEnum):
    """`changed`: the producer offers other quantities or another day, and the office has not said yes yet."""

    ASKED = "asked"
    CHANGED = "changed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


A = AskStatus
ASK_ALLOWED: dict[str, frozenset[str]] = {
    "": frozenset({A.ASKED}),
    A.ASKED: frozenset({A.CHANGED, A.ACCEPTED, A.REFUSED, A.WITHDRAWN}),
    A.CHANGED: frozenset({A.ACCEPTED, A.WITHDRAWN}),
    A.ACCEPTED: frozenset(),
    A.REFUSED: frozenset(),
    A.WITHDRAWN: frozenset(),
}
ASK_OPEN = (A.ASKED, A.CHANGED)
ASK_NAMES = {
    A.ASKED: N_("Chờ cơ sở trả lời"),
    A.CHANGED: N_("Cơ sở hẹn khác, chờ đồng ý"),
    A.ACCEPTED: N_("Đã nhận lời"),
    A.REFUSED: N_("Cơ sở từ chối"),
    A.WITHDRAWN: N_("Đã rút lại"),
}
ASK_STEP_NAMES = {
    A.ASKED: N_("Gửi đề nghị"),
    A.CHANGED: N_("Cơ sở hẹn số khác hoặc ngày khác"),
    A.ACCEPTED: N_("Hai bên thống nhất"),
    A.REFUSED: N_("Cơ sở từ chối"),
    A.WITHDRAWN: N_("Rút đề nghị"),
}


class Reply(StrEnum):
    """What a producer says to one line."""

    ACCEPTED = "accepted"
    CHANGED = "changed"
    REFUSED = "refused"


REPLY_NAMES = {Reply.ACCEPTED: N_("Đồng ý"), Reply.CHANGED: N_("Số khác"), Reply.REFUSED: N_("Từ chối")}


class SupplyAsk(Base):
    """A point asks a producer for goods by a day; an answer is wanted by `answer_by`. `offered_on` is the other day that the
    producer offers. Once both sides agree it is exactly one delivery that is expected."""

    __tablename__ = "supply_asks"
    __table_args__ = (
        one_of("status", AskStatus),
        one_of("terms", Terms),
        CheckConstraint("(status = 'accepted') = (delivery_id IS NOT NULL)", name="accepted_is_expected"),
        Index("ix_supply_asks_producer", "producer_id", "status", "id"),
        Index("ix_supply_asks_status", "status", "answer_by"),
        Index("ix_supply_asks_point", "point_id", "id"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id))
    point_id: Mapped[int] = mapped_column(ForeignKey(Point.id))
    terms: Mapped[Terms] = mapped_column(EnumText(Terms))
    status: Mapped[AskStatus] = mapped_column(EnumText(AskStatus))
    wanted_on: Mapped[date] = mapped_column(Date)
    answer_by: Mapped[date] = mapped_column(Date)
    offered_on: Mapped[date | None] = mapped_column(Date)
    reason: Mapped[LongText]
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey(Delivery.id), unique=True)
    asked_at: Mapped[Instant]
    asked_by: Mapped[Str40]
    asked_label: Mapped[Str255]
    updated_at: Mapped[Instant]
    is_demo: Mapped[bool] = mapped_column(default=False)

    lines: Mapped[list[SupplyAskLine]] = relationship(order_by="SupplyAskLine.id")
    steps: Mapped[list[SupplyAskStep]] = relationship(order_by="SupplyAskStep.id")


class SupplyAskLine(Base):
    """One pack of an ask: wanted, and what the producer answered. `unit_cost_amount` is what the shop pays for one (đồng)."""

    __tablename__ = "supply_ask_lines"
    __table_args__ = (
        UniqueConstraint("ask_id", "variant_id"),
        one_of("reply", Reply),
        CheckConstraint("asked > 0", name="asked_positive"),
        CheckConstraint("unit_cost_amount IS NULL OR unit_cost_amount >= 0", name="cost_whole"),
        CheckConstraint("(reply IS NULL) = (offered IS NULL)", name="reply_has_number"),
        CheckConstraint("offered IS NULL OR (offered > 0) = (reply <> 'refused')", name="refused_is_nothing"),
        CheckConstraint("reply IS NULL OR reply <> 'refused' OR refusal IS NOT NULL", name="refusal_explained"),
    )

    id: Mapped[Id]
    ask_id: Mapped[int] = mapped_column(ForeignKey(SupplyAsk.id))
    variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id))
    asked: Mapped[int]
    unit_cost_amount: Mapped[Amount | None]
    reply: Mapped[Reply | None] = mapped_column(EnumText(Reply))
    offered: Mapped[int | None]
    refusal: Mapped[LongText | None]


class SupplyAskStep(Base):
    """One step of an ask: from, to, when, who, why."""

    __tablename__ = "supply_ask_steps"
    __table_args__ = (Index("ix_supply_ask_steps_ask", "ask_id", "id"),)

    id: Mapped[Id]
    ask_id: Mapped[int] = mapped_column(ForeignKey(SupplyAsk.id))
    from_status: Mapped[Str20]
    to_status: Mapped[Str20]
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    reason: Mapped[LongText | None]
