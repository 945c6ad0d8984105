"""What sources told of the programme at the end of a year before this shop counted: figures side by side."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select

from shop.catalog.models import ProductGroup
from shop.cycle import localities
from shop.cycle.localities import Locality
from shop.kernel.db import session
from shop.kernel.errors import NotFound
from shop.programme import ntm
from shop.programme.models.ntm import ProgrammeFigure


@dataclass(frozen=True, slots=True)
class Subject:
    """One subject with everything that sources say of it. Nobody chooses: `values` are the different numbers, `disputed` says
    that there is more than one."""

    key: str
    name: str
    figures: list[ProgrammeFigure]
    values: list[int]

    @property
    def disputed(self) -> bool:
        """Whether sources give different numbers."""
        return len(self.values) > 1


@dataclass(frozen=True, slots=True)
class YearEnd:
    """A year as sources tell it: subjects, sources that contradict themselves, the localities and groups of its time."""

    year: int
    subjects: list[Subject]
    gaps: list[ntm.Gap]
    places: list[Locality]
    groups: list[ProductGroup] = field(default_factory=list)

    def of(self, key: str) -> Subject | None:
        """One subject; None: no source speaks of it."""
        return next((s for s in self.subjects if s.key == key), None)


def year_end(year: int) -> YearEnd:
    """Everything told as of a day of `year`.

    Raises:
        NotFound: no source speaks of it.
    """
    if not 2009 <= year <= 2100:
        raise NotFound
    figures = list(
        session().scalars(
            select(ProgrammeFigure)
            .where(ProgrammeFigure.as_of >= date(year, 1, 1), ProgrammeFigure.as_of <= date(year, 12, 31))
            .order_by(ProgrammeFigure.id)
        )
    )
    if not figures:
        raise NotFound
    told = [ntm.Told(f.subject, f.value, f.written, f.source_title) for f in figures]
    subjects = []
    for key in dict.fromkeys(f.subject for f in figures):
        mine = [f for f in figures if f.subject == key]
        values = list(dict.fromkeys(f.value for f in mine if f.value is not None))
        subjects.append(Subject(key, ntm.SUBJECT_NAMES.get(key, key), mine, values))
    groups = list(
        session().scalars(
            select(ProductGroup).where(ProductGroup.scheme == str(year)).order_by(ProductGroup.number, ProductGroup.id)
        )
    )
    return YearEnd(year, subjects, ntm.gaps(told), localities.of_day(date(year, 12, 31)), groups)


def years() -> list[int]:
    """The years of which sources speak, the latest first."""
    return sorted({day.year for day in session().scalars(select(ProgrammeFigure.as_of).distinct())}, reverse=True)
