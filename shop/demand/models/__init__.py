"""Tables of demand, by part."""

from __future__ import annotations

from shop.demand.models import waiting as waiting
