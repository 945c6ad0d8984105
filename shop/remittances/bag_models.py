"""Cash carried from a point, or from the office, to the bank: in a numbered bag, by somebody, counted before it leaves."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.kernel.db import Amount, Base, EnumText, Id, Instant, LongText, Str20, Str40, Str80, Str255, one_of
from shop.kernel.errors import N_
from shop.points.models import Point


class BagState(StrEnum):
    """`sealed`: a keeper has written it down and a second person is to count it; `carried`: it has left, the bank has not
    shown it; `arrived`: the bank's lines, and what was closed as a difference, are all of it; `back`: it never went to the bank
    and its cash lies where it was."""

    SEALED = "sealed"
    CARRIED = "carried"
    ARRIVED = "arrived"
    BACK = "back"


BAG_STATE_NAMES = {
    BagState.SEALED: N_("Chờ người thứ hai đếm"),
    BagState.CARRIED: N_("Đang mang nộp"),
    BagState.ARRIVED: N_("Đã vào ngân hàng"),
    BagState.BACK: N_("Đã mang về"),
}


class CashBag(Base):
    """A bag of cash on its way to the bank. `point_id` is empty for the office's cash. Whole đồng, as counted when it left.

    A keeper's bag is counted by a second person (`second_…`), who is not its writer; only then it leaves.
    """

    __tablename__ = "cash_bags"
    __table_args__ = (
        one_of("state", BagState),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("arrived_amount >= 0 AND arrived_amount <= amount", name="arrived_within"),
        CheckConstraint("(difference_amount = 0) = (difference_reason IS NULL)", name="differences_have_reasons"),
        CheckConstraint("(state = 'arrived') = (arrived_amount + difference_amount = amount)", name="arrived_is_whole"),
        CheckConstraint("second_key IS NULL OR second_key <> created_key", name="two_count"),
        CheckConstraint("state <> 'sealed' OR second_key IS NULL", name="sealed_waits"),
        Index("ix_cash_bags_state", "state", "id"),
        Index("ix_cash_bags_point", "point_id"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    state: Mapped[BagState] = mapped_column(EnumText(BagState))
    point_id: Mapped[int | None] = mapped_column(ForeignKey(Point.id))
    bag_number: Mapped[Str40]
    amount: Mapped[Amount]
    counted_by: Mapped[Str255]
    carried_by: Mapped[Str255]
    carried_at: Mapped[Instant]
    note: Mapped[LongText | None]
    arrived_amount: Mapped[Amount] = mapped_column(default=0)
    # What the bank counted less and nobody will bring any more.
    difference_amount: Mapped[Amount] = mapped_column(default=0)
    difference_reason: Mapped[LongText | None]
    closed_at: Mapped[Instant | None]
    closed_label: Mapped[Str255 | None]
    version: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[Instant]
    created_key: Mapped[Str40]
    created_label: Mapped[Str255]
    second_key: Mapped[Str40 | None]
    second_label: Mapped[Str255 | None]
    second_at: Mapped[Instant | None]
    is_demo: Mapped[bool] = mapped_column(default=False)

    point: Mapped[Point | None] = relationship()
    arrivals: Mapped[list[BagArrival]] = relationship(order_by="BagArrival.id")

    @property
    def lacking_amount(self) -> int:
        """What the bank has not shown, in đồng."""
        return self.amount - self.arrived_amount - self.difference_amount


class BagArrival(Base):
    """A line of the bank that shows a bag's cash. Append-only: what was wrong is taken back by a row below zero."""

    __tablename__ = "cash_bag_arrivals"
    __table_args__ = (
        CheckConstraint("(amount > 0) = (reverses_id IS NULL) AND amount <> 0", name="amount_sign"),
        Index("ix_cash_bag_arrivals_bag", "bag_id"),
    )

    id: Mapped[Id]
    bag_id: Mapped[int] = mapped_column(ForeignKey(CashBag.id))
    amount: Mapped[Amount]
    source: Mapped[Str80]
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("cash_bag_arrivals.id"), unique=True)
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    at: Mapped[Instant]
