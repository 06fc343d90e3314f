"""Retro sounds: pitches that slide, notes in tune, chips that are coarse but do not fold back."""

import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import stft

from swash_model.dsp.loudness import momentary_lufs
from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.procedural.effects._notes import KEYS
from swash_model.procedural.effects.retro_sfx import RECIPES, WAVES
from swash_model.spec import Block, Value
from tests.hearing import band_level_db, centroid_hz, correlation, mono, sound_of

PLAIN: dict[str, Value] = {"mutate": 0.0, "crunch": 0.0}
NOTED = [kind for kind, recipe in RECIPES.items() if recipe.notes]


def retro(kind: str, *, seed: int = 1, object_seed: int = 1, **parameters: Value) -> Block:
    return sound_of("retro_sfx", {"kind": kind, **PLAIN, **parameters}, seed=seed, object_seed=object_seed)


def pitch_hz(sound: Block, from_s: float, to_s: float, low_hz: float = 60.0) -> float:
    """Return the strongest frequency of a stretch of time."""
    part = mono(sound)[round(from_s * SAMPLE_RATE) : round(to_s * SAMPLE_RATE)]
    power = np.abs(np.fft.rfft(part * np.hanning(len(part)), 1 << 17))
    hz = np.fft.rfftfreq(1 << 17, 1.0 / SAMPLE_RATE)
    return float(hz[np.argmax(np.where(hz > low_hz, power, 0.0))])


def semitones(low_hz: float, high_hz: float) -> float:
    return 12.0 * float(np.log2(high_hz / low_hz))


def path_hz(sound: Block) -> npt.NDArray[np.float64]:
    hz, _, bins = stft(mono(sound), SAMPLE_RATE, nperseg=1024, noverlap=512, nfft=8192)
    heard = (hz > 80.0) & (hz < 3000.0)
    return np.asarray(hz[heard][np.argmax(np.abs(bins[heard]), axis=0)])[2:-4]


def test_a_jump_goes_up_and_a_shot_down() -> None:
    jump, shot = path_hz(retro("jump")), path_hz(retro("shoot"))
    assert jump[-1] > 1.8 * jump[0]
    assert shot[-1] < 0.5 * shot[0]
    assert np.mean(np.diff(shot) <= 0.0) > 0.9


def test_a_coin_is_two_notes_up_a_fourth() -> None:
    coin = retro("coin")
    assert semitones(pitch_hz(coin, 0.002, 0.07), pitch_hz(coin, 0.1, 0.3)) == pytest.approx(5.0, abs=0.2)


def test_a_power_up_climbs_a_major_chord_over_two_octaves() -> None:
    sound = retro("power_up", key="c")
    notes = [pitch_hz(sound, 0.07 * step + 0.006, 0.07 * step + 0.066) for step in range(6)]
    # The strongest partial may be an octave above the note.
    assert [round(semitones(261.63, note)) % 12 for note in notes] == [0, 4, 7, 0, 4, 7]
    assert notes[5] > 2.5 * notes[0]


@pytest.mark.parametrize("kind", NOTED)
@pytest.mark.parametrize("key", ["c", "e_flat", "a"])
def test_what_has_notes_ends_in_its_key(kind: str, key: str) -> None:
    sound = retro(kind, key=key, mutate=1.0, object_seed=5)  # however far it strays otherwise
    last = sound[-round(0.5 * len(sound)) : -round(0.15 * len(sound))]
    away = semitones(440.0, pitch_hz(last, 0.0, len(last) / SAMPLE_RATE))
    assert abs(away - round(away)) < 0.3
    assert round(away) % 12 == (KEYS.index(key) - KEYS.index("a")) % 12


def test_an_explosion_is_noise_that_falls_apart() -> None:
    boom = retro("explosion")
    quarters = np.array_split(boom, 4)
    assert centroid_hz(quarters[0]) > 2.0 * centroid_hz(quarters[3])
    assert band_level_db(boom, 30.0, 500.0) > -12.0


@pytest.mark.parametrize("wave", ["square", "saw", "triangle", "sine"])
def test_nothing_folds_back(wave: str) -> None:
    sound = retro("blip", wave=wave, semitones=24.0, key="d")  # near 4 kHz: six partials, and all else is alias
    note_hz = pitch_hz(sound, 0.01, 0.045)
    part = mono(sound)[480:2160]
    power = np.abs(np.fft.rfft(part * np.blackman(len(part)), 1 << 16)) ** 2
    hz = np.fft.rfftfreq(1 << 16, 1.0 / SAMPLE_RATE)
    off = np.abs(hz / note_hz - np.round(hz / note_hz)) * note_hz > 120.0
    heard = (hz > 200.0) & (hz < 16_000.0)
    assert 10.0 * np.log10(power[heard & off].max() / power.max()) < -50.0


def test_mutate_leads_away_and_the_plain_kind_is_always_the_same() -> None:
    plain = [retro("jump", object_seed=seed) for seed in (1, 2, 3)]
    assert len({len(sound) for sound in plain}) == 1
    lengths = {
        mutate: [len(retro("jump", object_seed=s, mutate=mutate)) for s in range(8)] for mutate in (0.3, 1.0)
    }
    assert np.std(lengths[1.0]) > 1.5 * np.std(lengths[0.3]) > 0.0


def test_the_game_decides_what_it_is_and_the_seed_only_how_it_is_played() -> None:
    ours = [len(retro("hurt", mutate=1.0, object_seed=3, seed=seed)) for seed in range(6)]
    theirs = [len(retro("hurt", mutate=1.0, object_seed=seed, seed=3)) for seed in range(6)]
    assert 0.0 < np.std(ours) < 0.6 * np.std(theirs)
    first, other = (mono(retro("jump", mutate=0.25, seed=seed)) for seed in (1, 2))
    assert correlation(first, other) < 0.9


def test_length_slide_and_crunch_do_what_they_say() -> None:
    lengths = [len(retro("jump", length=length)) for length in (0.5, 1.0, 2.0)]
    assert lengths[1] == pytest.approx(2 * lengths[0], rel=0.02)
    assert lengths[2] == pytest.approx(2 * lengths[1], rel=0.02)
    ends = [path_hz(retro("jump", slide=slide))[-3] for slide in (-1.0, 0.0, 1.0)]
    assert ends[0] < ends[1] < ends[2]
    noise = [band_level_db(retro("game_over", wave="sine", crunch=c), 3000.0, 16_000.0) for c in (0.0, 0.5, 1.0)]
    assert noise == sorted(noise)


@pytest.mark.parametrize("kind", RECIPES)
def test_every_wave_sounds_and_ends(kind: str) -> None:
    for wave in WAVES:
        sound = retro(kind, wave=wave)
        assert 0.02 < np.abs(sound).max() < 1.2
        assert np.abs(sound[-4:]).max() < 1e-3


def test_kinds_are_about_equally_loud() -> None:
    loudness = [momentary_lufs(retro(kind), SAMPLE_RATE) for kind in RECIPES]
    assert max(loudness) - min(loudness) < 5.0
