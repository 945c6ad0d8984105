"""What recurs: dossiers whose commune has ceased are handed on; the programme office hears of those whose commune is late."""

from __future__ import annotations

from datetime import timedelta

from shop.kernel import jobs
from shop.kernel.db import transaction
from shop.programme import letters
from shop.programme.queries import dossiers
from shop.programme.services import moving


@jobs.every(timedelta(hours=6), name="programme.late", group="report")
def tell_late() -> None:
    """Tell of each late dossier once (letters have keys)."""
    for row in dossiers.late():
        with transaction():
            letters.late(row)


@jobs.every(timedelta(hours=6), name="programme.ceased", group="report")
def follow_ceased() -> None:
    """Hand on dossiers whose commune has ceased; what a person must choose is told once."""
    moving.follow_all()
