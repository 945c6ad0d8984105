"""What lacked at a fair: what was asked for and not had, and the open hours in which booths had run out of goods."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import func, select

from shop.catalog.models import Product, Variant
from shop.demand.booths import Move, Span
from shop.demand.models.unmet import KIND_NAMES, Kind, UnmetDay
from shop.exhibitions.models.closing import BoothClosing
from shop.exhibitions.models.fairs import Booth, Exhibition, ExhibitionStep, FairState
from shop.exhibitions.queries.report_ground import Ground, codes
from shop.exhibitions.queries.takings import Taking
from shop.kernel import clock
from shop.kernel.db import session
from shop.stock.models import MovementKind, StockLevel, StockMovement

F = FairState


@dataclass(frozen=True, slots=True)
class Missed:
    """What was asked for and not had, or ran empty, on one day at one booth (units, đồng)."""

    day: date
    booth: str
    kind: Kind
    variant_id: int | None
    name: str
    asks: int
    lacked: int
    lost: int

    @property
    def kind_name(self) -> str:
        """What it was, in the reader's language."""
        return str(gettext(KIND_NAMES[self.kind]))

    @property
    def key(self) -> str:
        """The row of the report's table that it counts in."""
        return str(self.variant_id) if self.variant_id is not None else f"w:{self.name}"


def missed(fair: Exhibition, point_ids: Sequence[int]) -> list[Missed]:
    """What was asked for and not had at these points on the days of the fair, and what its empty booths lost."""
    if not point_ids or fair.from_on is None or fair.to_on is None:
        return []
    rows = session().execute(
        select(
            UnmetDay.day, Booth.code, UnmetDay.kind, UnmetDay.variant_id, Product.name, Variant.pack,
            func.coalesce(UnmetDay.words, UnmetDay.text), UnmetDay.asks, UnmetDay.units, UnmetDay.lost_amount,
        )
        .join(Booth, Booth.point_id == UnmetDay.point_id)
        .outerjoin(Product, Product.id == UnmetDay.product_id)
        .outerjoin(Variant, Variant.id == UnmetDay.variant_id)
        .where(UnmetDay.point_id.in_(point_ids), UnmetDay.day >= fair.from_on, UnmetDay.day < fair.to_on)
        .order_by(UnmetDay.day, UnmetDay.id)
    )  # fmt: skip
    return [
        Missed(on, code, kind, v, ", ".join(x for x in (name, pack) if x) or words or "–", int(asks), int(units), int(lost))
        for on, code, kind, v, name, pack, words, asks, units, lost in rows
    ]  # fmt: skip


def shortages(lacked: Sequence[Missed], empty: Mapping[int, int], g: Ground) -> list[list[Any]]:
    """The report's table of what lacked: (key, name, numbers), what cost most first; `empty`: tenths of hours by pack."""
    rows: dict[str, dict[str, int]] = {}
    names: dict[str, str] = {}
    for one in lacked:
        row = rows.setdefault(one.key, {"asks": 0, "lacked": 0, "empty": 0, "lost": 0})
        names[one.key] = one.name
        row["lost"] += one.lost
        if one.kind is not Kind.BOOTH_EMPTY:
            row["asks"] += one.asks
            row["lacked"] += one.lacked
    for variant_id, tenths in empty.items():
        ware = g.wares.get(variant_id)
        if tenths and ware is not None:
            key = str(variant_id)
            rows.setdefault(key, {"asks": 0, "lacked": 0, "empty": 0, "lost": 0})["empty"] = tenths
            names.setdefault(key, f"{ware.name}, {ware.pack}")
    return sorted(
        ([key, names[key], row] for key, row in rows.items()),
        key=lambda r: (-r[2]["lost"], -r[2]["asks"], -r[2]["empty"], r[1]),
    )


# --- open hours without goods --------------------------------------------------------------------------------------


def spans(fair: Exhibition, first_sale: datetime | None, until: datetime) -> list[Span]:
    """The hours in which the fair was really open, day by day: its opening hours from the moment it was opened (or first sold
    anything) until it was closed or called off, at most until `until`."""
    if fair.from_on is None or fair.to_on is None:
        return []
    opened, ended = _steps(fair.id)
    if opened is not None and first_sale is not None:
        opened = min(opened, first_sale)
    until = min(until, ended) if ended is not None else until
    first, last = ((int(t[:2]) * 60 + int(t[3:5])) for t in (fair.day_opens, fair.day_closes))
    found = []
    for n in range((fair.to_on - fair.from_on).days):
        start = clock.start_of(fair.from_on + timedelta(days=n))
        a, b = start + timedelta(minutes=first), min(start + timedelta(minutes=last), until)
        a = max(a, opened) if opened is not None else a
        if a < b:
            found.append((a, b))
    return found


def _steps(exhibition_id: int) -> tuple[datetime | None, datetime | None]:
    """When the fair was opened, and when it was closed or called off."""
    rows = session().execute(
        select(ExhibitionStep.to_state, func.min(ExhibitionStep.at))
        .where(
            ExhibitionStep.exhibition_id == exhibition_id,
            ExhibitionStep.to_state.in_([F.RUNNING.value, F.CLOSED.value, F.CANCELLED.value]),
        )
        .group_by(ExhibitionStep.to_state)
    )
    at = dict(rows.all())
    return at.get(F.RUNNING.value), at.get(F.CLOSED.value) or at.get(F.CANCELLED.value)


def without_goods(moves: Iterable[Move], days: Sequence[Span]) -> list[Span]:
    """The parts of the open `days` in which goods had sold out and nothing had come yet. What was never there, or was carried
    away, written off or counted out, had not run out (as `demand.booths` has it). Pure."""
    found: list[Span] = []
    balance, since = 0, None
    for move in sorted(moves, key=lambda m: (m.at, m.quantity < 0)):
        balance += move.quantity
        sold_out = balance <= 0 and (since is not None or move.quantity < 0) and (move.sold or move.quantity > 0)
        if sold_out and since is None:
            since = move.at
        elif not sold_out and since is not None:
            found += _within((since, move.at), days)
            since = None
    return found + (_within((since, days[-1][1]), days) if since is not None and days else [])


def _within(one: Span, days: Sequence[Span]) -> list[Span]:
    return [(max(one[0], a), min(one[1], b)) for a, b in days if max(one[0], a) < min(one[1], b)]


@dataclass(frozen=True, slots=True)
class EmptyRow:
    """Open hours of one day (tenths) in which a booth had run out of a pack (`variant_id`, None: of everything)."""

    booth: str
    variant_id: int | None
    from_at: datetime
    to_at: datetime
    hours: int

    @property
    def day(self) -> date:
        """The day it was."""
        return clock.business_day(self.from_at)


def empty_rows(fair: Exhibition, found: Sequence[Taking], point_ids: Sequence[int], as_of: datetime) -> list[EmptyRow]:
    """Every stretch of open hours without goods, of booths and of their packs: what the report's hours add up. Three
    statements."""
    if not point_ids or not found:
        return []
    days = spans(fair, min(one.at for one in found), as_of)
    moves: dict[tuple[int, int], list[Move]] = defaultdict(list)
    for one in found:
        moves[one.point_id, one.variant_id].append(Move(one.at, -one.units, sold=True))
    for point_id, variant_id, at, n in session().execute(
        select(StockLevel.point_id, StockLevel.variant_id, StockMovement.at, StockMovement.quantity)
        .join(StockLevel, StockLevel.id == StockMovement.level_id)
        .where(
            StockLevel.point_id.in_(point_ids),
            StockMovement.kind.not_in([MovementKind.SALE, MovementKind.RETURN]),
            StockMovement.at <= as_of,
        )
        .order_by(StockMovement.id)
    ):
        moves[point_id, variant_id].append(Move(at, n, sold=False))
    by_point = codes(fair.id)
    closing = dict(
        session().execute(
            select(BoothClosing.point_id, BoothClosing.opened_at).where(BoothClosing.exhibition_id == fair.id)
        ).all()
    )  # fmt: skip
    of_booth: dict[int, list[Move]] = defaultdict(list)
    rows: list[EmptyRow] = []

    def add(point_id: int, variant_id: int | None, mine: list[Move]) -> None:
        ends = closing.get(point_id)
        open_days = days if ends is None else [(a, min(b, ends)) for a, b in days if a < ends]
        for a, b in without_goods(mine, open_days):
            tenths = round(10 * ((b - a) / timedelta(hours=1)))
            if tenths:
                rows.append(EmptyRow(by_point[point_id], variant_id, a, b, tenths))

    for (point_id, variant_id), mine in sorted(moves.items()):
        of_booth[point_id] += mine
        add(point_id, variant_id, mine)
    for point_id, mine in of_booth.items():
        add(point_id, None, mine)
    return sorted(rows, key=lambda row: (row.from_at, row.booth, row.variant_id or 0))
