"""A drift wanders: within bounds, without corners, and home again when its loop ends."""

import numpy as np
import pytest

from swash_model.dsp.drift import CONTROL_FRAMES, Drift, Drifts
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline

ENDLESS = Timeline(seed=4, object_seed=0)
LOOP_FRAMES = 401 * QUANTUM_FRAMES
LOOPED = Timeline(seed=4, object_seed=0, loop_frames=LOOP_FRAMES)
RATES_HZ = [0.1, 0.5, 2.5, 12.0]


def wandered(drift: Drift, seconds: float, start: int = 0) -> Samples:
    end = start + round(seconds * SAMPLE_RATE)
    return np.concatenate([drift.take(at) for at in range(start, end, QUANTUM_FRAMES)])


def sampled(drift: Drift, points: int, every_s: float) -> Samples:
    return np.array([drift.at(round(point * every_s * SAMPLE_RATE)) for point in range(points)])


@pytest.mark.parametrize("timeline", [ENDLESS, LOOPED])
@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_a_drift_stays_within_one_and_never_steps(rate_hz: float, timeline: Timeline) -> None:
    values = wandered(Drift(timeline, 1, rate_hz), 20.0)
    assert np.abs(values).max() <= 1.0
    # The steepest that a raised cosine from -1 to 1 can be; blocks join by the same rule.
    steepest = np.pi * timeline.rate_hz(rate_hz) / SAMPLE_RATE
    assert np.abs(np.diff(values)).max() <= 1.001 * steepest


def test_a_drift_makes_use_of_its_range_and_leans_to_neither_side() -> None:
    values = sampled(Drift(ENDLESS, 1, 5.0), 20_000, 0.1)
    assert values.min() < -0.9
    assert values.max() > 0.9
    assert abs(values.mean()) < 0.03


def test_a_higher_rate_changes_its_mind_more_often() -> None:
    for rate_hz in (0.5, 2.0, 8.0):
        values = sampled(Drift(ENDLESS, 1, rate_hz), 20_000, 0.01)
        turns = np.count_nonzero(np.diff(np.sign(np.diff(values)))) / 200.0
        # Of three knots in a row the middle one is the highest or the lowest in two cases of three.
        assert turns == pytest.approx(rate_hz * 2.0 / 3.0, rel=0.2)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_a_drift_comes_home_when_its_loop_ends(rate_hz: float) -> None:
    drift = Drift(LOOPED, 1, rate_hz)
    first = wandered(drift, LOOP_FRAMES / SAMPLE_RATE)
    again = wandered(drift, LOOP_FRAMES / SAMPLE_RATE, start=LOOP_FRAMES)
    np.testing.assert_array_equal(first, again)
    steepest = np.pi * LOOPED.rate_hz(rate_hz) / SAMPLE_RATE
    assert abs(first[0] - first[-1]) <= 1.001 * steepest


@pytest.mark.parametrize("timeline", [ENDLESS, LOOPED])
def test_the_value_at_a_frame_is_the_one_that_is_taken_there(timeline: Timeline) -> None:
    drift = Drift(timeline, 1, 2.5)
    for start in (0, 9_600, LOOP_FRAMES - QUANTUM_FRAMES, 3 * LOOP_FRAMES):
        taken = drift.take(start)
        for frame in range(0, QUANTUM_FRAMES, CONTROL_FRAMES):
            assert drift.at(start + frame) == pytest.approx(taken[frame], abs=1e-12)
        assert drift.at(start + 17) == pytest.approx(taken[17], abs=1e-5)  # between points a straight line


def test_streams_and_seeds_wander_apart() -> None:
    timelines = [Timeline(seed=seed, object_seed=0) for seed in (1, 2)]
    walks = [sampled(Drift(timeline, stream, 5.0), 10_000, 0.2) for timeline in timelines for stream in (1, 2, 9)]
    assert np.abs(np.corrcoef(walks) - np.eye(len(walks))).max() < 0.05


def test_the_object_has_no_part_in_it() -> None:
    other = Timeline(seed=4, object_seed=99)
    np.testing.assert_array_equal(Drift(ENDLESS, 1, 1.0).take(0), Drift(other, 1, 1.0).take(0))


@pytest.mark.parametrize("timeline", [ENDLESS, LOOPED])
def test_several_drifts_are_those_of_neighbouring_streams(timeline: Timeline) -> None:
    together = Drifts(timeline, 7, 1.3, 5)
    alone = [Drift(timeline, 7 + number, 1.3) for number in range(5)]
    for start in (0, 4_800, LOOP_FRAMES - QUANTUM_FRAMES, LOOP_FRAMES + 480):
        np.testing.assert_allclose(together.at(start), [drift.at(start) for drift in alone], rtol=0, atol=1e-12)
