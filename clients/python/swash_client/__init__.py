"""Clients of swash in Python: sync and async."""
