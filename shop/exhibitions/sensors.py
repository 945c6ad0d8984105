"""Files of the sensors that count visitors, and which number of an hour counts. Reads no database."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from shop.exhibitions.models.days import CountedBy
from shop.kernel import clock, sheets, text
from shop.kernel.errors import N_, Invalid

MOST_ROWS = 20_000
MOST_AN_HOUR = 50_000
# How the columns may be called, without marks.
COLUMNS = {
    "gate": ("gate", "cong", "cua", "cua vao", "sensor", "may dem"),
    "day": ("day", "date", "ngay"),
    "hour": ("hour", "time", "gio", "khung gio", "tu gio"),
    "at": ("at", "datetime", "timestamp", "thoi diem", "thoi gian"),
    "visitors": ("visitors", "count", "in", "so khach", "so luot", "luot vao", "khach"),
}
_CLOCK = r"(\d{1,2})(?:[:hg]\s?(\d{2})?)?(?::\d{2})?"
_HOUR = re.compile(rf"{_CLOCK}(?:\s*[-–]\s*(?:{_CLOCK})?.*)?", re.IGNORECASE)
WHY = {
    "gate": N_("Chưa ghi cổng."),
    "time": N_("Không đọc được ngày giờ."),
    "day": N_("Ngày này không phải ngày hội chợ."),
    "number": N_("Số khách phải là số nguyên từ 0."),
    "twice": N_("Cổng và giờ này đã có ở một dòng trước."),
    "overlap": N_("Khoảng giờ này trùm lên một dòng trước của cùng cổng; cộng vào thì khách bị tính hai lần."),
}


def hour_of(at: datetime) -> datetime:
    """The instant at which the hour of `at` begins (Vietnam is whole hours from UTC)."""
    return at.replace(minute=0, second=0, microsecond=0)


def read(name: str, content: bytes, gates: Collection[str], first: date, end: date) -> list[dict[str, Any]]:
    """What each row of a sensor's file says: gate, hour, visitors; `why` names what is wrong with it ('' if nothing is), a key
    of `WHY`. Several rows of one gate within an hour (quarters) add up in the first, which the others name (`into`), unless one
    tells of minutes that another has counted (`09:00-10:00` and `09:15-09:30`). `gates` are known by their name without marks;
    others are taken as they are written.

    Raises:
        BadTable: it cannot be read.
        Invalid: a column is missing, or it has too many rows.
    """
    sheets.check_name(name, content)
    sheet = sheets.read(content)
    names = {" ".join(text.words(head)): i for i, head in enumerate(sheet.head)}
    at = {key: names[word] for key, words in COLUMNS.items() for word in words if word in names}
    if "visitors" not in at or not ("at" in at or {"day", "hour"} <= at.keys()):
        raise Invalid(
            N_("Tệp phải có cột ngày, giờ (hoặc thời điểm) và số khách; cột cổng nếu có nhiều cổng."), field="file"
        )
    known = {text.fold(gate): gate for gate in gates}
    only = next(iter(gates)) if len(gates) == 1 else ""
    found: list[dict[str, Any]] = []
    by_hour: dict[tuple[str, str], dict[str, Any]] = {}
    seen: dict[str, list[tuple[datetime, datetime]]] = {}
    for row in sheet.rows:
        if len(found) >= MOST_ROWS:
            raise Invalid(N_("Nhiều nhất %(n)s dòng; hãy chia bảng ra."), field="file", n=MOST_ROWS)
        cells = {key: row.cells[i].strip() if i < len(row.cells) else "" for key, i in at.items()}
        raw_gate = cells.get("gate", "") or only
        gate = known.get(text.fold(raw_gate), " ".join(raw_gate.split())[:80])
        when, until = _instant(cells)
        made: dict[str, Any] = {"n": row.number, "gate": gate, "hour": "", "visitors": None, "why": ""}
        found.append(made)
        visitors = text.whole(cells["visitors"])
        if when is not None:
            made["hour"] = hour_of(when).isoformat()
        if not gate:
            made["why"] = "gate"
        elif when is None:
            made["why"] = "time"
        elif not first <= clock.business_day(when) < end:
            made["why"] = "day"
        elif visitors is None or visitors > MOST_AN_HOUR:
            made["why"] = "number"
        else:
            made["visitors"] = visitors
            _add(made, when, until or when, by_hour, seen)
    return found


def _add(
    made: dict[str, Any],
    when: datetime,
    until: datetime,
    by_hour: dict[tuple[str, str], dict[str, Any]],
    seen: dict[str, list[tuple[datetime, datetime]]],
) -> None:
    """Let rows of quarters of an hour add up to their hour: the later ones are counted in the first. `until`: the end that a
    row names, else `when`."""
    hour, known = (made["gate"], made["hour"]), seen.setdefault(made["gate"], [])
    if any(when == a for a, _b in known):
        made["why"], made["visitors"] = "twice", None
        return
    if any((when < b and until > a) or a < when < b or when < a < until for a, b in known):
        made["why"], made["visitors"] = "overlap", None
        return
    known.append((when, until))
    first = by_hour.get(hour)
    if first is None:
        by_hour[hour] = made
        return
    first["visitors"] += made["visitors"]
    made["into"] = first["n"]


def _instant(cells: dict[str, str]) -> tuple[datetime | None, datetime | None]:
    """The moment at which a row begins, and at which it ends if it says so."""
    if raw := cells.get("at", ""):
        try:
            told = datetime.fromisoformat(raw.replace("/", "-").replace("Z", "+00:00"))
        except ValueError:
            day, _, clock_time = raw.partition(" ")
            return _at(_day(day), clock_time)
        return told if told.tzinfo else told.replace(tzinfo=clock.VIETNAM), None
    return _at(_day(cells.get("day", "")), cells.get("hour", ""))


def _day(raw: str) -> date | None:
    try:
        if "/" in raw:
            day, month, year = (int(part) for part in raw.split("/"))
            return date(year, month, day)
        return date.fromisoformat(raw[:10])
    except ValueError:
        return None


def _at(day: date | None, raw: str) -> tuple[datetime | None, datetime | None]:
    found = _HOUR.fullmatch(raw.strip())
    if day is None or found is None:
        return None, None
    hour, minute = int(found[1]), int(found[2] or 0)
    if hour > 23 or minute > 59:
        return None, None
    when = datetime.combine(day, time(hour, minute), clock.VIETNAM)
    minutes = int(found[3] or 0) * 60 + int(found[4] or 0)
    until = datetime.combine(day, time(0), clock.VIETNAM) + timedelta(minutes=minutes)
    return when, until if when < until and minutes <= 24 * 60 else None


# --- which number counts -----------------------------------------------------------------------------------------

SUREST = (CountedBy.TYPED, CountedBy.SENSOR, CountedBy.TAP)


def counted(rows: Iterable[tuple[int, datetime, CountedBy, int]]) -> dict[tuple[int, datetime], int]:
    """By gate and hour the number that counts, of rows (gate, hour, source, visitors): a person's, a sensor's, then taps."""
    best: dict[tuple[int, datetime], tuple[int, int]] = {}
    for gate, hour, source, n in rows:
        rank = SUREST.index(source)
        if (gate, hour) not in best or rank < best[gate, hour][0]:
            best[gate, hour] = (rank, n)
    return {key: n for key, (_rank, n) in best.items()}


def by_day(of: dict[tuple[int, datetime], int]) -> dict[date, int]:
    """Visitors of all gates by day."""
    found: dict[date, int] = {}
    for (_gate, hour), n in of.items():
        day = clock.business_day(hour)
        found[day] = found.get(day, 0) + n
    return found
