"""Who applies for a fair with which goods, who vouches for them, and who stands in which booth."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.catalog.models import Product, Variant
from shop.exhibitions.models.fairs import Booth, BoothType, Exhibition, Zone
from shop.kernel.db import Amount, Base, EnumText, Id, Instant, LongText, Str20, Str40, Str255, one_of
from shop.kernel.errors import N_
from shop.producers.models import Producer


class ApplicationState(StrEnum):
    """`accepted`: the producer has a stand; `waiting`: on the waiting list, at `place`."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    SENT_BACK = "sent_back"
    ACCEPTED = "accepted"
    WAITING = "waiting"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


A = ApplicationState
APPLICATION_ALLOWED: dict[str, frozenset[str]] = {
    "": frozenset({A.DRAFT}),
    A.DRAFT: frozenset({A.SUBMITTED, A.WITHDRAWN}),
    A.SUBMITTED: frozenset({A.SENT_BACK, A.ACCEPTED, A.WAITING, A.REFUSED, A.WITHDRAWN}),
    A.SENT_BACK: frozenset({A.SUBMITTED, A.REFUSED, A.WITHDRAWN}),
    # Booths shared out anew, or a stand given up to the waiting list.
    A.ACCEPTED: frozenset({A.SUBMITTED, A.WAITING, A.WITHDRAWN, A.REFUSED}),
    A.WAITING: frozenset({A.SUBMITTED, A.ACCEPTED, A.REFUSED, A.WITHDRAWN}),
    A.REFUSED: frozenset(),
    # Taken up again while the call is open: a producer has one application at a fair, with one draw number.
    A.WITHDRAWN: frozenset({A.DRAFT}),
}
APPLICATION_NAMES = {
    A.DRAFT: N_("Đang soạn"),
    A.SUBMITTED: N_("Đã nộp, chờ duyệt"),
    A.SENT_BACK: N_("Cần bổ sung"),
    A.ACCEPTED: N_("Có gian"),
    A.WAITING: N_("Danh sách chờ"),
    A.REFUSED: N_("Không nhận"),
    A.WITHDRAWN: N_("Đã rút"),
}


class Endorsement(StrEnum):
    NONE = "none"
    YES = "yes"
    NO = "no"


ENDORSEMENT_NAMES = {
    Endorsement.NONE: N_("Địa phương chưa có ý kiến"),
    Endorsement.YES: N_("Địa phương giới thiệu"),
    Endorsement.NO: N_("Địa phương không giới thiệu"),
}


class Application(Base):
    """A producer asks for a booth. `locality_code` is the producer's commune on the day of submitting, copied.

    `place` is the place on the waiting list, from 1.
    """

    __tablename__ = "exhibition_applications"
    __table_args__ = (
        one_of("state", ApplicationState),
        one_of("endorsement", Endorsement),
        UniqueConstraint("exhibition_id", "producer_id"),
        CheckConstraint("power_watts BETWEEN 0 AND 100000", name="power_sane"),
        CheckConstraint("(state = 'waiting') = (place IS NOT NULL)", name="waits_at_a_place"),
        CheckConstraint("(endorsement = 'none') = (endorsed_at IS NULL)", name="endorsed_when"),
        Index("ix_exhibition_applications_state", "exhibition_id", "state", "id"),
        Index("ix_exhibition_applications_producer", "producer_id", "id"),
        Index("ix_exhibition_applications_locality", "locality_code", "state"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    exhibition_id: Mapped[int] = mapped_column(ForeignKey(Exhibition.id))
    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id))
    state: Mapped[ApplicationState] = mapped_column(EnumText(ApplicationState))
    place: Mapped[int | None]
    zone_id: Mapped[int | None] = mapped_column(ForeignKey(Zone.id))
    type_id: Mapped[int | None] = mapped_column(ForeignKey(BoothType.id))
    power_watts: Mapped[int] = mapped_column(default=0)
    water: Mapped[bool] = mapped_column(default=False)
    cold: Mapped[bool] = mapped_column(default=False)
    contact_name: Mapped[Str255 | None]
    contact_phone: Mapped[Str20 | None]
    note: Mapped[LongText | None]
    locality_code: Mapped[Str20 | None]
    endorsement: Mapped[Endorsement] = mapped_column(EnumText(Endorsement), default=Endorsement.NONE)
    endorsed_at: Mapped[Instant | None]
    endorsed_label: Mapped[Str255 | None]
    endorsed_word: Mapped[LongText | None]
    submitted_at: Mapped[Instant | None]
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]
    is_demo: Mapped[bool] = mapped_column(default=False)

    goods: Mapped[list[ApplicationGoods]] = relationship(order_by="ApplicationGoods.id")
    steps: Mapped[list[ApplicationStep]] = relationship(order_by="ApplicationStep.id")


class PapersState(StrEnum):
    """What a person found of the papers of goods; dates are checked by the shop each time they are looked at."""

    UNCHECKED = "unchecked"
    GOOD = "good"
    REFUSED = "refused"


PAPERS_NAMES = {
    PapersState.UNCHECKED: N_("Chưa kiểm tra"),
    PapersState.GOOD: N_("Giấy tờ hợp lệ"),
    PapersState.REFUSED: N_("Không được bày bán"),
}


class ApplicationGoods(Base):
    """A pack that a producer wants to bring: `wanted` units by himself, `suggested` by the forecast with `suggested_why`,
    `committed` what he has promised to bring (NULL: not yet). Units are sale units for the whole fair."""

    __tablename__ = "exhibition_goods"
    __table_args__ = (
        one_of("papers", PapersState),
        UniqueConstraint("application_id", "variant_id"),
        CheckConstraint("wanted IS NULL OR wanted > 0", name="wanted_positive"),
        CheckConstraint("suggested IS NULL OR suggested >= 0", name="suggested_whole"),
        CheckConstraint("committed IS NULL OR committed >= 0", name="committed_whole"),
        CheckConstraint("papers <> 'refused' OR finding IS NOT NULL", name="refused_with_reason"),
        Index("ix_exhibition_goods_variant", "variant_id"),
        Index("ix_exhibition_goods_product", "product_id"),
    )

    id: Mapped[Id]
    application_id: Mapped[int] = mapped_column(ForeignKey(Application.id))
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id))
    variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id))
    wanted: Mapped[int | None]
    papers: Mapped[PapersState] = mapped_column(EnumText(PapersState), default=PapersState.UNCHECKED)
    finding: Mapped[LongText | None]
    checked_at: Mapped[Instant | None]
    checked_label: Mapped[Str255 | None]
    suggested: Mapped[int | None]
    suggested_why: Mapped[LongText | None]
    suggested_at: Mapped[Instant | None]
    committed: Mapped[int | None]
    committed_at: Mapped[Instant | None]
    # By this day it must be begun to be ready in time; NULL: the lead time is unknown.
    start_by: Mapped[date | None] = mapped_column(Date)


class ApplicationStep(Base):
    """One step of an application: from, to, when, who, why."""

    __tablename__ = "exhibition_application_steps"
    __table_args__ = (Index("ix_exhibition_application_steps_application", "application_id", "id"),)

    id: Mapped[Id]
    application_id: Mapped[int] = mapped_column(ForeignKey(Application.id))
    from_state: Mapped[Str20]
    to_state: Mapped[Str20]
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    reason: Mapped[LongText | None]


class Stand(Base):
    """A producer stands in a booth, until `ended_at` if he gave it up or changed it. A booth has at most as many living stands
    as its type has makers; an application has at most one. Fee and subsidy are copied when it is published."""

    __tablename__ = "exhibition_stands"
    __table_args__ = (
        CheckConstraint("fee_amount >= 0 AND subsidy_amount >= 0 AND subsidy_amount <= fee_amount", name="fee_covered"),
        Index("ix_exhibition_stands_booth", "booth_id", "ended_at"),
        Index("ix_exhibition_stands_exhibition", "exhibition_id", "ended_at"),
        Index("ix_exhibition_stands_producer", "producer_id", "id"),
        Index(
            "uq_exhibition_stands_living",
            "application_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    exhibition_id: Mapped[int] = mapped_column(ForeignKey(Exhibition.id))
    booth_id: Mapped[int] = mapped_column(ForeignKey(Booth.id))
    application_id: Mapped[int] = mapped_column(ForeignKey(Application.id))
    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id))
    fee_amount: Mapped[Amount]
    subsidy_amount: Mapped[Amount] = mapped_column(default=0)
    # Why this one stands here, in the words of the rule.
    why: Mapped[LongText]
    given_at: Mapped[Instant]
    given_label: Mapped[Str255]
    ended_at: Mapped[Instant | None]
    end_reason: Mapped[LongText | None]
