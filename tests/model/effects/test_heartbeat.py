"""What makes a heart of two thuds: lub before dub, a pace that can rise, and fear that is heard."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import butter, find_peaks, sosfiltfilt

from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Timeline
from swash_model.procedural.controls import Controls
from swash_model.procedural.effects.heartbeat import HEARTBEAT, ejection_s
from swash_model.spec import Block, Value
from tests.hearing import band_level_db, level_db, lufs, mono, sound_of

STEPS = (0.0, 0.33, 0.66, 1.0)


def thuds(samples: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return when thuds come, s, and how loud they are."""
    level = sosfiltfilt(butter(2, 12.0, fs=SAMPLE_RATE, output="sos"), np.abs(samples))
    peaks, _ = find_peaks(level, height=0.2 * level.max(), distance=SAMPLE_RATE // 20)
    return np.asarray(peaks / SAMPLE_RATE), np.asarray(level[peaks])


def beats_s(samples: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return when beats begin: the first of each two thuds, whose gap is shorter than the rest of the beat."""
    at_s, _ = thuds(samples)
    gaps = np.diff(at_s)
    return np.asarray(at_s[:-1][gaps < 0.5 * (gaps.min() + gaps.max())])


def band_db(sound: Block, low_hz: float, high_hz: float) -> float:
    return level_db(mono(sound)) + band_level_db(sound, low_hz, high_hz)


def test_one_beat_is_lub_and_a_softer_dub() -> None:
    for seed in range(1, 5):
        at_s, level = thuds(mono(sound_of("heartbeat", {"bpm": 60.0, "blood": 0.0}, seed=seed)))
        assert len(at_s) == 2
        assert at_s[1] - at_s[0] == pytest.approx(ejection_s(60.0), abs=0.04)
        assert 0.35 < level[1] / level[0] < 0.95


@pytest.mark.parametrize("bpm", [50.0, 75.0, 110.0])
def test_it_beats_as_often_as_it_says(bpm: float) -> None:
    samples = mono(sound_of("heartbeat", {"bpm": bpm, "blood": 0.0, "irregularity": 0.0}, duration_s=12.0))
    between_s = np.diff(beats_s(samples))
    assert 60.0 / between_s.mean() == pytest.approx(bpm, rel=0.03)


def test_a_quicker_heart_shortens_its_rest_more_than_its_beat() -> None:
    for slow, fast in pairwise((40.0, 70.0, 110.0, 200.0)):
        assert ejection_s(fast) < ejection_s(slow)
        assert ejection_s(fast) * fast >= ejection_s(slow) * slow
        assert ejection_s(fast) < 0.5 * 60.0 / fast


def test_it_is_low_and_not_only_felt() -> None:
    sound = sound_of("heartbeat", duration_s=6.0)
    assert band_level_db(sound, 20.0, 150.0) > -1.0
    assert band_level_db(sound, 90.0, 400.0) > -12.0  # what a small loudspeaker has of it


def test_fear_is_louder_and_brighter_at_every_step() -> None:
    sounds = [sound_of("heartbeat", {"stress": stress}, duration_s=4.0) for stress in STEPS]
    assert all(more > less + 1.0 for less, more in pairwise([lufs(sound) for sound in sounds]))
    bright = [band_level_db(sound, 100.0, 1000.0) for sound in sounds]
    assert all(more > less + 0.5 for less, more in pairwise(bright))


def test_a_larger_heart_is_lower_at_every_step() -> None:
    low = [band_level_db(sound_of("heartbeat", {"size": size}, duration_s=4.0), 20.0, 60.0) for size in STEPS]
    assert all(larger > smaller + 1.0 for smaller, larger in pairwise(low))


def test_a_stethoscope_hears_more_than_the_chest() -> None:
    bright = [
        band_db(sound_of("heartbeat", {"clarity": clarity}, duration_s=4.0), 150.0, 2000.0) for clarity in STEPS
    ]
    assert all(more > less + 1.0 for less, more in pairwise(bright))


def test_blood_rushes_between_the_two() -> None:
    still, rushing = (sound_of("heartbeat", {"bpm": 50.0, "blood": blood}) for blood in (0.0, 1.0))
    between = slice(round(0.14 * SAMPLE_RATE), round(0.28 * SAMPLE_RATE))
    assert band_db(rushing[between], 150.0, 600.0) > band_db(still[between], 150.0, 600.0) + 10.0


def test_a_steady_heart_breathes_and_a_failing_one_stumbles() -> None:
    def unevenness(irregularity: float) -> float:
        parameters: dict[str, Value] = {"bpm": 75.0, "blood": 0.0, "irregularity": irregularity}
        between_s = np.diff(beats_s(mono(sound_of("heartbeat", parameters, duration_s=16.0))))
        return float(between_s.std() / between_s.mean())

    assert 0.003 < unevenness(0.0) < 0.04
    assert unevenness(1.0) > 3.0 * unevenness(0.0)


def test_it_quickens_while_it_beats() -> None:
    controls = Controls(HEARTBEAT, HEARTBEAT.resolved({"bpm": 60.0, "blood": 0.0}))
    assert HEARTBEAT.endless
    voice = HEARTBEAT.endless.voice(Timeline(seed=1, object_seed=1), controls.step())
    blocks = []
    for quantum in range(1400):
        if quantum == 600:
            controls.set("bpm", 100.0, ramp_s=1.0)
        blocks.append(voice.block(quantum * QUANTUM_FRAMES, controls.step()))
    samples = np.concatenate(blocks, axis=1).mean(axis=0)
    before_s = np.diff(beats_s(samples[: 6 * SAMPLE_RATE]))
    after_s = np.diff(beats_s(samples[round(7.5 * SAMPLE_RATE) :]))
    assert 60.0 / before_s.mean() == pytest.approx(60.0, rel=0.06)
    assert 60.0 / after_s.mean() == pytest.approx(100.0, rel=0.06)


def test_a_loop_holds_whole_beats() -> None:
    sound = sound_of("heartbeat", {"bpm": 70.0, "irregularity": 0.0}, duration_s=4.0, loop=True)
    turns = mono(np.concatenate([sound, sound, sound]))
    between_s = np.diff(beats_s(turns))
    assert between_s.max() < 1.12 * between_s.min()


def test_even_a_loop_of_one_beat_beats() -> None:
    sound = sound_of("heartbeat", {"bpm": 40.0}, duration_s=2.0, loop=True)
    assert lufs(sound) > -40.0
    assert len(beats_s(mono(np.concatenate([sound, sound, sound])))) >= 2


def test_each_heart_has_its_own_voice() -> None:
    def partials(seed: int, object_seed: int) -> npt.NDArray[np.float64]:
        samples = mono(sound_of("heartbeat", {"blood": 0.0}, seed=seed, object_seed=object_seed))
        power = np.abs(np.fft.rfft(samples[: SAMPLE_RATE // 5], 32_768))[20:200]
        return np.asarray(power / np.linalg.norm(power))

    own = float(partials(1, 1) @ partials(2, 1))
    assert own > float(np.mean([partials(1, 1) @ partials(1, other) for other in range(2, 8)]))
