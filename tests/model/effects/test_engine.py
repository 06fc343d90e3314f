"""An engine fires at its rate, pulls when it is loaded, and tells petrol from diesel from electricity."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import butter, sosfilt

from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Timeline
from swash_model.procedural.controls import Controls
from swash_model.procedural.effects.engine import ENGINE
from swash_model.spec import Block, Value
from tests.hearing import band_level_db, centroid_hz, correlation, crest_db, level_db, lufs, mono, pcm16, sound_of
from tests.model.effects.test_every_effect import performed

STEADY: dict[str, Value] = {"roughness": 0.0}


def lines(sound: Block, base_hz: float, count: int) -> npt.NDArray[np.float64]:
    """Return the level of the first multiples of a rate against the strongest, dB, shape (count,)."""
    samples = mono(sound) * np.hanning(len(sound))
    amplitude = np.abs(np.fft.rfft(samples))
    hz = np.arange(len(amplitude)) * SAMPLE_RATE / len(samples)
    near = [np.abs(hz - base_hz * number) < 0.3 * base_hz for number in range(1, count + 1)]
    return np.asarray([20.0 * np.log10(amplitude[each].max() / amplitude.max()) for each in near])


def strongest_hz(samples: npt.NDArray[np.float64], low_hz: float, high_hz: float) -> float:
    amplitude = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 8 * len(samples)))
    hz = np.arange(len(amplitude)) * SAMPLE_RATE / (8 * len(samples))
    band = (hz > low_hz) & (hz < high_hz)
    return float(hz[band][np.argmax(amplitude[band])])


def unevenness_db(sound: Block) -> float:
    """Return how much the peaks of firings differ, dB: the spread of the loudest moment of every 60 ms."""
    windows = np.abs(mono(sound)[: len(sound) // 2880 * 2880]).reshape(-1, 2880).max(axis=1)
    return float(np.std(20.0 * np.log10(windows)))


@pytest.mark.parametrize(("rpm", "cylinders"), [(3000.0, 4.0), (5000.0, 6.0), (6000.0, 3.0)])
def test_it_fires_once_a_cylinder_in_two_turns(rpm: float, cylinders: float) -> None:
    sound = sound_of("engine", {**STEADY, "rpm": rpm, "cylinders": cylinders}, duration_s=4.0, loop=True)
    firing_hz = rpm / 120.0 * cylinders
    levels = lines(sound, firing_hz / cylinders, round(4 * cylinders))
    assert levels[round(cylinders) - 1 :: round(cylinders)].max() == pytest.approx(0.0, abs=0.1)


def test_the_pitch_follows_rpm_without_a_step() -> None:
    controls = Controls(ENGINE, ENGINE.resolved({"kind": "electric", "rpm": 1500.0, "load": 0.8}))
    assert ENGINE.endless
    voice = ENGINE.endless.voice(Timeline(1, 1), controls.step())
    blocks = []
    for quantum in range(300):
        if quantum == 50:
            controls.set("rpm", 6000.0, 2.0)
        blocks.append(voice.block(quantum * QUANTUM_FRAMES, controls.step())[0])
    sound = np.concatenate(blocks)
    # The eighth order: forces of eight poles. It rises with every tenth of a second and never jumps.
    heard, expected_hz = [], 200.0
    for start in range(0, len(sound) - 4800, 4800):
        expected_hz = strongest_hz(sound[start : start + 4800], 0.95 * expected_hz, 1.09 * expected_hz)
        heard.append(expected_hz)
    assert heard[2] == pytest.approx(200.0, rel=0.03)
    assert heard[-1] == pytest.approx(800.0, rel=0.03)
    rises = np.diff(heard[6:25])
    assert (rises > 0.0).all()
    assert rises.max() < 120.0


def test_more_rpm_is_louder_and_brighter() -> None:
    sounds = [sound_of("engine", {"rpm": rpm}, duration_s=1.5) for rpm in (700.0, 1500.0, 3000.0, 6000.0)]
    assert all(louder > softer + 0.5 for softer, louder in pairwise([lufs(sound) for sound in sounds]))
    assert centroid_hz(sounds[-1]) > 1.5 * centroid_hz(sounds[0])


@pytest.mark.parametrize("kind", ["petrol", "diesel", "electric"])
def test_more_load_is_louder(kind: str) -> None:
    loudness = [
        lufs(sound_of("engine", {"kind": kind, "load": load, "rpm": 2500.0}, duration_s=1.5))
        for load in (0.0, 0.33, 0.66, 1.0)
    ]
    assert all(louder > softer + 1.0 for softer, louder in pairwise(loudness))


def test_an_open_exhaust_lets_the_middle_through() -> None:
    sounds = [sound_of("engine", {"exhaust": exhaust}, duration_s=1.5) for exhaust in (0.0, 0.33, 0.66, 1.0)]
    middles = [level_db(sound) + band_level_db(sound, 700.0, 3000.0) for sound in sounds]
    assert all(brighter > duller + 1.5 for duller, brighter in pairwise(middles))


def test_a_larger_engine_is_lower() -> None:
    centroids = []
    for size in (0.0, 0.4, 0.8):
        sound = sound_of("engine", {"size": size, "mechanical": 0.0}, duration_s=1.5)
        centroids.append(centroid_hz(sound))
    assert all(larger < 0.8 * smaller for smaller, larger in pairwise(centroids))


def test_a_rough_engine_fires_unevenly() -> None:
    sounds = [sound_of("engine", {"roughness": rough, "rpm": 900.0}, duration_s=4.0) for rough in (0.0, 0.5, 1.0)]
    assert all(
        rougher > 1.2 * smoother for smoother, rougher in pairwise([unevenness_db(each) for each in sounds])
    )


def test_a_diesel_knocks_where_petrol_hums() -> None:
    petrol, diesel = (
        sound_of("engine", {"kind": kind, "rpm": 800.0}, duration_s=4.0) for kind in ("petrol", "diesel")
    )
    assert band_level_db(diesel, 1200.0, 5000.0) > band_level_db(petrol, 1200.0, 5000.0) + 3.0
    knocks = sosfilt(butter(2, (1200.0, 5000.0), "bandpass", fs=SAMPLE_RATE, output="sos"), mono(diesel))
    assert crest_db(knocks.astype(np.float32)) > 14.0  # single blows, not a hiss


def test_a_v8_burbles_below_its_firing_rate() -> None:
    sound = sound_of("engine/sports_car", {"rpm": 4800.0}, duration_s=2.0)
    levels = lines(sound, 40.0, 8)
    assert levels[:7].max() > -20.0  # half orders: its banks never fire evenly
    six = sound_of("engine/sports_car", {"rpm": 4800.0, "cylinders": 6.0}, duration_s=2.0)
    assert lines(six, 40.0, 6)[:5].max() < levels[:7].max()


def test_each_engine_has_a_body_of_its_own_that_stays() -> None:
    def colour(object_seed: int, seed: int) -> npt.NDArray[np.float64]:
        sound = sound_of("engine/car", seed=seed, object_seed=object_seed, duration_s=4.0)
        return np.array([band_level_db(sound, hz, 1.26 * hz) for hz in 100.0 * 1.26 ** np.arange(10)])

    one, again, other = colour(1, 1), colour(1, 2), colour(2, 1)
    assert np.abs(one - again).max() < 0.5 * np.abs(one - other).max()


def test_an_idle_hunts_and_never_repeats() -> None:
    sound = mono(sound_of("engine/car_idle", duration_s=6.0))
    assert correlation(sound[: 2 * SAMPLE_RATE], sound[2 * SAMPLE_RATE : 4 * SAMPLE_RATE]) < 0.5


@pytest.mark.parametrize("preset", ["truck", "electric_car"])
def test_other_kinds_close_their_loops_too(preset: str) -> None:
    assert ENGINE.endless
    frames = 401 * QUANTUM_FRAMES
    controls = Controls(ENGINE, ENGINE.resolved(ENGINE.preset(preset).parameters))
    sound = performed(ENGINE.endless, controls, 4 * frames / SAMPLE_RATE, loop_frames=frames)
    np.testing.assert_array_equal(pcm16(sound[:, 2 * frames : 3 * frames]), pcm16(sound[:, 3 * frames :]))
