"""Beats: what comes almost regularly, at a rate that may change: shots, sparks, the flaps of a flag."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from swash_model.dsp import chance
from swash_model.dsp.timeline import QUANTUM_FRAMES, QUANTUM_S, Timeline

Whole = npt.NDArray[np.int64]


class Due(NamedTuple):
    """The beats of a quantum: `onsets` in frames from its start and `numbers`, counted from 0, both (beats,).

    `before` and `after` are how many were over at its start and at its end, with their fractions.
    """

    onsets: Whole
    numbers: Whole
    before: float
    after: float


class Beats:
    """Tells when the next beat is due. Beats have numbers, for their chance to come from.

    In a loop the rate is latched, so that whole beats fill it.
    """

    def __init__(self, timeline: Timeline, stream: int, rate_hz: float, unevenness: float) -> None:
        """Take how late a beat may come, as a share below 1 of the time between two.

        The first comes at once in a loop, and else after one quantum: what is cut out of an endless sound
        fades in, and would take its edge.
        """
        self._timeline = timeline
        self._stream = stream
        self._unevenness = unevenness
        self._cycles = timeline.cycles(rate_hz)
        self._counted = -rate_hz * QUANTUM_S

    def take(self, start: int, rate_hz: float) -> Due:
        """Return the beats of the quantum at absolute frame `start`, at so many a second; ask once for each."""
        before, after = self._progress(start, rate_hz)
        onsets, numbers = [], []
        for number in range(max(0, math.floor(before)), math.ceil(after)):
            late = chance.uniform(self._timeline.seed, self._stream, number) if number else 0.0
            due = number + self._unevenness * late
            if before <= due < after:
                onsets.append(int((due - before) / (after - before) * QUANTUM_FRAMES))
                numbers.append(number)
        return Due(np.array(onsets, np.int64), np.array(numbers, np.int64), before, after)

    def _progress(self, start: int, rate_hz: float) -> tuple[float, float]:
        """Return how many beats are over at the start and at the end of the quantum."""
        loop_frames = self._timeline.loop_frames
        if loop_frames and self._cycles:
            position = self._timeline.position(start)
            return position * self._cycles / loop_frames, (position + QUANTUM_FRAMES) * self._cycles / loop_frames
        before = self._counted
        self._counted += rate_hz * QUANTUM_S
        return before, self._counted
