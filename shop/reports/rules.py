"""When reports are due; pure but for the settings."""

from __future__ import annotations

import re
from datetime import date

from shop.kernel import clock, settings
from shop.kernel.errors import N_

DUE_DAY = settings.define(
    "reports.due_day",
    5,
    N_("Báo cáo tháng: hạn nộp là ngày mấy của tháng sau"),
    hint=N_("Áp dụng cho báo cáo bắt đầu soạn từ lúc đổi."),
    low=1,
    high=25,
)
REMIND_DAYS = settings.define(
    "reports.remind_days",
    2,
    N_("Báo cáo tháng: nhắc trước hạn bao nhiêu ngày"),
    low=0,
    high=10,
)
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")
FIRST = date(2014, 1, 1)


def read_month(raw: str) -> date | None:
    """The first day of the month written `2026-10`; None: no month, or one before the programme began."""
    found = _MONTH.fullmatch(raw)
    if found is None:
        return None
    month = date(int(found[1]), int(found[2]), 1)
    return month if FIRST <= month <= clock.today() else None


def spelt(month: date) -> str:
    """`2026-10`, as addresses write it."""
    return f"{month:%Y-%m}"


def end_of(month: date) -> date:
    """The first day of the month after."""
    return clock.add_months(month.replace(day=1), 1)


def due_on(month: date) -> date:
    """The day by which the report of `month` is handed in."""
    after = end_of(month)
    return after.replace(day=int(DUE_DAY.get()))


def latest() -> date:
    """The last month that is over."""
    return clock.add_months(clock.today().replace(day=1), -1)


def months(until: date, count: int = 13) -> list[date]:
    """`until`'s month and those before it, the latest first."""
    return [clock.add_months(until.replace(day=1), -n) for n in range(count) if clock.add_months(until, -n) >= FIRST]
