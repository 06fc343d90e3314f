"""Turns: how far what goes round has gone, while its rate moves, and still whole turns in a loop."""

from typing import NamedTuple

import numpy as np

from swash_model.dsp.timeline import QUANTUM_FRAMES, QUANTUM_S, SAMPLE_RATE, Samples, Timeline


class Turning(NamedTuple):
    """A quantum of several things that go round, each array of shape (things,).

    `begin` is in turns; `first` and `last` are the rates at the two ends of the quantum, in turns a quantum,
    and between them the rate moves in a straight line. `cycles` is after how many turns chance repeats, 0 never.
    """

    begin: Samples
    first: Samples
    last: Samples
    cycles: Samples

    @property
    def end(self) -> Samples:
        """Return the turns at the end of the quantum."""
        return np.asarray(self.begin + 0.5 * (self.first + self.last))

    def frames(self, count: int) -> Samples:
        """Return the turns after each of the quantum's `count` frames, shape (things, count)."""
        share = np.arange(1, count + 1) / count
        bend = 0.5 * (self.last - self.first)[:, None]
        return np.asarray(self.begin[:, None] + share * (self.first[:, None] + bend * share))

    def shifted(self, before: Samples, after: Samples) -> "Turning":
        """Return it ahead by so many turns at its two ends: a wander that is known at both."""
        ahead = after - before
        return Turning(self.begin + before, self.first + ahead, self.last + ahead, self.cycles)

    def times(self, factor: float) -> "Turning":
        """Return what turns `factor` times as fast on the same shaft; a whole number where a loop must close."""
        return Turning(self.begin * factor, self.first * factor, self.last * factor, self.cycles * factor)


class Turns:
    """Counts the turns of several things at live rates. In a loop each rate becomes whole turns a loop."""

    def __init__(self, timeline: Timeline, offset: Samples) -> None:
        """Start at `offset` turns, shape (things,)."""
        self._timeline = timeline
        self._offset = np.asarray(offset, float)
        self._rate: Samples | None = None
        self._cycles: Samples | None = None

    def step(self, start: int, rate_hz: Samples) -> Turning:
        """Return the quantum from absolute frame `start`; rates of shape (things,), smoothed by the caller."""
        if self._timeline.loop_frames is not None:
            return self._around(start, rate_hz, self._timeline.loop_frames)
        last = rate_hz * QUANTUM_S
        first = last if self._rate is None else self._rate
        self._rate = last
        turning = Turning(self._offset, first, last, np.zeros(len(last)))
        self._offset = turning.end
        return turning

    def _around(self, start: int, rate_hz: Samples, loop_frames: int) -> Turning:
        """Return a quantum of a loop: turns are a function of the position alone, for as long as rates stay."""
        share = self._timeline.position(start) / loop_frames
        cycles = np.maximum(1.0, np.rint(rate_hz * loop_frames / SAMPLE_RATE))
        if self._cycles is not None:
            self._offset = self._offset + (self._cycles - cycles) * share  # a rate that moved goes on from here
        self._cycles = cycles
        rate = cycles * (QUANTUM_FRAMES / loop_frames)
        return Turning(self._offset + cycles * share, rate, rate, cycles)
