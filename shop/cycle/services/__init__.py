"""Commands of the programme's year."""
