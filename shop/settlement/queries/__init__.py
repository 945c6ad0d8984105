"""Reads of settlement: `agreements`, `statements`, `payouts`."""
