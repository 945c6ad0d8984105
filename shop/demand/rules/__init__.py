"""What staff may set about demand, by part."""

from __future__ import annotations

from shop.demand.rules import waiting as waiting
