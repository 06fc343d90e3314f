"""Harmonics: sounds of one pitch each, as the sum of their partials; hums, whines and wings are made of them."""

import math

import numpy as np
from numba import njit

from swash_model.dsp.timeline import QUANTUM_FRAMES, QUANTUM_S, Samples
from swash_model.dsp.turns import Turning

FADE_HZ, HIGHEST_HZ = 16_000.0, 20_000.0  # partials fade out between the two, so that none folds back


@njit(cache=True, nogil=True)
def _harmonics(begin, first, last, phases, before, after, out):  # type: ignore[no-untyped-def]
    """Add to out (2, frames); weights (voices, 2, partials) move in a straight line from before to after.

    A pitch that glides in a straight line is a turn that itself turns evenly: no sine a frame. Partials
    are the powers of the first, one after the other over all frames, which the processor does side by side.
    """
    frames = out.shape[1]
    one_re, one_im = np.empty(frames), np.empty(frames)
    re, im = np.empty(frames), np.empty(frames)
    for voice in range(begin.shape[0]):
        bend = (last[voice] - first[voice]) / frames
        angle = 2.0 * math.pi * (begin[voice] - math.floor(begin[voice]))
        turn = 2.0 * math.pi * (first[voice] + 0.5 * bend) / frames
        bend *= 2.0 * math.pi / frames
        x, y = math.cos(angle), math.sin(angle)
        c, s = math.cos(turn), math.sin(turn)
        p, q = math.cos(bend), math.sin(bend)
        for frame in range(frames):
            one_re[frame], one_im[frame] = x, y
            x, y = x * c - y * s, x * s + y * c
            c, s = c * p - s * q, c * q + s * p
        for partial in range(phases.shape[1]):
            if partial == 0:
                re[:], im[:] = one_re, one_im
            else:
                for frame in range(frames):
                    x = re[frame] * one_re[frame] - im[frame] * one_im[frame]
                    im[frame] = re[frame] * one_im[frame] + im[frame] * one_re[frame]
                    re[frame] = x
            left, right = before[voice, 0, partial], before[voice, 1, partial]
            to_left, to_right = after[voice, 0, partial], after[voice, 1, partial]
            if left == 0.0 and right == 0.0 and to_left == 0.0 and to_right == 0.0:
                continue
            to_left, to_right = (to_left - left) / frames, (to_right - right) / frames
            c = math.cos(2.0 * math.pi * phases[voice, partial])
            s = math.sin(2.0 * math.pi * phases[voice, partial])
            for frame in range(frames):
                value = im[frame] * c + re[frame] * s
                out[0, frame] += (left + to_left * frame) * value
                out[1, frame] += (right + to_right * frame) * value


class Harmonics:
    """Several voices of one pitch each: their partials at 1, 2, 3, ... times what turns."""

    def __init__(self, phases: Samples) -> None:
        """Start with the phase of each partial, in turns, shape (voices, partials)."""
        self._phases = np.ascontiguousarray(phases)
        self._numbers = np.arange(1, phases.shape[1] + 1)
        self._last: Samples | None = None

    def sound(self, turning: Turning, weights: Samples, out: Samples) -> None:
        """Add the next quantum to `out`, shape (2, QUANTUM_FRAMES).

        `weights` is the amplitude of each partial left and right, shape (voices, 2, partials): it glides
        there from the last call's. Partials above hearing are left out.
        """
        assert out.shape[1] == QUANTUM_FRAMES
        partial_hz = turning.last[:, None] / QUANTUM_S * self._numbers
        heard = np.clip((HIGHEST_HZ - partial_hz) / (HIGHEST_HZ - FADE_HZ), 0.0, 1.0)
        now = np.ascontiguousarray(weights * heard[:, None, :])
        last = now if self._last is None else self._last
        self._last = now
        _harmonics(turning.begin, turning.first, turning.last, self._phases, last, now, out)
