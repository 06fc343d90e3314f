"""Callers: animals that call again and again, each by a clock of its own and never quite in time."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from swash_model.dsp import chance
from swash_model.dsp.drift import Drifts
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline
from swash_model.dsp.turns import Turns

LATEST_S = 0.5  # with the longest song still less than what a loop is given to settle
MOOD_HZ, MOOD = 0.05, 0.2  # how each clock wanders, in periods: slower than any of them runs


class Calls(NamedTuple):
    """Calls that are due, each array of shape (calls,), and `draws` (calls, draws) of chance in [0, 1).

    `onsets` are frames after the start of the quantum; a call may be due later than the quantum's end.
    """

    who: npt.NDArray[np.int64]
    onsets: npt.NDArray[np.int64]
    draws: Samples


class Callers:
    """Several animals and when each calls."""

    def __init__(
        self, timeline: Timeline, stream: int, offsets: Samples, *, draws: int, first_s: float | None = None
    ) -> None:
        """Take where each one's clock stands at the beginning, in periods 0..1, shape (callers,).

        `draws` is how many random numbers come with a call. With `first_s` the first caller calls after so many
        seconds, so that nobody waits.
        """
        self._timeline = timeline
        self._stream = stream
        self._offsets = offsets
        self._draws = draws
        self._first_s = first_s
        self._mood = Drifts(timeline, stream, MOOD_HZ, len(offsets))
        self._turns: Turns | None = None

    def due(self, start: int, rate_hz: Samples, lateness: float = 0.0) -> Calls:
        """Return the calls that fall due in the quantum from absolute frame `start`.

        `rate_hz` is how often each calls, shape (callers,), live; a call may be up to `lateness` periods late,
        but never more than LATEST_S.
        """
        before = MOOD * self._mood.at(start)
        if self._turns is None:
            offsets = self._offsets.copy()
            if self._first_s is not None:
                # Just before, so that at 0 s it does not fall due a rounding error too early.
                offsets[0] = 1.0 - self._first_s * rate_hz[0] - before[0] - 1e-9
            self._turns = Turns(self._timeline, offsets)
        turning = self._turns.step(start, rate_hz).shifted(before, MOOD * self._mood.at(start + QUANTUM_FRAMES))
        begin, end = np.ceil(turning.begin), np.ceil(turning.end)
        counts = np.maximum(end - begin, 0.0).astype(np.int64)
        who = np.repeat(np.arange(len(counts)), counts)
        if not len(who):
            return Calls(who, who, np.zeros((0, self._draws)))
        number = begin[who] + np.arange(len(who)) - np.repeat(np.cumsum(counts) - counts, counts)
        way = (number - turning.begin[who]) / (turning.end - turning.begin)[who]
        # A call of a loop is known by its number within the loop.
        cycles = turning.cycles[who]
        known = np.where(cycles > 0.0, number % np.maximum(cycles, 1.0), number).astype(np.int64)
        draws = np.stack(
            [
                chance.uniforms(self._timeline.seed, self._stream + int(one), int(call), self._draws)
                for one, call in zip(who, known, strict=True)
            ]
        )
        late = draws[:, 0] * np.minimum(lateness * QUANTUM_FRAMES / turning.last[who], LATEST_S * SAMPLE_RATE)
        if self._first_s is not None:
            late[(who == 0) & (number == 1.0)] = 0.0
        return Calls(who, (way * QUANTUM_FRAMES + late).astype(np.int64), draws)
