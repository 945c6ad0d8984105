"""What was wanted week by week, and what is expected: history, runs of the forecast, their lines and totals.

A `place` is where demand arises: 0 is the web (whatever is sent by parcel), any other number a point (what is sold or
collected there). It is no foreign key because the web is no point; points are never deleted. Shares of a week are
counted in ten-thousandths: 10 000 is the whole week.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Date, Float, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from shop.catalog.models import Variant
from shop.kernel.db import Base, BigId, EnumText, Id, Instant, Json, Str20, Str40, Str255, one_of
from shop.kernel.errors import N_

WEB = 0
WHOLE = 10_000


class Source(StrEnum):
    """`shop`: counted from the shop's own books. `brought`: from before the shop, out of a table."""

    SHOP = "shop"
    BROUGHT = "brought"


SOURCE_NAMES = {Source.SHOP: N_("Sổ của cửa hàng"), Source.BROUGHT: N_("Số liệu cũ đưa vào")}


class DemandWeek(Base):
    """One pack at one place in the week that begins on Monday `week_on`: what was sold and what is known of the rest.

    `asked`: units wanted while there were none. `exposure`, `listed`, `fair`: shares of the week with goods on the shelf, on
    offer at all, with a fair in the place's province. `price`: price in force by the usual one (8 500: 15 % off).
    """

    __tablename__ = "demand_weeks"
    __table_args__ = (
        one_of("source", Source),
        CheckConstraint("sold >= 0 AND asked >= 0", name="units_whole"),
        CheckConstraint("exposure BETWEEN 0 AND 10000 AND listed BETWEEN 0 AND 10000", name="shares_known"),
        CheckConstraint("fair BETWEEN 0 AND 10000 AND price BETWEEN 1 AND 1000000", name="events_known"),
        CheckConstraint("place >= 0", name="place_known"),
        # Read week by week and written week by week; in SQLite the rows lie in the order of their key.
        {"sqlite_with_rowid": False},
    )

    week_on: Mapped[date] = mapped_column(Date, primary_key=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id), primary_key=True)
    place: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    sold: Mapped[int] = mapped_column(Integer)
    asked: Mapped[int] = mapped_column(Integer)
    exposure: Mapped[int] = mapped_column(Integer)
    listed: Mapped[int] = mapped_column(Integer)
    fair: Mapped[int] = mapped_column(Integer, default=0)
    price: Mapped[int] = mapped_column(Integer, default=WHOLE)
    source: Mapped[Source] = mapped_column(EnumText(Source), default=Source.SHOP)


class DemandBuild(Base):
    """One counting of weeks from the books: from `first_on` until before `until_on`."""

    __tablename__ = "demand_builds"
    __table_args__ = (CheckConstraint("until_on > first_on", name="span"),)

    id: Mapped[Id]
    first_on: Mapped[date] = mapped_column(Date)
    until_on: Mapped[date] = mapped_column(Date)
    rows: Mapped[int]
    began_at: Mapped[Instant]
    built_at: Mapped[Instant]


class DemandHeir(Base):
    """History of one pack that counts for another since goods were merged, split or packed anew.

    `weight`: units of the heir for a hundred units of the old pack (a kilo that is now sold as two halves: 200).
    """

    __tablename__ = "demand_heirs"
    __table_args__ = (
        CheckConstraint("weight BETWEEN 1 AND 100000", name="weight_known"),
        CheckConstraint("from_variant_id <> to_variant_id", name="not_itself"),
    )

    from_variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id), primary_key=True)
    to_variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id), primary_key=True)
    weight: Mapped[int]
    said_at: Mapped[Instant]
    said_by: Mapped[Str40]
    said_label: Mapped[Str255]


class ForecastRun(Base):
    """One forecast of everything for the weeks from Monday `first_on`; readable once `done_at` is set.

    `weeks`: weeks of history it knew. `measured`: how well it would have done (see `measures`), with the factors learnt.
    """

    __tablename__ = "forecast_runs"
    __table_args__ = (Index("ix_forecast_runs_done", "done_at"),)

    id: Mapped[Id]
    first_on: Mapped[date] = mapped_column(Date)
    weeks: Mapped[int]
    series: Mapped[int]
    made_at: Mapped[Instant]
    done_at: Mapped[Instant | None]
    took_ms: Mapped[int | None]
    memory_mb: Mapped[int | None]
    measured: Mapped[dict[str, Any]] = mapped_column(Json)


class ForecastLine(Base):
    """What is expected of one pack at one place: `mean`, `low`, `middle`, `high` (10/50/90 %) of 13 weeks, in sale units.

    `level`: units a week without season and events. `lean`: how much of it is borrowed, 0–1 (1: nothing known of its own).
    `reasons`: [[word, figure, …], …], put in words by `shop.demand.words`. `lost_4`: units lost in the last four weeks.
    """

    __tablename__ = "forecast_lines"
    __table_args__ = (CheckConstraint("lean >= 0 AND lean <= 1 AND level >= 0", name="level_known"),)

    run_id: Mapped[int] = mapped_column(ForeignKey(ForecastRun.id), primary_key=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id), primary_key=True)
    place: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    method: Mapped[Str20]
    level: Mapped[float] = mapped_column(Float)
    lean: Mapped[float] = mapped_column(Float)
    spread: Mapped[float] = mapped_column(Float)
    mean: Mapped[list[float]] = mapped_column(Json)
    low: Mapped[list[float]] = mapped_column(Json)
    middle: Mapped[list[float]] = mapped_column(Json)
    high: Mapped[list[float]] = mapped_column(Json)
    reasons: Mapped[list[list[Any]]] = mapped_column(Json)
    units_4: Mapped[float] = mapped_column(Float)
    units_13: Mapped[float] = mapped_column(Float)
    lost_4: Mapped[float] = mapped_column(Float)


class Of(StrEnum):
    """What a total adds up: all places of a pack, all packs of a product or at a place, everything."""

    VARIANT = "variant"
    PRODUCT = "product"
    PLACE = "place"
    SHOP = "shop"


class ForecastTotal(Base):
    """Lines added up: the means are their sums, the range is worked out for the sum. `key_id`: of what (0 for the shop)."""

    __tablename__ = "forecast_totals"
    __table_args__ = (one_of("of", Of),)

    run_id: Mapped[int] = mapped_column(ForeignKey(ForecastRun.id), primary_key=True)
    of: Mapped[Of] = mapped_column(EnumText(Of), primary_key=True)
    key_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    mean: Mapped[list[float]] = mapped_column(Json)
    low: Mapped[list[float]] = mapped_column(Json)
    middle: Mapped[list[float]] = mapped_column(Json)
    high: Mapped[list[float]] = mapped_column(Json)
    units_4: Mapped[float] = mapped_column(Float)
    units_13: Mapped[float] = mapped_column(Float)
    lost_4: Mapped[float] = mapped_column(Float)
