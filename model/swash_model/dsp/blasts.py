"""Pressure waves of explosions and of segments of lightning."""

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


def n_wave(duration_s: float) -> Samples:
    """Return a shock that falls in a straight line from +1 to -1, shape (frames,); edges of two frames."""
    frames = max(6, round(duration_s * SAMPLE_RATE))
    wave = np.linspace(1.0, -1.0, frames)
    wave[:2] *= (1 / 3, 2 / 3)
    wave[-2:] *= (2 / 3, 1 / 3)
    return np.asarray(wave)
