"""Maker of a producer's spreadsheet."""

from __future__ import annotations

from typing import Any

from shop.imports import queries, services
from tests import factories
from tests.imports import sheets
from tests.imports.conftest import CLERK
from tests.rights.house import House, key, maker, shared


@maker("/producer/imports/<reference>", of="producer")
@shared
def table(house: House) -> dict[str, Any]:
    """Two rows that can be written and one that cannot, tried."""
    factories.make_set(8)
    bad = ["", "", 8, "", "", "không rõ"]
    content = sheets.book(sheets.HEAD, *sheets.goods(2), bad)
    reference = services.upload(CLERK, house.producer.id, content, f"bang-gia-{house.name}.xlsx", op_key=key())
    row = queries.by_reference(reference)
    services.check(CLERK, row.id, row.work)
    return {"reference": reference}
