"""What may be sold: groups and sets, products, variants, prices, photographs, certificates, and how they are found."""
