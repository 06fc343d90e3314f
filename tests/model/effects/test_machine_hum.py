"""A machine hums at its pitch, chops air at its blades' rate, and rattles when it is loose."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, sosfilt

from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.spec import Block, Value
from tests.hearing import band_level_db, centroid_hz, correlation, crest_db, level_db, lufs, mono, sound_of

PURE: dict[str, Value] = {"air": 0.0, "fan": 0.0, "wobble": 0.0}
CALM: dict[str, Value] = {"hum": 0.0, "fan": 0.0}


def power_of(samples: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    return np.arange(len(power)) * SAMPLE_RATE / len(samples), power


def chopping_db(sound: Block, rate_hz: float) -> float:
    """Return how far the level of the air between 300 Hz and 4 kHz moves at a rate, against its mean, dB."""
    air = sosfilt(butter(2, (300.0, 4000.0), "bandpass", fs=SAMPLE_RATE, output="sos"), mono(sound)) ** 2
    turn = np.exp(-2j * np.pi * rate_hz * np.arange(len(air)) / SAMPLE_RATE)
    return 20.0 * float(np.log10(np.abs(np.mean(air * turn)) / np.mean(air)))


def test_the_hum_is_harmonics_of_its_pitch_and_nothing_else() -> None:
    hz, power = power_of(mono(sound_of("machine_hum", {**PURE, "hz": 120.0, "tone": 0.5}, duration_s=3.0)))
    off = np.abs(hz / 120.0 - np.round(hz / 120.0)) * 120.0
    assert power[off < 4.0].sum() > 0.995 * power.sum()
    assert power[(hz > 110.0) & (hz < 130.0)].sum() > 0.02 * power.sum()


def test_a_buzz_is_brighter_than_a_hum() -> None:
    sounds = [sound_of("machine_hum", {**PURE, "tone": tone}, duration_s=2.0) for tone in (0.0, 0.33, 0.66, 1.0)]
    assert all(brighter > 1.15 * duller for duller, brighter in pairwise([centroid_hz(each) for each in sounds]))


def test_each_part_grows_with_its_control() -> None:
    for name, base in (("hum", {"air": 0.0, "fan": 0.0}), ("air", CALM)):
        loudness = [
            lufs(sound_of("machine_hum", {**base, name: value}, duration_s=2.0)) for value in (0.2, 0.5, 1.0)
        ]
        assert all(louder > softer + 3.0 for softer, louder in pairwise(loudness)), name


def test_blades_chop_the_air_at_their_rate() -> None:
    blades: dict[str, Value] = {"hum": 0.0, "air": 1.0, "fan_hz": 12.0}
    chopped = [
        chopping_db(sound_of("machine_hum", {**blades, "fan": fan}, duration_s=3.0), 12.0)
        for fan in (0.0, 0.3, 1.0)
    ]
    assert all(more > less + 3.0 for less, more in pairwise(chopped))


def test_quicker_blades_rush_brighter() -> None:
    air: dict[str, Value] = {"hum": 0.0, "air": 0.8, "fan": 0.3}
    sounds = [sound_of("machine_hum", {**air, "fan_hz": hz}, duration_s=3.0) for hz in (10.0, 50.0, 200.0, 600.0)]
    assert all(brighter > 1.1 * duller for duller, brighter in pairwise([centroid_hz(sound) for sound in sounds]))


def test_several_fans_beat_against_each_other() -> None:
    sound = mono(sound_of("machine_hum", {"hum": 0.0, "air": 0.0, "fan": 1.0, "fan_hz": 200.0}, duration_s=4.0))
    level = np.abs(sound[: len(sound) // 2400 * 2400]).reshape(-1, 2400).max(axis=1)
    assert level.max() > 1.5 * level.min()


def test_a_wobble_makes_the_level_waver() -> None:
    def wavering(wobble: float) -> float:
        sound = mono(sound_of("machine_hum", {"air": 0.0, "fan": 0.0, "wobble": wobble}, duration_s=5.0))
        windows = sound[4800 : len(sound) // 4800 * 4800 - 4800].reshape(-1, 4800)
        return float(np.std(10.0 * np.log10(np.square(windows).mean(axis=1))))

    assert wavering(0.0) < wavering(0.5) < wavering(1.0)
    assert wavering(1.0) > 4.0 * wavering(0.0)


def test_a_loose_panel_rattles_in_flurries() -> None:
    def rattling(rattle: float) -> tuple[float, float]:
        sound = mono(sound_of("machine_hum", {**PURE, "tone": 0.1, "rattle": rattle}, duration_s=6.0))
        above = sosfilt(butter(4, 2000.0, "highpass", fs=SAMPLE_RATE, output="sos"), sound)[4800:-4800]
        return level_db(above), crest_db(above.astype(np.float32))

    still, loose = rattling(0.0), rattling(1.0)
    assert loose[0] > still[0] + 20.0
    assert loose[1] > 15.0


def test_presets_are_what_they_are_called() -> None:
    presets = {
        name: sound_of(f"machine_hum/{name}", duration_s=3.0)
        for name in ("transformer", "server_room", "fridge", "ventilation", "fluorescent_light", "generator")
    }
    centroids = {name: centroid_hz(sound) for name, sound in presets.items()}
    assert centroids["fridge"] < centroids["transformer"] < centroids["fluorescent_light"]
    assert centroids["ventilation"] < centroids["server_room"]
    assert band_level_db(presets["transformer"], 90.0, 1000.0) > -1.0
    assert band_level_db(presets["generator"], 20.0, 90.0) > -3.5
    # Air is wide, a core stands in one place.
    air, core = presets["ventilation"], presets["transformer"]
    assert correlation(air[:, 0], air[:, 1]) < 0.7 < correlation(core[:, 0], core[:, 1])


def test_each_machine_has_a_voice_of_its_own_that_stays() -> None:
    def partials(object_seed: int, seed: int) -> npt.NDArray[np.float64]:
        sound = sound_of("machine_hum/transformer", seed=seed, object_seed=object_seed, duration_s=2.0)
        return np.array([band_level_db(sound, 100.0 * n - 30.0, 100.0 * n + 30.0) for n in range(1, 11)])

    one, again, other = partials(1, 1), partials(1, 2), partials(2, 1)
    assert np.abs(one - again).max() < 0.5 * np.abs(one - other).max()
