"""A resonator rings with the modes that it was given, at their level, without a seam between blocks."""

import numpy as np
import pytest

from swash_model.dsp.modal import Modes
from swash_model.dsp.resonator import Resonator
from swash_model.dsp.timeline import SAMPLE_RATE

PITCHES_HZ = np.array([310.0, 740.0, 1_210.0])
MODES = Modes(PITCHES_HZ, np.array([10.0, 14.0, 20.0]), np.array([1.0, 0.8, 0.6]))


def single(frequency_hz: float, decay: float, gain: float = 1.0) -> Resonator:
    return Resonator(Modes(np.array([frequency_hz]), np.array([decay]), np.array([gain])))


@pytest.mark.parametrize("modes", [1, 2, 3])
def test_a_blow_rings_as_damped_sines(modes: int) -> None:
    some = Modes(MODES.frequency_hz[:modes], MODES.decay[:modes], MODES.gain[:modes])
    force = np.zeros((2, 9_600))
    force[0, 0] = 1.0
    left, right = Resonator(some).process(force)
    t = np.arange(1, 9_601) / SAMPLE_RATE
    expected = np.zeros(9_600)
    for pitch_hz, decay, gain in zip(some.frequency_hz, some.decay, some.gain, strict=True):
        level = gain * np.sqrt(2.0 * (1.0 - np.exp(-2.0 * decay / SAMPLE_RATE)))
        expected += level * np.exp(-decay * t) * np.sin(2.0 * np.pi * pitch_hz * t)
    np.testing.assert_allclose(left, expected, atol=1e-9)
    assert np.abs(right).max() < 1e-12


@pytest.mark.parametrize("decay", [20.0, 200.0])
@pytest.mark.parametrize("pitch_hz", [400.0, 3_000.0])
def test_noise_of_unit_variance_makes_a_mode_as_loud_as_its_gain(pitch_hz: float, decay: float) -> None:
    force = np.random.default_rng(1).standard_normal((2, 30 * SAMPLE_RATE))
    sound = single(pitch_hz, decay, gain=0.3).process(force)
    levels = np.sqrt(np.square(sound[:, SAMPLE_RATE:]).mean(axis=1))
    np.testing.assert_allclose(levels, 0.3, rtol=0.1)


@pytest.mark.parametrize("block_frames", [480, 960, 4_800])
def test_blocks_of_any_size_ring_on_without_a_seam(block_frames: int) -> None:
    force = np.random.default_rng(2).standard_normal((2, 9_600))
    resonator = Resonator(MODES)
    parts = [resonator.process(part) for part in np.split(force, 9_600 // block_frames, axis=1)]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), Resonator(MODES).process(force))


def test_each_side_answers_to_its_own_force() -> None:
    force = np.random.default_rng(3).standard_normal((2, 4_800))
    both = Resonator(MODES).process(force)
    left, _ = Resonator(MODES).process(force * [[1.0], [0.0]])
    np.testing.assert_allclose(both[0], left, atol=1e-15)
    assert not np.allclose(both[0], both[1])


def test_it_falls_silent_when_the_force_ends() -> None:
    resonator = single(500.0, 60.0)
    resonator.process(np.ones((2, 480)))
    assert np.abs(resonator.process(np.zeros((2, SAMPLE_RATE)))[:, -100:]).max() < 1e-12
