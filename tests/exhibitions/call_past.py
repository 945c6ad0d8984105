"""A former fair: goods brought to a booth and sold at its counter."""

from __future__ import annotations

import itertools
from datetime import timedelta

from shop.exhibitions.queries.past import Record

_numbers = itertools.count(1)
__all__ = ["Record", "timedelta"]
