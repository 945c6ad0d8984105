"""Cells as people write them: amounts, contents, weights, days. Each reader gives a value or says what is unclear.

A point or comma before exactly three digits parts thousands in amounts of money; of contents and weights it may be either, so
those are asked back unless only one reading makes sense.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from shop.imports.errors import Unclear
from shop.kernel import money, text
from shop.kernel.errors import N_

# What a spreadsheet shows where a formula failed.
FAULTS = frozenset(
    {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#GETTING_DATA"}
)
# What stands for a formula whose last value the file does not hold.
NO_VALUE = "=?"

_GROUPED = re.compile(r"\d{1,3}(?:([.,' \u2019])\d{3})(?:\1\d{3})*")
_DASH = r"(?:-|–|—|~|đến|den|tới|toi|to)"


def faults(cell: str) -> None:
    """Refuse what is no content.

    Raises:
        Unclear: the cell shows an error, or a formula without a value.
    """
    if cell.upper() in FAULTS:
        raise Unclear(N_("Ô báo lỗi %(cell)s trong bảng tính."), cell=cell.upper())
    if cell.startswith("="):
        raise Unclear(N_("Ô là công thức chưa có kết quả. Hãy mở tệp, chờ tính xong rồi lưu lại, hoặc dán giá trị."))


_FULL_WIDTH = {0xFF01 + n: 0x21 + n for n in range(94)} | {0x3000: 0x20}


def _digits(cell: str) -> str:
    """Without no-break blanks; the wide letters and digits of East Asian keyboards (５００ｇ) as plain ones."""
    return cell.replace("\u00a0", " ").translate(_FULL_WIDTH).strip()


def decimal_of(told: str) -> Decimal | None:
    """A number with `,` or `.` before its decimals and perhaps marks between thousands; None if it is none or unclear.

    One mark before exactly three digits is unclear (1.500 may be 1500 or 1½): None. `1.500.000`, `1.500,5`, `1,5` are clear.
    """
    told = told.replace("\u00a0", " ").strip()
    if len(told) > 20:
        return None
    if re.fullmatch(r"\d+", told):
        return Decimal(told)
    if re.fullmatch(r"\d{1,3}(?:([.,' ])\d{3})(?:\1\d{3})+", told):
        return Decimal(re.sub(r"\D", "", told))
    if found := re.fullmatch(r"(\d{1,3}(?:([.,' ])\d{3})+)([.,])(\d+)", told):
        return Decimal(f"{re.sub(r'[^0-9]', '', found[1])}.{found[4]}") if found[2] != found[3] else None
    if found := re.fullmatch(r"(\d*)[.,](\d+)", told):
        # 0,125 and 0.125 have no other reading.
        if len(found[2]) == 3 and found[1].lstrip("0") and len(found[1]) <= 3:
            return None
        return Decimal(f"{found[1] or 0}.{found[2]}")
    return None


# --- money -------------------------------------------------------------------------------------------------------

# The last ones are đ, đồng and VNĐ in the fonts of before Unicode: TCVN3 ® ®ång VN§, VNI ñ ñoàng VNÑ. Nothing else is meant by
# them behind an amount, whatever the rest of the column is written in.
_MONEY_WORD = r"(?:₫|đ|d|đồng|dong|vnđ|vnd|®ång|ñoàng|vn§|vnñ|vn®|®|ñ|§)"
_PER_PACK = re.compile(
    r"\s*(?:/|mỗi|một|1)\s*(?:1\s*)?(?:hộp|gói|túi|chai|lọ|hũ|cái|chiếc|sản phẩm|sp|lon|vỉ|set|bộ|thùng|khay|bịch|can|con|quả|"
    r"bao)\.?$",
    re.I,
)
_PER_WEIGHT = re.compile(r"/\s*(?:1\s*)?(kg|g|gram|lít|lit|l|ml|cân|lạng|100\s*g)\.?$", re.I)
_THOUSANDS = re.compile(r"(k|nghìn|nghin|ngàn|ngan|ngh|n)", re.I)
_MILLIONS = re.compile(r"(triệu|trieu|tr|củ)", re.I)
_AMOUNT = re.compile(
    rf"(?:{_MONEY_WORD}\s*)?(?P<n>\d[\d.,' ]*)\s*(?P<u>k|nghìn|nghin|ngàn|ngan|ngh|n|triệu|trieu|tr|củ)?\s*"
    rf"(?P<rest>\d{{1,3}})?\s*{_MONEY_WORD}?\.?",
    re.I,
)


def _plain_amount(told: str) -> Decimal | None:
    """The number of an amount without unit: three digits after a mark part thousands."""
    told = told.strip().rstrip(".,")
    if _GROUPED.fullmatch(told):
        return Decimal(re.sub(r"\D", "", told))
    if found := re.fullmatch(r"(\d{1,3}(?:([.,])\d{3})+)([.,])(0{1,2})", told):
        return Decimal(re.sub(r"\D", "", found[1])) if found[2] != found[3] else None
    try:
        return Decimal(told.replace(",", ".")) if re.fullmatch(r"\d+(?:[.,]\d+)?", told) else None
    except InvalidOperation:
        return None


@lru_cache(maxsize=2048)
def price(cell: str, *, scale: int = 1) -> int:
    """Whole đồng of `120.000đ`, `120,000`, `120k`, `120 nghìn`, `1,2tr`, `1tr2`, `120000.0`; `scale` is what the head says
    (1000: the column is in thousands).

    Raises:
        Unclear: no amount, a range, an amount by weight, part of a đồng, or beyond what the shop sells for.
    """
    faults(cell)
    told = _PER_PACK.sub("", _digits(cell))
    if found := re.fullmatch(rf"(.*\d.*?)\s*{_DASH}\s*(\D*\d.*)", told, re.I):
        high = found[2].strip()
        raise Unclear(N_("Đây là một khoảng giá; mỗi quy cách cần một giá. Hãy ghi một số."), suggestion=high)
    if _PER_WEIGHT.search(told):
        raise Unclear(BY_WEIGHT)
    found = _AMOUNT.fullmatch(told)
    if found is None:
        raise Unclear(N_("“%(cell)s” không phải số tiền. Ghi như 120.000, 120k hoặc 1,2 triệu."), cell=cell[:40])
    unit, rest = found["u"], found["rest"]
    if unit is None:
        number = _plain_amount(found["n"] + (rest or ""))
        amount = None if number is None else number * scale
    else:
        step = 1_000 if _THOUSANDS.fullmatch(unit) else 1_000_000
        number = decimal_of(found["n"].strip())
        if number is None and (grouped := _plain_amount(found["n"])) is not None:
            # 1.250k is a million and a quarter; 1.250 tr can be nothing but 1,25 triệu.
            number = grouped if step == 1_000 else Decimal(found["n"].strip().replace(",", "."))
        amount = None if number is None else number * step
        if amount is not None and rest:
            # 1tr2 is 1.200.000, 1tr250 is 1.250.000.
            amount = amount + Decimal(f"0.{rest}") * step if "." not in found["n"] and "," not in found["n"] else None
    if amount is None:
        raise Unclear(N_("“%(cell)s” không phải số tiền. Ghi như 120.000, 120k hoặc 1,2 triệu."), cell=cell[:40])
    if amount != amount.to_integral_value():
        raise Unclear(
            N_("Tiền đồng không có phần lẻ."), suggestion=str(int(amount.to_integral_value(rounding="ROUND_HALF_UP")))
        )
    if not 1 <= amount <= money.LARGEST_AMOUNT:
        raise Unclear(
            N_("Số tiền phải từ %(low)s đến %(high)s."), low=money.vnd(1), high=money.vnd(money.LARGEST_AMOUNT)
        )
    return int(amount)


BY_WEIGHT = N_("Đây là giá theo cân hoặc theo lít. Hãy ghi giá của cả quy cách.")
# How much an amount by weight is for.
_PER = {"kg": (1000, "GRM"), "cân": (1000, "GRM"), "lạng": (100, "GRM"), "g": (1, "GRM"), "gram": (1, "GRM"),
        "100g": (100, "GRM"), "l": (1000, "MLT"), "lít": (1000, "MLT"), "lit": (1000, "MLT"), "ml": (1, "MLT")}  # fmt: skip
_BASE = {"GRM": (1, "GRM"), "KGM": (1000, "GRM"), "MLT": (1, "MLT"), "LTR": (1000, "MLT")}


def of_weight(cell: str, number: Decimal, unit: str | None) -> int | None:
    """What a pack of this content costs at an amount by weight such as `120.000đ/kg`, in whole đồng; None if it cannot be said:
    no such amount, another kind of unit, part of a đồng."""
    found = _PER_WEIGHT.search(cell.strip())
    if found is None or unit not in _BASE:
        return None
    per, kind = _PER[re.sub(r"\s", "", found[1].lower())]
    factor, own = _BASE[unit]
    try:
        amount = price(cell.strip()[: found.start()].strip())
    except Unclear:
        return None
    whole = Decimal(amount) * number * factor / per
    return int(whole) if own == kind and whole == whole.to_integral_value() and whole >= 1 else None


# --- contents and weights ----------------------------------------------------------------------------------------

_UNIT = {
    "g": "GRM", "gr": "GRM", "gram": "GRM", "grams": "GRM", "gam": "GRM", "grm": "GRM",
    "kg": "KGM", "kgm": "KGM", "kilogam": "KGM", "kilogram": "KGM", "ki lo": "KGM", "kilo": "KGM", "ky": "KGM", "ki": "KGM",
    "can": "KGM",
    "ml": "MLT", "mlt": "MLT", "cc": "MLT", "l": "LTR", "lit": "LTR", "ltr": "LTR", "liter": "LTR", "litre": "LTR",
    "piece": "H87", "cai": "H87", "chiec": "H87", "qua": "H87", "con": "H87", "h87": "H87", "vien": "H87", "mieng": "H87",
    "banh": "H87",
}  # fmt: skip
# Units that are counted in another one.
_OTHER = {
    "lang": (Decimal(100), "GRM"),
    "mg": (Decimal("0.001"), "GRM"),
    "cl": (Decimal(10), "MLT"),
    "yen": (Decimal(10), "KGM"),
    "ta": (Decimal(100), "KGM"),
}
_SMALL = {"GRM", "MLT"}
_QUANTITY = re.compile(r"(?P<n>\d+\s*/\s*\d+|\d[\d.,' ]*|[½¼¾])\s*(?P<u>[^\W\d_]+(?:\s[^\W\d_]+)?)?\.?")
_TIMES = re.compile(r"\s*(?:x|×|\*)\s*", re.I)
_FRACTIONS = {"½": Decimal("0.5"), "¼": Decimal("0.25"), "¾": Decimal("0.75")}


# Units that are something else without their marks: a *cân* is a kilogram, a *can* holds five litres of fish sauce; a *tạ* is
# a hundred kilograms, a *tá* a dozen.
_MARKED = {"can": "cân", "ta": "tạ"}


def _unit_word(told: str) -> str:
    """A unit without marks; empty for one that needs them and has not."""
    word = text.fold(told)
    meant = _MARKED.get(word)
    return "" if meant and unicodedata.normalize("NFC", told).lower().strip() != meant else word


def unit_of(told: str) -> str | None:
    """The UN/ECE code of a unit that content is measured in."""
    return _UNIT.get(_unit_word(told))


def _tidy(number: Decimal) -> Decimal:
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()


def _amount_of(told: str, unit: str | None) -> Decimal | None:
    told = told.strip()
    if told in _FRACTIONS:
        return _FRACTIONS[told]
    if "/" in told:
        upper, lower = (int(n) for n in told.split("/"))
        return Decimal(upper) / lower if lower else None
    number = decimal_of(told)
    if number is None and unit in _SMALL and (grouped := _GROUPED.fullmatch(told)):
        # Grams and millilitres have no three decimals: 1.500 g is a kilogram and a half.
        number = Decimal(re.sub(r"\D", "", grouped[0]))
    return number


def _quantity(cell: str, part: str, default: str | None) -> tuple[Decimal, str | None]:
    found = _QUANTITY.fullmatch(part.strip())
    if found is None or sum(c.isdigit() for c in part) > 15:
        raise Unclear(
            N_("“%(cell)s” không phải khối lượng hay thể tích. Ghi như 500 g, 0,5 kg hoặc 1,5 lít."), cell=cell[:40]
        )
    factor, unit = Decimal(1), default
    if found["u"]:
        word = _unit_word(found["u"])
        if word in _OTHER:
            factor, unit = _OTHER[word]
        elif (unit := _UNIT.get(word)) is None:
            raise Unclear(N_("Chưa rõ đơn vị “%(unit)s”. Dùng g, kg, ml, lít hoặc cái."), unit=found["u"][:20])
    number = _amount_of(found["n"], unit)
    if number is None:
        bare = found["n"].strip()
        near = (
            re.sub(r"(\d)[.,]0*$", r"\1", re.sub(r"0+$", "", bare.replace(".", ",")))
            if "," in bare or "." in bare
            else bare
        )
        raise Unclear(
            N_("“%(cell)s” có thể hiểu hai cách (phần nghìn hay phần lẻ)."),
            cell=cell[:40],
            suggestion=f"{near} {found['u'] or ''}".strip(),
        )
    return _tidy(number * factor), unit


@lru_cache(maxsize=2048)
def content(cell: str, *, unit: str | None = None) -> tuple[Decimal, str | None]:
    """The net content of `500 g`, `0,5kg`, `1/2 kg`, `1.5 lít`, `500ml x 6` (of all together) and its unit's code; `unit` is
    what the head says where the cell names none.

    Raises:
        Unclear: no quantity, an unknown unit, or one that can be read in two ways.
    """
    faults(cell)
    told = re.sub(r"^(?:~|≈|±|khoảng|chừng|độ)\s*(?=[\d½¼¾])", "", _digits(cell), flags=re.I)
    told = re.sub(r"^nửa\s+(?=[^\W\d_])", "0,5 ", told, flags=re.I)
    parts = _TIMES.split(told)
    if len(parts) == 2:
        one, many = parts
        if re.fullmatch(r"\d{1,4}", one.strip()) and not re.fullmatch(r"\d{1,4}", many.strip()):
            one, many = many, one  # 6 x 500ml
        if count := re.fullmatch(r"(\d{1,4})\s*(?:[^\W\d_]+)?", many.strip()):
            number, found = _quantity(cell, one, unit)
            return _tidy(number * int(count[1])), found
    if len(parts) != 1:
        raise Unclear(
            N_("“%(cell)s” không phải khối lượng hay thể tích. Ghi như 500 g, 0,5 kg hoặc 1,5 lít."), cell=cell[:40]
        )
    number, found = _quantity(cell, told, unit)
    if number <= 0:
        raise Unclear(N_("Khối lượng phải lớn hơn 0."))
    return number, found


_CONTENT = re.compile(
    r"(?:\d{1,3}\s*[x×*]\s*)?\d[\d.,]*\s*(?:kg|gram|gam|gr|g|ml|lít|lit|l)\b(?:\s*[x×*]\s*\d{1,3}\b)?", re.I
)


def content_in(words: str) -> tuple[Decimal | None, str | None]:
    """The content that the name of a pack says (`Hộp 2x250g`), if it says exactly one."""
    found = _CONTENT.findall(words)
    if len(found) != 1:
        return None, None
    try:
        return content(found[0])
    except Unclear:
        return None, None


_GRAMS = {"GRM": Decimal(1), "KGM": Decimal(1000), "MLT": Decimal(1), "LTR": Decimal(1000)}


def grams(cell: str, *, unit: str | None = None) -> int:
    """A weight in whole grams: `0,5kg`, `580`, `1.200 g`; a bare number is in `unit` (grams, if the head says none).

    Raises:
        Unclear.
    """
    number, found = content(cell, unit=unit or "GRM")
    if found not in {"GRM", "KGM"}:
        raise Unclear(N_("Cân nặng ghi theo g hoặc kg."))
    weight = number * _GRAMS[str(found)]
    if weight != weight.to_integral_value() or weight < 1:
        raise Unclear(
            N_("Cân nặng ghi tròn gam."),
            suggestion=str(max(1, int(weight.to_integral_value(rounding="ROUND_HALF_UP")))),
        )
    return int(weight)


_LENGTH = {"mm": 1, "cm": 10, "m": 1000, "dm": 100}


def millimetres(cell: str, *, scale: int = 1) -> int:
    """A length in whole millimetres: `120`, `12 cm`, `0,3 m`; a bare number counts `scale` millimetres.

    Raises:
        Unclear.
    """
    faults(cell)
    found = re.fullmatch(r"(\d[\d.,]*)\s*(mm|cm|dm|m)?\.?", cell.strip(), re.I)
    number = decimal_of(found[1]) if found else None
    if found is None or number is None:
        raise Unclear(N_("Kích thước ghi như 120 mm hoặc 12 cm."))
    length = number * (_LENGTH[found[2].lower()] if found[2] else scale)
    if length != length.to_integral_value():
        raise Unclear(
            N_("Kích thước ghi tròn mi-li-mét."),
            suggestion=str(int(length.to_integral_value(rounding="ROUND_HALF_UP"))),
        )
    return int(length)


# --- numbers and days --------------------------------------------------------------------------------------------


def whole(cell: str) -> int:
    """A whole number, perhaps with marks between thousands or a zero behind the comma.

    Raises:
        Unclear.
    """
    faults(cell)
    number = _plain_amount(_digits(cell))
    if number is None or number != number.to_integral_value():
        raise Unclear(N_("“%(cell)s” không phải số nguyên."), cell=cell[:40])
    return int(number)


_SPAN = {
    "ngay": 1,
    "day": 1,
    "days": 1,
    "tuan": 7,
    "week": 7,
    "weeks": 7,
    "thang": 30,
    "th": 30,
    "month": 30,
    "months": 30,
    "nam": 365,
    "year": 365,
    "years": 365,
}


def days(cell: str) -> int:
    """A shelf life in days: `90`, `3 tháng` (of 30 days), `1 năm` (of 365).

    Raises:
        Unclear.
    """
    faults(cell)
    found = re.fullmatch(r"(\d[\d.,]*)\s*([^\W\d_]+)?\.?", _digits(cell))
    step = _SPAN.get(text.fold(found[2])) if found and found[2] else 1
    if found is None or step is None:
        raise Unclear(N_("Hạn dùng ghi theo ngày, tháng hoặc năm, ví dụ 90 hoặc 3 tháng."))
    return whole(found[1]) * step


def percent(cell: str) -> Decimal:
    """A share in per cent: `29`, `29%`, `29,5 % vol`, `29 độ`.

    Raises:
        Unclear: no number; a bare fraction of one, which may come from a cell shown in per cent.
    """
    faults(cell)
    found = re.fullmatch(r"(\d[\d.,]*)\s*(%|độ|do|°)?\s*(?:vol|v/v|cồn|con|rượu)?\.?", cell.strip(), re.I)
    number = decimal_of(found[1]) if found else None
    if found is None or number is None:
        raise Unclear(N_("Độ cồn ghi như 29 hoặc 29,5%%."))
    if 0 < number < 1 and not found[2]:
        raise Unclear(
            N_("“%(cell)s”: chưa rõ là phần trăm hay phần của một."),
            cell=cell[:20],
            suggestion=f"{_tidy(number * 100):f}".replace(".", ",") + "%",
        )
    return _tidy(number)


_EPOCH = date(1899, 12, 30)
_FIRST_SERIAL, _LAST_SERIAL = 36_526, 73_050  # 2000 to 2099


def day(cell: str) -> date:
    """A day written `31/12/2026`, `31-12-26`, `31.12.2026`, `2026-12-31`, or the number that a spreadsheet keeps for it.

    Raises:
        Unclear: no day, or a month beyond twelve (days come first here).
    """
    faults(cell)
    told = cell.strip().lower().removeprefix("ngày").strip()
    told = re.sub(r"[ t]\d{1,2}:\d{2}(:\d{2})?$", "", told)
    if re.fullmatch(r"\d{5}(?:\.0+)?", told):
        serial = int(told.split(".")[0])
        if _FIRST_SERIAL <= serial <= _LAST_SERIAL:
            return _EPOCH + timedelta(days=serial)
    year = month = number = 0
    if found := re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", told):
        year, month, number = int(found[1]), int(found[2]), int(found[3])
    elif found := re.fullmatch(r"(\d{1,2})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{4}|\d{2})", told):
        number, month, year = int(found[1]), int(found[2]), int(found[3])
        year += 2000 if year < 100 else 0
        if month > 12 >= number:
            raise Unclear(N_("Ngày ghi theo thứ tự ngày/tháng/năm."), suggestion=f"{month:02d}/{number:02d}/{year}")
    try:
        made = date(year, month, number)
    except ValueError:
        raise Unclear(N_("“%(cell)s” không phải ngày. Ghi như 31/12/2026."), cell=cell[:40]) from None
    if not 2000 <= made.year < 2100:
        raise Unclear(N_("“%(cell)s” không phải ngày. Ghi như 31/12/2026."), cell=cell[:40])
    return made


Reader = Callable[[str], Any]
