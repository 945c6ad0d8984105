"""The counter: devices, sessions, sales made with or without a network, money in the drawer."""
