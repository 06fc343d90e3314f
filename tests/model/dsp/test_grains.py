"""A grain is a damped sine: its pitch, its decay, its place in time and between the ears are as asked."""

import numpy as np
import pytest

from swash_model.dsp.grains import MAX_LIFE_S, GrainBank
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples

NO_ATTACK_S = 0.0
LEFT, CENTRE, RIGHT = -1.0, 0.0, 1.0


def start(
    bank: GrainBank,
    onset: int = 0,
    *,
    frequency_hz: float = 1_000.0,
    decay: float = 30.0,
    amplitude: float = 1.0,
    pan: float = LEFT,
    phase: float = 0.0,
    rise: float = 0.0,
    attack_s: float = NO_ATTACK_S,
) -> None:
    bank.add(
        np.array([onset]),
        frequency_hz=np.array([frequency_hz]),
        decay=np.array([decay]),
        amplitude=np.array([amplitude]),
        pan=np.array([pan]),
        phase=np.array([phase]),
        rise=np.array([rise]),
        attack_s=attack_s,
    )


def heard(bank: GrainBank, seconds: float, block_frames: int = QUANTUM_FRAMES) -> Samples:
    """Return what a bank sounds, shape (2, frames), in blocks of some size."""
    out = np.zeros((2, round(seconds * SAMPLE_RATE)))
    for at in range(0, out.shape[1], block_frames):
        bank.sound(out[:, at : at + block_frames])
    return out


def closed_form(
    frequency_hz: float, decay: float, frames: int, phase: float = 0.0, attack_frames: int = 1
) -> Samples:
    """Return a damped sine behind a straight rise, which takes one frame at the least."""
    t = np.arange(frames) / SAMPLE_RATE
    gain = np.minimum(np.arange(frames) / attack_frames, 1.0)
    return np.asarray(gain * np.exp(-decay * t) * np.sin(2.0 * np.pi * frequency_hz * t + phase))


def pitch_hz(tone: Samples, at_s: float, over_s: float = 0.01) -> float:
    """Return the pitch around a moment, from its zero crossings, interpolated."""
    first, last = (round((at_s + side * over_s / 2) * SAMPLE_RATE) for side in (-1, 1))
    part = tone[first:last]
    before = np.flatnonzero((part[:-1] < 0.0) & (part[1:] >= 0.0))
    crossings = before - part[before] / (part[before + 1] - part[before])
    return float((len(crossings) - 1) / (crossings[-1] - crossings[0]) * SAMPLE_RATE)


@pytest.mark.parametrize("phase", [0.0, 1.0, np.pi / 2])
@pytest.mark.parametrize(("frequency_hz", "decay"), [(60.0, 4.0), (1_000.0, 30.0), (15_000.0, 900.0)])
def test_a_grain_is_a_damped_sine_without_a_seam(frequency_hz: float, decay: float, phase: float) -> None:
    bank = GrainBank()
    start(bank, frequency_hz=frequency_hz, decay=decay, phase=phase)
    alive = int(np.log(1_000.0) / decay * SAMPLE_RATE)
    left, right = heard(bank, 2.0)
    expected = closed_form(frequency_hz, decay, alive, phase)
    np.testing.assert_allclose(left[:alive], expected, rtol=0, atol=1e-9)
    assert not left[alive:].any()
    assert np.abs(right).max() < 1e-15


@pytest.mark.parametrize("block_frames", [1, 7, 480, 4_096])
@pytest.mark.parametrize("rise", [0.0, 3.0])
def test_blocks_of_any_size_give_the_same_ring(block_frames: int, rise: float) -> None:
    whole, parted = GrainBank(), GrainBank()
    for bank in (whole, parted):
        start(bank, onset=11, rise=rise, pan=0.3, attack_s=0.001)
    np.testing.assert_array_equal(heard(parted, 0.3, block_frames), heard(whole, 0.3, SAMPLE_RATE))


@pytest.mark.parametrize("onset", [0, 1, 17, 479, 480, 1_000])
def test_a_grain_begins_on_its_frame(onset: int) -> None:
    bank = GrainBank()
    start(bank, onset, phase=np.pi / 2)
    left, _ = heard(bank, 0.1)
    assert not left[: onset + 1].any()
    assert left[onset + 1] > 0.95
    np.testing.assert_allclose(left[onset:], closed_form(1_000.0, 30.0, 4_800 - onset, np.pi / 2), atol=1e-9)


@pytest.mark.parametrize("pan", [LEFT, -0.4, CENTRE, 0.7, RIGHT])
def test_a_grain_has_equal_power_wherever_it_stands(pan: float) -> None:
    bank = GrainBank()
    start(bank, pan=pan)
    left, right = heard(bank, 0.1)
    np.testing.assert_allclose(np.hypot(left, right), np.abs(closed_form(1_000.0, 30.0, 4_800)), atol=1e-9)
    energy = np.square(left).sum(), np.square(right).sum()
    assert np.arctan2(np.sqrt(energy[1]), np.sqrt(energy[0])) == pytest.approx((pan + 1.0) * np.pi / 4.0)


@pytest.mark.parametrize("rise", [-2.0, 1.0, 5.0])
def test_the_pitch_rises_by_its_share_a_second(rise: float) -> None:
    bank = GrainBank()
    start(bank, frequency_hz=3_000.0, decay=10.0, rise=rise)
    left, _ = heard(bank, 0.25)
    for at_s in (0.02, 0.1, 0.2):
        assert pitch_hz(left, at_s) == pytest.approx(3_000.0 * (1.0 + rise * at_s), rel=0.003)


def test_a_rising_grain_decays_as_a_steady_one() -> None:
    steady, rising = GrainBank(), GrainBank()
    start(steady, frequency_hz=2_000.0, decay=40.0)
    start(rising, frequency_hz=2_000.0, decay=40.0, rise=4.0)
    levels = [np.sqrt(np.square(heard(bank, 0.1)[0].reshape(10, -1)).mean(axis=1)) for bank in (steady, rising)]
    np.testing.assert_allclose(levels[1], levels[0], rtol=0.03)


def test_the_attack_is_a_straight_line_up_to_the_damped_sine() -> None:
    bank = GrainBank()
    start(bank, phase=np.pi / 2, attack_s=0.002)
    left, _ = heard(bank, 0.05)
    attack_frames = round(0.002 * SAMPLE_RATE)
    np.testing.assert_allclose(left, closed_form(1_000.0, 30.0, len(left), np.pi / 2, attack_frames), atol=1e-9)


def test_many_grains_are_the_sum_of_each() -> None:
    rng = np.random.default_rng(1)
    count = 50
    onsets = rng.integers(0, 2_000, count)
    grains = {
        "frequency_hz": rng.uniform(100.0, 9_000.0, count),
        "decay": rng.uniform(5.0, 300.0, count),
        "amplitude": rng.uniform(-1.0, 1.0, count),
        "pan": rng.uniform(-1.0, 1.0, count),
        "attack_s": rng.uniform(0.0, 0.002, count),
    }
    together = GrainBank()
    together.add(onsets, **grains)
    total = np.zeros((2, SAMPLE_RATE))
    for grain in range(count):
        alone = GrainBank()
        one = slice(grain, grain + 1)
        alone.add(onsets[one], **{name: values[one] for name, values in grains.items()})
        total += heard(alone, 1.0)
    np.testing.assert_allclose(heard(together, 1.0), total, atol=1e-9)


def test_the_same_grains_again_are_added_to_those_that_ring() -> None:
    once, twice = GrainBank(), GrainBank()
    start(once, onset=QUANTUM_FRAMES)
    start(once)
    start(twice)
    out = np.zeros((2, 10 * QUANTUM_FRAMES))
    twice.sound(out[:, :QUANTUM_FRAMES])
    start(twice)
    twice.sound(out[:, QUANTUM_FRAMES:])
    np.testing.assert_allclose(out, heard(once, 0.1), atol=1e-12)


def test_what_does_not_fit_is_dropped_and_the_rest_is_as_it_was() -> None:
    full, roomy = GrainBank(capacity=3), GrainBank()
    for number in range(8):
        start(full, frequency_hz=500.0 * (1 + number))
        if number < 3:
            start(roomy, frequency_hz=500.0 * (1 + number))
    np.testing.assert_array_equal(heard(full, 1.0), heard(roomy, 1.0))


def test_a_bank_has_room_again_when_grains_have_ended() -> None:
    bank = GrainBank(capacity=1)
    start(bank, decay=300.0)
    heard(bank, 0.1)
    start(bank, decay=300.0)
    assert np.abs(heard(bank, 0.1)).max() > 0.5


def test_no_grain_outlives_the_longest_life() -> None:
    bank = GrainBank()
    start(bank, decay=0.0, frequency_hz=100.0)
    left, _ = heard(bank, MAX_LIFE_S + 0.5)
    assert np.flatnonzero(left)[-1] <= MAX_LIFE_S * SAMPLE_RATE


def test_a_pitch_above_the_band_stays_in_it() -> None:
    bank = GrainBank()
    start(bank, frequency_hz=40_000.0, decay=20.0)
    left, _ = heard(bank, 0.2)
    peak_hz = np.abs(np.fft.rfft(left)).argmax() * SAMPLE_RATE / len(left)
    assert peak_hz == pytest.approx(0.45 * SAMPLE_RATE, abs=20.0)


def test_no_grains_are_silence() -> None:
    bank = GrainBank()
    none = np.zeros(0)
    bank.add(np.zeros(0, np.int64), frequency_hz=none, decay=none, amplitude=none, pan=none)
    assert not heard(bank, 0.1).any()
