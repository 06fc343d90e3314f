"""Collisions: gravel, leaves and snow as many small hits without counting stones (PhISEM).

Perry Cook, "Physically Informed Sonic Modeling (PhISM): Synthesis of Percussive Sounds", CMJ 1997.
"""

import math

import numpy as np
from numba import njit

from swash_model.dsp.chance import _uniform
from swash_model.dsp.timeline import SAMPLE_RATE, Samples, Timeline

COLLISION_STREAM = 1 << 23


@njit(cache=True, nogil=True)
def _collisions(seed, stream, start, drive, rate_hz, decay, level, out):  # type: ignore[no-untyped-def]
    chance_per_frame = rate_hz / SAMPLE_RATE
    for frame in range(drive.shape[0]):
        energy = drive[frame]
        if _uniform(seed, stream, start + frame, 0) < chance_per_frame * min(1.0, 3.0 * energy):
            level += energy * (0.3 + 0.7 * _uniform(seed, stream, start + frame, 1))
        out[frame] = level * (2.0 * _uniform(seed, stream, start + frame, 2) - 1.0)
        level *= decay
    return level


class Collisions:
    """Noise bursts whose number follows a driving energy; filter them to the stuff's resonance."""

    def __init__(self, timeline: Timeline, stream: int, *, rate_hz: float, decay_s: float) -> None:
        """Expect `rate_hz` collisions a second at full drive; each dies away over `decay_s` (1/e)."""
        self._timeline = timeline
        self._stream = stream + COLLISION_STREAM
        self._rate_hz = rate_hz
        self._decay = math.exp(-1.0 / (decay_s * SAMPLE_RATE))
        self._level = 0.0

    def take(self, start: int, drive: Samples) -> Samples:
        """Return the next frames, shape (frames,), for a driving energy 0..1 of the same shape."""
        out = np.empty(len(drive))
        self._level = _collisions(
            self._timeline.seed,
            self._stream,
            self._timeline.position(start),
            np.ascontiguousarray(drive),
            self._rate_hz,
            self._decay,
            self._level,
            out,
        )
        return out
