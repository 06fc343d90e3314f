"""What tells fire from noise: a low lapping, crackles that come in flurries, the sizzle of damp wood."""

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, sosfilt, welch

from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.spec import Block
from tests.hearing import band_level_db, centroid_hz, crest_db, level_db, lufs, mono, octave_levels_db, sound_of

WINDOW_FRAMES = 96  # 2 ms, a short crackle


def crackles(sound: Block) -> npt.NDArray[np.int64]:
    """Return the windows of 2 ms in which something cracks: above 2 kHz, a sudden rise out of the hiss."""
    bright = sosfilt(butter(4, 2000.0, "highpass", fs=SAMPLE_RATE, output="sos"), mono(sound))
    windows = bright[: len(bright) // WINDOW_FRAMES * WINDOW_FRAMES].reshape(-1, WINDOW_FRAMES)
    peaks = np.abs(windows).max(axis=1)
    sudden = (peaks[1:] > 3.0 * np.median(peaks)) & (peaks[1:] > 2.0 * peaks[:-1])
    return np.asarray(np.flatnonzero(sudden) + 1)


def flutter(sound: Block, low_hz: float, high_hz: float) -> float:
    """Return the share of the level's movement (0.5 to 25 Hz) that lies between two rates."""
    frames = SAMPLE_RATE // 100
    samples = mono(sound)
    level = np.sqrt(np.mean(samples[: len(samples) // frames * frames].reshape(-1, frames) ** 2, axis=1))
    rate_hz, power = welch(level - level.mean(), 100.0, nperseg=256)
    moving = (rate_hz >= 0.5) & (rate_hz <= 25.0)
    return float(power[(rate_hz >= low_hz) & (rate_hz <= high_hz)].sum() / power[moving].sum())


def test_a_fire_is_low_with_bright_crackles() -> None:
    sound = sound_of("fire", duration_s=20.0)
    octaves = octave_levels_db(sound)
    assert max(octaves, key=lambda centre: octaves[centre]) < 160.0
    assert band_level_db(sound, 5000.0 / 2**0.5, 5000.0 * 2**0.5) > -20.0


def test_crackles_stand_16_to_22_decibels_above_the_bed() -> None:
    for seed in range(1, 7):
        assert 16.0 <= crest_db(sound_of("fire", seed=seed, duration_s=12.0)) <= 22.0


def test_crackles_come_in_flurries() -> None:
    for seed in range(1, 4):
        sound = sound_of("fire", seed=seed, duration_s=40.0)
        window = SAMPLE_RATE // 2 // WINDOW_FRAMES
        counts = np.bincount(crackles(sound) // window, minlength=80)
        assert counts.mean() > 2.0
        assert counts.var() / counts.mean() > 1.5  # Fano factor: 1 when independent


def test_crackles_are_few_large_among_many_small() -> None:
    sound = sound_of("fire", {"hiss": 0.0, "size": 0.5}, duration_s=40.0)
    bright = np.abs(sosfilt(butter(4, 2000.0, "highpass", fs=SAMPLE_RATE, output="sos"), mono(sound)))
    windows = bright[: len(bright) // WINDOW_FRAMES * WINDOW_FRAMES].reshape(-1, WINDOW_FRAMES).max(axis=1)
    sizes = windows[crackles(sound)]
    assert np.percentile(sizes, 98) > 4.0 * np.median(sizes)


def test_more_crackle_is_a_higher_crest() -> None:
    crests = [
        crest_db(sound_of("fire", {"crackle": crackle}, duration_s=12.0)) for crackle in (0.0, 0.25, 0.5, 1.0)
    ]
    assert (np.diff(crests) > 1.0).all()


def test_a_larger_fire_is_louder_and_has_more_low_end() -> None:
    sounds = [sound_of("fire", {"size": size}, duration_s=12.0) for size in (0.0, 0.25, 0.5, 0.75, 1.0)]
    lows = [level_db(sound) + band_level_db(sound, 25.0, 160.0) for sound in sounds]
    shares = [band_level_db(sound, 25.0, 80.0) for sound in sounds]
    assert (np.diff([lufs(sound) for sound in sounds]) > 1.0).all()
    assert (np.diff(lows) > 1.0).all()
    assert (np.diff(shares) > 0.2).all()


def test_hiss_lies_above_the_flames() -> None:
    calm, hissing = (sound_of("fire", {"hiss": hiss}, duration_s=10.0) for hiss in (0.0, 1.0))
    assert band_level_db(hissing, 2500.0, 10_000.0) > band_level_db(calm, 2500.0, 10_000.0) + 2.0
    assert abs(band_level_db(hissing, 25.0, 300.0) - band_level_db(calm, 25.0, 300.0)) < 0.7


def test_damp_wood_sizzles_and_cracks_less_sharply() -> None:
    dry, damp = (sound_of("fire", {"wet": wet}, duration_s=20.0) for wet in (0.0, 1.0))
    assert band_level_db(damp, 3000.0, 12_000.0) > band_level_db(dry, 3000.0, 12_000.0) + 4.0
    assert len(crackles(damp)) < 0.5 * len(crackles(dry))


def test_wind_fans_the_flames() -> None:
    sounds = [sound_of("fire", {"wind": wind, "crackle": 0.2}, duration_s=12.0) for wind in (0.0, 0.5, 1.0)]
    assert (np.diff([lufs(sound) for sound in sounds]) > 0.3).all()
    assert (np.diff([centroid_hz(sound) for sound in sounds]) > 30.0).all()


def test_a_torch_flutters_about_ten_times_a_second() -> None:
    torch = sound_of("fire", {"character": "torch", "crackle": 0.0}, duration_s=15.0)
    campfire = sound_of("fire", {"character": "crackle", "crackle": 0.0}, duration_s=15.0)
    assert flutter(torch, 7.0, 13.0) > 0.4
    assert flutter(torch, 7.0, 13.0) > 1.5 * flutter(campfire, 7.0, 13.0)


def test_a_burning_body_roars_where_wood_crackles() -> None:
    wood = sound_of("fire", {"character": "crackle"}, duration_s=20.0)
    burning = sound_of("fire", {"character": "burn"}, duration_s=20.0)
    assert len(crackles(burning)) < 0.5 * len(crackles(wood))
    assert band_level_db(burning, 300.0, 2000.0) > band_level_db(wood, 300.0, 2000.0) + 1.0


def test_embers_tick_where_a_campfire_laps() -> None:
    embers, campfire = (sound_of(path, duration_s=12.0) for path in ("fire/embers", "fire/campfire"))
    assert centroid_hz(embers) > 4.0 * centroid_hz(campfire)
    assert crest_db(embers) > crest_db(campfire) + 6.0
    assert lufs(embers) < lufs(campfire) - 6.0


def test_a_torch_in_a_storm_leaves_room_in_the_mix() -> None:
    torch = sound_of("fire", {"character": "torch", "size": 1.0, "wind": 1.0, "hiss": 1.0}, duration_s=6.0)
    assert np.percentile(np.abs(torch), 99.9) < 0.9
