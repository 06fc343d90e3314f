"""What is heard where a loop begins again, in numbers."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from swash_model.spec import Block

WINDOW_FRAMES, HOP_FRAMES = 1024, 256  # of a spectrum: 23 ms of 44.1 kHz, short enough to hear a click in
NEAR_S = 0.05  # the ear takes a change of level within so much for a click, and above it for a swell
SHORTEST_FRAMES = 4 * WINDOW_FRAMES  # below, there is no inside to hold a seam against


class Seam(NamedTuple):
    """What is heard where a turn begins again, against the 99th percentile of the same inside it: 1 is no more."""

    jump: float  # from the last sample to the first
    slope: float  # the largest change of slope there
    flux: float  # how much more of any frequency comes at once
    level_db: float  # of 50 ms around it, against as much before and after


def seam_of(turn: Block, sample_rate: int, at_frame: int = 0) -> Seam:
    """Return what is heard before a frame of a turn that goes round, shape (frames, channels).

    The turn is to be SHORTEST_FRAMES long at least. Flux is the half-wave rectified difference of successive
    spectra (Bello et al., A Tutorial on Onset Detection in Music Signals, 2005), summed over frequency.
    """
    middle = len(turn) // 2
    sound = np.roll(turn.astype(np.float64), middle - at_frame, axis=0)  # the seam lies before its middle
    power = np.square(sound).mean(axis=1)
    half = round(NEAR_S / 2 * sample_rate)
    around = np.concatenate([power[middle - 3 * half : middle - half], power[middle + half : middle + 3 * half]])
    within = power[middle - half : middle + half]
    return Seam(
        jump=_against_inside(np.abs(np.diff(sound, axis=0)), slice(middle - 1, middle)),
        slope=_against_inside(np.abs(np.diff(sound, n=2, axis=0)), slice(middle - 2, middle)),
        flux=_flux_against_inside(sound.mean(axis=1), middle),
        level_db=10.0 * float(np.log10((within.mean() + 1e-20) / (around.mean() + 1e-20))),
    )


def _against_inside(changes: npt.NDArray[np.float64], seam: slice) -> float:
    """Return the largest change at a seam, shape (changes, channels), against those elsewhere."""
    inside = np.percentile(np.delete(changes, seam, axis=0), 99, axis=0)
    return float((changes[seam] / (inside + 1e-20)).max())


def _flux_against_inside(samples: npt.NDArray[np.float64], seam: int) -> float:
    starts = np.arange(0, len(samples) - WINDOW_FRAMES + 1, HOP_FRAMES)
    windows = samples[starts[:, None] + np.arange(WINDOW_FRAMES)] * np.hanning(WINDOW_FRAMES)
    flux = np.diff(np.abs(np.fft.rfft(windows)), axis=0).clip(min=0.0).sum(axis=1)
    over = (starts[:-1] < seam) & (seam < starts[1:] + WINDOW_FRAMES)
    return float(flux[over].max() / (np.percentile(flux[~over], 99) + 1e-20))
