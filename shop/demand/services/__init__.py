"""Commands of demand."""
