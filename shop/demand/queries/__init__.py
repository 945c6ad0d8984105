"""Reads of demand."""
