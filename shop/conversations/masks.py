"""What is taken out of messages: ways to reach or to pay each other beside the shop (telephone numbers, e-mail addresses,
links, bank accounts), also where a letter stands for a digit or a dot is put between brackets.

A person who spells a number in words is not caught; the page says why it is better to write here.
"""

from __future__ import annotations

import re
import unicodedata

MASK = "•••"

_TLD = "com|vn|net|org|me|info|shop|store|link|io|app|site|online|xyz|ly|gg|be"
_EMAIL = re.compile(r"[\w.+-]+\s?(?:@|[\[({]\s?(?:at|@)\s?[\])}])\s?[\w-]+(?:\s?\.\s?[\w-]+)*", re.I)
_LINK = re.compile(
    r"(?:https?://|hxxps?://|www\.)\S+"
    rf"|\b[\w-]+(?:\.[\w-]+)*\.(?:{_TLD})\b(?:/\S*)?"
    # “evil[.]com”, “evil (dot) com”, “evil chấm com”; “muối chấm me” is food.
    rf"|\b[\w.-]+\s?[\[({{]\s?(?:\.|dot|chấm)\s?[\])}}]\s?(?:[\w-]+\.)*(?:{_TLD})\b(?:/\S*)?"
    r"|\b[\w-]+\s(?:dot|chấm)\s(?:com|vn|net|org|info|shop)\b(?:/\S*)?",
    re.I,
)
_GAP = r"[\s.\-_()]{0,4}"
# A Vietnamese number: +84, 84 or 0, then eight to ten digits, however they are parted.
_PHONE = re.compile(rf"(?<!\d)(?:\+\s?84|84|0)(?:{_GAP}\d){{8,10}}(?!\d)")
# The same with letters among the digits: O for 0; l, I and | for 1.
_ALMOST = re.compile(rf"(?<![^\W_])\+?[0-9OoIl|](?:{_GAP}[0-9OoIl|]){{8,12}}(?![^\W_])")
_DIGITS = str.maketrans("OoIl|", "00111")
_BANK_WORDS = re.compile(
    r"(?<!\w)(?:stk|s[ốo] ?t[àa]i ?kho[ảa]n|t[àa]i ?kho[ảa]n|tk|ng[âa]n ?h[àa]ng|bank(?:ing)?|\w+bank|chuy[ểe]n kho[ảa]n|ck|"
    r"vcb|tcb|bidv|acb|mb|vib|shb|msb|ocb|scb|momo|zalopay|viettel ?money|account|iban)(?!\w)",
    re.I,
)
_LONG = re.compile(r"(?<![A-Za-z\d])\d{9,19}(?![A-Za-z\d])")
_PARTED = re.compile(r"(?<![A-Za-z\d])\d(?:[\s.\-]{0,3}\d){7,18}(?![A-Za-z\d])")
_NEAR = 40
# What has many digits and is no way to pay: amounts in groups of three, days, what a carrier calls a parcel.
_AMOUNT = re.compile(r"[1-9]\d{0,2}(?:[.,]\d{3}){1,3}(?!\d)")
_WHOLE_AMOUNT = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:[.,]\d{3}){1,3}(?![.,]?\d)")
_SPACED_AMOUNT = re.compile(r"[1-9]\d{0,2}(?: \d{3}){1,3}(?=\s?(?:đ|vn[dđ]|₫))", re.I)
_DAY = re.compile(r"(?:0?[1-9]|[12]\d|3[01])([./-])(?:0?[1-9]|1[0-2])\1(?:19|20)\d\d")
_ISO_DAY = re.compile(r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])")
_PARCEL_WORDS = re.compile(
    r"(?:v[ậa]n đơn|van don|b[ưu]u g[ửu]i|tracking|m[ãa] ki[ệe]n|m[ãa] đơn|ma don|\bv[tn]p|\bghn|\bghtk|\bj&t|\bspx|\bems|"
    r"l[ôo] h[àa]ng|s[ốo] l[ôo]|m[ãa] v[ạa]ch|gtin)\W{0,3}(?:(?:s[ốo]|l[àa]|c[ủu]a|m[ãa]|no)\W{0,3})*$",
    re.I,
)
_MOBILE = re.compile(r"(?:\+?84|0)[35789]\d{8}")


def mask(words: str) -> tuple[str, bool]:
    """`words` without ways to reach or pay somebody beside the shop, and whether any were in it."""
    # Digits of other scripts are read as digits by people too.
    plain = "".join(str(unicodedata.decimal(c)) if c.isdecimal() and not c.isascii() else c for c in words)
    found = plain
    for pattern in (_EMAIL, _LINK):
        found = pattern.sub(MASK, found)
    found = _PHONE.sub(_phone, found)
    found = _ALMOST.sub(_almost, found)
    found = _PARTED.sub(_account, found)
    found = _LONG.sub(_long, found)
    return found, found != plain


def _names_a_parcel(match: re.Match[str]) -> bool:
    """Whether the digits, in one run, are said to be a parcel's, an order's or a lot's, and could not be dialled."""
    before = match.string[max(0, match.start() - _NEAR) : match.start()]
    return match[0].isdigit() and _PARCEL_WORDS.search(before) is not None and not _MOBILE.fullmatch(match[0])


def _phone(match: re.Match[str]) -> str:
    inside = (a.span() for a in _WHOLE_AMOUNT.finditer(match.string))
    if any(start < match.start() and match.end() <= end for start, end in inside):
        return match[0]  # the noughts of an amount
    return match[0] if _names_a_parcel(match) else MASK


def _almost(match: re.Match[str]) -> str:
    digits = sum(c.isdigit() for c in match[0])
    meant = match[0].translate(_DIGITS)
    # Digits alone were looked at before.
    return (
        MASK if 6 <= digits < sum(c.isalnum() or c == "|" for c in match[0]) and _PHONE.fullmatch(meant) else match[0]
    )


def _account(match: re.Match[str]) -> str:
    """A run of 8 to 19 digits near a word of banks is an account, unless it is plainly an amount or a day."""
    said = match[0]
    rest = match.string[match.start() :]
    whole = (_AMOUNT, _DAY, _ISO_DAY)
    if any(p.fullmatch(said) for p in whole) or _SPACED_AMOUNT.match(rest) or _names_a_parcel(match):
        return said
    around = (
        match.string[max(0, match.start() - _NEAR) : match.start()],
        match.string[match.end() : match.end() + _NEAR],
    )
    if not any(_BANK_WORDS.search(side) for side in around):
        return said
    # Days, amounts and small counts that stand beside each other are no account either.
    parts = re.split(r"[\s]+|\s?-\s", said)
    if (
        len(parts) > 1
        and all(any(p.fullmatch(x) for p in whole) or len(x) <= 2 for x in parts)
        and any(len(x) > 4 for x in parts)
    ):
        return said
    return MASK


def _long(match: re.Match[str]) -> str:
    return match[0] if _names_a_parcel(match) else MASK
