"""Rules of demand that staff may change, by part."""

from __future__ import annotations

from shop.kernel import parts

parts.load(__name__, __path__)
