"""Letters of demand, by part."""

from __future__ import annotations

from shop.demand.letters import waiting as waiting
