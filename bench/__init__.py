"""Benchmarks and what they need."""
