from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import butter, chirp, sosfilt, square

from swash_model.dsp.limiter import Limiter
from swash_model.dsp.loudness import true_peak_dbtp
from swash_model.spec import Block

SAMPLE_RATES = [8_000, 22_050, 44_100, 48_000, 96_000]
TOLERANCE_DB = 0.1

Signal = Callable[[npt.NDArray[np.float64], int], npt.NDArray[np.float64]]


def noise(t: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.random.default_rng(len(t)).standard_normal(len(t))


SIGNALS: dict[str, Signal] = {
    "white noise": lambda t, _: 0.5 * noise(t),
    "white noise far over": lambda t, _: 4.0 * noise(t),
    "rumble": lambda t, rate: 30.0 * np.asarray(sosfilt(butter(2, 100.0, fs=rate, output="sos"), noise(t))),
    "hiss": lambda t, rate: (
        3.0 * np.asarray(sosfilt(butter(4, 0.4 * rate, "high", fs=rate, output="sos"), noise(t)))
    ),
    "peaks between samples": lambda t, rate: 1.3 * np.sin(2 * np.pi * t * rate / 4 + np.pi / 4),
    "square": lambda t, _: 3.0 * square(2 * np.pi * 997.0 * t),
    "slow square": lambda t, _: 3.0 * square(2 * np.pi * 50.3 * t),
    "clicks": lambda t, _: np.where(np.arange(len(t)) % 479 == 0, 4.0, 0.0),
    "bursts": lambda t, _: 3.0 * noise(t) * (np.sin(2 * np.pi * 7.0 * t) > 0.9),
    "sweep": lambda t, rate: 2.0 * np.asarray(chirp(t, 20.0, t[-1], 0.49 * rate)),
    "random signs": lambda t, _: np.sign(noise(t)),
    "an explosion": lambda t, _: 5.0 * noise(t) * np.exp(-30.0 * t),
}


def stereo(name: str, sample_rate: int, seconds: float = 1.0) -> Block:
    """Return a signal in both channels, quieter and later in the right one."""
    samples = SIGNALS[name](np.arange(round(seconds * sample_rate)) / sample_rate, sample_rate)
    return np.stack([samples, 0.7 * np.roll(samples, 31)], axis=1).astype(np.float32)


def limited(sound: Block, sample_rate: int, ceiling_dbtp: float = -1.0) -> Block:
    limiter = Limiter(ceiling_dbtp, sample_rate, sound.shape[1])
    return np.concatenate([limiter.process(sound), limiter.flush()])


@pytest.mark.parametrize("sample_rate", SAMPLE_RATES)
@pytest.mark.parametrize("name", SIGNALS)
def test_the_true_peak_stays_under_the_ceiling(name: str, sample_rate: int) -> None:
    sound = limited(stereo(name, sample_rate), sample_rate)
    assert true_peak_dbtp(sound, sample_rate) <= -1.0 + TOLERANCE_DB


@pytest.mark.parametrize("ceiling_dbtp", [-30.0, -6.0, 0.0])
def test_any_ceiling_holds(ceiling_dbtp: float) -> None:
    sound = limited(stereo("white noise", 48_000), 48_000, ceiling_dbtp)
    assert ceiling_dbtp - 0.5 < true_peak_dbtp(sound, 48_000) <= ceiling_dbtp + TOLERANCE_DB


@pytest.mark.parametrize("sample_rate", SAMPLE_RATES)
@pytest.mark.parametrize("name", SIGNALS)
def test_a_sound_under_the_ceiling_is_left_alone_to_the_bit(name: str, sample_rate: int) -> None:
    sound = stereo(name, sample_rate)
    sound *= np.float32(10.0 ** ((-1.05 - true_peak_dbtp(sound, sample_rate)) / 20.0))
    np.testing.assert_array_equal(limited(sound, sample_rate), sound)


@pytest.mark.parametrize("sample_rate", [8_000, 48_000])
def test_blocks_of_any_size_give_the_same_sound(sample_rate: int) -> None:
    sound = stereo("bursts", sample_rate)
    whole = limited(sound, sample_rate)
    rng = np.random.default_rng(3)
    for cuts in ([1, 1, 2, 65, 66, 500], np.sort(rng.integers(0, len(sound), 60)), range(480, len(sound), 480)):
        limiter = Limiter(-1.0, sample_rate, 2)
        blocks = [limiter.process(part) for part in np.split(sound, list(cuts))]
        np.testing.assert_array_equal(np.concatenate([*blocks, limiter.flush()]), whole)


@pytest.mark.parametrize("frames", [0, 1, 50, 82, 83, 1000])
def test_every_length_stays_the_same(frames: int) -> None:
    sound = np.full((frames, 2), 1.5, np.float32)
    assert limited(sound, 48_000).shape == sound.shape


def test_what_is_far_from_a_peak_keeps_its_place_and_its_bits() -> None:
    sound = stereo("white noise", 48_000, 3.0) * np.float32(0.1)
    sound[48_000] = 3.0
    heard = limited(sound, 48_000)
    ahead = Limiter(-1.0, 48_000, 2).look_ahead_frames
    np.testing.assert_array_equal(heard[: 48_000 - ahead], sound[: 48_000 - ahead])
    np.testing.assert_array_equal(heard[96_000:], sound[96_000:])  # and the gain has come back to exactly 1
    assert np.argmax(np.abs(heard[:, 0])) == 48_000


def test_both_channels_are_turned_down_alike() -> None:
    rng = np.random.default_rng(4)
    sound = (rng.standard_normal((48_000, 2)) * [1.0, 0.01]).astype(np.float32)
    gain = limited(sound, 48_000) / sound
    np.testing.assert_allclose(gain[:, 0], gain[:, 1], rtol=1e-5)
    assert gain.min() < 0.5


def test_the_gain_moves_without_steps() -> None:
    sound = np.full((48_000, 1), 0.5, np.float32)
    sound[24_000:24_010] = 4.0
    gain = (limited(sound, 48_000) / sound)[:, 0]
    falling = np.diff(gain[23_000:24_000])
    assert falling.min() > -0.08  # 13 dB over 32 frames, without a corner
    assert np.abs(np.diff(falling)).max() < 0.006
    halfway = 24_010 + round(0.06 * 48_000)  # after the release time 1/e of the fall is left
    assert gain[halfway] == pytest.approx(1.0 - (1.0 - gain.min()) / np.e, abs=0.03)


def test_one_channel_sounds_as_two_equal_ones() -> None:
    sound = stereo("bursts", 48_000)[:, :1]
    both = limited(np.repeat(sound, 2, axis=1), 48_000)
    np.testing.assert_array_equal(both, np.repeat(limited(sound, 48_000), 2, axis=1))
