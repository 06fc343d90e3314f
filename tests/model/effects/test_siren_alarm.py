"""A siren is known by the path of its pitch."""

import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import stft

from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Timeline
from swash_model.procedural.controls import Controls
from swash_model.procedural.effects._siren_patterns import PATTERNS, Course
from swash_model.procedural.effects.siren_alarm import SIREN_ALARM, Siren, Tone
from swash_model.spec import Block, Value
from tests.hearing import centroid_hz, lufs, mono, sound_of

DRY: dict[str, Value] = {"echoes": 0.0, "worn": 0.0}


def siren(kind: str, seconds: float = 4.0, *, object_seed: int = 1, **parameters: Value) -> Block:
    asked = {"kind": kind, **DRY, **parameters}
    return sound_of("siren_alarm", asked, duration_s=seconds, object_seed=object_seed)


def path_hz(sound: Block, low_hz: float = 100.0, high_hz: float = 2400.0) -> npt.NDArray[np.float64]:
    """Return the strongest frequency of every 20 ms."""
    hz, _, bins = stft(mono(sound), SAMPLE_RATE, nperseg=2048, noverlap=2048 - 2 * QUANTUM_FRAMES, nfft=8192)
    heard = (hz > low_hz) & (hz < high_hz)
    return np.asarray(hz[heard][np.argmax(np.abs(bins[heard]), axis=0)])


def pieces_of(sound: Block) -> int:
    """Return how many stretches of sound with silence before them there are."""
    level = np.abs(mono(sound))
    loud = level[: len(level) // 480 * 480].reshape(-1, 480).max(axis=1) > 0.1 * level.max()
    return int(np.count_nonzero(np.diff(np.concatenate([[0], loud.astype(int)])) == 1))


def purity(sound: Block) -> float:
    """Return how much of the power lies within 10 Hz of the strongest frequency, 0..1."""
    power = np.abs(np.fft.rfft(mono(sound) * np.hanning(len(sound)))) ** 2
    near = (
        np.abs(np.fft.rfftfreq(len(sound), 1.0 / SAMPLE_RATE) - np.argmax(power) * SAMPLE_RATE / len(sound)) < 10.0
    )
    return float(power[near].sum() / power.sum())


def test_a_wail_rises_faster_than_it_falls_and_a_yelp_is_a_hurried_wail() -> None:
    wail, yelp = path_hz(siren("wail", 10.0)), path_hz(siren("yelp", 2.0))
    for path in (wail, yelp):
        assert 450.0 < np.percentile(path, 2) < 800.0
        assert 1300.0 < np.percentile(path, 98) < 1800.0
    assert np.mean(np.diff(wail) > 0) < 0.5
    turns = [np.count_nonzero(np.diff(np.sign(path - np.median(path))) != 0) for path in (wail[:100], yelp)]
    assert turns[1] >= 3 * turns[0]


@pytest.mark.parametrize("object_seed", [1, 2, 3])
def test_hi_lo_is_two_tempered_tones_a_fourth_apart(object_seed: int) -> None:
    path = path_hz(siren("hi_lo", object_seed=object_seed), 300.0, 700.0)
    low, high = np.median(path[path < 510.0]), np.median(path[path > 510.0])
    assert low == pytest.approx(440.0, rel=0.01)
    assert high == pytest.approx(587.33, rel=0.01)
    assert np.mean((np.abs(path - low) < 12.0) | (np.abs(path - high) < 12.0)) > 0.9


def test_a_whoop_climbs_and_starts_over() -> None:
    steps = np.diff(path_hz(siren("whoop")))
    assert np.mean(steps >= 0.0) > 0.9
    assert steps.min() < -300.0


def test_alarms_beep_as_often_as_they_should() -> None:
    assert pieces_of(siren("beeper", 3.9)) == 16
    assert 5 <= pieces_of(siren("smoke", 7.9)) <= 6  # three, and three again
    assert pieces_of(siren("klaxon", 6.3)) == 4


def test_the_rotor_of_an_air_raid_siren_sounds_a_minor_third() -> None:
    sound = siren("air_raid", 3.0)[SAMPLE_RATE:]
    spectrum = np.abs(np.fft.rfft(mono(sound[:9600]) * np.hanning(9600), 1 << 16))
    hz = np.fft.rfftfreq(1 << 16, 1.0 / SAMPLE_RATE)
    low = np.argmax(np.where((hz > 250.0) & (hz < 440.0), spectrum, 0.0))
    high = np.argmax(np.where((hz > 1.1 * hz[low]) & (hz < 1.3 * hz[low]), spectrum, 0.0))
    assert hz[high] / hz[low] == pytest.approx(1.2, abs=0.02)
    assert spectrum[high] > 0.2 * spectrum[low]


def test_what_comes_nearer_is_higher_by_doppler() -> None:
    coming, standing, going = (
        np.median(path_hz(siren("hi_lo", 3.0, speed_m_s=speed), 250.0, 800.0)) for speed in (30.0, 0.0, -30.0)
    )
    assert coming / standing == pytest.approx(343.0 / 313.0, rel=0.02)
    assert going / standing == pytest.approx(343.0 / 373.0, rel=0.02)


def test_pitch_and_rate_do_what_they_say() -> None:
    assert np.median(path_hz(siren("whoop", pitch=2.0), 100.0, 4000.0)) == pytest.approx(
        2.0 * np.median(path_hz(siren("whoop"))), rel=0.05
    )
    assert pieces_of(siren("beeper", 3.9, rate=2.0)) == pytest.approx(2 * pieces_of(siren("beeper", 3.9)), abs=1)


def test_pitch_glides_to_where_it_is_moved() -> None:
    controls = Controls(SIREN_ALARM, SIREN_ALARM.resolved({"kind": "hi_lo", **DRY}))
    voice = Siren(Timeline(1, 1), controls.step())
    blocks = []
    for quantum in range(300):
        if quantum == 100:
            controls.set("pitch", 1.5, ramp_s=1.0)
        blocks.append(voice.block(quantum * QUANTUM_FRAMES, controls.step()))
    path = path_hz(np.concatenate(blocks, axis=1).T.astype(np.float32), 350.0, 1000.0)
    pitches = np.minimum(np.abs(path[105:145] / 660.0 - 1.0), np.abs(path[105:145] / 881.0 - 1.0))
    assert np.median(pitches) < 0.01


def test_more_drive_is_brighter_and_echoes_fill_the_gaps() -> None:
    driven = [centroid_hz(siren("wail", 5.0, drive=drive)) for drive in (0.0, 0.5, 1.0)]
    assert driven == sorted(driven)
    dry, street = siren("beeper", 3.9), siren("beeper", 3.9, echoes=1.0)
    assert np.median(np.abs(mono(street))) > 5.0 * np.median(np.abs(mono(dry)))


def test_two_sirens_of_a_kind_are_tuned_a_little_apart_and_a_worn_one_wavers() -> None:
    first, other = (path_hz(siren("smoke", object_seed=seed), 2000.0, 4000.0) for seed in (1, 2))
    assert 2.0 < abs(np.median(first) - np.median(other)) < 200.0
    new, worn = (purity(siren("smoke", 0.5, worn=value)) for value in (0.0, 1.0))
    assert worn < 0.9 * new


@pytest.mark.parametrize("kind", PATTERNS)
def test_every_course_comes_back_to_where_it_began(kind: str) -> None:
    course = Course(PATTERNS[kind])
    share = np.linspace(0.0, 1.0, 200_001)[:-1]
    hz, turns, _ = course.at(share)
    assert hz.min() > 50.0
    assert hz.max() < 4000.0
    assert hz[-1] == pytest.approx(hz[0], rel=0.02)
    # The turns are the integral of the pitch.
    counted = np.cumsum(hz) * course.period_s / len(share)
    assert counted[-1] == pytest.approx(course.turns, rel=1e-3)
    assert turns[100_000] == pytest.approx(counted[100_000], abs=0.5)


def test_kinds_are_about_equally_loud() -> None:
    loudness = [lufs(siren(kind, 4.0)) for kind in PATTERNS]
    assert max(loudness) - min(loudness) < 6.0


@pytest.mark.parametrize("kind", ["wail", "air_raid", "car"])
def test_a_loop_holds_whole_turns_of_the_tone_at_any_pitch_and_rate(kind: str) -> None:
    frames = 601 * QUANTUM_FRAMES
    tone = Tone(Timeline(1, 1, loop_frames=frames), kind)
    first, _, _ = tone.take(0, 1.7, 1.37)
    for start in range(QUANTUM_FRAMES, frames, QUANTUM_FRAMES):
        last, hz, _ = tone.take(start, 1.7, 1.37)
    whole = last[-1] + hz[-1] / SAMPLE_RATE - first[0]
    assert whole == pytest.approx(round(whole), abs=1e-4)
    np.testing.assert_array_equal(tone.take(frames, 1.7, 1.37)[0], first)
