"""What recurs: papers that end are announced."""

from __future__ import annotations

from datetime import timedelta

from shop.kernel import jobs
from shop.kernel.db import transaction
from shop.producers import letters, queries
from shop.producers.rules import ANNOUNCED


@jobs.every(timedelta(hours=6), name="producers.papers-ending", group="report")
def papers_ending() -> None:
    """Tell members of papers that end in 60, 30 and 7 days and of those that have ended, each once (letters have keys)."""
    for row in queries.ending(max(ANNOUNCED)):
        left = row.days
        if left is None or left < -ANNOUNCED[0]:
            continue  # ended long ago: the first page of the day says so
        mark = 0 if left < 0 else min(days for days in ANNOUNCED if left <= days)
        with transaction():
            letters.paper_ends(row, mark)
