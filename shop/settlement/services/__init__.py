"""Commands: `agreements`, `rates`; `posting`, `losses`, `booths`, `finding` (entries); `statements`, `corrections`,
`payouts`."""
