"""Shapes over time."""

import numpy as np

from swash_model.dsp.timeline import SAMPLE_RATE, Samples

TAIL_DB = -60.0
TAIL_FADE_S = 0.01


def seconds(frames: int) -> Samples:
    """Return the time of each frame, s, shape (frames,)."""
    return np.asarray(np.arange(frames) / SAMPLE_RATE)


def decay(frames: int, time_s: float) -> Samples:
    """Return exp(-t / time_s), shape (frames,)."""
    return np.asarray(np.exp(-np.arange(frames) / (time_s * SAMPLE_RATE)))


def rise(frames: int, time_s: float) -> Samples:
    """Return 1 - exp(-t / time_s), shape (frames,)."""
    return np.asarray(1.0 - decay(frames, time_s))


def fade_out(samples: Samples, duration_s: float) -> Samples:
    """Return samples (channels, frames) whose last `duration_s` falls to silence by a raised cosine."""
    frames = min(round(duration_s * SAMPLE_RATE), samples.shape[-1])
    if frames < 1:
        return samples
    faded = samples.copy()
    faded[..., -frames:] *= 0.5 + 0.5 * np.cos(np.pi * (np.arange(frames) + 1) / frames)
    return faded


def without_tail(samples: Samples, peak: float | None = None) -> Samples:
    """Return samples (channels, frames) up to where they stay 60 dB below `peak`, with a fade of 10 ms.

    `peak` None is their own; give it where they are the rest of a sound.
    """
    level = np.abs(samples).max(axis=0)
    heard = np.flatnonzero(level > (level.max() if peak is None else peak) * 10.0 ** (TAIL_DB / 20.0))
    if not len(heard):
        return samples
    end = min(samples.shape[1], int(heard[-1]) + 1 + round(TAIL_FADE_S * SAMPLE_RATE))
    return fade_out(samples[:, :end], TAIL_FADE_S)


class Glide:
    """Follows a control that is given once a quantum, in a straight line, so that nothing steps."""

    def __init__(self) -> None:
        self._last: float | None = None

    def take(self, value: float, frames: int) -> Samples:
        """Return the way from the last value (at first: this one) to `value`, shape (frames,)."""
        first = value if self._last is None else self._last
        self._last = value
        if first == value:
            return np.full(frames, value)
        return np.linspace(first, value, frames + 1)[1:]


class Glides:
    """Follows several controls at once, as Glide does one."""

    def __init__(self) -> None:
        self._last: Samples | None = None

    def take(self, values: Samples, frames: int) -> Samples:
        """Return the way from the last values (at first: these) to `values`, shape (*values.shape, frames)."""
        first = values if self._last is None else self._last
        self._last = values
        ramp = np.arange(1, frames + 1) / frames
        return np.asarray(first[..., None] + (values - first)[..., None] * ramp)
