"""Makers of fairs: the fair itself, its plan, its budget."""

from __future__ import annotations

from typing import Any

from tests.rights.house import House, maker


@maker("/office/exhibitions/<slug>", of="exhibition")
def fair(house: House) -> dict[str, Any]:
    return {"slug": house.fair.slug}
