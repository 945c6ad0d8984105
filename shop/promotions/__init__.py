"""What is sold for less than its price: codes (vouchers) and timed sales, who bears them, and how much is left of them."""
