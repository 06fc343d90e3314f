"""Chance is a function of its place: the same again anywhere, and without a pattern to be heard."""

import math

import numpy as np
import numpy.typing as npt
import pytest

from swash_model.dsp.chance import DRAWS, MAX_EVENTS, Events, Noise, uniform, uniforms, white_noise
from swash_model.dsp.timeline import QUANTUM_FRAMES, QUANTUM_S, Timeline

ENDLESS = Timeline(seed=1, object_seed=2)
LOOPED = Timeline(seed=1, object_seed=2, loop_frames=100 * QUANTUM_FRAMES)
FRAMES = 480_000
FOUR_SIGMA = 4.0 / np.sqrt(FRAMES)

WORD = 1 << 64
GOLDEN = 0x9E3779B97F4A7C15


def mix(x: int) -> int:
    """Return SplitMix64's finaliser, in whole numbers of any size."""
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 % WORD
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB % WORD
    return x ^ (x >> 31)


def expected_uniform(seed: int, stream: int, index: int, slot: int) -> float:
    x = mix((seed + GOLDEN * (stream + 1)) % WORD)
    x = mix(x ^ ((index * 0xD1B54A32D192ED03 + 0x8CB92BA72F3D8DD7) % WORD))
    return (mix((x + slot * GOLDEN) % WORD) >> 11) / 2.0**53


def expected_white(seed: int, stream: int, frame: int) -> float:
    x = mix((mix((seed + GOLDEN * (stream + 1)) % WORD) + frame * GOLDEN) % WORD)
    return ((x >> 11) / 2.0**52 - 1.0) * math.sqrt(3.0)


def counts(rate_hz: float, quanta: int, timeline: Timeline = ENDLESS) -> npt.NDArray[np.int64]:
    events = Events(timeline, 3)
    return np.array([len(events.take(quantum * QUANTUM_FRAMES, rate_hz)[0]) for quantum in range(quanta)])


def test_the_reference_is_splitmix() -> None:
    assert mix(GOLDEN) == 0xE220A8397B1DCDAF  # the first number of the published generator, seed 0


@pytest.mark.parametrize("seed", [0, 1, 2**31, 2**32 - 1])
@pytest.mark.parametrize("stream", [0, 7, 1 << 20, (1 << 25) + 65])
@pytest.mark.parametrize("index", [0, 1, 2**31, 2**40 + 3])
@pytest.mark.parametrize("slot", [0, 1, 63, 1 << 40])
def test_a_number_is_the_hash_of_its_place(seed: int, stream: int, index: int, slot: int) -> None:
    assert uniform(seed, stream, index, slot) == expected_uniform(seed, stream, index, slot)


def test_many_numbers_are_the_slots_of_one_index() -> None:
    assert list(uniforms(5, 6, 7, 100)) == [expected_uniform(5, 6, 7, slot) for slot in range(100)]


def test_white_noise_is_the_hash_of_each_frame() -> None:
    for start in (0, 12_345, 2**33):
        expected = [expected_white(9, 4, start + frame) for frame in range(100)]
        np.testing.assert_allclose(white_noise(9, 4, start, 100), expected, rtol=0, atol=1e-15)


def test_numbers_fill_zero_to_one_evenly() -> None:
    draws = uniforms(1, 2, 3, FRAMES)
    assert draws.min() >= 0.0
    assert draws.max() < 1.0
    share, _ = np.histogram(draws, bins=100, range=(0.0, 1.0))
    chi_squared = np.square(share - FRAMES / 100).sum() / (FRAMES / 100)
    assert chi_squared < 99 + 4 * np.sqrt(2 * 99)


@pytest.mark.parametrize("seed", range(4))
def test_white_noise_is_white(seed: int) -> None:
    noise = white_noise(seed, 0, 0, FRAMES)
    assert abs(noise.mean()) < FOUR_SIGMA
    assert noise.var() == pytest.approx(1.0, abs=FOUR_SIGMA)
    assert np.abs(noise).max() <= np.sqrt(3.0)
    for lag in range(1, 8):
        assert abs(np.mean(noise[lag:] * noise[:-lag])) < FOUR_SIGMA, lag


def test_a_part_of_the_noise_is_a_slice_of_the_whole() -> None:
    whole = white_noise(3, 1, 0, 10_000)
    for start, frames in ((0, 1), (1, 480), (4_800, 481), (9_999, 1)):
        np.testing.assert_array_equal(white_noise(3, 1, start, frames), whole[start : start + frames])


def test_seeds_and_streams_have_nothing_in_common() -> None:
    noises = [white_noise(seed, stream, 0, FRAMES) for seed in (0, 1, 2) for stream in (0, 1, 8)]
    shared = np.corrcoef(noises) - np.eye(len(noises))
    assert np.abs(shared).max() < FOUR_SIGMA * 1.2  # 36 pairs: a little beyond four sigma


def test_neighbouring_indices_slots_streams_and_seeds_have_nothing_in_common() -> None:
    count = 20_000
    by_seed = np.array([uniform(n, 0, 0) for n in range(count)])
    by_stream = np.array([uniform(0, n, 0) for n in range(count)])
    by_index = np.array([uniform(0, 0, n) for n in range(count)])
    by_slot = uniforms(0, 0, 0, count)
    for draws in (by_seed, by_stream, by_index, by_slot):
        centred = draws - 0.5
        assert abs(np.mean(centred[1:] * centred[:-1])) * 12.0 < 4.0 / np.sqrt(count)
    shared = np.corrcoef([by_seed, by_stream, by_index, by_slot]) - np.eye(4)
    assert np.abs(shared).max() < 4.5 / np.sqrt(count)


def test_the_channels_of_a_noise_are_independent() -> None:
    noise = Noise(ENDLESS, 1, channels=3).take(0, FRAMES)
    assert noise.shape == (3, FRAMES)
    assert np.abs(np.corrcoef(noise) - np.eye(3)).max() < FOUR_SIGMA


def test_neighbouring_noises_share_no_channel() -> None:
    one, other = Noise(ENDLESS, 1, channels=8).take(0), Noise(ENDLESS, 2, channels=8).take(0)
    assert len({tuple(channel) for channel in [*one, *other]}) == 16


def test_noise_repeats_with_the_loop() -> None:
    noise = Noise(LOOPED, 1)
    assert LOOPED.loop_frames
    np.testing.assert_array_equal(noise.take(960), noise.take(960 + LOOPED.loop_frames))
    assert not np.array_equal(noise.take(960), Noise(ENDLESS, 1).take(960 + LOOPED.loop_frames))


@pytest.mark.parametrize("rate_hz", [2.0, 40.0, 900.0, 6_000.0])
def test_events_come_at_their_rate_and_as_if_they_knew_nothing_of_each_other(rate_hz: float) -> None:
    quanta = 20_000
    counted = counts(rate_hz, quanta)
    mean = rate_hz * QUANTUM_S
    assert counted.mean() == pytest.approx(mean, abs=4.0 * np.sqrt(mean / quanta))
    # Fano factor: 1 for a Poisson process, 0 for a clock.
    fano_sigma = np.sqrt(2.0 / quanta + 1.0 / (mean * quanta))
    assert counted.var() / counted.mean() == pytest.approx(1.0, abs=4.0 * fano_sigma)


def test_events_of_one_quantum_say_nothing_of_the_next() -> None:
    counted = counts(300.0, 20_000)
    assert abs(np.corrcoef(counted[1:], counted[:-1])[0, 1]) < 4.0 / np.sqrt(len(counted))


def test_events_fall_anywhere_in_their_quantum_and_their_draws_anywhere_in_zero_to_one() -> None:
    events = Events(ENDLESS, 5)
    taken = [events.take(quantum * QUANTUM_FRAMES, 3_000.0) for quantum in range(1_000)]
    onsets = np.concatenate([onset for onset, _ in taken])
    draws = np.concatenate([draw for _, draw in taken])
    assert draws.shape == (len(onsets), DRAWS)
    assert onsets.min() == 0
    assert onsets.max() == QUANTUM_FRAMES - 1
    spread = 4.0 / np.sqrt(12.0 * len(onsets))
    assert onsets.mean() / QUANTUM_FRAMES == pytest.approx(0.5, abs=spread + 0.5 / QUANTUM_FRAMES)
    np.testing.assert_allclose(draws.mean(axis=0), 0.5, atol=spread)
    together = np.corrcoef(np.column_stack([onsets, draws]).T) - np.eye(DRAWS + 1)
    assert np.abs(together).max() < 4.5 / np.sqrt(len(onsets))


def test_what_was_taken_is_not_changed_by_taking_more() -> None:
    events = Events(ENDLESS, 5)
    onsets, draws = events.take(0, 3_000.0)
    onsets_then, draws_then = onsets.copy(), draws.copy()
    events.take(QUANTUM_FRAMES, 3_000.0)
    np.testing.assert_array_equal(onsets, onsets_then)
    np.testing.assert_array_equal(draws, draws_then)


def test_events_repeat_with_the_loop() -> None:
    events = Events(LOOPED, 3)
    assert LOOPED.loop_frames
    for start in (0, 4_800, LOOPED.loop_frames - QUANTUM_FRAMES):
        first, again = events.take(start, 2_000.0), events.take(start + LOOPED.loop_frames, 2_000.0)
        np.testing.assert_array_equal(first[0], again[0])
        np.testing.assert_array_equal(first[1], again[1])


def test_a_higher_rate_keeps_the_events_that_were_there() -> None:
    few, more = Events(ENDLESS, 3), Events(ENDLESS, 3)
    for start in range(0, 100 * QUANTUM_FRAMES, QUANTUM_FRAMES):
        (onsets, draws), (all_onsets, all_draws) = few.take(start, 300.0), more.take(start, 900.0)
        assert len(onsets) <= len(all_onsets)
        np.testing.assert_array_equal(onsets, all_onsets[: len(onsets)])
        np.testing.assert_array_equal(draws, all_draws[: len(draws)])


@pytest.mark.parametrize("rate_hz", [0.0, -5.0])
def test_without_a_rate_nothing_happens(rate_hz: float) -> None:
    assert counts(rate_hz, 1_000).sum() == 0


@pytest.mark.parametrize("rate_hz", [1e5, 1e9])
def test_no_rate_brings_more_events_than_fit(rate_hz: float) -> None:
    assert (counts(rate_hz, 100) == MAX_EVENTS).all()
