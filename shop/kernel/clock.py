"""The only clock: instants are aware UTC, business days are those of Vietnam."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
# No day that a person means lies outside; at the calendar's own ends no instant can be reckoned.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 12, 31)


def now() -> datetime:
    """The present instant, aware, UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The present business day in Vietnam (UTC+7)."""
    return now().astimezone(VIETNAM).date()


def business_day(at: datetime) -> date:
    """The business day in Vietnam on which the aware instant `at` falls."""
    return at.astimezone(VIETNAM).date()


def start_of(day: date) -> datetime:
    """The instant (UTC) at which the Vietnamese business day `day` begins; a span ends before the next one's start."""
    return datetime.combine(day, time(), VIETNAM).astimezone(UTC)


def end_of(day: date) -> datetime:
    """The instant (UTC) before which the Vietnamese business day `day` lasts (half-open span)."""
    return start_of(day + timedelta(days=1))


def read_day(raw: str) -> date:
    """The day written as browsers send it (`2026-12-01`).

    Raises:
        ValueError: it is no day, or one before `FIRST_DAY` or after `LAST_DAY`.
    """
    found = date.fromisoformat(raw.strip())
    if not FIRST_DAY <= found <= LAST_DAY:
        raise ValueError(raw)
    return found


def add_months(day: date, months: int) -> date:
    """`day` moved by calendar `months`; the last day of a shorter month where the day does not exist."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    first_after = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return date(year, month + 1, min(day.day, (first_after - timedelta(days=1)).day))
