"""By what rule the booths of a fair are given out, what people changed by hand, and how booths change hands afterwards."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from shop.exhibitions.allot import EditKind
from shop.exhibitions.models.calls import Application, Stand
from shop.exhibitions.models.fairs import Booth, Exhibition
from shop.kernel.db import Base, EnumText, Id, Instant, Json, LongText, Str20, Str40, Str80, Str255, one_of
from shop.kernel.errors import N_


class ExhibitionRule(Base):
    """The rule of a fair (`settings`: the fields of `allot.Rule`) and the seed of its draw.

    `seed_digest` is published when the call is announced, `seed` itself once `revealed_at` is set: with the result. A fair has
    one seed for good, so that nobody can draw again.
    """

    __tablename__ = "exhibition_rules"
    __table_args__ = (CheckConstraint("revealed_at IS NULL OR announced_at IS NOT NULL", name="announced_first"),)

    exhibition_id: Mapped[int] = mapped_column(ForeignKey(Exhibition.id), primary_key=True, autoincrement=False)
    settings: Mapped[dict[str, Any]] = mapped_column(Json)
    seed: Mapped[Str80]
    seed_digest: Mapped[Str80]
    announced_at: Mapped[Instant | None]
    revealed_at: Mapped[Instant | None]
    revision: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[Instant]
    updated_label: Mapped[Str255]


class AllotmentEdit(Base):
    """A change by hand to what the rule gives: into the booth `booth_code`, in exchange with `other_id`, or out. Kept when
    undone, and when the booth is no longer on the plan."""

    __tablename__ = "exhibition_allotment_edits"
    __table_args__ = (
        one_of("kind", EditKind),
        CheckConstraint("(kind = 'move') = (booth_code IS NOT NULL)", name="moves_into_a_booth"),
        CheckConstraint("(kind = 'swap') = (other_id IS NOT NULL)", name="swaps_with_another"),
        Index("ix_exhibition_allotment_edits_exhibition", "exhibition_id", "id"),
    )

    id: Mapped[Id]
    exhibition_id: Mapped[int] = mapped_column(ForeignKey(Exhibition.id))
    kind: Mapped[EditKind] = mapped_column(EnumText(EditKind))
    application_id: Mapped[int] = mapped_column(ForeignKey(Application.id))
    other_id: Mapped[int | None] = mapped_column(ForeignKey(Application.id))
    booth_code: Mapped[Str20 | None]
    reason: Mapped[LongText]
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    undone_at: Mapped[Instant | None]
    undone_label: Mapped[Str255 | None]


class OfferState(StrEnum):
    """What became of a booth that was offered to somebody on the waiting list."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    LAPSED = "lapsed"
    # Taken back by the shop: the fair was cancelled, the booths are shared out anew, he left.
    ENDED = "ended"


OFFER_NAMES = {
    OfferState.OPEN: N_("Đang chờ trả lời"),
    OfferState.ACCEPTED: N_("Đã nhận"),
    OfferState.DECLINED: N_("Không nhận"),
    OfferState.LAPSED: N_("Quá hạn"),
    OfferState.ENDED: N_("Đã thu lại"),
}
_OPEN = text("state = 'open'")


class BoothOffer(Base):
    """A booth that came free is offered until `until`; meanwhile its seat is kept."""

    __tablename__ = "exhibition_offers"
    __table_args__ = (
        one_of("state", OfferState),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided_when"),
        Index("ix_exhibition_offers_exhibition", "exhibition_id", "id"),
        Index("ix_exhibition_offers_due", "state", "until"),
        Index("ix_exhibition_offers_booth", "booth_id", "state"),
        Index("uq_exhibition_offers_open", "application_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    exhibition_id: Mapped[int] = mapped_column(ForeignKey(Exhibition.id))
    application_id: Mapped[int] = mapped_column(ForeignKey(Application.id))
    booth_id: Mapped[int] = mapped_column(ForeignKey(Booth.id))
    state: Mapped[OfferState] = mapped_column(EnumText(OfferState))
    offered_at: Mapped[Instant]
    until: Mapped[Instant]
    decided_at: Mapped[Instant | None]
    decided_label: Mapped[Str255 | None]


class SwapState(StrEnum):
    """What became of a producer's wish to change booths with another."""

    ASKED = "asked"
    DONE = "done"
    REFUSED = "refused"
    # Withdrawn by who asked, or one of the two no longer stands there.
    ENDED = "ended"


SWAP_NAMES = {
    SwapState.ASKED: N_("Chờ bên kia trả lời"),
    SwapState.DONE: N_("Đã đổi gian"),
    SwapState.REFUSED: N_("Bên kia không đồng ý"),
    SwapState.ENDED: N_("Không còn hiệu lực"),
}
_ASKED = text("state = 'asked'")


class StandSwap(Base):
    """A wish to change booths: of who stands at `stand_id`, to who stands at `other_id`."""

    __tablename__ = "exhibition_swaps"
    __table_args__ = (
        one_of("state", SwapState),
        CheckConstraint("stand_id <> other_id", name="two_stands"),
        CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name="decided_when"),
        Index("ix_exhibition_swaps_exhibition", "exhibition_id", "id"),
        Index("ix_exhibition_swaps_other", "other_id"),
        Index("uq_exhibition_swaps_asked", "stand_id", unique=True, sqlite_where=_ASKED, postgresql_where=_ASKED),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    exhibition_id: Mapped[int] = mapped_column(ForeignKey(Exhibition.id))
    stand_id: Mapped[int] = mapped_column(ForeignKey(Stand.id))
    other_id: Mapped[int] = mapped_column(ForeignKey(Stand.id))
    state: Mapped[SwapState] = mapped_column(EnumText(SwapState))
    reason: Mapped[LongText | None]
    asked_at: Mapped[Instant]
    asked_label: Mapped[Str255]
    decided_at: Mapped[Instant | None]
    decided_label: Mapped[Str255 | None]
