"""Pressure waves: over-pressure, then suction, with edges that a loudspeaker can follow."""

import numpy as np
import pytest

from swash_model.dsp.blasts import friedlander
from swash_model.dsp.timeline import SAMPLE_RATE


@pytest.mark.parametrize("fall", [1.0, 1.2, 1.5])
@pytest.mark.parametrize("positive_s", [0.0004, 0.004, 0.034])
def test_the_over_pressure_of_a_blast_lasts_as_long_as_asked(positive_s: float, fall: float) -> None:
    wave = friedlander(positive_s, fall)
    crossing = np.flatnonzero(wave < 0.0)[0]
    assert crossing == pytest.approx(positive_s * SAMPLE_RATE, abs=1.01)
    assert (wave[:crossing] >= 0.0).all()
    assert (wave[crossing:] <= 0.0).all()


@pytest.mark.parametrize("positive_s", [0.004, 0.034])
def test_a_blast_follows_friedlanders_law(positive_s: float) -> None:
    wave = friedlander(positive_s, 1.2)
    x = np.arange(2, len(wave)) / (positive_s * SAMPLE_RATE)
    np.testing.assert_allclose(wave[2:], (1.0 - x) * np.exp(-1.2 * x), atol=1e-12)
    assert np.argmax(wave) <= 2
    assert wave.max() == pytest.approx(1.0, abs=0.05)
    assert abs(wave[-1]) < 0.005  # it has died away where it is cut


def test_a_blast_with_a_fall_of_one_pulls_as_much_as_it_pushed() -> None:
    wave = friedlander(0.02, 1.0)
    assert abs(wave.sum()) < 0.03 * np.abs(wave).sum()


def test_a_faster_fall_sucks_less() -> None:
    shares = [-friedlander(0.02, fall).min() for fall in (1.0, 1.2, 1.5)]
    assert shares == sorted(shares, reverse=True)


def test_the_front_takes_two_frames() -> None:
    wave = friedlander(0.01)
    assert 0.0 < wave[0] < 0.4 < wave[1] < 0.7 < wave[2]
