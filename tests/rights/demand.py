"""Makers of what nobody could buy."""

from __future__ import annotations

from typing import Any

from tests.demand import books
from tests.rights.house import House, maker, shared


@maker("/office/demand/unmet/products/<slug>", of="locality")
def unmet(house: House) -> dict[str, Any]:
    return {"slug": house.slug}


@maker("/office/demand/forecast/products/<slug>", of="locality")
@maker("/producer/demand/forecast/<slug>", of="producer")
def expected(house: House) -> dict[str, Any]:
    """A pack that was sold somewhere in a week long ago."""
    _weeks(house)
    return {"slug": house.slug}


@maker("/office/demand/forecast/products/<slug>/<sku>/<int(max=9007199254740991):place>", of="locality")
@maker("/producer/demand/forecast/<slug>/<sku>/<int(max=9007199254740991):place>", of="producer")
def series(house: House) -> dict[str, Any]:
    _weeks(house)
    return {"slug": house.slug, "sku": house.variant.sku, "place": house.point.id}


@shared
def _weeks(house: House) -> None:
    books.weeks(house.variant, house.point.id, [2, 3, 2, 4])


@maker("/office/demand/products/<slug>", of="locality")
def picture(house: House) -> dict[str, Any]:
    return {"slug": house.slug}
