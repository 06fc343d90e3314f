"""A struck thing rings with its modes: their pitch is its size, their length its material."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import find_peaks

from swash_model.dsp.modal import MATERIALS, MAX_MODE_HZ, REFERENCE_SIZE_M, Modes, modes_of, ring, ring_frames
from swash_model.dsp.timeline import SAMPLE_RATE, Samples

TAP = np.ones(1)
SIZES_M = [0.02, 0.1, 0.5, 5.0]


def modes(material: str = "metal", *, size_m: float = REFERENCE_SIZE_M, object_seed: int = 1) -> Modes:
    return modes_of(MATERIALS[material], size_m=size_m, object_seed=object_seed)


def one_mode(frequency_hz: float, decay: float, gain: float = 1.0) -> Modes:
    return Modes(np.array([frequency_hz]), np.array([decay]), np.array([gain]))


def damped_sine(frequency_hz: float, decay: float, frames: int) -> Samples:
    """Return what a tap of one frame leaves from the next frame on."""
    t = np.arange(1, frames + 1) / SAMPLE_RATE
    return np.asarray(np.exp(-decay * t) * np.sin(2.0 * np.pi * frequency_hz * t))


def peaks_hz(ringing: Samples) -> Samples:
    """Return the frequencies of the peaks of a second's spectrum, to a hertz."""
    fading = np.hanning(2 * SAMPLE_RATE)[SAMPLE_RATE:]
    level_db = 20.0 * np.log10(np.abs(np.fft.rfft(ringing * fading)) + 1e-12)
    at, _ = find_peaks(level_db, height=level_db.max() - 50.0, prominence=1.0)
    return np.asarray(at, float)


@pytest.mark.parametrize(("frequency_hz", "decay"), [(40.0, 3.0), (1_000.0, 20.0), (17_000.0, 400.0)])
def test_a_mode_answers_a_tap_with_a_damped_sine(frequency_hz: float, decay: float) -> None:
    sound = ring(one_mode(frequency_hz, decay, gain=0.7), TAP, 24_000)
    np.testing.assert_allclose(sound, 0.7 * damped_sine(frequency_hz, decay, 24_000), atol=1e-4)
    np.testing.assert_allclose(sound[:480], 0.7 * damped_sine(frequency_hz, decay, 480), atol=1e-10)


def test_a_push_is_many_taps() -> None:
    push = np.hanning(50)
    expected = np.convolve(push, damped_sine(700.0, 30.0, 9_600))[:9_600]
    np.testing.assert_allclose(ring(one_mode(700.0, 30.0), push, 9_600), expected, atol=1e-5)


@pytest.mark.parametrize("material", ["metal", "glass", "ceramic"])
def test_a_thing_rings_at_its_modes_and_nowhere_else(material: str) -> None:
    thing = modes(material)
    np.testing.assert_allclose(
        peaks_hz(ring(thing, TAP, SAMPLE_RATE)), np.sort(thing.frequency_hz), rtol=0, atol=3.0
    )


@pytest.mark.parametrize("material", MATERIALS)
def test_the_time_to_fall_by_sixty_decibels_is_that_of_the_stuff(material: str) -> None:
    stuff, thing = MATERIALS[material], modes(material)
    expected_s = 6.908 / (np.pi * thing.frequency_hz * stuff.loss + stuff.handling)
    for number in (0, len(thing.frequency_hz) // 2):
        mode = one_mode(thing.frequency_hz[number], thing.decay[number])
        sound = ring(mode, TAP, round(0.5 * expected_s[number] * SAMPLE_RATE))
        level_db = 20.0 * np.log10(np.abs(sound) + 1e-9)
        crests, _ = find_peaks(level_db)
        slope_db_s, _ = np.polyfit(crests / SAMPLE_RATE, level_db[crests], 1)
        assert -60.0 / slope_db_s == pytest.approx(expected_s[number], rel=0.1)


def test_what_one_knows_of_materials_holds() -> None:
    """At one pitch and untouched, metal rings longer than glass, glass than wood, wood than rubber."""
    order = ("metal", "glass", "ceramic", "stone", "wood", "plastic", "rubber")
    losses = [MATERIALS[material].loss for material in order]
    assert losses == sorted(losses)


def test_a_bar_has_the_partials_of_a_bar() -> None:
    wood = modes("wood")
    partials = wood.frequency_hz[:4] / wood.frequency_hz[0]
    np.testing.assert_allclose(partials, [1.0, 2.757, 5.404, 8.933], rtol=0.07)  # 3 % each, and of the first


def test_a_plate_has_more_modes_within_reach_than_a_bar() -> None:
    plate = modes_of(replace(MATERIALS["wood"], series="plate"), size_m=0.5, object_seed=1)
    bar = modes("wood")
    below_hz = 8.0 * bar.frequency_hz[0]
    assert np.count_nonzero(plate.frequency_hz < below_hz) > np.count_nonzero(bar.frequency_hz < below_hz)


@pytest.mark.parametrize("material", MATERIALS)
def test_another_object_moves_each_partial_by_at_most_three_percent(material: str) -> None:
    even = modes_of(MATERIALS[material], size_m=1.0, object_seed=0)
    for object_seed in range(1, 30):
        other = modes_of(MATERIALS[material], size_m=1.0, object_seed=object_seed)
        count = min(len(even.frequency_hz), len(other.frequency_hz))
        moved = other.frequency_hz[:count] / even.frequency_hz[:count]
        assert moved.min() >= 0.97 / 1.03
        assert moved.max() <= 1.03 / 0.97
        assert np.ptp(moved) > 0.002  # not all by the same: another object, not another size


def test_the_objects_of_a_material_lie_around_its_pitch() -> None:
    first_hz = [modes("metal", object_seed=seed).frequency_hz[0] for seed in range(200)]
    assert np.mean(first_hz) == pytest.approx(MATERIALS["metal"].first_mode_hz, rel=0.01)
    assert min(first_hz) >= 0.97 * MATERIALS["metal"].first_mode_hz
    assert max(first_hz) <= 1.03 * MATERIALS["metal"].first_mode_hz


@pytest.mark.parametrize("material", MATERIALS)
def test_a_thing_of_twice_the_size_is_nearly_an_octave_lower(material: str) -> None:
    small, large = modes(material, size_m=0.5), modes(material, size_m=1.0)
    count = len(small.frequency_hz)
    np.testing.assert_allclose(large.frequency_hz[:count] * 2.0**0.9, small.frequency_hz)


@pytest.mark.parametrize("size_m", SIZES_M)
@pytest.mark.parametrize("material", MATERIALS)
def test_every_thing_has_a_mode_and_none_above_what_is_heard(material: str, size_m: float) -> None:
    for object_seed in range(5):
        thing = modes(material, size_m=size_m, object_seed=object_seed)
        assert 1 <= len(thing.frequency_hz) <= MATERIALS[material].modes
        assert len(thing.frequency_hz) == len(thing.decay) == len(thing.gain)
        assert thing.frequency_hz.max() <= MAX_MODE_HZ
        assert thing.frequency_hz.min() > 10.0
        assert thing.decay.min() > 0.0
        assert thing.gain.min() > 0.0


def test_a_hand_on_it_scales_every_decay() -> None:
    free = modes_of(MATERIALS["glass"], size_m=0.5, object_seed=1)
    held = modes_of(MATERIALS["glass"], size_m=0.5, object_seed=1, damping=3.0)
    np.testing.assert_allclose(held.decay, 3.0 * free.decay)
    np.testing.assert_array_equal(held.frequency_hz, free.frequency_hz)


def test_where_it_is_struck_changes_levels_but_no_pitch() -> None:
    rim, middle = (modes_of(MATERIALS["metal"], size_m=0.5, object_seed=1, position=at) for at in (0.0, 0.5))
    np.testing.assert_array_equal(rim.frequency_hz, middle.frequency_hz)
    assert np.abs(20.0 * np.log10(middle.gain / rim.gain)).max() > 6.0


def test_a_thing_struck_in_two_places_is_the_sum_of_both() -> None:
    plate = modes()
    gains = np.stack([plate.gain, plate.gain[::-1]])
    forces = np.zeros((2, 100))
    forces[0, :40] = np.hanning(40)
    forces[1, 60:] = np.hanning(40)
    both = ring(Modes(plate.frequency_hz, plate.decay, gains), forces, 9_600)
    each = [ring(Modes(plate.frequency_hz, plate.decay, gains[n]), forces[n], 9_600) for n in range(2)]
    np.testing.assert_allclose(both, each[0] + each[1], atol=1e-5)


def test_a_push_longer_than_the_sound_is_cut_with_it() -> None:
    push = np.hanning(500)
    short, long = ring(modes(), push, 100), ring(modes(), push, 2_000)
    np.testing.assert_array_equal(short, long[:100])


def test_the_length_of_a_ring_is_where_its_slowest_mode_is_sixty_decibels_down() -> None:
    wood = modes("wood")
    frames = ring_frames(wood, longest_s=10.0)
    assert np.exp(-wood.decay.min() * frames / SAMPLE_RATE) == pytest.approx(0.001, rel=0.01)
    sound = ring(wood, TAP, 2 * frames)
    assert np.abs(sound[frames:]).max() < 0.003 * np.abs(sound).max()
    assert ring_frames(modes("metal"), longest_s=0.25) == 12_000
