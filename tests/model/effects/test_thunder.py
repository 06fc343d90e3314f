"""What makes thunder thunder: it cracks when near, claps, rolls away and grows dull."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import Values
from swash_model.procedural.effects._strike import Strike
from swash_model.procedural.effects.thunder import THUNDER, Storm
from swash_model.spec import Block, Value
from tests.hearing import band_level_db, centroid_hz, level_db, lufs, mono, octave_levels_db, onset_s, sound_of

SEEDS = range(1, 6)


def mean_over_seeds(measure: str, **parameters: Value) -> float:
    measures = {"loudness": lufs, "centroid": centroid_hz}
    return float(np.mean([measures[measure](sound_of("thunder", parameters, seed=seed)) for seed in SEEDS]))


def envelope(block: Block, window_s: float) -> npt.NDArray[np.float64]:
    """Return the RMS of windows, shape (windows,)."""
    frames = round(window_s * SAMPLE_RATE)
    samples = mono(block)[: len(block) // frames * frames]
    return np.asarray(np.sqrt(np.square(samples.reshape(-1, frames)).mean(axis=1)))


def storm(seconds: float, loop_s: float | None = None, **parameters: Value) -> Samples:
    loop_frames = None if loop_s is None else round(loop_s * SAMPLE_RATE)
    timeline = Timeline(seed=2, object_seed=2, loop_frames=loop_frames)
    values = Values(THUNDER.resolved(parameters))
    voice = Storm(timeline, values)
    starts = range(0, round(seconds * SAMPLE_RATE), QUANTUM_FRAMES)
    return np.concatenate([voice.block(timeline.position(start), values) for start in starts], axis=1)


def test_a_nearer_strike_is_louder_and_brighter() -> None:
    distances_km = (0.2, 0.8, 2.5, 6.0, 15.0)
    loudness = [mean_over_seeds("loudness", distance_km=km) for km in distances_km]
    centroids = [mean_over_seeds("centroid", distance_km=km) for km in distances_km]
    assert all(near > far + 0.5 for near, far in pairwise(loudness))
    assert all(near > far for near, far in pairwise(centroids))


def test_distant_thunder_is_almost_all_below_200_hz() -> None:
    for seed in SEEDS:
        sound = sound_of("thunder/distant_rumble", seed=seed)
        assert band_level_db(sound, 0.0, 200.0) > -1.0
        assert band_level_db(sound, 2000.0, 20_000.0) < -35.0


def test_thunder_at_a_few_kilometres_peaks_between_the_octaves_of_63_and_250_hz() -> None:
    for seed in SEEDS:
        octaves = octave_levels_db(sound_of("thunder", {"distance_km": 2.0}, seed=seed))
        assert max(octaves, key=lambda hz: octaves[hz]) in {63.0, 125.0, 250.0}
        assert -32.0 < octaves[1000.0] < -15.0


def test_only_a_near_strike_cracks() -> None:
    for seed in SEEDS:
        dull, sharp = (
            sound_of("thunder", {"distance_km": 0.15, "crack": crack}, seed=seed)[: SAMPLE_RATE // 3]
            for crack in (0.0, 1.0)
        )
        assert band_level_db(sharp, 2000.0, 12_000.0) > band_level_db(dull, 2000.0, 12_000.0) + 6.0
        far = [sound_of("thunder", {"distance_km": 3.0, "crack": crack}, seed=seed) for crack in (0.0, 1.0)]
        np.testing.assert_array_equal(far[0], far[1])


def test_a_strike_close_by_begins_with_its_loudest_clap() -> None:
    for seed in SEEDS:
        sound = sound_of("thunder/close_crack", seed=seed)
        assert np.abs(sound).max(axis=1).argmax() < 0.3 * SAMPLE_RATE


def test_distant_thunder_comes_in_several_claps() -> None:
    """A listener counts swells: maxima that stand 3 dB above the dips on both sides."""
    swells = []
    for seed in SEEDS:
        level = 20.0 * np.log10(envelope(sound_of("thunder/rolling", seed=seed), 0.25)[:32])
        inner = level[1:-1]
        swells.append(int(((inner > level[:-2]) & (inner > level[2:]) & (inner > np.median(level))).sum()))
        assert level.max() - np.median(level) > 4.0
    assert np.mean(swells) >= 3.0


def test_it_grows_duller_as_it_rolls_away() -> None:
    sounds = [sound_of("thunder", {"distance_km": 0.7}, seed=seed) for seed in SEEDS]
    early = np.mean([centroid_hz(sound[: 2 * SAMPLE_RATE]) for sound in sounds])
    late = np.mean([centroid_hz(sound[4 * SAMPLE_RATE :]) for sound in sounds])
    assert early > 1.1 * late


@pytest.mark.parametrize("duration_s", [3.0, 8.0, 15.0])
def test_it_is_heard_as_long_as_was_asked(duration_s: float) -> None:
    sound = sound_of("thunder", {"duration_s": duration_s})
    level = envelope(sound, 0.1)
    heard_s = 0.1 * np.flatnonzero(level > level.max() / 100.0)[-1]
    assert 0.7 * duration_s < heard_s <= duration_s


def test_more_power_is_louder_and_deeper() -> None:
    powers = (0.1, 0.5, 1.0)
    loudness = [mean_over_seeds("loudness", power=power) for power in powers]
    centroids = [mean_over_seeds("centroid", power=power) for power in powers]
    assert loudness == sorted(loudness)
    assert centroids == sorted(centroids, reverse=True)


def test_pieces_of_any_length_join_to_the_same_strike() -> None:
    def pieces(quanta: int) -> Samples:
        strike = Strike(3, distance_km=0.4, power=0.6, duration_s=6.0, crack=1.0)
        return np.concatenate([strike.take(quanta * QUANTUM_FRAMES) for _ in range(600 // quanta)], axis=1)

    whole = pieces(600)
    for quanta in (1, 20):
        np.testing.assert_allclose(pieces(quanta), whole, atol=1e-9)


def test_a_storm_begins_within_a_second() -> None:
    for seed in range(10):
        assert onset_s(sound_of("thunder/storm", seed=seed, duration_s=4.0)) < 1.1


def test_a_storm_with_more_strikes_is_heard_for_more_of_the_time() -> None:
    shares = []
    for strikes_per_min in (1.0, 3.0, 6.0):
        level = envelope(storm(120.0, strikes_per_min=strikes_per_min).T.astype(np.float32), 0.5)
        shares.append(float((level > 0.02 * level.max()).mean()))
    assert shares == sorted(shares)
    assert shares[-1] > 1.5 * shares[0]


def test_strikes_of_a_storm_come_from_different_distances() -> None:
    level = envelope(storm(240.0, strikes_per_min=6.0).T.astype(np.float32), 1.0)
    onsets = np.flatnonzero(level[1:] > 4.0 * level[:-1]) + 1
    peaks_db = [20.0 * np.log10(level[at : at + 3].max()) for at in onsets]
    assert len(peaks_db) >= 4
    assert np.ptp(peaks_db) > 6.0


def test_a_looped_storm_sounds_from_its_first_turn_as_if_it_had_always_been() -> None:
    """Even when its strikes last longer than the loop."""
    turn = 5 * SAMPLE_RATE
    sound = storm(10.0, loop_s=5.0, duration_s=12.0, strikes_per_min=6.0)
    assert level_db(sound[:, :QUANTUM_FRAMES]) > -80.0
    np.testing.assert_allclose(sound[:, :turn], sound[:, turn:], atol=1e-12)


def test_claps_that_fall_together_do_not_stop_the_mix() -> None:
    for seed in range(1, 9):
        assert np.abs(sound_of("thunder/overhead_clap", seed=seed)).max() < 1.5
