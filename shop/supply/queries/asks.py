"""Asks: lists for both sides, one with its lines, what is below its minimum by producer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext
from sqlalchemy import and_, case, func, or_, select

from shop.catalog.models import Product, Variant
from shop.kernel import clock, tables
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.points.models import Point
from shop.producers.models import Producer, ProducerState
from shop.receipts.models import Delivery
from shop.supply.models import ASK_NAMES, ASK_OPEN, A, AskStatus, Reply, SupplyAsk, SupplyAskLine
from shop.transfers.queries import replenish


@dataclass(frozen=True, slots=True)
class AskRow:
    """An ask as lists show it; `asked` and `offered` are sale units."""

    reference: str
    producer: str
    point: str
    status: AskStatus
    wanted_on: date
    answer_by: date
    offered_on: date | None
    asked: int
    offered: int | None
    is_demo: bool

    @property
    def late(self) -> bool:
        """Whether the answer should have come before today."""
        return self.status is A.ASKED and self.answer_by < clock.today()

    @property
    def row_class(self) -> str:
        """How the row is drawn."""
        return "late" if self.late else ""


def _sum(column: Any) -> Any:
    return select(func.sum(column)).where(SupplyAskLine.ask_id == SupplyAsk.id).correlate(SupplyAsk).scalar_subquery()


_asked, _offered = _sum(SupplyAskLine.asked), _sum(SupplyAskLine.offered)


def rows() -> Any:
    """The statement behind lists of asks; its rows make `AskRow`."""
    return (
        select(
            SupplyAsk.reference,
            Producer.name,
            Point.name,
            SupplyAsk.status,
            SupplyAsk.wanted_on,
            SupplyAsk.answer_by,
            SupplyAsk.offered_on,
            _asked,
            _offered,
            SupplyAsk.is_demo,
        )
        .join(Producer, Producer.id == SupplyAsk.producer_id)
        .join(Point, Point.id == SupplyAsk.point_id)
    )


def row(found: Any) -> AskRow:
    """A row of `rows`."""
    return AskRow(*tuple(found))


def _late() -> Any:
    return and_(SupplyAsk.status == A.ASKED, SupplyAsk.answer_by < clock.today())


def _state(value: str) -> Any:
    if value == "late":
        return _late()
    if value == "open":
        return SupplyAsk.status.in_(ASK_OPEN)
    return SupplyAsk.status == A(value)


def _table(name: str, *, whose: bool) -> tables.Table:
    producer = (tables.Column("producer", N_("Cơ sở sản xuất"), sort=(Producer.sort_name,)),) if whose else ()
    return tables.Table(
        name=name,
        columns=(
            tables.Column("reference", N_("Đề nghị")),
            *producer,
            tables.Column("point", N_("Về điểm"), sort=(Point.sort_name,)),
            tables.Column("wanted_on", N_("Cần ngày"), sort=(SupplyAsk.wanted_on,)),
            tables.Column("answer_by", N_("Trả lời trước hết ngày"), sort=(SupplyAsk.answer_by,)),
            tables.Column("status", N_("Tình trạng"), value=lambda a: gettext(ASK_NAMES[a.status])),
            tables.Column("asked", N_("Đề nghị (đơn vị)"), "num", sort=(_asked,)),
            tables.Column("offered", N_("Nhận lời (đơn vị)"), "num", sort=(_offered,)),
        ),
        order="-answer_by",
        tie=SupplyAsk.id,
        filters=(
            tables.Filter(
                "status",
                N_("Tình trạng"),
                _state,
                [
                    ("open", N_("Chưa xong")),
                    ("late", N_("Quá hạn trả lời")),
                    *((s.value, x) for s, x in ASK_NAMES.items()),
                ],
            ),
        ),
        search=lambda q: or_(
            SupplyAsk.reference.contains(q.strip().upper(), autoescape=True),
            Producer.name.icontains(q.strip(), autoescape=True),
            Point.name.icontains(q.strip(), autoescape=True),
        ),
    )


OFFICE, PORTAL = _table("de-nghi-cung-ung", whose=True), _table("de-nghi-cung-ung", whose=False)


@dataclass(frozen=True, slots=True)
class LineView:
    """One pack of an ask (sale units, đồng)."""

    line_id: int
    variant_id: int
    product: str
    pack: str
    sku: str
    asked: int
    unit_cost_amount: int | None
    reply: Reply | None
    offered: int | None
    refusal: str | None


def ask(reference: str) -> tuple[SupplyAsk, AskRow]:
    """One ask.

    Raises:
        NotFound.
    """
    found = session().scalar(select(SupplyAsk).where(SupplyAsk.reference == reference))
    shown = session().execute(rows().where(SupplyAsk.reference == reference)).first()
    if found is None or shown is None:
        raise NotFound
    return found, row(shown)


def producer_of(reference: str) -> int | None:
    """The producer who is asked."""
    return session().scalar(select(SupplyAsk.producer_id).where(SupplyAsk.reference == reference))


def point_of(reference: str) -> int | None:
    """The point that an ask is for."""
    return session().scalar(select(SupplyAsk.point_id).where(SupplyAsk.reference == reference))


def lines(ask_id: int) -> list[LineView]:
    """The packs of an ask, by name."""
    found: Any = session().execute(
        select(
            SupplyAskLine.id, SupplyAskLine.variant_id, Product.name, Variant.pack, Variant.sku, SupplyAskLine.asked,
            SupplyAskLine.unit_cost_amount, SupplyAskLine.reply, SupplyAskLine.offered, SupplyAskLine.refusal,
        )
        .join(Variant, Variant.id == SupplyAskLine.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .where(SupplyAskLine.ask_id == ask_id)
        .order_by(Product.sort_name, Variant.position, SupplyAskLine.id)
    )  # fmt: skip
    return [LineView(*tuple(line)) for line in found]


def to_answer(producer_id: int) -> tuple[int, int]:
    """Asks that wait for the producer's answer, and how many of them are late."""
    wanted = select(func.count(), func.count(case((_late(), 1)))).where(
        SupplyAsk.producer_id == producer_id, SupplyAsk.status == A.ASKED
    )
    found = session().execute(wanted).one()
    return int(found[0]), int(found[1])


def waiting() -> tuple[int, int]:
    """Asks whose answer is late, and those where a changed answer waits for the office."""
    wanted = select(func.count(case((_late(), 1))), func.count(case((SupplyAsk.status == A.CHANGED, 1))))
    found = session().execute(wanted.where(SupplyAsk.status.in_(ASK_OPEN))).one()
    return int(found[0]), int(found[1])


# --- what to ask for ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Short:
    """Packs of one producer that are below their minimum at a point and not on their way: (name, units) each, and what the
    address of a filled-in ask says of them."""

    producer: str
    producer_slug: str
    point: str
    point_slug: str
    lines: tuple[tuple[int, str, int], ...]

    @property
    def units(self) -> int:
        """Sale units in all."""
        return sum(n for _variant, _name, n in self.lines)


def below_minimum(points: Sequence[int] | None, *, limit: int = 200) -> list[Short]:
    """What points (None: all) lack of which producer, the most lines first. What transfers or deliveries or open asks will
    bring counts as there."""
    found = replenish.at_all_points(points)
    wanted = (
        found.statement.add_columns(Producer.id, Producer.name, Producer.slug)
        .join(Producer, Producer.id == Product.producer_id)
        .where(found.short, Producer.state == ProducerState.ACTIVE)
        .order_by(Producer.sort_name, Producer.id, Point.sort_name, Point.id, Product.sort_name, Variant.position)
    )
    coming = _coming()
    groups: dict[tuple[str, str, str, str], list[tuple[int, str, int]]] = {}
    for one in session().execute(wanted):
        target = replenish.TargetRow(*tuple(one)[:11])
        missing = target.missing - coming.get((target.point_id, target.variant_id), 0)
        if missing > 0:
            key = (one[12], one[13], target.point, target.point_slug)
            groups.setdefault(key, []).append((target.variant_id, target.name, missing))
    shorts = [Short(*key, tuple(lines)) for key, lines in groups.items()]
    return sorted(shorts, key=lambda short: -len(short.lines))[:limit]


def _coming() -> dict[tuple[int, int], int]:
    """Units that producers are to bring, or are asked to bring, by point and variant."""
    from shop.receipts import queries as receipts
    from shop.receipts.models import DeliveryLine

    found: dict[tuple[int, int], int] = {}
    expected = (
        select(Delivery.point_id, DeliveryLine.variant_id, func.sum(DeliveryLine.quantity))
        .join(DeliveryLine, DeliveryLine.delivery_id == Delivery.id)
        .where(Delivery.state.in_(receipts.OPEN))
        .group_by(Delivery.point_id, DeliveryLine.variant_id)
    )
    asked = (
        select(SupplyAsk.point_id, SupplyAskLine.variant_id, func.sum(SupplyAskLine.asked))
        .join(SupplyAskLine, SupplyAskLine.ask_id == SupplyAsk.id)
        .where(SupplyAsk.status.in_(ASK_OPEN))
        .group_by(SupplyAsk.point_id, SupplyAskLine.variant_id)
    )
    for statement in (expected, asked):
        for point_id, variant_id, n in session().execute(statement):
            found[point_id, variant_id] = found.get((point_id, variant_id), 0) + int(n)
    return found
