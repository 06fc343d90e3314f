"""A pick-up says what was found, in the key of the game, and a streak climbs."""

import numpy as np
import pytest

from swash_model.dsp.loudness import momentary_lufs
from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.procedural.effects._notes import KEYS
from swash_model.procedural.effects.pickup import KINDS, MAJOR, THINGS
from swash_model.spec import Block, Value
from tests.hearing import band_level_db, centroid_hz, correlation, mono, sound_of

TUNEFUL = [kind for kind in KINDS if kind not in THINGS]


def found(kind: str, *, seed: int = 1, object_seed: int = 1, **parameters: Value) -> Block:
    asked = {"kind": kind, "sparkle": 0.0, **parameters}
    return sound_of("pickup", asked, seed=seed, object_seed=object_seed)


def pitch_hz(sound: Block, from_s: float, to_s: float, low_hz: float = 200.0) -> float:
    """Return the strongest frequency of a stretch of time."""
    part = mono(sound)[round(from_s * SAMPLE_RATE) : round(to_s * SAMPLE_RATE)]
    power = np.abs(np.fft.rfft(part * np.hanning(len(part)), 1 << 17))
    hz = np.fft.rfftfreq(1 << 17, 1.0 / SAMPLE_RATE)
    return float(hz[np.argmax(np.where(hz > low_hz, power, 0.0))])


def semitones(low_hz: float, high_hz: float) -> float:
    return 12.0 * float(np.log2(high_hz / low_hz))


def hits_of(sound: Block) -> int:
    """Return how many sudden rises of level there are."""
    level = np.abs(np.diff(mono(sound), n=2))
    level = level[: len(level) // 240 * 240].reshape(-1, 240).max(axis=1)
    return int(np.count_nonzero(level[1:] > 2.0 * level[:-1] + 0.02 * level.max()))


def test_a_coin_is_b_and_then_e() -> None:
    coin = sound_of("pickup/coin")
    assert pitch_hz(coin, 0.002, 0.068) == pytest.approx(987.8, rel=0.005)
    assert pitch_hz(coin, 0.1, 0.4) == pytest.approx(1318.5, rel=0.005)


@pytest.mark.parametrize("kind", TUNEFUL)
@pytest.mark.parametrize("key", ["c", "f_sharp", "b_flat"])
def test_tunes_stand_in_their_key(kind: str, key: str) -> None:
    last = found(kind, key=key, worth=0.0)
    away = semitones(440.0, pitch_hz(last, 0.05, 0.06 + 0.5 * len(last) / SAMPLE_RATE))
    assert abs(away - round(away)) < 0.25
    # Somewhere in the tonic's major scale: a melody need not end on the tonic.
    assert (round(away) + KEYS.index("a") - KEYS.index(key)) % 12 in MAJOR


@pytest.mark.parametrize("kind", ["coin", "item"])
def test_a_streak_climbs_the_major_scale(kind: str) -> None:
    notes = [pitch_hz(found(kind, streak=float(step), worth=0.0), 0.12, 0.3) for step in range(8)]
    assert [round(semitones(notes[0], note)) for note in notes] == list(MAJOR[:8])


def test_gold_and_keys_are_metal_that_is_counted_by_its_worth() -> None:
    for kind in ("gold", "keys"):
        counts = [np.mean([hits_of(found(kind, worth=w, seed=s)) for s in range(4)]) for w in (0.0, 0.5, 1.0)]
        assert counts[0] < counts[1] < counts[2]
        assert centroid_hz(found(kind)) > 2500.0


def test_worth_makes_it_longer() -> None:
    for kind in KINDS:
        lengths = [len(found(kind, worth=worth)) for worth in (0.0, 1.0)]
        assert lengths[1] > 1.1 * lengths[0], kind


def test_ammunition_is_dull_and_short_beside_a_gem() -> None:
    ammo, gem = found("ammo"), found("gem")
    assert centroid_hz(ammo) < 0.7 * centroid_hz(gem)
    assert len(ammo) < 0.5 * len(gem)


def test_a_heart_beats_below_its_notes() -> None:
    assert band_level_db(found("heart"), 50.0, 120.0) > -15.0
    assert band_level_db(found("gem"), 50.0, 120.0) < -40.0


def test_sparkle_glitters_on_after_the_notes() -> None:
    high = [band_level_db(found("item", sparkle=sparkle)[9600:], 2500.0, 16_000.0) for sparkle in (0.0, 0.4, 1.0)]
    assert high[0] + 3.0 < high[1] < high[2]


@pytest.mark.parametrize("kind", KINDS)
def test_tone_is_brighter(kind: str) -> None:
    centroids = [centroid_hz(found(kind, tone=tone)) for tone in (0.0, 0.5, 1.0)]
    assert centroids == sorted(centroids)


def test_a_purse_keeps_its_coins_but_they_never_fall_alike() -> None:
    ours, again, theirs = (found("gold", seed=s, object_seed=o) for s, o in ((1, 1), (2, 1), (1, 2)))
    assert correlation(mono(ours), mono(again)) < 0.5
    assert abs(semitones(pitch_hz(ours, 0, 0.5), pitch_hz(theirs, 0, 0.5))) > 0.1


def test_kinds_are_about_equally_loud() -> None:
    loudness = [momentary_lufs(found(kind), SAMPLE_RATE) for kind in KINDS]
    assert max(loudness) - min(loudness) < 9.0  # what only clinks peaks higher, and must not
