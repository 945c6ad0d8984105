"""Facts about reports."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReportMoved:
    """A report has taken a step."""

    report_id: int
    step_id: int
