"""A sheet keeps its own modes whatever hits it, and wherever."""

import numpy as np
import pytest
from scipy.signal import find_peaks

from swash_model.dsp.modal import Modes
from swash_model.dsp.sheet import Sheet
from swash_model.dsp.timeline import SAMPLE_RATE, Samples

PITCHES_HZ = np.array([310.0, 740.0, 1_210.0, 2_900.0])
MODES = Modes(PITCHES_HZ, np.array([10.0, 14.0, 20.0, 40.0]), np.array([1.0, 0.8, 0.6, 0.5]))
LEFT, CENTRE, RIGHT = -1.0, 0.0, 1.0


def single(frequency_hz: float, decay: float, gain: float = 1.0) -> Sheet:
    return Sheet(Modes(np.array([frequency_hz]), np.array([decay]), np.array([gain])))


def struck(
    sheet: Sheet,
    frames: int,
    onsets: list[int],
    *,
    amplitude: float = 1.0,
    pan: float = LEFT,
    position: float = 0.31,
    contact_s: float = 0.0,
    force: Samples | None = None,
) -> Samples:
    """Return what a sheet sounds, shape (2, frames), after equal hits."""
    out = np.zeros((2, frames))
    count = len(onsets)
    sheet.sound(
        out,
        np.zeros((2, frames)) if force is None else force,
        np.array(onsets, np.int64),
        amplitude=np.full(count, amplitude),
        pan=np.full(count, pan),
        position=np.full(count, position),
        contact_s=np.full(count, contact_s),
    )
    return out


@pytest.mark.parametrize("onset", [0, 1, 479])
def test_a_hit_rings_as_damped_sines_from_its_frame_on(onset: int) -> None:
    left, _ = struck(Sheet(MODES), 9_600, [onset])
    t = np.arange(1, 9_600 - onset + 1) / SAMPLE_RATE
    shape = np.sin(np.pi * np.arange(1, 5) * 0.31)
    expected = np.zeros(9_600)
    for pitch_hz, decay, gain, part in zip(MODES.frequency_hz, MODES.decay, MODES.gain, shape, strict=True):
        expected[onset:] += gain * part * np.exp(-decay * t) * np.sin(2.0 * np.pi * pitch_hz * t)
    np.testing.assert_allclose(left, expected, atol=1e-9)


def spectrum_db(ringing: Samples) -> Samples:
    """Return the spectrum of a second, one level a hertz."""
    fading = np.hanning(2 * SAMPLE_RATE)[SAMPLE_RATE:]
    return np.asarray(20.0 * np.log10(np.abs(np.fft.rfft(ringing * fading)) + 1e-9))


def test_whatever_hits_it_rings_with_the_same_modes() -> None:
    for position, contact_s in ((0.13, 0.0), (0.31, 0.0002), (0.77, 0.0005)):
        left, _ = struck(Sheet(MODES), SAMPLE_RATE, [0], position=position, contact_s=contact_s)
        level_db = spectrum_db(left)
        peaks, _ = find_peaks(level_db, prominence=3.0, height=level_db.max() - 40.0)
        np.testing.assert_allclose(peaks, PITCHES_HZ, atol=2.0)


def test_blocks_of_any_size_ring_on_without_a_seam() -> None:
    whole = struck(Sheet(MODES), 9_600, [5, 100, 400], pan=0.2)
    for block_frames in (480, 1_200, 4_800):
        sheet = Sheet(MODES)
        first = struck(sheet, block_frames, [5, 100, 400], pan=0.2)
        rest = [struck(sheet, block_frames, []) for _ in range(9_600 // block_frames - 1)]
        np.testing.assert_array_equal(np.concatenate([first, *rest], axis=1), whole)


def test_hits_may_come_in_any_order() -> None:
    onsets = [400, 5, 5, 100]
    np.testing.assert_allclose(
        struck(Sheet(MODES), 4_800, onsets), struck(Sheet(MODES), 4_800, sorted(onsets)), atol=1e-12
    )


def test_hits_add_up() -> None:
    together = struck(Sheet(MODES), 4_800, [5, 100])
    np.testing.assert_allclose(
        together, struck(Sheet(MODES), 4_800, [5]) + struck(Sheet(MODES), 4_800, [100]), atol=1e-12
    )


@pytest.mark.parametrize("pan", [LEFT, -0.4, CENTRE, 0.7, RIGHT])
def test_a_hit_has_equal_power_wherever_it_stands(pan: float) -> None:
    left, right = struck(Sheet(MODES), 4_800, [0], pan=pan)
    reference, _ = struck(Sheet(MODES), 4_800, [0], pan=LEFT)
    np.testing.assert_allclose(np.hypot(left, right), np.abs(reference), atol=1e-9)


def test_a_hit_in_the_middle_leaves_the_even_modes_still() -> None:
    left, _ = struck(Sheet(MODES), SAMPLE_RATE, [0], position=0.5)
    level_db = spectrum_db(left)
    odd, even = level_db[[310, 1_210]], level_db[[740, 2_900]]
    assert odd.min() > even.max() + 20.0


@pytest.mark.parametrize("contact_s", [0.0005, 0.002])
def test_a_longer_touch_leaves_the_higher_modes_alone(contact_s: float) -> None:
    for pitch_hz in PITCHES_HZ:
        short, _ = struck(single(pitch_hz, 10.0), 4_800, [0])
        long, _ = struck(single(pitch_hz, 10.0), 4_800, [0], contact_s=contact_s)
        assert np.abs(long).max() / np.abs(short).max() == pytest.approx(1.0 / (1.0 + (pitch_hz * contact_s) ** 2))


@pytest.mark.parametrize("decay", [20.0, 200.0])
@pytest.mark.parametrize("pitch_hz", [400.0, 3_000.0])
def test_noise_of_unit_variance_makes_a_mode_as_loud_as_its_gain(pitch_hz: float, decay: float) -> None:
    force = np.random.default_rng(1).standard_normal((2, 30 * SAMPLE_RATE))
    sound = struck(single(pitch_hz, decay, gain=0.3), force.shape[1], [], force=force)
    levels = np.sqrt(np.square(sound[:, SAMPLE_RATE:]).mean(axis=1))
    np.testing.assert_allclose(levels, 0.3, rtol=0.1)


def test_each_side_is_shaken_by_its_own_noise() -> None:
    force = np.zeros((2, 4_800))
    force[1] = np.random.default_rng(1).standard_normal(4_800)
    left, right = struck(Sheet(MODES), 4_800, [], force=force)
    assert np.abs(left).max() < 1e-12
    assert np.abs(right).max() > 0.01
