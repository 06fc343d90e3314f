"""A burst is a puff of noise: its colour, its level, its decay and its place are as asked."""

import numpy as np
import pytest
from scipy.signal import welch

from swash_model.dsp.bursts import BurstBank
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples

LEFT, CENTRE, RIGHT = -1.0, 0.0, 1.0
STEADY = 0.01  # 1/s: so slow a decay that a burst is a steady noise


def start(
    bank: BurstBank,
    onset: int = 0,
    *,
    centre_hz: float = 3_000.0,
    resonance: float = 1.0,
    decay: float = 100.0,
    amplitude: float = 1.0,
    pan: float = LEFT,
    key: float = 0.5,
) -> None:
    bank.add(
        np.array([onset]),
        centre_hz=np.array([centre_hz]),
        resonance=resonance,
        decay=decay,
        amplitude=np.array([amplitude]),
        pan=np.array([pan]),
        key=np.array([key]),
    )


def heard(bank: BurstBank, seconds: float, block_frames: int = QUANTUM_FRAMES) -> Samples:
    """Return what a bank sounds, shape (2, frames), in blocks of some size."""
    out = np.zeros((2, round(seconds * SAMPLE_RATE)))
    for at in range(0, out.shape[1], block_frames):
        bank.sound(out[:, at : at + block_frames])
    return out


def one(seconds: float = 0.2, **burst: float) -> Samples:
    """Return the left channel of one burst."""
    bank = BurstBank()
    start(bank, **burst)  # type: ignore[arg-type]  # none of them is the onset
    return np.asarray(heard(bank, seconds)[0])


@pytest.mark.parametrize("resonance", [0.7, 3.0, 12.0])
@pytest.mark.parametrize("centre_hz", [300.0, 1_000.0, 2_000.0, 8_000.0, 14_000.0])
def test_a_burst_is_as_loud_as_asked_whatever_its_colour(centre_hz: float, resonance: float) -> None:
    levels = [
        np.square(one(2.0, centre_hz=centre_hz, resonance=resonance, decay=STEADY, amplitude=0.5, key=key)[4_800:])
        for key in (0.1, 0.2, 0.3)
    ]
    assert 10.0 * np.log10(np.mean(levels) / 0.25) == pytest.approx(0.0, abs=1.0)


@pytest.mark.parametrize("resonance", [2.0, 12.0])
@pytest.mark.parametrize("centre_hz", [300.0, 2_000.0, 5_000.0])
def test_a_burst_has_its_colour(centre_hz: float, resonance: float) -> None:
    steady = one(5.0, centre_hz=centre_hz, resonance=resonance, decay=STEADY)
    frequency, power = welch(steady, SAMPLE_RATE, nperseg=4_096)
    band = np.abs(frequency / centre_hz - 1.0) <= 0.5 / resonance
    # Between its two edges, 3 dB down, an ideal band of 12 dB an octave holds half of its power.
    assert power[band].sum() / power.sum() == pytest.approx(0.5, abs=0.15)
    assert frequency[np.argmax(np.convolve(power, np.ones(5), "same"))] == pytest.approx(
        centre_hz, rel=0.6 / resonance, abs=30.0
    )


@pytest.mark.parametrize("decay", [30.0, 200.0])
def test_a_burst_decays_as_asked(decay: float) -> None:
    sounds = [one(0.1, decay=decay, key=number / 400) for number in range(400)]
    power = np.mean(np.square(sounds), axis=0).reshape(-1, 240).mean(axis=1)  # every 5 ms
    heard_for = min(len(power), int(4.0 / decay / 0.005))
    slope, _ = np.polyfit(np.arange(1, heard_for) * 0.005, np.log(power[1:heard_for]), 1)
    assert slope == pytest.approx(-2.0 * decay, rel=0.05)


def test_a_burst_ends() -> None:
    sound = one(1.0, decay=100.0)
    assert np.abs(sound[4_800:]).max() < 1e-3
    assert not sound[24_000:].any()


@pytest.mark.parametrize("onset", [0, 1, 17, 479, 480, 1_000])
def test_a_burst_begins_on_its_frame(onset: int) -> None:
    late, at_once = BurstBank(), BurstBank()
    start(late, onset)
    start(at_once)
    sound = heard(late, 0.1)
    assert not sound[:, :onset].any()
    assert sound[0, onset] != 0.0
    np.testing.assert_array_equal(sound[:, onset:], heard(at_once, 0.1)[:, : 4_800 - onset])


@pytest.mark.parametrize("block_frames", [1, 7, 480, 4_096])
def test_blocks_of_any_size_give_the_same_burst(block_frames: int) -> None:
    whole, parted = BurstBank(), BurstBank()
    for bank in (whole, parted):
        start(bank, 11, pan=0.3, resonance=8.0)
        start(bank, 700, pan=-0.3)
    np.testing.assert_array_equal(heard(parted, 0.3, block_frames), heard(whole, 0.3, SAMPLE_RATE))


@pytest.mark.parametrize("pan", [LEFT, -0.4, CENTRE, 0.7, RIGHT])
def test_a_burst_has_equal_power_wherever_it_stands(pan: float) -> None:
    bank = BurstBank()
    start(bank, pan=pan)
    left, right = heard(bank, 0.1)
    np.testing.assert_allclose(np.hypot(left, right), np.abs(one(0.1)), atol=1e-12)
    assert np.arctan2(np.abs(right).max(), np.abs(left).max()) == pytest.approx((pan + 1.0) * np.pi / 4.0)


def test_a_key_is_a_noise_of_its_own() -> None:
    sounds = np.array([one(2.0, decay=STEADY, resonance=0.7, key=key) for key in (0.0, 0.1, 0.1 + 1e-9, 0.9)])
    assert np.abs(np.corrcoef(sounds) - np.eye(4)).max() < 0.03
    np.testing.assert_array_equal(one(key=0.3), one(key=0.3))


def test_each_burst_of_many_has_its_own_settings() -> None:
    rng = np.random.default_rng(1)
    count = 20
    onsets = rng.integers(0, 1_000, count)
    bursts = {
        "centre_hz": rng.uniform(100.0, 9_000.0, count),
        "resonance": rng.uniform(0.5, 10.0, count),
        "decay": rng.uniform(50.0, 900.0, count),
        "amplitude": rng.uniform(0.0, 1.0, count),
        "pan": rng.uniform(-1.0, 1.0, count),
        "key": rng.uniform(size=count),
    }
    together, total = BurstBank(), np.zeros((2, 24_000))
    together.add(onsets, **bursts)
    for burst in range(count):
        alone, own = BurstBank(), slice(burst, burst + 1)
        alone.add(onsets[own], **{name: values[own] for name, values in bursts.items()})
        total += heard(alone, 0.5)
    np.testing.assert_allclose(heard(together, 0.5), total, atol=1e-12)


def test_what_does_not_fit_is_dropped_and_the_rest_is_as_it_was() -> None:
    full, roomy = BurstBank(capacity=3), BurstBank()
    for number in range(8):
        start(full, key=number / 10)
        if number < 3:
            start(roomy, key=number / 10)
    np.testing.assert_array_equal(heard(full, 0.5), heard(roomy, 0.5))
    start(full)
    assert np.abs(heard(full, 0.1)).max() > 0.1  # there is room again


@pytest.mark.parametrize("centre_hz", [0.0, 90_000.0])
def test_a_colour_out_of_hearing_stays_finite(centre_hz: float) -> None:
    sound = one(0.5, centre_hz=centre_hz, decay=5.0)
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() < 10.0


def test_no_bursts_are_silence() -> None:
    bank, none = BurstBank(), np.zeros(0)
    bank.add(np.zeros(0, np.int64), centre_hz=none, resonance=1.0, decay=none, amplitude=none, pan=none, key=none)
    assert not heard(bank, 0.1).any()
