"""What must hold in demand (`flask audit`), by part."""

from __future__ import annotations

from shop.demand.invariants import waiting as waiting
