"""Producers and what is known of them; what the sources leave blank stays NULL."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from shop.kernel.db import Base, EnumText, Id, Instant, LongText, SortKey, Str20, Str80, Str255, one_of
from shop.kernel.errors import N_


class LegalForm(StrEnum):
    """Who may apply (Decision 26/2026/QĐ-TTg, art. 2.3), and the forms the registers of 2014–2025 name."""

    COOPERATIVE = "htx"
    COOPERATIVE_GROUP = "tht"
    COMPANY = "company"
    HOUSEHOLD = "household"
    FARM = "farm"
    PUBLIC_UNIT = "public_unit"
    ASSOCIATION = "association"


LEGAL_FORM_NAMES = {
    LegalForm.COOPERATIVE: N_("Hợp tác xã"),
    LegalForm.COOPERATIVE_GROUP: N_("Tổ hợp tác"),
    LegalForm.COMPANY: N_("Công ty"),
    LegalForm.HOUSEHOLD: N_("Hộ kinh doanh"),
    LegalForm.FARM: N_("Trang trại"),
    LegalForm.PUBLIC_UNIT: N_("Đơn vị công lập"),
    LegalForm.ASSOCIATION: N_("Hiệp hội"),
}


class ProducerState(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"


class Producer(Base):
    """A maker of goods. `locality_text` is the place as the source names it (often an old district)."""

    __tablename__ = "producers"
    __table_args__ = (
        one_of("legal_form", LegalForm),
        one_of("state", ProducerState),
        Index("ix_producers_sort", "sort_name", "id"),
    )

    id: Mapped[Id]
    slug: Mapped[Str80] = mapped_column(unique=True)
    name: Mapped[Str255]
    sort_name: Mapped[SortKey]
    legal_form: Mapped[LegalForm | None] = mapped_column(EnumText(LegalForm))
    tax_code: Mapped[Str20 | None]
    representative: Mapped[Str255 | None]
    province_code: Mapped[Str20 | None]
    commune_code: Mapped[Str20 | None] = mapped_column(index=True)
    locality_text: Mapped[Str255 | None]
    street: Mapped[Str255 | None]
    phone: Mapped[Str80 | None]
    email: Mapped[Str255 | None]
    website: Mapped[Str255 | None]
    story: Mapped[LongText | None]
    story_en: Mapped[LongText | None]
    source_url: Mapped[LongText | None]
    state: Mapped[ProducerState] = mapped_column(EnumText(ProducerState), default=ProducerState.ACTIVE)
    is_demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]
