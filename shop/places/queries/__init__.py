"""Reads about places: units on a day, finding them by typing, understanding an old address, lists for staff."""

from shop.places.queries.office import UnitRow, history, office_units, overlapping_codes, predecessors
from shop.places.queries.old import Successor, Understood, heirs, understand
from shop.places.queries.search import find, matching
from shop.places.queries.units import (
    Address,
    UnitView,
    check_address,
    commune_choices,
    communes,
    display,
    edition,
    forget,
    on_day,
    province_choices,
    provinces,
    unit,
)

__all__ = [
    "Address",
    "Successor",
    "Understood",
    "UnitRow",
    "UnitView",
    "check_address",
    "commune_choices",
    "communes",
    "display",
    "edition",
    "find",
    "forget",
    "heirs",
    "history",
    "matching",
    "office_units",
    "on_day",
    "overlapping_codes",
    "predecessors",
    "province_choices",
    "provinces",
    "understand",
    "unit",
]
