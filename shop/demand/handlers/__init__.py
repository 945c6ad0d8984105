"""What demand writes when it hears a fact, by part."""

from __future__ import annotations

from shop.kernel import parts

parts.load(__name__, __path__)
