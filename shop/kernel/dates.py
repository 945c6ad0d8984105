"""Days and instants as people read them, in the reader's language and Vietnam's time."""

from __future__ import annotations

from datetime import date, datetime

from flask_babel import get_locale, gettext

from shop.kernel import clock

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _english() -> bool:
    return getattr(get_locale(), "language", "vi") == "en"


def _as_day(value: date | datetime) -> date:
    return clock.business_day(value) if isinstance(value, datetime) else value


def day(value: date | datetime) -> str:
    """`24/11/2026`; in English `24 Nov 2026`. An instant is read as its business day in Vietnam."""
    d = _as_day(value)
    return f"{d.day} {_MONTHS[d.month - 1]} {d.year}" if _english() else f"{d:%d/%m/%Y}"


def span(first: date, last: date) -> str:
    """From one day to another: `01–30/11/2026` within a month, else (and in English) both in full."""
    if (first.year, first.month) == (last.year, last.month) and not _english():
        return f"{first:%d}–{last:%d/%m/%Y}"
    return f"{day(first)} – {day(last)}"


def month(value: date | datetime) -> str:
    """`11/2026`; in English `Nov 2026`."""
    d = _as_day(value)
    return f"{_MONTHS[d.month - 1]} {d.year}" if _english() else f"{d:%m/%Y}"


def instant(value: datetime) -> str:
    """`07:15 24/11/2026`; in English `24 Nov 2026, 07:15`. Aware instants only."""
    local = value.astimezone(clock.VIETNAM)
    return f"{day(local)}, {local:%H:%M}" if _english() else f"{local:%H:%M} {day(local)}"


def age(since: datetime) -> str:
    """How long something has waited, in minutes, hours or days: `40 phút`, `5 giờ`, `3 ngày`. Aware instants only."""
    minutes = max(0, int((clock.now() - since).total_seconds() // 60))
    if minutes < 60:
        return str(gettext("%(n)s phút", n=minutes))
    return str(gettext("%(n)s giờ", n=minutes // 60) if minutes < 48 * 60 else gettext("%(n)s ngày", n=minutes // 1440))
