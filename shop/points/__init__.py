"""Where goods lie and are sold: centres, shops, rest stops, producers' stores, fairs, the web warehouse."""
