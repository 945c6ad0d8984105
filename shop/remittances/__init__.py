"""Cash on delivery: what carriers, drivers and points owe for each parcel, what they hand in, and what is wrong with it."""
