"""Results of councils that wait for a decision, as the programme gives them; the one place where this room writes up to it."""

from __future__ import annotations

from datetime import date

from shop.programme.queries import results as programme
from shop.programme.queries.results import Ready
from shop.programme.services import results as commands


def ready() -> list[Ready]:
    """Results that wait for a decision, oldest first."""
    return programme.ready()


def mark_decided(dossier_id: int, number: str, decided_on: date) -> None:
    """Tell the programme, in the open transaction, that a result was decided.

    Raises:
        ResultNotReady: it does not stand any more, or was decided elsewhere.
    """
    commands.mark_decided(dossier_id, number, decided_on)
