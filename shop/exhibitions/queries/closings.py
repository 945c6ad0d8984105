"""The booths of a fair on their way to be closed: how far each is, what still lies there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, func, select

from shop.catalog.models import Product, Variant
from shop.counts.models import CountState, StockCount
from shop.exhibitions.models.calls import Stand
from shop.exhibitions.models.closing import BoothClosing, Sheet, SheetState, SheetVersion
from shop.exhibitions.models.fairs import Booth, Exhibition, FairState
from shop.exhibitions.queries import sheets
from shop.exhibitions.queries.sheets import Whole
from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.errors import NotFound
from shop.producers.models import Producer
from shop.stock.models import Lot, Passage, StockLevel, StockMovement


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A sheet as lists show it."""

    reference: str
    owner: str
    producer: str | None
    step: str
    left: int


@dataclass(slots=True)
class BoothRow:
    """A booth as the list of closings shows it; `step` is that of its furthest-back sheet."""

    booth_id: int
    code: str
    point_id: int | None
    stands: list[str] = field(default_factory=list)
    sheets: list[SheetRow] = field(default_factory=list)
    begun: bool = False
    left: int = 0
    on_road: int = 0
    lacks: int = 0

    @property
    def step(self) -> str:
        """How far the booth is: a word of `STEPS`. `lacks`: owners whose goods moved there and who have no sheet."""
        if not self.begun:
            return "closed"
        if self.lacks:
            return "owner"
        order = ["count", "home", "sign", "late", "unsigned", "frozen"]
        return min((s.step for s in self.sheets), key=order.index, default="frozen")

    @property
    def done(self) -> bool:
        """Whether nothing is to be done about it any more."""
        return self.step in ("frozen", "unsigned")


def booths(exhibition_id: int) -> list[BoothRow]:
    """Every booth of a fair that somebody stands in or that goods were in, by code, with how far its closing is. A fixed number
    of statements."""
    s = session()
    rows = {
        b.id: BoothRow(b.id, b.code, b.point_id)
        for b in s.scalars(select(Booth).where(Booth.exhibition_id == exhibition_id).order_by(Booth.code))
    }
    points = {row.point_id: row for row in rows.values() if row.point_id is not None}
    for booth_id, name in s.execute(
        select(Stand.booth_id, Producer.name)
        .join(Producer, Producer.id == Stand.producer_id)
        .where(Stand.exhibition_id == exhibition_id, Stand.ended_at.is_(None))
        .order_by(Producer.sort_name)
    ):
        rows[booth_id].stands.append(name)
    of_fair = select(Booth.point_id).where(Booth.exhibition_id == exhibition_id, Booth.point_id.is_not(None))
    left: dict[tuple[int, str], int] = {
        (point_id, owner): int(n)
        for point_id, owner, n in s.execute(
            select(StockLevel.point_id, StockLevel.owner, func.sum(StockLevel.on_hand))
            .where(StockLevel.point_id.in_(of_fair))
            .group_by(StockLevel.point_id, StockLevel.owner)
        )
    }
    for (point_id, _owner), n in left.items():
        points[point_id].left += n
    for point_id, n in s.execute(
        select(StockLevel.point_id, func.sum(Passage.on_road))
        .join(StockLevel, StockLevel.id == Passage.to_level_id)
        .where(StockLevel.point_id.in_(of_fair), Passage.on_road > 0)
        .group_by(StockLevel.point_id)
    ):
        points[point_id].on_road = int(n)
    _add_sheets(exhibition_id, rows, left)
    held = {point_id for point_id, _owner in left}
    return [
        row
        for row in sorted(rows.values(), key=lambda r: _natural(r.code))
        if row.stands or row.on_road or row.begun or row.point_id in held
    ]


def _natural(code: str) -> tuple[str, int, str]:
    head = code.rstrip("0123456789")
    tail = code[len(head) :]
    return head, int(tail or 0), code


def _add_sheets(exhibition_id: int, rows: dict[int, BoothRow], left: dict[tuple[int, str], int]) -> None:
    s = session()
    counted: dict[int, bool] = {}
    for closing, state in s.execute(
        select(BoothClosing, StockCount.state)
        .outerjoin(StockCount, StockCount.reference == BoothClosing.count_reference)
        .where(BoothClosing.exhibition_id == exhibition_id)
    ):
        rows[closing.booth_id].begun = True
        counted[closing.booth_id] = closing.nothing_there_at is not None or state is CountState.DONE
    moves = {
        (booth_id, owner): n
        for booth_id, owner, n in s.execute(
            select(Booth.id, StockLevel.owner, func.count(StockMovement.id))
            .join(StockLevel, StockLevel.id == StockMovement.level_id)
            .join(Booth, Booth.point_id == StockLevel.point_id)
            .where(Booth.exhibition_id == exhibition_id)
            .group_by(Booth.id, StockLevel.owner)
        )
    }
    lacking = {key for key in moves if rows[key[0]].begun}
    newest = (
        select(SheetVersion.sheet_id, func.max(SheetVersion.number).label("number"))
        .group_by(SheetVersion.sheet_id)
        .subquery()
    )
    for sheet, name, version in s.execute(
        select(Sheet, Producer.name, SheetVersion)
        .outerjoin(Producer, Producer.id == Sheet.producer_id)
        .outerjoin(newest, newest.c.sheet_id == Sheet.id)
        .outerjoin(
            SheetVersion, and_(SheetVersion.sheet_id == newest.c.sheet_id, SheetVersion.number == newest.c.number)
        )
        .where(Sheet.exhibition_id == exhibition_id)
        .order_by(Sheet.id)
    ):
        row = rows[sheet.booth_id]
        lacking.discard((sheet.booth_id, sheet.owner))
        there = left.get((row.point_id, sheet.owner), 0) if row.point_id is not None else 0
        frozen = version if sheet.state is SheetState.FROZEN else None
        if frozen is None and not counted.get(sheet.booth_id, False):
            step = "count"
        elif there or row.on_road:
            step = "home"
        elif frozen is None:
            step = "sign"
        else:
            late = frozen.moves != moves.get((sheet.booth_id, sheet.owner), 0)
            step = "late" if late else ("unsigned" if frozen.reason else "frozen")
        row.sheets.append(SheetRow(sheet.reference, sheet.owner, name, step, there))
    for booth_id, _owner in lacking:
        rows[booth_id].lacks += 1


@dataclass(frozen=True, slots=True)
class LevelRow:
    """Goods of one lot and owner that lie in a booth (sale units); `claimed` are kept for orders."""

    level_id: int
    variant_id: int
    name: str
    pack: str
    lot: str
    owner: str
    on_hand: int
    claimed: int
    barred: bool

    @property
    def free(self) -> int:
        """What may be moved."""
        return self.on_hand - self.claimed


def levels(point_id: int | None, today: Any) -> list[LevelRow]:
    """What lies at a point now, by owner and name. `barred`: its lot is stopped or past its date, so that it may not travel."""
    if point_id is None:
        return []
    rows = session().execute(
        select(
            StockLevel.id, StockLevel.variant_id, Product.name, Variant.pack, Lot.code, StockLevel.owner,
            StockLevel.on_hand, StockLevel.held + StockLevel.allocated, Lot.stopped_at, Lot.expires_on,
        )
        .join(Variant, Variant.id == StockLevel.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .join(Lot, Lot.id == StockLevel.lot_id)
        .where(StockLevel.point_id == point_id, StockLevel.on_hand > 0)
        .order_by(StockLevel.owner, Product.sort_name, Variant.position, StockLevel.id)
    )  # fmt: skip
    return [
        LevelRow(i, v, name, pack, lot, owner, n, claimed, stopped is not None or (ends is not None and ends < today))
        for i, v, name, pack, lot, owner, n, claimed, stopped, ends in rows
    ]


@dataclass(frozen=True, slots=True)
class BoothWhole:
    """One booth on the page that closes it."""

    fair: Exhibition
    booth: Booth
    closing: BoothClosing | None
    sheets: tuple[Whole, ...]
    levels: tuple[LevelRow, ...]
    counted: bool
    on_road: int
    count_state: CountState | None
    lacks: bool

    @property
    def step(self) -> str:
        """How far it is: a word of `STEPS`. `lacks`: goods of an owner moved there who has no sheet."""
        if self.closing is None:
            return "closed"
        if self.lacks:
            return "owner"
        order = ["count", "home", "sign", "late", "unsigned", "frozen"]
        return min((s.step for s in self.sheets), key=order.index, default="frozen")


def booth(slug: str, code: str) -> BoothWhole:
    """A booth of a fair with its sheets.

    Raises:
        NotFound.
    """
    s = session()
    row = s.execute(
        select(Exhibition, Booth)
        .join(Booth, Booth.exhibition_id == Exhibition.id)
        .where(Exhibition.slug == slug, Booth.code == code)
    ).first()
    if row is None:
        raise NotFound
    fair, found = row
    closing = s.scalar(select(BoothClosing).where(BoothClosing.booth_id == found.id))
    state = None
    if closing is not None and closing.count_reference is not None:
        state = s.scalar(select(StockCount.state).where(StockCount.reference == closing.count_reference))
    mine = tuple(sheets.of_booth(found.id))
    moved = s.scalars(
        select(StockLevel.owner)
        .join(StockMovement, StockMovement.level_id == StockLevel.id)
        .where(StockLevel.point_id == found.point_id)
        .distinct()
    )
    lacks = closing is not None and bool(set(moved) - {one.sheet.owner for one in mine})
    return BoothWhole(
        fair, found, closing, mine, tuple(levels(found.point_id, clock.today())),
        closing is not None and sheets.is_counted(closing), sheets.on_road(found.point_id), state, lacks,
    )  # fmt: skip


def to_close() -> list[tuple[Exhibition, int]]:
    """Fairs that are over or cancelled and whose booths still hold goods, with how many units."""
    rows = session().execute(
        select(Exhibition, func.sum(StockLevel.on_hand))
        .join(Booth, Booth.exhibition_id == Exhibition.id)
        .join(StockLevel, StockLevel.point_id == Booth.point_id)
        .where(
            Exhibition.state.in_([FairState.RUNNING, FairState.CLOSED, FairState.REPORTED, FairState.CANCELLED]),
            StockLevel.on_hand > 0,
        )
        .group_by(Exhibition.id)
        .order_by(Exhibition.id)
    )
    return [(fair, int(n)) for fair, n in rows]
