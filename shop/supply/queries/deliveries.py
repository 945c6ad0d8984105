"""Deliveries of one producer, what he offered to bring, and what he has promised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext
from sqlalchemy import case, func, select

from shop.kernel import clock, tables
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.points.models import Point
from shop.producers.models import Producer
from shop.receipts import queries as receipts
from shop.receipts.models import (
    DELIVERY_STATE_NAMES,
    TERMS_NAMES,
    Delivery,
    DeliveryLine,
    Departure,
    Receipt,
    ReceiptLine,
    Terms,
)
from shop.receipts.queries import DeliveryRow
from shop.supply.models import (
    ANNOUNCEMENT_NAMES,
    Announcement,
    AnnouncementLine,
    AnnouncementStatus,
    N,
    SupplyAsk,
)

TABLE = tables.Table(
    name="hang-giao-den-diem",
    columns=(
        tables.Column("reference", N_("Phiếu")),
        tables.Column("point", N_("Về điểm"), sort=(Point.sort_name,)),
        tables.Column("expected_on", N_("Hẹn ngày"), sort=(Delivery.expected_on,)),
        tables.Column("state", N_("Tình trạng"), value=lambda d: gettext(DELIVERY_STATE_NAMES[d.state])),
        tables.Column("terms", N_("Hình thức"), value=lambda d: gettext(TERMS_NAMES[d.terms])),
        tables.Column("came", N_("Đã nhận"), "num", value=lambda d: f"{d.came}/{d.units}"),
    ),
    order="-expected_on",
    tie=Delivery.id,
    filters=(
        tables.Filter(
            "state",
            N_("Tình trạng"),
            receipts.in_state,
            [
                ("open", N_("Chưa xong")),
                ("late", N_("Giao chậm")),
                *((s.value, x) for s, x in DELIVERY_STATE_NAMES.items()),
            ],
        ),
    ),
    search=lambda q: Delivery.reference.contains(q.strip().upper(), autoescape=True),
)


def of_producer(producer_id: int) -> Any:
    """The statement behind a producer's list of deliveries; its rows make `DeliveryRow`."""
    return receipts.rows().where(Delivery.producer_id == producer_id)


def row(found: Any) -> DeliveryRow:
    """A row of `of_producer`."""
    return DeliveryRow(*tuple(found))


def due(producer_id: int, until: date) -> tuple[int, int]:
    """Deliveries of a producer that are not finished and expected until `until`, and how many of them are late."""
    wanted = select(func.count(), func.count(case((Delivery.expected_on < clock.today(), 1)))).where(
        Delivery.producer_id == producer_id, Delivery.state.in_(receipts.OPEN), Delivery.expected_on <= until
    )
    found = session().execute(wanted).one()
    return int(found[0]), int(found[1])


def promised(producer_id: int, variant_ids: Sequence[int], until: date) -> dict[int, int]:
    """Units that a producer is still to bring until `until`, by variant."""
    came = (
        select(ReceiptLine.line_id, func.sum(ReceiptLine.quantity + ReceiptLine.refused).label("n"))
        .join(Receipt, Receipt.id == ReceiptLine.receipt_id)
        .group_by(ReceiptLine.line_id)
        .subquery()
    )
    left = DeliveryLine.quantity - func.coalesce(came.c.n, 0)
    rows = session().execute(
        select(DeliveryLine.variant_id, func.sum(case((left > 0, left), else_=0)))
        .join(Delivery, Delivery.id == DeliveryLine.delivery_id)
        .outerjoin(came, came.c.line_id == DeliveryLine.id)
        .where(
            Delivery.producer_id == producer_id,
            Delivery.state.in_(receipts.OPEN),
            Delivery.expected_on <= until,
            DeliveryLine.variant_id.in_(variant_ids),
        )
        .group_by(DeliveryLine.variant_id)
    )
    return {variant_id: int(n) for variant_id, n in rows}


def ask_behind(delivery_id: int) -> str | None:
    """The reference of the ask that a delivery answers."""
    return session().scalar(select(SupplyAsk.reference).where(SupplyAsk.delivery_id == delivery_id))


def has_left(delivery_ids: Sequence[int]) -> set[int]:
    """Those of these deliveries of which something has left."""
    wanted = select(Departure.delivery_id).where(Departure.delivery_id.in_(delivery_ids)).distinct()
    return set(session().scalars(wanted))


# --- announcements -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AnnouncementRow:
    """An announcement as lists show it; `units` are sale units."""

    reference: str
    producer: str
    point: str
    terms: Terms
    status: AnnouncementStatus
    brings_on: date
    units: int
    is_demo: bool


_units = (
    select(func.coalesce(func.sum(AnnouncementLine.quantity), 0))
    .where(AnnouncementLine.announcement_id == Announcement.id)
    .correlate(Announcement)
    .scalar_subquery()
)

ANNOUNCEMENTS = tables.Table(
    name="co-so-bao-giao",
    columns=(
        tables.Column("reference", N_("Phiếu")),
        tables.Column("producer", N_("Cơ sở sản xuất"), sort=(Producer.sort_name,)),
        tables.Column("point", N_("Về điểm"), sort=(Point.sort_name,)),
        tables.Column("brings_on", N_("Hẹn ngày"), sort=(Announcement.brings_on,)),
        tables.Column("status", N_("Tình trạng"), value=lambda a: gettext(ANNOUNCEMENT_NAMES[a.status])),
        tables.Column("units", N_("Số lượng"), "num", sort=(_units,)),
    ),
    order="-brings_on",
    tie=Announcement.id,
    filters=(
        tables.Filter(
            "status",
            N_("Tình trạng"),
            lambda v: Announcement.status == N(v),
            [(s.value, x) for s, x in ANNOUNCEMENT_NAMES.items()],
        ),
    ),
    search=lambda q: Announcement.reference.contains(q.strip().upper(), autoescape=True),
)


def announcements() -> Any:
    """The statement behind lists of announcements; its rows make `AnnouncementRow`."""
    return (
        select(
            Announcement.reference,
            Producer.name,
            Point.name,
            Announcement.terms,
            Announcement.status,
            Announcement.brings_on,
            _units,
            Announcement.is_demo,
        )
        .join(Producer, Producer.id == Announcement.producer_id)
        .join(Point, Point.id == Announcement.point_id)
    )


def announcement(reference: str) -> tuple[Announcement, AnnouncementRow]:
    """One announcement.

    Raises:
        NotFound.
    """
    found = session().scalar(select(Announcement).where(Announcement.reference == reference))
    shown = session().execute(announcements().where(Announcement.reference == reference)).first()
    if found is None or shown is None:
        raise NotFound
    return found, AnnouncementRow(*tuple(shown))


def announcement_ends(reference: str) -> tuple[int, int] | None:
    """The producer and the point of an announcement."""
    found = session().execute(
        select(Announcement.producer_id, Announcement.point_id).where(Announcement.reference == reference)
    )
    ends = found.first()
    return (ends[0], ends[1]) if ends else None


def delivery_reference(delivery_id: int | None) -> str | None:
    """What a delivery is called."""
    return session().scalar(select(Delivery.reference).where(Delivery.id == delivery_id)) if delivery_id else None


def offered(points: Sequence[int] | None) -> int:
    """Announcements to the points (None: all) that wait for an answer."""
    wanted = select(func.count()).select_from(Announcement).where(Announcement.status == N.ANNOUNCED)
    if points is not None:
        wanted = wanted.where(Announcement.point_id.in_(points))
    return session().scalar(wanted) or 0
