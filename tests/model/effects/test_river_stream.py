"""Running water as a listener knows it: babble, depth and white water."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tests.hearing import (
    band_level_db,
    centroid_hz,
    correlation,
    crest_db,
    lufs,
    mono,
    octave_levels_db,
    sound_of,
)


def test_more_flow_is_louder_at_every_step() -> None:
    loudness = [lufs(sound_of("river_stream", {"flow": f}, duration_s=8.0)) for f in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert all(louder > softer + 1.5 for softer, louder in pairwise(loudness))


def test_deeper_water_is_lower_at_every_step() -> None:
    centroids = [
        centroid_hz(sound_of("river_stream", {"depth": d}, duration_s=8.0)) for d in (0.0, 0.33, 0.66, 1.0)
    ]
    assert all(lower < 0.9 * higher for higher, lower in pairwise(centroids))


def test_rocks_make_it_brighter_at_every_step() -> None:
    centroids = [
        centroid_hz(sound_of("river_stream", {"rocks": r}, duration_s=8.0)) for r in (0.0, 0.33, 0.66, 1.0)
    ]
    assert all(brighter > 1.1 * duller for duller, brighter in pairwise(centroids))


def test_its_voice_lies_between_four_hundred_hertz_and_three_kilohertz() -> None:
    stream = sound_of("river_stream", duration_s=12.0)
    octaves = octave_levels_db(stream)
    assert max(octaves, key=lambda centre: octaves[centre]) in {500.0, 1000.0, 2000.0}
    assert band_level_db(stream, 400.0, 3000.0) > -1.5
    assert band_level_db(stream, 20.0, 300.0) > -30.0


def test_a_trickle_is_single_drops_and_rapids_are_a_roar() -> None:
    trickle = sound_of("river_stream/trickle", duration_s=12.0)
    rapids = sound_of("river_stream/rapids", duration_s=12.0)
    assert crest_db(trickle) > crest_db(rapids) + 5.0
    assert lufs(rapids) > lufs(trickle) + 12.0


def babble_db(samples: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return the level of each tenth of a second against the whole, dB."""
    tenths = samples[: len(samples) // 4800 * 4800].reshape(-1, 4800).astype(np.float64)
    level_db = 10.0 * np.log10(np.square(tenths).mean(axis=1))
    return np.asarray(level_db - level_db.mean())


def test_a_brook_babbles() -> None:
    # Steady noise of this bandwidth would move by half a decibel.
    assert babble_db(mono(sound_of("river_stream/babbling_brook", duration_s=12.0))).std() > 1.5


def test_it_babbles_in_places_left_and_right() -> None:
    brook = sound_of("river_stream/babbling_brook", duration_s=12.0)
    left, right = babble_db(brook[:, 0]), babble_db(brook[:, 1])
    assert correlation(left, right) < 0.9


def test_each_river_has_its_own_bed() -> None:
    one = octave_levels_db(sound_of("river_stream/babbling_brook", object_seed=1, duration_s=20.0))
    again = octave_levels_db(sound_of("river_stream/babbling_brook", object_seed=1, seed=2, duration_s=20.0))
    other = octave_levels_db(sound_of("river_stream/babbling_brook", object_seed=2, duration_s=20.0))
    voice = (500.0, 1000.0, 2000.0, 4000.0)
    same = max(abs(one[band] - again[band]) for band in voice)
    assert same < max(abs(one[band] - other[band]) for band in voice)
