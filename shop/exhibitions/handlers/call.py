"""What calls and booths do when a fair moves on."""

from __future__ import annotations

from shop.exhibitions.events import FairStepped
from shop.exhibitions.models.fairs import FairState
from shop.exhibitions.services import allotting, offers, stands
from shop.kernel.actor import SYSTEM
from shop.kernel.events import on


@on(FairStepped)
def moved(fact: FairStepped) -> None:
    """The seed's digest is published with the call; offers and wishes to change booths end when the fair begins or is off."""
    if fact.after == FairState.ANNOUNCED:
        allotting.announce_seed(fact.exhibition_id)
    elif fact.after in (FairState.RUNNING, FairState.CANCELLED):
        offers.end_all(SYSTEM, fact.exhibition_id)
        stands.end_swaps(SYSTEM, fact.exhibition_id)
