"""A laser falls: from where, how far and how roughly is what tells one gun from another."""

import numpy as np
from scipy.signal import stft

from swash_model.dsp.loudness import momentary_lufs
from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.procedural.effects.laser import CHARACTERS
from swash_model.spec import Block, Value
from tests.hearing import band_level_db, centroid_hz, level_db, mono, onset_s, sound_of

CLEAN: dict[str, Value] = {"character": "toy", "dirt": 0.0, "thump": 0.0}


def middles_hz(sound: Block) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the median frequency of each 5 ms, Hz: where the sound lies as it falls."""
    frequency, _, image = stft(mono(sound), SAMPLE_RATE, nperseg=960, noverlap=720, boundary=None)
    power = np.square(np.abs(image))
    below = np.cumsum(power, axis=0) / (power.sum(axis=0) + 1e-30)
    return np.asarray(frequency[np.argmax(below > 0.5, axis=0)])


def lowest_hz(sound: Block, at_s: float) -> float:
    """Return the frequency of the lowest strong partial, from 20 ms at a moment."""
    frames = round(at_s * SAMPLE_RATE)
    piece = mono(sound)[frames : frames + 960] * np.hanning(960)
    power = np.square(np.abs(np.fft.rfft(piece, 1 << 15)))
    power[: round(60.0 / SAMPLE_RATE * (1 << 15))] = 0.0
    return float(np.argmax(power > 0.03 * power.max()) * SAMPLE_RATE / (1 << 15))


def test_a_bolt_falls_all_the_way() -> None:
    for character in CHARACTERS:
        sound = sound_of("laser", {"character": character, "thump": 0.0, "duration_s": 0.4})
        middles = middles_hz(sound)[: round(0.35 * SAMPLE_RATE / 240)]
        parts = [float(np.median(part)) for part in np.array_split(middles, 4)]
        assert parts == sorted(parts, reverse=True), character
        assert parts[0] > 3.0 * parts[-1], character


def test_it_begins_where_it_is_told_and_falls_as_far_as_it_is_told() -> None:
    for pitch_hz in (1500.0, 4000.0):
        sound = sound_of("laser", {**CLEAN, "pitch_hz": pitch_hz, "fall_octaves": 2.0, "duration_s": 0.8})
        early, late = lowest_hz(sound, 0.0), lowest_hz(sound, 0.75)
        assert 0.8 * pitch_hz < early < 1.2 * pitch_hz
        assert 1.6 < np.log2(early / late) < 2.3


def test_nothing_to_fall_is_a_steady_note() -> None:
    sound = sound_of("laser", {**CLEAN, "fall_octaves": 0.0, "pitch_hz": 1000.0, "duration_s": 0.5})
    assert abs(np.log2(lowest_hz(sound, 0.05) / lowest_hz(sound, 0.4))) < 0.05


def test_a_longer_bolt_lasts_longer() -> None:
    lasting = [len(sound_of("laser", {"duration_s": duration_s})) for duration_s in (0.08, 0.2, 0.5, 1.2)]
    assert lasting == sorted(lasting)
    assert lasting[-1] > 5.0 * lasting[0]


def test_dirt_makes_it_rougher() -> None:
    def rough(dirt: float) -> float:
        """Return how flat the spectrum is within 20 ms, 0 a single tone."""
        piece = mono(sound_of("laser", {"dirt": dirt, "thump": 0.0, "fall_octaves": 0.5, "duration_s": 0.6}))
        power = np.square(np.abs(np.fft.rfft(piece[4800:9600] * np.hanning(4800)))) + 1e-12
        band = power[50:1500]
        return float(np.exp(np.log(band).mean()) / band.mean())

    clean, some, much = rough(0.0), rough(0.4), rough(1.0)
    assert clean < some < much


def test_a_thump_kicks_below_the_chirp() -> None:
    def low_db(thump: float) -> float:
        sound = sound_of("laser", {"thump": thump})
        return level_db(sound) + band_level_db(sound, 30.0, 250.0)

    lows = [low_db(thump) for thump in (0.0, 0.3, 0.6, 1.0)]
    assert (np.diff(lows) > 1.0).all()


def test_a_warble_wavers() -> None:
    def wavering(warble: float) -> float:
        sound = sound_of("laser", {**CLEAN, "warble": warble, "fall_octaves": 0.0, "duration_s": 1.0})
        return float(np.std([np.log2(lowest_hz(sound, 0.1 + 0.013 * moment)) for moment in range(40)]))

    assert wavering(1.0) > wavering(0.5) > wavering(0.0) + 0.03


def test_a_charge_whines_up_before_the_shot() -> None:
    sound = sound_of("laser", {"charge_s": 1.0, "duration_s": 0.3})
    shot = sound_of("laser", {"duration_s": 0.3})
    assert abs(len(sound) - len(shot) - SAMPLE_RATE) < 0.05 * SAMPLE_RATE
    assert onset_s(sound) < 0.002
    rising = [centroid_hz(part) for part in np.array_split(sound[: SAMPLE_RATE - 480], 4)]
    assert rising == sorted(rising)
    assert (
        level_db(sound[SAMPLE_RATE : SAMPLE_RATE + 4800]) > level_db(sound[SAMPLE_RATE - 4800 : SAMPLE_RATE]) + 3.0
    )


def test_nothing_comes_back_from_above_the_band() -> None:
    # A saw of 8 kHz that stays there has partials at 8, 16 and 24 kHz; an alias would fall in between.
    sound = sound_of("laser", {**CLEAN, "pitch_hz": 7000.0, "fall_octaves": 0.0, "duration_s": 0.6})
    piece = sound[2400:24_000]
    assert band_level_db(piece, 100.0, 5500.0) < -28.0


def test_characters_are_about_equally_loud() -> None:
    loud = [momentary_lufs(sound_of("laser", {"character": each}), SAMPLE_RATE) for each in CHARACTERS]
    assert np.ptp(loud) < 8.0


def test_another_gun_has_another_voice() -> None:
    def formant(object_seed: int) -> float:
        return centroid_hz(sound_of("laser", {"thump": 0.0}, seed=1, object_seed=object_seed))

    voices = [formant(object_seed) for object_seed in range(1, 7)]
    shots = [centroid_hz(sound_of("laser", {"thump": 0.0}, seed=seed, object_seed=1)) for seed in range(1, 7)]
    assert np.std(voices) > 1.2 * np.std(shots)
