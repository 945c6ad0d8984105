"""What recurs: windows close and are done, places lapse, money goes back, buyers are forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shop.kernel import jobs
from shop.preorders.services import aside, carrying, deposits, places, privacy, windows


@jobs.job("preorders.give-back")
def give_back(payload: dict[str, Any]) -> None:
    """Ask for the refund of what is due to a buyer."""
    deposits.give_back(int(payload["preorder_id"]))


@jobs.every(timedelta(seconds=30), name="preorders.sweep", group="sweep")
def sweep() -> None:
    """Close windows whose time is over, end what was not confirmed in time, settle what a lost job left, bring deposits that
    wait over to windows that are open, and keep the goods of harvests for those who ordered them."""
    windows.close_due()
    places.lapse_due()
    deposits.sweep()
    carrying.bring_over_late()
    aside.sweep()


@jobs.every(timedelta(hours=1), name="preorders.finish", group="sweep")
def finish() -> None:
    """Windows of which nothing is open any more are done; deposits past their term go back."""
    carrying.release_old()
    windows.finish_done()


@jobs.every(timedelta(hours=12), name="preorders.forget", group="retention")
def forget() -> None:
    """Blank the buyers of pre-orders that ended long ago."""
    privacy.forget_ended()
