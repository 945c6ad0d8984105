"""What staff may set about supply, and the bounds of what people may say."""

from __future__ import annotations

from datetime import date, timedelta

from shop.kernel import clock, text
from shop.kernel.errors import N_, Invalid
from shop.kernel.settings import define

ANSWER_DAYS = define(
    "supply.answer_days",
    3,
    N_("Cơ sở sản xuất trả lời đề nghị cung ứng trong (ngày)"),
    hint=N_("Quá hạn mà chưa trả lời, đề nghị được tô nổi ở cả hai bên."),
    low=1,
    high=30,
)
# Sale units: of a paper, and of a statement about what can be made.
MOST_UNITS = 100_000
MOST_CAPACITY = 1_000_000
MOST_LINES = 200
LONGEST_LEAD = 730
# No statement speaks of a time before, and none of what lies so far ahead that nobody can know it.
EARLIEST = date(2000, 1, 1)
YEARS_AHEAD = 10


def line(raw: str | None, limit: int, field: str, *, needed: str = "") -> str:
    """One line of at most `limit` characters; `needed` is what is said if it has fewer than two.

    Raises:
        Invalid.
    """
    found = text.clean(raw or "").replace("\n", " ")
    if len(found) > limit:
        raise Invalid(N_("Nhiều nhất %(n)s ký tự."), field=field, n=limit)
    if needed and len(found) < 2:
        raise Invalid(needed, field=field)
    return found


def whole(n: int, low: int, high: int, field: str) -> int:
    """`n` if it lies between the two.

    Raises:
        Invalid.
    """
    if not low <= n <= high:
        raise Invalid(
            N_("Số lượng phải từ %(low)s đến %(high)s."), field=field, low=low, high=f"{high:,}".replace(",", ".")
        )
    return n


def latest() -> date:
    """The last day that a statement may name."""
    return clock.today() + timedelta(days=365 * YEARS_AHEAD)


def day(value: date, field: str, *, first: date = EARLIEST) -> date:
    """`value` if people may speak of that day.

    Raises:
        Invalid: before `first`, or too far ahead.
    """
    if value < first or value > latest():
        raise Invalid(N_("Ngày này quá sớm hoặc quá xa."), field=field)
    return value
