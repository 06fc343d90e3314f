"""A sheet under many small hits: a roof or a pane that rings on, always with its own modes."""

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from swash_model.dsp.filters import DENORMAL
from swash_model.dsp.modal import Modes
from swash_model.dsp.timeline import SAMPLE_RATE, Samples


@njit(cache=True, nogil=True)
def _drum(frequency_hz, decay, gain, memory, onsets, amplitude, pan, position, contact_s, force, out):  # type: ignore[no-untyped-def]
    """Ring the modes over force (2, frames) and hits in order of onset; add to out (2, frames)."""
    hits, frames = onsets.shape[0], out.shape[1]
    for mode in range(frequency_hz.shape[0]):
        radius = math.exp(-decay[mode] / SAMPLE_RATE)
        step = 2.0 * math.pi * frequency_hz[mode] / SAMPLE_RATE
        c, s = radius * math.cos(step), radius * math.sin(step)
        # Noise of unit variance makes each mode ring at its gain, however long it rings.
        drive = gain[mode] * math.sqrt(2.0 * (1.0 - radius * radius))
        row = memory[mode]
        left_x, left_y, right_x, right_y = row[0], row[1], row[2], row[3]
        hit = 0
        for frame in range(frames):
            left_y += drive * force[0, frame]
            right_y += drive * force[1, frame]
            while hit < hits and onsets[hit] <= frame:
                shape = math.sin(math.pi * (mode + 1) * position[hit])
                # A push as long as the drop is large leaves the modes above its reciprocal alone.
                push = gain[mode] * amplitude[hit] * shape / (1.0 + (frequency_hz[mode] * contact_s[hit]) ** 2)
                angle = (pan[hit] + 1.0) * 0.25 * math.pi
                left_x += push * math.cos(angle)
                right_x += push * math.sin(angle)
                hit += 1
            left_x, left_y = left_x * c - left_y * s + DENORMAL, left_x * s + left_y * c
            right_x, right_y = right_x * c - right_y * s + DENORMAL, right_x * s + right_y * c
            out[0, frame] += left_y
            out[1, frame] += right_y
        row[0], row[1], row[2], row[3] = left_x, left_y, right_x, right_y


class Sheet:
    """A bank of modes that is hit all the time, each hit at its own place."""

    def __init__(self, modes: Modes) -> None:
        self._modes = modes
        self._memory = np.zeros((len(modes.gain), 4))

    def sound(
        self,
        out: Samples,
        force: Samples,
        onsets: npt.NDArray[np.int64],
        *,
        amplitude: Samples,
        pan: Samples,
        position: Samples,
        contact_s: Samples,
    ) -> None:
        """Add what the sheet answers to `out`, shape (2, frames).

        `force` (2, frames) is a noise that shakes it everywhere; the hits, each array of shape (hits,),
        strike it at `position` 0..1 for `contact_s`, with `onsets` in frames from now.
        """
        order = np.argsort(onsets)
        _drum(
            self._modes.frequency_hz,
            self._modes.decay,
            self._modes.gain,
            self._memory,
            onsets[order],
            amplitude[order],
            pan[order],
            position[order],
            contact_s[order],
            force,
            out,
        )
