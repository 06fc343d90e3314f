"""A tone has the pitch, the shape and the place that were asked, and ends."""

import numpy as np
import pytest
from scipy.signal import find_peaks

from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples
from swash_model.dsp.tones import PARTIALS, ToneBank, Tones

ONE = np.ones(1)


def tone(life_s: float = 0.2, hz: tuple[float, float, float] = (1000.0, 1000.0, 1000.0), **more: float) -> Tones:
    partials = np.array([1.0]) if "second" not in more else np.array([1.0, more.pop("second")])
    shape = {"attack_s": 0.01, "release_s": 0.01, **more}
    return Tones(life_s=life_s * ONE, hz=np.array([hz]), level=ONE, partials=partials, **shape)


def heard(
    tones: Tones, onset: int = 0, pan: float = -1.0, seconds: float = 0.5, block: int = QUANTUM_FRAMES
) -> Samples:
    bank = ToneBank()
    bank.add(np.full(len(tones.life_s), onset), tones, pan=pan, key=np.full(len(tones.life_s), 0.3))
    out = np.zeros((2, round(seconds * SAMPLE_RATE)))
    for at in range(0, out.shape[1], block):
        bank.sound(out[:, at : at + block])
    return out


def pitch_hz(samples: Samples) -> float:
    """Return the rate of upward crossings of nought."""
    crossings = np.flatnonzero((samples[:-1] < 0.0) & (samples[1:] >= 0.0))
    return float((len(crossings) - 1) / (crossings[-1] - crossings[0]) * SAMPLE_RATE)


def test_a_tone_bends_through_its_three_pitches() -> None:
    sound = heard(tone(0.3, (1000.0, 2000.0, 500.0)))[0]
    at = [pitch_hz(sound[frame - 240 : frame + 240]) for frame in (480, 7200, 13_900)]
    np.testing.assert_allclose(at, [1000.0, 2000.0, 500.0], rtol=0.2)


def test_a_tone_rises_and_falls_as_long_as_asked() -> None:
    sound = heard(tone(0.2, attack_s=0.05, release_s=0.1))[0]
    level = np.abs(sound[: 9600 // 48 * 48]).reshape(-1, 48).max(axis=1)  # every ms
    assert level[25] == pytest.approx(0.5, abs=0.05)
    assert level[60:95].min() > 0.98
    assert level[149] == pytest.approx(0.5, abs=0.05)
    assert np.abs(sound[9600:]).max() == 0.0


def test_a_full_tremolo_is_a_train_of_pulses() -> None:
    sound = heard(tone(0.2, tremolo_hz=40.0, tremolo=1.0, attack_s=0.0, release_s=0.0, hz=(4000.0,) * 3))[0]
    level = np.abs(sound[:9600]).reshape(-1, 24).max(axis=1)
    assert len(find_peaks(level, prominence=0.5)[0]) == 8
    assert np.abs(sound[:8]).max() < 0.01  # it begins at the bottom


def test_a_vibrato_swings_to_both_sides() -> None:
    sound = heard(tone(0.4, hz=(2000.0,) * 3, vibrato_hz=5.0, vibrato=0.5))[0]
    high, low = (pitch_hz(sound[frame - 200 : frame + 200]) for frame in (2400, 7200))
    assert high == pytest.approx(2000.0 * 2**0.5, rel=0.05)
    assert low == pytest.approx(2000.0 / 2**0.5, rel=0.05)


def test_a_rough_voice_is_noisy_between_its_partials() -> None:
    def between_db(rough: float) -> float:
        power = np.abs(np.fft.rfft(heard(tone(0.5, rough=rough, second=0.5))[0] * np.hanning(24_000))) ** 2
        on = np.zeros(len(power), bool)
        for centre in (500, 1000):  # bins of 2 Hz
            on[centre - 10 : centre + 10] = True
        return float(10.0 * np.log10(power[~on].sum() / power.sum()))

    assert between_db(0.0) < -60.0
    assert between_db(0.1) < between_db(0.4) < between_db(1.0)
    assert between_db(1.0) > -12.0


def test_partials_stand_at_multiples_and_none_folds_back() -> None:
    sound = heard(tone(0.5, hz=(9000.0,) * 3, second=0.5))[0]
    power = np.abs(np.fft.rfft(sound)) ** 2
    assert np.sqrt(power[9000] / power[4500]) == pytest.approx(0.5, abs=0.02)
    shrill = heard(tone(0.5, hz=(11_000.0,) * 3, second=0.5))[0]
    power = np.abs(np.fft.rfft(shrill * np.hanning(24_000))) ** 2
    assert power[5520:].sum() + power[:5480].sum() < 1e-6 * power.sum()


@pytest.mark.parametrize(("onset", "block"), [(7, 1), (0, 7), (7, 480), (480, 7), (480, 480), (1000, 480)])
def test_blocks_of_any_size_give_the_same_tone(onset: int, block: int) -> None:
    chirp = tone(
        0.1, (3000.0, 4000.0, 2000.0), rough=0.5, tremolo_hz=60.0, tremolo=0.7, vibrato_hz=30.0, vibrato=0.1
    )
    whole = heard(chirp, onset, pan=0.2, seconds=0.2, block=9600)
    np.testing.assert_allclose(heard(chirp, onset, pan=0.2, seconds=0.2, block=block), whole, atol=1e-12)
    assert not whole[:, :onset].any()


@pytest.mark.parametrize("pan", [-1.0, -0.3, 0.0, 1.0])
def test_a_tone_has_equal_power_wherever_it_stands(pan: float) -> None:
    left, right = heard(tone(), pan=pan)
    np.testing.assert_allclose(np.hypot(left, right), np.abs(heard(tone())[0]), atol=1e-12)


def test_what_does_not_fit_is_dropped_and_it_falls_silent() -> None:
    bank, many = ToneBank(capacity=2), 5
    assert bank.silent
    tones = Tones(
        life_s=np.full(many, 0.05),
        hz=np.full((many, 3), 440.0),
        level=np.ones(many),
        attack_s=0.01,
        release_s=0.01,
        partials=np.ones((many, PARTIALS)),
    )
    bank.add(np.zeros(many, np.int64), tones, pan=np.linspace(-1.0, 1.0, many), key=np.linspace(0.0, 0.9, many))
    assert not bank.silent
    out = np.zeros((2, 4800))
    bank.sound(out)
    assert bank.silent
    assert np.abs(out).max() > 0.5
