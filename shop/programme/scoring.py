"""What a filled-in sheet comes to: points, stars, and what is missing for the next star. Pure, no database.

Stars by half-open bands of the total (Decision 26/2026/QĐ-TTg, Art. 3.3): from 90 five, 70 four, 50 three, 30 two, below one.
Points alone are not enough: options marked with N stars are the least that N stars and more need (note under every sheet; that
higher stars need them too is our reading). What stops an assessment leaves no stars at all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from shop.kernel.errors import N_, Invalid
from shop.programme.sheets import Question, Sheet, Stop

BANDS = ((90, 5), (70, 4), (50, 3), (30, 2))
# Minimums are set for these; below three stars there is neither decision nor certificate (Art. 4.1).
STARRED = (3, 4, 5)
NO_SUCH_ANSWER = N_("Lựa chọn này không có trong phiếu chấm.")
Number = int | Decimal


def band(total: Number) -> int:
    """The stars that `total` points (0 to 100) reach, minimums aside: 1 to 5."""
    return next((stars for least, stars in BANDS if total >= least), 1)


def least(stars: int) -> int:
    """The points from which on `stars` are given; 0 for one star."""
    return next((points for points, n in BANDS if n == stars), 0)


@dataclass(frozen=True, slots=True)
class Lack:
    """An answer below the least for `stars`: what the question needs."""

    question: Question
    stars: int
    option: int


@dataclass(frozen=True, slots=True)
class Result:
    """`stars` is 0 if something stopped the assessment. `missed` are the minimums not reached, by question."""

    total: int
    parts: dict[str, int]
    stars: int
    by_points: int
    unanswered: tuple[Question, ...]
    stopped: tuple[Stop, ...]
    missed: tuple[Lack, ...]

    def lacks(self, stars: int) -> tuple[Lack, ...]:
        """What keeps from `stars`, minimums of lower stars included; the highest need of a question stands for all."""
        found: dict[str, Lack] = {}
        for lack in self.missed:
            if lack.stars <= stars:
                before = found.get(lack.question.code)
                if before is None or before.option < lack.option:
                    found[lack.question.code] = lack
        return tuple(found.values())

    def points_to(self, stars: int) -> int:
        """How many points are missing for `stars`; 0 if there are enough."""
        return max(0, least(stars) - self.total)

    @property
    def next_star(self) -> int | None:
        """The next star that a certificate is given for; None above five stars."""
        return None if self.stars >= STARRED[-1] else max(self.stars + 1, STARRED[0])


def reaches(question: Question, chosen: int | None, wanted: int) -> bool:
    """Whether the answer at position `chosen` is at least that at `wanted`: more points, or as many and no earlier."""
    if chosen is None:
        return False
    mine, least_one = question.options[chosen], question.options[wanted]
    return (mine.points, chosen) >= (least_one.points, wanted)


def known(sheet: Sheet, answers: Mapping[str, int]) -> dict[str, int]:
    """Those of `answers` that are the sheet's own, in its order."""
    return {q.code: n for q in sheet.questions if 0 <= (n := answers.get(q.code, -1)) < len(q.options)}


def checked(sheet: Sheet, answers: Mapping[str, int], found: Collection[str]) -> dict[str, int]:
    """`answers` (question's code → position of the option, from 0) if each is one of the sheet's.

    Raises:
        Invalid: a question or option is not of this sheet (field `q-<code>`), or a ground is not.
    """
    mine = known(sheet, answers)
    if strange := sorted(set(answers) - set(mine)):
        raise Invalid(NO_SUCH_ANSWER, field=f"q-{strange[0]}"[:40])
    if not set(found) <= {stop.code for stop in sheet.stops if stop.kind == "found"}:
        raise Invalid(N_("Lý do dừng này không có trong phiếu chấm."), field="stops")
    return mine


def score(sheet: Sheet, answers: Mapping[str, int], found: Collection[str] = ()) -> Result:
    """What the sheet comes to; a question without an answer gives 0 and reaches no minimum. `found`: codes of the grounds that
    somebody says are there.

    Raises:
        Invalid: see `checked`.
    """
    answers = checked(sheet, answers, found)
    parts = dict.fromkeys("ABC", 0)
    missed: list[Lack] = []
    stopped = [stop for stop in sheet.stops if stop.code in found]
    for section in sheet.sections:
        for question in section.questions:
            chosen = answers.get(question.code)
            if chosen is not None:
                parts[section.part] += question.options[chosen].points
            for position, option in enumerate(question.options):
                if option.min_star is not None and not reaches(question, chosen, position):
                    missed.append(Lack(question, option.min_star, position))
        stopped += [
            stop
            for stop in sheet.stops
            if stop.kind == "zero" and stop.section == section.code and _has_nought(section.questions, answers)
        ]
    total = sum(parts.values())
    stars = by_points = band(total)
    while stars in STARRED and any(lack.stars <= stars for lack in missed):
        stars -= 1
    return Result(
        total,
        parts,
        0 if stopped else stars,
        by_points,
        tuple(question for question in sheet.questions if question.code not in answers),
        tuple(stopped),
        tuple(missed),
    )


def _has_nought(questions: Collection[Question], answers: Mapping[str, int]) -> bool:
    return any(q.code in answers and q.options[answers[q.code]].points == 0 for q in questions)
