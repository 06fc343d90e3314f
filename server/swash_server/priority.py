"""Who has the first turn when there is more to do than cores."""

from enum import IntEnum


class Priority(IntEnum):
    """The lower goes first."""

    INTERACTIVE = 0  # somebody waits for it, now
    PRELOAD = 1  # somebody will want it soon
    BAKE = 2  # nobody is in a hurry
