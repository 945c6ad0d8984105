"""Which localities a day had, and to which of them a place belongs: districts until 30 June 2025, since then communes, wards
and special zones (Resolution 1679/NQ-UBTVQH15)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from shop.kernel.db import session
from shop.places import names
from shop.places import queries as places
from shop.places.models import HOME_PROVINCE, Level, Succession, UnitType
from shop.places.services import REFORM

# What nobody can put into one locality: its place is not known, or lies in units of two districts.
UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class Locality:
    """A unit below the province that reports to it: `code` is the code of its time."""

    code: str
    name: str
    short: str
    kind: UnitType
    sort_key: str

    @property
    def scope(self) -> str:
        """The scope of grants for it."""
        return f"locality:{self.code}"


def of_day(day: date) -> list[Locality]:
    """The localities in force on `day`, in the order of their names: districts if the province had any, else its communes."""
    known = places.on_day(day)
    districts = [u for u in known.by_code.values() if u.level is Level.DISTRICT and u.parent_code == HOME_PROVINCE]
    units = sorted(districts, key=lambda u: (u.sort_key, u.code)) or known.communes.get(HOME_PROVINCE, [])
    return [Locality(u.code, u.name, u.short, u.type, u.sort_key) for u in units]


def find(code: str, day: date) -> Locality | None:
    """The locality of this code on `day`; None: there is none (not yet, or it has ceased)."""
    return next((found for found in of_day(day) if found.code == code), None)


def heirs(code: str, day: date) -> list[str]:
    """Names of the units in which the unit of this code, in force before `day`, lives on after the reform."""
    now = places.on_day(day).by_code
    rows = session().scalars(
        select(Succession.new_code)
        .where(Succession.old_code.in_(_below(code)), Succession.changed_on <= day)
        .distinct()
    )
    return sorted({now[new].name for new in rows if new in now})


def _below(code: str) -> list[str]:
    """A unit of the time before the reform and what lay in it."""
    before = places.on_day(date(2025, 6, 30)).by_code.values()
    return [code, *(u.code for u in before if u.parent_code == code)]


class Finder:
    """Puts places into the localities of one day.

    Places are kept as codes of today's communes, or as words of their source (an old commune and its district). A commune
    made from parts of two districts is in neither for certain; then the words decide, else nobody knows (`UNKNOWN`).
    """

    def __init__(self, day: date) -> None:
        self.all = of_day(day)
        self.by_code = {found.code: found for found in self.all}
        self.districts = bool(self.all) and self.all[0].kind not in {
            UnitType.WARD, UnitType.COMMUNE, UnitType.TOWNSHIP, UnitType.SPECIAL_ZONE,
        }  # fmt: skip
        self._day = day
        self._lives_on: dict[str, str] = {}
        self._above: dict[str, set[str]] = _districts_of(day) if self.districts else {}
        self._words = {
            names.fold(found.short): found.code
            for found in self.all
            # Of the new units only special zones hold a whole old district of the same name.
            if self.districts or found.kind is UnitType.SPECIAL_ZONE
        }

    def of(self, commune_code: str | None, words: str | None) -> str:
        """The code of the locality, `UNKNOWN` if it cannot be told."""
        if commune_code and not self.districts:
            return commune_code if commune_code in self.by_code else self._heir(commune_code)
        said = self._words.get(names.fold((words or "").rpartition(",")[2]), UNKNOWN)
        if not commune_code:
            return said
        above = self._above.get(commune_code, set())
        if len(above) == 1:
            return next(iter(above))
        return said if said in above else UNKNOWN

    def _heir(self, code: str) -> str:
        """The one unit of the day that took the place of a commune that has ceased; of several nobody can tell which."""
        if code not in self._lives_on:
            found = [h.unit.code for h in places.heirs(code, self._day) if h.unit.code in self.by_code]
            self._lives_on[code] = found[0] if len(found) == 1 else UNKNOWN
        return self._lives_on[code]


def _districts_of(day: date) -> dict[str, set[str]]:
    """Code of today's commune → codes of the districts of `day` in which its parts lay."""
    then = places.on_day(day).by_code
    last = places.on_day(date(2025, 6, 30)).by_code
    found: dict[str, set[str]] = defaultdict(set)
    rows = session().execute(select(Succession.old_code, Succession.new_code).where(Succession.changed_on == REFORM))
    for old, new in rows:
        unit = then.get(old) or last.get(old)
        if unit is not None and unit.parent_code and unit.parent_code in then:
            found[new].add(unit.parent_code)
    return found
