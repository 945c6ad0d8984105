"""Amounts, contents, weights, days, per cents and old fonts, as people write them; nothing is read as what it is not."""

from __future__ import annotations

import unicodedata
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.catalog import intake
from shop.imports import legacy, readers, words
from shop.imports.errors import Unclear
from shop.imports.legacy import Encoding


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("120.000đ", 120_000), ("120k", 120_000), ("120 nghìn", 120_000), ("1,2tr", 1_200_000), ("1tr2", 1_200_000),
        ("1tr250", 1_250_000), ("120,000", 120_000), ("120000.0", 120_000), ("120.000,00", 120_000), ("1.250k", 1_250_000),
        ("₫120.000", 120_000), ("120\u00a0000 VNĐ", 120_000), ("85K/gói", 85_000), ("1.2 triệu", 1_200_000),
        ("50 ngàn đồng", 50_000), ("185.000®", 185_000), ("185.000ñ", 185_000), ("185 000 ®ång", 185_000), ("90k VNÑ", 90_000),
    ],
)  # fmt: skip
def test_amounts(cell: str, amount: int) -> None:
    assert readers.price(cell) == amount


@pytest.mark.parametrize(
    ("cell", "suggestion"),
    [("120.000 - 150.000", "150.000"), ("120k–150k", "150k"), ("120.000đ/kg", ""), ("liên hệ", ""), ("0", ""),
     ("120,5", "121"), ("-5000", ""), ("#N/A", ""), ("=?", ""), ("", "")],
)  # fmt: skip
def test_what_is_no_amount_is_refused_with_a_suggestion(cell: str, suggestion: str) -> None:
    with pytest.raises(Unclear) as refusal:
        readers.price(cell)
    assert refusal.value.suggestion == suggestion


@given(
    st.integers(1, 10**9), st.sampled_from([".", ",", " ", ""]), st.sampled_from(["", "đ", " đ", " VND", "₫", " đồng"])
)
def test_every_spelling_of_an_amount_is_that_amount(amount: int, mark: str, unit: str) -> None:
    assert readers.price(f"{amount:,}".replace(",", mark) + unit) == amount


@given(st.integers(1, 999_999))
def test_thousands(n: int) -> None:
    assert readers.price(f"{n}k") == n * 1000
    assert readers.price(str(n), scale=1000) == n * 1000


@pytest.mark.parametrize(
    ("cell", "number", "unit"),
    [
        ("0,5kg", "0.5", "KGM"), ("500 g", "500", "GRM"), ("1/2 kg", "0.5", "KGM"), ("1.5 lít", "1.5", "LTR"),
        ("５００ｇ", "500", "GRM"), ("nửa kg", "0.5", "KGM"), ("~500g", "500", "GRM"), ("khoảng 1,5 lít", "1.5", "LTR"),
        ("500ml x 6", "3000", "MLT"), ("6 x 500 ml", "3000", "MLT"), ("1.500 g", "1500", "GRM"), ("½ kg", "0.5", "KGM"),
        ("3 lạng", "300", "GRM"), ("10 quả", "10", "H87"), ("1.1250 kg", "1.125", "KGM"), ("500", "500", None),
    ],
)  # fmt: skip
def test_contents(cell: str, number: str, unit: str | None) -> None:
    assert readers.content(cell) == (Decimal(number), unit)


@pytest.mark.parametrize("cell", ["1.500 kg", "abc", "0 g", "5 thùng phuy", "1/0 kg", "6 x x 5", "#REF!", "-1 kg"])
def test_unclear_contents(cell: str) -> None:
    with pytest.raises(Unclear):
        readers.content(cell)


@given(st.decimals("0.001", "99999", places=3))
def test_what_we_write_of_a_content_we_read_back(number: Decimal) -> None:
    assert readers.content(words.number(number))[0] == number


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_a_day_in_each_spelling(day: date) -> None:
    serial = (day - date(1899, 12, 30)).days
    for told in (
        day.isoformat(),
        f"{day.day}/{day.month}/{day.year}",
        day.strftime("%d.%m.%Y"),
        day.strftime("%d-%m-%y"),
        str(serial),
    ):
        assert readers.day(told) == day


@pytest.mark.parametrize("cell", ["30/02/2026", "12/31/2026", "2026", "mai", "1/1/1890", "99999"])
def test_what_is_no_day(cell: str) -> None:
    with pytest.raises(Unclear):
        readers.day(cell)


def test_weights_lengths_spans_and_shares() -> None:
    assert [readers.grams(c) for c in ("0,5kg", "580", "1.200 g")] == [500, 580, 1200]
    assert [readers.millimetres(c) for c in ("120", "12 cm", "0,3 m")] == [120, 120, 300]
    assert [readers.days(c) for c in ("90", "3 tháng", "2 năm")] == [90, 90, 730]
    assert [readers.percent(c) for c in ("29", "29,5%", "0,5%", "40 độ")] == [29, Decimal("29.5"), Decimal("0.5"), 40]
    with pytest.raises(Unclear) as refusal:
        readers.percent("0.29")
    assert refusal.value.suggestion == "29%"


@given(st.text(max_size=40))
def test_no_reader_fails_on_any_text(cell: str) -> None:
    for read in (readers.price, readers.content, readers.grams, readers.millimetres, readers.days, readers.percent, readers.day,
                 readers.whole):  # fmt: skip
        try:
            read(cell)
        except Unclear:
            continue


@given(st.integers(0, 4095))
def test_seasons_come_back(bits: int) -> None:
    assert intake.value_of("months", words.months(bits), intake.Lookups()) == bits


# --- old fonts ---------------------------------------------------------------------------------------------------

WORDS = [
    "chả", "mực", "giã", "tay", "hạ", "long", "đặc", "biệt", "rượu", "mơ", "ngâm", "đường",
    "phèn", "nước", "mắm", "cốt", "miến", "dong", "bình", "liêu", "ổ", "trứng", "ở", "quê",
    "thịt", "kỳ", "đà", "ba", "chẽ",
]  # fmt: skip
_TCVN3 = {letter: sign for sign, letter in legacy._TCVN3.items()}
_VNI: dict[str, str] = {}
for _signs, _letter in legacy._VNI_ALL.items():
    _VNI.setdefault(_letter, _signs)
sentences = st.lists(st.sampled_from(WORDS), min_size=4, max_size=9).map(" ".join)


def written_in(text: str, encoding: Encoding) -> str:
    """The text as an old font keeps it."""
    table = _TCVN3 if encoding is Encoding.TCVN3 else _VNI
    return "".join(table.get(c, c) for c in text)


@pytest.mark.parametrize("encoding", [Encoding.TCVN3, Encoding.VNI])
@given(cells=st.lists(sentences, min_size=3, max_size=6))
def test_old_fonts_are_recognised_and_turned(encoding: Encoding, cells: list[str]) -> None:
    old = [written_in(cell, encoding) for cell in cells]
    if sum(a != b for a, b in zip(old, cells, strict=True)) < 2:
        return
    [verdict] = legacy.judge([old])
    if verdict.encoding is Encoding.UNICODE:  # so few words differ that nothing proves the font: left as they stand
        return
    votes = legacy.Votes()
    for cell in old:
        votes.add(cell)
    if votes.tcvn3 == votes.vni:  # words that both fonts explain: a person says which it is
        return
    assert verdict.encoding is encoding
    assert [legacy.to_unicode(cell, encoding, surely=True) for cell in old] == cells


@given(st.lists(sentences, min_size=1, max_size=6), st.booleans())
def test_proper_text_is_never_touched(cells: list[str], decomposed: bool) -> None:
    told = [unicodedata.normalize("NFD", c) if decomposed else c for c in cells]
    [verdict] = legacy.judge([told])
    assert verdict.encoding is Encoding.UNICODE


@pytest.mark.parametrize(
    "cell", ["Café crème", "señor Müller", "½ kg × 6", "OCOP®", "Zoë Noël", "naïve", "20 °C ± 2", "G7®"]
)
def test_western_words_and_signs_stay(cell: str) -> None:
    old = written_in("chả mực hạ long nước mắm", Encoding.TCVN3)
    for encoding in (Encoding.TCVN3, Encoding.VNI):
        assert legacy.to_unicode(cell, encoding, surely=False) == cell
    [plain, _other] = legacy.judge([[cell], ["Chả mực"]])
    assert plain.encoding is Encoding.UNICODE
    assert legacy.judge([[old]])[0].encoding is Encoding.TCVN3


def test_a_can_is_no_kilogram_and_a_dozen_no_hundredweight() -> None:
    assert readers.content("2 cân") == (Decimal(2), "KGM") == readers.content("2 c\u00e2n")
    assert (readers.unit_of("cân"), readers.unit_of("can")) == ("KGM", None)
    assert readers.content("1 tạ") == (Decimal(100), "KGM")
    for cell in ("nửa can", "5 can", "1 Can x 5", "1 tá", "2 ta"):
        with pytest.raises(Unclear):
            readers.content(cell)


def test_a_font_of_capitals() -> None:
    assert legacy.to_unicode("CH¶ MùC", Encoding.TCVN3, surely=True) == "CHẢ MỰC"
    # Nobody writes a capital behind a small letter, though "lýt" could be a syllable.
    assert legacy.to_unicode("chai nöa lÝt", Encoding.TCVN3, surely=False) == "chai nửa lít"
    assert legacy.to_unicode("Lý, LÝ", Encoding.TCVN3, surely=False) == "Lý, LÝ"


def test_files_in_bytes_of_before_unicode() -> None:
    told = "Mã hàng,Tên sản phẩm\nA1,Nước mắm cốt\n"
    as_1258 = unicodedata.normalize("NFD", told)
    for whole in "ăâêôơưđ":  # letters that the code page has whole; tones are its combining signs
        as_1258 = as_1258.replace(unicodedata.normalize("NFD", whole), whole)
    assert legacy.decoded(as_1258.encode("cp1258")) == told
    old = written_in(told, Encoding.TCVN3)
    assert legacy.decoded(old.encode("latin-1")) == old


def test_serials_of_spreadsheets() -> None:
    assert readers.day("46387") == date(1899, 12, 30) + timedelta(days=46387) == date(2026, 12, 31)


@pytest.mark.parametrize(("cell", "days"), [("12th", 360), ("12 tháng", 360), ("１２ tháng", 360), ("12 th.", 360)])
def test_months_of_shelf_life(cell: str, days: int) -> None:
    assert readers.days(cell) == days
