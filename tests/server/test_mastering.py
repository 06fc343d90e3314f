from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from swash_model.dsp.loudness import loudness_lufs, true_peak_dbtp
from swash_model.spec import Block
from swash_server.making.mastering import Mastering, master, measure
from tests.hearing import pcm16, sound_of

SOURCE_RATE = 48_000
SAMPLE_RATES = [44_100, 48_000, 22_050, 96_000]
NATURAL = Mastering(sample_rate=48_000, channels=2, loudness_lufs=None, ceiling_dbtp=-1.0)


def at(sample_rate: int, *, channels: int = 2, loudness_lufs: float | None = None) -> Mastering:
    return Mastering(sample_rate, channels, loudness_lufs, ceiling_dbtp=-1.0)


def noise(seconds: float, level: float = 0.1, channels: int = 2) -> Block:
    rng = np.random.default_rng(7)
    return (level * rng.standard_normal((round(seconds * SOURCE_RATE), channels))).astype(np.float32)


def blocks_of(sound: Block, frames: int = 480) -> Iterator[Block]:
    return (sound[start : start + frames] for start in range(0, len(sound), frames))


def mastered(sound: Block, mastering: Mastering, *, frames: int | None = None, loop: bool = False) -> Block:
    blocks = blocks_of(sound)
    return np.concatenate(
        list(master(blocks, source_rate=SOURCE_RATE, frames=frames, mastering=mastering, loop=loop))
    )


def test_a_sound_that_needs_nothing_is_left_alone_to_the_bit() -> None:
    sound = noise(0.5)
    np.testing.assert_array_equal(mastered(sound, NATURAL), sound)


@pytest.mark.parametrize("sample_rate", [8_000, 11_025, 22_050, 44_100, 44_101, 48_000, 96_000])
@pytest.mark.parametrize("source_frames", [4, 100, 24_000, 48_001])
def test_another_rate_keeps_the_length(sample_rate: int, source_frames: int) -> None:
    sound = mastered(noise(1.1)[:source_frames], at(sample_rate))
    assert len(sound) == round(source_frames * sample_rate / SOURCE_RATE)


@pytest.mark.parametrize("frames", [1, 100, 11_024, 11_025, 11_026, 30_000])
def test_a_length_that_was_promised_is_kept(frames: int) -> None:
    assert len(mastered(noise(0.25), at(44_100), frames=frames)) == frames
    assert len(mastered(noise(0.25), at(48_000), frames=frames)) == frames


@pytest.mark.parametrize("sample_rate", SAMPLE_RATES)
def test_a_tone_keeps_its_pitch_its_level_and_its_place(sample_rate: int) -> None:
    def tone(rate: int) -> Block:
        return np.tile(0.5 * np.sin(2 * np.pi * 997.0 * np.arange(rate) / rate)[:, None], 2).astype(np.float32)

    heard = mastered(tone(SOURCE_RATE), at(sample_rate))
    inner = slice(sample_rate // 10, -sample_rate // 10)
    np.testing.assert_allclose(heard[inner], tone(sample_rate)[inner], atol=1e-4)


@pytest.mark.parametrize("mastering", [at(48_000), at(44_100), at(8_000, channels=1)])
def test_blocks_of_any_size_give_the_same_sound(mastering: Mastering) -> None:
    sound = noise(1.0, level=0.6)
    whole = master(iter([sound]), source_rate=SOURCE_RATE, frames=None, mastering=mastering)
    parts = np.split(sound, [1, 2, 500, 501, 30_000])
    split = master(iter(parts), source_rate=SOURCE_RATE, frames=None, mastering=mastering)
    np.testing.assert_array_equal(np.concatenate(list(split)), np.concatenate(list(whole)))


def test_two_channels_fold_down_to_their_mean() -> None:
    sound = noise(0.1)
    np.testing.assert_allclose(mastered(sound, at(48_000, channels=1))[:, 0], sound.mean(axis=1), atol=1e-7)


def test_one_channel_is_heard_from_both() -> None:
    sound = noise(0.1, channels=1)
    np.testing.assert_array_equal(mastered(sound, NATURAL), np.tile(sound, 2))


@pytest.mark.parametrize("sample_rate", SAMPLE_RATES)
def test_no_sound_rises_above_its_ceiling(sample_rate: int) -> None:
    sound = mastered(noise(1.0, level=1.0), at(sample_rate))
    assert true_peak_dbtp(sound, sample_rate) <= -0.9


def test_the_first_block_does_not_wait_for_the_last() -> None:
    taken = 0

    def blocks() -> Iterator[Block]:
        nonlocal taken
        for block in blocks_of(noise(1.0)):
            taken += 1
            yield block

    for sample_rate, enough in ((48_000, 1), (44_100, 3), (22_050, 5)):
        taken = 0
        next(filter(len, master(blocks(), source_rate=SOURCE_RATE, frames=None, mastering=at(sample_rate))))
        assert taken <= enough


@pytest.mark.parametrize(("loop", "loudness_lufs"), [(True, None), (False, -20.0), (True, -20.0)])
def test_a_sound_that_is_needed_whole_can_be_stopped_on_the_way(loop: bool, loudness_lufs: float | None) -> None:
    made = 0

    def blocks() -> Iterator[Block]:
        nonlocal made
        for block in blocks_of(noise(1.0)):
            made += 1
            yield block

    mastering = at(48_000, loudness_lufs=loudness_lufs)
    sound = master(blocks(), source_rate=SOURCE_RATE, frames=None, mastering=mastering, loop=loop)
    assert not len(next(sound))
    assert made == 1


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize("loudness_lufs", [None, -20.0])
def test_closing_it_closes_the_engine(loop: bool, loudness_lufs: float | None) -> None:
    closed = []

    def blocks() -> Iterator[Block]:
        try:
            yield from blocks_of(noise(1.0))
        finally:
            closed.append(True)

    engine = blocks()
    heard = master(
        engine,
        source_rate=SOURCE_RATE,
        frames=30_000,
        mastering=at(44_100, loudness_lufs=loudness_lufs),
        loop=loop,
    )
    next(heard)
    heard.close()  # type: ignore[attr-defined]
    assert closed == [True]


def test_an_engine_that_fails_says_so_to_the_listener() -> None:
    def blocks() -> Iterator[Block]:
        yield noise(0.1)
        raise RuntimeError("out of steps")

    with pytest.raises(RuntimeError, match="out of steps"):
        list(master(blocks(), source_rate=SOURCE_RATE, frames=None, mastering=at(44_100)))


@pytest.mark.parametrize("target_lufs", [-30.0, -23.0])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_loudness_that_was_asked_for_is_reached(target_lufs: float, channels: int) -> None:
    mastering = at(44_100, channels=channels, loudness_lufs=target_lufs)
    sound = mastered(noise(2.0, level=0.02), mastering)
    assert loudness_lufs(sound, 44_100) == pytest.approx(target_lufs, abs=0.05)


def test_a_very_quiet_sound_is_raised_by_twenty_decibels_and_no_more() -> None:
    sound = noise(1.0, level=0.0005)
    heard = mastered(sound, at(48_000, loudness_lufs=-16.0))
    np.testing.assert_allclose(heard, 10.0 * sound, rtol=1e-6)


def test_silence_stays_silence() -> None:
    silence = np.zeros((24_000, 2), np.float32)
    np.testing.assert_array_equal(mastered(silence, at(48_000, loudness_lufs=-16.0)), silence)


def test_a_loud_target_still_stays_under_the_ceiling() -> None:
    sound = mastered(noise(1.0), at(44_100, loudness_lufs=-5.0))
    assert true_peak_dbtp(sound, 44_100) <= -0.9


def over_the_ceiling() -> Block:
    """Return a turn that leans on the limiter across its seam, and only there."""
    turn = noise(2.0)
    turn[:300] *= 20.0
    turn[-300:] *= 15.0
    return turn


@pytest.mark.parametrize("sample_rate", SAMPLE_RATES)
def test_a_loop_is_mastered_as_if_it_had_always_been_turning(sample_rate: int) -> None:
    turn, mastering = over_the_ceiling(), at(sample_rate)
    once = pcm16(mastered(turn, mastering, loop=True)).astype(int)
    assert len(once) == len(turn) * sample_rate // SOURCE_RATE
    played = pcm16(mastered(np.tile(turn, (3, 1)), mastering))[len(once) : 2 * len(once)]
    _, second, third = np.split(pcm16(mastered(np.tile(turn, (3, 1)), mastering, loop=True)), 3)
    for other in (played, second, third):
        # The resampler counts in single precision: one sample in a thousand falls on the other side
        # of a 16-bit step.
        assert np.abs(once - other).max() <= (0 if sample_rate == SOURCE_RATE else 1)
        assert np.mean(once != other) < 0.002


def test_a_loop_with_a_loudness_is_levelled_as_a_whole() -> None:
    turn = noise(2.0, level=0.02)
    loop = mastered(turn, at(44_100, loudness_lufs=-23.0), loop=True)
    assert loudness_lufs(loop, 44_100) == pytest.approx(-23.0, abs=0.05)


@pytest.mark.parametrize("sample_rate", SAMPLE_RATES)
def test_the_seam_of_a_loop_is_no_larger_than_the_steps_inside(sample_rate: int) -> None:
    turn = sound_of("ocean_waves", duration_s=5.0, loop=True)
    loop = mastered(turn, at(sample_rate), loop=True)
    steps = np.abs(np.diff(loop, axis=0))
    assert (np.abs(loop[0] - loop[-1]) <= np.percentile(steps, 99.9, axis=0)).all()


@pytest.mark.parametrize("sample_rate", SAMPLE_RATES)
def test_a_tone_that_fills_a_loop_goes_on_over_the_seam(sample_rate: int) -> None:
    t = np.arange(SOURCE_RATE) / SOURCE_RATE
    turn = np.tile(0.5 * np.sin(2 * np.pi * 1000.0 * t + 1.0)[:, None], 2).astype(np.float32)
    loop = mastered(turn, at(sample_rate), loop=True)
    ideal = 0.5 * np.sin(2 * np.pi * 1000.0 * np.arange(sample_rate) / sample_rate + 1.0)
    np.testing.assert_allclose(loop[:, 0], ideal, atol=2e-5)


def test_a_loop_that_is_no_whole_number_of_frames_still_has_no_seam() -> None:
    frames = 48_017
    cycles = 1000
    turn = 0.5 * np.sin(2 * np.pi * cycles * np.arange(frames) / frames)[:, None].astype(np.float32)
    loop = mastered(turn, at(44_100, channels=1), loop=True)
    ideal = 0.5 * np.sin(2 * np.pi * cycles * np.arange(len(loop)) / len(loop))
    np.testing.assert_allclose(loop[:, 0], ideal, atol=1e-4)


def test_a_loop_shorter_than_the_look_ahead_still_turns() -> None:
    turn = noise(0.001, level=1.0)
    loop = mastered(turn, NATURAL, loop=True)
    assert loop.shape == turn.shape
    assert true_peak_dbtp(np.tile(loop, (50, 1))[480:-480], SOURCE_RATE) <= -0.9


def test_what_came_out_is_measured() -> None:
    tone = 0.5 * np.sin(2 * np.pi * 997.0 * np.arange(48_000) / 48_000)[:, None].astype(np.float32)
    measured = measure(tone, 48_000)
    assert measured.frames == 48_000
    assert measured.loudness_lufs == pytest.approx(-9.03, abs=0.05)  # -3.01 at full scale, BS.1770-4
    assert measured.true_peak_dbtp == pytest.approx(-6.02, abs=0.05)


def test_equal_masterings_and_only_those_have_equal_bytes() -> None:
    masterings = [at(48_000), at(44_100), at(48_000, channels=1), at(48_000, loudness_lufs=-20.0)]
    assert at(48_000).canonical() == masterings[0].canonical()
    for one, other in pairwise(masterings):
        assert one.canonical() != other.canonical()
