"""Oscillators keep their pitch and their level, and what folds back is not heard."""

import numpy as np
import pytest

from swash_model.dsp.oscillators import pulse, saw, saws
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples

SECOND = SAMPLE_RATE


def saw_of(hz: float, frames: int = SECOND) -> Samples:
    left = np.array([[1.0], [0.0]])
    return np.asarray(saws(np.zeros(1), np.array([hz * frames / SAMPLE_RATE]), left, left, frames)[0])


def turning(hz: float) -> tuple[Samples, Samples]:
    """Return the turns and steps of a second of a pitch."""
    step = np.full(SECOND, hz / SAMPLE_RATE)
    return np.asarray(np.arange(SECOND) * step), step


def pulse_of(hz: float, duty: float = 0.5) -> Samples:
    return pulse(*turning(hz), duty)


def levels_db(samples: Samples) -> Samples:
    """Return the level of every whole Hz up to half the rate, dB against the loudest."""
    amplitude = np.abs(np.fft.rfft(samples))
    return np.asarray(20.0 * np.log10(amplitude / amplitude.max() + 1e-9))


@pytest.mark.parametrize("hz", [110.0, 441.0, 997.0])
def test_a_saw_has_every_partial_and_each_falls_as_its_number(hz: float) -> None:
    level = levels_db(saw_of(hz))
    for k in range(2, 6):
        assert level[round(k * hz)] == pytest.approx(-20.0 * np.log10(k), abs=1.0)


def test_a_square_has_only_odd_partials() -> None:
    level = levels_db(pulse_of(500.0))
    assert max(level[1000], level[2000], level[3000]) < -60.0
    assert level[1500] == pytest.approx(-20.0 * np.log10(3.0), abs=0.5)


def test_a_narrow_pulse_is_thinner_than_a_square() -> None:
    narrow, square = levels_db(pulse_of(400.0, duty=0.1)), levels_db(pulse_of(400.0))
    assert narrow[1200] > square[1200] + 6.0


@pytest.mark.parametrize("hz", [1013.0, 1511.0])
@pytest.mark.parametrize("oscillator", [saw_of, pulse_of])
def test_aliases_are_out_of_hearing_where_the_ear_is_best(oscillator, hz: float) -> None:  # type: ignore[no-untyped-def]
    level = levels_db(oscillator(hz))
    partials = np.arange(1, 1 + int(6000.0 / hz)) * round(hz)
    between = np.ones(6000, bool)
    for partial in partials:
        between[max(0, partial - 3) : partial + 4] = False
    assert level[:6000][between].max() < -55.0


def test_a_saw_by_its_turns_is_the_same_saw() -> None:
    np.testing.assert_allclose(saw(*turning(300.0)), saw_of(300.0), atol=1e-6)


def test_nothing_has_a_mean() -> None:
    for duty in (0.1, 0.5, 0.8):
        assert abs(pulse_of(300.0, duty).mean()) < 1e-3
    assert abs(saw_of(300.0).mean()) < 1e-3


def test_quanta_join_without_a_seam() -> None:
    turns = np.cumsum(np.full(101, 233.0 * QUANTUM_FRAMES / SAMPLE_RATE)) - 0.3
    gain = np.linspace(0.2, 1.0, 101)
    both = np.ones((2, 1))
    parts = [
        saws(turns[k : k + 1], turns[k + 1 : k + 2], both * gain[k], both * gain[k + 1])[0] for k in range(100)
    ]
    joined = np.concatenate(parts)
    at_once = saws(turns[:1], turns[100:], both * gain[0], both * gain[100], 100 * QUANTUM_FRAMES)[0]
    np.testing.assert_allclose(joined, at_once, atol=1e-6)


def test_gains_place_each_voice() -> None:
    gain = np.array([[1.0, 0.0], [0.0, 0.5]])
    left, right = saws(np.zeros(2), np.array([200.0, 301.0]), gain, gain, SECOND)
    assert np.argmax(levels_db(left)) == 200
    assert np.argmax(levels_db(right)) == 301
    assert np.abs(right).max() == pytest.approx(0.5, abs=0.03)
