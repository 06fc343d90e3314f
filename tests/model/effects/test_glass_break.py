"""A break is a crash, and then a shower: when it lands, how high it rings and how long it goes on."""

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, find_peaks, sosfilt

from swash_model.dsp.loudness import momentary_lufs
from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.spec import Block, Value
from tests.hearing import (
    band_level_db,
    centroid_hz,
    correlation,
    level_db,
    mono,
    octave_levels_db,
    onset_s,
    sound_of,
)

SEEDS = range(1, 4)


def breaks(parameters: dict[str, Value]) -> list[Block]:
    return [sound_of("glass_break", parameters, seed=seed, object_seed=seed) for seed in SEEDS]


def mean_centroid_hz(parameters: dict[str, Value]) -> float:
    return float(np.mean([centroid_hz(sound) for sound in breaks(parameters)]))


def levels_db(sound: Block) -> npt.NDArray[np.float64]:
    """Return the level of each 10 ms."""
    windows = mono(sound)[: len(sound) // 480 * 480].reshape(-1, 480)
    return np.array([level_db(window) for window in windows])


def tinkles(sound: Block, after_s: float) -> int:
    """Return how many touches are heard after a time: jumps of the level above 2 kHz."""
    bright = np.abs(sosfilt(butter(2, 2000.0, "highpass", fs=SAMPLE_RATE, output="sos"), mono(sound)))
    level = 20.0 * np.log10(np.convolve(bright, np.ones(96) / 96.0, mode="same") + 1e-6)
    peaks, _ = find_peaks(level[round(after_s * SAMPLE_RATE) :], prominence=6.0, distance=240)
    return len(peaks)


def test_it_crashes_at_once_and_then_the_shards_land() -> None:
    for fall_m in (0.5, 1.5, 4.0):
        level = levels_db(sound_of("glass_break", {"fall_m": fall_m}))
        landing = int(100.0 * (2.0 * fall_m / 9.81) ** 0.5)
        assert level[:5].max() > level.max() - 8.0
        between, shower = level[landing // 2 : landing - 3].mean(), level[landing : landing + 25].max()
        assert shower > between + 10.0


def test_glass_is_bright_up_to_the_top_of_hearing() -> None:
    for sound in breaks({}):
        octaves = octave_levels_db(sound)
        assert max(octaves, key=lambda octave: octaves[octave]) >= 2000.0
        assert octaves[16000.0] > -16.0
        assert octaves[250.0] > -40.0  # the thump of the pane that gives way


def test_more_shards_tinkle_more_often() -> None:
    counts = [np.mean([tinkles(sound, 1.0) for sound in breaks({"shards": shards})]) for shards in (0.0, 0.4, 1.0)]
    assert counts == sorted(counts)
    assert counts[-1] > 1.5 * counts[0]


def test_thicker_glass_is_lower_and_smaller_things_are_higher() -> None:
    thick = [mean_centroid_hz({"thickness_mm": mm}) for mm in (0.5, 2.0, 15.0)]
    assert thick == sorted(thick, reverse=True)
    large = [mean_centroid_hz({"size_m": size_m}) for size_m in (0.1, 0.4, 2.5)]
    assert large == sorted(large, reverse=True)


def test_a_harder_blow_is_louder() -> None:
    loudness = [
        np.mean([momentary_lufs(sound, SAMPLE_RATE) for sound in breaks({"force": force})])
        for force in (0.2, 0.6, 1.0)
    ]
    assert (np.diff(loudness) > 0.8).all()


def test_a_carpet_swallows_what_stone_gives_back() -> None:
    def shower_db(floor: str) -> float:
        return float(np.mean([levels_db(sound)[45:100].mean() for sound in breaks({"floor": floor})]))

    stone, wood, carpet = (shower_db(floor) for floor in ("stone", "wood", "carpet"))
    assert stone > wood > carpet
    assert stone > carpet + 12.0


def test_tempered_glass_falls_as_fine_crumbs() -> None:
    pane, tempered = (breaks({"kind": kind})[0] for kind in ("pane", "tempered"))
    assert centroid_hz(tempered) > 1.4 * centroid_hz(pane)
    assert band_level_db(tempered, 900.0, 4000.0) < band_level_db(pane, 900.0, 4000.0) - 6.0


def test_presets_are_as_large_as_their_names() -> None:
    loudness = [
        momentary_lufs(sound_of(f"glass_break/{name}"), SAMPLE_RATE)
        for name in ("light_bulb", "window", "shop_window")
    ]
    assert loudness == sorted(loudness)
    assert centroid_hz(sound_of("glass_break/wine_glass")) > 1.2 * centroid_hz(sound_of("glass_break/window"))


def test_no_two_breaks_are_alike_and_all_begin_at_once() -> None:
    sounds = [sound_of("glass_break", seed=seed) for seed in (1, 2)]
    assert correlation(mono(sounds[0]), mono(sounds[1])) < 0.3
    for kind in ("pane", "vessel", "tempered"):
        assert onset_s(sound_of("glass_break", {"kind": kind, "force": 0.1})) <= 0.002


def test_shards_stand_around_the_blow() -> None:
    def aside_db(sound: Block) -> float:
        return level_db((sound[:, 0] - sound[:, 1]) / 2.0) - level_db(mono(sound))

    showers = [sound[round(0.45 * SAMPLE_RATE) : round(1.5 * SAMPLE_RATE)] for sound in breaks({})]
    assert np.mean([aside_db(shower) for shower in showers]) > -12.0
