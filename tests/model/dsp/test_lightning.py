"""Thunder is the sum of the shocks of a crooked channel, in the order in which they arrive."""

import numpy as np
import pytest

from swash_model.dsp.lightning import SOUND_M_S, Shocks, add_shocks, shocks
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples

SEEDS = range(8)
STROKES_S = 0.4  # the last stroke of a flash comes so much later at the most


def flash(seed: int, distance_m: float = 800.0, reach_s: float = 8.0, power: float = 0.5) -> Shocks:
    return shocks(seed, distance_m=distance_m, reach_s=reach_s, power=power)


def one_shock(onset: float, edge: float, fall: float, left: float = 1.0, right: float = 0.5) -> Shocks:
    return Shocks(*(np.array([each]) for each in (onset, edge, fall, left, right)))


def level(sent: Shocks) -> Samples:
    return np.hypot(sent.left, sent.right)


def heard(sent: Shocks, frames: int, block_frames: int = QUANTUM_FRAMES) -> Samples:
    out = np.zeros((2, frames))
    for start in range(0, frames, block_frames):
        add_shocks(sent, start, out[:, start : start + block_frames])
    return out


@pytest.mark.parametrize("distance_m", [5.0, 100.0, 1_000.0, 10_000.0])
@pytest.mark.parametrize("seed", SEEDS)
def test_shocks_arrive_one_after_another(seed: int, distance_m: float) -> None:
    for reach_s in (1.0, 8.0):
        sent = flash(seed, distance_m, reach_s)
        assert all(np.isfinite(each).all() for each in (sent.onset, sent.edge, sent.fall, sent.left, sent.right))
        assert sent.onset[0] == 0.0
        assert (np.diff(sent.onset) >= 0.0).all()
        assert min(sent.edge.min(), sent.fall.min()) > 0.0


@pytest.mark.parametrize("distance_m", [5.0, 100.0, 5_000.0, 15_000.0])
def test_what_is_too_far_to_arrive_in_time_is_left_out(distance_m: float) -> None:
    for seed in SEEDS:
        for reach_s in (1.0, 8.0):
            sent = flash(seed, distance_m, reach_s)
            assert sent.onset[-1] <= (reach_s + STROKES_S) * SAMPLE_RATE
            assert min(sent.left.min(), sent.right.min()) > 0.0


@pytest.mark.parametrize("distance_m", [5.0, 100.0, 1_000.0, 10_000.0])
def test_the_first_shock_is_about_the_loudest(distance_m: float) -> None:
    for seed in SEEDS:
        levels = level(flash(seed, distance_m))
        assert levels[0] > 0.85 * levels.max()


def test_a_flash_is_the_same_again_and_another_is_another() -> None:
    one, again, other = flash(1), flash(1), flash(2)
    np.testing.assert_array_equal(one.onset, again.onset)
    np.testing.assert_array_equal(one.left, again.left)
    assert len(one.onset) != len(other.onset) or not np.array_equal(one.onset, other.onset)


def test_more_power_makes_longer_waves_of_the_same_channel() -> None:
    weak, strong = flash(1, power=0.0), flash(1, power=1.0)
    np.testing.assert_array_equal(weak.onset, strong.onset)
    assert (strong.fall > 1.5 * weak.fall).all()


def test_a_wave_grows_longer_on_its_way() -> None:
    for seed in SEEDS:
        near, far = flash(seed, 100.0), flash(seed, 8_000.0)
        assert far.fall.mean() > 1.2 * near.fall.mean()


def test_waves_last_some_milliseconds() -> None:
    for power in (0.0, 1.0):
        fall_ms = flash(3, power=power).fall / SAMPLE_RATE * 1_000.0
        assert fall_ms.min() > 0.5
        assert fall_ms.max() < 20.0


def test_a_channel_is_kilometres_long_and_most_of_it_is_quieter_than_its_foot() -> None:
    flashes = [flash(seed, distance_m=300.0, reach_s=20.0) for seed in range(40)]
    lengths_m = [sent.onset[-1] / SAMPLE_RATE * SOUND_M_S for sent in flashes]
    assert 2_500.0 < np.median(lengths_m) < 6_000.0  # up to the cloud, and some way through it
    assert all(np.median(level(sent)) < 0.5 * level(sent)[0] for sent in flashes)


def test_thunder_leans_to_neither_side() -> None:
    left, right = (sum(np.square(side).sum() for side in sides) for sides in _sides(range(40)))
    assert 10.0 * abs(np.log10(left / right)) < 1.5


def _sides(seeds: range) -> tuple[list[Samples], list[Samples]]:
    sent = [flash(seed) for seed in seeds]
    return [each.left for each in sent], [each.right for each in sent]


@pytest.mark.parametrize(("edge", "fall"), [(5.0, 100.0), (2.5, 333.3)])
def test_a_shock_rises_falls_through_nought_and_returns(edge: float, fall: float) -> None:
    sent = one_shock(100.25, edge, fall)
    left, right = heard(sent, 960)
    corners = np.cumsum([100.25, edge, fall, edge])
    expected = np.interp(np.arange(960), corners, [0.0, 1.0, -1.0, 0.0], left=0.0, right=0.0)
    np.testing.assert_allclose(left, expected, atol=1e-9)
    np.testing.assert_allclose(right, 0.5 * left, atol=1e-12)


def test_a_shock_leaves_no_pressure_behind() -> None:
    for sent in (one_shock(10.0, 4.0, 200.0), flash(1, reach_s=2.0)):
        sound = heard(sent, 4 * SAMPLE_RATE)
        assert np.abs(sound.sum(axis=1)).max() < 0.01 * np.abs(sound).sum(axis=1).min()


@pytest.mark.parametrize("block_frames", [1, 331, 480, 4_096])
def test_blocks_of_any_size_join_to_the_same_thunder(block_frames: int) -> None:
    sent = flash(2, reach_s=0.2)
    np.testing.assert_array_equal(heard(sent, 9_600, block_frames), heard(sent, 9_600, 9_600))


def test_shocks_are_added_to_what_is_there() -> None:
    sent = one_shock(3.0, 4.0, 50.0)
    out = np.ones((2, 480))
    add_shocks(sent, 0, out)
    np.testing.assert_allclose(out - 1.0, heard(sent, 480), atol=1e-12)
