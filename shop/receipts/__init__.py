"""What producers bring: deliveries that are expected, and goods booked in against them."""
