"""What recurs in demand, by part."""

from __future__ import annotations

from shop.demand.tasks import waiting as waiting
