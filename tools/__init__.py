"""Tools for those who work on swash."""
