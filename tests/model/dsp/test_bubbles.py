"""A bubble sounds as its radius says."""

import numpy as np
import pytest
from scipy.stats import kstest

from swash_model.dsp.bubbles import decay, frequency_hz, radius_m

DRAWS = np.random.default_rng(1).uniform(size=50_000)


def test_a_bubble_of_three_millimetres_sings_at_a_kilohertz() -> None:
    assert frequency_hz(np.array(0.003)) == pytest.approx(1_000.0)


def test_pitches_are_minnaerts() -> None:
    radii = np.geomspace(0.0003, 0.03, 20)
    gas, pressure_pa, water_kg_m3 = 1.4, 101_325.0, 998.0
    minnaert = np.sqrt(3.0 * gas * pressure_pa / water_kg_m3) / (2.0 * np.pi * radii)
    np.testing.assert_allclose(frequency_hz(radii), minnaert, rtol=0.1)  # 3 / r is the rounded law


def test_smaller_bubbles_die_sooner_but_ring_for_some_cycles() -> None:
    radii = np.geomspace(0.0003, 0.03, 20)
    assert (np.diff(decay(radii)) < 0.0).all()
    quality = np.pi * frequency_hz(radii) / decay(radii)
    assert quality.min() > 10.0
    assert quality.max() < 80.0
    assert decay(np.array(0.001)) == pytest.approx(0.13 / 0.001 + 0.0072 * 0.001**-1.5)


@pytest.mark.parametrize("exponent", [1.5, 2.0, 2.5, 10 / 3])
@pytest.mark.parametrize(("low_m", "high_m"), [(0.0003, 0.0022), (0.002, 0.012)])
def test_radii_follow_their_power_law(low_m: float, high_m: float, exponent: float) -> None:
    radii = radius_m(DRAWS, low_m, high_m, exponent)
    power = 1.0 - exponent
    share_below = (radii**power - low_m**power) / (high_m**power - low_m**power)
    assert kstest(share_below, "uniform").pvalue > 0.001
    edges = np.geomspace(low_m, high_m, 13)[1:-3]  # the rare large ones are too few to count
    counts, _ = np.histogram(radii, edges)
    slope, _ = np.polyfit(np.log(np.sqrt(edges[1:] * edges[:-1])), np.log(counts / np.diff(edges)), 1)
    assert slope == pytest.approx(-exponent, abs=0.15)


def test_radii_stay_between_the_smallest_and_the_largest() -> None:
    radii = radius_m(np.array([0.0, 1.0 - 2**-53]), 0.0004, 0.003, 2.5)
    np.testing.assert_allclose(radii, [0.0004, 0.003])


def test_limits_may_differ_from_bubble_to_bubble() -> None:
    low_m = np.array([0.0004, 0.002])
    radii = radius_m(np.array([0.5, 0.5]), low_m, 3.0 * low_m, 2.2)
    assert radii[1] / radii[0] == pytest.approx(5.0)
