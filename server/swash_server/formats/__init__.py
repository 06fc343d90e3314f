"""Samples as bytes: PCM and files, what is written into them, and what is read."""
