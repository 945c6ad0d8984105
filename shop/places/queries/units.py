"""Units on a day: the lists of the address picker, names for people, codes of a form.

The units in force on a day are kept in memory of each process; a change by another process is noticed within
`FRESH_SECONDS`.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask import current_app
from sqlalchemy import Select, and_, func, or_, select

from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.errors import N_, Invalid
from shop.places.models import Edition, Level, Unit, UnitType

FRESH_SECONDS = 5.0
# The province's summary of a month asks for about six days: the ends of the month, of the one before and of the one a year ago,
# the day of the plan, today. With fewer each page of it reads the units again. A day takes about a megabyte.
_DAYS_KEPT = 8


@dataclass(frozen=True, slots=True)
class UnitView:
    """A unit as it is (or was) between its dates."""

    id: int
    code: str
    name: str
    short: str
    type: UnitType
    level: Level
    parent_code: str | None
    valid_from: date | None
    valid_to: date | None
    from_exact: bool
    folded: str
    sort_key: str

    def on(self, day: date) -> bool:
        """Whether it is in force on `day`."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day < self.valid_to)


COLUMNS: tuple[Any, ...] = (
    Unit.id, Unit.code, Unit.name, Unit.short, Unit.type, Unit.level, Unit.parent_code,
    Unit.valid_from, Unit.valid_to, Unit.from_exact, Unit.folded, Unit.sort_key,
)  # fmt: skip


def read_units(query: Select[Any]) -> list[UnitView]:
    return [UnitView(*row) for row in session().execute(query)]


def in_force(day: date) -> Any:
    return and_(
        or_(Unit.valid_from.is_(None), Unit.valid_from <= day),
        or_(Unit.valid_to.is_(None), Unit.valid_to > day),
    )


# --- the units of a day, in memory -----------------------------------------------------------------------------------


@dataclass(slots=True)
class Gazetteer:
    """All units in force on one day."""

    provinces: list[UnitView]
    communes: dict[str, list[UnitView]]
    by_code: dict[str, UnitView]


@dataclass(slots=True)
class _Memory:
    """What a process remembers of one edition of the units."""

    edition: int = -1
    checked_at: float = -1e9
    days: dict[date, Gazetteer] = field(default_factory=dict)
    vocabulary: frozenset[str] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


def forget() -> None:
    """Drop what this process remembers; the next read asks the database."""
    current_app.extensions.pop("shop_places", None)


def _memory() -> _Memory:
    memory: _Memory = current_app.extensions.setdefault("shop_places", _Memory())
    if time.monotonic() - memory.checked_at > FRESH_SECONDS:
        edition = session().scalar(select(func.coalesce(func.max(Edition.id), 0))) or 0
        if edition != memory.edition:
            memory = _Memory(edition)
            current_app.extensions["shop_places"] = memory
        memory.checked_at = time.monotonic()
    return memory


def edition() -> int:
    """The number of the present edition of the units; it grows with each load and each change by staff."""
    return _memory().edition


def on_day(day: date | None = None) -> Gazetteer:
    """All units in force on `day` (today if none is given)."""
    day = day or clock.today()
    memory = _memory()
    found = memory.days.get(day)
    if found is None:
        found = _read_day(day)
        with memory.lock:
            while len(memory.days) >= _DAYS_KEPT:
                memory.days.pop(next(iter(memory.days)))
            memory.days[day] = found
    return found


def _read_day(day: date) -> Gazetteer:
    units = read_units(select(*COLUMNS).where(in_force(day)).order_by(Unit.sort_key, Unit.code))
    communes: dict[str, list[UnitView]] = defaultdict(list)
    by_code = {unit.code: unit for unit in units}
    for unit in units:
        if unit.level is Level.COMMUNE and unit.parent_code:
            parent = by_code.get(unit.parent_code)
            # Before July 2025 a district stands between commune and province.
            home = parent.parent_code if parent and parent.level is Level.DISTRICT else unit.parent_code
            communes[home or ""].append(unit)
    return Gazetteer([u for u in units if u.level is Level.PROVINCE], dict(communes), by_code)


def provinces(on: date | None = None) -> list[UnitView]:
    """The provinces in force on `on` (today), in the order of their names."""
    return on_day(on).provinces


def communes(province: str, on: date | None = None) -> list[UnitView]:
    """The communes, wards and special zones of a province in force on `on`, in the order of their names."""
    return on_day(on).communes.get(province, [])


def unit(code: str, on: date | None = None) -> UnitView | None:
    """The unit that has `code` on `on` (today), or None."""
    return on_day(on).by_code.get(code)


def province_choices(on: date | None = None) -> list[tuple[str, str]]:
    """(code, short name) of all provinces, for the address picker."""
    return [(u.code, u.short) for u in provinces(on)]


def commune_choices(province: str | None, on: date | None = None) -> list[tuple[str, str]]:
    """(code, full name) of the communes of a province, for the address picker; empty without a known province."""
    return [(u.code, u.name) for u in communes(province or "", on)]


def display(code: str, on: date | None = None) -> str:
    """The unit with all above it, as people write it: `Phường Hạ Long, Thành phố Quảng Ninh`; empty for an unknown code."""
    units = on_day(on).by_code
    shown: list[str] = []
    here = units.get(code)
    while here is not None and len(shown) < 3:
        shown.append(here.name)
        here = units.get(here.parent_code or "")
    return ", ".join(shown)


# --- codes of a form ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Address:
    """A province and one of its communes, checked; `text` is for people."""

    province: UnitView
    commune: UnitView

    @property
    def text(self) -> str:
        return f"{self.commune.name}, {self.province.name}"


def check_address(province: str | None, commune: str | None, on: date | None = None) -> Address:
    """Return the units that the codes of a form name on `on` (today).

    Raises:
        Invalid: `field` is `province` or `commune`: missing, unknown, no longer in force, or not of that province.
    """
    units = on_day(on)
    province, commune = (province or "").strip(), (commune or "").strip()
    home = units.by_code.get(province)
    if not province:
        raise Invalid(N_("Vui lòng chọn tỉnh, thành phố."), field="province")
    if home is None or home.level is not Level.PROVINCE:
        raise Invalid(N_("Không có tỉnh, thành phố này. Vui lòng chọn lại trong danh sách."), field="province")
    if not commune:
        raise Invalid(N_("Vui lòng chọn xã, phường hoặc đặc khu."), field="commune")
    place = units.by_code.get(commune)
    if place is None or place.level is not Level.COMMUNE:
        raise Invalid(
            N_("Không có xã, phường này, hoặc đơn vị đã sáp nhập. Vui lòng chọn lại trong danh sách."), field="commune"
        )
    if place not in units.communes.get(province, []):
        raise Invalid(
            N_("%(commune)s không thuộc %(province)s. Vui lòng chọn lại."),
            field="commune", commune=place.name, province=home.name,
        )  # fmt: skip
    return Address(home, place)


def vocabulary() -> frozenset[str]:
    memory = _memory()
    if memory.vocabulary is None:
        memory.vocabulary = frozenset(session().scalars(select(Unit.folded).distinct()))
    return memory.vocabulary


def ancestors(units: Sequence[UnitView]) -> dict[int, list[UnitView]]:
    """The units above each of `units` in its own time, lowest first."""
    known: dict[str, list[UnitView]] = {}
    missing = {u.parent_code for u in units if u.parent_code}
    for _ in range(2):
        missing -= set(known)
        if not missing:
            break
        rows = read_units(select(*COLUMNS).where(Unit.code.in_(missing)))
        for gone in missing:
            known[gone] = [r for r in rows if r.code == gone]
        missing = {r.parent_code for r in rows if r.parent_code}
    found: dict[int, list[UnitView]] = {}
    for u in units:
        line: list[UnitView] = []
        code: str | None = u.parent_code
        while code and len(line) < 2:
            of_its_time = [p for p in known.get(code, []) if _overlap(u, p)]
            if not of_its_time:
                break
            # A parent may have changed its rank during the unit's life: the latest name is the one people use.
            parent = max(of_its_time, key=lambda p: p.valid_from or date.min)
            line.append(parent)
            code = parent.parent_code
        found[u.id] = line
    return found


def _overlap(a: UnitView, b: UnitView) -> bool:
    return (a.valid_from or date.min) < (b.valid_to or date.max) and (b.valid_from or date.min) < (
        a.valid_to or date.max
    )
