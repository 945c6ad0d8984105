"""Pages made of several rooms: home, help, the header's small answers; no tables, no commands."""
