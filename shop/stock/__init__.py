"""How many goods lie where, whose they are, who has a claim on them; the one way of taking them."""
