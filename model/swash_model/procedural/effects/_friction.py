"""Stick and slip: two surfaces that hold each other until they let go, again and again."""

import math

import numpy as np
from numba import njit

from swash_model.dsp.chance import _uniform
from swash_model.dsp.filters import DENORMAL, MAX_CUTOFF_HZ
from swash_model.dsp.timeline import SAMPLE_RATE, Samples, Timeline

LOWEST_HZ = 2.0  # below, one hears single cracks, and waits for them
CONTROL_FRAMES = 16  # the rate moves every 0.3 ms
IN_STEP_S = 0.2  # the longest that slips stay in step: slow ones never do
MOST = 2.2  # times the usual force: what has held for long lets go hard, but it does not hold for ever
SETTLING = 0.35  # of a period: a slip is over before the next one comes

SLIP_STREAM = 1 << 26


@njit(cache=True, nogil=True)
def _slip(seed, stream, start, rate_hz, regularity, memory, slips, motion):  # type: ignore[no-untyped-def]
    """Fill slips and motion (frames,) from narrow-band noise around `rate_hz` (frames,).

    Each of its upward crossings of nought lets the surfaces slip. Memory: two states of a trapezoidal
    band-pass (as in dsp.filters), its last value, periods since the last slip, the part of a slip that
    fell between two frames, and the motion.
    """
    s1, s2, last, since, late, moving = memory[0], memory[1], memory[2], memory[3], memory[4], memory[5]
    k, g, a, per_frame, settle = 0.0, 0.0, 0.0, 0.0, 0.0
    for frame in range(rate_hz.shape[0]):
        if frame % CONTROL_FRAMES == 0:
            hz = min(max(rate_hz[frame], LOWEST_HZ), MAX_CUTOFF_HZ)
            g = math.tan(math.pi * hz / SAMPLE_RATE)
            k = max(1.0 / regularity, 1.0 / (math.pi * hz * IN_STEP_S))
            a = 1.0 / (1.0 + g * (g + k))
            per_frame = hz / SAMPLE_RATE
            settle = math.exp(-per_frame / SETTLING)
        x = 2.0 * _uniform(seed, stream, start + frame, 0) - 1.0
        band = a * (s1 + g * (x - s2))
        low = s2 + g * band
        s1, s2 = 2.0 * band - s1 + DENORMAL, 2.0 * low - s2
        since += per_frame
        moving *= settle
        slips[frame] = late
        late = 0.0
        if last < 0.0 <= band:
            # The longer it held, the more force has built up.
            force = min(since, MOST) * (0.85 + 0.3 * _uniform(seed, stream, start + frame, 1))
            after = band / (band - last)  # of a frame: when between the two it let go
            slips[frame] += force * after
            late = force * (1.0 - after)
            moving = max(moving, force)
            since = 0.0
        last = band
        motion[frame] = moving
    memory[0], memory[1], memory[2], memory[3], memory[4], memory[5] = s1, s2, last, since, late, moving


class Slips:
    """The moments at which one surface slips on another: nearly regular, as in a creak or a chattering leg.

    All that it remembers fades, so in a loop the end finds the start.
    """

    def __init__(self, timeline: Timeline, stream: int) -> None:
        self._timeline = timeline
        self._stream = stream + SLIP_STREAM
        self._memory = np.zeros(6)
        self._memory[4] = 1.0  # it begins by letting go

    def take(self, start: int, rate_hz: Samples, regularity: float) -> tuple[Samples, Samples]:
        """Return the next slips and the motion, each of shape (frames,), for a rate of the same shape.

        A slip is an impulse of about 1, larger after a longer hold; the motion jumps with it and settles
        within a period. `regularity`, above 0, is periods that stay in step: 1 rattles, 30 squeals.
        """
        slips, motion = np.empty(len(rate_hz)), np.empty(len(rate_hz))
        position = self._timeline.position(start)
        _slip(
            self._timeline.seed,
            self._stream,
            position,
            np.ascontiguousarray(rate_hz),
            regularity,
            self._memory,
            slips,
            motion,
        )
        return slips, motion
