"""Loads structlog without `rich`. Where structlog finds it, it takes it in, with pygments, to draw errors in colour: 4 MB in
each process for nobody. Imported before anything that imports structlog."""

from __future__ import annotations

import sys

_rich = sys.modules.setdefault("rich", None)  # type: ignore[arg-type]
import structlog as structlog  # noqa: E402

if _rich is None:
    del sys.modules["rich"]
