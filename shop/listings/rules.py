"""Which changes a reviewer sees before customers do, and what free text may claim. No database here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from shop.kernel import settings, text
from shop.kernel.errors import N_

PRICE_LIMIT = settings.define(
    "listings.price_limit_percent",
    20,
    N_("Cơ sở tự đổi giá không cần duyệt: lệch nhiều nhất bao nhiêu phần trăm so với mọi mức giá của 30 ngày qua"),
    hint=N_("0: mọi lần đổi giá đều phải duyệt."),
    low=0,
    high=100,
)
PRICE_WINDOW = timedelta(days=30)

# What a producer may say of a product and of its packs. The catalogue's other facts are the office's.
PRODUCT_FIELDS = (
    "name", "name_en", "set_id", "summary", "story", "story_en", "ingredients", "allergens", "storage_note", "shelf_life_days",
    "season_months", "cold", "is_alcohol", "alcohol_percent", "commune_code", "locality_text",
)  # fmt: skip
VARIANT_FIELDS = (
    "pack", "pack_en", "gtin", "net_content", "net_unit", "weight_g", "length_mm", "width_mm", "height_mm", "order_limit",
    "position",
)  # fmt: skip
# Of a product that is shown, these show at once; everything else is a name, a claim or a number customers rely on.
FREE_PRODUCT_FIELDS = frozenset({"storage_note", "season_months", "cold"})
FREE_VARIANT_FIELDS = frozenset({"weight_g", "length_mm", "width_mm", "height_mm", "order_limit", "position"})
# Free text, in which no star and no OCOP may stand that the product does not have.
TEXT_FIELDS = frozenset(
    {
        "name",
        "name_en",
        "summary",
        "story",
        "story_en",
        "ingredients",
        "storage_note",
        "locality_text",
        "pack",
        "pack_en",
    }
)

FIELD_NAMES = {
    "name": N_("Tên sản phẩm"),
    "name_en": N_("Tên tiếng Anh"),
    "set_id": N_("Bộ sản phẩm"),
    "summary": N_("Tóm tắt một câu"),
    "story": N_("Câu chuyện sản phẩm"),
    "story_en": N_("Câu chuyện bằng tiếng Anh"),
    "ingredients": N_("Thành phần"),
    "allergens": N_("Chất gây dị ứng"),
    "storage_note": N_("Cách bảo quản"),
    "shelf_life_days": N_("Hạn dùng (ngày)"),
    "season_months": N_("Tháng có hàng"),
    "cold": N_("Nhiệt độ"),
    "is_alcohol": N_("Đồ uống có cồn"),
    "alcohol_percent": N_("Độ cồn"),
    "commune_code": N_("Xã, phường, đặc khu"),
    "locality_text": N_("Nơi làm ra, viết thêm"),
    "pack": N_("Quy cách"),
    "pack_en": N_("Quy cách bằng tiếng Anh"),
    "gtin": N_("Mã vạch (GTIN)"),
    "net_content": N_("Khối lượng tịnh hoặc thể tích"),
    "net_unit": N_("Đơn vị"),
    "weight_g": N_("Khối lượng cả bao bì (g)"),
    "length_mm": N_("Dài (mm)"),
    "width_mm": N_("Rộng (mm)"),
    "height_mm": N_("Cao (mm)"),
    "order_limit": N_("Mỗi đơn mua nhiều nhất"),
    "position": N_("Vị trí"),
    "price": N_("Giá bán"),
    "state": N_("Trạng thái"),
    "new": N_("Thêm mới"),
    "photos": N_("Ảnh"),
}


# --- prices ------------------------------------------------------------------------------------------------------


def price_needs_review(amount: int, held: Sequence[int], percent: int) -> bool:
    """Whether `amount` (đồng) is further than `percent` per cent from one of the prices `held` lately; always without any.

    Every price of the window counts, so that small steps do not add up to a large one unseen.
    """
    return not held or any(abs(amount - price) * 100 > percent * price for price in held)


def chain(now: int, steps: Iterable[tuple[int | None, int | None, bool]]) -> list[int]:
    """The prices that led to `now` without a reviewer: `steps` are (before, after, at once), the youngest first.

    A step that a reviewer approved, or a price that somebody else set in between, ends the chain.
    """
    held = [now]
    for before, after, at_once in steps:
        if not at_once or after != held[-1] or before is None:
            break
        held.append(before)
    return held


def within(amount: int, percent: int) -> tuple[int, int]:
    """The lowest and highest price (đồng) that `percent` per cent around `amount` allow."""
    share = Fraction(percent, 100)
    low, high = amount * (1 - share), amount * (1 + share)
    return max(1, -(-low.numerator // low.denominator)), high.numerator // high.denominator


# --- claims ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claim:
    """A word of OCOP (`stars` None) or of that many stars; `words` is what was written. Halves of stars are -1."""

    words: str
    stars: int | None = None


_NUMBERS = {"một": 1, "hai": 2, "ba": 3, "bốn": 4, "năm": 5, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
# The same without any mark, as people type in a hurry. A word that has marks must have the right ones: “nấm sao” is roasted
# mushrooms, “3 sào” is a piece of land.
_BARE = {text.fold(word): n for word, n in _NUMBERS.items()}
_SAO = {"sao", "stars", "star"}
# “năm sao” is also “years, roasted”: told apart by the word before and the word behind.
_YEARS_BEFORE = frozenset(
    {
        "mỗi", "hằng", "hàng", "cả", "nhiều", "quanh", "trong", "từng", "một", "hai", "ba", "bốn", "mấy", "suốt", "đầu",
        "cuối", "giữa"
    }
)  # fmt: skip
_ROASTED_BEHIND = frozenset(
    {
        "cho", "vàng", "khô", "lên", "chè", "trà", "tẩm", "nóng", "qua", "kỹ", "đều", "tay", "bằng", "trên", "với", "lại",
        "cũng", "chậm", "thủ", "thơm", "lá", "cà", "hạt"
    }
)  # fmt: skip
_OF_PLANTS = frozenset(("anise", "fruit", "fruits", "apple", "apples"))
_GLYPHS = "★☆⭐🌟✪✮✯⚝✰🟊⭑⭒✩"
_STAR_RUN = re.compile(f"[{_GLYPHS}\ufe0f ]*[{_GLYPHS}][{_GLYPHS}\ufe0f ]*")
_ASTERISK = re.compile(r"(?<![\w.,])([1-5])\s?\*(?!\s*[\d*])(?!\s*\w)")
# The four letters with whatever stands between them. With gaps they are told from “ốc ốp”, “ở cốp xe” by their marks.
_GAP = r"[\W_]{0,3}"
_OCOP = re.compile(rf"(?<![a-z0-9])[o0]({_GAP})c({_GAP})[o0]({_GAP})p")
_HORN, _ROOF, _ACUTE = "\u031b", "\u0302", "\u0301"
_HOLLOW = "☆✩⭒"
# Letters of other alphabets that look like these; stripes, enclosed letters and flags as people paint words with.
_LOOK_ALIKES = str.maketrans(
    dict(zip("АВСЕНІЈКМОРЅТХасеіјорѕухԁΑΒΕΗΙΚΜΝΟΡΤΧοςσρ", "ABCEHIJKMOPSTXaceijopsyxdABEHIKMNOPTXocop", strict=True))
    | {"З": "3", "з": "3", "ø": "o", "Ø": "O", "ᴏ": "o", "ᴄ": "c", "ᴘ": "p", "〇": "0"}
    | {chr(first + i): chr(65 + i) for first in (0x1F150, 0x1F170, 0x1F1E6) for i in range(26)}
)
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
_PROGRAMME = re.compile(r"\b(?:moi xa(?:, phuong)?,? mot san pham|one commune,? one product)\b")
_TOKEN = re.compile(r"\d+(?:[.,]\d+)?|[^\W\d_]+|[^\w\s]", re.UNICODE)
_JOINERS = {"-", "–", "—", "‑", "_", "/", ".", "·", "'", '"', "“", "”", "(", ")"}
_RATED = frozenset(("số", "hạng", "mức", "đạt", "chuẩn", "đánh"))


def _number(word: str) -> int | None:
    """Stars that a word counts, -1 for a number that is none of one to five whole stars but could be meant so."""
    if word[0].isdigit():
        value = Decimal(word.replace(",", "."))
        if value != int(value):
            return -1 if 0 < value <= 5 else None
        return int(value) if 1 <= value <= 5 else None
    if word in _NUMBERS:
        return _NUMBERS[word]
    return _BARE.get(word)


def _told(words: list[str]) -> Iterable[Claim]:
    for i, word in enumerate(words):
        if word not in _SAO:
            continue
        behind = next((t for t in words[i + 1 : i + 3] if t not in _JOINERS), "")
        at = i - 1
        while at >= 0 and (words[at] in _JOINERS or words[at] == "ngôi"):
            at -= 1
        stars = _number(words[at]) if at >= 0 else None
        before = words[at - 1] if at > 0 else ""
        if stars is not None and (word == "sao" or behind not in _OF_PLANTS):
            digits = words[at][0].isdigit()
            years = not digits and word == "sao" and (before in _YEARS_BEFORE or behind in _ROASTED_BEHIND)
            if not years:
                yield Claim(" ".join(words[at : i + 1]), stars)
                continue
        if stars is None and word == "sao" and at >= 0 and words[at] in _RATED and behind and _number(behind):
            yield Claim(" ".join([words[at], word, behind]), _number(behind))


def _seen(written: str) -> str:
    """`written` as a reader sees it: one form of each letter, look-alikes as the letters they look like, nothing unseen."""
    if written.isascii():
        return text.clean(written)
    kept = "".join(
        c for c in unicodedata.normalize("NFKC", written) if c not in _UNSEEN and unicodedata.category(c) != "Cf"
    )
    return text.clean(unicodedata.normalize("NFC", kept.translate(_LOOK_ALIKES)))


def _letters(plain: str) -> tuple[str, list[str]]:
    """The lower-case letters of `plain` without marks, and beside each its marks."""
    bare: list[str] = []
    marks: list[str] = []
    for c in unicodedata.normalize("NFD", plain.lower()):
        if unicodedata.combining(c):
            if marks:
                marks[-1] += c
        else:
            bare.append("d" if c == "đ" else c)
            marks.append("")
    return "".join(bare), marks


def _ocop(plain: str) -> Iterable[Claim]:
    bare, marks = _letters(plain)
    for match in _OCOP.finditer(bare):
        at = [match.start(), match.end(1), match.end(2), match.end(3)]
        own = [marks[i] for i in at]
        ahead = bare[match.end() : match.end() + 3]
        gaps = [bool(match[n]) for n in (1, 2, 3)]
        if _HORN in own[0] + own[2]:
            continue  # ơ is another letter: “ở cơ”
        if any(gaps):
            whole_word = not ahead[:1].isalpha()
            spelt = all(gaps)
            # “Ô CỐP” is written as the word is said; “ốc ốp”, “ô cọp”, “để ở cốp xe” are words of their own.
            said = (
                gaps == [True, False, False]
                and own[0] in {"", _ROOF}
                and set(own[2]) <= {_ROOF, _ACUTE}
                and ahead != " xe"
            )
            if not whole_word or not (spelt or said or not "".join(own)):
                continue
        yield Claim("".join(bare[match.start() : match.end()]).upper())


def claims(written: str | None) -> list[Claim]:
    """What `written` says of OCOP and of stars, in the order of kinds; empty if it says nothing.

    >>> claims("Chè sao vàng hạ thổ, hình ngôi sao")
    []
    """
    if not written:
        return []
    plain = _seen(written)
    lower = re.sub(r"\bsa0\b", "sao", plain.lower())
    bare = text.fold(plain)
    found = [*_ocop(plain), *(Claim(m[0]) for m in _PROGRAMME.finditer(bare))]
    found += _told(_TOKEN.findall(lower))
    for match in _STAR_RUN.finditer(plain):
        # A row of hollow stars alone claims as many; one is an ornament.
        hollow = sum(c in _HOLLOW for c in match[0])
        filled = sum(c in _GLYPHS for c in match[0]) - hollow
        if not filled and hollow < 2:
            continue
        filled = filled or hollow
        digit = re.search(r"(?<![\d.,])([1-5])$", plain[: match.start()].rstrip()) if filled == 1 else None
        stars = int(digit[1]) if digit else filled
        found.append(Claim(match[0].strip(), stars if stars <= 5 else -1))
    found += [Claim(match[0], int(match[1])) for match in _ASTERISK.finditer(lower)]
    return found


def not_held(written: str | None, stars: int | None) -> Claim | None:
    """The first claim of `written` that a product with a certificate in force of `stars` (None: without one) does not hold."""
    return not_held_by(written, set() if stars is None else {stars})


def not_held_by(written: str | None, held: AbstractSet[int]) -> Claim | None:
    """The first claim of `written` that certificates in force of these stars do not say; without any, no claim holds."""
    return next((c for c in claims(written) if not held or (c.stars is not None and c.stars not in held)), None)


# What a reviewer is warned of: not refused, because it may be true and papers may show it.
_WARNINGS = (
    (N_("hữu cơ"), re.compile(r"\b(?:huu co|organic)\b")),
    (N_("VietGAP, GlobalGAP"), re.compile(r"\b(?:viet ?gap|global ?gap)\b")),
    (
        N_("tác dụng chữa bệnh"),
        re.compile(
            r"\b(?:chua (?:khoi |tri |duoc )?(?:benh|dut|lanh|ung thu)|dieu tri|dac tri|"
            r"tri (?:benh|dut|dau|ho|mun|mat ngu)|phong benh|ngan ngua (?:benh|ung thu)|"
            r"chong ung thu|ung thu|tieu duong|cao huyet ap|giam can|than duoc|khang viem|"
            r"thay the thuoc|cures?|heals?|treats? (?:disease|cancer)|anti.?cancer)\b"
        ),
    ),
    (
        N_("“duy nhất”, “số một”, “tốt nhất”"),
        re.compile(r"\b(?:tot nhat|so (?:mot|1) (?:viet nam|the gioi)|duy nhat|the best)\b"),
    ),
)


def warnings(written: str | None) -> list[str]:
    """Kinds of claims in `written` that need a paper or are not allowed of food, as msgids."""
    folded = text.fold(unicodedata.normalize("NFKC", written or ""))
    return [label for label, pattern in _WARNINGS if pattern.search(folded)]
