"""Where bars and lines stand, what axes say, what is told to those who do not see."""

from __future__ import annotations

import itertools
import re

import pytest
from flask import Flask, render_template_string
from flask_babel import force_locale
from hypothesis import given
from hypothesis import strategies as st

from shop.kernel import charts
from shop.kernel.charts import ABOVE, HEIGHT, Series

pytestmark = pytest.mark.one_database

NUMBERS = st.integers(-(10**13), 10**13)


@given(low=NUMBERS, high=NUMBERS, most=st.integers(2, 9))
def test_ticks_are_round_even_and_enclose_everything_and_zero(low: int, high: int, most: int) -> None:
    low, high = min(low, high), max(low, high)
    found = charts.ticks(low, high, most)
    steps = {b - a for a, b in itertools.pairwise(found)}
    assert len(steps) == 1
    assert re.fullmatch(r"[125]0*", str(steps.pop()))
    assert found[0] <= min(low, 0)
    assert found[-1] >= max(high, 0)
    assert 0 in found
    assert 2 <= len(found) <= most + 2


@pytest.mark.parametrize(
    ("value", "vi", "en"),
    [
        (0, "0", "0"),
        (850, "850", "850"),
        (1_500, "1,5 nghìn", "1,5k"),
        (12_500_000, "12,5 triệu", "12,5M"),
        (-3_200_000_000, "-3,2 tỷ", "-3,2B"),
    ],
)
def test_axes_speak_vietnamese(ctx: Flask, value: int, vi: str, en: str) -> None:
    with ctx.test_request_context("/"):
        assert charts.short(value) == vi
        with force_locale("en"):
            assert charts.short(value) == en


@pytest.mark.parametrize(
    ("value", "text"), [(1250, "1.250"), (12.5, "12,5"), (1_234_567.89, "1.234.567,9"), (-5, "-5")]
)
def test_numbers_as_vietnamese_write_them(value: float, text: str) -> None:
    assert charts.number(value) == text


@given(st.lists(st.lists(st.integers(-10_000, 10**9) | st.none(), min_size=3, max_size=3), min_size=1, max_size=4))
def test_bars_stay_in_their_field_and_do_not_cover_each_other(values: list[list[int | None]]) -> None:
    series = [Series(f"s{n}", row) for n, row in enumerate(values)]
    app = Flask("bare")
    from flask_babel import Babel

    Babel(app)
    with app.test_request_context("/"):
        made = charts.bars("Tiền", ["9", "10", "11"], series)
    seen = sorted((m.x, m.width) for s in made.series for m in s.marks)
    assert len(seen) == sum(v is not None for row in values for v in row)
    assert all(a + width <= b + 0.02 for (a, width), (b, _w) in itertools.pairwise(seen))
    zero = next(t.y for t in made.ticks if t.is_zero)
    for s, row in zip(made.series, values, strict=True):
        for m, v in zip(s.marks, [v for v in row if v is not None], strict=True):
            assert ABOVE - 0.02 <= m.y <= m.y + m.height <= ABOVE + HEIGHT + 0.02
            # A bar stands on the line of zero, or hangs from it.
            assert (m.y + m.height if v >= 0 else m.y) == pytest.approx(zero, abs=0.02)


def test_a_line_is_broken_where_nothing_is_known(ctx: Flask) -> None:
    with ctx.test_request_context("/"):
        made = charts.lines("Giá", list("abcde"), [Series("một", [1, 2, None, 4, 8])])
    (line,) = made.series
    assert [m.x for m in line.marks] == [10, 30, 70, 90]
    assert [(s.x1, s.x2) for s in line.stretches] == [(10, 30), (70, 90)]
    assert line.marks[-1].y == ABOVE
    assert "cao nhất 8 (e)" in made.description
    assert "cuối 8 (e)" in made.description


def test_words_under_the_marks_leave_room_on_a_phone_and_end_with_the_last(ctx: Flask) -> None:
    with ctx.test_request_context("/"):
        made = charts.bars("Tháng", [str(n) for n in range(24)], [Series("một", [1] * 24)])
    narrow, wide = [x.text for x in made.labels if x.narrow], [x.text for x in made.labels if x.wide]
    assert narrow[-1] == wide[-1] == "23"
    assert len(narrow) <= charts.NARROW_LABELS
    months = [f"Nov {year}" for year in range(2000, 2012)]
    made = charts.bars("t", months, [charts.Series("s", [1] * 12)])
    assert len([x for x in made.labels if x.narrow]) <= 3, "longer words need more room"
    assert len(wide) <= charts.WIDE_LABELS


def test_ranks_are_in_order_and_nothing_has_no_length(ctx: Flask) -> None:
    rows = charts.ranks([("ít", 5), ("nhiều", 20), ("trả lại", -3), ("không", 0)], most=3)
    assert [(r.label, r.text, r.percent) for r in rows] == [("nhiều", "20", 100), ("ít", "5", 25), ("không", "0", 0)]
    assert charts.ranks([]) == []


def test_more_series_than_patterns_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at most 4"):
        charts.bars("Nhiều", ["a"], [Series(str(n), [1]) for n in range(5)])


@pytest.mark.sqlite_only
@pytest.mark.parametrize("kind", ["bars", "lines"])
def test_what_is_drawn_is_heard_too_and_no_colour_stands_alone(app: Flask, kind: str) -> None:
    with app.test_request_context("/"):
        series = [Series("Kỳ <này>", [3, None, 7]), Series("Kỳ trước", [0, -2, 5])]
        made = getattr(charts, kind)("Tiền & hàng", ["a", "b", "c"], series)
        page = render_template_string(
            '{% import "_macros/chart.html" as charts %}{{ charts.chart(c, "c1") }}{{ charts.change(-3, "3") }}', c=made
        )
    assert 'role="img" aria-labelledby="c1-t c1-d"' in page
    assert '<title id="c1-t">Tiền &amp; hàng</title>' in page
    assert '<desc id="c1-d">Kỳ &lt;này&gt;: cao nhất 7 (c)' in page
    assert "<title>a, Kỳ &lt;này&gt;: 3</title>" in page
    assert "style=" not in page
    assert "<script" not in page
    if kind == "bars":
        assert 'fill="url(#c1-p2)"' in page
        assert '<pattern id="c1-p2"' in page
    else:
        assert "chart-line-2" in page
        assert "chart-point-2" in page
    assert '<span class="visually-hidden">giảm </span>3' in page


def test_ranges_lie_within_the_field_beside_as_many_lines_as_there_are(ctx: Flask) -> None:
    four = [Series(str(n), [n, None]) for n in range(charts.MOST_SERIES)]
    (box,) = charts.lines("t", ["a", "b"], four, ranges=("r", [None, (5, 900)])).ranges
    assert ABOVE <= box.y < box.y + box.height <= ABOVE + HEIGHT
