"""Debris comes down in surges, hops, trickles out; its stuff is heard in its ring."""

import numpy as np
import pytest
from scipy.signal import butter, find_peaks, sosfilt

from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.spec import Block, Value
from tests.hearing import band_level_db, centroid_hz, correlation, level_db, mono, onset_s, sound_of

SEEDS = range(1, 4)


def falls(parameters: dict[str, Value]) -> list[Block]:
    return [sound_of("debris", parameters, seed=seed, object_seed=seed) for seed in SEEDS]


def touches(sound: Block) -> int:
    """Return how many touches are heard: jumps of the level above 1 kHz."""
    bright = np.abs(sosfilt(butter(2, 1000.0, "highpass", fs=SAMPLE_RATE, output="sos"), mono(sound)))
    level = 20.0 * np.log10(np.convolve(bright, np.ones(96) / 96.0, mode="same") + 1e-5)
    peaks, _ = find_peaks(level, prominence=6.0, distance=240)
    return len(peaks)


def test_larger_pieces_are_lower() -> None:
    centroids = [np.mean([centroid_hz(sound) for sound in falls({"size_m": m})]) for m in (0.03, 0.15, 0.5, 1.5)]
    assert centroids == sorted(centroids, reverse=True)
    assert centroids[0] > 4.0 * centroids[-1]


def test_more_pieces_touch_more_often() -> None:
    counts = [np.mean([touches(sound) for sound in falls({"amount": a, "dust": 0.0})]) for a in (0.0, 0.3, 0.7)]
    assert counts == sorted(counts)
    assert counts[-1] > 2.0 * counts[0]


def test_it_lasts_as_long_as_asked_and_then_dies_away() -> None:
    lengths = [len(sound_of("debris", {"duration_s": s})) / SAMPLE_RATE for s in (0.3, 1.5, 6.0)]
    assert lengths == sorted(lengths)
    assert lengths[-1] > 5.0
    for sound in falls({"duration_s": 3.0}):
        half = len(sound) // 2
        assert level_db(sound[:half]) > level_db(sound[half:]) + 3.0


def test_what_bounces_takes_longer_to_lie_still() -> None:
    lengths = [np.mean([len(sound) for sound in falls({"bounce": b, "duration_s": 0.5})]) for b in (0.0, 0.5, 1.0)]
    assert lengths == sorted(lengths)
    assert lengths[-1] > 1.4 * lengths[0]


def test_dust_fills_the_gaps_between_the_pieces() -> None:
    def quiet_db(dust: float) -> float:
        """Return the level above 2 kHz of the quieter moments of the first second."""
        sound = mono(sound_of("debris", {"dust": dust, "amount": 0.3}))[:SAMPLE_RATE]
        bright = sosfilt(butter(4, 2000.0, "highpass", fs=SAMPLE_RATE, output="sos"), sound)
        return float(np.percentile([level_db(window) for window in bright.reshape(-1, 480)], 30))

    levels = [quiet_db(dust) for dust in (0.0, 0.5, 1.0)]
    assert levels == sorted(levels)
    assert levels[-1] > levels[0] + 6.0


def ringing_db(sound: Block) -> float:
    """Return how far the strongest partials above 300 Hz stand out of what lies around them."""
    _, power = np.fft.rfftfreq(len(sound)), np.abs(np.fft.rfft(mono(sound))) ** 2
    first = round(300.0 * len(sound) / SAMPLE_RATE)
    level = 10.0 * np.log10(power[first : 20 * first] + 1e-20)
    return float(np.percentile(level, 99.9) - np.median(level))


def test_metal_rings_and_stone_only_knocks() -> None:
    plain: dict[str, Value] = {"dust": 0.0, "amount": 0.3}
    metal, wood, stone = (
        np.mean([ringing_db(sound) for sound in falls({**plain, "material": material})])
        for material in ("metal", "wood", "stone")
    )
    assert metal > wood > stone
    assert metal > stone + 8.0


def test_soft_soil_dulls_what_hard_stone_does_not() -> None:
    stone, soil = (
        np.mean([band_level_db(sound, 3000.0, 12_000.0) for sound in falls({"ground": ground})])
        for ground in ("stone", "soil")
    )
    assert stone > soil + 4.0


def test_presets_sound_as_they_are_called() -> None:
    glass, planks, slide = (
        centroid_hz(sound_of(f"debris/{name}")) for name in ("glass_shards", "wood_planks", "rockslide")
    )
    assert glass > 2.0 * planks > 3.0 * slide


@pytest.mark.parametrize("material", ["stone", "wood", "glass"])
def test_the_first_piece_lands_at_once_and_no_two_falls_are_alike(material: str) -> None:
    sounds = falls({"material": material})
    assert all(onset_s(sound) <= 0.002 for sound in sounds)
    assert correlation(mono(sounds[0]), mono(sounds[1])) < 0.4
