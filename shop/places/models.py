"""Dated administrative units, what became of them, and where we know it from.

A code alone does not name a unit: most commune codes of the time before July 2025 live on with other borders. A unit is a
code *at a time*.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.kernel.db import Base, EnumText, Id, Instant, LongText, SortKey, Str20, Str40, Str255, one_of

# The province whose shop this is: Quảng Ninh.
HOME_PROVINCE = "22"


class Level(StrEnum):
    PROVINCE = "province"
    DISTRICT = "district"
    COMMUNE = "commune"


class UnitType(StrEnum):
    """The kinds of units, in the words of the law. Wards of a city below a province are as any other ward."""

    CENTRAL_CITY = "thành phố trung ương"
    PROVINCE = "tỉnh"
    CITY = "thành phố"
    TOWN = "thị xã"
    URBAN_DISTRICT = "quận"
    DISTRICT = "huyện"
    WARD = "phường"
    TOWNSHIP = "thị trấn"
    COMMUNE = "xã"
    SPECIAL_ZONE = "đặc khu"


# How a name begins, longest first.
PREFIXES: tuple[tuple[str, UnitType], ...] = (
    ("Thành phố", UnitType.CITY),
    ("Thị trấn", UnitType.TOWNSHIP),
    ("Đặc khu", UnitType.SPECIAL_ZONE),
    ("Thị xã", UnitType.TOWN),
    ("Phường", UnitType.WARD),
    ("Huyện", UnitType.DISTRICT),
    ("Quận", UnitType.URBAN_DISTRICT),
    ("Tỉnh", UnitType.PROVINCE),
    ("Xã", UnitType.COMMUNE),
)

TYPES_OF: dict[Level, frozenset[UnitType]] = {
    Level.PROVINCE: frozenset({UnitType.PROVINCE, UnitType.CENTRAL_CITY}),
    Level.DISTRICT: frozenset({UnitType.CITY, UnitType.TOWN, UnitType.URBAN_DISTRICT, UnitType.DISTRICT}),
    Level.COMMUNE: frozenset({UnitType.WARD, UnitType.TOWNSHIP, UnitType.COMMUNE, UnitType.SPECIAL_ZONE}),
}


class Source(Base):
    """Where facts about units come from: the page or package, and the file of ours that holds them."""

    __tablename__ = "place_sources"

    id: Mapped[Id]
    key: Mapped[Str40] = mapped_column(unique=True)
    title: Mapped[Str255]
    url: Mapped[LongText]
    note: Mapped[LongText]


class Unit(Base):
    """A province, district or commune from `valid_from` until before `valid_to`.

    `valid_from` is null where nobody told us the beginning. `from_exact` is false when `valid_from` is only the day by which
    the unit is known to be in force; the true day lies before it. `by_staff` rows are not touched by a load of the files.
    """

    __tablename__ = "place_units"
    __table_args__ = (
        one_of("level", Level),
        one_of("type", UnitType),
        CheckConstraint("valid_from IS NULL OR valid_to IS NULL OR valid_from < valid_to", name="span"),
        CheckConstraint("(level = 'province') = (parent_code IS NULL)", name="parent"),
        UniqueConstraint("code", "valid_from"),
        Index(
            "uq_place_units_code_unknown_start",
            "code",
            unique=True,
            sqlite_where=text("valid_from IS NULL"),
            postgresql_where=text("valid_from IS NULL"),
        ),
        Index("ix_place_units_parent", "parent_code", "valid_to"),
        Index("ix_place_units_folded", "folded"),
        Index("ix_place_units_sort", "sort_key", "id"),
    )

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(5))
    name: Mapped[Str255]
    short: Mapped[Str255]
    type: Mapped[UnitType] = mapped_column(EnumText(UnitType))
    level: Mapped[Level] = mapped_column(EnumText(Level))
    parent_code: Mapped[str | None] = mapped_column(String(5))
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    from_exact: Mapped[bool] = mapped_column(default=True)
    folded: Mapped[Str255]
    sort_key: Mapped[SortKey]
    source_id: Mapped[int | None] = mapped_column(ForeignKey("place_sources.id"))
    note: Mapped[LongText | None]
    by_staff: Mapped[bool] = mapped_column(default=False)

    source: Mapped[Source | None] = relationship()


class Succession(Base):
    """On `changed_on` the old unit became part of the new one: whole, or `partly` when it was split or gave away land.

    Codes, not rows: the source names old units that the list of their time does not have.
    """

    __tablename__ = "place_successions"
    __table_args__ = (
        UniqueConstraint("old_code", "new_code", "changed_on"),
        Index("ix_place_successions_new", "new_code", "changed_on"),
    )

    id: Mapped[Id]
    old_code: Mapped[str] = mapped_column(String(5))
    new_code: Mapped[str] = mapped_column(String(5))
    partly: Mapped[bool]
    changed_on: Mapped[date] = mapped_column(Date)
    source_id: Mapped[int | None] = mapped_column(ForeignKey("place_sources.id"))


class Edition(Base):
    """Each time the units changed, by a load of the files (`digest` of their content) or by a person."""

    __tablename__ = "place_editions"

    id: Mapped[Id]
    at: Mapped[Instant]
    kind: Mapped[Str20]
    digest: Mapped[Str255]
