"""What fills a shop: the demonstration year on the real catalogue, and invented data for checks from outside."""
