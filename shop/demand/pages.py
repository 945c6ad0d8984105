"""What pages of the forecast show: charts with the table behind them, for the office and for producers alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext

from shop.demand import words
from shop.demand.models.forecasts import WEB, Of
from shop.demand.queries import forecasts as reads
from shop.demand.queries.forecasts import Goods, LineView, WeekView
from shop.kernel import charts, web
from shop.kernel.charts import Series
from shop.kernel.errors import N_, NotFound
from shop.points import queries as points

WEEK = timedelta(weeks=1)


def label(week: date) -> str:
    """A week under a chart: its Monday."""
    return week.strftime("%d/%m")


@dataclass(frozen=True, slots=True)
class WeekAhead:
    """One line of the table behind the chart: from Monday `first` to Sunday `last`."""

    first: date
    last: date
    mean: float
    low: int
    middle: int
    high: int
    feasts: str


def weeks_ahead(first: date, ahead: Any) -> list[WeekAhead]:
    """The 13 weeks as a table."""
    feasts = words.festivals(first)
    found = []
    for i, mean in enumerate(ahead.mean):
        monday = first + WEEK * i
        names = ", ".join(f"{name} {day.strftime('%d/%m')}" for name, day, n in feasts if n == i)
        low, middle, high = (round(v[i]) for v in (ahead.low, ahead.middle, ahead.high))
        found.append(WeekAhead(monday, monday + timedelta(days=6), mean, low, middle, high, names))
    return found


def chart(title: str, first: date, ahead: Any) -> charts.Chart:
    """The weeks ahead with their range."""
    return charts.lines(
        title,
        [label(first + WEEK * i) for i in range(len(ahead.mean))],
        [Series(gettext(N_("Dự báo")), [round(v) for v in ahead.mean])],
        ranges=(
            gettext(N_("Khoảng 80 %")),
            [(round(a), round(b)) for a, b in zip(ahead.low, ahead.high, strict=True)],
        ),
    )


def story(title: str, first: date, past: Sequence[WeekView], ahead: Any | None) -> charts.Chart:
    """Half a year of the past, then the weeks ahead: sold, asked for in vain, weeks without goods shaded, the forecast."""
    known = list(past)[-26:]
    n = len(ahead.mean) if ahead is not None else 0
    labels = [label(w.week_on) for w in known] + [label(first + WEEK * i) for i in range(n)]
    none: list[int | None] = [None] * n
    series = [Series(gettext(N_("Đã bán")), [w.sold for w in known] + none)]
    if any(w.asked for w in known):
        series.append(Series(gettext(N_("Hỏi mà không có")), [w.asked for w in known] + none))
    spans: list[tuple[int, int] | None] = [None] * len(known)
    if ahead is not None:
        series.append(Series(gettext(N_("Dự báo")), [None] * len(known) + [round(v) for v in ahead.mean]))
        spans += [(round(a), round(b)) for a, b in zip(ahead.low, ahead.high, strict=True)]
    return charts.lines(
        title,
        labels,
        series,
        ranges=(gettext(N_("Khoảng 80 %")), spans),
        shades=(gettext(N_("Hết hàng")), [w.empty if w.empty > 0.05 else 0.0 for w in known]),
    )


def unit(pack: str) -> str:
    """What is counted of a pack: `gói` of `Gói 500 g`."""
    if web.language() != "vi":
        return gettext(N_("đơn vị"))
    word = pack.strip().split(" ")[0].lower() if pack.strip() else ""
    return word if word.isalpha() and len(word) < 8 else gettext(N_("đơn vị"))


def product_page(slug: str) -> dict[str, Any]:
    """What the page of a product shows.

    Raises:
        NotFound: there is no such product.
    """
    found, run = reads.goods(slug), reads.newest()
    if run is None:
        return {"goods": found, "run": None, "lines": [], "total": None}
    ahead = reads.total(run.id, Of.PRODUCT, found.id)
    lines = reads.lines_of(run.id, found)
    return {
        "goods": found,
        "run": run,
        "lines": [(line, said(line, run.first_on)) for line in lines],
        "total": ahead,
        "weeks": weeks_ahead(run.first_on, ahead) if ahead else [],
        "chart": chart(gettext(N_("13 tuần tới, mọi nơi, mọi quy cách")), run.first_on, ahead) if ahead else None,
        "feasts": words.festivals(run.first_on),
        "number": charts.number,
    }


def said(line: LineView, first: date) -> list[str]:
    """The reasons of one series."""
    return words.say(line.line.reasons, first, unit(line.pack))


def series_page(slug: str, sku: str, place: int) -> dict[str, Any]:
    """What the page of one series shows: its past, what is expected, why.

    Raises:
        NotFound: there is no such product, pack or place.
    """
    found, run = reads.goods(slug), reads.newest()
    variant_id, pack = _pack(found, sku)
    if place != WEB and all(p.id != place for p in points.all_points()):
        raise NotFound
    lines = {(x.variant_id, x.place): x for x in reads.lines_of(run.id, found)} if run else {}
    line = lines.get((variant_id, place))
    first = run.first_on if run else None
    past = reads.past(first, variant_id, place) if first else []
    name = reads.place_name(place)
    return {
        "goods": found,
        "sku": sku,
        "pack": pack,
        "place": name,
        "place_id": place,
        "run": run,
        "line": line,
        "reasons": said(line, first) if line and first else [],
        "past": past[::-1],
        "heard": any(w.sold or w.asked or w.empty for w in past),
        "weeks": weeks_ahead(first, line.line) if line and first else [],
        "chart": story(f"{pack}, {name}", first, past, line.line if line else None) if first else None,
        "feasts": words.festivals(first) if first else [],
        "heirs": reads.heirs_of(variant_id),
        "variant_id": variant_id,
        "method": words.method(line.line.method) if line else "",
        "number": charts.number,
    }


def _pack(of: Goods, sku: str) -> tuple[int, str]:
    found = next(((v, pack) for v, s, pack in of.variants if s == sku), None)
    if found is None:
        raise NotFound
    return found


def quality_page() -> dict[str, Any]:
    """How good the forecast is: errors and coverage beside what people do without one, which methods win, former runs."""
    runs = reads.runs()
    run = runs[0] if runs else None
    measured: dict[str, Any] = run.measured if run else {}

    def rows(of: str) -> list[tuple[str, str, dict[str, Any]]]:
        return [(name, words.measured(name), m) for name, m in measured.get(of, {}).items() if m["error"] is not None]

    every = rows("methods")
    best = min((m["error"] for name, _label, m in every if name != "chosen"), default=None)
    own = next((m["error"] for name, _label, m in every if name == "chosen"), None)
    wins = sorted(measured.get("chosen_methods", {}).items(), key=lambda w: -w[1])
    origins = [date.fromisoformat(d) for d in measured.get("origins", [])]
    begin = run.first_on - timedelta(weeks=run.weeks) if run else None
    return {
        "run": run,
        "runs": runs,
        "methods": every,
        # Where the books were younger than a year on each of the days that it was tried on, "last year" is the last four weeks.
        "yearless": bool(origins and begin and (max(origins) - begin).days < 364),
        "short": rows("short"),
        "origins": origins,
        "better": None if own is None or not best else round(100 * (1 - own / best)),
        "ranks": charts.ranks([(words.method(name), n) for name, n in wins]),
        # Lying bars: names this long have no room under standing ones on a phone.
        "drawn": charts.ranks([(name, round(100 * m["error"])) for _key, name, m in every], tell=lambda n: f"{n} %"),
        "told": measured.get("told"),
        "number": charts.number,
    }
