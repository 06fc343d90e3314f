"""Notes: the keys that a game's music is in, and things that ring in tune."""

from dataclasses import dataclass

import numpy as np

from swash_model.dsp.grains import DECAY_60_DB, GrainBank
from swash_model.dsp.timeline import SAMPLE_RATE, Samples

KEYS = ("c", "c_sharp", "d", "e_flat", "e", "f", "f_sharp", "g", "a_flat", "a", "b_flat", "b")
C0_HZ = 16.351_597_8  # with A4 = 440 Hz
HIGHEST_HZ = 16_000.0  # no partial above: what is added from sines cannot alias


@dataclass(frozen=True, slots=True)
class Ringing:
    """What a note rings with: partials (ratio, level), how long the first rings (s, -60 dB), its attack.

    Higher partials die sooner by ratio^-`hurry`.
    """

    ratio: tuple[float, ...]
    level: tuple[float, ...]
    ring_s: float
    hurry: float
    attack_s: float


def tonic_hz(key: str, centre_hz: float) -> float:
    """Return the tempered frequency of a key in the octave nearest to `centre_hz`."""
    lowest_hz = C0_HZ * 2.0 ** (KEYS.index(key) / 12.0)
    return float(lowest_hz * 2.0 ** np.round(np.log2(centre_hz / lowest_hz)))


def semitones_up(semitones: Samples | float) -> Samples:
    """Return the ratio of frequencies so many semitones apart, equally tempered."""
    return np.asarray(2.0 ** (np.asarray(semitones) / 12.0))


def add_notes(
    grains: GrainBank,
    ringing: Ringing,
    *,
    at_s: Samples,
    frequency_hz: Samples,
    level: Samples,
    pan: Samples,
    tone: float = 0.5,
    ring: Samples | float = 1.0,
) -> None:
    """Start notes, each array of shape (notes,): all partials of all of them, below 16 kHz.

    `tone` 0..1 tilts the partials by up to ratio^-1..ratio^1 without making the note louder; `ring` scales
    how long each rings.
    """
    ratio = np.array(ringing.ratio)[:, None]  # (partials, 1) over (notes,)
    level_of = np.array(ringing.level)[:, None]
    tilted = level_of * ratio ** (2.0 * (tone - 0.5))
    tilted *= np.sqrt((level_of**2).sum() / (tilted**2).sum())
    frequency = ratio * frequency_hz
    ring_s = ringing.ring_s * ratio**-ringing.hurry * ring * np.ones_like(frequency)
    heard = frequency < HIGHEST_HZ
    onsets = np.broadcast_to(np.round(np.asarray(at_s) * SAMPLE_RATE).astype(np.int64), frequency.shape)
    grains.add(
        onsets[heard],
        frequency_hz=frequency[heard],
        decay=DECAY_60_DB / ring_s[heard],
        amplitude=(tilted * level)[heard],
        pan=np.broadcast_to(pan, frequency.shape)[heard],
        attack_s=ringing.attack_s,
    )
