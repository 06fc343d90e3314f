"""The last step of every voice: level, tilt, distance, width, and no DC."""

import numpy as np

from swash_model.dsp.envelopes import Glide
from swash_model.dsp.filters import StateVariable, butterworth
from swash_model.dsp.timeline import Samples
from swash_model.procedural.effect import Values

TILT_HZ = 2000.0
TILT_DB = 6.0
AIR_HZ = 21_600.0  # what the air lets through from close by: everything
AIR_HALF_M = 60.0  # the cutoff halves after so many metres
LEVEL_HALF_M = 16.0  # so does the level; a point source would fall faster, but games add that themselves
BLOCK_DC_HZ = 20.0


class Placement:
    """Applies the parameters that every effect has. One instance a voice."""

    def __init__(self, gain_db: float) -> None:
        """Take the effect's calibration gain."""
        self._calibration_db = gain_db
        self._gain = Glide()
        self._tilt = Glide()
        self._width = Glide()
        self._cutoff = Glide()
        self._low = StateVariable("lowpass")
        self._middle = StateVariable("bandpass")
        self._air = StateVariable("lowpass")
        self._block_dc = butterworth("highpass", BLOCK_DC_HZ)

    def process(self, samples: Samples, values: Values) -> Samples:
        """Return the next samples in place, shape (2, frames)."""
        frames = samples.shape[1]
        distance_m = values.number("distance_m")
        level_db = self._calibration_db + values.number("gain_db")
        level = 10.0 ** (level_db / 20.0) / (1.0 + distance_m / LEVEL_HALF_M)
        out = self._block_dc.process(samples * self._gain.take(level, frames))
        # Every filter always runs, so that a control that leaves its default does not click.
        tilt_db = self._tilt.take(values.number("brightness") * TILT_DB, frames)
        # Low, middle and high of one state-variable filter add up to what went in; the middle stays.
        low, middle = self._low.process(out, TILT_HZ, 0.5), self._middle.process(out, TILT_HZ, 0.5)
        upper = 10.0 ** (tilt_db / 40.0)
        out = low / upper + middle + (out - low - middle) * upper
        cutoff_hz = self._cutoff.take(AIR_HZ / (1.0 + distance_m / AIR_HALF_M), frames)
        out = self._air.process(out, cutoff_hz, 0.7071)
        width = self._width.take(values.number("width"), frames)
        mid, side = (out[0] + out[1]) / 2.0, (out[0] - out[1]) / 2.0 * width
        return np.stack([mid + side, mid - side])
