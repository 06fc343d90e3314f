"""What tells wind from noise: speed, gusts that pass, wires that sing, leaves, walls."""

import numpy as np
import numpy.typing as npt

from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.procedural.effects.wind import STROUHAL, deflectors_m
from swash_model.spec import Block
from tests.hearing import band_level_db, centroid_hz, level_db, lufs, octave_levels_db, sound_of, spectrum

STEADY = {"gust": 0.0, "whistle": 0.0, "foliage": 0.0}


def levels_db(channel: npt.NDArray[np.floating], window_s: float = 0.1) -> npt.NDArray[np.float64]:
    """Return the level of each window."""
    frames = round(window_s * SAMPLE_RATE)
    windows = channel[: len(channel) // frames * frames].astype(float).reshape(-1, frames)
    return np.asarray(10.0 * np.log10(np.mean(windows**2, axis=1) + 1e-12))


def absolute_band_db(sound: Block, low_hz: float, high_hz: float) -> float:
    return level_db(sound) + band_level_db(sound, low_hz, high_hz)


def test_faster_wind_is_louder_and_brighter() -> None:
    sounds = [sound_of("wind", {"speed_m_s": speed}, duration_s=12.0) for speed in (3.0, 6.0, 11.0, 20.0, 36.0)]
    loudness, brightness = [lufs(sound) for sound in sounds], [centroid_hz(sound) for sound in sounds]
    assert (np.diff(loudness) > 2.0).all()
    assert (np.diff(brightness) > 20.0).all()


def test_a_fresh_wind_is_low_and_falls_six_decibels_an_octave_above_300_hz() -> None:
    sound = sound_of("wind", {"speed_m_s": 8.0}, duration_s=20.0)
    octaves = octave_levels_db(sound)
    assert 80.0 <= max(octaves, key=lambda centre: octaves[centre]) <= 600.0
    assert abs(octaves[125.0] - octaves[250.0]) < 3.0  # flat up to 300 Hz
    assert 4.0 < (octaves[500.0] - octaves[2000.0]) / 2.0 < 8.0
    assert -23.0 < band_level_db(sound, 2500.0 / 2**0.5, 2500.0 * 2**0.5) < -17.0


def test_no_wind_is_silence() -> None:
    sound = sound_of("wind", {"speed_m_s": 0.0, "whistle": 1.0, "foliage": 1.0, "interior": 1.0}, duration_s=2.0)
    assert np.isfinite(sound).all()
    assert level_db(sound) < -80.0


def test_wires_sing_at_a_fifth_of_speed_over_diameter() -> None:
    speed = 12.0
    settings = STEADY | {"speed_m_s": speed}
    still = spectrum(sound_of("wind", settings, object_seed=1, duration_s=20.0))[1]
    frequency, singing = spectrum(sound_of("wind", settings | {"whistle": 1.0}, object_seed=1, duration_s=20.0))
    for pitch_hz in STROUHAL * speed / deflectors_m(1):
        at = np.abs(frequency / pitch_hz - 1.0) < 0.05
        beside = (np.abs(frequency / pitch_hz - 1.0) > 0.2) & (np.abs(frequency / pitch_hz - 1.0) < 0.25)
        rise_at = 10.0 * np.log10(singing[at].max() / still[at].max())
        rise_beside = 10.0 * np.log10(singing[beside].mean() / still[beside].mean())
        assert rise_at > rise_beside + 6.0, pitch_hz


def test_another_place_has_other_wires() -> None:
    pitches = [tuple(deflectors_m(seed)) for seed in range(20)]
    assert len(set(pitches)) == 20
    assert {len(wires) for wires in pitches} == {2, 3, 4, 5}
    assert all(0.002 <= wire <= 0.06 for wires in pitches for wire in wires)


def test_whistling_slides_up_with_a_gust() -> None:
    slow, fast = (
        sound_of("wind", STEADY | {"speed_m_s": speed, "whistle": 1.0}, duration_s=15.0) for speed in (10.0, 20.0)
    )
    thinnest = STROUHAL / deflectors_m(1)[0]
    for sound, speed in ((slow, 10.0), (fast, 20.0)):
        frequency, power = spectrum(sound)
        near = (frequency > 0.8 * speed * thinnest) & (frequency < 1.25 * speed * thinnest)
        assert abs(frequency[near][power[near].argmax()] / (speed * thinnest) - 1.0) < 0.06


def test_leaves_rustle_between_one_and_a_half_and_seven_kilohertz() -> None:
    bare, leafy = (sound_of("wind", STEADY | {"foliage": foliage}, duration_s=8.0) for foliage in (0.0, 1.0))
    rise = {
        centre: absolute_band_db(leafy, low, high) - absolute_band_db(bare, low, high)
        for centre, low, high in (("low", 80.0, 600.0), ("leaves", 1500.0, 7000.0))
    }
    assert rise["low"] < 1.0
    assert rise["leaves"] > 8.0


def test_leaves_hang_still_below_a_light_breeze() -> None:
    settings = STEADY | {"speed_m_s": 1.4}
    bare, leafy = (sound_of("wind", settings | {"foliage": foliage}, duration_s=3.0) for foliage in (0.0, 1.0))
    np.testing.assert_allclose(bare, leafy, atol=1e-9)


def test_gusts_make_the_level_come_and_go() -> None:
    sways = [
        float(levels_db(sound_of("wind", STEADY | {"gust": gust}, duration_s=30.0)[:, 0], 0.4).std())
        for gust in (0.0, 0.3, 0.6, 1.0)
    ]
    assert (np.diff(sways) > 0.4).all()
    assert sways[-1] > 3.5


def test_a_gust_passes_from_left_to_right() -> None:
    sound = sound_of("wind", STEADY | {"gust": 1.0, "speed_m_s": 8.0}, duration_s=60.0)
    left, right = (levels_db(sound[:, side], 0.05) for side in range(2))
    left, right = left - left.mean(), right - right.mean()
    lags = range(-40, 41)
    match = [float(np.dot(left[40:-40], right[40 + lag : len(right) - 40 + lag])) for lag in lags]
    assert 0.4 <= lags[int(np.argmax(match))] * 0.05 <= 1.1  # 6 m at 8 m/s: 0.75 s


def test_indoors_it_is_softer_and_duller_with_a_moan_in_the_gap() -> None:
    outside, inside = (sound_of("wind", {"interior": interior}, duration_s=15.0) for interior in (0.0, 1.0))
    assert lufs(inside) < lufs(outside) - 1.0
    assert centroid_hz(inside) < 0.7 * centroid_hz(outside)
    assert band_level_db(inside, 75.0, 220.0) > band_level_db(outside, 75.0, 220.0) + 1.5


def test_a_hurricane_leaves_room_in_the_mix() -> None:
    most = {"speed_m_s": 40.0, "gust": 1.0, "whistle": 1.0, "foliage": 1.0}
    assert np.percentile(np.abs(sound_of("wind", most, duration_s=6.0)), 99.9) < 0.82
