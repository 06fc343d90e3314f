"""A door tells what is done to it, what it is made of, and how hard somebody means it."""

import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import find_peaks

from swash_model.dsp.loudness import momentary_lufs
from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.procedural.effects.door import DOOR
from swash_model.spec import Block, Value
from tests.hearing import (
    band_level_db,
    centroid_hz,
    correlation,
    level_db,
    mono,
    octave_levels_db,
    onset_s,
    sound_of,
)

SEEDS = range(1, 4)
ACTIONS = ("open", "close", "slam", "latch", "knock")


def several(parameters: dict[str, Value]) -> list[Block]:
    return [sound_of("door", parameters, seed=seed, object_seed=seed) for seed in SEEDS]


def mean_lufs(parameters: dict[str, Value]) -> float:
    return float(np.mean([momentary_lufs(sound, SAMPLE_RATE) for sound in several(parameters)]))


def levels_db(sound: Block) -> npt.NDArray[np.float64]:
    """Return the level of each 10 ms."""
    windows = mono(sound)[: len(sound) // 480 * 480].reshape(-1, 480)
    return np.array([level_db(window) for window in windows])


@pytest.mark.parametrize("action", ACTIONS)
def test_whatever_is_done_begins_at_once(action: str) -> None:
    for creak in (0.0, 0.3):
        assert onset_s(sound_of("door", {"action": action, "creak": creak, "latch": 0.3})) <= 0.002


@pytest.mark.parametrize("knocks", [1, 3, 5])
def test_somebody_knocks_as_often_as_asked_and_never_by_the_clock(knocks: int) -> None:
    sound = sound_of("door", {"action": "knock", "knocks": float(knocks), "rattle": 0.0})
    peaks, _ = find_peaks(np.pad(levels_db(sound), 1, constant_values=-90.0), prominence=12.0)
    assert len(peaks) == knocks
    if knocks > 2:
        pauses = np.diff(peaks)
        assert pauses.std() > 0.0
        assert pauses.min() > 8  # hundredths of a second


@pytest.mark.parametrize("action", ["open", "close", "slam", "knock"])
def test_more_force_is_louder(action: str) -> None:
    loudness = [mean_lufs({"action": action, "force": force, "creak": 0.0}) for force in (0.0, 0.5, 1.0)]
    assert loudness == sorted(loudness)
    assert loudness[-1] > loudness[0] + 2.0


def test_a_slam_is_louder_and_lower_than_a_close() -> None:
    assert mean_lufs({"action": "slam"}) > mean_lufs({"action": "close"}) + 1.0
    slam, close = (
        np.mean([band_level_db(s, 20.0, 90.0) for s in several({"action": a})]) for a in ("slam", "close")
    )
    assert slam > close + 1.0


def test_a_thud_is_a_low_body_with_an_edge() -> None:
    for sound in several({"action": "slam"}):
        octaves = octave_levels_db(sound)
        assert max(octaves, key=lambda octave: octaves[octave]) <= 250.0
        assert octaves[4000.0] > -26.0


def test_larger_doors_are_lower() -> None:
    centroids = [
        np.mean([centroid_hz(s) for s in several({"action": "slam", "size_m": m})]) for m in (0.4, 1.0, 2.0, 5.0)
    ]
    assert centroids == sorted(centroids, reverse=True)


def test_a_closing_door_turns_before_it_meets_its_frame() -> None:
    level = levels_db(sound_of("door", {"action": "close", "creak": 0.6}))
    hit = int(level.argmax())
    assert 20 < hit < 100
    assert level[hit - 12 : hit - 3].mean() > level[hit] - 45.0  # the hinges are heard
    assert level[hit + 15 : hit + 20].mean() < level[hit] - 15.0


def test_a_heavier_lock_brings_more_clacks() -> None:
    def clacks(latch: float) -> int:
        sound = sound_of("door", {"action": "close", "latch": latch, "creak": 0.0, "rattle": 0.0})
        level = levels_db(sound)
        peaks, _ = find_peaks(np.pad(level, 1, constant_values=-90.0), prominence=6.0, height=level.max() - 35.0)
        return len(peaks)

    assert clacks(1.0) > clacks(0.3)


def test_hinges_complain_only_when_they_are_dry() -> None:
    oiled, dry = (sound_of("door", {"action": "open", "creak": creak}) for creak in (0.0, 1.0))
    swinging = slice(round(0.5 * SAMPLE_RATE), round(1.0 * SAMPLE_RATE))
    assert level_db(dry[swinging]) > level_db(oiled[swinging]) + 20.0


def ringing_s(sound: Block) -> float:
    """Return the time from 5 to 25 dB below the whole, by Schroeder's integral."""
    energy = np.cumsum(np.square(mono(sound))[::-1])[::-1]
    fallen_db = 10.0 * np.log10(energy / energy[0] + 1e-20)
    return float(np.argmax(fallen_db < -25.0) - np.argmax(fallen_db < -5.0)) / SAMPLE_RATE


def test_metal_rings_longer_than_wood() -> None:
    bare: dict[str, Value] = {"action": "slam", "latch": 0.0, "rattle": 0.0}
    wood, metal = (
        np.mean([ringing_s(s) for s in several({**bare, "material": material})]) for material in ("wood", "metal")
    )
    assert metal > 1.2 * wood


def test_every_time_is_another_time_but_the_door_stays_itself() -> None:
    knocks = [mono(sound_of("door", {"action": "knock", "knocks": 1.0}, seed=seed)) for seed in (1, 2)]
    other = mono(sound_of("door", {"action": "knock", "knocks": 1.0}, seed=1, object_seed=2))
    assert not np.array_equal(knocks[0][:2400], knocks[1][:2400])
    spectra = [np.abs(np.fft.rfft(knock[:9600], 9600))[10:200] for knock in (*knocks, other)]
    assert correlation(spectra[0], spectra[1]) > correlation(spectra[0], spectra[2])


def test_actions_and_materials_have_their_category() -> None:
    categories = {action: DOOR.ucs_of(DOOR.resolved({"action": action})) for action in ACTIONS}
    assert categories["knock"] == "DOORKnck"
    assert categories["latch"] == "DOORHdwr"
    assert DOOR.ucs_of(DOOR.resolved({"action": "slam", "material": "metal"})) == "DOORPrisn"
