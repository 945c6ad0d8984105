"""Letters of fairs, by part."""

from __future__ import annotations

from shop.kernel import parts

parts.load(__name__, __path__)
