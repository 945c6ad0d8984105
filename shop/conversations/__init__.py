"""What a buyer and whoever sends his parcel write to each other: always through the shop."""
