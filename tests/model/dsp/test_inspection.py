"""What is told of a finished sound: what is wrong with it, and nothing that belongs to it."""

import numpy as np
import pytest

from swash_model.dsp.inspection import centroid_hz, inspect, survey
from swash_model.dsp.seam import seam_of
from swash_model.procedural.catalogue import EFFECTS
from swash_model.spec import Block
from tests.hearing import sound_of

RATE = 48_000


def tone(hz: float = 200.0, gain: float = 0.3, seconds: float = 1.0, channels: int = 2) -> Block:
    """Return a tone with fades, so that it neither begins nor ends with a click."""
    frames = round(seconds * RATE)
    fade = np.minimum(1.0, np.minimum(np.arange(frames), np.arange(frames)[::-1]) / 480)
    wave = gain * np.sin(2 * np.pi * hz / RATE * np.arange(frames)) * fade
    return np.repeat(wave[:, None], channels, axis=1).astype(np.float32)


def noise(gain: float = 0.1, seconds: float = 1.0) -> Block:
    return (gain * np.random.default_rng(1).standard_normal((round(seconds * RATE), 2))).astype(np.float32)


@pytest.mark.parametrize(
    "sound", [tone(), noise(), tone(40.0), tone(channels=1)], ids=["tone", "noise", "deep", "mono"]
)
def test_a_good_sound_has_nothing_wrong(sound: Block) -> None:
    told = survey(sound, RATE)
    assert (told.not_finite, told.clipped, told.clicks) == (0, (), ())
    assert told.frames == len(sound)
    np.testing.assert_allclose(told.peaks, np.abs(sound).max(axis=0))
    np.testing.assert_allclose(told.means, sound.mean(axis=0, dtype=np.float64), atol=1e-6)
    np.testing.assert_allclose(told.powers, np.square(sound, dtype=np.float64).mean(axis=0), rtol=1e-5)


def test_a_wrong_sample_is_one_click() -> None:
    sound = tone()
    sound[20_000, 1] += 0.1
    (click,) = survey(sound, RATE).clicks
    assert abs(click - 20_000) <= 1


@pytest.mark.parametrize("frame", [1, 63, 64, 65, 24_000, RATE - 2])
def test_a_step_is_a_click_wherever_it_is(frame: int) -> None:
    sound = tone(30.0, gain=0.1)
    sound[frame:] += 0.2
    assert frame in survey(sound, RATE).clicks


def test_clicks_are_told_in_order_and_no_more_than_a_hundred() -> None:
    sound = tone(50.0, gain=0.1, seconds=20.0)
    sound[5000::6000] += 0.3
    clicks = survey(sound, RATE).clicks
    assert len(clicks) == 100
    assert list(clicks) == sorted(clicks)


def test_a_sound_that_is_cut_off_clicks_at_its_end_and_one_that_begins_in_the_middle_at_its_start() -> None:
    sound = tone(100.0)
    assert survey(sound[: 10_000 + 120], RATE).clicks == (10_120,)
    assert survey(sound[10_000 + 120 :], RATE).clicks == (0,)


def test_a_loop_clicks_where_it_begins_again_if_it_does() -> None:
    turns = np.arange(RATE) / RATE
    closed = np.sin(2 * np.pi * 100 * turns)[:, None].astype(np.float32)
    assert survey(closed, RATE, loop=True).clicks == ()
    assert survey(closed[:-120], RATE, loop=True).clicks == (0,)


def test_sounds_that_are_made_of_jumps_do_not_click() -> None:
    square = np.sign(tone(20.0))
    crackle = noise(0.01)
    crackle[np.random.default_rng(2).integers(0, RATE, 300)] += 0.4
    blast = np.concatenate([np.zeros((1000, 2)), noise(0.5) * np.exp(-np.arange(RATE) / 5000)[:, None]])
    for sound in (square, crackle, blast.astype(np.float32)):
        assert survey(sound, RATE).clicks == ()


def test_flat_tops_at_full_scale_are_clipped_and_square_waves_below_are_not() -> None:
    loud = np.clip(tone(gain=2.0, seconds=0.1), -1.0, 1.0)
    assert len(survey(loud, RATE).clipped) == pytest.approx(40, abs=4)  # 200 Hz turns 40 times in 0.1 s
    assert survey(0.9 * loud, RATE).clipped == ()
    assert survey(tone(gain=1.0), RATE).clipped == ()


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_counted(wrong: float) -> None:
    sound = tone()
    sound[[5, 600], 0] = wrong
    told = survey(sound, RATE)
    assert told.not_finite == 2
    assert np.isfinite(inspect(sound, RATE).loudness_lufs)


def test_nothing_and_a_single_frame_are_sounds_too() -> None:
    for frames in (0, 1, 2):
        told = inspect(np.zeros((frames, 2), np.float32), RATE, loop=True)
        assert told.survey.frames == frames
        assert (told.loudness_lufs, told.onset_s, told.tail_s, told.centroid_hz) == (-70.0, 0.0, 0.0, 0.0)
        assert told.seam is None


def test_an_inspection_tells_when_a_sound_begins_how_it_ends_and_where_it_lies() -> None:
    silence = np.zeros((RATE // 2, 2), np.float32)
    told = inspect(np.concatenate([silence, tone(1000.0), silence]), RATE)
    assert told.duration_s == 2.0
    assert told.onset_s == pytest.approx(0.5, abs=0.002)
    assert told.tail_s == pytest.approx(0.5, abs=0.002)
    assert told.centroid_hz == pytest.approx(1000.0, rel=0.02)
    assert told.peak_dbfs == pytest.approx(-10.46, abs=0.05)
    assert told.dc_dbfs[0] < -80.0
    assert inspect(silence + np.float32(0.1), RATE).dc_dbfs == pytest.approx((-20.0, -20.0), abs=0.01)


def test_the_centroid_of_two_channels_is_not_that_of_their_sum() -> None:
    sound = tone(1000.0)
    sound[:, 1] *= -1.0
    assert centroid_hz(sound, RATE) == pytest.approx(1000.0, rel=0.02)


def test_only_what_loops_and_is_long_enough_has_a_seam() -> None:
    sound = noise()
    assert inspect(sound, RATE).seam is None
    assert inspect(sound[:4000], RATE, loop=True).seam is None
    assert inspect(sound, RATE, loop=True).seam == seam_of(sound, RATE)


PRESETS = [f"{effect.id}/{preset.name}" for effect in EFFECTS.values() for preset in effect.presets]


@pytest.mark.parametrize("path", PRESETS)
def test_no_preset_clicks_clips_or_lacks_a_channel(path: str) -> None:
    effect = EFFECTS[path.partition("/")[0]]
    for seed in (1, 2):
        told = survey(sound_of(path, seed=seed, duration_s=None if effect.one_shot else 3.0), RATE)
        assert (told.not_finite, told.clipped, told.clicks) == (0, (), ())
        assert min(told.peaks) > 0.0
        assert max(map(abs, told.means)) < 0.005
