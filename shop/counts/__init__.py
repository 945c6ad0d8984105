"""Goods looked at: stock counts and write-offs, with reason, photograph and approval."""
