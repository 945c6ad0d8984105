"""What producers can make and when, and what is asked of them: capacity, seasons, harvests, asks and answers."""
