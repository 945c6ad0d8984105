"""Tables of fairs; every module here adds its own: `fairs` (the fair and its plan), `calls` (who applies, who stands where)."""

from __future__ import annotations

from shop.kernel import parts

parts.load(__name__, __path__)
