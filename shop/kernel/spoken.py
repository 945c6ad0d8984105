"""Amounts in words, as papers about money write them out: Vietnamese and English, whole numbers of any size."""

from __future__ import annotations

_VI = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
# What a last digit is called after "mươi".
_VI_LAST = {1: "mốt", 4: "tư", 5: "lăm"}
_VI_SCALES = ((1_000_000, "triệu"), (1_000, "nghìn"), (1, ""))
_EN = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_EN_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_EN_SCALES = ((1_000_000_000, "billion"), (1_000_000, "million"), (1_000, "thousand"))


def vietnamese(n: int) -> str:
    """`n` in Vietnamese words: 1.021.105 → `một triệu không trăm hai mươi mốt nghìn một trăm linh năm`.

    >>> vietnamese(24)
    'hai mươi tư'
    """
    if n < 0:
        return f"âm {vietnamese(-n)}"
    return " ".join(_vi(n)) or _VI[0]


def _vi(n: int) -> list[str]:
    high, low = divmod(n, 1_000_000_000)
    said = [*_vi(high), "tỷ"] if high else []
    for scale, name in _VI_SCALES:
        group = low // scale % 1_000
        if group:
            said += _vi_group(group, hundreds=bool(said))
            if name:
                said.append(name)
    return said


def _vi_group(n: int, *, hundreds: bool) -> list[str]:
    """Three digits; `hundreds`: something was said before, so even no hundreds are said."""
    h, rest = divmod(n, 100)
    tens, last = divmod(rest, 10)
    said = [_VI[h], "trăm"] if h or hundreds else []
    if tens > 1:
        said += [_VI[tens], "mươi"]
    elif tens:
        said.append("mười")
    elif last and said:
        said.append("linh")
    if last:
        named = _VI_LAST if tens > 1 else {5: "lăm"} if tens else {}
        said.append(named.get(last, _VI[last]))
    return said


def english(n: int) -> str:
    """`n` in English words: 1,021,105 → `one million twenty-one thousand one hundred and five`."""
    if n < 0:
        return f"minus {english(-n)}"
    if n < 1_000:
        return _en_group(n)
    for scale, name in _EN_SCALES:
        if n >= scale:
            high, low = divmod(n, scale)
            tail = "" if not low else f" and {_en_group(low)}" if low < 100 else f" {english(low)}"
            return f"{english(high)} {name}{tail}"
    raise AssertionError(n)


def _en_group(n: int) -> str:
    if n < 20:
        return _EN[n]
    if n < 100:
        tens, last = divmod(n, 10)
        return _EN_TENS[tens] + (f"-{_EN[last]}" if last else "")
    h, rest = divmod(n, 100)
    return f"{_EN[h]} hundred" + (f" and {_en_group(rest)}" if rest else "")


def dong(amount: int, language: str) -> str:
    """`amount` đồng in words, as a sentence begins: `Một trăm hai mươi nghìn đồng`, `One hundred and twenty thousand dong`."""
    words = f"{english(amount)} dong" if language == "en" else f"{vietnamese(amount)} đồng"
    return words[0].upper() + words[1:]
