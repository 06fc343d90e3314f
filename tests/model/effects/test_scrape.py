"""A scrape tells how fast a thing is dragged, how heavily it lies, what it is and what is under it."""

import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import butter, find_peaks, sosfilt, welch

from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.spec import Block, Value
from tests.hearing import (
    band_level_db,
    centroid_hz,
    correlation,
    crest_db,
    level_db,
    lufs,
    mono,
    sound_of,
    spectrum,
)

STEADY: dict[str, Value] = {"heave": 0.0, "chatter": 0.0}


def scraping(parameters: dict[str, Value], *, seed: int = 1, duration_s: float = 3.0) -> Block:
    return sound_of("scrape", {**STEADY, **parameters}, seed=seed, duration_s=duration_s)


def test_faster_is_louder_and_brighter() -> None:
    sounds = [scraping({"speed_m_s": speed}) for speed in (0.1, 0.3, 1.0, 3.0)]
    assert (np.diff([lufs(sound) for sound in sounds]) > 2.0).all()
    assert (np.diff([centroid_hz(sound) for sound in sounds]) > 20.0).all()


def test_what_stands_still_is_silent() -> None:
    assert level_db(scraping({"speed_m_s": 0.0})[SAMPLE_RATE:]) < -80.0


def test_heavier_is_louder_and_duller() -> None:
    light, heavy = (scraping({"weight": weight}) for weight in (0.1, 1.0))
    assert lufs(heavy) > lufs(light) + 5.0
    assert centroid_hz(heavy) < centroid_hz(light)


def test_larger_things_are_lower() -> None:
    centroids = [centroid_hz(scraping({"size_m": size_m, "grit": 0.0})) for size_m in (0.1, 0.5, 2.5)]
    assert centroids == sorted(centroids, reverse=True)
    assert centroids[0] > 1.5 * centroids[-1]


def jerkiness(sound: Block, low_hz: float, high_hz: float) -> float:
    """Return how strongly the level moves between two rates, against its mean."""
    power = sosfilt(butter(2, 500.0, fs=SAMPLE_RATE, output="sos"), np.abs(mono(sound)))[:: SAMPLE_RATE // 2000]
    rate_hz, moving = welch(power / power.mean() - 1.0, 2000.0, nperseg=1024)
    return float(moving[(rate_hz >= low_hz) & (rate_hz <= high_hz)].sum() * rate_hz[1])


def test_chatter_makes_it_stutter() -> None:
    jerks = [jerkiness(scraping({"floor": "wood", "chatter": c}), 20.0, 120.0) for c in (0.0, 0.5, 1.0)]
    assert jerks == sorted(jerks)
    assert jerks[-1] > 2.0 * jerks[0]


def test_heaves_come_and_go_and_a_steady_pull_does_not() -> None:
    def swing_db(heave: float) -> float:
        windows = mono(scraping({"heave": heave}, duration_s=8.0))[: 8 * SAMPLE_RATE].reshape(-1, SAMPLE_RATE // 5)
        levels = [level_db(window) for window in windows[1:-1]]
        return float(np.percentile(levels, 90) - np.percentile(levels, 10))

    assert swing_db(0.0) < 4.0
    assert swing_db(1.0) > 8.0


def test_grit_crunches_above_the_rest() -> None:
    clean, gritty = (scraping({"grit": grit, "floor": "gravel"}) for grit in (0.0, 1.0))
    assert band_level_db(gritty, 2000.0, 8000.0) > band_level_db(clean, 2000.0, 8000.0) + 1.0


@pytest.mark.parametrize("floor", ["concrete", "wood", "tile", "metal", "gravel"])
def test_a_rough_ground_catches_now_and_then(floor: str) -> None:
    sound = scraping({"floor": floor})
    assert 14.0 < crest_db(sound) < 26.0  # noise alone has 12
    bright = np.abs(sosfilt(butter(2, 2000.0, "highpass", fs=SAMPLE_RATE, output="sos"), mono(sound)))
    peaks, _ = find_peaks(bright, height=5.0 * bright.mean(), distance=480)
    assert len(peaks) > 4.0 * len(sound) / SAMPLE_RATE


def test_metal_sings_higher_than_wood_and_rubber_is_dull() -> None:
    metal, wood, rubber = (centroid_hz(scraping({"material": m})) for m in ("metal", "wood", "rubber"))
    assert metal > 1.5 * wood > 3.0 * rubber


def test_a_thing_keeps_its_modes_and_every_pull_is_another() -> None:
    def colour(seed: int, object_seed: int) -> npt.NDArray[np.float64]:
        parameters: dict[str, Value] = {**STEADY, "material": "metal"}
        _, power = spectrum(sound_of("scrape", parameters, seed=seed, object_seed=object_seed, duration_s=4.0))
        level = np.log10(power + 1e-14)[150:1500]
        return np.asarray(level - np.convolve(level, np.ones(61) / 61.0, mode="same"))

    first, again, other = colour(1, 1), colour(2, 1), colour(1, 2)
    assert correlation(first, again) > correlation(first, other) + 0.2
    assert correlation(mono(scraping({}, seed=1)), mono(scraping({}, seed=2))) < 0.05
