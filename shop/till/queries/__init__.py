"""Reads of the counter: `catalogue` (what a device holds), `receipts` (one sale), `reports` (a session), `desk` (lists)."""
