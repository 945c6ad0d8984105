"""The calendar that a new year is offered: the province's own, as its portal published it in 2020."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

SOURCE = "http://ocop.com.vn/p/so-do-chu-trinh/so-do-chu-trinh-6"


@dataclass(frozen=True, slots=True)
class Span:
    """The days of a step, both included, and what the calendar says of its busiest time."""

    number: int
    from_on: date
    to_on: date
    peak: str


def offered(year: int) -> tuple[Span, ...]:
    """The six steps of `year`. Days of steps that run all year are the year's own."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    return (
        Span(1, first, last, "Cao điểm tháng 3–4"),
        Span(2, date(year, 4, 1), date(year, 6, 30), "Cao điểm tháng 4–6"),
        Span(3, date(year, 6, 1), date(year, 8, 31), "Cao điểm tháng 6–8"),
        Span(4, first, last, "Liên tục sau khi kế hoạch được duyệt"),
        Span(5, date(year, 3, 1), date(year, 8, 31), "Tháng 3–4 hoặc tháng 7–8"),
        Span(6, first, last, "Cao điểm tháng 1 và tháng 5, quanh hội chợ Xuân, Hè"),
    )
