"""Sound made by rule: no download, endless, the same everywhere."""
