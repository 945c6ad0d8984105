"""How long, and how much of, a buyer is known to whoever sends his parcel."""

from __future__ import annotations

from datetime import datetime, timedelta

from shop.kernel import clock
from shop.orders import rules


def hidden_before() -> datetime:
    """Of parcels that were over before this instant the buyer is not shown to their sender any more."""
    return clock.now() - timedelta(days=int(rules.CONTACT_DAYS.get()))


def is_hidden(closed_at: datetime | None) -> bool:
    """Whether the term of a parcel that was over at `closed_at` (None: it is not) has passed."""
    return closed_at is not None and closed_at < hidden_before()


def initials(name: str) -> str:
    """What is left of a name then.

    >>> initials("Nguyễn Thị Lan")
    'N. T. L.'
    """
    return " ".join(f"{word[0]}." for word in name.split())
