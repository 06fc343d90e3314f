"""An impact tells what was hit, how large it is, and how hard."""

import numpy as np
import pytest
from scipy.signal import find_peaks

from swash_model.dsp.loudness import momentary_lufs
from swash_model.dsp.modal import MATERIALS
from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.procedural.effects.impact import IMPACT
from swash_model.spec import Block, Value
from tests.hearing import centroid_hz, correlation, level_db, mono, octave_levels_db, onset_s, sound_of, spectrum

OBJECTS = range(1, 7)  # one thing has partials of its own; a claim about all things needs several
SINGLE: dict[str, Value] = {"bounce": 0.0}


def several(parameters: dict[str, Value]) -> list[Block]:
    return [sound_of("impact", {**SINGLE, **parameters}, seed=n, object_seed=n) for n in OBJECTS]


def mean_centroid_hz(parameters: dict[str, Value]) -> float:
    return float(np.mean([centroid_hz(sound) for sound in several(parameters)]))


def mean_loudness_lufs(parameters: dict[str, Value]) -> float:
    return float(np.mean([momentary_lufs(sound, SAMPLE_RATE) for sound in several(parameters)]))


def ringing_s(sound: Block) -> float:
    """Return the time to fall by 60 dB, from the slope of Schroeder's integral between -5 and -25 dB."""
    energy = np.cumsum(np.square(mono(sound))[::-1])[::-1]
    fallen_db = 10.0 * np.log10(energy / energy[0] + 1e-20)
    return 3.0 * float(np.argmax(fallen_db < -25.0) - np.argmax(fallen_db < -5.0)) / SAMPLE_RATE


def mean_ringing_s(parameters: dict[str, Value]) -> float:
    return float(np.mean([ringing_s(sound) for sound in several(parameters)]))


def contacts(sound: Block) -> int:
    """Return how many times something touches: jumps of the level above 4 kHz, where nothing rings for long."""
    rough = np.abs(np.diff(mono(sound), n=3))
    level = 20.0 * np.log10(np.convolve(rough, np.ones(96) / 96.0, mode="same") + 1e-9)
    jumps, _ = find_peaks(np.pad(level, 1, constant_values=-180.0), prominence=10.0, distance=480)
    return len(jumps)


@pytest.mark.parametrize("material", MATERIALS)
def test_a_harder_touch_is_brighter(material: str) -> None:
    soft, medium, hard = (mean_centroid_hz({"material": material, "hardness": h}) for h in (0.1, 0.5, 1.0))
    assert soft < medium < hard


@pytest.mark.parametrize("material", MATERIALS)
def test_a_larger_thing_is_lower(material: str) -> None:
    heard = [mean_centroid_hz({"material": material, "size_m": size_m}) for size_m in (0.1, 0.3, 1.0, 3.0)]
    assert heard == sorted(heard, reverse=True)
    assert heard[0] > 3.0 * heard[-1]


def test_more_force_is_louder_and_brighter() -> None:
    forces = (0.1, 0.3, 0.6, 1.0)
    loudness = [mean_loudness_lufs({"force": force}) for force in forces]
    brightness = [mean_centroid_hz({"force": force}) for force in forces]
    assert loudness == sorted(loudness)
    assert loudness[-1] - loudness[0] > 12.0
    assert brightness == sorted(brightness)
    assert brightness[-1] > 1.25 * brightness[0]


def test_materials_ring_as_long_as_one_knows_them() -> None:
    solid: dict[str, Value] = {"hollow": 0.0}
    order = ("metal", "glass", "ceramic", "stone", "wood", "plastic", "rubber")
    ringing = [mean_ringing_s({**solid, "material": material}) for material in order]
    assert ringing == sorted(ringing, reverse=True), dict(zip(order, ringing, strict=True))
    assert ringing[0] > 0.8  # a plate of steel sings
    assert ringing[-2] < 0.1  # plastic knocks


def test_a_hand_on_the_thing_shortens_it() -> None:
    ringing = [mean_ringing_s({"material": "metal", "damping": damping}) for damping in (0.0, 0.3, 0.6, 1.0)]
    assert ringing == sorted(ringing, reverse=True)
    assert ringing[-1] < 0.2 * ringing[0]


def partials_hz(sound: Block) -> list[float]:
    """Return the frequencies of the four strongest partials above the thump of the ground."""
    frequency, power = spectrum(sound)
    peaks, _ = find_peaks(np.where(frequency > 300.0, power, 0.0))
    return sorted(frequency[peaks[np.argsort(power[peaks])[-4:]]])


def test_another_object_has_other_modes_but_another_hit_has_not() -> None:
    glass: dict[str, Value] = {**SINGLE, "material": "glass", "hardness": 0.9, "hollow": 0.0}
    first = partials_hz(sound_of("impact", glass, seed=1, object_seed=1))
    again = partials_hz(sound_of("impact", glass, seed=2, object_seed=1))
    other = partials_hz(sound_of("impact", glass, seed=1, object_seed=2))
    resolution_hz = SAMPLE_RATE / 8192
    np.testing.assert_allclose(first, again, atol=1.5 * resolution_hz)
    assert np.abs(np.subtract(first, other)).max() > 4.0 * resolution_hz


def test_two_hits_on_one_thing_are_alike_but_never_the_same() -> None:
    hits = [mono(sound_of("impact", seed=seed)) for seed in (1, 2, 3)]
    for one, other in ((hits[0], hits[1]), (hits[1], hits[2])):
        assert 0.3 < correlation(one[:4800], other[:4800]) < 0.995


def test_air_inside_makes_it_deeper() -> None:
    def below_300_hz(hollow: float) -> float:
        sounds = several({"hollow": hollow, "size_m": 0.6})
        return float(np.mean([octave_levels_db(sound)[125.0] for sound in sounds]))

    assert below_300_hz(1.0) > below_300_hz(0.5) > below_300_hz(0.0)
    assert below_300_hz(1.0) > below_300_hz(0.0) + 3.0


def test_a_place_near_the_rim_sounds_unlike_the_middle() -> None:
    rim = sound_of("impact", {**SINGLE, "material": "metal", "position": 0.0})
    middle = sound_of("impact", {**SINGLE, "material": "metal", "position": 1.0})
    rim_db, middle_db = octave_levels_db(rim), octave_levels_db(middle)
    assert max(abs(rim_db[octave] - middle_db[octave]) for octave in (1000.0, 2000.0, 4000.0)) > 1.5


def test_bounce_adds_contacts_after_the_first() -> None:
    assert contacts(sound_of("impact", {"bounce": 0.0})) == 1
    assert contacts(sound_of("impact", {"bounce": 1.0})) >= 3


def test_a_ball_bounces_at_shrinking_intervals_and_softer_each_time() -> None:
    ball = mono(sound_of("impact/rubber_ball"))
    blocks = np.abs(ball[: len(ball) // 480 * 480]).reshape(-1, 480).max(axis=1)
    peaks, _ = find_peaks(np.pad(blocks, 1), height=0.15 * blocks.max(), distance=6)
    times, levels = peaks - 1, blocks[peaks - 1]
    assert len(times) >= 4
    assert all(later < earlier for earlier, later in zip(np.diff(times), np.diff(times)[1:], strict=False))
    assert levels[-1] < 0.7 * levels[0]


def test_what_is_held_does_not_bounce() -> None:
    assert contacts(sound_of("impact", {"bounce": 1.0, "damping": 1.0})) == 1


def test_even_the_softest_touch_begins_at_once() -> None:
    for hardness in (0.0, 1.0):
        assert onset_s(sound_of("impact", {"hardness": hardness, "material": "rubber"})) <= 0.002


def test_materials_are_about_equally_loud() -> None:
    loudness = [mean_loudness_lufs({"material": material}) for material in MATERIALS]
    assert max(loudness) - min(loudness) < 7.0


def test_a_wooden_crate_is_a_low_body_with_an_edge() -> None:
    crate = octave_levels_db(sound_of("impact/wooden_crate"))
    assert max(crate, key=lambda octave: crate[octave]) in {125.0, 250.0, 500.0}
    assert crate[4000.0] > -36.0  # without the tick it would be a bass drum


def test_an_anvil_rings_above_a_kilohertz_and_glass_above_that() -> None:
    anvil, bottle = sound_of("impact/anvil"), sound_of("impact/glass_bottle")
    assert 1500.0 < centroid_hz(anvil) < 5000.0
    assert centroid_hz(bottle) > 2000.0
    assert ringing_s(anvil) > 0.5


def test_every_material_has_its_category() -> None:
    categories = {material: IMPACT.ucs_of(IMPACT.resolved({"material": material})) for material in MATERIALS}
    assert categories == {
        "metal": "METLImpt",
        "sheet_metal": "METLImpt",
        "wood": "WOODImpt",
        "glass": "GLASImpt",
        "ceramic": "CERMImpt",
        "plastic": "PLASImpt",
        "stone": "ROCKImpt",
        "rubber": "RUBRImpt",
        "bone": "GOREBone",
        "ice": "ICEImpt",
    }


def test_the_core_stands_in_the_middle() -> None:
    sound = sound_of("impact")
    side = (sound[:, 0] - sound[:, 1]) / 2.0
    assert level_db(side) < level_db(mono(sound)) - 15.0
