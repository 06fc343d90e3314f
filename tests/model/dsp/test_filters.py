"""Filters pass what they should, remember across blocks, and bear any cutoff."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from swash_model.dsp.filters import MAX_CUTOFF_HZ, Pink, Sections, Shape, StateVariable, butterworth
from swash_model.dsp.timeline import SAMPLE_RATE, Samples

SHAPES: tuple[Shape, ...] = ("lowpass", "bandpass", "highpass")
SPLITS: tuple[Sequence[int], ...] = ([], [1], [1, 8, 192], range(480, 9_600, 480), [9_599])
MINUS_3_DB = 10.0 * np.log10(0.5)

Process = Callable[[Samples], Samples]


def noise(channels: int, frames: int, seed: int = 5) -> Samples:
    return np.random.default_rng(seed).uniform(-1.0, 1.0, (channels, frames))


def sine(frequency_hz: float, frames: int) -> Samples:
    return np.sin(2.0 * np.pi * frequency_hz * np.arange(frames) / SAMPLE_RATE)[None]


def response_db(process: Process, frequency_hz: Samples | float) -> Samples:
    """Return the gain at some frequencies, from the answer of one channel to an impulse of two seconds."""
    impulse = np.zeros((1, 2 * SAMPLE_RATE))
    impulse[0, 0] = 1.0
    answer = process(impulse)[0]
    frames = np.arange(len(answer))
    at = [np.exp(-2j * np.pi * each * frames / SAMPLE_RATE) @ answer for each in np.atleast_1d(frequency_hz)]
    return np.asarray(20.0 * np.log10(np.abs(at) + 1e-20))


def fixed(shape: Shape, cutoff_hz: float, resonance: float) -> Process:
    state_variable = StateVariable(shape, channels=1)
    return lambda samples: state_variable.process(samples, cutoff_hz, resonance)


@pytest.mark.parametrize("splits", SPLITS)
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_sections_are_scipys_in_any_split(channels: int, splits: Sequence[int]) -> None:
    sections = np.asarray(butter(4, (300.0, 5_000.0), "bandpass", fs=SAMPLE_RATE, output="sos"))
    samples = noise(channels, 9_600)
    filtered = Sections(sections, channels)
    parts = [filtered.process(part) for part in np.split(samples, splits, axis=1)]
    np.testing.assert_allclose(np.concatenate(parts, axis=1), sosfilt(sections, samples), rtol=0, atol=1e-12)


def test_filters_leave_what_they_are_given() -> None:
    samples = noise(2, 480)
    given = samples.copy()
    butterworth("lowpass", 100.0).process(samples)
    StateVariable("lowpass").process(samples, 100.0, 0.7)
    Pink().process(samples)
    np.testing.assert_array_equal(samples, given)


def test_channels_do_not_hear_each_other() -> None:
    samples = noise(3, 4_800)
    samples[1] = 0.0
    for filtered in (
        butterworth("lowpass", 500.0, channels=3).process(samples),
        StateVariable("highpass", channels=3).process(samples, 500.0, 0.7),
        Pink(3).process(samples),
    ):
        assert np.abs(filtered[1]).max() < 1e-15
        assert np.abs(filtered[[0, 2]]).max(axis=1).min() > 0.01


@pytest.mark.parametrize("cutoff_hz", [30.0, 1_000.0, 12_000.0])
@pytest.mark.parametrize("order", [1, 2, 4])
def test_a_butterworth_is_three_decibels_down_at_its_cutoff(order: int, cutoff_hz: float) -> None:
    low = response_db(butterworth("lowpass", cutoff_hz, order, 1).process, cutoff_hz)
    high = response_db(butterworth("highpass", cutoff_hz, order, 1).process, cutoff_hz)
    np.testing.assert_allclose([low, high], MINUS_3_DB, atol=0.02)


def test_a_bandpass_is_three_decibels_down_at_both_its_edges() -> None:
    band = butterworth("bandpass", (200.0, 800.0), channels=1)
    levels = response_db(band.process, np.array([200.0, 800.0, 400.0]))
    np.testing.assert_allclose(levels, [MINUS_3_DB, MINUS_3_DB, 0.0], atol=0.02)


def test_a_cutoff_above_the_band_is_kept_within_it() -> None:
    for wide in (
        butterworth("lowpass", 24_000.0, channels=1),
        butterworth("lowpass", 90_000.0, channels=1),
        butterworth("bandpass", (200.0, 90_000.0), channels=1),
    ):
        assert response_db(wide.process, 5_000.0) == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize("cutoff_hz", [50.0, 1_000.0, 10_000.0, 20_000.0])
@pytest.mark.parametrize("shape", ["lowpass", "highpass"])
def test_the_level_at_the_cutoff_is_three_decibels_down(shape: Shape, cutoff_hz: float) -> None:
    level_db = response_db(fixed(shape, cutoff_hz, np.sqrt(0.5)), cutoff_hz)
    assert level_db == pytest.approx(MINUS_3_DB, abs=0.01)


def test_a_state_variable_filter_falls_twelve_decibels_an_octave() -> None:
    low = response_db(fixed("lowpass", 200.0, 0.7071), np.array([25.0, 1_600.0, 3_200.0]))
    high = response_db(fixed("highpass", 5_000.0, 0.7071), np.array([20_000.0, 625.0, 312.5]))
    for levels in (low, high):
        assert levels[0] == pytest.approx(0.0, abs=0.01)
        assert levels[1] - levels[2] == pytest.approx(12.04, abs=0.25)


@pytest.mark.parametrize("resonance", [0.7, 3.0, 30.0])
@pytest.mark.parametrize("centre_hz", [80.0, 1_000.0, 4_000.0])
def test_a_band_peaks_at_nought_decibels_and_is_as_narrow_as_asked(centre_hz: float, resonance: float) -> None:
    # The bilinear transform bends the scale of frequencies: both edges are where the analogue ones fall.
    analogue = np.tan(np.pi * centre_hz / SAMPLE_RATE)
    half = 1.0 / (2.0 * resonance)
    edges = np.arctan(analogue * (np.sqrt(1.0 + half**2) + np.array([-half, half]))) * SAMPLE_RATE / np.pi
    levels = response_db(fixed("bandpass", centre_hz, resonance), np.array([*edges, centre_hz]))
    np.testing.assert_allclose(levels, [MINUS_3_DB, MINUS_3_DB, 0.0], atol=0.02)
    if centre_hz < 2_000.0:
        assert centre_hz / (edges[1] - edges[0]) == pytest.approx(resonance, rel=0.01)


@pytest.mark.parametrize("resonance", [2.0, 10.0])
def test_resonance_is_the_gain_at_the_cutoff(resonance: float) -> None:
    for shape in ("lowpass", "highpass"):
        level_db = response_db(fixed(shape, 700.0, resonance), 700.0)
        assert level_db == pytest.approx(20.0 * np.log10(resonance), abs=0.02)


def test_low_band_and_high_add_up_to_what_went_in() -> None:
    samples = noise(2, 9_600)
    cutoff_hz = np.geomspace(20.0, 20_000.0, 9_600)
    parts = [StateVariable(shape).process(samples, cutoff_hz, 0.9) for shape in SHAPES]
    np.testing.assert_allclose(np.sum(parts, axis=0), samples, rtol=0, atol=1e-12)


@pytest.mark.parametrize("splits", SPLITS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_moving_filter_is_the_same_in_any_split(shape: Shape, splits: Sequence[int]) -> None:
    samples = noise(2, 9_600)
    cutoff_hz = np.geomspace(20.0, 20_000.0, 9_600)
    whole = StateVariable(shape).process(samples, cutoff_hz, 2.0)
    filtered = StateVariable(shape)
    pairs = zip(np.split(samples, splits, axis=1), np.split(cutoff_hz, splits), strict=True)
    parts = [filtered.process(part, cutoffs, 2.0) for part, cutoffs in pairs]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_each_channel_may_have_a_cutoff_of_its_own(channels: int) -> None:
    samples = noise(channels, 4_800)
    cutoff_hz = np.stack([np.geomspace(100.0 * (1 + row), 9_000.0, 4_800) for row in range(channels)])
    together = StateVariable("lowpass", channels).process(samples, cutoff_hz, 1.0)
    for row in range(channels):
        alone = StateVariable("lowpass", 1).process(samples[row : row + 1], cutoff_hz[row], 1.0)
        np.testing.assert_array_equal(together[row], alone[0])


def test_one_cutoff_is_for_every_channel() -> None:
    samples = noise(2, 480)
    number = StateVariable("lowpass").process(samples, 900.0, 1.0)
    line = StateVariable("lowpass").process(samples, np.full(480, 900.0), 1.0)
    rows = StateVariable("lowpass").process(samples, np.full((2, 480), 900.0), 1.0)
    np.testing.assert_array_equal(number, line)
    np.testing.assert_array_equal(number, rows)


@pytest.mark.parametrize("cutoff_hz", [-100.0, 0.0, 1.0])
def test_a_cutoff_below_hearing_is_five_hertz(cutoff_hz: float) -> None:
    samples = noise(2, 480)
    expected = StateVariable("lowpass").process(samples, 5.0, 1.0)
    np.testing.assert_array_equal(StateVariable("lowpass").process(samples, cutoff_hz, 1.0), expected)


@pytest.mark.parametrize("cutoff_hz", [22_000.0, 24_000.0, 48_000.0, 1e9])
def test_a_cutoff_above_the_band_is_its_end(cutoff_hz: float) -> None:
    samples = noise(2, 480)
    expected = StateVariable("lowpass").process(samples, MAX_CUTOFF_HZ, 1.0)
    np.testing.assert_array_equal(StateVariable("lowpass").process(samples, cutoff_hz, 1.0), expected)


@pytest.mark.parametrize("resonance", [0.5, 0.7071, 5.0, 20.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_cutoff_that_jumps_at_every_frame_does_not_blow_up(shape: Shape, resonance: float) -> None:
    samples = noise(2, 96_000)
    frames = np.arange(96_000)
    rng = np.random.default_rng(1)
    for cutoff_hz in (
        np.where(frames % 2 == 0, 5.0, 1e5),
        np.where(frames // 480 % 2 == 0, 5.0, 1e5),
        10.0 ** rng.uniform(0.5, 4.5, 96_000),
    ):
        filtered = StateVariable(shape).process(samples, cutoff_hz, resonance)
        # As loud as its resonance may make it, and no louder at the end than at the beginning.
        assert np.abs(filtered).max() < 12.0 + 2.0 * resonance
        assert np.abs(filtered[:, -9_600:]).max() < 2.0 * np.abs(filtered[:, :19_200]).max()


@pytest.mark.parametrize("shape", SHAPES)
def test_after_any_cutoff_a_filter_falls_silent(shape: Shape) -> None:
    filtered = StateVariable(shape)
    filtered.process(noise(2, 9_600), np.random.default_rng(2).uniform(5.0, 3e4, 9_600), 5.0)
    assert np.abs(filtered.process(np.zeros((2, SAMPLE_RATE)), 1_000.0, 0.7)[:, -480:]).max() < 1e-15


@pytest.mark.parametrize("resonance", [0.7071, 5.0])
@pytest.mark.parametrize("pitch_hz", [100.0, 400.0])
def test_a_cutoff_in_motion_adds_no_click(pitch_hz: float, resonance: float) -> None:
    """Between cutoffs that all let a tone through, its samples hardly step further than the tone's own."""
    tone = sine(pitch_hz, SAMPLE_RATE)
    steepest = np.abs(np.diff(tone)).max()
    t = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    sweeping = np.exp(np.interp(np.sin(2.0 * np.pi * 12.0 * t), (-1.0, 1.0), np.log((2e3, 2e4))))
    gliding = np.interp(t % 0.02, (0.0, 0.008, 0.01, 0.018, 0.02), (4e3, 4e3, 6e3, 6e3, 4e3))
    jumping = np.where(t // 0.01 % 2 == 0, 4e3, 6e3)
    for cutoff_hz, most in ((sweeping, 1.05), (gliding, 1.05), (jumping, 1.6)):
        filtered = StateVariable("lowpass", 1).process(tone, cutoff_hz, resonance)[0, 480:]
        assert np.abs(np.diff(filtered)).max() < most * steepest


@pytest.mark.parametrize(
    "process",
    [
        butterworth("lowpass", 200.0, channels=1).process,
        fixed("lowpass", 200.0, 0.7),
        fixed("bandpass", 200.0, 9.0),
        Pink(1).process,
    ],
)
def test_silence_after_a_sound_is_not_made_of_the_slow_subnormal_numbers(process: Process) -> None:
    process(noise(1, 4_800))
    silence = process(np.zeros((1, 5 * SAMPLE_RATE)))[0, -4_800:]
    assert np.abs(silence).max() < 1e-15
    assert ((silence == 0.0) | (np.abs(silence) > np.finfo(float).tiny)).all()


def test_pink_falls_three_decibels_an_octave() -> None:
    frequency_hz = np.geomspace(40.0, 18_000.0, 60)
    level_db = response_db(Pink(1).process, frequency_hz)
    line = -10.0 * np.log10(frequency_hz)
    deviation = level_db - line
    assert np.abs(deviation - np.median(deviation)).max() < 0.7
    slope, _ = np.polyfit(np.log2(frequency_hz), level_db, 1)
    assert slope == pytest.approx(-3.01, abs=0.05)


def test_pink_is_as_strong_as_the_white_it_is_made_of() -> None:
    white = np.random.default_rng(3).standard_normal((2, 20 * SAMPLE_RATE))
    np.testing.assert_allclose(Pink().process(white).var(axis=1), 1.0, atol=0.05)


def test_pink_is_the_same_in_any_split() -> None:
    samples = noise(2, 9_600)
    whole = Pink().process(samples)
    for splits in SPLITS:
        pink = Pink()
        parts = [pink.process(part) for part in np.split(samples, splits, axis=1)]
        np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)
