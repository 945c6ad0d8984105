"""Facts told by the programme."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DossierMoved:
    """A dossier came to a state that its producer is told of (returned, scored, forwarded); `version` is the dossier's."""

    dossier_id: int
    version: int
