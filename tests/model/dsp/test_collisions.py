"""Collisions: many small hits whose number and strength follow what drives them."""

import numpy as np
import pytest

from swash_model.dsp.collisions import Collisions
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline

ENDLESS = Timeline(seed=3, object_seed=0)
LOOP_FRAMES = 200 * QUANTUM_FRAMES
LOOPED = Timeline(seed=3, object_seed=0, loop_frames=LOOP_FRAMES)


def taken(
    drive: float, seconds: float, *, rate_hz: float = 800.0, decay_s: float = 0.001, timeline: Timeline = ENDLESS
) -> Samples:
    collisions = Collisions(timeline, 1, rate_hz=rate_hz, decay_s=decay_s)
    return collisions.take(0, np.full(round(seconds * SAMPLE_RATE), drive))


def power_of_shots(rate_hz: float, decay_s: float) -> float:
    """Return the mean power by Campbell's theorem: hits of 0.3 to 1, evenly, that die away over decay_s."""
    mean, mean_square = 0.65, 0.3**2 + 0.3 * 0.7 + 0.7**2 / 3.0
    level = rate_hz * mean * decay_s
    spread = rate_hz * mean_square * decay_s / 2.0
    return (level**2 + spread) / 3.0  # times that of a number from -1 to 1


@pytest.mark.parametrize("decay_s", [0.0005, 0.002])
@pytest.mark.parametrize("rate_hz", [50.0, 500.0, 3_000.0])
def test_the_level_is_that_of_so_many_hits_a_second(rate_hz: float, decay_s: float) -> None:
    sound = taken(1.0, 20.0, rate_hz=rate_hz, decay_s=decay_s)
    assert np.square(sound).mean() == pytest.approx(power_of_shots(rate_hz, decay_s), rel=0.12)


@pytest.mark.parametrize("drive", [0.05, 0.1, 0.3])
def test_a_weaker_drive_makes_fewer_and_weaker_hits(drive: float) -> None:
    power = np.square(taken(drive, 40.0)).mean()
    assert power == pytest.approx(drive**2 * power_of_shots(800.0 * 3.0 * drive, 0.001), rel=0.15)


def test_hits_can_be_counted() -> None:
    for drive, rate_hz in ((1.0, 100.0), (1 / 3, 100.0), (0.1, 30.0)):
        sound = taken(drive, 20.0, rate_hz=100.0, decay_s=0.0001)
        hits = np.count_nonzero(np.diff(np.flatnonzero(np.abs(sound) > 0.02 * drive)) > 24) + 1
        assert hits / 20.0 == pytest.approx(rate_hz, rel=0.12)


def test_without_a_drive_there_is_silence() -> None:
    assert not taken(0.0, 1.0).any()


def test_what_still_rings_when_the_drive_ends_dies_away() -> None:
    collisions = Collisions(ENDLESS, 1, rate_hz=5_000.0, decay_s=0.01)
    collisions.take(0, np.ones(4_800))
    tail = collisions.take(4_800, np.zeros(9_600))
    assert np.square(tail[:480]).mean() > 1.0
    power = np.square(tail).reshape(-1, 480).mean(axis=1)  # every 10 ms
    np.testing.assert_allclose(power[1:8] / power[:7], np.exp(-2.0), rtol=0.3)


def test_the_drive_is_followed_frame_by_frame() -> None:
    drive = np.zeros(9_600)
    drive[4_000:4_100] = 1.0
    sound = Collisions(ENDLESS, 1, rate_hz=20_000.0, decay_s=0.0002).take(0, drive)
    assert not sound[:4_000].any()
    assert np.abs(sound[4_000:4_100]).max() > 0.5
    assert np.abs(sound[4_300:]).max() < 1e-6


def test_quanta_join_to_the_same_sound() -> None:
    drive = np.random.default_rng(1).uniform(size=9_600)
    whole = Collisions(ENDLESS, 1, rate_hz=800.0, decay_s=0.001).take(0, drive)
    collisions = Collisions(ENDLESS, 1, rate_hz=800.0, decay_s=0.001)
    parts = [collisions.take(at, drive[at : at + QUANTUM_FRAMES]) for at in range(0, 9_600, QUANTUM_FRAMES)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_they_repeat_with_the_loop() -> None:
    collisions = Collisions(LOOPED, 1, rate_hz=800.0, decay_s=0.001)
    drive = np.ones(LOOP_FRAMES)
    _, second, third = (collisions.take(turn * LOOP_FRAMES, drive) for turn in range(3))
    np.testing.assert_allclose(second, third, rtol=0, atol=1e-12)


def test_streams_and_seeds_collide_apart() -> None:
    drive = np.ones(5 * SAMPLE_RATE)
    sounds = [
        Collisions(Timeline(seed=seed, object_seed=0), stream, rate_hz=800.0, decay_s=0.001).take(0, drive)
        for seed in (1, 2)
        for stream in (1, 2)
    ]
    assert np.abs(np.corrcoef(sounds) - np.eye(4)).max() < 0.02
