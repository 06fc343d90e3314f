"""Level, tilt, distance and width do what their descriptions say, and nothing when they are neutral."""

import numpy as np
import pytest

from swash_model.dsp.filters import butterworth
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples
from swash_model.procedural.effect import COMMON, Values
from swash_model.procedural.placement import Placement

HEARD_HZ = [40.0, 100.0, 300.0, 1_000.0, 3_000.0, 8_000.0, 12_000.0]


def values(**changed: float) -> Values:
    return Values({**{parameter.name: parameter.default for parameter in COMMON}, **changed})


def response_db(frequency_hz: list[float], calibration_db: float = 0.0, **changed: float) -> Samples:
    """Return the gain at some frequencies, from the answer to an impulse in the middle."""
    impulse = np.zeros((2, SAMPLE_RATE))
    impulse[:, 0] = 1.0
    answer = Placement(calibration_db).process(impulse, values(**changed))[0]
    level_db = 20.0 * np.log10(np.abs(np.fft.rfft(answer)))
    return np.array([level_db[round(each)] for each in frequency_hz])


def noise(seconds: float = 1.0) -> Samples:
    return np.random.default_rng(1).standard_normal((2, round(seconds * SAMPLE_RATE)))


def placed(samples: Samples, course: list[Values]) -> Samples:
    """Return samples placed quantum by quantum, each with its values."""
    placement = Placement(0.0)
    blocks = np.split(samples, len(course), axis=1)
    return np.concatenate([placement.process(each, now) for each, now in zip(blocks, course, strict=True)], axis=1)


def test_neutral_settings_are_all_but_transparent() -> None:
    np.testing.assert_allclose(response_db(HEARD_HZ), 0.0, atol=0.3)
    low = butterworth("lowpass", 3_000.0, order=4).process(noise())  # above, only phases turn
    after = placed(low, [values()] * 100)
    for before, now in zip(low, after, strict=True):
        assert np.corrcoef(before, now)[0, 1] > 0.98


def test_there_is_no_direct_current() -> None:
    after = placed(np.ones((2, SAMPLE_RATE)), [values()] * 100)
    assert np.abs(after[:, -480:]).max() < 1e-3


@pytest.mark.parametrize("gain_db", [-40.0, -6.0, 12.0])
def test_the_gain_adds_to_the_calibration(gain_db: float) -> None:
    change = response_db(HEARD_HZ, calibration_db=-8.0, gain_db=gain_db) - response_db(HEARD_HZ)
    np.testing.assert_allclose(change, gain_db - 8.0, atol=1e-6)


def test_brightness_tilts_by_six_decibels_around_the_middle() -> None:
    for brightness in (-1.0, -0.5, 0.5, 1.0):
        tilt = response_db(HEARD_HZ, brightness=brightness) - response_db(HEARD_HZ)
        assert tilt[-1] - tilt[0] == pytest.approx(6.0 * brightness, abs=0.3)
        assert tilt[0] == pytest.approx(-3.0 * brightness, abs=0.3)
        assert (np.sign(brightness) * np.diff(tilt) > -0.5).all()  # one slope, with a hump too small to hear
    none = response_db(HEARD_HZ, brightness=0.0) - response_db(HEARD_HZ)
    np.testing.assert_allclose(none, 0.0, atol=1e-9)


def test_further_away_is_softer_and_duller() -> None:
    heard = np.array([response_db(HEARD_HZ, distance_m=distance_m) for distance_m in (0.0, 10.0, 60.0, 300.0)])
    assert (np.diff(heard, axis=0) < 0.0).all()
    dullness = heard[:, 3] - heard[:, -1]
    assert (np.diff(dullness) > 0.0).all()
    assert dullness[-1] > 12.0


def test_the_level_halves_at_sixteen_metres_and_the_band_at_sixty() -> None:
    near, middle, far = (response_db([300.0, 10_800.0], distance_m=away) for away in (0.0, 16.0, 60.0))
    assert middle[0] - near[0] == pytest.approx(-6.02, abs=0.05)
    assert (far[1] - far[0]) - (near[1] - near[0]) == pytest.approx(-3.0, abs=0.15)


def test_no_width_is_mono_and_full_width_is_as_it_was() -> None:
    samples = noise()
    mono = placed(samples, [values(width=0.0)] * 100)
    np.testing.assert_allclose(mono[0], mono[1], rtol=0, atol=1e-12)
    full = placed(samples, [values(width=1.0)] * 100)
    np.testing.assert_allclose(full.mean(axis=0), mono[0], atol=1e-9)
    half = placed(samples, [values(width=0.5)] * 100)
    np.testing.assert_allclose(half[0] - half[1], 0.5 * (full[0] - full[1]), atol=1e-9)


def test_blocks_of_any_size_are_placed_alike() -> None:
    samples, still = noise(), values(brightness=0.5, distance_m=30.0, width=0.4)
    np.testing.assert_allclose(placed(samples, [still]), placed(samples, [still] * 100), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [("gain_db", 0.0, -40.0), ("brightness", -1.0, 1.0), ("distance_m", 0.0, 300.0), ("width", 1.0, 0.0)],
)
def test_a_setting_that_leaps_makes_no_click(name: str, first: float, last: float) -> None:
    """Even when a control goes all its way in one quantum, the samples step no further than they did."""
    t = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    tone = np.stack([np.sin(2.0 * np.pi * 220.0 * t), np.sin(2.0 * np.pi * 220.0 * t + 1.0)])
    for start, end in ((first, last), (last, first)):
        course = [values(**{name: start})] * 50 + [values(**{name: end})] * 50
        steps = np.abs(np.diff(placed(tone, course)))
        steady = max(steps[:, 9_600:24_000].max(), steps[:, 33_600:].max())
        assert steps[:, 24_000 - QUANTUM_FRAMES : 33_600].max() < 1.1 * steady


def test_what_is_placed_is_left_as_it_was() -> None:
    samples = noise()
    before = samples.copy()
    Placement(0.0).process(samples, values(width=0.0))
    np.testing.assert_array_equal(samples, before)
