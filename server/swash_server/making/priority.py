"""Who goes first when there is more to do than can be done at once, and how whoever waits rises."""

from collections.abc import Mapping
from enum import IntEnum


class Priority(IntEnum):
    """The lower goes first."""

    INTERACTIVE = 0  # somebody waits for it, now
    PRELOAD = 1  # somebody will want it soon
    BAKE = 2  # nobody is in a hurry


class Ageing:
    """Lets no priority starve: one that waits rises a level each `level_s` in which nothing of it was begun.

    Only the first of a priority rises, and when it is begun the next starts anew. So a hundred that have waited
    for hours do not go before somebody who comes now: one of them does, and then another no sooner than after
    `level_s` (of preloads) or twice that (of bakes).
    """

    def __init__(self, level_s: float) -> None:
        """Take the seconds of one level."""
        self._level_s = level_s
        self._begun_s: dict[Priority, float] = {}

    def begun(self, priority: Priority, now_s: float) -> None:
        """Let those who wait with this priority start anew."""
        self._begun_s[priority] = now_s

    def level(self, priority: Priority, first_s: float, now_s: float) -> int:
        """Return the level of the first of a priority, which has waited since `first_s`: 0 is interactive."""
        waited_s = now_s - max(first_s, self._begun_s.get(priority, first_s))
        return max(Priority.INTERACTIVE, priority - int(waited_s / self._level_s))

    def next(self, first_s: Mapping[Priority, float], now_s: float) -> Priority:
        """Return which priority goes next, of those that wait since `first_s`; on a level, who has risen to it."""
        return min(first_s, key=lambda priority: (self.level(priority, first_s[priority], now_s), -priority))
