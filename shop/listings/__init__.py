"""What producers say of their goods: drafts, their review by the office, and what became of each change."""
