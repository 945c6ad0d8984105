"""Commands of demand, by part: `waiting` (join, confirm, change, leave) and `offers` (who gets the goods that come)."""

from __future__ import annotations
