"""Ranges and sizes that those know who plan a sound, and those who make it."""

DEFAULT_STEPS = 8  # what the published weights were trained for
MAX_STEPS = 50
MIN_SIGMA = 0.12  # below, the schedule would rise before it falls
FIRST_WINDOW = 11  # latents that are decoded first: half a second of the published model
