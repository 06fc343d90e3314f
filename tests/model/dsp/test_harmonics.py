"""Partials stand at whole multiples, at the level and on the side that was asked, and none folds back."""

import numpy as np
import pytest

from swash_model.dsp.harmonics import Harmonics
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline
from swash_model.dsp.turns import Turns

QUANTA = 100  # 1 s: a spectrum of 1 Hz


def heard(rate_hz: Samples, weights: Samples, phases: Samples | None = None) -> Samples:
    """Return one second of voices at these rates, one a quantum, shape (2, frames)."""
    timeline = Timeline(seed=1, object_seed=1)
    voices, _, partials = weights.shape
    harmonics = Harmonics(np.zeros((voices, partials)) if phases is None else phases)
    turns = Turns(timeline, np.zeros(voices))
    blocks = []
    for quantum, rate in enumerate(rate_hz):
        out = np.zeros((2, QUANTUM_FRAMES))
        harmonics.sound(turns.step(quantum * QUANTUM_FRAMES, np.full(voices, rate)), weights, out)
        blocks.append(out)
    return np.concatenate(blocks, axis=1)


def test_it_is_the_sum_of_sines_that_was_asked() -> None:
    weights = np.array([[[0.5, 0.0, 0.25], [0.1, 0.2, 0.0]]])
    phases = np.array([[0.0, 0.1, 0.6]])
    sound = heard(np.full(QUANTA, 123.0), weights, phases)
    turns = 123.0 * np.arange(SAMPLE_RATE) / SAMPLE_RATE
    sines = np.sin(2.0 * np.pi * (np.outer([1, 2, 3], turns) + phases[0][:, None]))
    np.testing.assert_allclose(sound, weights[0] @ sines, atol=1e-9)


def test_voices_add_up() -> None:
    weights = np.array([[[0.5], [0.0]], [[0.0], [0.25]]])
    left, right = heard(np.full(QUANTA, 50.0), weights)
    np.testing.assert_allclose(left, 2.0 * right, atol=1e-12)


def test_a_pitch_that_glides_does_not_click() -> None:
    weights = np.full((1, 2, 8), 0.1)
    sound = heard(np.linspace(200.0, 800.0, QUANTA), weights)
    fastest = 2.0 * np.pi * 800.0 * 0.1 * np.arange(1, 9).sum() / SAMPLE_RATE
    assert np.abs(np.diff(sound)).max() < fastest


def test_a_level_that_moves_does_not_step() -> None:
    timeline = Timeline(seed=1, object_seed=1)
    harmonics, turns = Harmonics(np.full((1, 1), 0.25)), Turns(timeline, np.zeros(1))
    out = np.zeros((2, 2 * QUANTUM_FRAMES))
    for quantum, level in enumerate((0.0, 1.0)):
        weights = np.full((1, 2, 1), level)
        part = out[:, quantum * QUANTUM_FRAMES : (quantum + 1) * QUANTUM_FRAMES]
        harmonics.sound(turns.step(quantum * QUANTUM_FRAMES, np.zeros(1)), weights, part)
    assert not out[:, :QUANTUM_FRAMES].any()
    assert np.abs(np.diff(out)).max() <= 1.001 / QUANTUM_FRAMES


@pytest.mark.parametrize("rate_hz", [900.0, 3_000.0, 15_000.0])
def test_nothing_folds_back_below_the_pitch(rate_hz: float) -> None:
    sound = heard(np.full(QUANTA, rate_hz), np.ones((1, 2, 60)))
    power = np.abs(np.fft.rfft(sound[0])) ** 2
    stands = np.zeros(len(power), bool)
    stands[int(rate_hz) :: int(rate_hz)] = True
    assert power[~stands].sum() < 1e-12 * power.sum()
    assert power[20_000:].sum() < 1e-12 * power.sum()
