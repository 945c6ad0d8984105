"""Who must begin to make what by when: goods that will lack against lead times, capacity, seasons and what is promised."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import or_, select

from shop.demand import picture
from shop.demand.queries.picture import AHEAD, Line, Picture
from shop.kernel import clock
from shop.kernel.db import in_batches, session
from shop.points import queries as points
from shop.points.models import PointKind
from shop.points.queries import PointView
from shop.supply import queries as supply
from shop.supply.models import Capacity, Harvest, SupplyAsk, SupplyAskLine

MANY = 200
# What a producer answered longer ago says nothing of today.
ANSWER_WEEKS = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """What the producer last said to an ask for the pack, unless it was yes: units asked for and offered (0: refused), why."""

    asked: int
    offered: int
    why: str
    on: date
    reference: str


@dataclass(frozen=True, slots=True)
class StartRow:
    """One pack that will lack.

    `units` lack in the weeks ahead, `asked` of them are asked for already, `to_ask` is what is left, at least the smallest
    batch. `gap_on`: the day on which goods end; `start_by`: the last day to begin (None: too late whenever one begins, or
    nobody has said how long it takes); `lacking`: what cannot be made in time. `season_on`: goods lack outside of their season,
    which begins again on that day. `answer`: what the producer has said to the last ask.
    """

    line: Line
    units: int
    asked: int
    to_ask: int
    gap_on: date
    start_by: date | None
    lacking: int
    late: bool
    stated: bool
    today: date
    season_on: date | None = None
    answer: Answer | None = None

    @property
    def id(self) -> int:
        """The pack, for the box that chooses the row."""
        return self.line.ware.variant_id

    @property
    def name(self) -> str:
        """The product and its pack."""
        return f"{self.line.ware.product}, {self.line.ware.pack}"

    @property
    def days_left(self) -> int | None:
        """Days until somebody must have begun; below nothing if that day is over."""
        return None if self.start_by is None else (self.start_by - self.today).days

    @property
    def row_class(self) -> str:
        """How the row is drawn."""
        if self.late or self.lacking:
            return "late"
        return "soon" if self.days_left is not None and self.days_left <= 14 else ""


def rows(of: Picture) -> list[StartRow]:
    """Everything that will lack within the weeks ahead and has a producer, the most urgent first."""
    gaps = [x for x in of.lines if x.walk.gap_on is not None and x.walk.lacking > 0 and x.ware.offered]
    until = picture.monday(of.today) + timedelta(weeks=AHEAD)
    told = [x.ware.variant_id for x in gaps if x.ware.producer_id is not None]
    if len(told) > MANY:
        # To spread what was said over weeks takes half a millisecond for each product: only where something was said.
        spoken = _spoken(of.today, until)
        told = [x.ware.variant_id for x in gaps if x.ware.product_id in spoken]
    can = supply.capacity(told, of.today, until) if told else {}
    made = _made(gaps, can)
    said = answers([x.ware.variant_id for x in gaps], of.today)
    found = []
    for line in gaps:
        gap_on = line.walk.gap_on
        word = can.get(line.ware.variant_id)
        if gap_on is None:
            continue
        stated = bool(word and word.stated)
        lead = word.lead_days if word and word.lead_days is not None else 0
        start = picture.start(gap_on, line.walk.left, made.get(line.ware.variant_id), lead, of.today)
        known = stated and (start.by is not None)
        late = stated and (start.by is None or start.by < of.today)
        units = line.walk.lacking
        found.append(
            StartRow(
                line=line,
                units=units,
                asked=line.asked,
                to_ask=picture.batch(max(units - line.asked, 0), word.smallest_batch if word else None),
                gap_on=gap_on,
                start_by=start.by if known else None,
                lacking=min(start.lacking, units) if stated else 0,
                late=late,
                stated=stated,
                today=of.today,
                season_on=_season_on(line, gap_on),
                answer=said.get(line.ware.variant_id),
            )
        )
    return sorted(found, key=lambda r: (not r.late, r.start_by or r.gap_on, r.name, r.id))


def _season_on(line: Line, gap_on: date) -> date | None:
    """The first day of the next season if `gap_on` lies outside of it."""
    if line.ware.in_season(gap_on):
        return None
    day = gap_on.replace(day=1)
    while not line.ware.in_season(day):
        day = (day + timedelta(days=31)).replace(day=1)
    return day


def answers(variant_ids: Sequence[int], today: date) -> dict[int, Answer]:
    """What producers said to the last ask for each of these packs within `ANSWER_WEEKS`, where it was less than wanted."""
    found: dict[int, Answer] = {}
    since = clock.start_of(today - timedelta(weeks=ANSWER_WEEKS))
    for some in in_batches(variant_ids):
        rows = session().execute(
            select(
                SupplyAskLine.variant_id, SupplyAskLine.asked, SupplyAskLine.offered, SupplyAskLine.refusal,
                SupplyAsk.updated_at, SupplyAsk.reference,
            )
            .join(SupplyAsk, SupplyAsk.id == SupplyAskLine.ask_id)
            .where(
                SupplyAskLine.variant_id.in_(some), SupplyAskLine.offered.is_not(None), SupplyAsk.updated_at >= since
            )
            .order_by(SupplyAsk.updated_at, SupplyAsk.id)
        )  # fmt: skip
        for v, asked, offered, why, at, reference in rows:
            found[v] = Answer(asked, offered or 0, why or "", clock.business_day(at), reference)
    return {v: one for v, one in found.items() if one.offered < one.asked}


def _spoken(today: date, until: date) -> set[int]:
    """The products of which producers have said anything about these days."""
    rates = select(Capacity.product_id).where(
        Capacity.withdrawn_at.is_(None),
        Capacity.from_on < until,
        or_(Capacity.to_on.is_(None), Capacity.to_on > today),
    )
    harvests = select(Harvest.product_id).where(Harvest.from_on < until, Harvest.to_on > today)
    return set(session().scalars(rates.union(harvests)))


def _made(gaps: Sequence[Line], can: dict[int, supply.CapacityOf]) -> dict[int, list[float]]:
    """What can be made of each pack by week: packs of one product share their pool as they need it, and what the producer has
    promised to bring is made first."""
    need: dict[int, int] = defaultdict(int)
    for line in gaps:
        need[line.ware.product_id] += line.walk.lacking
    found = {}
    for line in gaps:
        word = can.get(line.ware.variant_id)
        if word is None or not word.stated:
            continue
        share = line.walk.lacking / need[line.ware.product_id]
        weeks = [min(float(w.high), p.high * share) for w, p in zip(word.weeks, word.pool, strict=True)]
        promised = max(line.expected - max(line.own_store, 0), 0.0)
        for i, n in enumerate(weeks):
            taken = min(n, promised)
            weeks[i], promised = n - taken, promised - taken
        found[line.ware.variant_id] = weeks
    return found


def fairs_to_come(today: date, weeks: int = AHEAD) -> list[PointView]:
    """Booths of fairs that open within the weeks ahead, the next first."""
    last = today + timedelta(weeks=weeks)
    coming = [
        p for p in points.all_points()
        if p.kind is PointKind.FAIR and p.opened_on is not None and today < p.opened_on <= last
    ]  # fmt: skip
    return sorted(coming, key=lambda p: (p.opened_on or today, p.name))
