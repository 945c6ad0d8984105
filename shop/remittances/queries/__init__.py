"""Reads: `buyers` (who pays ahead), `parcels` (what each brings, who holds it), `rows` and `batches` (what is handed in)."""
