"""Understanding an old address: what unit is meant, and where that is now."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased

from shop.kernel import clock, text
from shop.kernel.db import session
from shop.places import names
from shop.places.models import Level, Succession, Unit, UnitType
from shop.places.queries.search import LONGEST_QUERY, NICKNAMES, TYPE_WORDS, typos_allowed
from shop.places.queries.units import COLUMNS, UnitView, ancestors, display, on_day, read_units, vocabulary

DATA = Path(__file__).parents[1] / "data"


@dataclass(frozen=True, slots=True)
class Successor:
    """A unit in force now that holds land of the old one: all of it, or `partly`."""

    unit: UnitView
    text: str
    partly: bool


@dataclass(frozen=True, slots=True)
class Understood:
    """One reading of an address: the unit meant, with those above it in its time, and where it is now.

    `current` says that the unit is in force itself. `guessed` says that the source does not tell what became of it and the
    successors are those of the whole district. With several successors a person must choose.
    """

    unit: UnitView
    text: str
    current: bool
    successors: tuple[Successor, ...]
    guessed: bool = False

    @property
    def certain(self) -> bool:
        """Whether there is exactly one place it can be now."""
        return len(self.successors) == 1 and not self.guessed


@dataclass(frozen=True, slots=True)
class _Mention:
    """Words of the text that may name a unit: from word `start` to before `end`."""

    start: int
    end: int
    name: str
    kinds: frozenset[UnitType]
    whole: bool
    typo: bool = False


_SHORT_TYPES = (
    (re.compile(r"\b(?:tp|t\.\s?p)\b\.?\s*"), "thành phố "),
    (re.compile(r"\btx\b\.?\s*"), "thị xã "),
    (re.compile(r"\btt\b\.?\s*"), "thị trấn "),
    (re.compile(r"\b[đd]k\b\.?\s*"), "đặc khu "),
    (re.compile(r"\bp(?:\.\s*|\s+(?=\d)|(?=\d))"), "phường "),
    (re.compile(r"\bq(?:\.\s*|\s+(?=\d)|(?=\d))"), "quận "),
    (re.compile(r"\bh\.\s*"), "huyện "),
    (re.compile(r"\bx\.\s*"), "xã "),
    (re.compile(r"\bt\.\s*"), "tỉnh "),
)
_BREAK = re.compile(r"[,;/|\n()]+")
_WORD = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f])*")
_BARE_TYPES = frozenset(folded for folded, _marked, _kinds in TYPE_WORDS)
_LONGEST_NAME = 6


def understand(typed: str, on: date | None = None, *, limit: int = 12) -> list[Understood]:
    """Read an address in old or new units (`xã Đồng Rui, Tiên Yên`, `TP Uông Bí`) and say where it is on `on` (today).

    All readings of equal standing are given, best first, and all successors of each; nothing is chosen silently. An empty
    list means that no unit was recognised.
    """
    day = on or clock.today()
    mentions = _mentions(typed)
    if not mentions:
        return []
    rows = read_units(
        select(*COLUMNS).where(Unit.folded.in_({m.name for m in mentions})).order_by(Unit.sort_key, Unit.code)
    )
    by_name: dict[str, list[UnitView]] = defaultdict(list)
    for row in rows:
        by_name[row.folded].append(row)
    above = ancestors(rows)
    line = f" {names.marked(re.sub(_BREAK, ' ', text.clean(typed)))} "
    like = {u.id for units in (rows, *above.values()) for u in units if f" {names.marked(u.short)} " in line}
    best: dict[tuple[str, date | None], tuple[int, UnitView]] = {}
    for m in mentions:
        for u in by_name[m.name]:
            if m.kinds and not _level_fits(u, m.kinds):
                continue
            points = _points(m, u, u.id in like)
            for other in mentions:
                if other.end <= m.start or other.start >= m.end:
                    points += max(
                        (
                            _points(other, a, a.id in like)
                            for a in above[u.id]
                            if a.folded == other.name and (not other.kinds or _level_fits(a, other.kinds))
                        ),
                        default=0,
                    )
            key = (u.code, u.valid_from)
            if key not in best or points > best[key][0]:
                best[key] = (points, u)
    if not best:
        return []
    top = max(points for points, _ in best.values())
    chosen = [u for points, u in best.values() if points == top]
    found = _tell(chosen, above, day)
    return found[:limit]


def _points(m: _Mention, u: UnitView, like: bool) -> int:
    """How well a mention fits a unit: a whole part of the address, many words, the right type, the very marks."""
    return (
        (60 if m.whole else 40)
        + 10 * min(m.end - m.start, 4)
        + (25 if u.type in m.kinds else 0)
        + (15 if like else 0)
        - (25 if m.typo else 0)
    )


def _level_fits(u: UnitView, kinds: frozenset[UnitType]) -> bool:
    """A wrong type of the right level is forgiven (a district became a town), a wrong level is not."""
    if u.type in kinds:
        return True
    if u.folded.isdigit():
        return False
    communes = {UnitType.WARD, UnitType.COMMUNE, UnitType.TOWNSHIP, UnitType.SPECIAL_ZONE}
    districts = {UnitType.CITY, UnitType.TOWN, UnitType.URBAN_DISTRICT, UnitType.DISTRICT}
    if u.level is Level.COMMUNE:
        return bool(kinds & communes)
    if u.level is Level.DISTRICT:
        return bool(kinds & districts)
    return bool(kinds & {UnitType.PROVINCE, UnitType.CENTRAL_CITY})


def _mentions(typed: str) -> list[_Mention]:
    """All stretches of words that are the name of some unit; for a part that has none, names with a small typo."""
    known = vocabulary()
    found: list[_Mention] = []
    offset = 0
    line = text.clean(typed)[:LONGEST_QUERY]
    with_marks = text.fold(line) != " ".join(line.lower().split())
    for segment in _BREAK.split(line):
        for kinds, words in _phrases(segment, with_marks=with_marks):
            here = _named(words, kinds, offset, known)
            if not any(m.whole for m in here):
                here += _misspelt(words, kinds, offset, known)
            found += here
            offset += len(words) + 1
    return found


def _phrases(segment: str, *, with_marks: bool) -> list[tuple[frozenset[UnitType], list[str]]]:
    """Cut a part of an address before each word for a type: `thôn 3 xã Đồng Rui huyện Tiên Yên` is three phrases.

    Many names look like a type once their marks are gone (Phương Nam, Xa Lý): where marks are typed they decide, and a word
    right behind a type is never another.
    """
    line = segment.lower()
    for pattern, meant in (*NICKNAMES, *_SHORT_TYPES):
        line = pattern.sub(f" {meant}", line)
    marked = _WORD.findall(names.marked(line))
    words = [names.fold(word) for word in marked]
    phrases: list[tuple[frozenset[UnitType], list[str]]] = [(frozenset(), [])]
    at = 0
    while at < len(words):
        found = None if phrases[-1][0] and not phrases[-1][1] else _type_at(words, marked, at, with_marks)
        if found is None:
            phrases[-1][1].append(words[at])
            at += 1
        else:
            phrases.append((found[0], []))
            at += found[1]
    return [(kinds, rest) for kinds, rest in phrases if rest]


def _type_at(words: list[str], marked: list[str], at: int, with_marks: bool) -> tuple[frozenset[UnitType], int] | None:
    """The types that the words at a place may stand for and how many words they are; None when a name is there."""
    for folded, full, kinds in TYPE_WORDS:
        n = folded.count(" ") + 1
        if at + n < len(words) and " ".join(words[at : at + n]) == folded:
            return (kinds, n) if not with_marks or " ".join(marked[at : at + n]) == full else None
    return None


def _named(words: list[str], kinds: frozenset[UnitType], offset: int, known: frozenset[str]) -> list[_Mention]:
    found = []
    for start in range(len(words)):
        for end in range(min(len(words), start + _LONGEST_NAME), start, -1):
            name = " ".join(words[start:end])
            typed_kinds = kinds if start == 0 else frozenset()
            if name not in known or (name.isdigit() and not typed_kinds):
                continue
            whole = start == 0 and end == len(words)
            found.append(_Mention(offset + start, offset + end, name, typed_kinds, whole))
    if any(m.whole for m in found):
        return [m for m in found if m.whole]
    if kinds:
        # After a type word the name begins at once; words further on are something else unless nothing begins there.
        first = [m for m in found if m.start == offset]
        found = first or found
    # A name inside a longer one is not meant: `Hạ` in `Hạ Long`.
    return [m for m in found if not any(o is not m and o.start <= m.start and m.end <= o.end for o in found)]


def _misspelt(words: list[str], kinds: frozenset[UnitType], offset: int, known: frozenset[str]) -> list[_Mention]:
    name = " ".join(words)
    most = typos_allowed(len(name))
    if not most or len(words) > _LONGEST_NAME or any(c.isdigit() for c in name) or name in _BARE_TYPES:
        return []
    near = extract(name, known, scorer=OSA.distance, score_cutoff=most, limit=5)
    closest = min((far for _, far, _ in near), default=0)
    return [
        _Mention(offset, offset + len(words), word, kinds, whole=True, typo=True)
        for word, far, _ in near
        if far == closest
    ]


def _tell(chosen: Sequence[UnitView], above: dict[int, list[UnitView]], day: date) -> list[Understood]:
    """Say for each unit where it is on `day`; one that lives on unchanged under its code is told once."""
    now = on_day(day).by_code
    told: list[Understood] = []
    heirs = _heirs(chosen, day)
    for u in chosen:
        line = ", ".join([u.name, *(a.name for a in above[u.id])])
        if u.on(day):
            told.append(Understood(u, display(u.code, day), True, (Successor(u, display(u.code, day), False),)))
            continue
        links, guessed = heirs[u.id]
        successors = tuple(
            Successor(now[code], display(code, day), partly)
            for code, partly in sorted(links.items(), key=lambda link: (link[1], now[link[0]].sort_key, link[0]))
        )
        told.append(Understood(u, line, False, successors, guessed))
    # Rows of one code that are the same place now (it only changed rank or name) are told once, by the latest.
    latest: dict[tuple[str, frozenset[str]], Understood] = {}
    for t in told:
        key = (t.unit.code, frozenset(s.unit.code for s in t.successors))
        rival = latest.get(key)
        if rival is None or (t.unit.valid_from or date.min) > (rival.unit.valid_from or date.min):
            latest[key] = t
    told = list(latest.values())
    return sorted(told, key=lambda t: (not t.successors, -_rank_of(t.unit), t.unit.sort_key, not t.current, t.text))


def _rank_of(u: UnitView) -> int:
    return {Level.PROVINCE: 2, Level.DISTRICT: 1, Level.COMMUNE: 0}[u.level]


def _heirs(units: Sequence[UnitView], day: date) -> dict[int, tuple[dict[str, bool], bool]]:
    """For each unit no longer in force: code → partly of units in force on `day` that hold its land, and whether guessed."""
    found: dict[int, tuple[dict[str, bool], bool]] = {}
    for u in units:
        if u.on(day) or u.valid_to is None:
            found[u.id] = ({}, False)
        elif u.level is Level.PROVINCE:
            found[u.id] = (_province_heirs(u, day), False)
        elif u.level is Level.DISTRICT:
            found[u.id] = (_district_heirs(u, day), False)
        else:
            links = _followed({u.code: False}, u.valid_to, day)
            guessed = not links
            if guessed and u.parent_code and (home := _unit_at(u.parent_code, u.valid_to)):
                links = dict.fromkeys(_district_heirs(home, day), True)
            found[u.id] = (links, guessed)
    return found


def heirs(code: str, on: date | None = None) -> list[Successor]:
    """The units in force on `on` (today) that hold the land of the unit that had `code` last, whole ones first; none if it is
    in force itself, or nobody knows."""
    day = on or clock.today()
    unit = None if code in on_day(day).by_code else _unit_at(code, day)
    if unit is None:
        return []
    return list(_tell([unit], ancestors([unit]), day)[0].successors)


def _unit_at(code: str, before: date) -> UnitView | None:
    """The last unit with `code` that was in force before `before`."""
    rows = read_units(
        select(*COLUMNS)
        .where(Unit.code == code, or_(Unit.valid_from.is_(None), Unit.valid_from < before))
        .order_by(Unit.valid_from.desc())
    )
    return max(rows, key=lambda r: r.valid_from or date.min, default=None)


def _followed(codes: dict[str, bool], since: date, day: date) -> dict[str, bool]:
    """Follow successions from the units that ended on `since` until units in force on `day` are reached."""
    now = on_day(day).by_code
    found: dict[str, bool] = {}
    pending = dict(codes)
    for _ in range(6):  # a place changes a few times in a lifetime
        if not pending:
            break
        links = session().execute(
            select(Succession.old_code, Succession.new_code, Succession.partly, Succession.changed_on).where(
                Succession.old_code.in_(pending), Succession.changed_on >= since, Succession.changed_on <= day
            )
        )
        following: dict[str, bool] = {}
        earliest: dict[str, date] = {}
        rows = list(links)
        for old, _new, _partly, changed in rows:
            earliest[old] = min(changed, earliest.get(old, changed))
        for old, new, partly, changed in rows:
            if changed != earliest[old]:
                continue
            partly = partly or pending[old]
            here = now.get(new)
            if here is not None and _continues(here, changed):
                found[new] = found.get(new, True) and partly
            else:
                following[new] = following.get(new, True) and partly
                since = max(since, changed)
        pending = following
    return found


def _continues(unit: UnitView, since: date) -> bool:
    """Whether the unit in force now is the one that began on `since`, perhaps with another rank since then.

    No later succession from its code is recorded, so the code still names the same land.
    """
    return not session().scalar(
        select(Succession.id).where(Succession.old_code == unit.code, Succession.changed_on > since).limit(1)
    )


def _district_heirs(district: UnitView, day: date) -> dict[str, bool]:
    """The units that hold land of a district: as recorded for it, or those of its communes.

    `partly` when no commune of the district went there whole.
    """
    end = district.valid_to or day
    if recorded := _followed({district.code: False}, end, day):
        return recorded
    later = read_units(select(*COLUMNS).where(Unit.code == district.code, Unit.valid_from == end))
    if later:  # it only changed its rank or name on that day
        return _district_heirs(later[0], day)
    old = session().scalars(
        select(Unit.code).where(
            Unit.parent_code == district.code, Unit.level == Level.COMMUNE, Unit.valid_to == district.valid_to
        )
    )
    return _followed(dict.fromkeys(old, False), end, day)


def _province_heirs(province: UnitView, day: date) -> dict[str, bool]:
    """The provinces that hold the communes of a province no longer in force."""
    now = on_day(day).by_code
    end = province.valid_to or day
    if province.code in now and not _reformed(province.code, end):
        return {province.code: False}
    child, grandchild = aliased(Unit), aliased(Unit)
    old = session().scalars(
        select(grandchild.code)
        .join(child, and_(child.code == grandchild.parent_code, child.valid_to == grandchild.valid_to))
        .where(child.parent_code == province.code, grandchild.level == Level.COMMUNE, grandchild.valid_to == end)
    )
    homes: dict[str, bool] = {}
    for code in _followed(dict.fromkeys(old, False), end, day):
        home = now[code].parent_code
        if home in now:
            homes[home] = False
    return homes


def _reformed(code: str, day: date) -> bool:
    """Whether communes below the province changed hands on `day` (a mere change of rank moves nobody)."""
    child = aliased(Unit)
    return bool(
        session().scalar(
            select(Unit.id)
            .join(child, child.parent_code == Unit.code)
            .where(Unit.code == code, Unit.valid_to == day, child.valid_to == day)
            .limit(1)
        )
    )


@cache
def localities_of_2014() -> dict[str, str]:
    """Commune in force since July 2025 (code) → the local unit of 2014 that the greater part of it lay in, by which sources and
    people still place things."""
    with (DATA / "communes_2025.csv").open(encoding="utf-8", newline="") as stream:
        return {row["code"]: row["locality_2014"].split(";")[0].strip() for row in csv.DictReader(stream)}
