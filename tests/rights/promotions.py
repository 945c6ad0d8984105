"""Makers of promotions that a producer is asked to bear."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shop.kernel import clock
from shop.promotions.models import Kind, Payer
from shop.promotions.services import editing
from tests.rights.house import House, key, maker, shared
from tests.supply.conftest import OFFICE


def _asked(house: House) -> str:
    now = clock.now()
    terms = editing.Terms(
        Kind.CODE, "Cơ sở giảm giá", now - timedelta(hours=1), now + timedelta(days=3), Payer.PRODUCER,
        producer_id=house.producer.id, code=f"CS{key()}"[:20], measure=editing.Measure.PERCENT, value=500,
    )  # fmt: skip
    reference = editing.draft(OFFICE, terms, key())
    editing.open_it(OFFICE, reference, 1, key())
    return reference


@maker("/office/promotions/<reference>", of="all")
@maker("/producer/promotions/<reference>", of="producer")
@shared
def promotion(house: House) -> dict[str, Any]:
    return {"reference": _asked(house)}
