"""Width: where sounds stand between two loudspeakers, so that mono loses nothing."""

import math

import numpy as np
from numba import njit

from swash_model.dsp.timeline import Samples


def correlated(pair: Samples, correlation: float) -> Samples:
    """Return two channels of the given correlation, 0..1, from two independent ones, shape (2, frames).

    Mid and side are mixed so that each channel keeps its power; the correlation is never negative, so
    a fold-down to mono loses at most 3 dB.
    """
    out = np.empty_like(pair)
    _mid_side(pair, math.sqrt((1.0 + correlation) / 2.0), math.sqrt((1.0 - correlation) / 2.0), out)
    return out


@njit(cache=True, nogil=True)
def _mid_side(pair, mid_level, side_level, out):  # type: ignore[no-untyped-def]
    for frame in range(pair.shape[1]):
        mid, side = mid_level * pair[0, frame], side_level * pair[1, frame]
        out[0, frame], out[1, frame] = mid + side, mid - side


def panned(samples: Samples, pan: float | Samples) -> Samples:
    """Return mono samples (frames,) at `pan`, -1 left to 1 right, with equal power: shape (2, frames)."""
    angle = (np.asarray(pan) + 1.0) * (np.pi / 4.0)
    return np.stack([samples * np.cos(angle), samples * np.sin(angle)])


def centred(samples: Samples) -> Samples:
    """Return mono samples (frames,) at full level on both channels: shape (2, frames)."""
    return np.stack([samples, samples])
