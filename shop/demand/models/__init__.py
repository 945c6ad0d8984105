"""Tables of demand, by subject."""

from shop.demand.models import forecasts  # noqa: F401 - its tables belong to the room
