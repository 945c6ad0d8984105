"""Tables of the programme's year; every module here adds its own."""

from __future__ import annotations

from shop.kernel import parts

parts.load(__name__, __path__)
