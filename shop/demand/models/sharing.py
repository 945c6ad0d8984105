"""Who gets what there is: plans with their inputs as they were, a line for each pack and place, the transfers they made."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from shop.catalog.models import Variant
from shop.kernel.db import Base, EnumText, Id, Instant, Json, Str20, Str40, Str255, one_of
from shop.kernel.errors import N_
from shop.points.models import Point
from shop.transfers.models import Transfer


class PlanState(StrEnum):
    """`computing`: a job works the shares out; `superseded`: a later one took its place; `withdrawn`: given up by a person."""

    COMPUTING = "computing"
    DRAFT = "draft"
    APPROVED = "approved"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


PLAN_STATE_NAMES = {
    PlanState.COMPUTING: N_("Đang tính"),
    PlanState.DRAFT: N_("Bản nháp"),
    PlanState.APPROVED: N_("Đã duyệt"),
    PlanState.SUPERSEDED: N_("Đã có bản mới"),
    PlanState.WITHDRAWN: N_("Đã bỏ"),
}


class SharingPlan(Base):
    """A sharing of scarce goods for `weeks` weeks from `from_on`. `inputs` are needs and goods as they were when it was made
    (`services.sharing.frozen`), never changed; a re-run is a new plan that `follows` this one. `edits` counts changes."""

    __tablename__ = "sharing_plans"
    __table_args__ = (
        one_of("state", PlanState),
        CheckConstraint("weeks BETWEEN 1 AND 8", name="weeks_few"),
        CheckConstraint("floor_percent BETWEEN 0 AND 100", name="floor_is_a_share"),
        CheckConstraint("trip_units BETWEEN 0 AND 100", name="trip_counted"),
        CheckConstraint("number >= 1 AND edits >= 0", name="counted"),
        CheckConstraint(
            "(state = 'computing') = (solved_at IS NULL) OR state IN ('withdrawn', 'superseded')", name="solved"
        ),
        CheckConstraint(
            "state <> 'approved' OR (decided_at IS NOT NULL AND decided_by IS NOT NULL)", name="approved_by"
        ),
        Index("ix_sharing_plans_state", "state", "id"),
        Index("ix_sharing_plans_follows", "follows_id"),
        Index("ix_sharing_plans_family", "family", "id"),
        # Of a row of re-runs at most one holds.
        Index(
            "ix_sharing_plans_holds",
            "family",
            unique=True,
            sqlite_where=text("state = 'approved'"),
            postgresql_where=text("state = 'approved'"),
        ),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    # The reference of the first of a row of re-runs, and where in it this one stands (from 1).
    family: Mapped[Str20]
    number: Mapped[int] = mapped_column(default=1)
    follows_id: Mapped[int | None] = mapped_column(ForeignKey("sharing_plans.id"))
    state: Mapped[PlanState] = mapped_column(EnumText(PlanState), default=PlanState.COMPUTING)
    weeks: Mapped[int]
    from_on: Mapped[date] = mapped_column(Date)
    until_on: Mapped[date] = mapped_column(Date)
    floor_percent: Mapped[int]
    waiting_first: Mapped[bool]
    # What a trip to a place is worth, in units served.
    trip_units: Mapped[int]
    whole_lots: Mapped[bool]
    inputs: Mapped[dict[str, Any]] = mapped_column(Json)
    # How it was found (`allocate.Method`), and how it compares: {"ours": [served, need, worst], "pro_rata": …, "first": …}.
    method: Mapped[Str20 | None]
    compared: Mapped[dict[str, Any] | None] = mapped_column(Json)
    edits: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    made_at: Mapped[Instant]
    made_key: Mapped[Str40]
    made_by: Mapped[Str255]
    solved_at: Mapped[Instant | None]
    # Approved, withdrawn or superseded: when, by whom.
    decided_at: Mapped[Instant | None]
    decided_by: Mapped[Str255 | None]


class SharingLine(Base):
    """`units` of a pack for a point (NULL: the web, whose goods stay where parcels leave from). `why` holds what the sentence
    beside it says; `parts` from which of the plan's goods it comes: [[place in the list, units], …]."""

    __tablename__ = "sharing_lines"
    __table_args__ = (
        CheckConstraint("units >= 0 AND proposed >= 0", name="units_counted"),
        UniqueConstraint("plan_id", "variant_id", "point_id"),
        Index("ix_sharing_lines_point", "point_id", "plan_id"),
        Index("ix_sharing_lines_variant", "variant_id"),
    )

    id: Mapped[Id]
    plan_id: Mapped[int] = mapped_column(ForeignKey(SharingPlan.id))
    variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id))
    point_id: Mapped[int | None] = mapped_column(ForeignKey(Point.id))
    units: Mapped[int]
    # What was worked out, before anybody changed it.
    proposed: Mapped[int]
    parts: Mapped[list[Any]] = mapped_column(Json)
    why: Mapped[dict[str, Any]] = mapped_column(Json)


class SharingTransfer(Base):
    """A transfer that an approved plan made."""

    __tablename__ = "sharing_transfers"
    __table_args__ = (Index("ix_sharing_transfers_plan", "plan_id"),)

    transfer_id: Mapped[int] = mapped_column(ForeignKey(Transfer.id), primary_key=True, autoincrement=False)
    plan_id: Mapped[int] = mapped_column(ForeignKey(SharingPlan.id))
