"""Loudness and true peak agree with the numbers that the standard gives."""

import numpy as np
import pytest

from swash_model.dsp.loudness import (
    SILENCE_DBTP,
    SILENCE_LUFS,
    loudness_lufs,
    momentary_lufs,
    true_peak_dbtp,
)
from swash_model.spec import Block

RATES = [44_100, 48_000]


def tone(
    frequency_hz: float, *, seconds: float = 3.0, sample_rate: int = 48_000, channels: int = 1, phase: float = 0.0
) -> Block:
    t = np.arange(round(seconds * sample_rate)) / sample_rate
    samples = np.sin(2.0 * np.pi * frequency_hz * t + phase)
    return np.repeat(samples[:, None], channels, axis=1).astype(np.float32)


def silence(seconds: float, sample_rate: int = 48_000) -> Block:
    return np.zeros((round(seconds * sample_rate), 2), np.float32)


@pytest.mark.parametrize("sample_rate", RATES)
def test_a_full_tone_is_at_minus_three_in_one_channel_and_nought_in_two(sample_rate: int) -> None:
    mono = tone(997.0, sample_rate=sample_rate)
    stereo = tone(997.0, sample_rate=sample_rate, channels=2)
    assert loudness_lufs(mono, sample_rate) == pytest.approx(-3.01, abs=0.05)
    assert loudness_lufs(stereo, sample_rate) == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize("gain_db", [-6.0, -23.0, -50.0])
def test_a_decibel_is_a_loudness_unit(gain_db: float) -> None:
    quiet = tone(997.0, channels=2) * np.float32(10.0 ** (gain_db / 20.0))
    assert loudness_lufs(quiet, 48_000) == pytest.approx(gain_db, abs=0.05)


def test_bass_counts_less_and_treble_more() -> None:
    bass, middle, treble = (loudness_lufs(tone(pitch), 48_000) for pitch in (40.0, 500.0, 6_000.0))
    assert bass < middle - 4.0
    assert treble > middle + 3.0


def test_pauses_are_not_counted() -> None:
    with_pauses = np.concatenate([tone(997.0, channels=2), silence(9.0)])
    assert loudness_lufs(with_pauses, 48_000) == pytest.approx(0.0, abs=0.5)  # not -6, as the mean power is


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.4, 2.0])
def test_silence_has_no_loudness(seconds: float) -> None:
    assert loudness_lufs(silence(seconds), 48_000) == SILENCE_LUFS
    assert momentary_lufs(silence(seconds), 48_000) == SILENCE_LUFS


@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.3])
def test_a_short_sound_is_measured_with_the_silence_that_follows(seconds: float) -> None:
    expected_lufs = 10.0 * np.log10(seconds / 0.4)
    assert loudness_lufs(tone(997.0, seconds=seconds, channels=2), 48_000) == pytest.approx(expected_lufs, abs=0.3)


def test_the_loudness_of_a_hit_is_that_of_its_loudest_moment() -> None:
    hit = np.concatenate([tone(997.0, seconds=0.4, channels=2), 0.01 * tone(997.0, seconds=3.0, channels=2)])
    assert momentary_lufs(hit.astype(np.float32), 48_000) == pytest.approx(0.0, abs=0.1)
    assert loudness_lufs(hit.astype(np.float32), 48_000) < -1.5


@pytest.mark.parametrize("at_s", [0.0, 0.7, 1.58])
def test_a_hit_counts_wherever_it_falls(at_s: float) -> None:
    sound = silence(1.6)
    first = round(at_s * 48_000)
    sound[first : first + 960] = tone(997.0, seconds=0.02, channels=2)
    assert momentary_lufs(sound, 48_000) == pytest.approx(10.0 * np.log10(0.02 / 0.4), abs=0.4)


@pytest.mark.parametrize("sample_rate", RATES)
def test_a_peak_between_the_samples_is_seen(sample_rate: int) -> None:
    between = tone(sample_rate / 4, sample_rate=sample_rate, phase=np.pi / 4)
    assert 20.0 * np.log10(np.abs(between).max()) == pytest.approx(-3.01, abs=0.01)
    # Where a tone begins and ends at once it rings over by some tenths; faded in and out it is its own peak.
    between *= np.hanning(len(between))[:, None].astype(np.float32)
    assert true_peak_dbtp(between, sample_rate) == pytest.approx(0.0, abs=0.05)


def test_the_true_peak_is_never_below_the_samples() -> None:
    rng = np.random.default_rng(1)
    for _ in range(10):
        block = rng.uniform(-1.0, 1.0, (1_000, 2)).astype(np.float32)
        assert true_peak_dbtp(block, 48_000) >= 20.0 * np.log10(np.abs(block).max()) - 1e-6


def test_the_louder_channel_has_the_peak() -> None:
    block = tone(997.0, channels=2) * np.array([0.25, 0.5], np.float32)
    assert true_peak_dbtp(block, 48_000) == pytest.approx(-6.02, abs=0.05)


def test_silence_and_nothing_have_the_lowest_peak() -> None:
    assert true_peak_dbtp(silence(0.1), 48_000) == SILENCE_DBTP
    assert true_peak_dbtp(silence(0.0), 48_000) == SILENCE_DBTP
