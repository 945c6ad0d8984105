"""Monthly reports of localities and the province's summary: filled in, submitted, locked, compared; score cards."""
