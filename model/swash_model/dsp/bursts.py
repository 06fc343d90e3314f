"""Bursts: short puffs of noise, each with its own colour and decay; drops, spray and crumbs are made of them."""

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from swash_model.dsp.chance import GOLDEN, TO_UNIT, _mix
from swash_model.dsp.filters import DENORMAL, MAX_CUTOFF_HZ
from swash_model.dsp.timeline import SAMPLE_RATE, Samples

MAX_BURSTS = 1024  # at once; they are short, so this is some 50,000 a second
FIELDS = 10
DECAY_60_DB = 6.9077552789821  # ln 1000


@njit(cache=True, nogil=True)
def _add(state, keys, alive, onsets, centre_hz, resonance, decay, amplitude, pan, key):  # type: ignore[no-untyped-def]
    """Append bursts; what does not fit is dropped."""
    for burst in range(onsets.shape[0]):
        if alive >= state.shape[0]:
            break
        centre = min(max(centre_hz[burst], 20.0), MAX_CUTOFF_HZ)
        g, k = math.tan(math.pi * centre / SAMPLE_RATE), 1.0 / resonance[burst]
        # Dividing by the share of white noise that the band lets through makes every colour equally loud.
        # It is (1 - a2) / 2 for b (1 - z^-2) / (1 + a1 z^-1 + a2 z^-2), which the bilinear transform makes of it.
        passed = math.sqrt(g * k / (1.0 + g * (g + k)))
        angle = (pan[burst] + 1.0) * 0.25 * math.pi
        ringing = math.pi * centre * k  # the filter's own decay, 1/s
        row = state[alive]
        row[0] = -onsets[burst]  # age in frames; negative: still to come
        row[1] = int(DECAY_60_DB * (1.0 / decay[burst] + 1.0 / ringing) * SAMPLE_RATE)
        row[2], row[3] = 0.0, 0.0
        row[4], row[5] = g, k
        row[6] = math.exp(-decay[burst] / SAMPLE_RATE)
        row[7] = 1.7320508075688772 * k / passed  # a uniform number of unit variance; a band of unit peak
        row[8] = amplitude[burst] * math.cos(angle)
        row[9] = amplitude[burst] * math.sin(angle)
        keys[alive] = _mix(np.uint64(key[burst] / TO_UNIT) + GOLDEN)
        alive += 1
    return alive


@njit(cache=True, nogil=True)
def _sound(state, keys, alive, out):  # type: ignore[no-untyped-def]
    """Add the living bursts to out (2, frames); return how many live on (moved to the front)."""
    frames = out.shape[1]
    kept = 0
    for burst in range(alive):
        row, key = state[burst], keys[burst]
        age, life = int(row[0]), int(row[1])
        s1, s2, g, k, decay, level = row[2], row[3], row[4], row[5], row[6], row[7]
        left, right = row[8], row[9]
        a1 = 1.0 / (1.0 + g * (g + k))
        for frame in range(max(0, -age), min(frames, life - age)):
            hashed = _mix(key + np.uint64(age + frame) * GOLDEN)
            x = level * (np.float64(hashed >> np.uint64(11)) * (2.0 * TO_UNIT) - 1.0)
            level *= decay
            v3 = x - s2
            v1 = a1 * (s1 + g * v3)
            v2 = s2 + g * v1
            s1 = 2.0 * v1 - s1 + DENORMAL
            s2 = 2.0 * v2 - s2
            out[0, frame] += left * v1
            out[1, frame] += right * v1
        if age + frames < life:
            row[0], row[2], row[3], row[7] = age + frames, s1, s2, level
            if kept != burst:
                state[kept], keys[kept] = row, key
            kept += 1
    return kept


class BurstBank:
    """Puffs of band-passed noise that die away on their own, from quantum to quantum.

    A burst of low resonance is a slap or a tick; one of high resonance a knock.
    """

    def __init__(self, capacity: int = MAX_BURSTS) -> None:
        self._state = np.zeros((capacity, FIELDS))
        self._keys = np.zeros(capacity, np.uint64)
        self._alive = 0

    def add(
        self,
        onsets: npt.NDArray[np.int64],
        *,
        centre_hz: Samples,
        resonance: Samples | float,
        decay: Samples | float,
        amplitude: Samples,
        pan: Samples,
        key: Samples,
    ) -> None:
        """Start bursts, each array of shape (bursts,).

        `onsets` are frames after the start of the next quantum; `amplitude` is the RMS level at the
        onset whatever the colour; `decay` is 1/s of amplitude; `pan` -1 left to 1 right (equal power);
        `key` in [0, 1) picks the noise. Bursts above the bank's capacity are dropped.
        """
        count = len(onsets)
        self._alive = _add(
            self._state,
            self._keys,
            self._alive,
            onsets,
            centre_hz,
            np.full(count, resonance) if isinstance(resonance, float) else resonance,
            np.full(count, decay) if isinstance(decay, float) else decay,
            amplitude,
            pan,
            np.ascontiguousarray(key),
        )

    def sound(self, out: Samples) -> None:
        """Add the next frames of every living burst to `out`, shape (2, frames)."""
        self._alive = _sound(self._state, self._keys, self._alive, out)
