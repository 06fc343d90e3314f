"""Pressure waves of explosions."""

import numpy as np

from swash_model.dsp.timeline import SAMPLE_RATE, Samples


def friedlander(positive_s: float, fall: float = 1.2) -> Samples:
    """Return a blast wave from +1: over-pressure for `positive_s`, then suction; shape (frames,).

    p(t) = (1 - t/T) exp(-b t/T), with b = `fall` (Friedlander, 1946). Two frames of rise keep it
    within the band.
    """
    t = np.arange(int(6.0 * positive_s * SAMPLE_RATE) + 2) / (positive_s * SAMPLE_RATE)
    wave = (1.0 - t) * np.exp(-fall * t)
    wave[:2] *= (1 / 3, 2 / 3)
    return np.asarray(wave)
