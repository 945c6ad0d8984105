"""What demand does when it hears of facts, by part."""

from __future__ import annotations

from shop.demand.handlers import waiting as waiting
