"""The door `/till`: the shell of the app (`shell`) and what it asks for (`api`); every module here adds its views to `bp`."""

from __future__ import annotations

import importlib
import pkgutil

from flask import Blueprint

bp = Blueprint("till", __name__)

for _module in sorted(found.name for found in pkgutil.iter_modules(__path__)):
    importlib.import_module(f"{__name__}.{_module}")
