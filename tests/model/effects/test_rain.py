"""Rain as a listener knows it: drops, roar, and what it falls on."""

from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import welch

from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.procedural.effects._rain_surfaces import SURFACES
from tests.hearing import band_level_db, centroid_hz, crest_db, lufs, mono, octave_levels_db, sound_of


def tones(seed: int, object_seed: int) -> npt.NDArray[np.float64]:
    """Return how far each frequency of a tin roof, 0.4 to 5.5 kHz, stands over its surroundings, dB."""
    roof = sound_of("rain/tin_roof", seed=seed, object_seed=object_seed, duration_s=12.0)
    frequency, power = welch(mono(roof), SAMPLE_RATE, nperseg=4096)
    level_db = 10.0 * np.log10(power[(frequency > 400.0) & (frequency < 5500.0)])
    around = np.convolve(np.pad(level_db, 20, mode="edge"), np.ones(41) / 41, mode="valid")
    return np.asarray(level_db - around)


def similarity(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    return float(np.corrcoef(one, other)[0, 1])


def test_harder_rain_is_louder_at_every_step() -> None:
    loudness = [lufs(sound_of("rain", {"intensity": i}, duration_s=6.0)) for i in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert all(louder > softer + 2.0 for softer, louder in pairwise(loudness))


def test_a_drizzle_is_single_drops_and_a_downpour_a_roar() -> None:
    drizzle, steady, downpour = (
        crest_db(sound_of(path, duration_s=8.0)) for path in ("rain/drizzle", "rain", "rain/downpour")
    )
    assert drizzle > 26.0
    assert drizzle > steady + 4.0
    assert steady > downpour + 2.0
    assert downpour > 14.0  # plain noise has 13: single drops still stand out


def test_rain_on_concrete_is_bright_but_no_hiss() -> None:
    rain = sound_of("rain", duration_s=8.0)
    octaves = octave_levels_db(rain)
    assert max(octaves, key=lambda centre: octaves[centre]) in {2000.0, 4000.0, 8000.0}
    assert band_level_db(rain, 2500.0, 10_000.0) > -3.5
    assert band_level_db(rain, 30.0, 300.0) > -25.0  # the low bed
    assert 1500.0 < centroid_hz(rain) < 4000.0


def test_every_surface_has_a_colour_of_its_own() -> None:
    colours = {
        surface: np.array(list(octave_levels_db(sound_of("rain", {"surface": surface}, duration_s=6.0)).values()))
        for surface in SURFACES
    }
    for one, other in combinations(SURFACES, 2):
        assert np.abs(colours[one] - colours[other]).max() > 3.0, (one, other)


def test_canvas_and_planks_are_darker_than_earth_and_earth_than_stone() -> None:
    cloth, wood, soil, concrete = (
        centroid_hz(sound_of("rain", {"surface": surface}, duration_s=6.0))
        for surface in ("cloth", "wood", "soil", "concrete")
    )
    assert cloth < wood < soil < concrete


def test_a_tin_roof_keeps_its_tones_in_every_shower() -> None:
    roof = tones(seed=1, object_seed=1)
    assert np.sort(roof)[-10:].mean() > 5.0  # it does ring
    assert roof.max() < 9.0  # with as many tones as a sheet has: a few would be a chord
    assert similarity(roof, tones(seed=2, object_seed=1)) > 0.8
    assert similarity(roof, tones(seed=1, object_seed=2)) < 0.4


def test_concrete_does_not_ring() -> None:
    rain = sound_of("rain", duration_s=12.0)
    frequency, power = welch(mono(rain), SAMPLE_RATE, nperseg=4096)
    level_db = 10.0 * np.log10(power[(frequency > 400.0) & (frequency < 5500.0)])
    around = np.convolve(np.pad(level_db, 20, mode="edge"), np.ones(41) / 41, mode="valid")
    assert np.sort(level_db - around)[-10:].mean() < 3.0


def test_larger_drops_are_louder() -> None:
    loudness = [lufs(sound_of("rain", {"drop_size": size}, duration_s=6.0)) for size in (0.0, 0.5, 1.0)]
    assert all(louder > softer + 2.0 for softer, louder in pairwise(loudness))


def level_range_db(wind: float) -> float:
    """Return how much the level of half seconds swings over half a minute."""
    rain = mono(sound_of("rain", {"wind": wind}, duration_s=30.0))
    halves = rain[: len(rain) // 24_000 * 24_000].reshape(-1, 24_000)
    return float(np.ptp(10.0 * np.log10(np.square(halves).mean(axis=1))))


def test_wind_makes_the_rain_come_in_gusts() -> None:
    assert level_range_db(1.0) > level_range_db(0.0) + 5.0


@pytest.mark.parametrize("eaves", [0.5, 1.0])
def test_eaves_drip_over_a_drizzle(eaves: float) -> None:
    drizzle = {"intensity": 0.05}
    without = lufs(sound_of("rain", drizzle, duration_s=8.0))
    assert lufs(sound_of("rain", {**drizzle, "eaves": eaves}, duration_s=8.0)) > without + 2.0


def test_rain_on_a_lake_has_the_voice_of_bubbles() -> None:
    lake = sound_of("rain", {"surface": "water", "intensity": 0.4}, duration_s=8.0)
    street = sound_of("rain", {"surface": "concrete", "intensity": 0.4}, duration_s=8.0)
    assert band_level_db(lake, 1000.0, 2000.0) > band_level_db(street, 1000.0, 2000.0) + 2.0


@pytest.mark.parametrize("surface", ["concrete", "metal", "wood", "cloth", "water"])
def test_the_hardest_rain_leaves_room_in_the_mix(surface: str) -> None:
    rain = sound_of("rain", {"surface": surface, "intensity": 1.0, "drop_size": 1.0, "wind": 1.0}, duration_s=5.0)
    assert np.percentile(np.abs(rain), 99.9) < 0.75
    assert np.abs(rain).max() < 1.3  # the limiter takes a single drop's 3 dB, unheard
