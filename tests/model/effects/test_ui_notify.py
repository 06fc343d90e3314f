"""A notification is understood by its melody: up is yes, down is back, low is no."""

import numpy as np
import pytest

from swash_model.dsp.loudness import momentary_lufs
from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.procedural.effects.ui_notify import FIGURES, KEYS, UI_NOTIFY
from swash_model.spec import Block, Value
from tests.hearing import band_level_db, centroid_hz, level_db, mono, sound_of

PRESETS = [f"ui_notify/{preset.name}" for preset in UI_NOTIFY.presets]


def pitch_hz(sound: Block, from_s: float, to_s: float) -> float:
    """Return the strongest frequency of a stretch of time."""
    part = mono(sound)[round(from_s * SAMPLE_RATE) : round(to_s * SAMPLE_RATE)]
    power = np.abs(np.fft.rfft(part * np.hanning(len(part)), 1 << 17))
    return float(np.argmax(power)) * SAMPLE_RATE / (1 << 17)


def semitones(low_hz: float, high_hz: float) -> float:
    return 12.0 * float(np.log2(high_hz / low_hz))


def notes_hz(kind: str, starts_s: tuple[float, ...], length_s: float = 0.07, **parameters: Value) -> list[float]:
    sound = sound_of("ui_notify", {"kind": kind, **parameters})
    return [pitch_hz(sound, start_s, start_s + length_s) for start_s in starts_s]


def test_confirm_rises_by_a_fifth() -> None:
    first, second = notes_hz("confirm", (0.0, 0.09))
    assert semitones(first, second) == pytest.approx(7.0, abs=0.3)


def test_cancel_falls() -> None:
    first, second = notes_hz("cancel", (0.0, 0.09))
    assert semitones(first, second) == pytest.approx(-7.0, abs=0.3)


def test_error_is_lower_than_confirm_and_falls() -> None:
    first, second = notes_hz("error", (0.005, 0.135))
    assert second < first < 0.5 * notes_hz("confirm", (0.0,))[0]
    assert 150.0 < second < first < 220.0


def test_error_is_a_square_without_partials_above_what_was_put_in() -> None:
    sound = sound_of("ui_notify", {"kind": "error", "tone": 1.0})
    first_hz = pitch_hz(sound, 0.005, 0.075)
    frequencies = np.fft.rfftfreq(1 << 16, 1.0 / SAMPLE_RATE)
    held = mono(sound)[480:4320]
    power = np.abs(np.fft.rfft(held * np.hanning(len(held)), 1 << 16)) ** 2
    near = [power[np.abs(frequencies - k * first_hz) < 15.0].max() for k in range(1, 10)]
    assert min(near[0::2]) > 50.0 * max(near[1::2])  # odd partials only
    assert band_level_db(sound, 12_000.0, 24_000.0) < -60.0


def test_success_climbs_a_major_chord() -> None:
    notes = notes_hz("success", (0.0, 0.083, 0.163, 0.25), tone=0.2)
    assert [round(semitones(notes[0], note)) for note in notes] == [0, 4, 7, 12]


def test_warning_says_it_three_times() -> None:
    level = np.abs(mono(sound_of("ui_notify", {"kind": "warning"})))
    blocks = level[: len(level) // 240 * 240].reshape(-1, 240).max(axis=1)
    loud = blocks > 0.2 * blocks.max()
    assert np.count_nonzero(np.diff(np.concatenate([[0], loud.astype(int)])) == 1) == 3


def test_message_is_a_single_bell_that_rings_on() -> None:
    bell = mono(sound_of("ui_notify", {"kind": "message"}))
    assert len(bell) > 0.5 * SAMPLE_RATE
    tenths = [level_db(part) for part in np.array_split(bell, 10)]
    assert tenths == sorted(tenths, reverse=True)


@pytest.mark.parametrize("key", KEYS)
def test_keys_are_tempered(key: str) -> None:
    a440_away = semitones(440.0, notes_hz("confirm", (0.0,), key=key)[0])
    assert abs(a440_away - round(a440_away)) < 0.15
    assert round(a440_away) % 12 == (KEYS.index(key) - KEYS.index("a")) % 12


@pytest.mark.parametrize("kind", FIGURES)
def test_more_tone_is_brighter_but_not_louder(kind: str) -> None:
    sounds = [sound_of("ui_notify", {"kind": kind, "tone": tone}) for tone in (0.0, 0.5, 1.0)]
    brightness = [centroid_hz(sound) for sound in sounds]
    loudness = [momentary_lufs(sound, SAMPLE_RATE) for sound in sounds]
    assert brightness == sorted(brightness)
    assert max(loudness) - min(loudness) < 2.0


@pytest.mark.parametrize("kind", FIGURES)
def test_any_pace_stays_between_80_and_900_ms(kind: str) -> None:
    lengths = [len(sound_of("ui_notify", {"kind": kind, "pace": pace})) for pace in (2.0, 1.0, 0.5)]
    assert lengths == sorted(lengths)
    assert lengths[0] >= 0.08 * SAMPLE_RATE
    assert lengths[-1] <= 0.9 * SAMPLE_RATE


@pytest.mark.parametrize("path", PRESETS)
def test_it_begins_and_ends_without_a_click(path: str) -> None:
    sound = mono(sound_of(path))
    steps = np.abs(np.diff(sound, n=2))
    assert np.abs(sound[:3]).max() < 0.1 * np.abs(sound).max()
    assert steps[-96:].max() < 0.02 * steps.max()


def test_kinds_are_about_equally_loud() -> None:
    loudness = [momentary_lufs(sound_of("ui_notify", {"kind": kind}), SAMPLE_RATE) for kind in FIGURES]
    assert max(loudness) - min(loudness) < 2.5


def test_it_is_a_little_wide_and_whole_in_mono() -> None:
    for kind in FIGURES:
        sound = sound_of("ui_notify", {"kind": kind})
        side = (sound[:, 0] - sound[:, 1]) / 2.0
        assert -60.0 < level_db(side) - level_db(mono(sound)) < -6.0
