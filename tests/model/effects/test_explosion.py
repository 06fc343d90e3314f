"""What makes an explosion: a front like a wall, a deep body by its size, and what comes down after it."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.spec import Block, Value
from tests.hearing import band_level_db, centroid_hz, level_db, lufs, octave_levels_db, onset_s, sound_of

SEEDS = range(1, 6)
SIZES = (0.0, 0.25, 0.5, 0.75, 1.0)


def bang(seed: int = 1, *, object_seed: int = 1, **parameters: Value) -> Block:
    return sound_of("explosion", {"far": 0.0, "debris": 0.0, **parameters}, seed=seed, object_seed=object_seed)


def attack_ms(block: Block) -> float:
    """Return the time from the first sound to the peak."""
    return float(np.abs(block).max(axis=1).argmax()) / SAMPLE_RATE * 1000.0 - onset_s(block) * 1000.0


def heard_s(block: Block) -> float:
    """Return when all but a hundredth of the energy has passed."""
    energy = np.cumsum(np.square(block, dtype=np.float64).sum(axis=1))
    return float(np.searchsorted(energy, 0.99 * energy[-1])) / SAMPLE_RATE


def late_high_db(block: Block, after_s: float) -> float:
    """Return the level above 2 kHz from a moment on, dBFS."""
    late = block[round(after_s * SAMPLE_RATE) :]
    return level_db(late) + band_level_db(late, 2000.0, 16_000.0)


def test_a_larger_explosion_is_deeper_longer_and_louder() -> None:
    sounds = [[bang(seed, size=size) for seed in SEEDS] for size in SIZES]
    centroids = [np.mean([centroid_hz(sound) for sound in of_size]) for of_size in sounds]
    lengths = [np.mean([heard_s(sound) for sound in of_size]) for of_size in sounds]
    loudness = [np.mean([lufs(sound) for sound in of_size]) for of_size in sounds]
    assert all(small > large for small, large in pairwise(centroids))
    assert all(small < large for small, large in pairwise(lengths))
    assert all(small < large for small, large in pairwise(loudness))


@pytest.mark.parametrize("size", SIZES)
def test_near_by_it_is_at_its_peak_within_five_milliseconds(size: float) -> None:
    for seed in SEEDS:
        assert attack_ms(bang(seed, size=size)) < 5.0


def test_farther_off_it_is_softer_and_duller() -> None:
    sounds = [bang(far=far) for far in (0.0, 0.25, 0.5, 0.75, 1.0)]
    loudness = [lufs(sound) for sound in sounds]
    centroids = [centroid_hz(sound) for sound in sounds]
    assert all(near > far + 2.0 for near, far in pairwise(loudness))
    assert all(near > far for near, far in pairwise(centroids))


def test_debris_rains_down_late_and_bright() -> None:
    for seed in SEEDS:
        bare, littered = bang(seed, size=0.7), bang(seed, size=0.7, debris=1.0)
        assert late_high_db(littered, 0.6) > late_high_db(bare, 0.6) + 10.0
        before = round(0.15 * SAMPLE_RATE)
        np.testing.assert_allclose(bare[:before], littered[:before], atol=1e-3)


def test_debris_falls_in_pieces_not_as_a_hiss() -> None:
    difference = bang(size=0.6, debris=1.0) - bang(size=0.6)
    late = difference[round(0.8 * SAMPLE_RATE) : round(2.0 * SAMPLE_RATE)]
    assert 20.0 * np.log10(np.abs(late).max()) - level_db(late) > 14.0


def test_the_body_of_a_bomb_lies_below_100_hz_and_still_has_all_the_bands_above() -> None:
    octaves = octave_levels_db(bang(size=0.8))
    assert max(octaves, key=lambda hz: octaves[hz]) in {31.5, 63.0, 125.0}
    assert all(octaves[hz] > -25.0 for hz in (250.0, 500.0, 1000.0, 2000.0))


def test_a_firecracker_is_a_crack_without_a_boom() -> None:
    assert band_level_db(bang(size=0.0), 0.0, 100.0) < -8.0
    assert heard_s(bang(size=0.0)) < 0.5


def test_under_water_it_is_muffled() -> None:
    sound = bang(size=0.6, medium="water")
    assert band_level_db(sound, 1500.0, 24_000.0) < -30.0
    assert centroid_hz(sound) < centroid_hz(bang(size=0.6))


def test_under_water_the_gas_bubble_is_heard_to_fall_in_again() -> None:
    """The first collapse of a charge of size 0.8 comes after 0.41 s."""
    sounds = [np.square(bang(seed, size=0.8, medium="water")).sum(axis=1) for seed in range(1, 9)]
    before, after = (
        np.mean([sound[round(start * SAMPLE_RATE) :][: round(0.06 * SAMPLE_RATE)].mean() for sound in sounds])
        for start in (0.32, 0.40)
    )
    assert after > 2.0 * before


def test_another_place_sends_other_echoes_back() -> None:
    here, there = bang(object_seed=1), bang(object_seed=2)
    before_any_echo = round(0.05 * SAMPLE_RATE)
    np.testing.assert_allclose(here[:before_any_echo], there[:before_any_echo], atol=1e-6)
    frames = min(len(here), len(there))
    assert np.abs(here[:frames] - there[:frames]).max() > 0.02


def test_no_two_fireballs_billow_alike() -> None:
    def rise_and_fall_db(seed: int) -> list[float]:
        """Return the level of each 80 ms between the boom and the debris, dB: so long that noise alone is even."""
        sections = butter(4, (200.0, 4000.0), "bandpass", fs=SAMPLE_RATE, output="sos")
        sound = sosfilt(sections, bang(seed, size=0.6), axis=0)[: round(0.8 * SAMPLE_RATE)]
        return [level_db(part) for part in np.split(sound, 10)]

    takes = np.array([rise_and_fall_db(seed) for seed in range(1, 9)])
    assert takes.std(axis=0).mean() > 0.8  # even decays of noise have 0.5


def test_debris_begins_thinly_and_is_most_in_the_middle() -> None:
    difference = bang(size=0.8, debris=1.0)[:96_000] - bang(size=0.8)[:96_000]
    first, second, third = (level_db(difference[start : start + 7200]) for start in (12_000, 24_000, 36_000))
    assert first + 4.0 < max(second, third)


def test_debris_is_heard_beside_the_boom() -> None:
    littered, bare = bang(size=0.6, debris=1.0), bang(size=0.6)
    second = slice(round(0.3 * SAMPLE_RATE), round(1.3 * SAMPLE_RATE))
    assert level_db(littered[second] - bare[second]) > level_db(bare[:4800]) - 26.0
