"""Goods on their way to a fair, and its days: keepers, visitors by the hour, trade buyers, incidents.

Units are sale units, amounts whole đồng, instants aware UTC; an hour is named by the instant at which it begins.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from shop.accounts.models import User
from shop.catalog.models import Variant
from shop.exhibitions.models.calls import ApplicationGoods, Stand
from shop.exhibitions.models.fairs import Booth, Exhibition
from shop.kernel.db import (
    Amount,
    Base,
    EnumText,
    Id,
    Instant,
    Json,
    LongText,
    Str20,
    Str40,
    Str80,
    Str255,
    one_of,
)
from shop.kernel.errors import N_
from shop.producers.models import Producer

# --- the booths as points of sale --------------------------------------------------------------------------------


class Setup(Base):
    """How a fair was prepared: its booths' points live from `days_before` the first day until `days_after` the last one.

    `screen_token` is the secret of the screen in the hall; a new one shuts the old address.
    """

    __tablename__ = "exhibition_setups"
    __table_args__ = (
        CheckConstraint("days_before BETWEEN 0 AND 30 AND days_after BETWEEN 1 AND 30", name="days_sane"),
    )

    exhibition_id: Mapped[int] = mapped_column(ForeignKey(Exhibition.id), primary_key=True, autoincrement=False)
    days_before: Mapped[int]
    days_after: Mapped[int]
    pickup: Mapped[bool] = mapped_column(default=False)
    screen_token: Mapped[Str80] = mapped_column(unique=True)
    prepared_at: Mapped[Instant]
    prepared_label: Mapped[Str255]


class Keeper(Base):
    """Somebody stands at a booth's counter, until `ended_at`; the right for the booth's point is given and taken with it."""

    __tablename__ = "exhibition_keepers"
    __table_args__ = (
        Index("ix_exhibition_keepers_booth", "booth_id", "ended_at"),
        Index("ix_exhibition_keepers_user", "user_id"),
        Index(
            "uq_exhibition_keepers_living",
            "booth_id",
            "user_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    booth_id: Mapped[int] = mapped_column(ForeignKey(Booth.id))
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id))
    given_at: Mapped[Instant]
    given_label: Mapped[Str255]
    ended_at: Mapped[Instant | None]
    # Held the right for this point before, so that it is not taken with the booth.
    had_before: Mapped[bool] = mapped_column(default=False)


# --- goods -------------------------------------------------------------------------------------------------------


class Commitment(Base):
    """A word of a producer about one pack: so many units he will bring, and why not as suggested. The last one holds and
    stands in `exhibition_goods.committed`; never changed itself."""

    __tablename__ = "exhibition_commitments"
    __table_args__ = (
        CheckConstraint("units >= 0", name="units_whole"),
        CheckConstraint("suggested IS NULL OR suggested >= 0", name="suggested_whole"),
        CheckConstraint("units > 0 OR reason IS NOT NULL", name="none_explained"),
        Index("ix_exhibition_commitments_goods", "goods_id", "id"),
    )

    id: Mapped[Id]
    goods_id: Mapped[int] = mapped_column(ForeignKey(ApplicationGoods.id))
    units: Mapped[int]
    # What was suggested when he said it.
    suggested: Mapped[int | None]
    reason: Mapped[LongText | None]
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]


class PaperKind(StrEnum):
    """`delivery`: a producer brings it on consignment; `transfer`: it comes from a store; `ask`: a producer was asked."""

    DELIVERY = "delivery"
    TRANSFER = "transfer"
    ASK = "ask"


class PaperFor(StrEnum):
    OPENING = "opening"
    REPLENISH = "replenish"
    HOME = "home"


PAPER_FOR_NAMES = {
    PaperFor.OPENING: N_("Hàng khai mạc"),
    PaperFor.REPLENISH: N_("Tiếp hàng"),
    PaperFor.HOME: N_("Hàng về"),
}


class Paper(Base):
    """A paper of the rooms below by which goods of a booth travel; what it says is read there. `reference` is its own."""

    __tablename__ = "exhibition_papers"
    __table_args__ = (
        one_of("kind", PaperKind),
        one_of("purpose", PaperFor),
        UniqueConstraint("reference"),
        Index("ix_exhibition_papers_exhibition", "exhibition_id", "purpose", "id"),
        Index("ix_exhibition_papers_booth", "booth_id", "id"),
    )

    id: Mapped[Id]
    exhibition_id: Mapped[int] = mapped_column(ForeignKey(Exhibition.id))
    booth_id: Mapped[int] = mapped_column(ForeignKey(Booth.id))
    stand_id: Mapped[int | None] = mapped_column(ForeignKey(Stand.id))
    kind: Mapped[PaperKind] = mapped_column(EnumText(PaperKind))
    purpose: Mapped[PaperFor] = mapped_column(EnumText(PaperFor))
    reference: Mapped[Str20]
    made_at: Mapped[Instant]
    made_label: Mapped[Str255]


class Replenishment(Base):
    """A booth is running out of a pack and asks for `units` by `needed_at`: of its maker, or of the home store.

    `reference` is that of the ask or transfer that was made; how it stands is read there. `due_at`: when it will arrive, as
    whoever sends it says (NULL: not said).
    """

    __tablename__ = "exhibition_replenishments"
    __table_args__ = (
        one_of("kind", PaperKind),
        UniqueConstraint("reference"),
        CheckConstraint("units > 0", name="units_positive"),
        CheckConstraint("kind <> 'delivery'", name="ask_or_transfer"),
        Index("ix_exhibition_replenishments_exhibition", "exhibition_id", "id"),
        Index("ix_exhibition_replenishments_booth", "booth_id", "id"),
    )

    id: Mapped[Id]
    exhibition_id: Mapped[int] = mapped_column(ForeignKey(Exhibition.id))
    booth_id: Mapped[int] = mapped_column(ForeignKey(Booth.id))
    variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id))
    units: Mapped[int]
    kind: Mapped[PaperKind] = mapped_column(EnumText(PaperKind))
    reference: Mapped[Str20]
    needed_at: Mapped[Instant]
    due_at: Mapped[Instant | None]
    note: Mapped[LongText | None]
    asked_at: Mapped[Instant]
    asked_label: Mapped[Str255]


# --- visitors ----------------------------------------------------------------------------------------------------


class Gate(Base):
    """Where people come in and are counted."""

    __tablename__ = "exhibition_gates"
    __table_args__ = (UniqueConstraint("exhibition_id", "name"),)

    id: Mapped[Id]
    exhibition_id: Mapped[int] = mapped_column(ForeignKey(Exhibition.id))
    name: Mapped[Str80]


class CountedBy(StrEnum):
    """How visitors were counted, the surer first: a number that a person stands for, a sensor, taps on a phone."""

    TYPED = "typed"
    SENSOR = "sensor"
    TAP = "tap"


COUNTED_BY_NAMES = {
    CountedBy.TYPED: N_("Số ghi tay theo giờ"),
    CountedBy.SENSOR: N_("Máy đếm"),
    CountedBy.TAP: N_("Bấm trên điện thoại"),
}


class Visits(Base):
    """Visitors through one gate in one hour, as one way of counting has them. Where several ways have a number for the same
    gate and hour, the surest counts."""

    __tablename__ = "exhibition_visits"
    __table_args__ = (
        one_of("source", CountedBy),
        UniqueConstraint("exhibition_id", "gate_id", "hour", "source"),
        CheckConstraint("visitors >= 0", name="visitors_whole"),
    )

    id: Mapped[Id]
    exhibition_id: Mapped[int] = mapped_column(ForeignKey(Exhibition.id))
    gate_id: Mapped[int] = mapped_column(ForeignKey(Gate.id))
    hour: Mapped[Instant]
    source: Mapped[CountedBy] = mapped_column(EnumText(CountedBy))
    visitors: Mapped[int]
    updated_at: Mapped[Instant]
    updated_label: Mapped[Str255]


class VisitFile(Base):
    """A file of a sensor as it was read: each row with its gate, hour, number and what is to become of it. Nothing counts
    before `applied_at`; the same file (by its SHA-256) is kept once for a fair."""

    __tablename__ = "exhibition_visit_files"
    __table_args__ = (UniqueConstraint("exhibition_id", "sha256"),)

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    exhibition_id: Mapped[int] = mapped_column(ForeignKey(Exhibition.id))
    name: Mapped[Str255]
    sha256: Mapped[Str80]
    # [{"n": 2, "gate": "Cổng A", "hour": "2026-11-28T09:00:00+07:00", "visitors": 120, "why": ""}, …]
    rows: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    read_at: Mapped[Instant]
    read_label: Mapped[Str255]
    applied_at: Mapped[Instant | None]


# --- trade buyers ------------------------------------------------------------------------------------------------


class ContactKind(StrEnum):
    CONTACT = "contact"
    AGREEMENT = "agreement"


CONTACT_NAMES = {ContactKind.CONTACT: N_("Liên hệ"), ContactKind.AGREEMENT: N_("Thỏa thuận")}


class Contact(Base):
    """A trade buyer met at a fair and what was agreed with whom: `value_amount` đồng, or not said.

    Name, phone, address and company are kept only as long as the buyer agrees, at most until `erase_on`; what was agreed
    stays without them.
    """

    __tablename__ = "exhibition_contacts"
    __table_args__ = (
        one_of("kind", ContactKind),
        CheckConstraint("value_amount IS NULL OR value_amount >= 0", name="value_whole"),
        CheckConstraint(
            "erased_at IS NULL OR (name IS NULL AND company IS NULL AND phone IS NULL AND email IS NULL)",
            name="erased_is_gone",
        ),
        CheckConstraint("erased_at IS NOT NULL OR consented_at IS NOT NULL", name="kept_with_consent"),
        CheckConstraint("erased_at IS NOT NULL OR name IS NOT NULL", name="somebody"),
        Index("ix_exhibition_contacts_exhibition", "exhibition_id", "id"),
        Index("ix_exhibition_contacts_producer", "producer_id", "id"),
        Index("ix_exhibition_contacts_erase", "erased_at", "erase_on"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    exhibition_id: Mapped[int] = mapped_column(ForeignKey(Exhibition.id))
    booth_id: Mapped[int | None] = mapped_column(ForeignKey(Booth.id))
    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id))
    kind: Mapped[ContactKind] = mapped_column(EnumText(ContactKind))
    name: Mapped[Str255 | None]
    company: Mapped[Str255 | None]
    phone: Mapped[Str20 | None]
    email: Mapped[Str255 | None]
    # The words that the buyer agreed to.
    consent: Mapped[LongText | None]
    consented_at: Mapped[Instant | None]
    what: Mapped[LongText]
    value_amount: Mapped[Amount | None]
    follow_on: Mapped[date | None] = mapped_column(Date)
    erase_on: Mapped[date] = mapped_column(Date)
    erased_at: Mapped[Instant | None]
    erased_why: Mapped[Str80 | None]
    made_at: Mapped[Instant]
    made_label: Mapped[Str255]
    is_demo: Mapped[bool] = mapped_column(default=False)


class OutcomeKind(StrEnum):
    NONE = "none"
    TALKING = "talking"
    ORDERED = "ordered"
    LOST = "lost"


OUTCOME_NAMES = {
    OutcomeKind.NONE: N_("Chưa có gì"),
    OutcomeKind.TALKING: N_("Đang bàn tiếp"),
    OutcomeKind.ORDERED: N_("Đã mua hàng"),
    OutcomeKind.LOST: N_("Không thành"),
}
OUTCOME_DAYS = (30, 90)


class ContactOutcome(Base):
    """What had come of a contact 30 or 90 days after the fair; `amount` đồng really bought by then."""

    __tablename__ = "exhibition_outcomes"
    __table_args__ = (
        one_of("kind", OutcomeKind),
        UniqueConstraint("contact_id", "after_days"),
        CheckConstraint("after_days IN (30, 90)", name="days_known"),
        CheckConstraint("amount >= 0", name="amount_whole"),
        CheckConstraint("kind = 'ordered' OR amount = 0", name="only_orders_have_money"),
    )

    id: Mapped[Id]
    contact_id: Mapped[int] = mapped_column(ForeignKey(Contact.id))
    after_days: Mapped[int]
    kind: Mapped[OutcomeKind] = mapped_column(EnumText(OutcomeKind))
    amount: Mapped[Amount] = mapped_column(default=0)
    note: Mapped[LongText | None]
    at: Mapped[Instant]
    actor_label: Mapped[Str255]


# --- incidents ---------------------------------------------------------------------------------------------------


class IncidentKind(StrEnum):
    POWER = "power"
    WATER = "water"
    COLD = "cold"
    FOOD = "food"
    THEFT = "theft"
    QUARREL = "quarrel"
    HEALTH = "health"
    FIRE = "fire"
    TILL = "till"
    OTHER = "other"


INCIDENT_NAMES = {
    IncidentKind.POWER: N_("Mất điện"),
    IncidentKind.WATER: N_("Mất nước"),
    IncidentKind.COLD: N_("Tủ mát, tủ đông hỏng"),
    IncidentKind.FOOD: N_("An toàn thực phẩm"),
    IncidentKind.THEFT: N_("Mất cắp"),
    IncidentKind.QUARREL: N_("Khiếu nại, tranh cãi"),
    IncidentKind.HEALTH: N_("Có người đau ốm, bị thương"),
    IncidentKind.FIRE: N_("Cháy, khói"),
    IncidentKind.TILL: N_("Máy bán hàng hỏng"),
    IncidentKind.OTHER: N_("Việc khác"),
}


class Severity(StrEnum):
    LOW = "low"
    HIGH = "high"
    DANGER = "danger"


SEVERITY_NAMES = {Severity.LOW: N_("Nhẹ"), Severity.HIGH: N_("Nặng"), Severity.DANGER: N_("Nguy hiểm")}


class Incident(Base):
    """Something went wrong at a fair, at a booth or in the hall; open until somebody has put it right."""

    __tablename__ = "exhibition_incidents"
    __table_args__ = (
        one_of("kind", IncidentKind),
        one_of("severity", Severity),
        CheckConstraint("(resolved_at IS NULL) = (resolution IS NULL)", name="resolved_how"),
        CheckConstraint("resolved_at IS NULL OR resolved_at >= at", name="resolved_after"),
        Index("ix_exhibition_incidents_exhibition", "exhibition_id", "resolved_at", "id"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    exhibition_id: Mapped[int] = mapped_column(ForeignKey(Exhibition.id))
    booth_id: Mapped[int | None] = mapped_column(ForeignKey(Booth.id))
    kind: Mapped[IncidentKind] = mapped_column(EnumText(IncidentKind))
    severity: Mapped[Severity] = mapped_column(EnumText(Severity))
    what: Mapped[LongText]
    at: Mapped[Instant]
    told_label: Mapped[Str255]
    resolved_at: Mapped[Instant | None]
    resolved_label: Mapped[Str255 | None]
    resolution: Mapped[LongText | None]
