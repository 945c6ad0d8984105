"""The only writers of this room: accounts, files, notices, matching, handling."""
