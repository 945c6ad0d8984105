"""What must always hold of the programme's year (`flask audit`); every module here adds its own."""

from __future__ import annotations

from shop.kernel import parts

parts.load(__name__, __path__)
