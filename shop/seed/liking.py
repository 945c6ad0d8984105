"""What the made-up buyers like, by number of the registry: how much more or less often than other goods."""

from __future__ import annotations

# What people ask for most: tea, noodles, floss, fish sauce, by the reports on the province's shops.
FAVOURITES = {
    16: 5,
    21: 5,
    28: 8,
    56: 3,
    57: 3,
    44: 8,
    50: 8,
    24: 7,
    60: 7,
    61: 5,
    22: 4,
    11: 4,
    43: 4,
    36: 2,
    37: 3,
    30: 4,
}
RARE = {18: 0.08, 19: 0.05, 20: 0.05, 40: 0.5, 10: 0.6, 65: 0.6, 77: 0.3, 87: 0.3, 100: 0.4, 81: 0.4, 17: 0.3}
TET_CAKE = 92
GIFTS = {
    TET_CAKE: 25.0,
    22: 4.0,
    69: 4.0,
    102: 4.0,
    43: 3.0,
    80: 3.0,
    3: 3.0,
    4: 3.0,
    108: 3.0,
    16: 2.0,
    21: 2.0,
    28: 2.0,
    39: 3.0,
}
