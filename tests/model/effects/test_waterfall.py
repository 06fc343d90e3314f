"""What tells falling water from noise: it roars from a height, spatters on rock, and lands here and there."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from swash_model.spec import Block
from tests.hearing import (
    band_level_db,
    centroid_hz,
    crest_db,
    level_db,
    lufs,
    mono,
    octave_levels_db,
    sound_of,
)

STEPS = (0.0, 0.33, 0.66, 1.0)


def tenths_db(samples: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return the level of each tenth of a second, dB."""
    tenths = samples[: len(samples) // 4800 * 4800].reshape(-1, 4800).astype(np.float64)
    return np.asarray(10.0 * np.log10(np.square(tenths).mean(axis=1)))


def heard_db(sound: Block, low_hz: float, high_hz: float) -> float:
    """Return the level between two frequencies, dBFS."""
    return level_db(mono(sound)) + band_level_db(sound, low_hz, high_hz)


def test_more_water_is_louder_at_every_step() -> None:
    loudness = [lufs(sound_of("waterfall", {"flow": flow}, duration_s=4.0)) for flow in STEPS]
    assert all(louder > softer + 2.5 for softer, louder in pairwise(loudness))


def test_the_higher_it_falls_the_lower_it_roars() -> None:
    falls = [sound_of("waterfall", {"height_m": height}, duration_s=4.0) for height in (2.0, 6.0, 19.0, 60.0)]
    rumble = [heard_db(fall, 35.0, 150.0) for fall in falls]
    assert all(higher > lower + 2.0 for lower, higher in pairwise(rumble))


def test_rock_spatters_where_a_pool_rumbles() -> None:
    centroids = [centroid_hz(sound_of("waterfall", {"pool": pool}, duration_s=4.0)) for pool in STEPS]
    assert all(deeper < 0.93 * shallower for shallower, deeper in pairwise(centroids))


def test_spray_is_a_hiss_above_the_rest() -> None:
    dry, wet = (sound_of("waterfall", {"spray": spray}, duration_s=4.0) for spray in (0.0, 1.0))
    assert heard_db(wet, 6000.0, 14_000.0) > heard_db(dry, 6000.0, 14_000.0) + 6.0
    assert abs(heard_db(wet, 50.0, 400.0) - heard_db(dry, 50.0, 400.0)) < 0.5


def test_it_sounds_in_every_octave_and_hums_in_none() -> None:
    for seed in range(1, 4):
        octaves = octave_levels_db(sound_of("waterfall", seed=seed, object_seed=seed, duration_s=3.0))
        heard = [octaves[centre] for centre in (63.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0)]
        assert min(heard) > -18.0
        assert max(heard) < -4.0


def test_a_cataract_roars_on_and_a_veil_falls_as_drops() -> None:
    cataract = sound_of("waterfall/cataract", duration_s=6.0)
    veil = sound_of("waterfall/veil", duration_s=6.0)
    assert tenths_db(mono(cataract)).std() < 1.0 < tenths_db(mono(veil)).std()
    assert crest_db(veil) > crest_db(cataract) + 2.0


def test_a_cascade_shakes_no_ground() -> None:
    assert band_level_db(sound_of("waterfall/cascade", duration_s=4.0), 20.0, 120.0) < -20.0
    assert band_level_db(sound_of("waterfall/cataract", duration_s=4.0), 20.0, 120.0) > -8.0


def test_each_fall_has_its_own_rocks() -> None:
    def colour(seed: int, object_seed: int) -> npt.NDArray[np.float64]:
        fall = sound_of("waterfall", seed=seed, object_seed=object_seed, duration_s=5.0)
        return np.array(list(octave_levels_db(fall).values()))[1:9]

    same = np.abs(colour(1, 1) - colour(2, 1)).max()
    assert np.abs(colour(1, 1) - colour(1, 2)).max() > same
