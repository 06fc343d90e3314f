"""What makes a whoosh: its pitch follows speed and thickness, and it passes."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.spec import Block, Value
from tests.hearing import centroid_hz, correlation, level_db, lufs, mono, sound_of, spectrum

SEEDS = range(1, 7)


def swing(seed: int = 1, **parameters: Value) -> Block:
    return sound_of("whoosh", parameters, seed=seed)


def envelope(block: Block, window_s: float) -> npt.NDArray[np.float64]:
    """Return the RMS of windows, shape (windows,)."""
    frames = round(window_s * SAMPLE_RATE)
    samples = mono(block)[: len(block) // frames * frames]
    return np.asarray(np.sqrt(np.square(samples.reshape(-1, frames)).mean(axis=1)))


def balance_db(block: Block) -> float:
    """Return how much more comes from the left than from the right."""
    return level_db(block[:, 0]) - level_db(block[:, 1])


def test_faster_is_higher_and_louder() -> None:
    speeds_m_s = (5.0, 10.0, 20.0, 40.0, 80.0)
    sounds = [[swing(seed, speed_m_s=speed) for seed in SEEDS] for speed in speeds_m_s]
    centroids = [np.mean([centroid_hz(sound) for sound in of_speed]) for of_speed in sounds]
    loudness = [np.mean([lufs(sound) for sound in of_speed]) for of_speed in sounds]
    assert all(fast > 1.5 * slow for slow, fast in pairwise(centroids))
    assert all(fast > 2.0 + slow for slow, fast in pairwise(loudness))


def test_thinner_is_higher() -> None:
    diameters_mm = (150.0, 50.0, 15.0, 5.0, 2.0)
    centroids = [np.mean([centroid_hz(swing(seed, diameter_mm=mm)) for seed in SEEDS]) for mm in diameters_mm]
    assert all(thin > 1.5 * thick for thick, thin in pairwise(centroids))


def test_the_pitch_of_a_blade_is_that_of_its_eddies() -> None:
    frequency, power = spectrum(swing(speed_m_s=30.0, diameter_mm=6.0, texture="blade", duration_s=1.0))
    strouhal_hz = 0.2 * 30.0 / 0.006
    assert 0.6 * strouhal_hz < frequency[power.argmax()] < 1.2 * strouhal_hz


@pytest.mark.parametrize("duration_s", [0.15, 0.45, 1.5])
def test_its_peak_lies_inside_the_sound(duration_s: float) -> None:
    for seed in SEEDS:
        level = envelope(sound_of("whoosh", {"duration_s": duration_s}, seed=seed), duration_s / 15.0)
        assert 0.2 < (level.argmax() + 0.5) / 15.0 < 0.7
        assert max(level[0], level[-1]) < 0.15 * level.max()


def test_it_passes_from_one_side_to_the_other() -> None:
    for seed in SEEDS:
        sound = swing(seed)
        third = len(sound) // 3
        assert balance_db(sound[:third]) > 3.0
        assert balance_db(sound[2 * third :]) < -3.0
        mirrored = swing(seed, direction="right_to_left")
        assert balance_db(mirrored[:third]) < -3.0
        assert balance_db(mirrored[2 * third :]) > 3.0


def test_through_comes_from_the_middle_and_opens() -> None:
    for seed in SEEDS:
        sound = swing(seed, direction="through")
        assert abs(balance_db(sound)) < 1.5
        middle = sound[len(sound) // 3 : len(sound) // 2]
        assert correlation(middle[:, 0], middle[:, 1]) < 0.9


def test_it_rises_as_it_comes_and_falls_as_it_goes() -> None:
    for seed in SEEDS:
        fifths = np.array_split(swing(seed, duration_s=1.0), 5)
        pitch = [centroid_hz(part) for part in fifths]
        assert max(pitch[1:4]) > 1.5 * pitch[0]
        assert max(pitch[1:4]) > 1.5 * pitch[4]


def test_a_blade_sings_more_than_cloth() -> None:
    def peakiness(texture: str) -> float:
        ratios = []
        for seed in SEEDS:
            frequency, power = spectrum(swing(seed, texture=texture, duration_s=1.0))
            heard = power[(frequency > 100.0) & (frequency < 4000.0)]
            ratios.append(10.0 * np.log10(heard.max() / heard.mean()))
        return float(np.mean(ratios))

    assert peakiness("blade") > peakiness("wood") > peakiness("cloth")


def test_cloth_flaps_and_wood_does_not() -> None:
    def roughness(texture: str) -> float:
        """Return how much the level jumps from 15 ms to the next, dB."""
        jumps = []
        for seed in SEEDS:
            level = 20.0 * np.log10(envelope(swing(seed, texture=texture, duration_s=1.0, speed_m_s=12.0), 0.015))
            jumps.append(np.abs(np.diff(level[15:45])).mean())
        return float(np.mean(jumps))

    assert roughness("cloth") > 1.15 * roughness("rope")


def test_no_two_swings_move_the_air_alike() -> None:
    swings = np.array([envelope(swing(seed)[:21_120], 0.044) for seed in range(1, 13)])
    parts_db = 20.0 * np.log10(swings / np.sqrt(np.square(swings).mean(axis=1, keepdims=True)))
    heard = parts_db.mean(axis=0) > -12.0
    assert parts_db[:, heard].std(axis=0).mean() > 2.0
