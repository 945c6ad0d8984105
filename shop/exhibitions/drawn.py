"""The plan as it is drawn, for pages and paper: sizes of letters, where names stand, which hatching is whose."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import request
from flask_babel import gettext
from sqlalchemy import select

from shop.exhibitions import plan
from shop.exhibitions.models.calls import Stand
from shop.exhibitions.models.fairs import (
    FEATURE_NAMES,
    ZONE_COLOUR_NAMES,
    Booth,
    BoothType,
    Exhibition,
    FairState,
    Feature,
    Zone,
)
from shop.exhibitions.services.plan import shape_of_booth, shape_of_feature
from shop.kernel import text, web
from shop.kernel.db import session
from shop.producers.models import Producer

# Units of the drawing for one cell; hatchings that differ without colour.
UNIT = 20
HATCHES = 6
# From here on everybody may know who stands where.
SHOWN = (FairState.ALLOTTED, FairState.RUNNING, FairState.CLOSED, FairState.REPORTED)
_LETTER = 0.6  # a letter's width, of its height


@dataclass(frozen=True, slots=True)
class Maker:
    """Who stands in a booth."""

    name: str
    slug: str


@dataclass(frozen=True, slots=True)
class DrawnZone:
    """A zone with its hatching (1 to `HATCHES`) and where its name stands, in units."""

    row: Zone
    name: str
    hatch: int
    colour: str
    booths: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class DrawnBooth:
    """A booth with its zone, its makers and the height of its letters, in units."""

    row: Booth
    zone: DrawnZone | None
    type_name: str
    makers: tuple[Maker, ...]
    size: float


@dataclass(frozen=True, slots=True)
class DrawnFeature:
    """Anything else, its name, the height of its letters (0: no room for them), whether they run upwards."""

    row: Feature
    name: str
    size: float
    upright: bool


@dataclass(frozen=True, slots=True)
class Drawn:
    """A whole plan, in units of `UNIT` for a cell."""

    fair: Exhibition
    zones: tuple[DrawnZone, ...]
    types: tuple[BoothType, ...]
    booths: tuple[DrawnBooth, ...]
    features: tuple[DrawnFeature, ...]
    bar_m: int
    bar: float
    shut_in: tuple[str, ...] = field(default=())

    @property
    def width(self) -> int:
        return self.fair.columns * UNIT

    @property
    def height(self) -> int:
        return self.fair.rows * UNIT

    @property
    def by_zone(self) -> list[tuple[str, list[DrawnBooth]]]:
        """The booths of each zone that has some, then those of none (named '')."""
        found = [(zone.name, [b for b in self.booths if b.zone is zone]) for zone in self.zones]
        found.append(("", [b for b in self.booths if b.zone is None]))
        return [(name, rows) for name, rows in found if rows]


def words(vietnamese: str, english: str | None) -> str:
    """What was written down in two languages, in the reader's own."""
    return english if english and _reads_english() else vietnamese


def _reads_english() -> bool:
    """Whether a page is being made for a reader of English; what is made behind the pages is Vietnamese."""
    return bool(request) and web.language() == "en"


def metres(cells: int, cell_cm: int) -> str:
    """The length of `cells` in metres, as the reader writes it: `3`, `2,5`."""
    return text.trimmed(f"{cells * cell_cm / 100:.2f}", "." if _reads_english() else ",")


def of(fair: Exhibition, *, who: bool) -> Drawn:
    """The plan of `fair`; `who`: with the makers who stand there. Five statements at most."""
    booths = list(session().scalars(select(Booth).where(Booth.exhibition_id == fair.id).order_by(Booth.id)))
    features = list(session().scalars(select(Feature).where(Feature.exhibition_id == fair.id).order_by(Feature.id)))
    zones = list(session().scalars(select(Zone).where(Zone.exhibition_id == fair.id).order_by(Zone.code, Zone.id)))
    types = tuple(
        session().scalars(select(BoothType).where(BoothType.exhibition_id == fair.id).order_by(BoothType.name))
    )
    makers = _makers(fair.id) if who else {}
    drawn = {zone.id: _zone(number, zone, booths) for number, zone in enumerate(zones)}
    names = {t.id: words(t.name, t.name_en) for t in types}
    shapes = [_feature(row) for row in features]
    bar_m, bar = plan.bar(fair.columns, fair.cell_cm)
    return Drawn(
        fair,
        tuple(drawn.values()),
        types,
        tuple(
            DrawnBooth(
                row,
                drawn.get(row.zone_id) if row.zone_id else None,
                names[row.type_id],
                tuple(makers.get(row.id, ())),
                round(min(row.rows * UNIT * 0.6, row.columns * UNIT * 0.9 / (_LETTER * len(row.code)), 16), 1),
            )
            for row in sorted(booths, key=lambda b: order_of(b.code))
        ),
        tuple(shapes),
        bar_m,
        round(bar * UNIT, 1),
        tuple(
            s.name
            for s in plan.shut_in(
                [*(shape_of_booth(b) for b in booths), *(shape_of_feature(f.row, f.name) for f in shapes)],
                fair.columns,
                fair.rows,
            )
        ),
    )


def order_of(code: str) -> tuple[Any, ...]:
    """Sorts A2 before A10."""
    parts = re.findall(r"[0-9]+|[^0-9]+", code)
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts)


def _makers(exhibition_id: int) -> dict[int, list[Maker]]:
    rows = session().execute(
        select(Stand.booth_id, Producer.name, Producer.slug)
        .join(Producer, Producer.id == Stand.producer_id)
        .where(Stand.exhibition_id == exhibition_id, Stand.ended_at.is_(None))
        .order_by(Stand.id)
    )
    found: dict[int, list[Maker]] = {}
    for booth_id, name, slug in rows:
        found.setdefault(booth_id, []).append(Maker(name, slug))
    return found


def _zone(number: int, zone: Zone, booths: Sequence[Booth]) -> DrawnZone:
    mine = [b for b in booths if b.zone_id == zone.id]
    top = min((b.y for b in mine), default=0)
    left, right = min((b.x for b in mine), default=0), max((b.x + b.columns for b in mine), default=0)
    y = top * UNIT - 9 if top else max((b.y + b.rows for b in mine), default=0) * UNIT + 13
    return DrawnZone(
        zone,
        words(zone.name, zone.name_en),
        number % HATCHES + 1,
        gettext(ZONE_COLOUR_NAMES[zone.colour]),
        len(mine),
        (left + right) * UNIT / 2,
        y,
    )


def _feature(row: Feature) -> DrawnFeature:
    name = words(row.label, row.label_en) if row.label else gettext(FEATURE_NAMES[row.kind])
    upright = row.rows > row.columns * 1.5
    long, short = (row.rows, row.columns) if upright else (row.columns, row.rows)
    size = round(min(short * UNIT * 0.6, long * UNIT * 0.9 / (_LETTER * len(name)), 14), 1)
    return DrawnFeature(row, name, size if size >= 5 else 0, upright)
