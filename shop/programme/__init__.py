"""The programme office's own work: the official sheets by which products are scored, and who scores with them."""
