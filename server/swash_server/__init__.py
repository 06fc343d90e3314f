"""The server: one call at a time, many calls at once."""
