"""Drawn figures: where bars, points and lines of a chart stand, so that a template only has to write them down.

A chart is as wide as its place: what lies side by side is told in percent of the width, heights in pixels, so words keep their
size on a phone. `templates/_macros/chart.html` draws what is made here, with title and description for those who hear the page,
patterns beside colours, and the numbers in a table behind it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from flask_babel import gettext

from shop.kernel.errors import N_

# Pixels: the field of the chart, room above the highest mark, room below for the words.
HEIGHT, ABOVE, BELOW = 200, 14, 24
# Percent of the field that a bar takes at most.
WIDEST_BAR = 12
# As many series as there are patterns that can be told apart.
MOST_SERIES = 4
# Words under the marks that still have room on a phone of 360 px, and on a wide screen; long words (`Nov 2026`) need more.
NARROW_LABELS, WIDE_LABELS = 4, 14
LONG_LABEL = 8
_UNITS = ((1_000_000_000, N_("%(n)s tỷ")), (1_000_000, N_("%(n)s triệu")), (1_000, N_("%(n)s nghìn")))


def number(value: float) -> str:
    """A number as Vietnamese write it: `1.250`, `12,5`; at most one decimal."""
    whole = round(value, 1)
    text = f"{whole:,.1f}".removesuffix(".0")
    return text.replace(",", " ").replace(".", ",").replace(" ", ".")


def short(value: float) -> str:
    """A number for an axis, in the reader's language: `12,5 triệu`, `850`."""
    for unit, words in _UNITS:
        if abs(value) >= unit:
            return str(gettext(words, n=number(value / unit)))
    return number(value)


def ticks(low: float, high: float, most: int = 5) -> list[int]:
    """Round whole numbers from at most `low` to at least `high`, evenly apart, zero among them; at most `most` + 2 of them."""
    low, high = min(low, 0), max(high, 0)
    if low == high:
        return [0, 1]
    rough = max((high - low) / most, 1)
    power = 10 ** math.floor(math.log10(rough))
    step = int(next(m * power for m in (1, 2, 5, 10) if m * power >= rough))
    first, last = math.floor(low / step), math.ceil(high / step)
    return [n * step for n in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class Series:
    """A row of numbers with its name; None where nothing is known."""

    name: str
    values: Sequence[int | None]


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across the field: its height (px) and its words."""

    y: float
    text: str
    is_zero: bool


@dataclass(frozen=True, slots=True)
class Label:
    """Words under the field at `x` percent; `narrow`: also where there is little room; `wide`: only where there is much."""

    x: float
    text: str
    narrow: bool
    wide: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """A bar (`x`, `width` in percent, `y`, `height` in px) or a point of a line (`x`, `y`), with what it says."""

    x: float
    y: float
    width: float
    height: float
    text: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of a line between two points that are both known."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """A series as it is drawn; `number` (from 1) chooses colour, pattern and point."""

    number: int
    name: str
    marks: list[Mark]
    stretches: list[Stretch] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Chart:
    """All that the template writes down. `kind` is `bars` or `lines`."""

    kind: str
    title: str
    description: str
    height: int
    field_height: int
    ticks: list[Tick]
    labels: list[Label]
    series: list[Drawn]
    # Behind the lines: a bar from low to high at each label, and the field shaded where something is said of a label.
    ranges: list[Mark] = field(default_factory=list)
    ranges_name: str = ""
    shades: list[Mark] = field(default_factory=list)
    shades_name: str = ""


def bars(
    title: str, labels: Sequence[str], series: Sequence[Series], *, tell: Callable[[int], str] = number, note: str = ""
) -> Chart:
    """Bars that stand side by side, one group for each label. `tell` writes a value out, `note` is added to the description."""
    scale, made = _Scale.of(series), []
    room = 100 / max(len(labels), 1)
    # A quarter of a group is air between it and its neighbours; a few bars do not become walls.
    width = min(room * 0.75 / max(len(series), 1), WIDEST_BAR)
    side = (room - width * len(series)) / 2
    for n, one in enumerate(series, 1):
        marks = []
        for i, value in enumerate(one.values):
            if value is None:
                continue
            top, bottom = scale.y(max(value, 0)), scale.y(min(value, 0))
            x = i * room + side + (n - 1) * width
            marks.append(
                Mark(_at(x), _at(top), _at(width), _at(bottom - top), f"{labels[i]}, {one.name}: {tell(value)}")
            )
        made.append(Drawn(n, one.name, marks))
    return _chart("bars", title, labels, series, made, scale, tell, note)


def lines(
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    tell: Callable[[int], str] = number,
    note: str = "",
    ranges: tuple[str, Sequence[tuple[int, int] | None]] | None = None,
    shades: tuple[str, Sequence[float]] | None = None,
) -> Chart:
    """Lines through points, one for each series; where a value is not known the line is broken.

    `ranges`: a name and (low, high) for each label, or None. `shades`: a name and how much of each label's room is shaded,
    0 to 1.
    """
    spans = list(ranges[1]) if ranges else []
    ends = Series("", [end for span in spans if span for end in span])
    scale, made = _Scale.of(series, ends), []
    room = 100 / max(len(labels), 1)
    for n, one in enumerate(series, 1):
        points = [
            None if value is None else (_at(i * room + room / 2), _at(scale.y(value)))
            for i, value in enumerate(one.values)
        ]
        marks = [
            Mark(p[0], p[1], 0, 0, f"{labels[i]}, {one.name}: {tell(one.values[i] or 0)}")
            for i, p in enumerate(points)
            if p is not None
        ]
        pairs = itertools.pairwise(points)
        made.append(Drawn(n, one.name, marks, [Stretch(*a, *b) for a, b in pairs if a is not None and b is not None]))
    drawn = _chart("lines", title, labels, series, made, scale, tell, note)
    behind = [
        Mark(
            _at(i * room + room * 0.2), _at(scale.y(span[1])), _at(room * 0.6),
            _at(max(scale.y(span[0]) - scale.y(span[1]), 1)),
            f"{labels[i]}, {ranges[0] if ranges else ''}: {tell(span[0])}–{tell(span[1])}",
        )
        for i, span in enumerate(spans) if span
    ]  # fmt: skip
    dark = [
        Mark(_at(i * room), ABOVE, _at(room * min(share, 1.0)), HEIGHT, f"{labels[i]}: {shades[0] if shades else ''}")
        for i, share in enumerate(shades[1] if shades else ())
        if share > 0
    ]
    return replace(
        drawn,
        ranges=behind,
        ranges_name=ranges[0] if ranges else "",
        shades=dark,
        shades_name=shades[0] if shades and dark else "",
    )


@dataclass(frozen=True, slots=True)
class Rank:
    """One lying bar: its words, its value written out, its length in percent of the longest."""

    label: str
    text: str
    percent: float


def ranks(rows: Sequence[tuple[str, int]], *, tell: Callable[[int], str] = number, most: int = 10) -> list[Rank]:
    """Lying bars, the longest first, at most `most` of them; what is not above zero has no length."""
    ordered = sorted(rows, key=lambda row: -row[1])[:most]
    longest = max((value for _label, value in ordered), default=0)
    return [
        Rank(label, tell(value), _at(100 * value / longest) if value > 0 and longest else 0) for label, value in ordered
    ]


@dataclass(frozen=True, slots=True)
class _Scale:
    steps: list[int]

    @staticmethod
    def of(series: Sequence[Series], *beside: Series) -> _Scale:
        if len(series) > MOST_SERIES:
            raise ValueError(f"at most {MOST_SERIES} series can be told apart")
        known = [value for one in (*series, *beside) for value in one.values if value is not None]
        return _Scale(ticks(min(known, default=0), max(known, default=0)))

    def y(self, value: float) -> float:
        low, high = self.steps[0], self.steps[-1]
        return ABOVE + HEIGHT * (high - value) / (high - low)


def _chart(
    kind: str,
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    made: list[Drawn],
    scale: _Scale,
    tell: Callable[[int], str],
    note: str,
) -> Chart:
    room = 100 / max(len(labels), 1)
    room_for = NARROW_LABELS - (1 if max(map(len, labels), default=0) >= LONG_LABEL else 0)
    narrow, wide = (math.ceil(len(labels) / n) or 1 for n in (room_for, WIDE_LABELS))
    last = len(labels) - 1
    return Chart(
        kind=kind,
        title=title,
        description=" ".join(part for part in (describe(labels, series, tell), note) if part),
        height=ABOVE + HEIGHT + BELOW,
        field_height=ABOVE + HEIGHT,
        ticks=[Tick(_at(scale.y(step)), short(step), step == 0) for step in scale.steps],
        # Counted from the last one, which is the one that people look for.
        labels=[
            Label(_at(i * room + room / 2), text, (last - i) % narrow == 0, (last - i) % wide == 0)
            for i, text in enumerate(labels)
        ],
        series=made,
    )


def describe(labels: Sequence[str], series: Sequence[Series], tell: Callable[[int], str] = number) -> str:
    """What a chart shows, for those who do not see it: of each series the highest, the lowest and the last value."""
    told = []
    for one in series:
        known = [(value, labels[i]) for i, value in enumerate(one.values) if value is not None]
        if not known:
            told.append(gettext(N_("%(name)s: không có số liệu."), name=one.name))
            continue
        (high, at_high), (low, at_low), (last, at_last) = (
            max(known, key=lambda k: k[0]),
            min(known, key=lambda k: k[0]),
            known[-1],
        )
        told.append(
            gettext(
                N_("%(name)s: cao nhất %(high)s (%(at_high)s), thấp nhất %(low)s (%(at_low)s), cuối %(last)s (%(at_last)s)."),
                name=one.name, high=tell(high), at_high=at_high, low=tell(low), at_low=at_low, last=tell(last),
                at_last=at_last,
            )
        )  # fmt: skip
    return " ".join(told)


def _at(value: float) -> float:
    """A place on the drawing: two decimals are finer than any screen."""
    return round(value, 2)
