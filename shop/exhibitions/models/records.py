"""What is written of a fair: one row for each figure of each source, so that sources that differ stand side by side."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from shop.exhibitions.models.fairs import Exhibition
from shop.kernel.db import Amount, Base, EnumText, Id, Instant, LongText, Str80, Str255, one_of
from shop.kernel.errors import N_


class FigureKind(StrEnum):
    """What a figure counts; amounts are whole đồng. `other` and `locality_turnover` need a label."""

    BOOTHS = "booths"
    OWN_BOOTHS = "own_booths"
    PRODUCERS = "producers"
    PRODUCTS = "products"
    VISITORS = "visitors"
    TURNOVER = "turnover"
    OWN_TURNOVER = "own_turnover"
    LOCALITY_TURNOVER = "locality_turnover"
    OTHER = "other"


FIGURE_NAMES = {
    FigureKind.BOOTHS: N_("Gian hàng"),
    FigureKind.OWN_BOOTHS: N_("Gian hàng trong tỉnh"),
    FigureKind.PRODUCERS: N_("Cơ sở tham gia"),
    FigureKind.PRODUCTS: N_("Sản phẩm"),
    FigureKind.VISITORS: N_("Lượt khách"),
    FigureKind.TURNOVER: N_("Doanh thu"),
    FigureKind.OWN_TURNOVER: N_("Doanh thu các gian trong tỉnh"),
    FigureKind.LOCALITY_TURNOVER: N_("Doanh thu của địa phương"),
    FigureKind.OTHER: N_("Khác"),
}
# In whole đồng.
MONEY_FIGURES = (FigureKind.TURNOVER, FigureKind.OWN_TURNOVER, FigureKind.LOCALITY_TURNOVER)
LABELLED_FIGURES = (FigureKind.LOCALITY_TURNOVER, FigureKind.OTHER)


class Figure(Base):
    """One figure of one source. `text` is what the source writes (`~200`); `value` the number in it, for comparing, NULL where
    it names none. `as_of`: the day on which the source was written, NULL where it does not say. `label` tells apart what is not
    quite the same (`ba ngày đầu`), and whose turnover it is."""

    __tablename__ = "exhibition_figures"
    __table_args__ = (
        one_of("what", FigureKind),
        CheckConstraint("value IS NULL OR value >= 0", name="value_whole"),
        CheckConstraint("what NOT IN ('locality_turnover', 'other') OR label IS NOT NULL", name="labelled"),
        CheckConstraint("source IS NOT NULL OR source_url IS NOT NULL", name="sourced"),
        Index("ix_exhibition_figures_exhibition", "exhibition_id", "id"),
        Index("ix_exhibition_figures_what", "what", "exhibition_id"),
    )

    id: Mapped[Id]
    exhibition_id: Mapped[int] = mapped_column(ForeignKey(Exhibition.id))
    what: Mapped[FigureKind] = mapped_column(EnumText(FigureKind))
    label: Mapped[Str255 | None]
    label_en: Mapped[Str255 | None]
    text: Mapped[Str80]
    value: Mapped[Amount | None]
    # Who says so, in words, and where it is written.
    source: Mapped[Str255 | None]
    source_url: Mapped[LongText | None]
    as_of: Mapped[date | None] = mapped_column(Date)
    added_at: Mapped[Instant]
    added_label: Mapped[Str255]
