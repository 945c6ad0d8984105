"""What is taken out of messages: ways to reach each other beside the shop (telephone numbers, e-mail addresses, links).

A person who spells a number in words is not caught; the page says why it is better to write here.
"""

from __future__ import annotations

import re

MASK = "•••"

_EMAIL = re.compile(r"[\w.+-]+\s?@\s?[\w-]+(?:\s?\.\s?[\w-]+)+")
_LINK = re.compile(
    r"(?:https?://|www\.)\S+"
    r"|\b[\w-]+(?:\.[\w-]+)*\.(?:com|vn|net|org|me|info|shop|store|link|io|app|site|online|xyz|ly|gg|be)\b(?:/\S*)?",
    re.I,
)
# A Vietnamese number: +84, 84 or 0, then eight to ten digits, however they are parted.
_PHONE = re.compile(r"(?<!\d)(?:\+\s?84|84|0)(?:[\s.\-_()]{0,4}\d){8,10}(?!\d)")


def mask(words: str) -> tuple[str, bool]:
    """`words` without ways to reach somebody beside the shop, and whether any were in it."""
    found = words
    for pattern in (_EMAIL, _LINK, _PHONE):
        found = pattern.sub(MASK, found)
    return found, found != words
