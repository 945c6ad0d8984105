"""What free text may claim, and which prices a reviewer sees: tables of cases, and rules that hold for any text and number."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.listings import rules
from shop.listings.rules import claims, not_held, warnings

SAID = [
    ("OCOP", None),
    ("ocop Quảng Ninh", None),
    ("#OCOPquangninh", None),
    ("O.C.O.P", None),
    ("o-c-o-p", None),
    ("0c0p", None),
    ("ＯＣＯＰ", None),
    ("Mỗi xã một sản phẩm", None),
    ("one commune one product", None),
    ("đạt 3 sao", 3),
    ("3sao", 3),
    ("3-sao", 3),
    ("３ sao", 3),
    ("ba sao", 3),
    ("BA SAO", 3),
    ("năm sao", 5),
    ("nam sao", 5),
    ("chuẩn năm sao", 5),
    ("bốn-sao", 4),
    ("3 ngôi sao", 3),
    ("hạng sao 5", 5),
    ("4-star", 4),
    ("4 stars", 4),
    ("five star hotel", 5),
    ("5*", 5),
    ("Loại 3*, ngon", 3),
    ("★", 1),
    ("★★★★", 4),
    ("★★★☆☆", 3),
    ("5⭐", 5),
    ("⭐️⭐️⭐️", 3),
    ("★★★★★★★", -1),
    ("4,5 sao", -1),
    ("☆☆☆☆", 4),
    ("☆ ☆ ☆", 3),
    ("Ô CỐP", None),
    ("Ô-cốp", None),
    ("ôcốp", None),
    ("O CỐP 4 sao", None),
    ("O  C  O  P", None),
    ("O/C/O/P", None),
    ("OC OP", None),
    ("ОСОР", None),  # Cyrillic
    ("ΟСΟΡ", None),  # Greek and Cyrillic
    ("О.С.О.Р", None),
    ("ＯＣＯＰ ４ｓａｏ", 4),
    ("O\u200bC\u200bO\u200bP", None),
    ("O\u00adC\u2060O\u034fP", None),
    ("4 s\u200bao", 4),
    ("4 ѕао", 4),
    ("Ⓞⓒⓞⓟ", None),
    ("🇴🇨🇴🇵", None),
    ("🅾🅲🅾🅿", None),
    ("O̶C̶O̶P̶", None),
    ("5 sa0", 5),
]
NOT_SAID = [
    "",
    "Chè sao vàng hạ thổ",
    "sao khô, sao tẩm ba lần",
    "ngôi sao, hình ngôi sao năm cánh",
    "vì sao ngon, tại sao 3 tháng",
    "nấm sao vàng",
    "ruộng 3 sào, hai sào",
    "quanh năm sao chè bằng tay",
    "mỗi năm sao cho đều tay",
    "photocopy, microcopy",
    "ở cơ phẩm, có cốp xe",
    "star anise, 5 star anise pods, star fruit",
    "hộp 5*10 cm, 5 * 10",
    "10 sao",
    "Bà Sao, làng Sao Đỏ",
    "đầu tư sao cho đáng",
    "*****",
    "100 % tự nhiên",
    "để ở cốp xe, trong ô cốp xe",
    "ốc ốp la, ốc hương ốp lá",
    "con ở ô cọp, tờ ô có phơi",
    "ở cơ sở có phòng lạnh, hồ có phủ bạt",
    "siêu thị Co.op mart, coop food",
    "tô cá, lò cốm, nhà có ông bà",
    "☆ Ngon · ☆ Sạch",
    "Σ, Привет, добрый день",
    "mùa nào thức ấy, vì sao lại ngon thế",
    "cho vào lọ có nắp, mỗi hộp 500 g",
    "nước mắm ủ 12 tháng, 35 độ đạm",
]


@pytest.mark.parametrize(("text", "stars"), SAID)
def test_said(text: str, stars: int | None) -> None:
    assert stars in [c.stars for c in claims(text)]
    assert not_held(text, None) is not None
    assert stars in [c.stars for c in claims(unicodedata.normalize("NFD", f"Chả mực {text}, ngon"))]


@pytest.mark.parametrize("text", NOT_SAID)
def test_not_said(text: str) -> None:
    assert claims(text) == []
    assert claims(unicodedata.normalize("NFD", text)) == []


@pytest.mark.parametrize(
    ("text", "held", "refused"),
    [
        ("OCOP 4 sao", 4, False),
        ("OCOP 4 sao", 3, True),
        ("OCOP 4 sao", None, True),
        ("OCOP", 3, False),
        ("★★★★★", 5, False),
        ("★★★★★", 4, True),
        ("4,5 sao", 4, True),
        ("3 sao nay lên 4 sao", 4, True),
    ],
)
def test_only_what_the_certificate_says(text: str, held: int | None, refused: bool) -> None:
    assert (not_held(text, held) is not None) is refused


@given(st.text(max_size=80))
def test_any_text_is_read(text: str) -> None:
    for claim in claims(text):
        assert claim.words
        assert claim.stars in {None, -1, 1, 2, 3, 4, 5}


@given(
    st.sampled_from(["ocop", "3 sao", "năm sao", "4-star", "★★★", "O.C.O.P"]),
    st.lists(st.sampled_from(["chả", "mực", "ngon", "biển", "tươi", "nhà", "làm", "hộp", "quà", "tết"]), max_size=6),
    st.lists(st.sampled_from(["ngon", "biển", "tươi", "nhà", "làm", "hộp", "quà", "tết"]), max_size=6),
    st.booleans(),
)
def test_a_claim_is_found_wherever_it_stands(claim: str, before: list[str], after: list[str], upper: bool) -> None:
    text = " ".join([*before, claim, *after])
    assert claims(text.upper() if upper else text)


@given(
    st.lists(
        st.sampled_from(["chè", "sao", "vàng", "khô", "thơm", "ngôi", "vì", "tại", "nấm", "sào", "trà", "lá", "tẩm"]),
        max_size=12,
    )
)
def test_roasting_is_no_star(words: list[str]) -> None:
    assert claims(" ".join(words)) == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Rau hữu cơ", 1),
        ("organic tea", 1),
        ("đạt VietGAP", 1),
        ("chữa bệnh dạ dày", 1),
        ("hỗ trợ điều trị ung thư", 1),
        ("ngon nhất", 0),
        ("tốt nhất thế giới", 1),
        ("Hữu cơ, VietGAP, chữa khỏi bệnh", 3),
        ("chưa bệnh viện nào", 1),
        ("Chả mực giã tay", 0),
        (None, 0),
    ],
)
def test_warnings(text: str | None, count: int) -> None:
    assert len(warnings(text)) == count


PRICES = st.integers(1, 10**9)


@given(PRICES, PRICES, st.integers(0, 100))
def test_the_limit_is_the_same_both_ways_of_saying_it(amount: int, held: int, percent: int) -> None:
    low, high = rules.within(held, percent)
    assert rules.price_needs_review(amount, [held], percent) is not (low <= amount <= high)


@given(PRICES, st.lists(PRICES, min_size=1, max_size=5), st.integers(0, 100))
def test_more_prices_never_loosen(amount: int, held: list[int], percent: int) -> None:
    if rules.price_needs_review(amount, held[:1], percent):
        assert rules.price_needs_review(amount, held, percent)
    assert rules.price_needs_review(amount, [], percent)


@given(st.lists(st.integers(1, 19), min_size=1, max_size=8))
def test_small_steps_do_not_add_up_unseen(steps: list[int]) -> None:
    """However a price climbs by steps within the limit, without a reviewer it stays within the limit of where it began."""
    price, trail = 1_000_000, []
    for step in steps:
        wanted = price * (100 + step) // 100
        if not rules.price_needs_review(wanted, rules.chain(price, reversed(trail)), 20):
            trail.append((price, wanted, True))
            price = wanted
    assert price <= 1_200_000


def test_a_reviewed_or_foreign_price_ends_the_chain() -> None:
    assert rules.chain(3, [(2, 3, True), (1, 2, True)]) == [3, 2, 1]
    assert rules.chain(3, [(2, 3, False), (1, 2, True)]) == [3]
    assert rules.chain(3, [(2, 4, True)]) == [3]
    assert rules.chain(3, [(None, 3, True)]) == [3]
