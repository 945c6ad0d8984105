"""Provinces, districts and communes of Vietnam with the dates between which they exist, and what became of the old ones."""
