"""What every room stands on and that knows nothing of a shop."""

import sys

# Where structlog finds `rich` it loads it, with pygments, to draw errors in colour: 4 MB in each process for nobody.
_rich = sys.modules.setdefault("rich", None)  # type: ignore[arg-type]
import structlog as structlog  # noqa: E402

if _rich is None:
    del sys.modules["rich"]
