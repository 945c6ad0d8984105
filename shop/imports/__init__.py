"""Spreadsheets of producers: read, matched, tried dry, corrected, applied in the background, undone for a day."""
