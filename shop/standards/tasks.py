"""What recurs: papers that end are announced."""

from __future__ import annotations

from datetime import timedelta

from shop.kernel import clock, jobs
from shop.kernel.db import transaction
from shop.standards import letters, queries


@jobs.every(timedelta(hours=6), name="standards.ending", group="report")
def ending() -> None:
    """Tell members of papers that end soon or have ended, each fact once (letters have keys)."""
    for row, mark in queries.ending(clock.today()):
        with transaction():
            letters.ends(row, mark)
