"""What a fair's days do by themselves: it opens on its first day; a cancelled one goes on sending home; buyers are erased."""

from __future__ import annotations

from datetime import timedelta

from shop.exhibitions.services import booths, days, homeward
from shop.kernel import jobs


@jobs.every(timedelta(minutes=10), name="exhibitions.open", group="sweep")
def open_due() -> None:
    """Open prepared fairs whose first day has come."""
    booths.open_due()


@jobs.every(timedelta(minutes=30), name="exhibitions.homeward", group="sweep")
def goods_homeward() -> None:
    """What has come to the booths of a cancelled fair goes home again."""
    homeward.homeward()


@jobs.every(timedelta(days=1), name="exhibitions.forget-buyers", group="retention")
def forget_buyers() -> None:
    """Erase trade buyers whose term is over."""
    while days.erase_due() == 500:
        pass
