"""What birds sing: each kind builds its songs out of syllables, and each bird has songs of its own."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from swash_model.dsp import chance
from swash_model.dsp.timeline import Samples

SONGS = 4  # that a bird knows
DRAWS = 256  # of chance in a song, more than any uses
SONG_STREAM = 400

# The columns of a song: when a syllable begins and how long it is (s), its pitch at the beginning, in the middle
# and at the end (Hz), level, attack and release (shares of its length), vibrato and tremolo (rate in Hz, depth),
# and how hoarse it is.
AT, LIFE, BEGIN_HZ, MIDDLE_HZ, END_HZ, LEVEL, ATTACK, RELEASE = range(8)
VIBRATO_HZ, VIBRATO, TREMOLO_HZ, TREMOLO, ROUGH, COLUMNS = range(8, 14)

# When each hoot of a horned owl begins, how long it is (s), and its level.
HORNED = ((0.0, 0.32, 0.8), (0.52, 0.13, 0.6), (0.7, 0.42, 1.0), (1.55, 0.36, 0.9), (2.2, 0.36, 0.8))


class Draws:
    """Chance of one song, taken one number after the other."""

    def __init__(self, seed: int, bird: int, song: int) -> None:
        self._draws = iter(chance.uniforms(seed, SONG_STREAM + bird, song, DRAWS))

    def between(self, low: float, high: float) -> float:
        """Return a number from low to high."""
        return low + (high - low) * float(next(self._draws))

    def count(self, low: int, high: int) -> int:
        """Return a whole number from low to high, both included."""
        return low + int((high - low + 1) * next(self._draws))


def syllable(
    at_s: float,
    life_s: float,
    hz: tuple[float, float, float],
    level: float = 1.0,
    *,
    attack: float = 0.25,
    release: float = 0.45,
    vibrato: tuple[float, float] = (0.0, 0.0),
    tremolo: tuple[float, float] = (0.0, 0.0),
    rough: float = 0.0,
) -> list[float]:
    """Return one row of a song."""
    return [at_s, life_s, *hz, level, attack, release, *vibrato, *tremolo, rough]


def songbird(draws: Draws) -> Samples:
    """Return a phrase of a few motifs: whistles, slides, trills, warbles and buzzes, some of them repeated."""
    base_hz = draws.between(2100.0, 3300.0)
    rows: list[list[float]] = []
    at_s = 0.0
    for _ in range(draws.count(3, 5)):
        motif, length_s = _motif(draws, base_hz)
        gap_s = draws.between(0.03, 0.14)
        for _ in range(draws.count(1, 3) if length_s < 0.25 else 1):
            rows += [[at_s + row[AT], *row[1:]] for row in motif]
            at_s += length_s + gap_s
        if at_s > 2.2:
            break
    return np.array(rows)


def _motif(draws: Draws, base_hz: float) -> tuple[list[list[float]], float]:
    """Return a motif and its length, s."""
    hz = base_hz * draws.between(0.8, 1.75)
    level = draws.between(0.55, 1.0)
    kind = draws.count(0, 6)
    if kind == 0:  # a whistle
        life_s, bend = draws.between(0.12, 0.32), draws.between(0.95, 1.06)
        return [syllable(0.0, life_s, (hz, hz * bend, hz), level)], life_s
    if kind in {1, 2}:  # a slide, up or down
        life_s, bend = draws.between(0.06, 0.17), draws.between(1.25, 1.9)
        pitch = (hz / bend, hz, hz * bend**0.6) if kind == 1 else (hz * bend, hz, hz / bend**0.7)
        return [syllable(0.0, life_s, pitch, level, attack=0.2)], life_s
    if kind == 3:  # a trill of quick falls
        count, each_s = draws.count(5, 11), draws.between(0.038, 0.075)
        top, bottom = hz * draws.between(1.15, 1.5), hz * draws.between(0.7, 0.9)
        fade = [min(1.0, 0.4 + 0.2 * number) * level for number in range(count)]
        trill = [
            syllable(number * each_s, 0.72 * each_s, (top, hz, bottom), fade[number], attack=0.15)
            for number in range(count)
        ]
        return trill, count * each_s
    if kind == 4:  # a warble
        life_s = draws.between(0.2, 0.45)
        rate_hz, depth = draws.between(11.0, 24.0), draws.between(0.08, 0.25)
        return [
            syllable(
                0.0, life_s, (hz, hz * 1.08, hz * 0.94), level, vibrato=(rate_hz, depth), tremolo=(rate_hz, 0.5)
            )
        ], life_s
    if kind == 5:  # a buzz
        life_s, rate_hz = draws.between(0.12, 0.3), draws.between(90.0, 150.0)
        hz = hz * 1.3
        return [
            syllable(
                0.0, life_s, (hz, hz, hz * 0.93), 0.7 * level, vibrato=(rate_hz, 0.05), tremolo=(rate_hz, 0.85)
            )
        ], life_s
    life_s, jump = draws.between(0.05, 0.1), draws.between(1.2, 1.6)  # two notes, one above the other
    return [
        syllable(0.0, life_s, (hz, hz * 1.02, hz), level),
        syllable(1.35 * life_s, life_s, (hz * jump, hz * jump, hz * jump * 0.97), level),
    ], 2.35 * life_s


def sparrow(draws: Draws) -> Samples:
    """Return one to three chirps: a quick rise and a fall, a little hoarse."""
    rows = []
    at_s = 0.0
    hz = draws.between(2900.0, 4300.0)
    for _ in range(draws.count(1, 3)):
        life_s = draws.between(0.055, 0.11)
        peak = hz * draws.between(1.0, 1.15)
        rows.append(
            syllable(
                at_s,
                life_s,
                (peak * draws.between(0.6, 0.8), peak * 1.1, peak * draws.between(0.55, 0.75)),
                draws.between(0.6, 1.0),
                attack=0.18,
                vibrato=(draws.between(60.0, 110.0), 0.03),
                rough=0.1,
            )
        )
        at_s += life_s + draws.between(0.05, 0.22)
    return np.array(rows)


def crow(draws: Draws) -> Samples:
    """Return two to four caws: hoarse, rising a little and falling more."""
    hz = draws.between(400.0, 520.0)
    life_s, pause_s = draws.between(0.24, 0.4), draws.between(0.16, 0.34)
    rows = []
    for number in range(draws.count(2, 4)):
        drop = 0.97**number * draws.between(0.97, 1.03)
        rows.append(
            syllable(
                number * (life_s + pause_s),
                life_s * draws.between(0.9, 1.1),
                (hz * 0.88 * drop, hz * 1.08 * drop, hz * 0.74 * drop),
                1.0 - 0.08 * number,
                attack=0.14,
                release=0.4,
                tremolo=(draws.between(68.0, 95.0), 0.35),
                rough=draws.between(0.5, 0.7),
            )
        )
    return np.array(rows)


def owl(draws: Draws) -> Samples:
    """Return hoots: long, or short ones before a long one that quavers."""
    hz = draws.between(330.0, 470.0)
    rows = []
    if draws.between(0.0, 1.0) < 0.5:  # hoo, h-hoo, hoo, hoo: a horned owl
        for at_s, life_s, level in HORNED:
            rows.append(syllable(at_s, life_s, (hz * 0.94, hz, hz * 0.93), level, attack=0.3, release=0.5))
    else:  # hooo; hu, huhuhooo: a tawny owl
        hz *= 1.7
        rows.append(syllable(0.0, 0.75, (hz * 0.93, hz * 1.02, hz * 0.9), 0.9, attack=0.3, release=0.5))
        rows.append(syllable(1.7, 0.12, (hz * 0.95, hz, hz * 0.95), 0.5))
        pitch = (hz * 0.97, hz * 1.03, hz * 0.88)
        rows.append(
            syllable(2.0, 1.15, pitch, 1.0, attack=0.35, release=0.45, vibrato=(8.0, 0.012), tremolo=(8.0, 0.55))
        )
    return np.array(rows)


def gull(draws: Draws) -> Samples:
    """Return a long call: a drawn-out cry, then a row of shorter ones that fall; or only a cry or two."""
    hz = draws.between(780.0, 1050.0)
    rows = []
    at_s = 0.0
    for _ in range(draws.count(1, 2)):
        life_s = draws.between(0.38, 0.6)
        cry = (hz * 0.8, hz * 1.35, hz * 0.72)
        rows.append(syllable(at_s, life_s, cry, 1.0, attack=0.15, release=0.35, rough=draws.between(0.1, 0.3)))
        at_s += life_s + draws.between(0.12, 0.25)
    shorter = draws.count(0, 5)
    for number in range(shorter if shorter > 2 else 0):
        peak = hz * (1.4 - 0.06 * number)
        rows.append(
            syllable(at_s, 0.19, (peak * 0.7, peak, peak * 0.62), 0.9 - 0.09 * number, attack=0.15, rough=0.2)
        )
        at_s += draws.between(0.26, 0.33)
    return np.array(rows)


def dove(draws: Draws) -> Samples:
    """Return coos, the second of three the longest: coo-COO-coo."""
    hz = draws.between(430.0, 560.0)
    rows = []
    at_s = 0.0
    for life_s, pitch, level in ((0.2, 0.95, 0.7), (0.5, 1.06, 1.0), (0.24, 0.93, 0.75)) * draws.count(1, 2):
        rows.append(
            syllable(
                at_s,
                life_s,
                (hz * pitch * 0.94, hz * pitch * 1.02, hz * pitch * 0.93),
                level,
                attack=0.3,
                release=0.45,
                tremolo=(26.0, 0.22),
                rough=0.05,
            )
        )
        at_s += life_s + 0.11
    return np.array(rows)


def cuckoo(draws: Draws) -> Samples:
    """Return its name: two notes, a minor to a major third apart."""
    hz = draws.between(640.0, 700.0)
    low = hz / draws.between(1.19, 1.27)
    return np.array(
        [
            syllable(0.0, 0.17, (hz * 0.97, hz * 1.02, hz * 0.97), 1.0, attack=0.2),
            syllable(0.36, 0.27, (low * 0.985, low, low * 0.96), 0.9, attack=0.18),
        ]
    )


def tit(draws: Draws) -> Samples:
    """Return two notes sawn up and down: tea-cher, tea-cher."""
    hz = draws.between(3600.0, 4600.0)
    low, each_s = hz * draws.between(0.66, 0.8), draws.between(0.11, 0.15)
    rows = []
    for number in range(draws.count(3, 6)):
        at_s = number * 2.3 * each_s
        rows.append(syllable(at_s, 0.85 * each_s, (hz, hz * 1.02, hz * 0.98), 0.9, attack=0.2))
        rows.append(syllable(at_s + each_s, 0.95 * each_s, (low, low * 0.99, low * 0.95), 0.75, attack=0.2))
    return np.array(rows)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of bird: its songs, how often one begins, its level and its overtones."""

    song: Callable[[Draws], Samples]
    rate_hz: float
    level: float
    partials: tuple[float, ...]


KINDS = {
    "songbird": Kind(songbird, 0.36, 0.3, (1.0, 0.07, 0.03)),
    "sparrow": Kind(sparrow, 0.8, 0.34, (1.0, 0.22, 0.08)),
    # A caw has formants near 1.2 and 2 kHz; a gull's bill opens wider and its cry is brighter.
    "crow": Kind(crow, 0.2, 0.16, (0.35, 0.7, 1.0, 0.85, 0.7, 0.45, 0.3, 0.22, 0.15, 0.1, 0.07, 0.05)),
    "owl": Kind(owl, 0.14, 0.4, (1.0, 0.06, 0.03)),
    "gull": Kind(gull, 0.2, 0.16, (0.6, 1.0, 0.8, 0.5, 0.32, 0.24, 0.15, 0.1, 0.07, 0.05)),
    "dove": Kind(dove, 0.2, 0.4, (1.0, 0.1, 0.03)),
    "cuckoo": Kind(cuckoo, 0.45, 0.4, (1.0, 0.06, 0.03)),
    "tit": Kind(tit, 0.25, 0.26, (1.0, 0.08)),
}


def songs_of(kind: Kind, seed: int, bird: int) -> list[Samples]:
    """Return the songs that one bird knows, each of shape (syllables, COLUMNS)."""
    return [kind.song(Draws(seed, bird, song)) for song in range(SONGS)]
