"""What magic is made of: the notes, bells, voices and air of each element."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import butter

from swash_model.dsp.bursts import BurstBank
from swash_model.dsp.chance import uniforms
from swash_model.dsp.timeline import SAMPLE_RATE, Samples
from swash_model.procedural.effects._notes import Ringing
from swash_model.procedural.effects._resonances import resonances

OBJECT_STREAM = 90


@dataclass(frozen=True, slots=True)
class Element:
    """One kind of magic.

    `scale` and `chord` are semitones above the tonic; bells ring in `bells_hz`, the pad of voices sings at
    `pad_hz`, through `vowel_hz`. `air_hz` is the band (lowest, highest) that the rush of noise sweeps
    through, as wide as 1/`air_q`, `rush` and `pad` the levels of noise and voices; `rise` in octaves is how
    the bells climb while it grows, below 0 down. `level_db`
    makes all about equally loud. `crackle` and `ring_mod_hz` are for fire and the dark.
    """

    scale: tuple[float, ...]
    chord: tuple[float, ...]
    bell: Ringing
    bells_hz: float
    pad_hz: float
    vowel_hz: tuple[tuple[float, float, float], ...]
    air_hz: tuple[float, float]
    air_q: float
    rush: float
    pad: float
    bells: float
    rise: float
    boom_hz: float
    boom: float
    level_db: float
    crackle: float = 0.0
    ring_mod_hz: float = 0.0


CHIME = Ringing((1.0, 2.76, 5.4), (1.0, 0.42, 0.2), 0.9, 0.9, 0.001)
GLASS = Ringing((1.0, 1.006, 2.32, 4.25, 6.63), (0.7, 0.5, 0.45, 0.3, 0.2), 0.8, 0.8, 0.0006)
CELESTA = Ringing((1.0, 1.003, 2.0, 3.0, 4.2), (0.8, 0.4, 0.4, 0.2, 0.12), 1.3, 0.9, 0.003)
EMBER = Ringing((1.0, 1.58, 2.24), (1.0, 0.5, 0.35), 0.4, 0.6, 0.0008)
GONG = Ringing((1.0, 1.19, 1.47, 2.09, 2.56), (1.0, 0.6, 0.5, 0.4, 0.2), 1.2, 1.0, 0.006)

# Formants (Hz, Q, level over what lies between): ah, oo, ee (Peterson & Barney, 1952, adults).
AH = ((760.0, 7.0, 9.0), (1150.0, 8.0, 7.0), (2600.0, 9.0, 6.0))
OO = ((330.0, 5.0, 8.0), (870.0, 8.0, 5.0), (2300.0, 9.0, 4.0))
EE = ((400.0, 5.0, 7.0), (2350.0, 10.0, 9.0), (3050.0, 10.0, 7.0))

ELEMENTS = {
    "neutral": Element(
        (0.0, 2.0, 4.0, 7.0, 9.0),
        (0.0, 7.0, 12.0),
        CHIME,
        1400.0,
        262.0,
        AH,
        (320.0, 5200.0),
        1.6,
        1.0,
        0.55,
        1.0,
        1.0,
        110.0,
        0.8,
        0.0,
    ),
    "fire": Element(
        (0.0, 3.0, 5.0, 7.0, 10.0),
        (0.0, 7.0, 12.0),
        EMBER,
        900.0,
        131.0,
        AH,
        (180.0, 3200.0),
        0.8,
        2.0,
        0.3,
        0.35,
        0.5,
        85.0,
        1.5,
        -4.0,
        crackle=1.0,
    ),
    "ice": Element(
        (0.0, 2.0, 4.0, 6.0, 8.0, 10.0),
        (0.0, 6.0, 14.0),
        GLASS,
        2500.0,
        392.0,
        EE,
        (1400.0, 9500.0),
        1.8,
        0.7,
        0.3,
        1.5,
        0.3,
        150.0,
        0.4,
        1.0,
        crackle=0.35,
    ),
    "holy": Element(
        (0.0, 2.0, 4.0, 7.0, 9.0),
        (0.0, 4.0, 7.0, 12.0),
        CELESTA,
        1050.0,
        262.0,
        AH,
        (700.0, 6500.0),
        1.4,
        0.45,
        1.3,
        1.0,
        1.0,
        130.0,
        0.45,
        -3.0,
    ),
    "dark": Element(
        (0.0, 1.0, 3.0, 6.0, 7.0),
        (0.0, 6.0, 13.0),
        GONG,
        330.0,
        65.4,
        OO,
        (130.0, 1900.0),
        1.1,
        1.4,
        1.1,
        0.6,
        -1.0,
        55.0,
        1.4,
        4.0,
        ring_mod_hz=29.0,
    ),
}


def voices_hz(element: Element, tonic_hz: float, object_seed: int) -> tuple[Samples, Samples]:
    """Return the pitches of the pad, two singers a note of the chord, and their gains (2, voices)."""
    chord = np.repeat(element.chord, 2)
    draws = uniforms(object_seed, OBJECT_STREAM, 0, 2 * len(chord)).reshape(2, -1)
    cents = np.tile([-6.0, 6.0], len(element.chord)) + 6.0 * (draws[0] - 0.5)
    pan = np.tile([-0.7, 0.7], len(element.chord)) * (0.7 + 0.3 * draws[1])
    angle = (pan + 1.0) * np.pi / 4.0
    level = np.where(chord == 0.0, 1.0, 0.7) / np.sqrt(len(chord))
    hz = tonic_hz * 2.0 ** ((chord + cents / 100.0) / 12.0)
    return hz, np.stack([np.cos(angle), np.sin(angle)]) * level


def vowel(element: Element) -> Samples:
    """Return the throat of the singers as second-order sections: formants over what the lips let through."""
    lips = np.asarray(butter(1, (180.0, 5500.0), "bandpass", fs=SAMPLE_RATE, output="sos"))
    return np.concatenate([lips, resonances(element.vowel_hz, through=0.6)])


def bells_hz(element: Element, tonic_hz: float, draws: Samples) -> Samples:
    """Return notes of the scale within two octaves above a tonic, from draws 0..1, shape (bells,)."""
    scale = np.array(element.scale + tuple(step + 12.0 for step in element.scale))
    step = np.minimum((draws * len(scale)).astype(int), len(scale) - 1)
    return np.asarray(tonic_hz * 2.0 ** (scale[step] / 12.0))


def add_crackles(bursts: BurstBank, onsets: npt.NDArray[np.int64], draws: Samples, level: Samples | float) -> None:
    """Start embers or splinters at these frames, from draws 0..1 of shape (crackles, 4)."""
    bursts.add(
        onsets,
        centre_hz=1600.0 * 6.0 ** draws[:, 0],
        resonance=2.0 + 5.0 * draws[:, 1],
        decay=250.0 + 900.0 * draws[:, 2],
        amplitude=level * (0.15 + draws[:, 3] ** 4),
        pan=1.6 * draws[:, 1] - 0.8,
        key=draws[:, 3],
    )
