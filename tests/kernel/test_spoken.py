"""Amounts in words, against an oracle of its own: every two-digit number written out by hand, groups put together as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.kernel import spoken, taxcodes

ONES = ["không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"]
# The tens as people count them aloud.
TENS = {
    "1": "mười,mười một,mười hai,mười ba,mười bốn,mười lăm,mười sáu,mười bảy,mười tám,mười chín",
    "2": "hai mươi,hai mươi mốt,hai mươi hai,hai mươi ba,hai mươi tư,hai mươi lăm,hai mươi sáu,hai mươi bảy,hai mươi tám,"
    "hai mươi chín",
}  # fmt: skip
UNDER_HUNDRED = {f"{n:02d}": f"linh {ONES[n]}" for n in range(1, 10)}
UNDER_HUNDRED |= {f"1{n}": words for n, words in enumerate(TENS["1"].split(","))}
UNDER_HUNDRED |= {
    f"{t}{n}": words.replace("hai mươi", f"{ONES[t]} mươi", 1)
    for t in range(2, 10)
    for n, words in enumerate(TENS["2"].split(","))
}  # fmt: skip


def oracle(digits: str, *, begun: bool = False) -> str:
    """Reads the digits from the left, three at a time; billions are read as a number of their own. `begun`: something was said
    before, so that even empty hundreds are said."""
    if len(digits) > 9:
        return f"{oracle(digits[:-9])} tỷ {oracle(digits[-9:], begun=True)}".strip()
    said = ""
    for place in range(0, 9, 3):
        group = digits.zfill(9)[place : place + 3]
        if group == "000":
            continue
        words = f"{ONES[int(group[0])]} trăm {UNDER_HUNDRED.get(group[1:], '')}".strip()
        if not said and not begun and group[0] == "0":
            words = words.removeprefix("không trăm ").removeprefix("linh ")
        said = f"{said} {words} {['triệu', 'nghìn', ''][place // 3]}".strip()
    return said


@given(st.one_of(st.integers(1, 10**12), st.integers(0, 999).map(lambda n: n * 10**6 + n), st.integers(1, 99_999)))
def test_vietnamese_words_are_what_is_read_off_the_digits(n: int) -> None:
    assert spoken.vietnamese(n) == oracle(str(n)) if n else spoken.vietnamese(n) == "không"


@pytest.mark.parametrize(
    ("n", "vietnamese", "english"),
    [
        (0, "Không đồng", "Zero dong"),
        (1_004, "Một nghìn không trăm linh bốn đồng", "One thousand and four dong"),
        (21_000, "Hai mươi mốt nghìn đồng", "Twenty-one thousand dong"),
        (114_115, "Một trăm mười bốn nghìn một trăm mười lăm đồng",
         "One hundred and fourteen thousand one hundred and fifteen dong"),
        (1_000_005_000, "Một tỷ không trăm linh năm nghìn đồng", "One billion five thousand dong"),
        (2_034_000_024, "Hai tỷ không trăm ba mươi tư triệu không trăm hai mươi tư đồng",
         "Two billion thirty-four million and twenty-four dong"),
        (-5_000, "Âm năm nghìn đồng", "Minus five thousand dong"),
    ],
)  # fmt: skip
def test_words_that_people_write(n: int, vietnamese: str, english: str) -> None:
    assert (spoken.dong(n, "vi"), spoken.dong(n, "en")) == (vietnamese, english)


@given(st.integers(0, 999_999_999))
def test_a_tax_code_holds_with_one_last_digit_at_most(n: int) -> None:
    nine = f"{n:09d}"
    fitting = [d for d in range(10) if taxcodes.normal(f"{nine}{d}")]
    assert fitting == [d for d in [taxcodes.check_digit(nine)] if d < 10]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("0100109106", "0100109106"), ("0100 109 106", "0100109106"), ("0100109106001", "0100109106-001"),
        ("0100109106-001", "0100109106-001"), ("022190001234", "022190001234"), ("0100109107", None), ("0100109106-000", None),
        ("01001091061", None), ("", None), ("٠١٠٠١٠٩١٠٦", None),
    ],
)  # fmt: skip
def test_tax_codes_as_typed(typed: str, kept: str | None) -> None:
    assert taxcodes.normal(typed) == kept
