"""What happens to booths and goods when a fair steps on, and when a stand ends."""

from __future__ import annotations

from shop.exhibitions.events import FairCalledOff, FairStepped
from shop.exhibitions.models.fairs import FairState
from shop.exhibitions.services import booths, homeward
from shop.kernel.actor import SYSTEM
from shop.kernel.events import on, on_later

OVER = (FairState.CLOSED, FairState.CANCELLED)


@on(FairStepped)
def fair_over(fact: FairStepped) -> None:
    """Nobody collects at the booths of a fair that is over; of a closed one nobody stands at the counters any more. Those of a
    cancelled one count in what still comes."""
    if fact.after in OVER and fact.before in (FairState.ALLOTTED, FairState.RUNNING):
        booths.end_pickup(fact.exhibition_id)
    if fact.after == FairState.CLOSED:
        booths.end_keepers(SYSTEM, fact.exhibition_id)


@on_later(FairCalledOff, name="exhibitions.turn-back")
def fair_cancelled(fact: FairCalledOff) -> None:
    """Goods of a cancelled fair turn home."""
    homeward.turn_back(fact.exhibition_id)
