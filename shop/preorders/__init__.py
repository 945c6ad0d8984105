"""Harvest windows and what is ordered in them before the harvest is known."""
