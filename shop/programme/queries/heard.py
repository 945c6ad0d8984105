"""What came of a hearing, read from what was kept when its session was closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from shop.programme import council as rules
from shop.programme.models.councils import CouncilSession, Hearing
from shop.programme.sheets import Sheet


@dataclass(frozen=True, slots=True)
class Lacking:
    """A minimum for `stars` that not more than half of the sheets reached."""

    code: str
    question: str
    option: str
    stars: int
    position: int
    reached: int
    of: int


@dataclass(frozen=True, slots=True)
class Heard:
    """A hearing of a closed session."""

    hearing_id: int
    session_id: int
    council_id: int
    council: str
    session_number: int
    held_on: date
    total: Decimal
    stars: int
    by_points: int
    parts: dict[str, Decimal]
    sheets: int
    may_score: int
    missed: tuple[Lacking, ...]
    stopped: tuple[tuple[str, int], ...]
    again_why: str | None

    def lacks_for(self, stars: int) -> list[Lacking]:
        """What keeps from `stars`; the highest need of a question stands for all."""
        found: dict[str, Lacking] = {}
        for one in self.missed:
            if one.stars <= stars and (one.code not in found or found[one.code].position < one.position):
                found[one.code] = one
        return list(found.values())


def heard(hearing: Hearing, session: CouncilSession, council: str, sheet: Sheet) -> Heard:
    """A closed hearing as pages tell of it.

    Raises:
        ValueError: it has no result yet.
    """
    if hearing.outcome is None or hearing.total is None or hearing.stars is None:
        raise ValueError("the hearing has no result")
    kept: dict[str, Any] = hearing.outcome
    asked = {q.code: q for q in sheet.questions}
    grounds = {stop.code: stop.label for stop in sheet.stops}
    return Heard(
        hearing.id,
        session.id,
        session.council_id,
        council,
        session.number,
        session.held_on,
        hearing.total,
        hearing.stars,
        int(kept["by_points"]),
        {part: Decimal(points) for part, points in kept["parts"].items()},
        hearing.sheets or 0,
        int(kept["may_score"]),
        tuple(
            Lacking(
                m["code"],
                asked[m["code"]].label,
                asked[m["code"]].options[m["option"]].label,
                m["stars"],
                m["option"],
                m["reached"],
                m["of"],
            )
            for m in kept["missed"]
        ),
        tuple((grounds[s["code"]], s["found"]) for s in kept["stopped"]),
        hearing.again_why,
    )


def distance(gap: rules.Gap) -> int:
    """How far apart a question's sheets are, in percent of what it gives at most."""
    return (gap.high - gap.low) * 100 // gap.question.points
