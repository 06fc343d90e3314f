"""What tells bubbles from beeps: they climb as they burst, come in gulps, and thick liquids swallow them."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.spec import Block, Value
from tests.hearing import band_level_db, centroid_hz, level_db, lufs, mono, octave_levels_db, sound_of

SINGLE: dict[str, Value] = {"gulps": 0.0}
STEPS = (0.0, 0.33, 0.66, 1.0)


def heard_db(sound: Block, low_hz: float, high_hz: float) -> float:
    """Return the level between two frequencies, dBFS."""
    return level_db(mono(sound)) + band_level_db(sound, low_hz, high_hz)


def pitch_hz(samples: npt.NDArray[np.float64]) -> float:
    """Return the frequency with the most power above 900 Hz: below, the vessel knocks."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 16_384))
    frequency = np.fft.rfftfreq(16_384, 1.0 / SAMPLE_RATE)
    power[frequency < 900.0] = 0.0
    return float(frequency[np.argmax(power)])


def climb(sound: Block) -> float:
    """Return how far the pitch of a bubble rises within 10 ms."""
    samples = mono(sound)
    return pitch_hz(samples[480:1080]) / pitch_hz(samples[:600])


def test_more_bubbles_are_louder_at_every_step() -> None:
    loudness = [lufs(sound_of("bubbles", {"intensity": i}, duration_s=5.0)) for i in STEPS]
    assert all(more > fewer + 2.0 for fewer, more in pairwise(loudness))


def test_larger_bubbles_are_lower_at_every_step() -> None:
    centroids = [centroid_hz(sound_of("bubbles", {"size": size}, duration_s=5.0)) for size in STEPS]
    assert all(larger < 0.8 * smaller for smaller, larger in pairwise(centroids))


def test_a_bubble_climbs_at_the_surface_and_not_in_the_depth() -> None:
    for seed in range(1, 5):
        small: dict[str, Value] = {**SINGLE, "size": 0.25}
        assert climb(sound_of("bubbles", small, seed=seed)) > 1.08
        assert abs(climb(sound_of("bubbles", {**small, "depth": 1.0}, seed=seed)) - 1.0) < 0.05


def test_thick_liquids_swallow_the_note() -> None:
    lengths = [len(sound_of("bubbles", {**SINGLE, "size": 0.7, "viscosity": v})) for v in (0.0, 0.5, 1.0)]
    assert all(thicker < 0.9 * thinner for thinner, thicker in pairwise(lengths))


def test_gulps_are_strings_with_pauses_between() -> None:
    def unrest(gulps: float) -> float:
        parameters: dict[str, Value] = {"gulps": gulps, "boil": 0.0, "intensity": 0.6}
        fifths = mono(sound_of("bubbles", parameters, duration_s=12.0)).reshape(-1, SAMPLE_RATE // 5)
        energy = np.square(fifths).mean(axis=1)
        return float(energy.std() / energy.mean())

    assert unrest(1.0) > 1.4 * unrest(0.0)


def test_one_bubble_is_one_and_a_gulp_is_many() -> None:
    single, gulp = sound_of("bubbles", SINGLE), sound_of("bubbles", {"gulps": 1.0})
    assert len(gulp) > 1.8 * len(single)


def test_boiling_rumbles_and_simmers() -> None:
    still, boiling = (sound_of("bubbles", {"boil": b, "intensity": 0.7}, duration_s=4.0) for b in (0.0, 1.0))
    assert heard_db(boiling, 70.0, 160.0) > heard_db(still, 70.0, 160.0) + 8.0
    assert heard_db(boiling, 2500.0, 6000.0) > heard_db(still, 2500.0, 6000.0) + 4.0


def test_a_lid_dulls_the_water_and_rattles_when_it_boils() -> None:
    def bright_db(lid: float, boil: float) -> float:
        parameters: dict[str, Value] = {"lid": lid, "boil": boil, "intensity": 0.8}
        return heard_db(sound_of("bubbles", parameters, duration_s=4.0), 3000.0, 7000.0)

    assert bright_db(1.0, 0.0) < bright_db(0.0, 0.0) - 10.0
    assert bright_db(1.0, 1.0) > bright_db(1.0, 0.0) + 10.0


def test_under_water_nothing_is_bright() -> None:
    assert band_level_db(sound_of("bubbles/underwater", duration_s=4.0), 3000.0, 20_000.0) < -25.0


def test_a_vessel_keeps_its_voice() -> None:
    def colour(seed: int, object_seed: int) -> npt.NDArray[np.float64]:
        parameters: dict[str, Value] = {"intensity": 1.0}
        sound = sound_of("bubbles", parameters, seed=seed, object_seed=object_seed, duration_s=5.0)
        return np.array([octave_levels_db(sound)[centre] for centre in (250.0, 500.0, 1000.0, 2000.0)])

    same = np.abs(colour(1, 1) - colour(2, 1)).max()
    assert same < 1.5
    assert np.abs(colour(1, 1) - colour(1, 5)).max() > same
