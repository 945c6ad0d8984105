"""Goods on their way from one point to another, and how many each point should have."""
