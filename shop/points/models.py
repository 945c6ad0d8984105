"""Points of sale with their life span; they open and close."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from shop.kernel.db import Base, EnumText, Id, Instant, Json, LongText, SortKey, Str20, Str80, Str255, one_of
from shop.kernel.errors import N_
from shop.producers.models import Producer


class PointKind(StrEnum):
    CENTRE = "centre"
    SHOP = "shop"
    REST_STOP = "rest_stop"
    PRODUCER_STORE = "producer_store"
    FAIR = "fair"
    WAREHOUSE = "warehouse"


POINT_KIND_NAMES = {
    PointKind.CENTRE: N_("Trung tâm OCOP"),
    PointKind.SHOP: N_("Cửa hàng"),
    PointKind.REST_STOP: N_("Trạm dừng nghỉ"),
    PointKind.PRODUCER_STORE: N_("Cửa hàng của cơ sở sản xuất"),
    PointKind.FAIR: N_("Gian hàng hội chợ"),
    PointKind.WAREHOUSE: N_("Kho bán hàng trực tuyến"),
}


# What a point offers beside goods; the words are those of `services`.
SERVICE_NAMES = {
    "card": N_("Nhận thanh toán thẻ"),
    "vietqr": N_("Nhận chuyển khoản VietQR"),
    "parking": N_("Có chỗ đỗ xe"),
    "coach": N_("Đón được xe khách đoàn"),
    "tasting": N_("Có bàn nếm thử"),
    "gift": N_("Gói quà"),
    "cold": N_("Có tủ mát, tủ đông"),
    "parcel": N_("Gửi hàng về tận nhà"),
    "toilet": N_("Có nhà vệ sinh"),
    "wheelchair": N_("Xe lăn vào được"),
}


class Point(Base):
    """A place that holds goods, open from `opened_on` until before `closed_on`.

    `ships` lets the web sell from it by parcel, `pickup` lets buyers collect there. A booth takes goods before its fair and
    gives them away after it: it sells from `sells_from_on` until before `sells_to_on` (NULL: as long as it is open).
    """

    __tablename__ = "points"
    __table_args__ = (
        one_of("kind", PointKind),
        CheckConstraint("(sells_from_on IS NULL) = (sells_to_on IS NULL)", name="sells_both_days"),
        CheckConstraint("sells_to_on IS NULL OR sells_to_on > sells_from_on", name="sells_span"),
    )

    id: Mapped[Id]
    slug: Mapped[Str80] = mapped_column(unique=True)
    name: Mapped[Str255]
    sort_name: Mapped[SortKey]
    kind: Mapped[PointKind] = mapped_column(EnumText(PointKind))
    producer_id: Mapped[int | None] = mapped_column(ForeignKey(Producer.id), index=True)
    province_code: Mapped[Str20]
    commune_code: Mapped[Str20 | None] = mapped_column(index=True)
    locality_text: Mapped[Str255 | None]
    address: Mapped[Str255 | None]
    phone: Mapped[Str80 | None]
    latitude: Mapped[Decimal | None] = mapped_column(Numeric(9, 6))
    longitude: Mapped[Decimal | None] = mapped_column(Numeric(9, 6))
    # {"mon": ["07:30", "21:00"], …}; a missing day is closed, NULL is unknown.
    hours: Mapped[dict[str, Any] | None] = mapped_column(Json)
    services: Mapped[list[str]] = mapped_column(Json, default=list)
    floor_area_m2: Mapped[int | None]
    note: Mapped[LongText | None]
    note_en: Mapped[LongText | None]
    pickup: Mapped[bool] = mapped_column(default=False)
    ships: Mapped[bool] = mapped_column(default=False)
    # Sale units of each pack that the web leaves for the counter of this point.
    web_reserve: Mapped[int] = mapped_column(default=0, server_default="0")
    is_public: Mapped[bool] = mapped_column(default=True)
    opened_on: Mapped[date | None] = mapped_column(Date)
    closed_on: Mapped[date | None] = mapped_column(Date)
    sells_from_on: Mapped[date | None] = mapped_column(Date)
    sells_to_on: Mapped[date | None] = mapped_column(Date)
    source_url: Mapped[LongText | None]
    is_demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]
