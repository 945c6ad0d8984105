"""Makers of what nobody could buy."""

from __future__ import annotations

from typing import Any

from tests.rights.house import House, maker


@maker("/office/demand/unmet/products/<slug>", of="locality")
def unmet(house: House) -> dict[str, Any]:
    return {"slug": house.slug}


@maker("/office/demand/products/<slug>", of="locality")
def picture(house: House) -> dict[str, Any]:
    return {"slug": house.slug}
