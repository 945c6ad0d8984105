"""What the forecast has learnt of prices, by product set: kept with the run, for proposals of lower prices."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sqlalchemy import select

from shop.catalog.models import Product
from shop.demand.compute import Known
from shop.demand.model import Factors
from shop.demand.models.forecasts import WHOLE
from shop.kernel.db import session

# Weeks of a set with another price than the usual one, from which on something has been learnt of it.
LEAST_WEEKS = 8
_CHANGED = 0.02 * WHOLE


def by_set(known: Known, product_of: Mapping[int, int], factors: Factors | None) -> dict[str, float]:
    """Elasticity by the id of the product set (2: 10 % dearer sells about 20 % less), of sets whose prices have changed."""
    if factors is None:
        return {}
    sets = {int(i): int(s) for i, s in session().execute(select(Product.id, Product.set_id))}
    changed = (np.abs(known.price.astype(np.int64) - WHOLE) > _CHANGED).sum(axis=1)
    weeks: dict[int, int] = {}
    of: dict[int, int] = {}
    for i, variant_id in enumerate(known.variant.tolist()):
        kind = int(known.kind[i])
        weeks[kind] = weeks.get(kind, 0) + int(changed[i])
        of.setdefault(kind, sets[product_of[variant_id]])
    return {str(of[k]): round(float(factors.price[k]), 3) for k, n in weeks.items() if n >= LEAST_WEEKS}
