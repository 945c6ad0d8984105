"""Reads of the programme's year."""
