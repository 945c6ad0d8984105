"""What the forms of conversations send."""

from __future__ import annotations


def shown(raw: str) -> int:
    """How many messages stood on the page whose reader says that he has read them; 0 if that is no number.

    >>> shown("3"), shown("nhiều"), shown("")
    (3, 0, 0)
    """
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) <= 6 else 0
