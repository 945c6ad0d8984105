"""Every đồng in double-entry accounts: entries that add up to nothing, posted by the commands that move the money."""
