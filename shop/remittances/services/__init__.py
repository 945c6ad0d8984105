"""Commands: `parcels` (what each brings), `batches` (handed in), `rows` (what each is for), `buyers` (who pays ahead)."""
