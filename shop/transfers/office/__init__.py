"""The office pages of transfers and of what each point should have."""

from __future__ import annotations

from shop.transfers.office import targets
from shop.transfers.office.transfers import bp

__all__ = ["bp", "targets"]
