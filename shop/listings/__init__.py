"""What producers say of their goods: drafts, what is sent for review, what was decided, the history with its differences."""
