"""A return says for which units of an order money goes back, and whether the goods are looked at for the shelf."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.accounts.models import User
from shop.kernel.db import Amount, Base, EnumText, Id, Instant, LongText, Str20, Str40, Str255, one_of
from shop.kernel.errors import N_
from shop.orders.models import Order, OrderLine
from shop.payments.models import Payment, Refund


class ReturnWhy(StrEnum):
    DAMAGED = "damaged"
    WRONG = "wrong"
    QUALITY = "quality"
    MISSING = "missing"
    LATE = "late"
    CHANGED_MIND = "changed_mind"
    OTHER = "other"


RETURN_WHY_NAMES = {
    ReturnWhy.DAMAGED: N_("Hỏng khi đến nơi"),
    ReturnWhy.WRONG: N_("Giao sai hàng"),
    ReturnWhy.QUALITY: N_("Chất lượng không đạt"),
    ReturnWhy.MISSING: N_("Thiếu hàng trong kiện"),
    ReturnWhy.LATE: N_("Giao quá muộn"),
    ReturnWhy.CHANGED_MIND: N_("Khách đổi ý"),
    ReturnWhy.OTHER: N_("Lý do khác"),
}


class Return(Base):
    """Money for some units of an order. Whole đồng: amount = goods + freight, and the refund is of exactly that."""

    __tablename__ = "returns"
    __table_args__ = (
        one_of("why", ReturnWhy),
        CheckConstraint("amount = goods_amount + freight_amount", name="amount_adds_up"),
        CheckConstraint("goods_amount >= 0 AND freight_amount >= 0 AND amount > 0", name="amounts_whole"),
        Index("ix_returns_order", "order_id", "id"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    order_id: Mapped[int] = mapped_column(ForeignKey(Order.id))
    payment_id: Mapped[int] = mapped_column(ForeignKey(Payment.id), index=True)
    refund_id: Mapped[int] = mapped_column(ForeignKey(Refund.id), unique=True)
    why: Mapped[ReturnWhy] = mapped_column(EnumText(ReturnWhy))
    # The buyer reads it.
    note: Mapped[LongText]
    goods_amount: Mapped[Amount]
    freight_amount: Mapped[Amount]
    amount: Mapped[Amount]
    created_at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    # Who looks after the goods that are to come back.
    owner_id: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    is_demo: Mapped[bool] = mapped_column(default=False)

    lines: Mapped[list[ReturnLine]] = relationship(order_by="ReturnLine.id")
    refund: Mapped[Refund] = relationship()


class ReturnLine(Base):
    """Units of one order line. Those that come back (`comes_back`) are looked at once: good ones go to the shelf, bad ones are
    written off, the rest never came."""

    __tablename__ = "return_lines"
    __table_args__ = (
        CheckConstraint("quantity > 0 AND amount >= 0", name="quantity_positive"),
        CheckConstraint("(looked_at IS NULL) = (good_quantity IS NULL)", name="looked_at_once"),
        CheckConstraint("(looked_at IS NULL) = (bad_quantity IS NULL)", name="looked_at_whole"),
        CheckConstraint("looked_at IS NULL OR comes_back", name="only_what_comes_back"),
        CheckConstraint(
            "good_quantity >= 0 AND bad_quantity >= 0 AND good_quantity + bad_quantity <= quantity",
            name="within_quantity",
        ),
        UniqueConstraint("return_id", "line_id"),
        Index("ix_return_lines_line", "line_id"),
        Index("ix_return_lines_waiting", "comes_back", "looked_at"),
    )

    id: Mapped[Id]
    return_id: Mapped[int] = mapped_column(ForeignKey(Return.id))
    line_id: Mapped[int] = mapped_column(ForeignKey(OrderLine.id))
    quantity: Mapped[int]
    amount: Mapped[Amount]
    comes_back: Mapped[bool]
    good_quantity: Mapped[int | None]
    bad_quantity: Mapped[int | None]
    looked_at: Mapped[Instant | None]
    looked_by: Mapped[Str255 | None]

    line: Mapped[OrderLine] = relationship()
