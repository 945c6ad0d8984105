"""Reads of demand, by part."""

from __future__ import annotations
