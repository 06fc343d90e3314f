"""A touch: the harder and the faster, the shorter; the shorter, the brighter."""

import itertools

import numpy as np
import pytest

from swash_model.dsp.contact import contact_force, contact_s
from swash_model.dsp.timeline import SAMPLE_RATE, Samples

STEPS = np.linspace(0.0, 1.0, 11)


def centroid_hz(samples: Samples) -> float:
    power = np.square(np.abs(np.fft.rfft(samples, 16_384)))
    return float((np.fft.rfftfreq(16_384, 1.0 / SAMPLE_RATE) * power).sum() / power.sum())


def test_felt_touches_for_nine_milliseconds_and_steel_for_a_fifth_of_one() -> None:
    assert contact_s(0.0, 0.5) == pytest.approx(0.009)
    assert contact_s(1.0, 0.5) == pytest.approx(0.0002, rel=0.15)


def test_harder_and_faster_is_shorter() -> None:
    for still, moving in itertools.pairwise(STEPS):
        for other in (0.0, 0.5, 1.0):
            assert contact_s(moving, other) < contact_s(still, other)
            assert contact_s(other, moving) < contact_s(other, still)


def test_speed_matters_as_hertz_has_it_and_far_less_than_hardness() -> None:
    # Duration ~ speed^-1/5: ten times as fast is 37 % shorter; the line from 0.1 to 1 stays near that.
    assert contact_s(0.5, 1.0) / contact_s(0.5, 0.1) == pytest.approx(10.0**-0.2, abs=0.15)


@pytest.mark.parametrize("force", [0.05, 0.5, 1.0])
@pytest.mark.parametrize("hardness", [0.0, 0.3, 0.7, 1.0])
def test_a_push_has_the_area_of_its_force_and_only_pushes(hardness: float, force: float) -> None:
    push = contact_force(hardness, force)
    assert push.sum() == pytest.approx(force)
    assert (push >= 0.0).all()
    np.testing.assert_allclose(push, push[::-1], atol=1e-12)
    assert len(push) == pytest.approx(max(3, contact_s(hardness, force) * SAMPLE_RATE), abs=0.51)


def test_a_harder_push_is_brighter() -> None:
    centroids = [centroid_hz(contact_force(hardness, 0.5)) for hardness in STEPS]
    assert all(duller < brighter for duller, brighter in itertools.pairwise(centroids))
