"""Who issues documents, their counters, and the documents: frozen content under a digest. Amounts are whole đồng.

A document is never changed: what became wrong is taken back by a credit note, and a new one is issued. Only its state, the
number that a provider of e-invoices gave it and who sent it last stand beside the frozen part.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop.kernel.db import Amount, Base, EnumText, Id, Instant, Json, LongText, Str20, Str40, Str80, Str255, one_of
from shop.kernel.errors import N_
from shop.orders.models import Order
from shop.producers.models import Producer


class Series(StrEnum):
    """BN: a receipt; HD: a receipt that holds what a tax invoice needs; GT: takes an amount of one of them back."""

    RECEIPT = "BN"
    TAX = "HD"
    CREDIT = "GT"


SERIES_NAMES = {
    Series.RECEIPT: N_("Biên nhận bán hàng"),
    Series.TAX: N_("Dữ liệu hóa đơn thuế"),
    Series.CREDIT: N_("Phiếu điều chỉnh giảm"),
}


class InvoiceState(StrEnum):
    ISSUED = "issued"
    VOID = "void"


STATE_NAMES = {InvoiceState.ISSUED: N_("Có hiệu lực"), InvoiceState.VOID: N_("Đã hủy, giữ số")}


class Standing(StrEnum):
    """What stands of a document by now: its state, and whether credit notes took a part or all of it back."""

    ISSUED = "issued"
    REDUCED = "reduced"
    TAKEN = "taken"
    VOID = "void"


STANDING_NAMES = {
    Standing.ISSUED: STATE_NAMES[InvoiceState.ISSUED],
    Standing.REDUCED: N_("Đã ghi giảm một phần"),
    Standing.TAKEN: N_("Đã ghi giảm hết"),
    Standing.VOID: STATE_NAMES[InvoiceState.VOID],
}


class Cause(StrEnum):
    """Why a document was written. `sale`: handed over and paid. Credit notes: goods came back, money went back, something is
    changed. `change` is also why the new document is written that takes the place of what a credit note took back."""

    SALE = "sale"
    RETURN = "return"
    REFUND = "refund"
    CHANGE = "change"


CAUSE_NAMES = {
    Cause.SALE: N_("Bán hàng"),
    Cause.RETURN: N_("Khách trả hàng"),
    Cause.REFUND: N_("Hoàn tiền"),
    Cause.CHANGE: N_("Thay đổi thông tin"),
}


class Issuer(Base):
    """In whose name documents are written: `shop`, or `producer:7` who sells in his own name.

    Orders that were completed before `began_at` of the shop have no documents here.
    """

    __tablename__ = "invoice_issuers"

    id: Mapped[Id]
    key: Mapped[Str40] = mapped_column(unique=True)
    producer_id: Mapped[int | None] = mapped_column(ForeignKey(Producer.id), unique=True)
    began_at: Mapped[Instant]


class InvoiceCounter(Base):
    """The last number of a series of an issuer in a year; its row stays locked until the document is written."""

    __tablename__ = "invoice_counters"
    __table_args__ = (
        one_of("series", Series),
        CheckConstraint("last_number >= 0", name="last_whole"),
        UniqueConstraint("issuer_id", "series", "year"),
    )

    id: Mapped[Id]
    issuer_id: Mapped[int] = mapped_column(ForeignKey(Issuer.id))
    series: Mapped[Series] = mapped_column(EnumText(Series))
    year: Mapped[int]
    last_number: Mapped[int]


class Invoice(Base):
    """One document. total = goods − discount + delivery + other; of a credit note all of it is what is taken back.

    `other_amount`: money of a credit note that belongs to no line. `digest` is the SHA-256 of the content's canonical JSON.
    """

    __tablename__ = "invoices"
    __table_args__ = (
        one_of("series", Series),
        one_of("state", InvoiceState),
        one_of("cause", Cause),
        UniqueConstraint("issuer_id", "series", "year", "number"),
        CheckConstraint(
            "total_amount = goods_amount - discount_amount + delivery_amount + other_amount", name="adds_up"
        ),
        CheckConstraint(
            "goods_amount >= 0 AND discount_amount >= 0 AND delivery_amount >= 0 AND other_amount >= 0 AND total_amount >= 0",
            name="amounts_whole",
        ),
        CheckConstraint("(series = 'GT') = (corrects_id IS NOT NULL)", name="credit_corrects"),
        CheckConstraint("series <> 'GT' OR cause <> 'sale'", name="credit_cause"),
        CheckConstraint("(series = 'HD') = (buyer_tax_code IS NOT NULL) OR series = 'GT'", name="tax_code"),
        CheckConstraint("(state = 'void') = (voided_at IS NOT NULL)", name="void_when"),
        CheckConstraint("number > 0", name="number_positive"),
        Index("ix_invoices_order", "order_id", "id"),
        Index("ix_invoices_corrects", "corrects_id"),
        Index("ix_invoices_issued", "issued_at", "id"),
        Index("ix_invoices_issuer", "issuer_id", "issued_at"),
        Index("ix_invoices_tax_code", "buyer_tax_code"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    issuer_id: Mapped[int] = mapped_column(ForeignKey(Issuer.id))
    series: Mapped[Series] = mapped_column(EnumText(Series))
    year: Mapped[int]
    number: Mapped[int]
    state: Mapped[InvoiceState] = mapped_column(EnumText(InvoiceState))
    cause: Mapped[Cause] = mapped_column(EnumText(Cause))
    order_id: Mapped[int] = mapped_column(ForeignKey(Order.id))
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("invoices.id"))
    issued_at: Mapped[Instant]
    issued_on: Mapped[date] = mapped_column(Date)
    buyer_name: Mapped[Str255]
    buyer_tax_code: Mapped[Str20 | None]
    goods_amount: Mapped[Amount]
    discount_amount: Mapped[Amount]
    delivery_amount: Mapped[Amount]
    other_amount: Mapped[Amount]
    total_amount: Mapped[Amount]
    content: Mapped[dict[str, Any]] = mapped_column(Json)
    digest: Mapped[Str80]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    # What a provider of e-invoices, or the tax office, gave it: number, and when it was noted here.
    provider_number: Mapped[Str80 | None]
    provider_at: Mapped[Instant | None]
    voided_at: Mapped[Instant | None]
    voided_label: Mapped[Str255 | None]
    void_reason: Mapped[LongText | None]
    is_demo: Mapped[bool] = mapped_column(default=False)

    @property
    def name(self) -> str:
        """Its number as people write it."""
        return number_of(self.series, self.year, self.number)


def number_of(series: str, year: int, number: int) -> str:
    """`BN26-000123`: series, year of issue, running number of the issuer."""
    return f"{series}{year % 100:02d}-{number:06d}"
