"""Reads of counts and write-offs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import and_, case, exists, false, func, or_, select

from shop.catalog import rules as catalog_rules
from shop.catalog.models import Price, Product, Variant
from shop.counts import rules
from shop.counts.models import (
    COUNT_KIND_NAMES,
    COUNT_STATE_NAMES,
    WRITE_OFF_REASON_NAMES,
    WRITE_OFF_STATE_NAMES,
    CountKind,
    CountLine,
    CountState,
    StockCount,
    WriteOff,
    WriteOffReason,
    WriteOffState,
)
from shop.kernel import clock, tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.points.models import Point
from shop.stock.models import Lot, Passage, StockLevel


def id_of(reference: str) -> int | None:
    """The id behind a reference."""
    return session().scalar(select(StockCount.id).where(StockCount.reference == reference))


def point_of(reference: str) -> int | None:
    """The point a count is of."""
    return session().scalar(select(StockCount.point_id).where(StockCount.reference == reference))


def full_count_open(point_id: int) -> bool:
    """Whether a full count of the point is under way."""
    wanted = select(StockCount.id).where(
        StockCount.point_id == point_id,
        StockCount.kind == CountKind.FULL,
        StockCount.state.in_((CountState.OPEN, CountState.SUBMITTED)),
    )
    return session().scalar(wanted.limit(1)) is not None


def view(reference: str) -> StockCount:
    """The count.

    Raises:
        NotFound.
    """
    found = session().scalar(select(StockCount).where(StockCount.reference == reference))
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True, slots=True)
class LineView:
    """One line: the goods, what was counted and expected (sale units), and the price now in force (đồng)."""

    line_id: int
    level_id: int
    product: str
    pack: str
    sku: str
    gtin: str | None
    lot: str
    expires_on: date | None
    owner: str
    counted: int | None
    expected: int | None
    reason: str | None
    counted_by: str | None
    counted_label: str | None
    counted_at: datetime | None
    booked: bool
    price: int | None

    @property
    def difference(self) -> int:
        """Counted less expected; nothing counted is no difference."""
        return 0 if self.counted is None or self.expected is None else self.counted - self.expected


def _price_now(variant_id: Any) -> Any:
    return (
        select(Price.amount)
        .where(Price.variant_id == variant_id, catalog_rules.price_in_force(clock.now()))
        .limit(1)
        .scalar_subquery()
    )


def lines(count_id: int) -> list[LineView]:
    """All lines of a count, by the names of the goods. One statement."""
    rows: Any = session().execute(
        select(
            CountLine.id,
            CountLine.level_id,
            Product.name,
            Variant.pack,
            Variant.sku,
            Variant.gtin,
            Lot.code,
            Lot.expires_on,
            StockLevel.owner,
            CountLine.counted,
            CountLine.expected,
            CountLine.reason,
            CountLine.counted_by,
            CountLine.counted_label,
            CountLine.counted_at,
            CountLine.booked_at.is_not(None),
            _price_now(Variant.id),
        )
        .join(StockLevel, StockLevel.id == CountLine.level_id)
        .join(Variant, Variant.id == StockLevel.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .join(Lot, Lot.id == StockLevel.lot_id)
        .where(CountLine.count_id == count_id)
        .order_by(Product.sort_name, Variant.position, Lot.expires_on, CountLine.id)
    )
    return [LineView(*tuple(row)) for row in rows]


def differences_amount(found: Sequence[LineView]) -> int | None:
    """What all differences are worth, more and less added up (đồng); None if goods without a price differ."""
    off = [line for line in found if line.difference]
    if any(line.price is None for line in off):
        return None
    return sum(abs(line.difference) * (line.price or 0) for line in off)


def meanwhile(point_id: int) -> tuple[int, bool]:
    """What a counter must know of goods that are neither here nor gone: how many units are on the road to the point, and
    whether goods of it lie packed for orders or transfers."""
    on_road = select(func.coalesce(func.sum(Passage.on_road), 0)).join(StockLevel, StockLevel.id == Passage.to_level_id)
    packed = select(StockLevel.id).where(StockLevel.point_id == point_id, StockLevel.allocated > 0)
    arriving = session().scalar(on_road.where(StockLevel.point_id == point_id, Passage.on_road > 0))
    return int(arriving or 0), session().scalar(packed.limit(1)) is not None


def needs_approval(found: Sequence[LineView]) -> bool:
    """Whether somebody else must agree to the differences."""
    return over_limit(differences_amount(found))


def over_limit(amount: int | None) -> bool:
    """Whether a sum (None: not known) is beyond what one person may book alone."""
    return amount is None or amount > rules.APPROVE_OVER.get()


def value_of(level_id: int, quantity: int) -> int | None:
    """What `quantity` units of a level sell for now (đồng); None without a price.

    Raises:
        NotFound: no such level.
    """
    row = session().execute(
        select(StockLevel.id, _price_now(StockLevel.variant_id)).where(StockLevel.id == level_id)
    ).first()  # fmt: skip
    if row is None:
        raise NotFound
    return None if row[1] is None else int(row[1]) * quantity


def free_of(level_id: int) -> int:
    """Units of a level that nobody has a claim on."""
    free = StockLevel.on_hand - StockLevel.held - StockLevel.allocated
    return session().scalar(select(free).where(StockLevel.id == level_id)) or 0


# --- lists -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CountRow:
    """A count as the list shows it."""

    reference: str
    point: str
    kind: CountKind
    shelf: str | None
    state: CountState
    opened_at: datetime
    opened_label: str
    lines: int
    counted: int
    different: int
    is_demo: bool


_per_count = (
    select(
        CountLine.count_id,
        func.count().label("lines"),
        func.count(CountLine.counted).label("counted"),
        func.count(case((CountLine.counted != CountLine.expected, 1))).label("different"),
    )
    .group_by(CountLine.count_id)
    .subquery()
)
COUNTS = tables.Table(
    name="kiem-ke",
    columns=(
        tables.Column("reference", N_("Phiếu")),
        tables.Column("point", N_("Điểm bán"), sort=(Point.sort_name,)),
        tables.Column("kind", N_("Kiểu"), value=lambda c: gettext(COUNT_KIND_NAMES[c.kind])),
        tables.Column("state", N_("Tình trạng"), value=lambda c: gettext(COUNT_STATE_NAMES[c.state])),
        tables.Column("opened_at", N_("Mở lúc"), sort=(StockCount.opened_at,)),
        tables.Column("counted", N_("Đã đếm"), "num", value=lambda c: f"{c.counted}/{c.lines}"),
        tables.Column("different", N_("Chênh lệch"), "num"),
    ),
    order="-opened_at",
    tie=StockCount.id,
    filters=(
        tables.Filter(
            "state",
            N_("Tình trạng"),
            lambda v: StockCount.state == CountState(v),
            [(s.value, label) for s, label in COUNT_STATE_NAMES.items()],
        ),
    ),
    search=lambda q: or_(
        StockCount.reference.contains(q.strip().upper(), autoescape=True),
        Point.name.icontains(q.strip(), autoescape=True),
    ),
)


def counts(args: Mapping[str, str], mine: Sequence[int] | None) -> tables.View:
    """The counts of the points `mine` (None: all)."""
    wanted = (
        select(
            StockCount.reference, Point.name, StockCount.kind, StockCount.shelf, StockCount.state, StockCount.opened_at,
            StockCount.opened_label, func.coalesce(_per_count.c.lines, 0), func.coalesce(_per_count.c.counted, 0),
            func.coalesce(_per_count.c.different, 0), StockCount.is_demo,
        )
        .join(Point, Point.id == StockCount.point_id)
        .outerjoin(_per_count, _per_count.c.count_id == StockCount.id)
    )  # fmt: skip
    if mine is not None:
        wanted = wanted.where(StockCount.point_id.in_(mine) if mine else false())
    return COUNTS.open(args, "/office/counts", wanted, make=lambda row: CountRow(*tuple(row)))


@dataclass(frozen=True, slots=True)
class WriteOffRow:
    """A write-off as lists show it."""

    reference: str
    level_id: int
    point_id: int
    point: str
    product: str
    pack: str
    lot: str
    quantity: int
    amount: int | None
    why: WriteOffReason
    note: str | None
    photo_key: str | None
    state: WriteOffState
    asked_at: datetime
    asked_by: str
    asked_label: str
    decided_at: datetime | None
    decided_label: str | None
    decision_note: str | None
    is_demo: bool


def _write_offs() -> Any:
    return (
        select(
            WriteOff.reference, WriteOff.level_id, Point.id, Point.name, Product.name, Variant.pack, Lot.code,
            WriteOff.quantity, WriteOff.amount, WriteOff.why, WriteOff.note, WriteOff.photo_key, WriteOff.state,
            WriteOff.asked_at, WriteOff.asked_by, WriteOff.asked_label, WriteOff.decided_at, WriteOff.decided_label,
            WriteOff.decision_note, WriteOff.is_demo,
        )
        .join(StockLevel, StockLevel.id == WriteOff.level_id)
        .join(Point, Point.id == StockLevel.point_id)
        .join(Variant, Variant.id == StockLevel.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .join(Lot, Lot.id == StockLevel.lot_id)
    )  # fmt: skip


WRITE_OFFS = tables.Table(
    name="huy-hang",
    columns=(
        tables.Column("reference", N_("Phiếu")),
        tables.Column("product", N_("Sản phẩm"), sort=(Product.sort_name,)),
        tables.Column("point", N_("Điểm bán"), sort=(Point.sort_name,)),
        tables.Column("quantity", N_("Số lượng"), "num", sort=(WriteOff.quantity,)),
        tables.Column("amount", N_("Trị giá"), "num", sort=(WriteOff.amount,)),
        tables.Column("why", N_("Lý do"), value=lambda w: gettext(WRITE_OFF_REASON_NAMES[w.why])),
        tables.Column("state", N_("Tình trạng"), value=lambda w: gettext(WRITE_OFF_STATE_NAMES[w.state])),
        tables.Column("asked_at", N_("Ghi lúc"), sort=(WriteOff.asked_at,)),
    ),
    order="-asked_at",
    tie=WriteOff.id,
    filters=(
        tables.Filter(
            "state",
            N_("Tình trạng"),
            lambda v: WriteOff.state == WriteOffState(v),
            [(s.value, label) for s, label in WRITE_OFF_STATE_NAMES.items()],
        ),
        tables.Filter(
            "why",
            N_("Lý do"),
            lambda v: WriteOff.why == WriteOffReason(v),
            [(w.value, label) for w, label in WRITE_OFF_REASON_NAMES.items()],
        ),
    ),
    search=lambda q: or_(
        WriteOff.reference.contains(q.strip().upper(), autoescape=True),
        Product.slug.contains("-".join(text.words(q)), autoescape=True) if text.words(q) else false(),
    ),
)


def write_offs(args: Mapping[str, str], mine: Sequence[int] | None) -> tables.View:
    """The write-offs at the points `mine` (None: all)."""
    wanted = _write_offs()
    if mine is not None:
        wanted = wanted.where(StockLevel.point_id.in_(mine) if mine else false())
    return WRITE_OFFS.open(args, "/office/write-offs", wanted, make=lambda row: WriteOffRow(*tuple(row)))


def write_off(reference: str) -> WriteOffRow:
    """One write-off.

    Raises:
        NotFound.
    """
    row = session().execute(_write_offs().where(WriteOff.reference == reference)).first()
    if row is None:
        raise NotFound
    return WriteOffRow(*tuple(row))


def write_off_point(reference: str) -> int | None:
    """The point a write-off is at."""
    return session().scalar(
        select(StockLevel.point_id)
        .join(WriteOff, WriteOff.level_id == StockLevel.id)
        .where(WriteOff.reference == reference)
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits: counts under way and to approve, write-offs to approve, points whose full count is due."""

    counting: int
    to_approve: int
    write_offs: int
    due: int


def waiting(mine: Sequence[int] | None) -> Waiting:
    """What waits at the points `mine` (None: all)."""
    s = session()

    def at(column: Any) -> Any:
        return True if mine is None else (column.in_(mine) if mine else false())

    rows = dict(
        s.execute(
            select(StockCount.state, func.count())
            .where(StockCount.state.in_((CountState.OPEN, CountState.SUBMITTED)), at(StockCount.point_id))
            .group_by(StockCount.state)
        ).all()
    )
    asked = s.scalar(
        select(func.count())
        .select_from(WriteOff)
        .join(StockLevel, StockLevel.id == WriteOff.level_id)
        .where(WriteOff.state == WriteOffState.ASKED, at(StockLevel.point_id))
    )
    return Waiting(rows.get(CountState.OPEN, 0), rows.get(CountState.SUBMITTED, 0), asked or 0, len(due(mine)))


def due(mine: Sequence[int] | None) -> list[int]:
    """The open points (ids) that hold goods and whose last full count is older than the setting, or that had none."""
    since = clock.now() - timedelta(days=rules.EVERY_DAYS.get())
    today = clock.today()
    counted = exists().where(
        StockCount.point_id == Point.id,
        StockCount.kind == CountKind.FULL,
        StockCount.state == CountState.DONE,
        StockCount.closed_at >= since,
    )
    holds = exists().where(StockLevel.point_id == Point.id, StockLevel.on_hand > 0)
    wanted = select(Point.id).where(
        and_(or_(Point.closed_on.is_(None), Point.closed_on > today), holds, ~counted)
    ).order_by(Point.sort_name)  # fmt: skip
    if mine is not None:
        wanted = wanted.where(Point.id.in_(mine) if mine else false())
    return list(session().scalars(wanted))


@dataclass(frozen=True, slots=True)
class LevelChoice:
    """A level that can be written off or picked for a count by shelf."""

    level_id: int
    product: str
    pack: str
    sku: str
    lot: str
    expires_on: date | None
    owner: str
    free: int


def levels_at(point_id: int, q: str = "", *, limit: int = 60, ids: Sequence[int] = ()) -> list[LevelChoice]:
    """Levels with goods at a point whose name, SKU, bar code or lot holds `q` (all without one), or those of `ids`."""
    wanted: Any = (
        select(
            StockLevel.id, Product.name, Variant.pack, Variant.sku, Lot.code, Lot.expires_on, StockLevel.owner,
            StockLevel.on_hand - StockLevel.held - StockLevel.allocated,
        )
        .join(Variant, Variant.id == StockLevel.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .join(Lot, Lot.id == StockLevel.lot_id)
        .where(StockLevel.point_id == point_id, StockLevel.on_hand > 0)
        .order_by(Product.sort_name, Variant.position, Lot.expires_on)
    )  # fmt: skip
    if ids:
        wanted = wanted.where(StockLevel.id.in_(ids))
    if raw := q.strip():
        found = [
            Variant.sku.icontains(raw, autoescape=True),
            Variant.gtin == raw,
            Lot.code.icontains(raw, autoescape=True),
        ]
        if words := text.words(raw):
            found.append(Product.slug.contains("-".join(words), autoescape=True))
        wanted = wanted.where(or_(*found))
    return [LevelChoice(*tuple(row)) for row in session().execute(wanted.limit(limit))]
