"""Folding, slugs, the order of Vietnamese names, and money in whole đồng."""

from __future__ import annotations

import unicodedata
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.kernel import money, text
from shop.kernel.errors import Invalid


def test_folding_strips_marks_and_the_bar_of_d():
    assert text.fold("  Chả   MỰC Đông Triều ") == "cha muc dong trieu"
    assert text.fold(unicodedata.normalize("NFD", "Miến dong Bình Liêu")) == "mien dong binh lieu"


@given(st.text(max_size=60))
def test_folding_is_stable_and_knows_no_normal_form(words):
    once = text.fold(words)
    assert text.fold(once) == once
    assert text.fold(unicodedata.normalize("NFC", words)) == text.fold(unicodedata.normalize("NFD", words))


def test_names_sort_as_in_a_dictionary():
    names = ["Ơ", "Ô", "O", "Đ", "D", "Ân", "Ăn", "An", "Bà", "Ba", "Bả", "Bã", "Bá", "Bạ", "Bánh chưng", "Ba kích"]
    assert sorted(names, key=text.sort_key) == [
        "An", "Ăn", "Ân", "Ba", "Bà", "Bả", "Bã", "Bá", "Bạ", "Ba kích", "Bánh chưng", "D", "Đ", "O", "Ô", "Ơ",
    ]  # fmt: skip


@given(st.text(max_size=40))
def test_cleaning_leaves_no_control_or_direction_characters(words):
    cleaned = text.clean(words)
    assert cleaned == text.clean(cleaned)
    assert not any(c in cleaned for c in "\x00\x08\u202e\u200b\ufeff\r")


def test_slugs_are_cut_at_words():
    assert text.slugify("Chả mực Hạ Long") == "cha-muc-ha-long"
    assert len(text.slugify("mực " * 60)) <= 80
    assert text.slugify("!!!") == "x"


def test_references_are_typed_back_in_any_spelling():
    reference = text.reference()
    assert text.normal_reference(reference.lower().replace("-", " ")) == reference
    assert len({text.reference() for _ in range(500)}) == 500


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("1.250.000", 1_250_000),
        ("1,250,000 đ", 1_250_000),
        ("1250000", 1_250_000),
        ("35.000₫", 35_000),
        ("35 000 vnđ", 35_000),
    ],
)
def test_amounts_as_people_write_them(typed, amount):
    assert money.parse_vnd(typed) == amount


@pytest.mark.parametrize("typed", ["", "abc", "12.5", "1.25.000", "1.250.00", "-5", "99999999999999999", "1.250,000"])
def test_what_is_no_amount_is_refused(typed):
    with pytest.raises(Invalid):
        money.parse_vnd(typed)


@given(st.integers(0, 10**11))
def test_money_is_read_back_as_it_is_written(amount):
    assert money.parse_vnd(money.vnd(amount)) == amount


def test_money_is_written_as_vietnamese_shops_do():
    assert money.vnd(1_250_000) == "1.250.000\u00a0₫"
    assert money.vnd(-5000) == "-5.000\u00a0₫"


@given(total=st.integers(0, 10**9), weights=st.lists(st.integers(0, 10**6), min_size=1, max_size=12))
def test_shares_add_up_and_are_fair(total, weights):
    parts = money.split(total, weights)
    assert sum(parts) == total
    assert all(p >= 0 for p in parts)
    whole = sum(weights)
    if whole:
        assert all(abs(p - Fraction(total * w, whole)) < 1 for p, w in zip(parts, weights, strict=True))


def test_a_price_for_a_kilogram_is_rounded_half_up():
    assert money.per_unit(120_000, Fraction(500), Fraction(1000)) == 240_000
    assert money.per_unit(10_000, Fraction(300), Fraction(1000)) == 33_333
    assert money.per_unit(1, Fraction(2), Fraction(1)) == 1


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("0", 0), ("007", 7), (" 1250 ", 1250), ("1.250", 1250), ("1 250", 1250), ("1\u00a0250\u00a0000", 1250000),
        ("12.5", None), ("1.25", None), ("1.2500", None), ("1.250 000", None), ("1,250", None), ("-3", None), ("", None),
        ("٣", None), ("1e3", None), ("1" * 13, None),
    ],
)  # fmt: skip
def test_a_point_is_never_dropped_from_a_number(typed: str, found: int | None) -> None:
    assert text.whole(typed) == found
