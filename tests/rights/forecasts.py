"""Makers of forecasts."""

from __future__ import annotations

from typing import Any

from tests.rights.house import House, maker


@maker("/office/demand/forecast/products/<slug>", of="locality")
@maker("/producer/demand/forecast/<slug>", of="producer")
def product(house: House) -> dict[str, Any]:
    return {"slug": house.slug}


@maker("/office/demand/forecast/products/<slug>/<sku>/<int:place>", of="locality")
@maker("/producer/demand/forecast/<slug>/<sku>/<int:place>", of="producer")
def series(house: House) -> dict[str, Any]:
    return {"slug": house.slug, "sku": house.variant.sku, "place": house.point.id}
