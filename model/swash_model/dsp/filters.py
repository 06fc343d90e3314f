"""Filters that remember: sections for fixed shapes, a state-variable filter for moving cutoffs."""

import math
from typing import Literal

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.signal import butter

from swash_model.dsp.timeline import SAMPLE_RATE, Samples

MAX_CUTOFF_HZ = 0.45 * SAMPLE_RATE  # bilinear filters cramp above
DENORMAL = 1e-20  # keeps a decaying state out of the slow subnormal numbers

Shape = Literal["lowpass", "highpass", "bandpass"]


# Both channels run side by side: each frame waits for the one before it, and in that time the other
# channel's is computed for nothing. Of an odd number the last is computed twice, to the same samples.


@njit(cache=True, nogil=True)
def _sections(sections, memory, samples):  # type: ignore[no-untyped-def]
    """Run transposed direct form II sections over samples (channels, frames), in place."""
    for one in range(0, samples.shape[0], 2):
        other = min(one + 1, samples.shape[0] - 1)
        for k in range(sections.shape[0]):
            b0, b1, b2 = sections[k, 0], sections[k, 1], sections[k, 2]
            a1, a2 = sections[k, 4], sections[k, 5]
            s1, s2 = memory[one, k, 0], memory[one, k, 1]
            t1, t2 = memory[other, k, 0], memory[other, k, 1]
            for frame in range(samples.shape[1]):
                x, u = samples[one, frame], samples[other, frame]
                y = b0 * x + s1
                v = b0 * u + t1
                s1 = b1 * x - a1 * y + s2 + DENORMAL
                t1 = b1 * u - a1 * v + t2 + DENORMAL
                s2 = b2 * x - a2 * y
                t2 = b2 * u - a2 * v
                samples[one, frame], samples[other, frame] = y, v
            memory[one, k, 0], memory[one, k, 1] = s1, s2
            memory[other, k, 0], memory[other, k, 1] = t1, t2


@njit(cache=True, nogil=True)
def _tangents(cutoff_hz, out):  # type: ignore[no-untyped-def]
    """Fill out with the filter coefficient of each cutoff, both of shape (rows, frames).

    Lambert's continued fraction of the tangent instead of itself: cut here it is within 2e-7 up to 15 kHz
    and 3e-5 at the highest cutoff, and runs on several frames at once, which a call of `tan` does not.
    """
    for row in range(cutoff_hz.shape[0]):
        for frame in range(cutoff_hz.shape[1]):
            x = math.pi / SAMPLE_RATE * min(max(cutoff_hz[row, frame], 5.0), MAX_CUTOFF_HZ)
            squared = x * x
            above = x * (945.0 - squared * (105.0 - squared))
            out[row, frame] = above / (945.0 - squared * (420.0 - 15.0 * squared))


@njit(cache=True, nogil=True, inline="always")
def _turn(x, g, k, s1, s2):  # type: ignore[no-untyped-def]
    """Return the low-passed and band-passed frame of a state-variable filter, and its next state."""
    a1 = 1.0 / (1.0 + g * (g + k))
    v1 = a1 * s1 + g * a1 * (x - s2)
    v2 = s2 + g * v1
    return v2, v1, 2.0 * v1 - s1 + DENORMAL, 2.0 * v2 - s2


@njit(cache=True, nogil=True)
def _state_variable(samples, cutoff_hz, resonance, mode, memory, out):  # type: ignore[no-untyped-def]
    """Trapezoidal state-variable filter; cutoff per frame, shape (1 or channels, frames)."""
    k = 1.0 / resonance
    tangents = np.empty(cutoff_hz.shape)
    _tangents(cutoff_hz, tangents)
    last_row = cutoff_hz.shape[0] - 1
    of_x = 1.0 if mode == 2 else 0.0
    of_band = (0.0, k, -k)[mode]
    of_low = (1.0, 0.0, -1.0)[mode]
    for one in range(0, samples.shape[0], 2):
        other = min(one + 1, samples.shape[0] - 1)
        s1, s2 = memory[one, 0], memory[one, 1]
        t1, t2 = memory[other, 0], memory[other, 1]
        for frame in range(samples.shape[1]):
            x, u = samples[one, frame], samples[other, frame]
            low, band, s1, s2 = _turn(x, tangents[min(one, last_row), frame], k, s1, s2)
            out[one, frame] = of_x * x + of_band * band + of_low * low
            low, band, t1, t2 = _turn(u, tangents[min(other, last_row), frame], k, t1, t2)
            out[other, frame] = of_x * u + of_band * band + of_low * low
        memory[one, 0], memory[one, 1] = s1, s2
        memory[other, 0], memory[other, 1] = t1, t2


class Sections:
    """A cascade of second-order sections (scipy's layout) over several channels."""

    def __init__(self, sections: npt.NDArray[np.float64], channels: int = 2) -> None:
        self._sections = np.ascontiguousarray(sections)
        self._memory = np.zeros((channels, len(sections), 2))

    def process(self, samples: Samples) -> Samples:
        """Return the next samples filtered, shape (channels, frames)."""
        out = np.array(samples, order="C")
        _sections(self._sections, self._memory, out)
        return out


def butterworth(
    shape: Shape, cutoff_hz: float | tuple[float, float], order: int = 2, channels: int = 2
) -> Sections:
    """Return a Butterworth filter; a bandpass takes (low, high). Cutoffs are kept below 0.45 of the rate."""
    edges = np.minimum(cutoff_hz, MAX_CUTOFF_HZ)
    return Sections(np.asarray(butter(order, edges, shape, fs=SAMPLE_RATE, output="sos")), channels)


class StateVariable:
    """A filter of 12 dB an octave whose cutoff may move at every frame without a click.

    The trapezoidal form keeps its state meaningful while coefficients move, which direct forms do not
    (Zavalishin, "The Art of VA Filter Design", chapter 4). The bandpass peaks at 0 dB.
    """

    def __init__(self, shape: Shape, channels: int = 2) -> None:
        self._mode = ("lowpass", "bandpass", "highpass").index(shape)
        self._memory = np.zeros((channels, 2))

    def process(self, samples: Samples, cutoff_hz: Samples | float, resonance: float) -> Samples:
        """Return the next samples filtered, shape (channels, frames).

        `cutoff_hz` is one number, one a frame (frames,), or one a frame and channel (channels, frames);
        `resonance` is Q, above 0.
        """
        cutoffs = np.asarray(cutoff_hz, float)
        if cutoffs.ndim == 0:
            cutoffs = np.full((1, samples.shape[1]), cutoffs)
        out = np.empty_like(samples)
        _state_variable(samples, np.atleast_2d(cutoffs), float(resonance), self._mode, self._memory, out)
        return out


# One-pole low-passes whose sum falls 3 dB an octave: poles and gains fitted by least squares on the
# response in dB, 30 Hz to 20 kHz at 48 kHz; within 0.2 dB of the line, scaled to unit variance.
PINK_POLES = np.array([0.99574173, 0.97061501, 0.84105951, 0.34091176])
PINK_GAINS = np.array([0.03934718, 0.06224034, 0.14134772, 0.34200737])


class Pink:
    """Turns white noise into pink: 3 dB less an octave, unit variance."""

    def __init__(self, channels: int = 2) -> None:
        self._memory = np.zeros((channels, len(PINK_POLES)))

    def process(self, samples: Samples) -> Samples:
        """Return the next samples filtered, shape (channels, frames)."""
        out = np.empty_like(samples)
        _one_pole_bank(PINK_POLES, PINK_GAINS, self._memory, samples, out)
        return out


@njit(cache=True, nogil=True)
def _one_pole_bank(poles, gains, memory, samples, out):  # type: ignore[no-untyped-def]
    for channel in range(samples.shape[0]):
        for frame in range(samples.shape[1]):
            total = 0.0
            for k in range(poles.shape[0]):
                memory[channel, k] = memory[channel, k] * poles[k] + samples[channel, frame] + DENORMAL
                total += gains[k] * memory[channel, k]
            out[channel, frame] = total
