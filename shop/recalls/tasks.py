"""What recurs: buyers of recalled lots who come to light later."""

from __future__ import annotations

from datetime import timedelta

from shop.kernel import jobs
from shop.recalls import queries, services


@jobs.every(timedelta(minutes=10), name="recalls.follow", group="sweep")
def follow() -> None:
    """Look again who has bought of the lots that are being recalled."""
    for recall_id in queries.open_ids():
        services.follow(recall_id)
