"""The official sheets as data: 26 of them, each of 40, 25 and 35 points, read as the decision means them."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.kernel.errors import Invalid
from shop.programme import scoring, sheets
from shop.programme.services.scoring import DATA

with (DATA / "scoring_2026.csv").open(encoding="utf-8", newline="") as _stream:
    ROWS = list(csv.DictReader(_stream))
ALL = {sheet.number: sheet for sheet in sheets.parse(ROWS)}


def rows(number: int, kind: str) -> list[dict[str, str]]:
    return [row for row in ROWS if row["set_no"] == str(number) and row["kind"] == kind]


def test_there_are_twenty_six() -> None:
    assert sorted(ALL) == list(range(1, 27))


@pytest.mark.parametrize("number", range(1, 27))
def test_every_sheet_adds_up(number: int) -> None:
    """The sums are taken from the rows themselves, not from what was made of them."""
    sums: dict[str, int] = defaultdict(int)
    for row in rows(number, "section"):
        sums[row["part"]] += int(row["points"])
    assert sums == {"A": 40, "B": 25, "C": 35}
    assert {part: ALL[number].points(part) for part in "ABC"} == sums
    assert sum(question.points for question in ALL[number].questions) == 100


@pytest.mark.parametrize("number", range(1, 27))
def test_no_answer_of_the_rows_is_lost(number: int) -> None:
    sheet = ALL[number]
    read = [(o.label, o.points, o.min_star) for q in sheet.questions for o in q.options if o.label not in sheets.YES_NO]
    written = [
        (row["label"], int(row["points"]), int(row["min_star"]) if row["min_star"] else None)
        for row in rows(number, "option")
        if row["label"] not in sheets.YES_NO
    ]
    assert read == written
    assert sheets.restored(sheet.stored()) == sheet


def question(number: int, code: str) -> sheets.Question:
    return next(q for q in ALL[number].questions if q.code == code)


def test_a_criterion_of_several_questions_is_asked_in_parts() -> None:
    codes = [q.code for q in ALL[11].questions if q.code.startswith("6.")]
    assert codes == ["6.1.1", "6.1.2", "6.2.1", "6.2.2", "6.2.3"]
    assert question(11, "6.2.3").points == 5 and question(11, "6.2.3").under == "6.2. Nước pha"


def test_a_criterion_without_answers_is_all_or_nothing() -> None:
    assert [(o.label, o.points) for o in question(1, "2.4").options] == [("Không", 0), ("Có", 1)]


def test_of_two_cases_one_is_scored() -> None:
    asked = question(26, "8")
    assert [o.points for o in asked.options] == [1, 3, 1, 3] and asked.points == 3
    assert [o.case.split(":")[0] for o in asked.options if o.case] == ["Trường hợp 1"] * 2 + ["Trường hợp 2"] * 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda row: row | {"points": "19"} if row["kind"] == "section" else row, "part A"),
        (lambda row: row | {"kind": "criterium"} if row["kind"] == "criterion" else row, "unknown kind"),
        (
            lambda row: row | {"points": "9"} if row["criterion"] == "1.1" and row["kind"] == "criterion" else row,
            "section 1",
        ),
    ],
)
def test_a_sheet_that_does_not_add_up_is_refused(change: Callable[[dict[str, str]], dict[str, str]], said: str) -> None:
    spoilt = [change(row) for row in ROWS if row["set_no"] == "1"]
    with pytest.raises(ValueError, match=said):
        sheets.parse(spoilt)


# --- scoring, beside a plain reading of the rows ---------------------------------------------------------------


def oracle(number: int, answers: dict[str, int]) -> tuple[int, int]:
    """Points and stars from the rows themselves: no tree, no classes, the rule as the decision words it."""
    total, reached = 0, 5
    blocks: dict[str, list[dict[str, str]]] = {}
    code = ""
    for row in ROWS:
        if row["set_no"] != str(number):
            continue
        if row["kind"] in {"section", "criterion"}:
            code = row["criterion"] or row["section"]
            if row["kind"] == "criterion":
                blocks.setdefault(code, [])
        elif row["kind"] == "note" and row["points"]:
            blocks.pop(code, None) if not blocks.get(code) else None
            code = row["label"].split(". ")[0]
        elif row["kind"] == "option":
            blocks.setdefault(code, []).append(row)
    most = {row["criterion"]: int(row["points"]) for row in rows(number, "criterion")}
    for asked, options in blocks.items():
        points = [int(o["points"]) for o in options] or [0, most[asked]]
        chosen = answers.get(asked)
        total += points[chosen] if chosen is not None else 0
        for n, o in enumerate(options):
            if o["min_star"]:
                good = chosen is not None and (
                    points[chosen] > points[n] or (points[chosen] == points[n] and chosen >= n)
                )
                if not good:
                    reached = min(reached, int(o["min_star"]) - 1)
    by_points = 5 if total >= 90 else 4 if total >= 70 else 3 if total >= 50 else 2 if total >= 30 else 1
    return total, min(by_points, reached) if by_points > 2 else by_points


@st.composite
def filled(draw: st.DrawFn) -> tuple[int, dict[str, int]]:
    """A sheet with some answers; half of them lean to the best ones, so that high stars come up too."""
    number = draw(st.integers(1, 26))
    eager = draw(st.booleans())
    answers = {}
    for asked in ALL[number].questions:
        least = len(asked.options) - 1 if eager and draw(st.integers(0, 9)) else 0
        if draw(st.integers(0, 19)):
            answers[asked.code] = draw(st.integers(least, len(asked.options) - 1))
    return number, answers


@given(filled())
def test_points_and_stars_are_those_of_a_plain_reading(case: tuple[int, dict[str, int]]) -> None:
    number, answers = case
    result = scoring.score(ALL[number], answers)
    stopped = result.stars == 0
    assert stopped == bool(result.stopped)
    if not stopped:
        assert (result.total, result.stars) == oracle(number, answers)


@given(filled(), st.data())
def test_a_better_answer_never_costs_a_star(case: tuple[int, dict[str, int]], data: Any) -> None:
    number, answers = case
    asked = data.draw(st.sampled_from(ALL[number].questions))
    before = scoring.score(ALL[number], answers)
    best = max(range(len(asked.options)), key=lambda n: (asked.options[n].points, n))
    after = scoring.score(ALL[number], answers | {asked.code: best})
    assert after.total >= before.total and (after.stars >= before.stars or after.stopped)


@given(filled())
def test_what_is_said_to_be_missing_is_enough(case: tuple[int, dict[str, int]]) -> None:
    """Whoever mends every lack and gains the points has the star."""
    number, answers = case
    before = scoring.score(ALL[number], answers)
    wanted = before.next_star
    if wanted is None or before.stopped:
        return
    mended = answers | {lack.question.code: lack.option for lack in before.lacks(wanted)}
    after = scoring.score(ALL[number], mended)
    assert not after.lacks(wanted)
    assert after.stopped or after.points_to(wanted) or after.stars >= wanted


@pytest.mark.parametrize(
    ("points", "stars"),
    [(100, 5), (90, 5), (89.9, 4), (70, 4), (69.9, 3), (50, 3), (49.9, 2), (30, 2), (29.9, 1), (0, 1)],
)
def test_bands_are_half_open(points: float, stars: int) -> None:

    assert scoring.band(Decimal(str(points))) == stars


def best(number: int) -> dict[str, int]:
    return {q.code: max(range(len(q.options)), key=lambda n: (q.options[n].points, n)) for q in ALL[number].questions}


def test_points_without_the_minimum_are_not_enough() -> None:
    """Sheet 1: everything at its best but packaging (2.2), whose least for three stars is "creative, good-looking"."""
    answers = best(1) | {"2.2": 1}
    result = scoring.score(ALL[1], answers)
    assert result.total == 98 and result.by_points == 5 and result.stars == 2
    assert [(lack.question.code, lack.stars) for lack in result.lacks(3)] == [("2.2", 3)]


@pytest.mark.parametrize("number", range(1, 27))
def test_the_best_of_every_sheet_is_five_stars(number: int) -> None:
    assert (scoring.score(ALL[number], best(number)).total, scoring.score(ALL[number], best(number)).stars) == (100, 5)


def test_a_ground_stops_the_assessment() -> None:
    result = scoring.score(ALL[1], best(1), ["attp"])
    assert result.stars == 0 and [stop.code for stop in result.stopped] == ["attp"]


def test_nought_where_none_may_be_stops_it_by_itself() -> None:
    """Sheet 16: it ends if one answer of section 6 gives nothing."""
    nought = {q.code: 0 for q in ALL[16].questions if q.code.startswith("6.")}
    code = next(code for code, n in nought.items() if question(16, code).options[n].points == 0)
    assert scoring.score(ALL[16], best(16) | {code: 0}).stars == 0
    assert scoring.score(ALL[16], best(16)).stars == 5


@pytest.mark.parametrize(
    ("answers", "stops"),
    [({"99.9": 0}, []), ({"1.1": 40}, []), ({"1.1": -1}, []), ({}, ["khong-co"]), ({}, ["zero-6"])],
)
def test_what_is_not_on_the_sheet_is_refused(answers: dict[str, int], stops: list[str]) -> None:
    with pytest.raises(Invalid):
        scoring.score(ALL[16], answers, stops)
