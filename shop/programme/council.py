"""What the sheets of a council's members come to together. Pure, no database.

The mean of the totals gives the stars by the half-open bands (Decision 26/2026/QĐ-TTg, art. 3.3). It is kept with two decimals,
rounded down: the bands begin at whole points, so that what is shown never looks like a band that was not reached. The decision
does not say how several sheets meet a minimum; our reading: a minimum is met, and a ground that stops the assessment is there,
if more than half of the sheets say so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import floor

from shop.programme import scoring
from shop.programme.sheets import Question, Sheet, Stop


@dataclass(frozen=True, slots=True)
class Ballot:
    """One member's sheet."""

    answers: Mapping[str, int]
    stops: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Missed:
    """A minimum for `stars` that not more than half reached: `reached` of `of` sheets did."""

    question: Question
    stars: int
    option: int
    reached: int
    of: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """`stars` is 0 if more than half found a ground that stops the assessment."""

    total: Decimal
    parts: dict[str, Decimal]
    stars: int
    by_points: int
    sheets: int
    missed: tuple[Missed, ...]
    stopped: tuple[tuple[Stop, int], ...]

    def lacks(self, stars: int) -> tuple[Missed, ...]:
        """What keeps from `stars`, minimums of lower stars included; the highest need of a question stands for all."""
        found: dict[str, Missed] = {}
        for one in self.missed:
            if one.stars <= stars:
                before = found.get(one.question.code)
                if before is None or before.option < one.option:
                    found[one.question.code] = one
        return tuple(found.values())


def rounded(exact: Fraction) -> Decimal:
    """Two decimals, rounded down."""
    return Decimal(floor(exact * 100)).scaleb(-2)


def reckon(sheet: Sheet, ballots: Sequence[Ballot]) -> Outcome:
    """The council's result.

    Raises:
        ValueError: there is no sheet.
        Invalid: an answer or ground is not one of the sheet's.
    """
    if not ballots:
        raise ValueError("a council without sheets has no result")
    each = [scoring.score(sheet, ballot.answers, ballot.stops) for ballot in ballots]
    n = len(each)
    missed = []
    for question in sheet.questions:
        for position, option in enumerate(question.options):
            if option.min_star is None:
                continue
            reached = sum(scoring.reaches(question, b.answers.get(question.code), position) for b in ballots)
            if reached * 2 <= n:
                missed.append(Missed(question, option.min_star, position, reached, n))
    stopped = []
    for stop in sheet.stops:
        found = sum(stop in result.stopped for result in each)
        if found * 2 > n:
            stopped.append((stop, found))
    total = rounded(Fraction(sum(result.total for result in each), n))
    stars = by_points = scoring.band(total)
    while stars in scoring.STARRED and any(one.stars <= stars for one in missed):
        stars -= 1
    parts = {part: rounded(Fraction(sum(result.parts[part] for result in each), n)) for part in "ABC"}
    return Outcome(total, parts, 0 if stopped else stars, by_points, n, tuple(missed), tuple(stopped))


@dataclass(frozen=True, slots=True)
class Gap:
    """A question on which members are far apart: the points of each, in the order of the sheets."""

    question: Question
    points: tuple[int, ...]

    @property
    def low(self) -> int:
        return min(self.points)

    @property
    def high(self) -> int:
        return max(self.points)


def gaps(sheet: Sheet, ballots: Sequence[Ballot], percent: int) -> list[Gap]:
    """The questions on which the sheets differ by `percent` or more of what the question gives at most, the widest first."""
    found = []
    for question in sheet.questions:
        points = tuple(question.options[b.answers[question.code]].points for b in ballots if question.code in b.answers)
        if len(points) > 1 and max(points) > min(points):
            gap = Gap(question, points)
            if (gap.high - gap.low) * 100 >= percent * question.points:
                found.append(gap)
    return sorted(found, key=lambda g: Fraction(g.low - g.high, g.question.points))


def needed(eligible: int, percent: int) -> int:
    """How many sheets close a dossier that `eligible` members may score: `percent` of them, rounded up, one at least."""
    return max(1, -(-eligible * percent // 100))
