"""Facts told by listings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SubmissionDecided:
    """The office approved a submission or sent it back; `step_id` is the step that says so."""

    submission_id: int
    step_id: int
