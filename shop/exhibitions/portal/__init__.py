"""Fairs in the producers' door. Every module here adds its views to `bp`."""

from __future__ import annotations

import importlib
import pkgutil

from flask import Blueprint

bp = Blueprint("exhibitions", __name__)

for _module in sorted(found.name for found in pkgutil.iter_modules(__path__)):
    importlib.import_module(f"{__name__}.{_module}")
