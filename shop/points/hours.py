"""Opening hours: per weekday one span of Vietnamese wall time; a day without one is closed, no table at all is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from shop.kernel import clock
from shop.kernel.errors import N_, Invalid

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_NAMES = {
    "mon": N_("Thứ Hai"),
    "tue": N_("Thứ Ba"),
    "wed": N_("Thứ Tư"),
    "thu": N_("Thứ Năm"),
    "fri": N_("Thứ Sáu"),
    "sat": N_("Thứ Bảy"),
    "sun": N_("Chủ nhật"),
}
# `24:00` is kept as the last minute-free instant of the day.
MIDNIGHT = 24 * 60

# For each day (Monday first) the minutes from midnight of opening and closing, or None.
Week = tuple[tuple[int, int] | None, ...]


@dataclass(frozen=True, slots=True)
class OpenState:
    """`is_open` is None when the hours are unknown. `changes_at` is the next closing (if open) or opening, aware UTC."""

    is_open: bool | None
    changes_at: datetime | None = None


def minutes(clock_time: str) -> int:
    """Minutes from midnight of `07:30` (also `7:30`, `7h30`, `7h`); `24:00` is 1440.

    Raises:
        Invalid: no time of day.
    """
    hour, _, minute = clock_time.strip().lower().replace("h", ":").partition(":")
    try:
        h, m = int(hour), int(minute or 0)
    except ValueError:
        raise Invalid(N_("Giờ phải viết như 07:30.")) from None
    if not (0 <= h <= 23 and 0 <= m <= 59) and (h, m) != (24, 0):
        raise Invalid(N_("Giờ phải viết như 07:30."))
    return h * 60 + m


def written(value: int) -> str:
    """`07:30` for 450."""
    return f"{value // 60:02d}:{value % 60:02d}"


def read(stored: Mapping[str, Any]) -> Week:
    """Return the stored table (`{"mon": ["07:30", "21:00"], …}`) as a week."""
    week: list[tuple[int, int] | None] = []
    for day in DAYS:
        span = stored.get(day)
        week.append((minutes(span[0]), minutes(span[1])) if span else None)
    return tuple(week)


def checked(raw: Mapping[str, tuple[str, str]]) -> dict[str, list[str]] | None:
    """Return the table to store for what a person typed per day (empty pairs are closed days); None if all are empty.

    Raises:
        Invalid: half a span, no time of day, or a closing that is not after the opening.
    """
    table: dict[str, list[str]] = {}
    for day in DAYS:
        start, end = (part.strip() for part in raw.get(day, ("", "")))
        if not start and not end:
            continue
        if not start or not end:
            raise Invalid(N_("Hãy ghi cả giờ mở và giờ đóng."), field=f"{day}_from")
        try:
            a, b = minutes(start), minutes(end)
        except Invalid as error:
            raise Invalid(error.title, field=f"{day}_from") from None
        if b <= a:
            raise Invalid(N_("Giờ đóng phải sau giờ mở."), field=f"{day}_from")
        table[day] = [written(a), written(b)]
    return table or None


def _instant(day: datetime, minute: int) -> datetime:
    """`minute` of the wall day of `day`, as UTC."""
    start = datetime.combine(day.date(), time(), clock.VIETNAM)
    return (start + timedelta(minutes=minute)).astimezone(UTC)


def state(week: Week | None, at: datetime) -> OpenState:
    """Whether it is open at the aware instant `at`, and when that changes next (None: never within a week)."""
    if week is None:
        return OpenState(None)
    local = at.astimezone(clock.VIETNAM)
    now = local.hour * 60 + local.minute
    today = week[local.weekday()]
    if today is not None and today[0] <= now < today[1]:
        return OpenState(True, _closing(week, local))
    for ahead in range(8):
        day = local + timedelta(days=ahead)
        span = week[day.weekday()]
        if span is not None and (ahead > 0 or now < span[0]):
            return OpenState(False, _instant(day, span[0]))
    return OpenState(False)


def _closing(week: Week, local: datetime) -> datetime | None:
    """When the span that is running ends; spans that meet at midnight are one."""
    for ahead in range(8):
        day = local + timedelta(days=ahead)
        span = week[day.weekday()]
        following = week[(day.weekday() + 1) % 7]
        if span is None:
            return None
        if span[1] < MIDNIGHT or following is None or following[0] > 0:
            return _instant(day, span[1])
    return None


def lines(week: Week) -> list[tuple[str, str, tuple[int, int] | None]]:
    """The week as lines for people: first day, last day (equal for a single one) and the span they share."""
    found: list[tuple[str, str, tuple[int, int] | None]] = []
    for day, span in zip(DAYS, week, strict=True):
        if found and found[-1][2] == span:
            found[-1] = (found[-1][0], day, span)
        else:
            found.append((day, day, span))
    return found


def change_time(state: OpenState, now: datetime) -> str:
    """When it closes or opens next, in Vietnam: `21:30` today, `07:30 25/11` on another day; empty if never."""
    if state.changes_at is None:
        return ""
    then, here = state.changes_at.astimezone(clock.VIETNAM), now.astimezone(clock.VIETNAM)
    return f"{then:%H:%M}" if then.date() == here.date() else f"{then:%H:%M %d/%m}"
