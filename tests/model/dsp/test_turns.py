"""What turns keeps its rate, glides without a jump, and closes a loop."""

import numpy as np
import pytest

from swash_model.dsp.timeline import QUANTUM_FRAMES, QUANTUM_S, SAMPLE_RATE, Timeline
from swash_model.dsp.turns import Turning, Turns

ENDLESS = Timeline(seed=1, object_seed=1)


def test_a_steady_rate_is_so_many_turns_a_second() -> None:
    turns = Turns(ENDLESS, np.array([0.25, 0.0]))
    for quantum in range(100):
        turning = turns.step(quantum * QUANTUM_FRAMES, np.array([3.0, 220.5]))
    np.testing.assert_allclose(turning.end, [3.25, 220.5], rtol=1e-12)


def test_a_rate_that_moves_glides_from_quantum_to_quantum() -> None:
    turns = Turns(ENDLESS, np.zeros(1))
    turnings = [turns.step(quantum * QUANTUM_FRAMES, np.array([100.0 + quantum])) for quantum in range(5)]
    frames = np.concatenate([turning.frames(QUANTUM_FRAMES)[0] for turning in turnings])
    rates_hz = np.diff(frames) * SAMPLE_RATE
    assert rates_hz[0] == pytest.approx(100.0, abs=0.01)
    assert rates_hz[-1] == pytest.approx(104.0, abs=0.01)
    assert np.abs(np.diff(rates_hz)).max() < 2.0 / QUANTUM_FRAMES  # no step where quanta meet


@pytest.mark.parametrize("rate_hz", [0.1, 7.3, 151.77])
def test_a_loop_holds_whole_turns(rate_hz: float) -> None:
    loop_frames = 601 * QUANTUM_FRAMES
    turns = Turns(Timeline(seed=1, object_seed=1, loop_frames=loop_frames), np.zeros(1))
    ends = [turns.step(quantum * QUANTUM_FRAMES, np.array([rate_hz])).end[0] for quantum in range(601)]
    assert ends[-1] == pytest.approx(round(ends[-1]), abs=1e-9)
    assert ends[-1] == pytest.approx(max(1.0, rate_hz * 6.01), abs=0.5)
    again = turns.step(loop_frames, np.array([rate_hz]))
    np.testing.assert_array_equal(again.end, ends[0])


def test_a_rate_that_moves_in_a_loop_goes_on_from_where_it_was() -> None:
    turns = Turns(Timeline(seed=1, object_seed=1, loop_frames=200 * QUANTUM_FRAMES), np.zeros(1))
    before = turns.step(99 * QUANTUM_FRAMES, np.array([10.0]))
    after = turns.step(100 * QUANTUM_FRAMES, np.array([20.0]))
    np.testing.assert_allclose(after.begin, before.end)


def test_what_wanders_meets_at_the_edges_of_quanta() -> None:
    still = Turning(np.array([3.0]), np.array([0.5]), np.array([0.7]), np.zeros(1))
    shifted = still.shifted(np.array([0.1]), np.array([0.3]))
    np.testing.assert_allclose(shifted.begin, still.begin + 0.1)
    np.testing.assert_allclose(shifted.end, still.end + 0.3)


def test_gears_on_one_shaft_keep_their_ratio() -> None:
    turning = Turns(ENDLESS, np.array([0.5])).step(0, np.array([50.0]))
    np.testing.assert_allclose(turning.times(7.0).end, 7.0 * turning.end)
    np.testing.assert_allclose(turning.times(7.0).first, 350.0 * QUANTUM_S)
