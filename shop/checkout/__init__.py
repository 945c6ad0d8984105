"""The path from basket to order to payment; the only room that knows it whole."""
