"""The locator: a sketch of the province drawn by us, with each point where its coordinates or its locality put it.

No outside map is asked. Where a source gives no coordinates the mark stands at the locality's name, and the page says so.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from shop.kernel import text
from shop.points.queries import PointView

DATA = Path(__file__).parent / "data"
WEST, EAST, SOUTH, NORTH = 106.24, 108.18, 20.74, 21.74
WIDTH = 700
# Names on the map of a phone.
NAMED = 5
# At 21.2° north a degree of longitude is shorter than one of latitude.
SCALE = WIDTH / (EAST - WEST)
HEIGHT = round(SCALE * (NORTH - SOUTH) / math.cos(math.radians(21.2)))


@dataclass(frozen=True, slots=True)
class Place:
    """A locality's name on the sketch; `label` says on which side of its spot the name stands."""

    name: str
    x: float
    y: float
    label: str
    used: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """One point on the sketch, numbered as in the list beside it; `exact` when it stands on its own coordinates."""

    number: int
    point: PointView
    x: float
    y: float
    exact: bool


@dataclass(frozen=True, slots=True)
class Spot:
    """A local unit of 2014 on the map with how many things are there, of them `done` (None: nothing is told apart)."""

    key: str
    name: str
    label: str
    x: float
    y: float
    count: int
    done: int | None
    radius: int
    # One of those with most: its name stands on the map of a phone too.
    big: bool


@dataclass(frozen=True, slots=True)
class CountMap:
    """What the template draws, and how many things lie outside the map."""

    width: int
    height: int
    land: Sequence[str]
    spots: list[Spot]
    outside: int


@dataclass(frozen=True, slots=True)
class Sketch:
    """What the template draws: paths of land, names of localities, marks, and the points nobody could place."""

    width: int
    height: int
    land: Sequence[str]
    places: Sequence[Place]
    marks: Sequence[Mark]
    unplaced: Sequence[tuple[int, PointView]]


def spot(longitude: float, latitude: float) -> tuple[float, float]:
    """Where a position lies on the sketch."""
    x = (longitude - WEST) * SCALE
    y = (NORTH - latitude) / (NORTH - SOUTH) * HEIGHT
    return round(x, 1), round(y, 1)


def _inside(longitude: float, latitude: float) -> bool:
    return WEST <= longitude <= EAST and SOUTH <= latitude <= NORTH


def _closed(ring: Sequence[Sequence[float]]) -> str:
    """A smooth closed path through the middles of the ring's sides."""
    spots = [spot(lon, lat) for lon, lat in ring]
    middles = [
        (round((a[0] + b[0]) / 2, 1), round((a[1] + b[1]) / 2, 1))
        for a, b in zip(spots, spots[1:] + spots[:1], strict=True)
    ]
    path = f"M{middles[-1][0]} {middles[-1][1]}"
    for corner, middle in zip(spots, middles, strict=True):
        path += f"Q{corner[0]} {corner[1]} {middle[0]} {middle[1]}"
    return path + "Z"


@cache
def outline() -> tuple[str, ...]:
    """The paths of the land, the main one first."""
    drawn = json.loads((DATA / "outline.json").read_text("utf-8"))
    return tuple(_closed(ring) for ring in (drawn["land"], *drawn["islands"]))


@cache
def localities() -> dict[str, Place]:
    """The 14 local units of 2014 (folded name → place), by which sources and people still place a shop."""
    with (DATA / "localities.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {
        text.fold(row["name"]): Place(
            row["name"], *spot(float(row["longitude"]), float(row["latitude"])), label=row["label"]
        )
        for row in rows
    }


def locality_names() -> list[str]:
    """The names in the order of a Vietnamese dictionary."""
    return sorted((place.name for place in localities().values()), key=text.sort_key)


_Box = tuple[float, float, float, float]
# On a phone: the radius of a number, the width of a letter and the height of a line, in units of the sketch.
_PIN, _LETTER, _LINE = 25, 15, 34


def _pin_box(place: Place) -> _Box:
    return place.x - _PIN, place.y - _PIN, place.x + _PIN, place.y + _PIN


def _name_box(place: Place) -> _Box:
    wide, away = _LETTER * len(place.name), _PIN + 5
    if place.label in ("right", "left"):
        left = place.x + away if place.label == "right" else place.x - away - wide
        return left, place.y - _LINE / 2, left + wide, place.y + _LINE / 2
    top = place.y + _PIN if place.label == "below" else place.y - away - _LINE
    return place.x - wide / 2, top, place.x + wide / 2, top + _LINE


def _meet(a: _Box, b: _Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def count_map(counts: Mapping[str, int], done: Mapping[str, int] | None = None) -> CountMap:
    """The map of numbers by local unit of 2014 (slug of its name → number; "" holds what lies outside or nowhere known)."""
    here = {text.slugify(p.name): p for p in localities().values()}
    most = max((counts.get(key, 0) for key in here), default=0) or 1
    found = sorted((k for k in here if counts.get(k)), key=lambda k: (-counts[k], k))
    named: dict[str, _Box] = {}
    for key in found:
        # On a phone letters are big: a name stands there only where it covers neither a number nor another name.
        box = _name_box(here[key])
        free = not any(_meet(box, _pin_box(here[k])) for k in found if k != key)
        if free and not any(_meet(box, other) for other in named.values()) and len(named) < NAMED:
            named[key] = box
    spots = [
        Spot(
            key, p.name, p.label, p.x, p.y, counts.get(key, 0), None if done is None else done.get(key, 0),
            12 + round(14 * math.sqrt(counts.get(key, 0) / most)), key in named,
        )
        for key, p in here.items()
    ]  # fmt: skip
    return CountMap(WIDTH, HEIGHT, outline(), spots, sum(n for key, n in counts.items() if key not in here))


def sketch(points: Iterable[PointView]) -> Sketch:
    """Place `points`, numbered from 1 in their order; several at one locality stand in a row under its name."""
    marks: list[Mark] = []
    unplaced: list[tuple[int, PointView]] = []
    crowd: dict[str, int] = {}
    for number, point in enumerate(points, 1):
        if point.longitude is not None and point.latitude is not None and _inside(point.longitude, point.latitude):
            marks.append(Mark(number, point, *spot(point.longitude, point.latitude), exact=True))
            continue
        key = text.fold(point.locality_text or "")
        place = localities().get(key)
        if place is None:
            unplaced.append((number, point))
            continue
        n = crowd.get(key, 0)
        crowd[key] = n + 1
        # Three in a row, then the next row.
        marks.append(
            Mark(
                number,
                point,
                place.x + (n % 3) * 54,
                place.y + (44 if place.label == "below" else 20) + (n // 3) * 54,
                exact=False,
            )
        )
    places = [
        Place(place.name, place.x, place.y, place.label, used=key in crowd) for key, place in localities().items()
    ]
    return Sketch(WIDTH, HEIGHT, outline(), places, marks, unplaced)
