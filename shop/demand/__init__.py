"""What people wanted and what there was: asks that were not met, wait lists, harvest windows, forecasts, who gets what."""
