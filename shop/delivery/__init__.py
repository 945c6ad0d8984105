"""What it costs and how long it takes to bring goods somewhere: rate tables that staff edit, regions, working days."""
