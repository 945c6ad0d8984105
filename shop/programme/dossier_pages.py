"""What the pages of a dossier share, for its producer, its commune, the programme office and councils."""

from __future__ import annotations

from typing import Any

from flask import Response

from shop.producers import files
from shop.programme import checklist, wording
from shop.programme.models.councils import OBJECTION_STATE_NAMES
from shop.programme.models.dossiers import (
    DOSSIER_KIND_NAMES,
    DOSSIER_STATE_NAMES,
    ROUND_LEVEL_NAMES,
    Dossier,
    DossierState,
    RoundLevel,
)
from shop.programme.queries import councils, dossiers, rounds

STATE_KINDS = {
    DossierState.DRAFT: "",
    DossierState.SUBMITTED: "info",
    DossierState.RETURNED: "warn",
    DossierState.COMPLETE: "info",
    DossierState.PROPOSED: "info",
    DossierState.COUNCIL: "info",
    DossierState.SCORED: "ok",
    DossierState.FORWARDED: "ok",
    DossierState.DECIDED: "ok",
    DossierState.FAILED: "bad",
    DossierState.WITHDRAWN: "",
}
NAMES: dict[str, Any] = {
    "kinds": DOSSIER_KIND_NAMES,
    "states": DOSSIER_STATE_NAMES,
    "state_kinds": STATE_KINDS,
    "levels": ROUND_LEVEL_NAMES,
    "clock_words": wording.clock_words,
    "points": wording.points,
}


def values(dossier: Dossier) -> dict[str, Any]:
    """What every page of one dossier needs."""
    return NAMES | {
        "d": dossier,
        "named": dossiers.named(dossier),
        "certified": dossiers.last_certificate(dossier.product_id),
        "lines": dossiers.standing(dossier),
        "left": dossiers.clock_of(dossier),
        "round": councils.round_of(dossier),
        "open_round": rounds.is_open(RoundLevel.PROVINCE),
        "steps": dossiers.steps_of(dossier.id),
        "step_names": wording.STEP_NAMES,
        "report_names": checklist.REPORT,
        "found_names": checklist.FOUND,
        "results": councils.results_of(dossier.id),
        "objections": councils.objections_of(dossier.id),
        "objection_names": OBJECTION_STATE_NAMES,
        "council_verdict": wording.council_verdict,
        "lack_words": wording.lack_words,
    }


def file_of(dossier: Dossier, paper_id: int) -> Response:
    """A paper's file, for somebody who may see the dossier.

    Raises:
        NotFound: the dossier has no such paper.
    """
    paper = dossiers.paper(dossier, paper_id)
    answer: Response = files.answer(paper.file_key, f"{dossier.code}-{paper.requirement}-{paper.id}")
    return answer
