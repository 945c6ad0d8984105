"""A recalled lot stays stopped."""

from __future__ import annotations

from shop.kernel.events import on
from shop.recalls import errors, queries
from shop.stock.events import LotResumed


@on(LotResumed)
def stays_stopped(fact: LotResumed) -> None:
    """Raises LotRecalled: whoever wanted to let the lot go again hears that it is recalled, and nothing changes."""
    if queries.of_lot(fact.lot_id) is not None:
        raise errors.LotRecalled
