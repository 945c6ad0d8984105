"""What recurs: the programme office hears of dossiers whose commune is late."""

from __future__ import annotations

from datetime import timedelta

from shop.kernel import jobs
from shop.kernel.db import transaction
from shop.programme import letters
from shop.programme.queries import dossiers


@jobs.every(timedelta(hours=6), name="programme.late", group="report")
def tell_late() -> None:
    """Tell of each late dossier once (letters have keys)."""
    for row in dossiers.late():
        with transaction():
            letters.late(row)
