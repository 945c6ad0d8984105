"""Tables of fairs; every module here adds its own: `fairs` (the fair and its plan), `calls` (who applies, who stands where)."""

from __future__ import annotations

import importlib
import pkgutil

for _module in sorted(found.name for found in pkgutil.iter_modules(__path__)):
    importlib.import_module(f"{__name__}.{_module}")
