"""How orders are paid: payments, refunds, what providers told us, and the gateways to them."""
