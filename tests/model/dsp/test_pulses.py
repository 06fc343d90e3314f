"""Pulses come when their turn says so, as strong as asked, and the same in every pass."""

import numpy as np
import pytest
from scipy.signal import find_peaks

from swash_model.dsp.pulses import PulseTrain
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline
from swash_model.dsp.turns import Turns


def train(
    rate_hz: float,
    places: Samples,
    gains: Samples,
    *,
    quanta: int = 100,
    seed: int = 1,
    loop_frames: int | None = None,
    jitter: float = 0.0,
    spread: float = 0.0,
) -> Samples:
    timeline = Timeline(seed=seed, object_seed=1, loop_frames=loop_frames)
    pulses, turns = PulseTrain(timeline, 7, places), Turns(timeline, np.zeros(1))
    blocks = []
    for quantum in range(quanta):
        turning = turns.step(quantum * QUANTUM_FRAMES, np.array([rate_hz]))
        blocks.append(pulses.take(turning, gains, rise_s=0.0002, fall_s=0.001, jitter=jitter, spread=spread))
    return np.concatenate(blocks)


def peaks(pulses: Samples) -> Samples:
    return np.asarray(find_peaks(pulses, height=0.02, prominence=0.02)[0])


def test_there_are_as_many_pulses_as_places_a_turn() -> None:
    places = np.array([0.05, 0.4, 0.6])
    at = peaks(train(10.0, places, np.ones(3)))
    assert len(at) == 30
    turns = at / SAMPLE_RATE * 10.0 % 1.0
    np.testing.assert_allclose(turns.reshape(-1, 3), np.tile(places, (10, 1)) + 0.004, atol=0.001)


def test_a_pulse_of_gain_one_peaks_at_one() -> None:
    pulses = train(20.0, np.array([0.3, 0.8]), np.array([1.0, 0.25]))
    heights = pulses[peaks(pulses)]
    np.testing.assert_allclose(heights[0::2], 1.0, atol=0.01)
    np.testing.assert_allclose(heights[1::2], 0.25, atol=0.01)


def test_pulses_fall_between_frames() -> None:
    # At 1000.1 a second each pulse comes 0.1 of a millionth of a second earlier; frames are 21 millionths long.
    pulses = train(1000.1, np.zeros(1), np.ones(1))
    means = pulses[4800 : 4800 * 9].reshape(-1, 480).mean(axis=1)
    assert means.std() < 0.001 * means.mean()


def test_jitter_and_spread_make_no_two_alike() -> None:
    even = train(20.0, np.array([0.5]), np.ones(1))
    uneven = train(20.0, np.array([0.5]), np.ones(1), jitter=0.1, spread=0.5)
    assert np.diff(peaks(even)).std() < 1.0
    assert np.diff(peaks(uneven)).std() > 0.03 * SAMPLE_RATE / 20.0
    heights = uneven[peaks(uneven)]
    assert 0.45 <= heights.min() < 0.8
    assert 1.2 < heights.max() <= 1.55


def test_pulses_never_overtake_each_other() -> None:
    assert len(peaks(train(10.0, np.array([0.0, 0.5]), np.ones(2), quanta=200, jitter=9.0))) == pytest.approx(
        40, abs=1
    )


def test_every_pass_of_a_loop_has_the_same_pulses() -> None:
    loop_frames = 137 * QUANTUM_FRAMES
    pulses = train(
        31.3, np.array([0.1, 0.7]), np.ones(2), quanta=3 * 137, loop_frames=loop_frames, jitter=0.1, spread=0.8
    )
    np.testing.assert_allclose(pulses[loop_frames : 2 * loop_frames], pulses[2 * loop_frames :], atol=1e-9)


def test_another_seed_has_other_pulses() -> None:
    one, other = (train(40.0, np.zeros(1), np.ones(1), seed=seed, jitter=0.1, spread=0.5) for seed in (1, 2))
    assert np.abs(one - other).max() > 0.3
