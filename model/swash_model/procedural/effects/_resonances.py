"""Resonances of throats and horns, one after the other."""

from collections.abc import Sequence

import numpy as np
from scipy.signal import iirpeak

from swash_model.dsp.timeline import SAMPLE_RATE, Samples


def resonances(peaks: Sequence[tuple[float, float, float]], through: float = 1.0) -> Samples:
    """Return second-order sections, shape (peaks, 6), for peaks of (Hz, Q, level over what lies between).

    `through` is how much of the sound passes beside each peak: below 1 the peaks stand alone.
    """
    sections = []
    for hz, q, level in peaks:
        b, a = iirpeak(hz, q, fs=SAMPLE_RATE)
        sections.append(np.concatenate([through * a + level * b, a]))
    return np.array(sections)
