"""The pages of the producers' door that are made of several rooms: every module of this package adds its views to `bp`."""

from __future__ import annotations

import importlib
import pkgutil

from flask import Blueprint

bp = Blueprint("pages", __name__)

for _module in sorted(found.name for found in pkgutil.iter_modules(__path__)):
    importlib.import_module(f"{__name__}.{_module}")
