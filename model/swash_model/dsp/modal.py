"""Modes: what a struck thing rings with. Material, size and shape give a bank of resonators."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numba import njit

from swash_model.dsp import chance
from swash_model.dsp.timeline import SAMPLE_RATE, Samples

REFERENCE_SIZE_M = 0.5
MAX_MODE_HZ = 18_000.0
SILENT = 1e-7  # -140 dB: a mode below it is over
OBJECT_STREAM = 1 << 22


@dataclass(frozen=True, slots=True)
class Material:
    """What a thing is made of.

    `first_mode_hz` at half a metre; `loss` is the loss factor eta (share of energy lost a radian),
    `handling` a damping in 1/s that does not depend on pitch (air, touch); `series` the law of the
    partials; see docs/reference/kernels.md for sources.
    """

    first_mode_hz: float
    loss: float
    handling: float
    series: Literal["plate", "bar", "shell"]
    modes: int


MATERIALS = {
    "metal": Material(900.0, 0.0012, 1.5, "plate", 28),
    "sheet_metal": Material(300.0, 0.002, 4.0, "plate", 40),
    "wood": Material(420.0, 0.022, 25.0, "bar", 14),
    "glass": Material(1600.0, 0.0025, 6.0, "shell", 16),
    "ceramic": Material(1500.0, 0.0035, 10.0, "shell", 14),
    "plastic": Material(520.0, 0.035, 40.0, "plate", 12),
    "stone": Material(1300.0, 0.008, 60.0, "plate", 20),
    "rubber": Material(140.0, 0.2, 60.0, "plate", 6),
    "bone": Material(800.0, 0.012, 40.0, "bar", 12),
    "ice": Material(1100.0, 0.006, 25.0, "plate", 18),
}


@dataclass(frozen=True, slots=True)
class Modes:
    """A bank of modes: frequencies (Hz), decays (1/s) and gains, each of shape (modes,).

    Gains have shape (places, modes) for a thing that is struck at several places; see `ring`.
    """

    frequency_hz: Samples
    decay: Samples
    gain: Samples


def _ratios(series: str, modes: int) -> Samples:
    """Return the partials of a shape over its first."""
    k = np.arange(1, modes + 1)
    if series == "bar":  # free-free bar: (2k + 1)^2
        return np.asarray((2 * k + 1) ** 2 / 9.0)
    if series == "plate":  # simply supported, sides 1 : 1.37
        m, n = np.meshgrid(np.arange(1, 10), np.arange(1, 10))
        squares = np.sort((m**2 + (n / 1.37) ** 2).ravel())[:modes]
        return np.asarray(squares / squares[0])
    shell = k * np.sqrt(k**2 + 2.3)  # between a bell's rim and a string
    return np.asarray((shell / shell[0]) ** 1.1)


def modes_of(
    material: Material, *, size_m: float, object_seed: int, position: float = 0.3, damping: float = 1.0
) -> Modes:
    """Return the modes of one object: `size_m` 0.02 to 5, `position` 0..1 where it is struck.

    `object_seed` moves each partial by up to 3 %, which is what tells two crates apart; `damping`
    scales every decay (a hand on the object: 3 and above).
    """
    ratios = _ratios(material.series, material.modes)
    jitter = 2.0 * chance.uniforms(object_seed, OBJECT_STREAM, 0, material.modes) - 1.0
    first_hz = material.first_mode_hz * (size_m / REFERENCE_SIZE_M) ** -0.9
    frequency = first_hz * ratios * (1.0 + 0.03 * jitter)
    heard = frequency < MAX_MODE_HZ
    heard[0] = True
    frequency = np.minimum(frequency[heard], MAX_MODE_HZ)
    number = np.arange(1, material.modes + 1)[heard]
    gain = (0.35 + 0.65 * np.abs(np.sin(np.pi * number * position))) * (frequency[0] / frequency) ** 0.35
    decay = (np.pi * frequency * material.loss + material.handling) * damping
    return Modes(frequency, decay, gain)


@njit(cache=True, nogil=True)
def _ring(forces, frequency_hz, decay, gains, out):  # type: ignore[no-untyped-def]
    """Two-pole resonators, impulse invariant, added to out (frames,).

    Driven by forces (places, frames), to which a mode answers with gains (places, modes).
    """
    places = forces.shape[0]
    driven = min(forces.shape[1], out.shape[0])
    drive = np.empty(places)
    for mode in range(frequency_hz.shape[0]):
        radius = math.exp(-decay[mode] / SAMPLE_RATE)
        step = 2.0 * math.pi * frequency_hz[mode] / SAMPLE_RATE
        b, c = 2.0 * radius * math.cos(step), radius * radius
        for place in range(places):
            drive[place] = radius * math.sin(step) * gains[place, mode]
        y1, y2 = 0.0, 0.0
        for frame in range(driven):
            y = b * y1 - c * y2
            for place in range(places):
                y += drive[place] * forces[place, frame]
            y2, y1 = y1, y
            out[frame] += y
        for frame in range(driven, out.shape[0]):
            y = b * y1 - c * y2
            y2, y1 = y1, y
            out[frame] += y
            if frame % 256 == 0 and abs(y1) + abs(y2) < SILENT:
                break


def ring(modes: Modes, force: Samples, frames: int) -> Samples:
    """Return what the modes answer to a force, shape (frames,).

    A thing that is struck at several places takes a force (places, frames) and gains (places, modes).
    """
    out = np.zeros(frames)
    forces = np.atleast_2d(np.ascontiguousarray(force))
    _ring(forces, modes.frequency_hz, modes.decay, np.atleast_2d(modes.gain), out)
    return out


def ring_frames(modes: Modes, longest_s: float) -> int:
    """Return the frames until the slowest mode is 60 dB down, at most `longest_s`."""
    return int(min(6.908 / float(modes.decay.min()), longest_s) * SAMPLE_RATE)
