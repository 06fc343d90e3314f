"""Slow chance: controls that wander smoothly, as gusts and swells do."""

import math

import numpy as np
from numba import njit

from swash_model.dsp.chance import _uniform
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline

CONTROL_FRAMES = 32  # a raised cosine below 30 Hz is a straight line over 0.7 ms
DRIFT_STREAM = 1 << 21


@njit(cache=True, nogil=True)
def _drift(seed, stream, start, knots_per_frame, cycle, out):  # type: ignore[no-untyped-def]
    """Raised-cosine steps between hashed knots in [-1, 1]; knot `cycle` is knot 0 again (0: never)."""
    points = out.shape[0] // CONTROL_FRAMES
    previous = 0.0
    for point in range(points + 1):
        at = (start + point * CONTROL_FRAMES) * knots_per_frame
        knot = math.floor(at)
        within = at - knot
        left, right = knot, knot + 1
        if cycle > 0:
            left, right = left % cycle, right % cycle
        a = 2.0 * _uniform(seed, stream, left, 0) - 1.0
        b = 2.0 * _uniform(seed, stream, right, 0) - 1.0
        value = a + (b - a) * 0.5 * (1.0 - math.cos(math.pi * within))
        if point > 0:
            step = (value - previous) / CONTROL_FRAMES
            for frame in range(CONTROL_FRAMES):
                out[(point - 1) * CONTROL_FRAMES + frame] = previous + step * frame
        previous = value


@njit(cache=True, nogil=True)
def _drifts_at(seed, stream, start, knots_per_frame, cycle, out):  # type: ignore[no-untyped-def]
    """Fill out (drifts,) with the values of neighbouring streams at one frame."""
    at = start * knots_per_frame
    knot = math.floor(at)
    share = 0.5 * (1.0 - math.cos(math.pi * (at - knot)))
    left, right = knot, knot + 1
    if cycle > 0:
        left, right = left % cycle, right % cycle
    for drift in range(out.shape[0]):
        a = 2.0 * _uniform(seed, stream + drift, left, 0) - 1.0
        b = 2.0 * _uniform(seed, stream + drift, right, 0) - 1.0
        out[drift] = a + (b - a) * share


class Drift:
    """A smooth random control in [-1, 1] with about `rate_hz` changes of mind a second."""

    def __init__(self, timeline: Timeline, stream: int, rate_hz: float) -> None:
        self._timeline = timeline
        self._stream = stream + DRIFT_STREAM
        self._knots_per_frame = timeline.rate_hz(rate_hz) / SAMPLE_RATE
        self._cycle = timeline.cycles(rate_hz) or 0

    def take(self, start: int) -> Samples:
        """Return the quantum at absolute frame `start`, shape (frames,)."""
        out = np.empty(QUANTUM_FRAMES)
        position = self._timeline.position(start)
        _drift(self._timeline.seed, self._stream, position, self._knots_per_frame, self._cycle, out)
        return out

    def at(self, frame: int) -> float:
        """Return the value at one absolute frame, for controls that move once a quantum."""
        out = np.empty(CONTROL_FRAMES)
        position = self._timeline.position(frame)
        _drift(self._timeline.seed, self._stream, position, self._knots_per_frame, self._cycle, out)
        return float(out[0])


class Drifts:
    """Several smooth random controls at once, each on a stream of its own: `stream`, `stream` + 1, ..."""

    def __init__(self, timeline: Timeline, stream: int, rate_hz: float, count: int) -> None:
        self._timeline = timeline
        self._stream = stream + DRIFT_STREAM
        self._knots_per_frame = timeline.rate_hz(rate_hz) / SAMPLE_RATE
        self._cycle = timeline.cycles(rate_hz) or 0
        self._count = count

    def at(self, start: int) -> Samples:
        """Return their values at absolute frame `start`, each in [-1, 1], shape (count,)."""
        out = np.empty(self._count)
        position = self._timeline.position(start)
        _drifts_at(self._timeline.seed, self._stream, position, self._knots_per_frame, self._cycle, out)
        return out
