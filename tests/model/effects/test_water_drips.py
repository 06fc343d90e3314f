"""What tells a drip from a click: the bubble after the touch, the clock of each place, and the cave around it."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.spec import Block, Value
from tests.hearing import band_level_db, centroid_hz, level_db, mono, sound_of

OPEN: dict[str, Value] = {"place": "open"}
TAP: dict[str, Value] = {"place": "open", "places": 1.0, "surface": "stone"}
STEPS = (0.0, 0.33, 0.66, 1.0)


def drops_s(sound: Block) -> npt.NDArray[np.float64]:
    """Return when drops touch down, s: sudden rises, each 0.2 s or more after the last (it may rebound sooner)."""
    samples = np.abs(mono(sound))
    level = samples[: len(samples) // 240 * 240].reshape(-1, 240).max(axis=1)
    found = [-1.0]
    for rise in np.flatnonzero((level[1:] > 0.02) & (level[1:] > 4.0 * level[:-1])):
        if (at_s := (rise + 1) * 0.005) >= found[-1] + 0.2:
            found.append(at_s)
    return np.array(found[1:])


def peak_hz(sound: Block) -> float:
    """Return the frequency with the most power."""
    samples = mono(sound)[: SAMPLE_RATE // 5]
    power = np.abs(np.fft.rfft(samples, 32_768))
    return float(np.fft.rfftfreq(32_768, 1.0 / SAMPLE_RATE)[np.argmax(power)])


@pytest.mark.parametrize("rate_hz", [0.5, 1.5, 3.0])
def test_as_many_drops_fall_as_it_says(rate_hz: float) -> None:
    sound = sound_of("water_drips", {**TAP, "rate_hz": rate_hz, "irregularity": 0.2}, duration_s=20.0)
    assert len(drops_s(sound)) == pytest.approx(20.0 * rate_hz, rel=0.12, abs=1.0)


def test_a_tap_is_a_clock_and_a_ceiling_is_not() -> None:
    def unevenness(irregularity: float) -> float:
        parameters: dict[str, Value] = {**TAP, "rate_hz": 2.0, "irregularity": irregularity}
        between_s = np.diff(drops_s(sound_of("water_drips", parameters, duration_s=24.0)))
        return float(between_s.std() / between_s.mean())

    assert unevenness(0.0) < 0.03
    assert unevenness(1.0) > 0.25


def test_the_bubble_is_heard_after_the_touch() -> None:
    for seed in range(1, 7):
        sound = mono(sound_of("water_drips", OPEN, seed=seed))
        assert 0.006 < float(np.argmax(np.abs(sound))) / SAMPLE_RATE < 0.06
        touch, bubble = sound[: SAMPLE_RATE // 200], sound[SAMPLE_RATE // 200 :]
        assert np.square(bubble).sum() > 6.0 * np.square(touch).sum()


def test_larger_drops_are_lower_at_every_step() -> None:
    centroids = [centroid_hz(sound_of("water_drips", {**OPEN, "drop_size": s}, duration_s=12.0)) for s in STEPS]
    assert all(larger < 0.8 * smaller for smaller, larger in pairwise(centroids))


def test_a_pool_sings_stone_slaps_and_metal_rings() -> None:
    pool, stone, metal = (
        sound_of("water_drips", {**OPEN, "surface": surface}) for surface in ("pool", "stone", "metal")
    )

    def note_db(sound: Block) -> float:
        return band_level_db(sound, 0.9 * peak_hz(sound), 1.1 * peak_hz(sound))

    assert note_db(pool) > note_db(stone) + 4.0
    assert len(metal) > 2.0 * len(stone)


def test_in_a_cave_each_drop_rings_on() -> None:
    cave, outside = (sound_of("water_drips", {"place": place}) for place in ("cave", "open"))
    late = slice(SAMPLE_RATE // 3, SAMPLE_RATE)
    assert level_db(cave[late]) > -60.0
    assert len(outside) < SAMPLE_RATE // 2
    np.testing.assert_array_equal(cave, sound_of("water_drips"))  # a cave is where it drips unless told


def test_each_place_has_its_own_note_and_keeps_it() -> None:
    notes = [peak_hz(sound_of("water_drips", OPEN, object_seed=place)) for place in range(1, 7)]
    again = [peak_hz(sound_of("water_drips", OPEN, seed=2, object_seed=place)) for place in range(1, 7)]
    assert np.std(np.log2(notes)) > 2.0 * np.std(np.log2(np.array(notes) / again))


def test_more_places_are_more_notes() -> None:
    def notes(places: float) -> float:
        parameters: dict[str, Value] = {**OPEN, "places": places, "rate_hz": 3.0, "irregularity": 0.0}
        sound = sound_of("water_drips", parameters, duration_s=16.0)
        at = [round(s * SAMPLE_RATE) for s in drops_s(sound) if s < 15.5]
        low, high = np.percentile(np.log2([peak_hz(sound[frame : frame + 3600]) for frame in at]), (20, 80))
        return float(high - low)

    assert notes(8.0) > 2.0 * notes(1.0)


def test_the_first_drop_comes_at_once() -> None:
    for preset in ("cave", "leaky_tap", "dungeon", "deep_well", "leaky_roof", "thaw", "bathtub"):
        for seed in range(1, 4):
            sound = sound_of(f"water_drips/{preset}", seed=seed, object_seed=seed, duration_s=1.0)
            assert level_db(sound) > -50.0
