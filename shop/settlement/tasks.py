"""What recurs: finding what was not posted; agreeing for those who said nothing in time."""

from __future__ import annotations

from datetime import timedelta

from shop.kernel import jobs
from shop.settlement.services import finding, statements


@jobs.every(timedelta(minutes=10), name="settlement.sweep", group="sweep")
def post_missed() -> None:
    """Post what no fact told of."""
    finding.sweep()


@jobs.every(timedelta(hours=1), name="settlement.agree-overdue", group="sweep")
def agree_overdue() -> None:
    """Whoever has had his time and said nothing agrees."""
    statements.agree_overdue()
