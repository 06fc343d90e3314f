"""The contract of swash as Python."""
