"""Rate tables by the province that goods leave from, and the regions of provinces; both dated, nothing overwritten."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.kernel.db import Amount, Base, EnumText, Id, Instant, LongText, Str20, Str80, Str255, one_of
from shop.kernel.errors import N_


class Region(StrEnum):
    NORTH = "north"
    CENTRAL = "central"
    SOUTH = "south"


class Zone(StrEnum):
    """How far a parcel goes, by the regions of both provinces."""

    SAME_PROVINCE = "same_province"
    SAME_REGION = "same_region"
    OTHER_REGION = "other_region"


REGION_NAMES = {
    Region.NORTH: N_("Miền Bắc"),
    Region.CENTRAL: N_("Miền Trung"),
    Region.SOUTH: N_("Miền Nam"),
}
ZONE_NAMES = {
    Zone.SAME_PROVINCE: N_("Trong tỉnh"),
    Zone.SAME_REGION: N_("Cùng miền"),
    Zone.OTHER_REGION: N_("Khác miền"),
}


class ProvinceRegion(Base):
    """The region that a province belongs to from `valid_from` until before `valid_to`."""

    __tablename__ = "province_regions"
    __table_args__ = (
        one_of("region", Region),
        UniqueConstraint("province_code", "valid_from"),
        CheckConstraint("valid_to IS NULL OR valid_from < valid_to", name="span"),
    )

    id: Mapped[Id]
    province_code: Mapped[Str20]
    region: Mapped[Region] = mapped_column(EnumText(Region))
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    source: Mapped[Str255]
    by_staff: Mapped[bool] = mapped_column(default=False)


_LIVE = text("valid_to IS NULL OR valid_from < valid_to")


class RateTable(Base):
    """What a carrier charges for parcels from one province, in force from `valid_from` until before `valid_to`.

    A change is a new row; a row replaced before it ever applied keeps an empty span (`valid_to = valid_from`). The chargeable
    weight is the greater of the scales and length × width × height (cm³) ÷ `divisor` (kg). Fees are whole đồng with tax.
    """

    __tablename__ = "rate_tables"
    __table_args__ = (
        Index(
            "uq_rate_tables_live",
            "origin_code",
            "valid_from",
            unique=True,
            sqlite_where=_LIVE,
            postgresql_where=_LIVE,
        ),
        CheckConstraint("valid_to IS NULL OR valid_from <= valid_to", name="span"),
        CheckConstraint("divisor > 0", name="divisor_positive"),
        CheckConstraint(
            "bulky_amount >= 0 AND cold_amount >= 0 AND cod_flat_amount >= 0 AND cod_minimum_amount >= 0 "
            "AND cod_per_10000 BETWEEN 0 AND 10000",
            name="fees_not_negative",
        ),
    )

    id: Mapped[Id]
    origin_code: Mapped[Str20]
    name: Mapped[Str80]
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    divisor: Mapped[int] = mapped_column(default=5000)
    limit_g: Mapped[int | None]
    bulky_from_g: Mapped[int | None]
    bulky_amount: Mapped[Amount] = mapped_column(default=0)
    cold_amount: Mapped[Amount] = mapped_column(default=0)
    cod_flat_amount: Mapped[Amount] = mapped_column(default=0)
    cod_per_10000: Mapped[int] = mapped_column(default=0)
    cod_minimum_amount: Mapped[Amount] = mapped_column(default=0)
    note: Mapped[LongText | None]
    is_demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Instant]
    created_by: Mapped[Str255]

    zones: Mapped[list[ZoneRate]] = relationship(back_populates="table", order_by="ZoneRate.id")


class ZoneRate(Base):
    """One line of a rate table: up to `first_g` costs `first_amount`, each begun `step_g` more costs `step_amount`.

    The weight fee is waived for goods of `free_from_amount` or more (None: never). Days are working days.
    """

    __tablename__ = "zone_rates"
    __table_args__ = (
        one_of("zone", Zone),
        UniqueConstraint("table_id", "zone"),
        CheckConstraint("first_g > 0 AND step_g > 0", name="steps_positive"),
        CheckConstraint("first_amount >= 0 AND step_amount >= 0", name="fees_not_negative"),
        CheckConstraint("0 <= days_from AND days_from <= days_to", name="days"),
        CheckConstraint("free_from_amount IS NULL OR free_from_amount >= 0", name="free_from"),
    )

    id: Mapped[Id]
    table_id: Mapped[int] = mapped_column(ForeignKey("rate_tables.id"))
    zone: Mapped[Zone] = mapped_column(EnumText(Zone))
    first_g: Mapped[int]
    first_amount: Mapped[Amount]
    step_g: Mapped[int]
    step_amount: Mapped[Amount]
    days_from: Mapped[int]
    days_to: Mapped[int]
    cold_allowed: Mapped[bool]
    free_from_amount: Mapped[Amount | None]

    table: Mapped[RateTable] = relationship(back_populates="zones")
