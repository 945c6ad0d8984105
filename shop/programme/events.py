"""Facts told by the programme."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DossierMoved:
    """A dossier took a step that somebody is told of; `step_id` is that of its `DossierStep`."""

    dossier_id: int
    step_id: int
