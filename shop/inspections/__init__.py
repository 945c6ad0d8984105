"""Whether a point meets what the ministry asks of an OCOP shop: dated checklists with photographs."""
