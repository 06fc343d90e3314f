"""Random numbers without a sequence: each is a hash of (seed, stream, index, slot).

No generator has a state, so any part of a sound can be made first, twice or on another thread, and an
edit in one layer never re-rolls another. The finaliser is SplitMix64's (Steele, Lea & Flood, "Fast
splittable pseudorandom number generators", OOPSLA 2014).
"""

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from swash_model.dsp.timeline import QUANTUM_FRAMES, QUANTUM_S, Samples, Timeline

GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, odd: consecutive counters fall far apart
TO_UNIT = 1.0 / 9007199254740992.0  # 2^-53: the mantissa of a double
MAX_EVENTS = 256  # in one quantum of 10 ms: 25,600 a second, above which grains are noise

EVENT_STREAM = 1 << 20  # event streams live apart from noise streams of the same number
DRAWS = 12  # random numbers that come with each event


@njit(cache=True, nogil=True, inline="always")
def _mix(x):  # type: ignore[no-untyped-def]
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True, nogil=True, inline="always")
def _uniform(seed, stream, index, slot):  # type: ignore[no-untyped-def]
    x = _mix(np.uint64(seed) + GOLDEN * (np.uint64(stream) + np.uint64(1)))
    x = _mix(x ^ (np.uint64(index) * np.uint64(0xD1B54A32D192ED03) + np.uint64(0x8CB92BA72F3D8DD7)))
    x = _mix(x + np.uint64(slot) * GOLDEN)
    return np.float64(x >> np.uint64(11)) * TO_UNIT


@njit(cache=True, nogil=True)
def _uniforms(seed, stream, index, out):  # type: ignore[no-untyped-def]
    for slot in range(out.shape[0]):
        out[slot] = _uniform(seed, stream, index, slot)


@njit(cache=True, nogil=True)
def _white(seed, stream, start, out):  # type: ignore[no-untyped-def]
    base = _mix(np.uint64(seed) + GOLDEN * (np.uint64(stream) + np.uint64(1)))
    for frame in range(out.shape[0]):
        x = _mix(base + np.uint64(start + frame) * GOLDEN)
        # Uniform of unit variance: by the central limit any filter makes it Gaussian.
        out[frame] = (np.float64(x >> np.uint64(11)) * (2.0 * TO_UNIT) - 1.0) * 1.7320508075688772


@njit(cache=True, nogil=True)
def _events(seed, stream, quantum, mean, onsets, draws):  # type: ignore[no-untyped-def]
    """Fill the onsets (frames within the quantum) and draws of a Poisson number of events; return how many."""
    u = _uniform(seed, stream, quantum, 1 << 40)
    probability = math.exp(-mean)
    cumulative = probability
    count = 0
    while u > cumulative and count < MAX_EVENTS:
        count += 1
        probability *= mean / count
        cumulative += probability
    for event in range(count):
        for draw in range(DRAWS):
            draws[event, draw] = _uniform(seed, stream, quantum, event * 64 + draw)
        onsets[event] = int(_uniform(seed, stream, quantum, event * 64 + 63) * QUANTUM_FRAMES)
    return count


def uniform(seed: int, stream: int, index: int, slot: int = 0) -> float:
    """Return the number in [0, 1) that stands at this place."""
    return float(_uniform(seed, stream, index, slot))


def uniforms(seed: int, stream: int, index: int, count: int) -> Samples:
    """Return `count` numbers in [0, 1), shape (count,): slots 0, 1, ... of one index."""
    out = np.empty(count)
    _uniforms(seed, stream, index, out)
    return out


def white_noise(seed: int, stream: int, start: int, frames: int) -> Samples:
    """Return white noise of unit variance, shape (frames,), from absolute frame `start`."""
    out = np.empty(frames)
    _white(seed, stream, start, out)
    return out


class Noise:
    """White noise of unit variance on several channels, without correlation between them."""

    def __init__(self, timeline: Timeline, stream: int, channels: int = 2) -> None:
        self._timeline = timeline
        self._stream = stream * 8
        self._channels = channels

    def take(self, start: int, frames: int = QUANTUM_FRAMES) -> Samples:
        """Return shape (channels, frames) from absolute frame `start`."""
        position = self._timeline.position(start)
        out = np.empty((self._channels, frames))
        for channel in range(self._channels):
            _white(self._timeline.seed, self._stream + channel, position, out[channel])
        return out


class Events:
    """Things that happen by chance: a Poisson process whose rate may change every quantum."""

    def __init__(self, timeline: Timeline, stream: int) -> None:
        self._timeline = timeline
        self._stream = stream + EVENT_STREAM
        self._onsets = np.zeros(MAX_EVENTS, np.int64)
        self._draws = np.zeros((MAX_EVENTS, DRAWS))

    def take(self, start: int, rate_hz: float) -> tuple[npt.NDArray[np.int64], Samples]:
        """Return the events of the quantum at absolute frame `start`.

        Onsets are frames within the quantum, shape (events,); draws are `DRAWS` numbers in [0, 1) for
        each event, shape (events, DRAWS), for the effect to make pitch, level and place from.
        """
        quantum = self._timeline.position(start) // QUANTUM_FRAMES
        count = _events(
            self._timeline.seed, self._stream, quantum, max(0.0, rate_hz) * QUANTUM_S, self._onsets, self._draws
        )
        return self._onsets[:count].copy(), self._draws[:count].copy()
