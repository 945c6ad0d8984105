"""Results of councils that wait for a decision, as the programme gives them."""

from __future__ import annotations

from typing import Any


def ready() -> list[Any]:
    """Results that wait for a decision, oldest first."""
    return []


def mark_decided(actor: Any, dossier_id: int, number: str, decided_on: Any, *, code: str) -> None:
    """Tell the programme that a result was decided."""
