"""Commands of supply: plans (what can be made), the own store, announcements, asks."""
