"""Refunds line by line: which goods, why, how much, where the money goes, and what becomes of the goods."""
