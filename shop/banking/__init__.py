"""What the bank says of the shop's accounts: each line kept once, matched with orders and payouts, the rest left to staff."""
