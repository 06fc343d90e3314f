"""A drone goes on and on and is never the same: low, beating, wandering."""

import numpy as np
import pytest

from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.procedural.effects.scifi_drone import CHARACTERS
from swash_model.spec import Block, Value
from tests.hearing import band_level_db, centroid_hz, correlation, level_db, lufs, mono, octave_levels_db, sound_of


def drone(seconds: float = 3.0, *, seed: int = 1, object_seed: int = 1, **parameters: Value) -> Block:
    return sound_of("scifi_drone", parameters, seed=seed, object_seed=object_seed, duration_s=seconds)


def loudness_over_time_db(sound: Block, every_s: float = 0.05) -> list[float]:
    frames = round(every_s * SAMPLE_RATE)
    samples = mono(sound)
    return [level_db(samples[at : at + frames]) for at in range(0, len(samples) - frames, frames)]


@pytest.mark.parametrize("character", CHARACTERS)
def test_it_is_full_from_the_bass_to_the_hiss(character: str) -> None:
    octaves = octave_levels_db(drone(character=character))
    assert max(octaves[63.0], octaves[125.0]) > -9.0
    assert octaves[1000.0] > -24.0
    assert octaves[8000.0] > -34.0


def test_its_pitch_is_the_one_asked_for() -> None:
    for pitch_hz in (40.0, 80.0):
        sound = drone(pitch_hz=pitch_hz, air=0.0, tension=0.0, clunks=0.0)
        power = np.abs(np.fft.rfft(mono(sound) * np.hanning(len(sound)), 1 << 19)) ** 2
        hz = np.fft.rfftfreq(1 << 19, 1.0 / SAMPLE_RATE)
        near = (hz > 0.7 * pitch_hz) & (hz < 1.4 * pitch_hz)
        assert hz[near][np.argmax(power[near])] == pytest.approx(pitch_hz, rel=0.03)


def test_larger_is_darker() -> None:
    centroids = [centroid_hz(drone(size=size)) for size in (0.0, 0.5, 1.0)]
    assert centroids == sorted(centroids, reverse=True)


def test_more_tension_is_brighter() -> None:
    centroids = [centroid_hz(drone(tension=tension, air=0.0)) for tension in (0.0, 0.5, 1.0)]
    assert centroids == sorted(centroids)


def test_more_air_hisses_more() -> None:
    hiss = [band_level_db(drone(air=air), 2500.0, 12_000.0) for air in (0.0, 0.4, 1.0)]
    assert hiss[0] + 3.0 < hiss[1] < hiss[2] - 3.0


def test_a_throb_comes_and_goes_at_the_pace_of_its_character() -> None:
    calm, throbbing = (drone(6.0, character="reactor", throb=throb, movement=0.0) for throb in (0.0, 1.0))
    assert np.std(loudness_over_time_db(throbbing)) > 2.0 * np.std(loudness_over_time_db(calm))
    level = np.array(loudness_over_time_db(throbbing))
    rate_hz = np.fft.rfftfreq(len(level), 0.05)[1 + np.argmax(np.abs(np.fft.rfft(level - level.mean()))[1:])]
    assert rate_hz == pytest.approx(CHARACTERS["reactor"].throb_hz * 1.1, abs=0.25)


def test_clunks_are_heard_above_the_hum_when_there_are_any() -> None:
    quiet, knocking = (drone(10.0, clunks=clunks, air=0.0, throb=0.0, movement=0.0) for clunks in (0.0, 1.0))
    assert np.abs(knocking).max() > 1.3 * np.abs(quiet).max()


def test_another_performance_of_the_same_ship_beats_at_other_moments_with_the_same_colours() -> None:
    first, other = drone(6.0, seed=1), drone(6.0, seed=2)
    assert correlation(mono(first), mono(other)) < 0.3
    ours, theirs = octave_levels_db(first), octave_levels_db(other)
    assert max(abs(ours[octave] - theirs[octave]) for octave in (125.0, 500.0, 2000.0, 8000.0)) < 6.0


def test_characters_stand_apart() -> None:
    assert centroid_hz(drone(character="field")) > 1.5 * centroid_hz(drone(character="ship"))
    loudness = [lufs(drone(character=character)) for character in CHARACTERS]
    assert max(loudness) - min(loudness) < 8.0


def test_it_is_wide_but_its_bass_stays_in_the_middle() -> None:
    sound = drone(air=0.5)
    side, middle = (sound[:, :1] - sound[:, 1:]) / 2.0, (sound[:, :1] + sound[:, 1:]) / 2.0
    assert level_db(side) - level_db(middle) > -20.0
    assert band_level_db(side, 20.0, 70.0) < band_level_db(middle, 20.0, 70.0)
