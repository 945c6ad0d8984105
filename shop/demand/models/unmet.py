"""What people wanted and the shop had not: each ask once (`unmet_asks`), and the sums of a day that stay (`unmet_days`).

Nothing here names a person. A visitor is the hash of what his browser shows under a key that is made anew each day and thrown
away (`unmet_keys`): within a day it tells two visitors apart, afterwards it leads nowhere.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, true
from sqlalchemy.orm import Mapped, mapped_column

from shop.catalog.models import Product, Variant
from shop.kernel.db import Amount, Base, EnumText, Id, Instant, Str40, Str80, Str255, one_of
from shop.kernel.errors import N_
from shop.points.models import Point


class Kind(StrEnum):
    SEARCH_NOTHING = "search_nothing"
    SEARCH_SOLD_OUT = "search_sold_out"
    PAGE_SOLD_OUT = "page_sold_out"
    BASKET_CUT = "basket_cut"
    HOLD_LAPSED = "hold_lapsed"
    WAIT_LIST = "wait_list"
    TILL_ASKED = "till_asked"
    BOOTH_EMPTY = "booth_empty"
    REFUSED = "refused"


KIND_NAMES = {
    Kind.SEARCH_NOTHING: N_("Tìm không thấy"),
    Kind.SEARCH_SOLD_OUT: N_("Tìm thấy toàn hàng hết"),
    Kind.PAGE_SOLD_OUT: N_("Xem trang lúc hết hàng"),
    Kind.BASKET_CUT: N_("Giỏ hàng không đủ số lượng"),
    Kind.HOLD_LAPSED: N_("Trả tiền muộn, hàng đã hết"),
    Kind.WAIT_LIST: N_("Ghi tên chờ hàng"),
    Kind.TILL_ASKED: N_("Hỏi tại quầy mà không có"),
    Kind.BOOTH_EMPTY: N_("Gian hàng hội chợ hết hàng"),
    Kind.REFUSED: N_("Cơ sở từ chối đơn"),
}

# Of one visitor on one day the strongest word about a product counts, the others are the same wish said before.
STRENGTH = {Kind.SEARCH_SOLD_OUT: 1, Kind.PAGE_SOLD_OUT: 2, Kind.BASKET_CUT: 3, Kind.WAIT_LIST: 4}


class Channel(StrEnum):
    WEB = "web"
    TILL = "till"
    FAIR = "fair"
    OFFICE = "office"


CHANNEL_NAMES = {
    Channel.WEB: N_("Trên mạng"),
    Channel.TILL: N_("Tại quầy"),
    Channel.FAIR: N_("Hội chợ"),
    Channel.OFFICE: N_("Văn phòng"),
}


class UnmetAsk(Base):
    """One wish that was not met. `quantity` counts the units that lacked, not those that were had.

    `text` is folded, `words` the same as somebody wrote it; both are empty where goods are named. `point_id` is the place
    (NULL: the web). `unit_amount` is the price in force, in đồng. `lost_units` (in **thousandths** of a unit) and
    `lost_amount` (đồng) are the estimate under the shares in force when it was written. `once` makes it one row:
    `v:<visitor>:<what>` or `r:<cause>`. `reference` says what it came of (`order:HX7K-3M2P`, `till:<event>`).
    """

    __tablename__ = "unmet_asks"
    __table_args__ = (
        one_of("kind", Kind),
        one_of("channel", Channel),
        CheckConstraint("quantity >= 1", name="quantity_positive"),
        CheckConstraint("lost_units >= 0 AND lost_amount >= 0", name="lost_whole"),
        CheckConstraint("unit_amount IS NULL OR unit_amount >= 0", name="price_whole"),
        CheckConstraint("product_id IS NOT NULL OR text IS NOT NULL", name="something"),
        CheckConstraint("variant_id IS NULL OR product_id IS NOT NULL", name="variant_has_product"),
        Index("ix_unmet_asks_day", "day", "id"),
        Index("ix_unmet_asks_product", "product_id", "day"),
        Index("ix_unmet_asks_visitor", "visitor_key", "day"),
    )

    id: Mapped[Id]
    at: Mapped[Instant]
    day: Mapped[date] = mapped_column(Date)
    kind: Mapped[Kind] = mapped_column(EnumText(Kind))
    channel: Mapped[Channel] = mapped_column(EnumText(Channel))
    product_id: Mapped[int | None] = mapped_column(ForeignKey(Product.id))
    variant_id: Mapped[int | None] = mapped_column(ForeignKey(Variant.id))
    text: Mapped[Str80 | None]
    words: Mapped[Str80 | None]
    point_id: Mapped[int | None] = mapped_column(ForeignKey(Point.id))
    quantity: Mapped[int]
    unit_amount: Mapped[int | None] = mapped_column(BigInteger)
    lost_units: Mapped[int] = mapped_column(BigInteger)
    lost_amount: Mapped[Amount]
    visitor_key: Mapped[Str40 | None]
    reference: Mapped[Str80 | None]
    once: Mapped[Str255] = mapped_column(unique=True)


class UnmetDay(Base):
    """What was not met on one day, per kind, channel, goods or text, and place (NULL: the web). Kept for good.

    `asks` counts people, `units` what they lacked, `lost_units` (in **thousandths** of a unit) and `lost_amount` (đồng) what
    would have been bought by the rule. Written in the transaction that writes an ask, so it is never behind; `has_asks` is
    false once the single asks of the day were thinned.
    """

    __tablename__ = "unmet_days"
    __table_args__ = (
        one_of("kind", Kind),
        one_of("channel", Channel),
        CheckConstraint("asks >= 0 AND units >= 0 AND lost_units >= 0 AND lost_amount >= 0", name="sums_whole"),
        CheckConstraint("product_id IS NOT NULL OR text IS NOT NULL", name="something"),
        Index("ix_unmet_days_day", "day", "kind"),
        Index("ix_unmet_days_product", "product_id", "day"),
        Index("ix_unmet_days_variant", "variant_id", "day"),
    )

    id: Mapped[Id]
    # All columns that tell one sum from another, in one text: NULLs are different from each other in a unique index.
    key: Mapped[Str255] = mapped_column(unique=True)
    day: Mapped[date] = mapped_column(Date)
    kind: Mapped[Kind] = mapped_column(EnumText(Kind))
    channel: Mapped[Channel] = mapped_column(EnumText(Channel))
    product_id: Mapped[int | None] = mapped_column(ForeignKey(Product.id))
    variant_id: Mapped[int | None] = mapped_column(ForeignKey(Variant.id))
    text: Mapped[Str80 | None]
    words: Mapped[Str80 | None]
    point_id: Mapped[int | None] = mapped_column(ForeignKey(Point.id))
    asks: Mapped[int]
    units: Mapped[int] = mapped_column(BigInteger)
    lost_units: Mapped[int] = mapped_column(BigInteger)
    lost_amount: Mapped[Amount]
    has_asks: Mapped[bool] = mapped_column(default=True, server_default=true())


class UnmetKey(Base):
    """The secret under which a day's visitors are hashed; removed when the day is over."""

    __tablename__ = "unmet_keys"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    key: Mapped[Str80]
