"""A neural sound starts and ends without a click, and the silence behind it goes, however it is cut up."""

from collections.abc import Sequence

import numpy as np
import pytest

pytest.importorskip("torch")

from swash_model.spec import Block
from swash_model.stable_audio.ending import FADE_IN_S, FADE_OUT_S, KEPT_S, SHORTEST_S, STEP_S, Ending
from tests.hearing import correlation

RATES = [44_100, 48_000, 32_000]
RATE = 44_100
FADE_IN, FADE_OUT, KEPT, SHORTEST, STEP = (
    round(each * RATE) for each in (FADE_IN_S, FADE_OUT_S, KEPT_S, SHORTEST_S, STEP_S)
)


def noise(seconds: float, level: float = 0.2, rate: int = RATE, seed: int = 1) -> Block:
    samples = np.random.default_rng(seed).standard_normal((round(seconds * rate), 2))
    return (level * samples).astype(np.float32)


def silence(seconds: float, rate: int = RATE) -> Block:
    return np.zeros((round(seconds * rate), 2), np.float32)


def ended(sound: Block, cuts: Sequence[int] = (), *, trim: bool, rate: int = RATE) -> Block:
    """Return what comes out of a sound that is given in parts, cut at some frames."""
    ending = Ending(rate, trim=trim)
    parts = [ending.process(part) for part in np.split(sound, list(cuts))]
    return np.concatenate([*parts, ending.flush()])


SOUNDS = {
    "a sound": noise(0.5),
    "silence behind it": np.concatenate([noise(0.3), silence(0.4)]),
    "silence in the middle": np.concatenate([noise(0.2), silence(0.3), noise(0.1), silence(0.2)]),
    "silence before it": np.concatenate([silence(0.2), noise(0.3)]),
    "silence": silence(0.5),
    "shorter than the fades": noise(0.01),
    "shorter than what is kept": noise(0.06),
    "dying away": noise(1.0) * np.exp(-14.0 * np.linspace(0.0, 1.0, RATE, dtype=np.float32))[:, None],
}
CUTS: list[list[int]] = [
    [1],
    [1, 2, 3, 88, 89],
    [FADE_IN - 1, FADE_IN + 1],
    list(range(100, 44_100, 100)),
    list(range(STEP, 44_100, STEP)),
    [22_528],
    [5_000, 5_000, 5_001, 20_000],  # an empty part among them
]


@pytest.mark.parametrize("trim", [True, False])
@pytest.mark.parametrize("cuts", CUTS, ids=range(len(CUTS)))
@pytest.mark.parametrize("name", SOUNDS)
def test_blocks_of_any_size_join_to_the_same_sound(name: str, cuts: list[int], trim: bool) -> None:
    sound = SOUNDS[name]
    cut = ended(sound, [each for each in cuts if each < len(sound)], trim=trim)
    np.testing.assert_array_equal(cut, ended(sound, trim=trim))


@pytest.mark.parametrize("trim", [True, False])
def test_what_is_given_stays_as_it_is(trim: bool) -> None:
    sound = SOUNDS["silence behind it"].copy()
    ended(sound, [4000], trim=trim)
    np.testing.assert_array_equal(sound, SOUNDS["silence behind it"])


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("silent_s", [0.06, 0.5, 3.0])
def test_the_silence_at_the_end_is_cut_to_a_twentieth_of_a_second(silent_s: float, rate: int) -> None:
    sound = np.concatenate([noise(0.4, rate=rate), silence(silent_s, rate)])
    heard_s = len(ended(sound, trim=True, rate=rate)) / rate
    assert heard_s == pytest.approx(0.4 + KEPT_S, abs=2 * STEP_S)
    assert heard_s >= 0.4 + KEPT_S - 1e-3


def test_silence_in_the_middle_is_kept() -> None:
    sound = np.concatenate([noise(0.2), silence(1.5), noise(0.2), silence(1.0)])
    heard = ended(sound, trim=True)
    assert len(heard) / RATE == pytest.approx(1.9 + KEPT_S, abs=2 * STEP_S)
    assert not heard[round(0.2 * RATE) : round(1.7 * RATE)].any()
    np.testing.assert_array_equal(heard[FADE_IN : round(1.9 * RATE)], sound[FADE_IN : round(1.9 * RATE)])


def test_silence_at_the_beginning_is_kept() -> None:
    heard = ended(np.concatenate([silence(0.3), noise(0.3)]), trim=True)
    assert len(heard) == round(0.6 * RATE)


@pytest.mark.parametrize("name", SOUNDS)
def test_without_trim_nothing_is_cut(name: str) -> None:
    sound = SOUNDS[name]
    heard = ended(sound, trim=False)
    assert len(heard) == len(sound)
    np.testing.assert_array_equal(heard[FADE_IN:-FADE_OUT], sound[FADE_IN:-FADE_OUT])


@pytest.mark.parametrize("name", SOUNDS)
def test_what_is_not_cut_and_not_faded_is_the_sound_itself(name: str) -> None:
    sound = SOUNDS[name]
    heard = ended(sound, trim=True)
    assert len(heard) <= len(sound)
    np.testing.assert_array_equal(heard[FADE_IN:-FADE_OUT], sound[FADE_IN : len(heard) - FADE_OUT])


@pytest.mark.parametrize("trim", [True, False])
@pytest.mark.parametrize("level", [1.0, -1.0])
def test_a_sound_starts_at_zero_and_ends_at_zero_as_near_as_is_heard(level: float, trim: bool) -> None:
    heard = ended(np.full((RATE, 2), level, np.float32), trim=trim)
    assert not heard[0].any()
    assert np.abs(heard[-1]).max() < 0.003  # -50 dB of the sound, one step before the zero that follows
    steps = np.abs(np.diff(heard, axis=0))
    assert steps.max() < 1.6 / FADE_IN  # as steep as the fade at its steepest


def test_the_fades_are_as_long_as_they_say() -> None:
    heard = ended(np.ones((RATE, 2), np.float32), trim=False)
    assert np.flatnonzero(heard[:, 0] == 1.0)[0] in range(FADE_IN, FADE_IN + 2)
    assert len(heard) - np.flatnonzero(heard[:, 0] == 1.0)[-1] in range(FADE_OUT - 10, FADE_OUT + 1)
    assert (np.diff(heard[:FADE_IN, 0]) > 0).all()
    assert (np.diff(heard[-FADE_OUT:, 0]) < 0).all()


def test_a_cut_end_fades_too() -> None:
    quiet = noise(1.0, 1e-5)  # hiss far below the sound, which nobody hears go
    heard = ended(np.concatenate([noise(0.5), quiet]), trim=True)
    assert len(heard) / RATE == pytest.approx(0.5 + KEPT_S, abs=2 * STEP_S)
    assert np.abs(heard[-1]).max() < 1e-7


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("level", [0.0, 1e-6, 5e-5])
def test_a_silent_sound_is_as_short_as_a_sound_may_be(level: float, rate: int) -> None:
    heard = ended(noise(2.0, level, rate), trim=True, rate=rate)
    assert len(heard) == round(SHORTEST_S * rate)


def test_a_click_alone_is_no_shorter_than_a_sound_may_be() -> None:
    heard = ended(np.concatenate([noise(0.005), silence(2.0)]), trim=True)
    assert len(heard) == SHORTEST


@pytest.mark.parametrize("frames", [0, 1, 2, 87, 88, 89, 441, 882, 883])
@pytest.mark.parametrize("trim", [True, False])
def test_a_sound_of_hardly_any_frames_has_them_all(frames: int, trim: bool) -> None:
    heard = ended(np.ones((frames, 2), np.float32), trim=trim)
    assert heard.shape == (frames, 2)
    assert np.isfinite(heard).all()


@pytest.mark.parametrize("below_db, heard_too", [(-50.0, True), (-70.0, False)])
def test_a_tail_is_heard_down_to_sixty_decibels_below_the_sound(below_db: float, heard_too: bool) -> None:
    tail = noise(0.5, 0.5 * 10 ** (below_db / 20.0), seed=2)
    heard = ended(np.concatenate([noise(0.3, 0.5), tail]), trim=True)
    assert len(heard) / RATE == pytest.approx(0.8 if heard_too else 0.3 + KEPT_S, abs=2 * STEP_S)


def test_what_is_surely_heard_is_given_at_once() -> None:
    ending = Ending(RATE, trim=True)
    given = len(ending.process(noise(0.5)))
    assert given >= round(0.5 * RATE) - FADE_OUT - STEP
    assert len(ending.process(silence(1.0))) <= FADE_OUT + STEP  # it may be the end
    assert len(ending.process(noise(0.1))) >= round(1.0 * RATE)  # it was not
    assert len(ending.flush()) <= FADE_OUT + STEP


def test_both_channels_fade_and_count() -> None:
    left = np.concatenate([noise(0.2), silence(0.6)])
    right = np.concatenate([silence(0.5), noise(0.2), silence(0.1)])
    sound = np.stack([left[:, 0], right[:, 1]], axis=1)
    heard = ended(sound, trim=True)
    assert len(heard) / RATE == pytest.approx(0.7 + KEPT_S, abs=2 * STEP_S)
    assert correlation(heard[:, 1], sound[:, 1]) > 0.99
