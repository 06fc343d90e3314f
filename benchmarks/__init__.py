"""Benchmarks: ratios within one run, kept in LOG.md."""
