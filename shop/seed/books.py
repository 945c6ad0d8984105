"""The money of the made-up year in the ledger; its days are closed up to a week ago, one was looked at again."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from shop.kernel import clock
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.ledger import queries, sources
from shop.ledger.models import Entry
from shop.ledger.services import days


def close(desk: Actor) -> None:
    """Post what the year's large statements left out, and close days as the desk would."""
    sources.bring_in()
    before = clock.today() - timedelta(days=7)
    last = select(Entry.channel, func.max(Entry.day)).where(Entry.day < before).group_by(Entry.channel)
    for channel, day in session().execute(last.order_by(Entry.channel)).all():
        seen = queries.digest(queries.figures(channel, day))
        key = f"seed:demo:close:{channel}"
        days.close(desk, channel, day, seen, "", op_key=key)
        if channel == "web":
            days.reopen(desk, channel, day, "Xem lại một đơn giao muộn.", op_key=f"{key}:again")
            days.close(desk, channel, day, seen, "Đã xem lại, không đổi.", op_key=f"{key}:anew")
