"""Width: as wide as asked, as loud as before, and never lost in mono."""

import numpy as np
import pytest

from swash_model.dsp.stereo import centred, correlated, panned

FRAMES = 480_000
PAIR = np.random.default_rng(1).standard_normal((2, FRAMES))
CORRELATIONS = [0.0, 0.2, 0.5, 0.9, 1.0]


@pytest.mark.parametrize("correlation", CORRELATIONS)
def test_two_channels_are_as_alike_as_asked(correlation: float) -> None:
    left, right = correlated(PAIR, correlation)
    assert np.corrcoef(left, right)[0, 1] == pytest.approx(correlation, abs=0.01)


@pytest.mark.parametrize("correlation", CORRELATIONS)
def test_each_channel_keeps_its_power(correlation: float) -> None:
    np.testing.assert_allclose(correlated(PAIR, correlation).var(axis=1), 1.0, rtol=0.01)


@pytest.mark.parametrize("correlation", CORRELATIONS)
def test_mono_loses_at_most_three_decibels(correlation: float) -> None:
    mono = correlated(PAIR, correlation).mean(axis=0)
    assert 10.0 * np.log10(mono.var()) >= -3.05
    assert mono.var() == pytest.approx((1.0 + correlation) / 2.0, rel=0.01)


def test_fully_alike_is_one_sound() -> None:
    left, right = correlated(PAIR, 1.0)
    np.testing.assert_array_equal(left, right)
    np.testing.assert_allclose(left, PAIR[0])


@pytest.mark.parametrize("pan", [-1.0, -0.3, 0.0, 0.8, 1.0])
def test_a_sound_has_equal_power_wherever_it_stands(pan: float) -> None:
    left, right = panned(PAIR[0], pan)
    np.testing.assert_allclose(left**2 + right**2, PAIR[0] ** 2)


def test_a_sound_goes_from_left_to_right() -> None:
    one = np.ones(1)
    np.testing.assert_allclose(panned(one, -1.0)[:, 0], [1.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(panned(one, 0.0)[:, 0], np.sqrt([0.5, 0.5]))
    np.testing.assert_allclose(panned(one, 1.0)[:, 0], [0.0, 1.0], atol=1e-12)


def test_a_moving_sound_keeps_its_power_on_the_way() -> None:
    path = np.linspace(-1.0, 1.0, 1_000)
    left, right = panned(np.ones(1_000), path)
    np.testing.assert_allclose(left**2 + right**2, 1.0)
    assert (np.diff(left) < 0.0).all()
    assert (np.diff(right) > 0.0).all()


def test_a_centred_sound_is_at_full_level_on_both_sides() -> None:
    np.testing.assert_array_equal(centred(PAIR[0]), [PAIR[0], PAIR[0]])
