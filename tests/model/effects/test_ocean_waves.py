"""Surf as a listener knows it: waves that come and go, their height, and what they break on."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import butter, sosfilt
from scipy.stats import kurtosis

from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.spec import Block
from tests.hearing import band_level_db, centroid_hz, crest_db, level_db, lufs, mono, sound_of

SURF_S = 40.0  # holds four waves at the default period
STEP_S = 0.1


@pytest.fixture(scope="module")
def surf() -> Block:
    return sound_of("ocean_waves", duration_s=SURF_S)


def octave_db(block: Block, centre_hz: float) -> float:
    return band_level_db(block, centre_hz / np.sqrt(2), centre_hz * np.sqrt(2))


def test_surf_is_even_up_to_a_kilohertz_and_falls_above(surf: Block) -> None:
    body = [octave_db(surf, centre_hz) for centre_hz in (80.0, 160.0, 315.0, 630.0, 1250.0)]
    assert max(body) - min(body) < 6.0
    assert octave_db(surf, 2500.0) == pytest.approx(-14.0, abs=3.5)
    assert octave_db(surf, 5000.0) == pytest.approx(-18.0, abs=4.0)
    assert 600.0 < centroid_hz(surf) < 1500.0


def test_it_is_no_rumble(surf: Block) -> None:
    assert band_level_db(surf, 20.0, 60.0) < -9.0


def envelope(block: Block, step_s: float = STEP_S) -> npt.NDArray[np.float64]:
    """Return the level of each step of time, shape (steps,)."""
    frames = round(step_s * SAMPLE_RATE)
    samples = mono(block)
    steps = samples[: len(samples) // frames * frames].reshape(-1, frames)
    return np.asarray(np.sqrt(np.square(steps).mean(axis=1)))


@pytest.mark.parametrize("period_s", [5.0, 9.0, 14.0])
def test_waves_come_every_period(period_s: float) -> None:
    # Waves are not clocks: ten of them, smoothed over half a second, show when they come.
    level = envelope(sound_of("ocean_waves", {"period_s": period_s}, duration_s=10.0 * period_s))
    level = np.convolve(level, np.ones(5) / 5, mode="same") - level.mean()
    similar = np.correlate(level, level, "full")[len(level) - 1 :]
    longest = np.arange(round(0.6 * period_s / STEP_S), round(1.5 * period_s / STEP_S))
    best_s = float(longest[np.argmax(similar[longest])]) * STEP_S
    assert best_s == pytest.approx(period_s, rel=0.12)


def test_between_two_waves_it_is_calm(surf: Block) -> None:
    quiet, loud = np.percentile(20.0 * np.log10(envelope(surf, 0.5)), [10.0, 95.0])
    assert 10.0 < loud - quiet < 40.0  # calm, but the far sea never falls silent


def test_the_hiss_of_the_wash_follows_the_roar_of_the_breaker(surf: Block) -> None:
    roar, hiss = (envelope(_band(surf, *edges)) for edges in ((60.0, 250.0), (4000.0, 12_000.0)))
    together = np.correlate(hiss - hiss.mean(), roar - roar.mean(), "full")
    behind_s = (float(np.argmax(together)) - (len(roar) - 1)) * STEP_S
    assert 0.4 < behind_s < 3.0


def _band(block: Block, low_hz: float, high_hz: float) -> Block:
    sections = butter(4, (low_hz, high_hz), "bandpass", fs=SAMPLE_RATE, output="sos")
    return np.asarray(sosfilt(sections, block, axis=0))


def test_higher_waves_are_louder_at_every_step() -> None:
    loudness = [
        lufs(sound_of("ocean_waves", {"size": s}, duration_s=20.0)) for s in (0.1, 0.325, 0.55, 0.775, 1.0)
    ]
    assert all(louder > softer + 1.0 for softer, louder in pairwise(loudness))


def test_foam_fizzes_at_every_step() -> None:
    fizz = [
        band_level_db(sound_of("ocean_waves", {"foam": foam}, duration_s=20.0), 4000.0, 16_000.0)
        for foam in (0.0, 0.33, 0.66, 1.0)
    ]
    assert all(more > less + 0.3 for less, more in pairwise(fizz))
    assert fizz[-1] > fizz[0] + 2.0


def test_rocks_knock() -> None:
    sand = sound_of("ocean_waves", duration_s=20.0)
    rocks = sound_of("ocean_waves", {"rocks": 1.0}, duration_s=20.0)
    knocks_db, rumble_db = (level_db(sound) + band_level_db(sound, 55.0, 125.0) for sound in (rocks, sand))
    assert knocks_db > rumble_db + 1.5
    assert crest_db(rocks) < 30.0


def test_waves_break_left_and_right(surf: Block) -> None:
    left, right = (envelope(surf[:, [ear]], 0.5) for ear in (0, 1))
    lean_db = 20.0 * np.log10(left / right)
    assert lean_db.max() > 1.0
    assert lean_db.min() < -1.0


def test_pebbles_rattle_as_the_water_draws_back() -> None:
    def backwash(path: str) -> Block:
        surf = sound_of(path, duration_s=7.5)
        return _band(surf, 1500.0, 8000.0)[round(5.0 * SAMPLE_RATE) :]

    pebbles, sand = backwash("ocean_waves/pebble_beach"), backwash("ocean_waves")
    assert level_db(pebbles) > level_db(sand) + 3.0
    assert kurtosis(mono(pebbles)) > kurtosis(mono(sand)) + 2.0  # single stones, not more hiss
