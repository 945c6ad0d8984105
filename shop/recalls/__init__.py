"""A lot called back: what is stopped, who has it, who was told."""
