"""Grains: short damped sines, thousands at once; rain drops, bubbles, crackles and bells are made of them."""

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from swash_model.dsp.timeline import SAMPLE_RATE, Samples

MAX_GRAINS = 4096  # at once; more is noise, and noise is cheaper
FIELDS = 12
MAX_LIFE_S = 3.0
DECAY_60_DB = 6.9077552789821  # ln 1000


@njit(cache=True, nogil=True)
def _add(state, alive, onsets, frequency, decay, amplitude, pan, phase, rise, attack_s):  # type: ignore[no-untyped-def]
    """Append grains; the eldest make no room: what does not fit is dropped."""
    for g in range(onsets.shape[0]):
        if alive >= state.shape[0]:
            break
        life = int(min(DECAY_60_DB / decay[g], MAX_LIFE_S) * SAMPLE_RATE)
        angle = (pan[g] + 1.0) * 0.25 * math.pi
        step = 2.0 * math.pi * frequency[g] / SAMPLE_RATE
        row = state[alive]
        row[0] = -onsets[g]  # age in frames; negative: still to come
        row[1] = life
        row[2] = step
        row[3] = math.exp(-decay[g] / SAMPLE_RATE)
        row[4] = amplitude[g] * math.cos(angle)
        row[5] = amplitude[g] * math.sin(angle)
        row[6] = math.cos(phase[g])
        row[7] = math.sin(phase[g])
        row[8] = rise[g] / SAMPLE_RATE  # relative rise of pitch a frame
        row[9] = max(1.0, attack_s[g] * SAMPLE_RATE)
        row[10] = math.cos(step)
        row[11] = math.sin(step)
        alive += 1
    return alive


@njit(cache=True, nogil=True)
def _sound(state, alive, out):  # type: ignore[no-untyped-def]
    """Add the living grains to out (2, frames); return how many live on (moved to the front)."""
    frames = out.shape[1]
    kept = 0
    for g in range(alive):
        row = state[g]
        age, life, decay, rise, attack = int(row[0]), int(row[1]), row[3], row[8], row[9]
        first = max(0, -age)
        last = min(frames, life - age)
        x, y, c, s = row[6], row[7], row[10], row[11]
        for frame in range(first, last):
            at = age + frame
            if rise != 0.0 and at % 16 == 0:
                # The pitch climbs in steps of 0.3 ms: 16 times cheaper than one sine a frame.
                step = row[2] * (1.0 + rise * at)
                c, s = math.cos(step), math.sin(step)
            value = y
            if at < attack:
                value *= at / attack
            out[0, frame] += row[4] * value
            out[1, frame] += row[5] * value
            x, y = (x * c - y * s) * decay, (x * s + y * c) * decay
        if age + frames < life:
            row[0], row[6], row[7], row[10], row[11] = age + frames, x, y, c, s
            if kept != g:
                state[kept] = row
            kept += 1
    return kept


class GrainBank:
    """Damped sines that ring on from quantum to quantum until they are 60 dB down.

    The list of living grains is carried, so the length of a tail costs nothing but its own frames, and
    a tail that crosses the end of a loop rings into its start.
    """

    def __init__(self, capacity: int = MAX_GRAINS) -> None:
        self._state = np.zeros((capacity, FIELDS))
        self._alive = 0

    def add(
        self,
        onsets: npt.NDArray[np.int64],
        *,
        frequency_hz: Samples,
        decay: Samples,
        amplitude: Samples,
        pan: Samples,
        phase: Samples | None = None,
        rise: Samples | None = None,
        attack_s: float | Samples = 0.0003,
    ) -> None:
        """Start grains, each array of shape (grains,).

        `onsets` are frames after the start of the next quantum; `decay` is 1/s of amplitude; `pan` -1
        left to 1 right (equal power); `rise` is the relative rise of pitch per second (a bubble's
        xi * decay). Grains above the bank's capacity are dropped.
        """
        count = len(onsets)
        if not count:
            return
        none = np.zeros(count)
        self._alive = _add(
            self._state,
            self._alive,
            np.asarray(onsets, np.int64),
            np.minimum(frequency_hz, 0.45 * SAMPLE_RATE),
            np.maximum(decay, 1e-3),
            np.asarray(amplitude, float),
            np.asarray(pan, float),
            none if phase is None else phase,
            none if rise is None else rise,
            np.full(count, attack_s) if isinstance(attack_s, float) else attack_s,
        )

    def sound(self, out: Samples) -> None:
        """Add the next frames of every living grain to `out`, shape (2, frames)."""
        self._alive = _sound(self._state, self._alive, out)
