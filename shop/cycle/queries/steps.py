"""Reads of the six steps: the board of a year, one locality, what blocks, boards and helper teams."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select, true
from sqlalchemy.orm import selectinload

from shop.cycle import localities
from shop.cycle.localities import Locality
from shop.cycle.models.steps import STEPS, Blocker, Board, CycleStep, CycleWord, StepStatus
from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.errors import NotFound


def years() -> list[int]:
    """The years that were opened, the latest first."""
    return list(session().scalars(select(CycleStep.year).distinct().order_by(CycleStep.year.desc())))


def present() -> int | None:
    """The year that people are at work in: this one, or of those that were opened the one before it; a year opened ahead only
    where there is no other. None: no year is open."""
    known = years()
    return next((year for year in known if year <= clock.today().year), known[-1] if known else None)


def steps(year: int) -> list[CycleStep]:
    """The six steps of a year with their days.

    Raises:
        NotFound: the year was not opened.
    """
    if not 2014 <= year <= 2100:
        raise NotFound
    found = list(session().scalars(select(CycleStep).where(CycleStep.year == year).order_by(CycleStep.number)))
    if not found:
        raise NotFound
    return found


def day_of(year: int) -> date:
    """The day whose localities a year has: its last day, today while it runs, its first day before that."""
    return max(date(year, 1, 1), min(date(year, 12, 31), clock.today()))


def codes(scopes: Collection[str]) -> set[str] | None:
    """The localities that `scopes` cover; None: all."""
    if "*" in scopes:
        return None
    return {s.partition(":")[2] for s in scopes if s.startswith("locality:")}


def covered(column: Any, scopes: Collection[str]) -> Any:
    """The condition that a row with this locality may be seen."""
    found = codes(scopes)
    return true() if found is None else column.in_(sorted(found))


@dataclass(slots=True)
class Row:
    """A locality in the board of a year: its six words (None: nobody has said anything), open blockers by step, its boards."""

    locality: Locality
    words: list[CycleWord | None]
    blockers: dict[int, int] = field(default_factory=dict)
    has_board: bool = False
    has_helpers: bool = False

    @property
    def done(self) -> int:
        """Steps that are done or not held this year."""
        return sum(1 for w in self.words if w is not None and w.status in (StepStatus.DONE, StepStatus.NOT_HELD))


def standing(year: int, code: str) -> list[CycleWord | None]:
    """How a locality stands in each of the six steps."""
    rows = session().scalars(
        select(CycleWord).where(
            CycleWord.year == year, CycleWord.locality_code == code, CycleWord.replaced_at.is_(None)
        )
    )
    said = {w.step: w for w in rows}
    return [said.get(n) for n in range(1, STEPS + 1)]


def words_of(year: int, code: str) -> list[CycleWord]:
    """Everything that was said of a locality in a year, the latest first."""
    mine = select(CycleWord).where(CycleWord.year == year, CycleWord.locality_code == code)
    return list(session().scalars(mine.order_by(CycleWord.id.desc()).limit(60)))


def board(year: int, scopes: Collection[str]) -> list[Row]:
    """The localities of a year that `scopes` cover, each with its steps. A fixed number of statements."""
    day = day_of(year)
    seen = codes(scopes)
    said: dict[str, dict[int, CycleWord]] = defaultdict(dict)
    for w in session().scalars(select(CycleWord).where(CycleWord.year == year, CycleWord.replaced_at.is_(None))):
        said[w.locality_code][w.step] = w
    blocked: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for b in session().execute(select(Blocker.locality_code, Blocker.step).where(*_open_in(year))):
        blocked[b.locality_code][b.step] += 1
    boards = boards_on(day)
    return [
        Row(
            found,
            [said[found.code].get(n) for n in range(1, STEPS + 1)],
            dict(blocked[found.code]),
            (found.code, "board") in boards,
            (found.code, "helpers") in boards,
        )
        for found in localities.of_day(day)
        if seen is None or found.code in seen
    ]


def _open_in(year: int) -> tuple[Any, ...]:
    return (
        Blocker.opened_on <= date(year, 12, 31),
        (Blocker.solved_on.is_(None)) | (Blocker.solved_on > day_of(year)),
    )


def boards_on(day: date) -> set[tuple[str, str]]:
    """(locality, kind) of the boards and helper teams that stood on `day`."""
    rows = session().execute(
        select(Board.locality_code, Board.kind).where(
            Board.set_up_on <= day, Board.ended_on.is_(None) | (Board.ended_on > day)
        )
    )
    return {(code, kind.value) for code, kind in rows}


def boards(code: str) -> list[Board]:
    """Boards and helper teams of a locality, the living ones first, with their members."""
    mine = select(Board).where(Board.locality_code == code).options(selectinload(Board.members))
    return sorted(session().scalars(mine), key=lambda b: (b.ended_on is not None, b.kind.value, -b.id))


def board_by(reference: str) -> Board:
    """One board or helper team.

    Raises:
        NotFound.
    """
    found = session().scalar(select(Board).where(Board.reference == reference).options(selectinload(Board.members)))
    if found is None:
        raise NotFound
    return found


def blockers(code: str, first: date, last: date) -> list[Blocker]:
    """What blocked a locality at any time from `first` through `last`, by step."""
    mine = select(Blocker).where(
        Blocker.locality_code == code,
        Blocker.opened_on <= last,
        Blocker.solved_on.is_(None) | (Blocker.solved_on >= first),
    )
    return list(session().scalars(mine.order_by(Blocker.step, Blocker.id)))


def open_blockers(scopes: Collection[str], *, answered: bool | None = None) -> list[Blocker]:
    """What blocks now, unanswered first, then the oldest; `answered` narrows to those with or without an answer."""
    mine = select(Blocker).where(Blocker.solved_on.is_(None), covered(Blocker.locality_code, scopes))
    if answered is not None:
        mine = mine.where(Blocker.answered_at.is_not(None) if answered else Blocker.answered_at.is_(None))
    return sorted(session().scalars(mine), key=lambda b: (b.answered_at is not None, b.opened_on, b.id))


def blocker(reference: str) -> Blocker:
    """One blocker.

    Raises:
        NotFound.
    """
    found = session().scalar(select(Blocker).where(Blocker.reference == reference))
    if found is None:
        raise NotFound
    return found


def blocker_scope(reference: str, **_values: Any) -> str | None:
    """A guard's scope: the locality whose blocker it is."""
    code = session().scalar(select(Blocker.locality_code).where(Blocker.reference == reference))
    return f"locality:{code}" if code else None


def board_scope(reference: str, **_values: Any) -> str | None:
    """A guard's scope: the locality whose board it is."""
    code = session().scalar(select(Board.locality_code).where(Board.reference == reference))
    return f"locality:{code}" if code else None


def locality_scope(code: str, **_values: Any) -> str:
    """A guard's scope: the locality that the address names."""
    return f"locality:{code}"
