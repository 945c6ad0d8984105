"""What people write to the shop through its form, and what staff made of it."""
