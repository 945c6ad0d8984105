"""What several sheets come to: held against an oracle that is written another way, on all 26 sheets."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.programme import council, scoring
from shop.programme.council import Ballot
from tests.programme.test_sheets import ALL, ROWS, best


@st.composite
def sheets_of(draw: Any, most: int = 7) -> tuple[int, list[Ballot]]:
    """A sheet's number and some members' full sheets, good ones often, so that the upper bands are met too."""
    number = draw(st.integers(1, 26))
    sheet = ALL[number]
    stops = [stop.code for stop in sheet.stops if stop.kind == "found"]
    found = []
    for _ in range(draw(st.integers(1, most))):
        answers = best(number) if draw(st.booleans()) else {}
        for q in sheet.questions:
            if q.code not in answers or draw(st.integers(0, 9)) == 0:
                answers[q.code] = draw(st.integers(0, len(q.options) - 1))
        found.append(Ballot(answers, [code for code in stops if draw(st.integers(0, 7)) == 0]))
    return number, found


def oracle(number: int, ballots: list[Ballot]) -> tuple[int, int, int]:
    """Hundredths of points, stars, stars by points: from the rows of the decision, by counting, without the rules' own code."""
    sheet = ALL[number]
    n = len(ballots)
    hundredths = sum(
        option.points * 100 // 1
        for b in ballots
        for q in sheet.questions
        for i, option in enumerate(q.options)
        if b.answers.get(q.code) == i
    )
    average = hundredths / n
    by_points = 1 + (average >= 3000) + (average >= 5000) + (average >= 7000) + (average >= 9000)
    allowed = 5
    for stars in (5, 4, 3):
        for q in sheet.questions:
            for i, option in enumerate(q.options):
                if option.min_star != stars:
                    continue
                better = {
                    k
                    for k, other in enumerate(q.options)
                    if other.points > option.points or (other.points == option.points and k >= i)
                }
                if sum(b.answers.get(q.code) in better for b in ballots) <= n - sum(
                    b.answers.get(q.code) in better for b in ballots
                ):
                    allowed = min(allowed, stars - 1)
    stars = min(by_points, allowed)
    for stop in sheet.stops:
        if stop.kind == "found":
            said = sum(stop.code in b.stops for b in ballots)
        else:
            section = next(x for x in sheet.sections if x.code == stop.section)
            said = sum(any(q.options[b.answers[q.code]].points == 0 for q in section.questions) for b in ballots)
        if said > n - said:
            stars = 0
    return hundredths // n, stars, by_points


@given(sheets_of())
def test_points_and_stars_are_those_of_the_oracle(drawn: tuple[int, list[Ballot]]) -> None:
    number, ballots = drawn
    outcome = council.reckon(ALL[number], ballots)
    assert (int(outcome.total * 100), outcome.stars, outcome.by_points) == oracle(number, ballots)


@given(sheets_of(most=1))
def test_one_sheet_comes_to_what_the_sheet_itself_does(drawn: tuple[int, list[Ballot]]) -> None:
    number, (ballot,) = drawn
    alone = scoring.score(ALL[number], ballot.answers, ballot.stops)
    outcome = council.reckon(ALL[number], [ballot])
    assert (outcome.total, outcome.stars, outcome.by_points) == (alone.total, alone.stars, alone.by_points)


@given(sheets_of(), st.randoms())
def test_the_order_of_members_does_not_matter(drawn: tuple[int, list[Ballot]], chance: Any) -> None:
    number, ballots = drawn
    mixed = list(ballots)
    chance.shuffle(mixed)
    assert council.reckon(ALL[number], ballots) == council.reckon(ALL[number], mixed)


@given(sheets_of())
def test_what_is_shown_is_in_the_band_that_was_reached(drawn: tuple[int, list[Ballot]]) -> None:
    outcome = council.reckon(ALL[drawn[0]], drawn[1])
    assert scoring.band(outcome.total) == outcome.by_points
    assert outcome.total == outcome.total.quantize(Decimal("0.01"))


@given(sheets_of(), st.integers(0, 200))
def test_a_better_answer_never_costs_points(drawn: tuple[int, list[Ballot]], which: int) -> None:
    number, ballots = drawn
    questions = ALL[number].questions
    q = questions[which % len(questions)]
    top = max(range(len(q.options)), key=lambda i: q.options[i].points)
    better = [Ballot({**b.answers, q.code: top}, b.stops) for b in ballots]
    assert council.reckon(ALL[number], better).total >= council.reckon(ALL[number], ballots).total


def test_89_99_is_four_stars() -> None:
    """Two thirds of a point below ninety: three sheets of 90, 90 and 89 points."""
    sheet = ALL[8]
    full = best(8)
    three = []
    for wanted in (90, 90, 89):
        answers, left = dict(full), 100 - wanted
        for q in sheet.questions:
            for i, option in enumerate(q.options):
                lost = q.points - option.points
                if 0 < lost <= left and answers[q.code] == full[q.code] and not any(o.min_star for o in q.options):
                    answers[q.code], left = i, left - lost
                    break
        assert left == 0
        three.append(Ballot(answers))
    outcome = council.reckon(sheet, three)
    assert (outcome.total, outcome.by_points, outcome.stars) == (Decimal("89.66"), 4, 4)


def test_a_minimum_that_half_reached_is_missed() -> None:
    sheet, full = ALL[8], best(8)
    code, position = next((q.code, i) for q in sheet.questions for i, o in enumerate(q.options) if o.min_star == 5)
    low = {**full, code: 0}
    two_of_four = council.reckon(sheet, [Ballot(full), Ballot(full), Ballot(low), Ballot(low)])
    assert two_of_four.stars < 5 and any(
        (m.question.code, m.option, m.reached, m.of) == (code, position, 2, 4) for m in two_of_four.missed
    )
    three_of_five = council.reckon(sheet, [Ballot(full)] * 3 + [Ballot(low)] * 2)
    assert three_of_five.stars == 5 and not three_of_five.missed


def test_one_member_alone_does_not_stop_a_dossier() -> None:
    sheet, full = ALL[8], best(8)
    one = council.reckon(sheet, [Ballot(full, ["ho-so"]), Ballot(full), Ballot(full)])
    assert one.stars == 5 and not one.stopped
    two = council.reckon(sheet, [Ballot(full, ["ho-so"])] * 2 + [Ballot(full)])
    assert two.stars == 0 and [(stop.code, n) for stop, n in two.stopped] == [("ho-so", 2)]


@given(sheets_of(), st.integers(10, 100))
def test_gaps_are_the_questions_that_lie_apart(drawn: tuple[int, list[Ballot]], percent: int) -> None:
    number, ballots = drawn
    found = {gap.question.code for gap in council.gaps(ALL[number], ballots, percent)}
    for q in ALL[number].questions:
        points = [q.options[b.answers[q.code]].points for b in ballots]
        wide = (
            len(points) > 1 and max(points) != min(points) and (max(points) - min(points)) / q.points >= percent / 100
        )
        assert (q.code in found) == wide


@pytest.mark.parametrize(
    ("may", "percent", "least"), [(5, 67, 4), (4, 67, 3), (3, 67, 3), (1, 67, 1), (0, 67, 1), (6, 50, 3)]
)
def test_how_many_sheets_are_needed(may: int, percent: int, least: int) -> None:
    assert council.needed(may, percent) == least


def test_a_council_without_sheets_has_no_result() -> None:
    with pytest.raises(ValueError, match="without sheets"):
        council.reckon(ALL[1], [])
    assert len(ROWS) == 3613
