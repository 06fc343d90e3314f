"""A click of an interface is short, at once there, and says what was touched."""

import numpy as np
import pytest
from scipy.signal import find_peaks

from swash_model.dsp.loudness import momentary_lufs
from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.procedural.effects.ui_click import TIMBRES, UI_CLICK
from swash_model.spec import Value
from tests.hearing import centroid_hz, correlation, mono, onset_s, sound_of, spectrum

PRESETS = [f"ui_click/{preset.name}" for preset in UI_CLICK.presets]


def dominant_hz(parameters: dict[str, Value], seed: int = 1, object_seed: int = 1) -> float:
    frequency, power = spectrum(sound_of("ui_click", parameters, seed=seed, object_seed=object_seed))
    return float(frequency[np.argmax(power)])


@pytest.mark.parametrize("path", PRESETS)
def test_a_click_is_over_within_60_ms_and_begins_within_2(path: str) -> None:
    for seed in range(4):
        click = sound_of(path, seed=seed, object_seed=seed)
        assert len(click) < 0.060 * SAMPLE_RATE
        assert onset_s(click) < 0.002


@pytest.mark.parametrize("material", TIMBRES)
def test_no_setting_makes_it_longer(material: str) -> None:
    extremes: tuple[dict[str, Value], ...] = (
        {"pitch": 0.5, "softness": 1.0},
        {"pitch": 0.5, "softness": 0.0, "double": 1.0},
        {"pitch": 2.0, "softness": 1.0, "double": 1.0},
    )
    for parameters in extremes:
        click = sound_of("ui_click", {"material": material, **parameters})
        assert len(click) < 0.060 * SAMPLE_RATE
        assert onset_s(click) < 0.002


@pytest.mark.parametrize("material", TIMBRES)
def test_pitch_moves_every_material_by_octaves(material: str) -> None:
    low, middle, high = (dominant_hz({"material": material, "pitch": pitch}) for pitch in (0.5, 1.0, 2.0))
    assert middle / low == pytest.approx(2.0, rel=0.05)
    assert high / middle == pytest.approx(2.0, rel=0.05)
    assert 900.0 < middle < 4000.0


@pytest.mark.parametrize("material", TIMBRES)
def test_softer_is_duller_and_quieter(material: str) -> None:
    clicks = [sound_of("ui_click", {"material": material, "softness": softness}) for softness in (0.0, 0.5, 1.0)]
    brightness = [centroid_hz(click) for click in clicks]
    loudness = [momentary_lufs(click, SAMPLE_RATE) for click in clicks]
    assert brightness == sorted(brightness, reverse=True)
    assert loudness == sorted(loudness, reverse=True)


def test_wood_is_the_dullest_and_glass_the_brightest() -> None:
    heard = {material: centroid_hz(sound_of("ui_click", {"material": material})) for material in TIMBRES}
    assert min(heard, key=lambda material: heard[material]) == "wood"
    assert max(heard, key=lambda material: heard[material]) == "glass"


def test_a_switch_clicks_twice() -> None:
    def clicks(double: float) -> int:
        level = np.abs(mono(sound_of("ui_click", {"double": double, "softness": 0.0})))
        envelope = np.convolve(level, np.ones(72) / 72.0, mode="same")
        peaks, _ = find_peaks(np.pad(envelope, 1), prominence=0.15 * envelope.max(), distance=240)
        return len(peaks)

    assert clicks(0.0) == 1
    assert clicks(0.8) == 2


def test_one_button_keeps_its_voice_and_another_has_its_own() -> None:
    clicks = [mono(sound_of("ui_click", seed=seed)) for seed in (1, 2)]
    other = mono(sound_of("ui_click", seed=1, object_seed=5))
    assert 0.7 < correlation(*clicks) < 0.9999
    assert correlation(clicks[0], other) < correlation(*clicks)


def test_materials_are_about_equally_loud() -> None:
    loudness = [momentary_lufs(sound_of("ui_click", {"material": name}), SAMPLE_RATE) for name in TIMBRES]
    assert max(loudness) - min(loudness) < 3.0


@pytest.mark.parametrize("material", TIMBRES)
def test_what_is_touched_ticks_above_5_khz_and_what_nothing_made_does_not(material: str) -> None:
    click = mono(sound_of("ui_click", {"material": material}))
    power = np.square(np.abs(np.fft.rfft(click, 4096)))  # whole: a window would fade the tick out
    frequency = np.fft.rfftfreq(4096, 1.0 / SAMPLE_RATE)
    share_db = 10.0 * np.log10(power[(frequency > 5000.0) & (frequency < 16_000.0)].sum() / power.sum())
    if material == "digital":
        assert share_db < -30.0
    else:
        assert -20.0 < share_db < -8.0
