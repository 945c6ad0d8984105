"""Claims of many orders at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import update

from shop.kernel.db import transaction
from shop.stock.errors import NoClaim
from shop.stock.models import Stage, StockHold
from shop.stock.services.levels import _change_level


def commit_many(references: Sequence[str]) -> int:
    """Make what is held under each of `references` (at most some hundred) allocated; return how many units. Each level is
    changed once, by id. Call inside a transaction: a refusal must undo it whole.

    Raises:
        NoClaim: under one of them nothing is held any more.
    """
    if not references:
        return 0
    with transaction() as s:
        levels: dict[int, int] = defaultdict(int)
        found: set[str] = set()
        for reference, level_id, quantity in s.execute(
            update(StockHold)
            .where(StockHold.reference.in_(references), StockHold.outcome.is_(None), StockHold.stage == Stage.HELD)
            .values(stage=Stage.ALLOCATED, expires_at=None)
            .returning(StockHold.reference, StockHold.level_id, StockHold.quantity)
            .execution_options(synchronize_session=False)
        ):
            found.add(reference)
            levels[level_id] += quantity
        if found != set(references):
            raise NoClaim
        for level_id in sorted(levels):
            _change_level(level_id, held=-levels[level_id], allocated=levels[level_id])
        return sum(levels.values())
