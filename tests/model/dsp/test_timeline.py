"""A timeline turns any rate into one that a loop holds a whole number of times."""

import pytest

from swash_model.dsp.timeline import QUANTUM_FRAMES, QUANTUM_S, SAMPLE_RATE, Timeline

LOOP_FRAMES = 401 * QUANTUM_FRAMES  # 4.01 s: divides by nothing by luck
LOOPED = Timeline(seed=1, object_seed=1, loop_frames=LOOP_FRAMES)
ENDLESS = Timeline(seed=1, object_seed=1)


def test_a_quantum_is_whole_frames_at_the_rates_that_games_use() -> None:
    assert QUANTUM_S == 0.01
    for sample_rate in (8_000, 16_000, 32_000, 44_100, 48_000, 96_000):
        assert (sample_rate * QUANTUM_FRAMES) % SAMPLE_RATE == 0


def test_time_without_a_loop_runs_on() -> None:
    assert [ENDLESS.position(frame) for frame in (0, 1, 10**12)] == [0, 1, 10**12]


def test_time_in_a_loop_comes_round() -> None:
    starts = (0, LOOP_FRAMES - 1, LOOP_FRAMES, 7 * LOOP_FRAMES + 5)
    assert [LOOPED.position(frame) for frame in starts] == [0, LOOP_FRAMES - 1, 0, 5]


@pytest.mark.parametrize("rate_hz", [0.01, 0.1, 0.7, 2.5, 13.0, 440.0])
def test_a_rate_in_a_loop_is_the_nearest_that_fills_it_exactly(rate_hz: float) -> None:
    cycles = LOOPED.cycles(rate_hz)
    assert cycles is not None
    assert cycles >= 1
    periods = LOOPED.rate_hz(rate_hz) * LOOP_FRAMES / SAMPLE_RATE
    assert periods == pytest.approx(cycles, rel=1e-12)
    if cycles > 1:
        assert abs(LOOPED.rate_hz(rate_hz) - rate_hz) <= 0.5 * SAMPLE_RATE / LOOP_FRAMES


def test_without_a_loop_every_rate_is_kept() -> None:
    assert ENDLESS.cycles(0.7) is None
    assert ENDLESS.rate_hz(0.7) == 0.7
