"""The last step of every voice: level, tilt, distance, width, the place it is in, and no DC."""

import math

import numpy as np
from numba import njit
from scipy.signal import butter

from swash_model.dsp.filters import DENORMAL, MAX_CUTOFF_HZ
from swash_model.dsp.room import PLACES, Room
from swash_model.dsp.timeline import SAMPLE_RATE, Samples
from swash_model.procedural.effect import Values

TILT_HZ = 2000.0
TILT_DB = 6.0
AIR_HZ = 21_600.0  # what the air lets through from close by: everything
AIR_HALF_M = 60.0  # the cutoff halves after so many metres
LEVEL_HALF_M = 16.0  # so does the level; a point source would fall faster, but games add that themselves
BLOCK_DC_HZ = 20.0

TILT_G = math.tan(math.pi * TILT_HZ / SAMPLE_RATE)
TILT_K = 2.0  # 1/Q: a broad shelf
AIR_K = math.sqrt(2.0)
GAIN, TILT, CUTOFF, WIDTH = range(4)


@njit(cache=True, nogil=True)
def _place(samples, before, after, section, memory, out):  # type: ignore[no-untyped-def]
    """Fill out (2, frames): every control moves in a straight line from `before` to `after`.

    One kernel, because it runs for every voice; and every filter always runs, so that a control that
    leaves its default does not click. The filters are those of dsp.filters: a section, and two trapezoidal
    state-variable filters.
    """
    frames = samples.shape[1]
    upper, g, last_tilt, last_cutoff = 1.0, 0.0, 0.0, -1.0
    tilt_a1 = 1.0 / (1.0 + TILT_G * (TILT_G + TILT_K))
    for frame in range(frames):
        share = (frame + 1) / frames
        gain = before[GAIN] + (after[GAIN] - before[GAIN]) * share
        tilt = before[TILT] + (after[TILT] - before[TILT]) * share
        cutoff = before[CUTOFF] + (after[CUTOFF] - before[CUTOFF]) * share
        width = before[WIDTH] + (after[WIDTH] - before[WIDTH]) * share
        if tilt != last_tilt:
            upper, last_tilt = 10.0 ** (tilt / 40.0), tilt
        if cutoff != last_cutoff:
            g, last_cutoff = math.tan(math.pi * min(cutoff, MAX_CUTOFF_HZ) / SAMPLE_RATE), cutoff
        air_a1 = 1.0 / (1.0 + g * (g + AIR_K))
        for channel in range(2):
            state = memory[channel]
            x = samples[channel, frame] * gain
            y = section[0] * x + state[0]
            state[0] = section[1] * x - section[4] * y + state[1] + DENORMAL
            state[1] = section[2] * x - section[5] * y
            # Low, middle and high of one filter add up to what went in; the middle stays as it is.
            band = tilt_a1 * (state[2] + TILT_G * (y - state[3]))
            low = state[3] + TILT_G * band
            state[2] = 2.0 * band - state[2] + DENORMAL
            state[3] = 2.0 * low - state[3]
            middle = TILT_K * band
            y = low / upper + middle + (y - low - middle) * upper
            band = air_a1 * (state[4] + g * (y - state[5]))
            low = state[5] + g * band
            state[4] = 2.0 * band - state[4] + DENORMAL
            state[5] = 2.0 * low - state[5]
            out[channel, frame] = low
        mid = 0.5 * (out[0, frame] + out[1, frame])
        side = 0.5 * (out[0, frame] - out[1, frame]) * width
        out[0, frame], out[1, frame] = mid + side, mid - side


class Placement:
    """Applies the parameters that every effect has. One instance a voice."""

    def __init__(self, gain_db: float, place: str = "open") -> None:
        """Take the effect's calibration gain, and the place that the voice stays in."""
        self._room = Room(PLACES[place]) if place in PLACES else None
        self._calibration_db = gain_db
        self._section = np.asarray(butter(2, BLOCK_DC_HZ, "highpass", fs=SAMPLE_RATE, output="sos"))[0]
        self._memory = np.zeros((2, 6))
        self._last: Samples | None = None

    @property
    def tail_s(self) -> float:
        """Return how long the place answers after the last sound, s."""
        return 0.0 if self._room is None else self._room.tail_s

    def process(self, samples: Samples, values: Values) -> Samples:
        """Return the next samples placed, shape (2, frames); controls glide from the last call's values."""
        distance_m = values.number("distance_m")
        level_db = self._calibration_db + values.number("gain_db")
        now = np.array(
            (
                10.0 ** (level_db / 20.0) / (1.0 + distance_m / LEVEL_HALF_M),
                values.number("brightness") * TILT_DB,
                AIR_HZ / (1.0 + distance_m / AIR_HALF_M),
                values.number("width"),
            )
        )
        out = np.empty(samples.shape)
        _place(samples, now if self._last is None else self._last, now, self._section, self._memory, out)
        self._last = now
        if self._room is None:
            return out
        # What is far off is heard more by the walls than by the ear.
        return self._room.process(out, send=math.sqrt(1.0 + distance_m / LEVEL_HALF_M), width=now[WIDTH])
