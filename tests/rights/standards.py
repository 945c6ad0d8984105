"""Makers of marks, labels and tests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.standards import services
from shop.standards.models import Kind, Verdict
from tests.decisions.conftest import PDF
from tests.rights.house import House, key, maker, shared


def _entered(house: House) -> str:
    said = services.Said(
        Kind.TEST, "Vi sinh", "Phòng thử", f"KN-{key()}", granted_on=clock.today(), ends_on=clock.today() + timedelta(days=90),
        verdict=Verdict.GOOD,
    )  # fmt: skip
    return services.enter(SYSTEM, house.variant.product_id, said, key(), file=PDF)


@maker("/office/standards/<reference>", of="locality")
@maker("/producer/standards/<reference>", of="producer")
@shared
def standard(house: House) -> dict[str, Any]:
    return {"reference": _entered(house)}


@maker("/office/standards/<reference>/confirm", "/office/standards/<reference>/refuse", of="all")
def standard_to_settle(house: House) -> dict[str, Any]:
    return {"reference": _entered(house)}


@maker("/office/standards/new/<slug>", of="all")
def standard_of(house: House) -> dict[str, Any]:
    return {"slug": house.slug}
