"""What listings does when producers write of themselves: no star and no OCOP stands there that no certificate says."""

from __future__ import annotations

from shop.kernel.errors import Invalid
from shop.kernel.events import on
from shop.kernel.facts import Refused
from shop.listings import queries, rules
from shop.listings.errors import StoryClaim
from shop.producers.events import StorySaid


@on(StorySaid)
def said(fact: StorySaid) -> None:
    """A producer's story claims nothing but what the certificates in force of his products say.

    Raises:
        Refused: a text claims more, at its field.
    """
    held = queries.stars_of_producer(fact.producer_id) if fact.producer_id is not None else frozenset()
    refused: list[Invalid] = []
    for field, written in fact.texts:
        claim = rules.not_held_by(written, held)
        if claim is not None:
            refused.append(StoryClaim(field=field, words=claim.words))
    if refused:
        raise Refused(refused)
