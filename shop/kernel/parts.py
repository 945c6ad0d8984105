"""Packages whose modules add themselves: views to a blueprint, tables, tasks, letters."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable


def load(package: str, path: Iterable[str]) -> None:
    """Import every module of `package` (its `__name__` and `__path__`), in the order of their names."""
    for name in sorted(found.name for found in pkgutil.iter_modules(path)):
        importlib.import_module(f"{package}.{name}")
