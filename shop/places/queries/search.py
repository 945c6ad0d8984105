"""Finding units by typing: without marks, half typed, with a small typo."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

from rapidfuzz.distance import OSA

from shop.kernel import text
from shop.places import names
from shop.places.models import Level, UnitType
from shop.places.queries.units import UnitView, on_day

LONGEST_QUERY = 200
NICKNAMES = (
    (re.compile(r"\b(?:tp\.?\s*)?hcmc?\b|\btphcm\b|\bs[aà]i g[oò]n\b"), "thành phố hồ chí minh"),
    (re.compile(r"\b(?:tp\.?\s*)?hn\b|\btphn\b"), "thành phố hà nội"),
    (re.compile(r"\bbrvt\b"), "tỉnh bà rịa vũng tàu"),
)

# What people write for a type of unit; what it may stand for. Longest first.
_TYPES: tuple[tuple[str, frozenset[UnitType]], ...] = (
    ("thành phố trực thuộc trung ương", frozenset({UnitType.CENTRAL_CITY})),
    ("thành phố", frozenset({UnitType.CITY, UnitType.CENTRAL_CITY})),
    ("thị trấn", frozenset({UnitType.TOWNSHIP})),
    ("đặc khu", frozenset({UnitType.SPECIAL_ZONE})),
    ("thị xã", frozenset({UnitType.TOWN})),
    ("phường", frozenset({UnitType.WARD})),
    ("huyện", frozenset({UnitType.DISTRICT})),
    ("quận", frozenset({UnitType.URBAN_DISTRICT})),
    ("tỉnh", frozenset({UnitType.PROVINCE})),
    ("xã", frozenset({UnitType.COMMUNE})),
)


TYPE_WORDS = tuple((names.fold(words), names.marked(words), kinds) for words, kinds in _TYPES)


def without_type(folded: str) -> tuple[frozenset[UnitType], str]:
    """Split a folded name into the types its first words may stand for and the rest."""
    for words, _marked, kinds in TYPE_WORDS:
        if folded.startswith(words + " "):
            return kinds, folded[len(words) + 1 :]
    return frozenset(), folded


def typos_allowed(length: int) -> int:
    return 0 if length < 4 else 1 if length < 8 else 2


def matching(units: Iterable[UnitView], typed: str, limit: int = 20) -> list[UnitView]:
    """Those of `units` that fit what was `typed`, best first: whole name, beginning, words, small typos; exact marks first."""
    typed = text.clean(typed)[:LONGEST_QUERY]
    line = typed.lower()
    for pattern, meant in NICKNAMES:
        line = pattern.sub(meant, line)
    kinds, wanted = without_type(names.fold(line) + " ")
    wanted = wanted.strip()
    marked = names.marked(typed)
    if not wanted:
        return [u for u in units if not kinds or u.type in kinds][:limit]
    parts = wanted.split()
    ranked: list[tuple[int, bool, str, str, UnitView]] = []
    rest: list[UnitView] = []
    for u in units:
        if u.folded == wanted:
            rank = 0
        elif u.folded.startswith(wanted):
            rank = 1
        elif _words_begin(parts, u.folded.split()):
            rank = 2
        else:
            rest.append(u)
            continue
        if kinds and u.type not in kinds:
            rank += 3
        unlike = not names.marked(u.short).startswith(marked) and not names.marked(u.name).startswith(marked)
        ranked.append((rank, unlike, u.sort_key, u.code, u))
    if not ranked and (most := typos_allowed(len(wanted))):
        for u in rest:
            far = OSA.distance(wanted, u.folded, score_cutoff=most)
            if far <= most:
                ranked.append((far, False, u.sort_key, u.code, u))
    ranked.sort(key=lambda found: found[:4])
    return [found[4] for found in ranked[:limit]]


def _words_begin(parts: Sequence[str], words: Sequence[str]) -> bool:
    """Whether each typed part begins a later word of the name than the part before it."""
    at = 0
    for part in parts:
        while at < len(words) and not words[at].startswith(part):
            at += 1
        if at == len(words):
            return False
        at += 1
    return True


def find(
    typed: str, *, on: date | None = None, level: Level | None = None, province: str | None = None, limit: int = 20
) -> list[UnitView]:
    """Units in force on `on` that fit what was typed, without marks, half typed or with a small typo, best first."""
    units = on_day(on)
    pool: Iterable[UnitView]
    if province is not None:
        pool = units.communes.get(province, [])
    elif level == Level.PROVINCE:
        pool = units.provinces
    elif level is None:
        pool = units.by_code.values()
    else:
        pool = (u for u in units.by_code.values() if u.level == level)
    return matching(pool, typed, limit)
