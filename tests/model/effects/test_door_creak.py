"""A creak is slip after slip: their rate is the pitch, and what they shake is the colour."""

import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import butter, sosfilt

from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.spec import Block, Value
from tests.hearing import (
    band_level_db,
    centroid_hz,
    correlation,
    level_db,
    lufs,
    mono,
    onset_s,
    sound_of,
    spectrum,
)

STEADY: dict[str, Value] = {"irregularity": 0.0}
SEEDS = range(1, 4)


def creaking(parameters: dict[str, Value], seconds: float = 3.0) -> Block:
    """Return an endless creak at an even speed."""
    return sound_of("door_creak", {**STEADY, **parameters}, duration_s=seconds, loop=True)


def again(sound: Block) -> npt.NDArray[np.float64]:
    """Return how like itself the beat of the slips is after each delay in frames, against at once."""
    bright = np.abs(sosfilt(butter(2, 1000.0, "highpass", fs=SAMPLE_RATE, output="sos"), mono(sound)))
    beat = sosfilt(butter(2, (20.0, 800.0), "bandpass", fs=SAMPLE_RATE, output="sos"), bright)[SAMPLE_RATE // 2 :]
    likeness = np.fft.irfft(np.abs(np.fft.rfft(beat, 2 * len(beat))) ** 2)
    return np.asarray(likeness / likeness[0])


def slips_a_second(sound: Block) -> float:
    likeness = again(sound)
    first = int(np.argmax(likeness < 0.0))
    return SAMPLE_RATE / (first + int(likeness[first:2400].argmax()))


def test_a_faster_hinge_slips_more_often() -> None:
    rates = [
        slips_a_second(creaking({"speed": speed, "tension": 1.0, "rust": 0.0})) for speed in (0.15, 0.25, 0.35)
    ]
    assert rates == sorted(rates)
    assert rates[-1] > 2.0 * rates[0]


def test_a_faster_hinge_is_louder() -> None:
    levels = [lufs(creaking({"speed": speed})) for speed in (0.1, 0.3, 0.6, 1.0)]
    assert (np.diff(levels) > 1.0).all()


def test_what_stands_still_is_silent() -> None:
    assert level_db(creaking({"speed": 0.0}, 2.0)) < -80.0


def test_tension_makes_it_louder_and_brighter() -> None:
    sounds = [creaking({"tension": tension}) for tension in (0.0, 0.33, 0.67, 1.0)]
    assert (np.diff([centroid_hz(sound) for sound in sounds]) > 50.0).all()
    assert lufs(sounds[-1]) > lufs(sounds[0]) + 3.0


def test_what_is_tense_sings_and_what_is_slack_rattles() -> None:
    slack, tense = (again(creaking({"tension": t, "speed": 0.5, "rust": 0.0}))[144:960].max() for t in (0.0, 1.0))
    assert tense > 2.0 * slack  # the same comes back 3 to 20 ms later


def test_rusted_iron_is_brighter_than_wooden_pins() -> None:
    centroids = [
        np.mean([centroid_hz(sound_of("door_creak", {"rust": r}, seed=s, object_seed=s)) for s in SEEDS])
        for r in (0.0, 0.5, 1.0)
    ]
    assert centroids == sorted(centroids)
    assert centroids[-1] > 1.8 * centroids[0]


def test_a_cupboard_is_higher_than_a_dungeon_door() -> None:
    assert centroid_hz(sound_of("door_creak/cupboard")) > 1.5 * centroid_hz(sound_of("door_creak/dungeon_door"))
    assert band_level_db(sound_of("door_creak/ship_timbers"), 60.0, 700.0) > -6.0


def test_one_swing_lasts_as_long_as_asked_and_begins_with_a_crack() -> None:
    for duration_s in (0.5, 2.0, 4.0):
        sound = sound_of("door_creak", {"duration_s": duration_s})
        assert len(sound) / SAMPLE_RATE == pytest.approx(duration_s, abs=0.3)
        assert onset_s(sound) <= 0.002


def test_a_door_keeps_its_wood_and_every_swing_is_another() -> None:
    def colour(seed: int, object_seed: int) -> npt.NDArray[np.float64]:
        _, power = spectrum(sound_of("door_creak", STEADY, seed=seed, object_seed=object_seed))
        level = np.log10(power + 1e-12)[17:680]  # 100 Hz to 4 kHz
        return np.asarray(level - np.convolve(level, np.ones(61) / 61.0, mode="same"))[30:-30]

    first, same, other = colour(1, 1), colour(2, 1), colour(1, 2)
    assert correlation(first, same) > correlation(first, other) + 0.3
    assert correlation(*(mono(sound_of("door_creak", seed=seed)) for seed in (1, 2))) < 0.3
