"""Cloth rustles in strokes, each fabric in its own register, and flaps as the wind and its size have it."""

import numpy as np
import pytest
from scipy.signal import butter, find_peaks, sosfilt

from swash_model.dsp.loudness import momentary_lufs
from swash_model.dsp.timeline import SAMPLE_RATE, Samples
from swash_model.procedural.effects.cloth import CLOTH, FABRICS, flaps_hz
from swash_model.spec import Block, Value
from tests.hearing import band_level_db, centroid_hz, level_db, lufs, mono, sound_of

TIMES = range(1, 6)  # no two movements are alike


def several(parameters: dict[str, Value]) -> list[Block]:
    return [sound_of("cloth", parameters, seed=seed) for seed in TIMES]


def mean_centroid_hz(parameters: dict[str, Value]) -> float:
    return float(np.mean([centroid_hz(sound) for sound in several(parameters)]))


def envelope(samples: Samples, low_hz: float, high_hz: float) -> Samples:
    """Return the RMS level of a band each 5 ms."""
    band = sosfilt(butter(2, (low_hz, high_hz), "bandpass", fs=SAMPLE_RATE, output="sos"), samples)
    return np.asarray(np.sqrt(np.square(band[: len(band) // 240 * 240]).reshape(-1, 240).mean(axis=1)))


def flaps(sound: Block) -> int:
    """Return how many thumps of air there are."""
    level = envelope(mono(sound), 40.0, 250.0)
    level = np.convolve(level, np.hanning(14) / 6.5, mode="same")
    peaks, _ = find_peaks(np.pad(level, 1), prominence=0.1 * np.percentile(level, 99), distance=10)
    return len(peaks)


def test_a_rustle_is_a_few_strokes_not_a_hiss() -> None:
    for sound in several({"duration_s": 1.0}):
        level = envelope(mono(sound), 700.0, 8000.0)
        level = np.convolve(level, np.ones(6) / 6.0, mode="same")[:160]
        peaks, _ = find_peaks(level, prominence=0.15 * level.max())
        assert 2 <= len(peaks) <= 20
        assert level.max() > 2.0 * np.median(level)


def test_fabrics_lie_in_order_from_wool_to_silk() -> None:
    wool, canvas, cotton, silk = (
        mean_centroid_hz({"fabric": fabric, "crispness": 0.0}) for fabric in ("wool", "canvas", "cotton", "silk")
    )
    assert wool < canvas < cotton < silk
    assert silk > 2.0 * wool


def test_fabrics_are_about_equally_loud() -> None:
    loud = [
        np.mean([momentary_lufs(sound, SAMPLE_RATE) for sound in several({"fabric": fabric})])
        for fabric in FABRICS
    ]
    assert np.ptp(loud) < 6.0


def test_more_energy_is_louder_and_brighter() -> None:
    energies = (0.0, 0.5, 1.0)
    sounds = [several({"energy": energy}) for energy in energies]
    loud = [np.mean([momentary_lufs(sound, SAMPLE_RATE) for sound in each]) for each in sounds]
    bright = [np.mean([centroid_hz(sound) for sound in each]) for each in sounds]
    assert (np.diff(loud) > 4.0).all()
    assert (np.diff(bright) > 0.0).all()


def test_a_larger_piece_is_lower() -> None:
    heard = [mean_centroid_hz({"size_m": size_m}) for size_m in (0.3, 1.2, 5.0)]
    assert heard == sorted(heard, reverse=True)
    assert heard[0] > 1.3 * heard[-1]


def test_crisp_cloth_crackles() -> None:
    def sharp(crispness: float) -> float:
        """Return how far single crackles stand above the rustle: the kurtosis above 3 kHz."""
        values = []
        for sound in several({"fabric": "nylon", "crispness": crispness, "energy": 0.3}):
            high = sosfilt(butter(4, 3000.0, "highpass", fs=SAMPLE_RATE, output="sos"), mono(sound))
            values.append(np.mean(high**4) / np.mean(high**2) ** 2)
        return float(np.median(values))

    soft, some, crisp = sharp(0.0), sharp(0.5), sharp(1.0)
    assert soft < some < crisp


def test_a_movement_takes_as_long_as_it_is_told() -> None:
    for duration_s in (0.15, 0.6, 2.0):
        lasts_s = len(sound_of("cloth", {"duration_s": duration_s})) / SAMPLE_RATE
        assert 0.7 * duration_s < lasts_s <= duration_s + 0.01


@pytest.mark.parametrize(("wind_m_s", "size_m"), [(4.0, 1.2), (8.0, 1.2), (9.0, 4.0)])
def test_a_flag_flaps_as_often_as_wind_and_size_have_it(wind_m_s: float, size_m: float) -> None:
    parameters: dict[str, Value] = {"wind_m_s": wind_m_s, "size_m": size_m, "fabric": "canvas", "crispness": 0.0}
    heard = flaps(sound_of("cloth", parameters, duration_s=10.0))
    assert heard == pytest.approx(10.0 * flaps_hz(wind_m_s, size_m), rel=0.35)


def test_flaps_are_neither_a_machine_nor_all_alike() -> None:
    flag = mono(sound_of("cloth", {"fabric": "canvas", "size_m": 4.0, "crispness": 0.0}, duration_s=20.0))
    level = envelope(flag, 40.0, 250.0)
    peaks, found = find_peaks(level, prominence=0.15 * level.max(), distance=20)
    assert np.diff(peaks).std() > 0.1 * np.diff(peaks).mean()
    assert found["prominences"].max() > 2.0 * found["prominences"].min()


def test_more_wind_is_louder_and_busier() -> None:
    sounds = [sound_of("cloth", {"wind_m_s": wind}, duration_s=10.0) for wind in (2.0, 6.0, 12.0, 25.0)]
    assert (np.diff([lufs(sound) for sound in sounds]) > 1.0).all()


def test_between_two_flaps_it_is_never_quite_still() -> None:
    for name in ("flag", "sail", "tent"):
        sound = mono(sound_of(f"cloth/{name}", duration_s=8.0))
        windows = sound[: len(sound) // 9600 * 9600].reshape(-1, 9600)
        assert min(level_db(window) for window in windows) > level_db(sound) - 35.0


def test_a_sail_is_deeper_than_a_flag() -> None:
    sail, flag = (sound_of(f"cloth/{name}", duration_s=8.0) for name in ("sail", "flag"))
    assert centroid_hz(sail) < 0.7 * centroid_hz(flag)
    assert band_level_db(sail, 30.0, 250.0) > band_level_db(flag, 30.0, 250.0)


def test_leather_is_leather() -> None:
    assert CLOTH.ucs_of(CLOTH.resolved({"fabric": "leather"})) == "LETHRMvmt"
    assert CLOTH.ucs_of(CLOTH.resolved({"fabric": "cotton"})) == "CLOTHMvmt"
