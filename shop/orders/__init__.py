"""What was agreed: orders, their lines, parcels, returns, and the history of each."""
