"""The pace of a live session: how far what was made is ahead of what is heard."""

from collections.abc import Callable

FIRST_S = 0.02  # out of silence: small, to be heard at once
LONGEST_S = 0.1
CHUNKS_AHEAD = 4  # a chunk is so small a part of what is made ahead, so that a command waits no longer


class Pace:
    """Keeps frames `ahead_s` before they are due, and not more; `ahead_s` None makes them as they are read.

    Time is that of `clock_s`; what was made is told in seconds since the session began.
    """

    def __init__(
        self, ahead_s: float | None, clock_s: Callable[[], float], on_underrun: Callable[[], object]
    ) -> None:
        """Begin with the clock standing still; `on_underrun` is told of every gap."""
        self._on_underrun = on_underrun
        self._ahead_s = ahead_s
        self._clock_s = clock_s
        self._origin_s: float | None = None  # when 0 was heard
        self.underruns = 0

    def stand_still(self) -> None:
        """Say that nothing is to be heard: what comes next is due when it is made."""
        self._origin_s = None

    def begin(self, at_s: float) -> None:
        """Say that what stands at `at_s` is heard from now on, unless something is heard already."""
        if self._origin_s is None and self._ahead_s is not None:
            self._origin_s = self._clock_s() - at_s

    def left_s(self, made_s: float) -> float:
        """Return how long listeners can go on; after a gap, what comes is heard as much later."""
        if self._origin_s is None:
            return 0.0
        left_s = self._origin_s + made_s - self._clock_s()
        if left_s < 0.0:
            self.underruns += 1
            self._on_underrun()
            self._origin_s -= left_s
        return max(0.0, left_s)

    def chunk_s(self) -> float:
        """Return how much to make at a time."""
        if self._ahead_s is None:
            return LONGEST_S
        if self._origin_s is None:
            return FIRST_S
        # After a gap no less than ever: small chunks cost most just when there is least time for them.
        return min(max(FIRST_S, self._ahead_s / CHUNKS_AHEAD), LONGEST_S)

    def early_s(self, left_s: float, chunk_s: float) -> float:
        """Return how long to wait before the next chunk is made; 0 or less for not at all."""
        return 0.0 if self._ahead_s is None else left_s + chunk_s - self._ahead_s
