"""How much of a pack a booth should bring: what is expected to be sold, capped by what can be made in time. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from shop.kernel.errors import N_

MOST_UNITS = 100_000


@dataclass(frozen=True, slots=True)
class Expected:
    """Units that are likely to be sold in the days of the fair (10/50/90 %), and in which words that was worked out."""

    low: float
    middle: float
    high: float
    why: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Makes:
    """What a producer can have by the day the goods leave: `here` in his store, `low` to `high` made until then, `promised`
    to others. `stated`: he has said what he can make. `season`: the product can be made at all until then."""

    here: int
    low: int
    high: int
    promised: int
    stated: bool
    season: bool = True
    smallest_batch: int | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Units to bring (None: nothing is known of what people want) and why, as marked sentences with their figures."""

    units: int | None
    why: tuple[tuple[str, dict[str, Any]], ...]


UNKNOWN = N_("Chưa biết: quy cách này chưa bán ở hội chợ nào và chưa đủ số liệu để suy ra.")


def suggest(expected: Expected | None, can: Makes, by: date) -> Suggestion:
    """What to bring of one pack, and why. `by`: the day on which the goods have to be ready."""
    if expected is None or expected.high <= 0:
        why: list[tuple[str, dict[str, Any]]] = [(UNKNOWN, {})]
        if not can.stated:
            why.append((N_("Cơ sở chưa khai làm được bao nhiêu."), {}))
        return Suggestion(None, tuple(why))
    wanted = min(max(math.ceil(expected.middle), 1), MOST_UNITS)
    why = [
        (expected.why, expected.values),
        (
            N_("Có thể bán từ %(low)s đến %(high)s, thường là %(middle)s."),
            {"low": math.floor(expected.low), "high": math.ceil(expected.high), "middle": wanted},
        ),
    ]
    on = by.strftime("%d/%m/%Y")
    most = max(can.here + (can.high if can.season else 0) - can.promised, 0)
    if not can.season:
        units = min(wanted, most)
        why.append((N_("Trái vụ đến %(on)s: chỉ có %(here)s đang sẵn."), {"on": on, "here": can.here}))
    elif not can.stated:
        units = wanted
        why.append((N_("Chưa biết cơ sở làm được bao nhiêu nên chưa giới hạn."), {}))
    else:
        units = min(wanted, most)
        figures = {"on": on, "here": can.here, "low": can.low, "high": can.high, "promised": can.promised}
        if units < wanted:
            title = N_(
                "Chỉ kịp đến %(on)s: đang có %(here)s, làm thêm được %(low)s–%(high)s, đã hẹn nơi khác %(promised)s."
            )
            why.append((title, figures))
        else:
            why.append((N_("Làm kịp đến %(on)s: đang có %(here)s, làm thêm được %(low)s–%(high)s."), figures))
    make = units - max(can.here - can.promised, 0)
    if can.smallest_batch and 0 < make < can.smallest_batch:
        why.append((N_("Một mẻ ít nhất %(n)s."), {"n": can.smallest_batch}))
    return Suggestion(units, tuple(why))


def within(pool: int, units: Sequence[int]) -> list[int]:
    """`units` of packs that are made of the same stuff, cut in proportion so that they are together at most `pool`; what is
    left over by rounding goes to those that lost most by it, the first of equals first."""
    total = sum(units)
    if total <= pool:
        return list(units)
    pool = max(pool, 0)
    shares = [n * pool / total for n in units]
    found = [math.floor(x) for x in shares]
    order = sorted(range(len(units)), key=lambda i: (found[i] - shares[i], i))
    for i in order[: pool - sum(found)]:
        found[i] += 1
    return found


def kept(why: Sequence[tuple[str, dict[str, Any]]]) -> str:
    """Sentences as they are stored: the reader's language is not known yet."""
    return json.dumps([[title, values] for title, values in why], ensure_ascii=False)


def told(stored: str | None) -> list[tuple[str, dict[str, Any]]]:
    """Stored sentences with their figures."""
    return [(title, values) for title, values in json.loads(stored)] if stored else []
