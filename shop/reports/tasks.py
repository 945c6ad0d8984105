"""What recurs: officers are reminded of reports that are due or late."""

from __future__ import annotations

from datetime import timedelta

from shop.kernel import jobs
from shop.reports import letters


@jobs.every(timedelta(hours=12), name="reports.remind", group="report")
def remind() -> None:
    """Each officer hears twice of a report at most: before its day and after it."""
    letters.remind()
