"""What the shop can prove, put into a dossier as it is on the day."""

from __future__ import annotations

from shop.kernel.actor import Actor
from shop.kernel.db import transaction
from shop.programme.models.dossiers import OPEN_TO_PRODUCER
from shop.programme.queries import evidence as queries
from shop.programme.services.dossiers import locked_dossier, note


def take(actor: Actor, dossier_id: int) -> None:
    """Keep the figures of today in the dossier; taken again they replace those before, which the steps tell of.

    Raises:
        NotFound: there is no such dossier.
        DossierMovedOn: the producer may not write in it now.
    """
    with transaction():
        dossier = locked_dossier(dossier_id, *OPEN_TO_PRODUCER)
        dossier.evidence = queries.offer(dossier).stored()
        outside = dossier.evidence["outside"]
        note(
            dossier, "evidence", actor, None, taken_on=dossier.evidence["taken_on"], units=outside["units"],
            amount=outside["amount"],
        )  # fmt: skip
