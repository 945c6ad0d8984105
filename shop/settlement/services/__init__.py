"""Commands: `agreements`, `rates`; `posting`, `losses`, `finding` (entries); `statements`, `corrections`, `payouts`."""
