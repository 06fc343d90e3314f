"""What is heard of a thing that falls into water: the slap, the gulp after it, and what rains back."""

import math
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import butter, sosfiltfilt

from swash_model.dsp.loudness import momentary_lufs
from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.spec import Block, Value
from tests.hearing import band_level_db, centroid_hz, level_db, mono, sound_of

DIVE: dict[str, Value] = {"flatness": 0.0, "spray": 0.0, "depth": 1.0}


def envelope(sound: Block, low_hz: float, high_hz: float) -> npt.NDArray[np.float64]:
    """Return the level of each 5 ms between two frequencies, shape (windows,)."""
    band = sosfiltfilt(butter(2, (low_hz, high_hz), "bandpass", fs=SAMPLE_RATE, output="sos"), mono(sound))
    windows = band[: len(band) // 240 * 240].reshape(-1, 240)
    return np.asarray(np.sqrt(np.mean(windows**2, axis=1)))


def part(sound: Block, first_s: float, last_s: float) -> Block:
    return sound[round(first_s * SAMPLE_RATE) : round(last_s * SAMPLE_RATE)]


def test_larger_things_splash_lower_longer_and_louder() -> None:
    sounds = [sound_of("splash", {"size_m": size}, seed=3) for size in (0.01, 0.05, 0.25, 1.2)]
    low = [band_level_db(sound, 20.0, 250.0) for sound in sounds]
    assert max(low[:2]) < -14.0
    assert min(low[2:]) > -11.0
    assert all(len(larger) > 1.2 * len(smaller) for smaller, larger in pairwise(sounds))
    loudness = [momentary_lufs(sound, SAMPLE_RATE) for sound in sounds]
    assert all(larger > smaller + 1.5 for smaller, larger in pairwise(loudness))


def test_faster_is_louder_at_every_step() -> None:
    loudness = [
        momentary_lufs(sound_of("splash", {"speed_m_s": speed}), SAMPLE_RATE) for speed in (1.0, 3.0, 8.0, 20.0)
    ]
    assert all(faster > slower + 2.0 for slower, faster in pairwise(loudness))


@pytest.mark.parametrize("size_m", [0.05, 0.1, 0.2])
def test_the_gulp_comes_when_the_cavity_closes(size_m: float) -> None:
    note_hz = 3.0 / (0.17 * size_m / (1.0 + 3.4 * size_m))
    sound = sound_of("splash", {"size_m": size_m, **DIVE})
    level = envelope(sound, 0.7 * note_hz, 1.6 * note_hz)
    waited = 6  # the slap has that note too
    gulp_s = (waited + int(np.argmax(level[waited:]))) * 0.005
    closing_s = 2.06 * math.sqrt(0.5 * size_m / 9.81)  # Duclaux et al., 2007
    assert 0.7 * closing_s < gulp_s < 1.3 * closing_s + 0.03


def test_only_deep_water_swallows() -> None:
    puddle, sea = (sound_of("splash", {"depth": depth, "flatness": 0.1}) for depth in (0.0, 1.0))
    gulp_s = (0.18, 0.45)
    deep, shallow = (
        level_db(part(sound, *gulp_s)) + band_level_db(part(sound, *gulp_s), 60.0, 500.0)
        for sound in (sea, puddle)
    )
    assert deep > shallow + 8.0


def test_what_lands_flat_slaps() -> None:
    dive, flop = (sound_of("splash", {"flatness": flatness}) for flatness in (0.0, 1.0))

    def slap(sound: Block) -> float:
        return level_db(part(sound, 0.0, 0.02)) - level_db(part(sound, 0.05, 0.6))

    assert slap(flop) > slap(dive) + 6.0
    assert centroid_hz(part(flop, 0.0, 0.03)) > 1.2 * centroid_hz(part(dive, 0.0, 0.03))


def test_what_is_thrown_up_rains_back() -> None:
    loudness = []
    for spray in (0.0, 0.33, 0.66, 1.0):
        sound = sound_of("splash", {"size_m": 0.6, "spray": spray, "depth": 0.0})
        late = part(sound, 0.35, 1.2)
        loudness.append(10.0 * np.log10(np.sum(np.square(late, dtype=np.float64)) + 1e-12))
    assert all(more > less + 1.0 for less, more in pairwise(loudness))


def test_a_pebble_plops_and_a_boulder_booms() -> None:
    pebble, boulder = sound_of("splash/pebble"), sound_of("splash/boulder")
    assert len(pebble) < 0.6 * SAMPLE_RATE
    assert len(boulder) > 1.8 * SAMPLE_RATE
    assert band_level_db(pebble, 20.0, 120.0) < -25.0
    assert band_level_db(boulder, 20.0, 120.0) > -10.0
    assert momentary_lufs(boulder, SAMPLE_RATE) > momentary_lufs(pebble, SAMPLE_RATE) + 10.0


def test_takes_are_alike_in_loudness() -> None:
    loudness = [momentary_lufs(sound_of("splash", seed=seed), SAMPLE_RATE) for seed in range(1, 9)]
    assert np.std(loudness) < 1.0
