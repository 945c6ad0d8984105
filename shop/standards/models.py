"""Marks, labels, packaging and tests of products, one row for each paper or review, with when it ends."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.catalog.models import Product
from shop.kernel.db import Base, EnumText, Id, Instant, LongText, Str20, Str40, Str80, Str255, one_of
from shop.kernel.errors import N_
from shop.kernel.text import words


class Kind(StrEnum):
    """Kinds of marks are those of the Law on Intellectual Property: ordinary, collective, certification; and geographical
    indications beside them."""

    TRADEMARK = "trademark"
    COLLECTIVE = "collective"
    CERTIFICATION = "certification"
    GEOGRAPHICAL = "geographical"
    LABEL = "label"
    PACKAGING = "packaging"
    TEST = "test"


KIND_NAMES = {
    Kind.TRADEMARK: N_("Nhãn hiệu thông thường"),
    Kind.COLLECTIVE: N_("Nhãn hiệu tập thể"),
    Kind.CERTIFICATION: N_("Nhãn hiệu chứng nhận"),
    Kind.GEOGRAPHICAL: N_("Chỉ dẫn địa lý"),
    Kind.LABEL: N_("Rà soát nhãn hàng hóa"),
    Kind.PACKAGING: N_("Rà soát bao bì"),
    Kind.TEST: N_("Phiếu kiểm nghiệm"),
}
MARKS = frozenset({Kind.TRADEMARK, Kind.COLLECTIVE, Kind.CERTIFICATION, Kind.GEOGRAPHICAL})
REVIEWS = frozenset({Kind.LABEL, Kind.PACKAGING})


class State(StrEnum):
    """`waiting`: entered by the producer, not looked at; `replaced`: a later one of its kind took its place."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


STATE_NAMES = {
    State.WAITING: N_("Chờ xác nhận"),
    State.CONFIRMED: N_("Đã xác nhận"),
    State.REFUSED: N_("Không được xác nhận"),
    State.REPLACED: N_("Đã có bản mới"),
    State.WITHDRAWN: N_("Đã rút"),
}


class Verdict(StrEnum):
    """What a review or a test came to."""

    GOOD = "good"
    BAD = "bad"


VERDICT_NAMES = {Verdict.GOOD: N_("Đạt"), Verdict.BAD: N_("Chưa đạt")}


def number_key(number: str | None) -> str | None:
    """How two spellings of a number are seen to be the same."""
    return "-".join(words(number))[:80] or None if number else None


def _key(context: Any) -> str | None:
    return number_key(context.get_current_parameters().get("number"))


class Standard(Base):
    """One mark, review or test of a product.

    Marks: `name` is the sign, `number` of the application or registration, `filed_on`, `granted_on` (none: not yet), `ends_on`
    (none: it does not end, or is not granted). Reviews: `granted_on` is the day of the review, `verdict` what it came to.
    Tests: `body` is the laboratory, `granted_on` the day of the sheet, `ends_on` until when it counts, `verdict`.
    """

    __tablename__ = "product_standards"
    __table_args__ = (
        one_of("kind", Kind),
        one_of("state", State),
        one_of("verdict", Verdict),
        CheckConstraint("(verdict IS NOT NULL) = (kind IN ('label', 'packaging', 'test'))", name="verdict_of_reviews"),
        CheckConstraint("ends_on IS NULL OR granted_on IS NULL OR ends_on >= granted_on", name="span"),
        CheckConstraint("filed_on IS NULL OR granted_on IS NULL OR granted_on >= filed_on", name="filed_first"),
        CheckConstraint("(state = 'refused') = (refused_why IS NOT NULL)", name="refused_why"),
        Index("ix_product_standards_product", "product_id", "kind", "state"),
        Index("ix_product_standards_state", "state", "id"),
        Index("ix_product_standards_ends", "ends_on"),
        Index(
            "uq_product_standards_number",
            "product_id",
            "kind",
            "number_key",
            unique=True,
            sqlite_where=text("number_key IS NOT NULL AND state IN ('waiting', 'confirmed')"),
            postgresql_where=text("number_key IS NOT NULL AND state IN ('waiting', 'confirmed')"),
        ),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id))
    kind: Mapped[Kind] = mapped_column(EnumText(Kind))
    state: Mapped[State] = mapped_column(EnumText(State))
    name: Mapped[Str255]
    # Who granted, reviewed or tested.
    body: Mapped[Str255 | None]
    number: Mapped[Str80 | None]
    number_key: Mapped[Str80 | None] = mapped_column(default=_key)
    filed_on: Mapped[date | None] = mapped_column(Date)
    granted_on: Mapped[date | None] = mapped_column(Date)
    ends_on: Mapped[date | None] = mapped_column(Date)
    verdict: Mapped[Verdict | None] = mapped_column(EnumText(Verdict))
    note: Mapped[LongText | None]
    file_key: Mapped[Str255 | None]
    refused_why: Mapped[LongText | None]
    version: Mapped[int]
    entered_at: Mapped[Instant]
    entered_by: Mapped[Str40]
    entered_label: Mapped[Str255]
    settled_at: Mapped[Instant | None]
    settled_label: Mapped[Str255 | None]
    is_demo: Mapped[bool] = mapped_column(default=False)

    product: Mapped[Product] = relationship()
