"""What producers are owed: agreements, statements of a period, payouts, withholding."""
