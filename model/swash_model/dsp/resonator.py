"""A resonator: modes under a force that goes on, as of a thing that is rubbed, scraped or bowed."""

import math

import numpy as np
from numba import njit

from swash_model.dsp.filters import DENORMAL
from swash_model.dsp.modal import Modes
from swash_model.dsp.timeline import SAMPLE_RATE, Samples


# Two modes of both channels run side by side: each frame waits for the one before it, and meanwhile the
# others are computed for nothing. Of an odd number the last is computed twice, and heard once.
@njit(cache=True, nogil=True)
def _resonate(b, c, drive, memory, force, out):  # type: ignore[no-untyped-def]
    """Add what two-pole resonators answer to force (2, frames) to out (2, frames); memory (modes, 4)."""
    for one in range(0, b.shape[0], 2):
        other = min(one + 1, b.shape[0] - 1)
        b1, c1, d1 = b[one], c[one], drive[one]
        b2, c2, d2 = b[other], c[other], drive[other]
        heard = 1.0 if other > one else 0.0
        p, q, r, s = memory[one, 0], memory[one, 1], memory[one, 2], memory[one, 3]
        t, u, v, w = memory[other, 0], memory[other, 1], memory[other, 2], memory[other, 3]
        for frame in range(force.shape[1]):
            left, right = force[0, frame], force[1, frame]
            p, q = b1 * p + (d1 * left - c1 * q + DENORMAL), p
            r, s = b1 * r + (d1 * right - c1 * s + DENORMAL), r
            t, u = b2 * t + (d2 * left - c2 * u + DENORMAL), t
            v, w = b2 * v + (d2 * right - c2 * w + DENORMAL), v
            out[0, frame] += p + heard * t
            out[1, frame] += r + heard * v
        memory[other, 0], memory[other, 1], memory[other, 2], memory[other, 3] = t, u, v, w
        memory[one, 0], memory[one, 1], memory[one, 2], memory[one, 3] = p, q, r, s


class Resonator:
    """A bank of modes that rings on from block to block under any force on two channels.

    Noise of unit variance makes each mode ring at its gain, however long it rings; see `modal.ring` for
    a thing that is struck and left alone.
    """

    def __init__(self, modes: Modes) -> None:
        radius = np.exp(-modes.decay / SAMPLE_RATE)
        step = 2.0 * math.pi * modes.frequency_hz / SAMPLE_RATE
        self._b, self._c = 2.0 * radius * np.cos(step), radius * radius
        self._drive = modes.gain * radius * np.sin(step) * np.sqrt(2.0 * (1.0 - radius * radius))
        self._memory = np.zeros((len(modes.gain), 4))

    def process(self, force: Samples) -> Samples:
        """Return what the modes answer to the next frames of a force, both of shape (2, frames)."""
        out = np.zeros(force.shape)
        _resonate(self._b, self._c, self._drive, self._memory, np.ascontiguousarray(force), out)
        return out
