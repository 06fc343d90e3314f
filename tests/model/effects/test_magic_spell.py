"""Magic gathers and is let go, or strikes; each element has a colour of its own; an aura glitters on."""

import numpy as np
import pytest

from swash_model.dsp.loudness import momentary_lufs
from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.procedural.effects._spell_elements import ELEMENTS
from swash_model.procedural.effects.magic_spell import GATHERED
from swash_model.spec import Block, Value
from tests.hearing import band_level_db, centroid_hz, correlation, level_db, lufs, mono, onset_s, sound_of


def spell(*, seed: int = 1, object_seed: int = 1, **parameters: Value) -> Block:
    return sound_of("magic_spell", parameters, seed=seed, object_seed=object_seed)


def aura(seconds: float = 3.0, *, seed: int = 1, **parameters: Value) -> Block:
    return sound_of("magic_spell", parameters, seed=seed, duration_s=seconds)


def peak_s(sound: Block) -> float:
    """Return when it is loudest, within 20 ms."""
    power = np.convolve(mono(sound) ** 2, np.ones(960), mode="same")
    return float(np.argmax(power)) / SAMPLE_RATE


@pytest.mark.parametrize("duration_s", [0.6, 1.1, 2.5])
def test_a_cast_gathers_and_is_let_go(duration_s: float) -> None:
    sound = spell(duration_s=duration_s, power=0.8)
    assert peak_s(sound) == pytest.approx(GATHERED * duration_s, abs=0.12 * duration_s + 0.03)
    before = [level_db(part) for part in np.array_split(sound[: round(0.55 * duration_s * SAMPLE_RATE)], 3)]
    assert before == sorted(before)


@pytest.mark.parametrize("element", ELEMENTS)
def test_an_impact_is_there_at_once(element: str) -> None:
    sound = spell(element=element, form="impact")
    assert onset_s(sound) < 0.003
    assert peak_s(sound) < 0.15


def test_elements_have_their_colours() -> None:
    centroids = {element: centroid_hz(spell(element=element)) for element in ELEMENTS}
    assert centroids["ice"] > 1.7 * centroids["neutral"]
    assert centroids["dark"] < 0.8 * centroids["neutral"]
    assert centroids["dark"] < centroids["fire"] < centroids["ice"]


def test_fire_crackles_and_holy_light_does_not() -> None:
    def sudden(sound: Block) -> float:
        """Return the crest of what is above 5 kHz in what is left after the release, dB."""
        tail = np.abs(np.diff(mono(sound[round(0.75 * SAMPLE_RATE) : round(1.3 * SAMPLE_RATE)]), n=3))
        return 20.0 * float(np.log10(tail.max() / np.sqrt(np.mean(tail**2))))

    fire, holy = (np.mean([sudden(spell(element=e, seed=s)) for s in range(4)]) for e in ("fire", "holy"))
    assert fire > holy + 3.0


def test_the_bells_of_the_holy_stand_in_the_key() -> None:
    sound = aura(6.0, element="holy", key="d", choir=0.0, rush=0.0, shimmer=0.8)
    power = np.abs(np.fft.rfft(mono(sound) * np.hanning(len(sound)))) ** 2
    hz = np.fft.rfftfreq(len(sound), 1.0 / SAMPLE_RATE)
    heard = (hz > 550.0) & (hz < 2400.0)
    cents = 1200.0 * np.log2(hz[heard] / 293.66) % 1200.0
    scale = np.array([0.0, 200.0, 400.0, 700.0, 900.0, 1200.0])
    within = np.abs(cents[:, None] - scale).min(axis=1) < 30.0
    assert power[heard][within].sum() > 0.8 * power[heard].sum()


def test_power_is_louder_and_lower() -> None:
    sounds = [spell(form="impact", power=power) for power in (0.0, 0.5, 1.0)]
    loudness = [momentary_lufs(sound, SAMPLE_RATE) for sound in sounds]
    assert loudness[0] + 3.0 < loudness[1] < loudness[2] - 3.0
    low = [band_level_db(sound, 40.0, 200.0) for sound in sounds]
    assert low == sorted(low)


def test_an_aura_grows_with_each_of_its_controls() -> None:
    for name in ("power", "shimmer", "choir", "rush"):
        sounds = [sound_of("magic_spell", {name: value}, duration_s=3.0) for value in (0.0, 0.5, 1.0)]
        loudness = [lufs(sound) for sound in sounds]
        assert loudness == sorted(loudness), name


def test_more_shimmer_is_more_bells() -> None:
    sounds = [aura(shimmer=shimmer, rush=0.0) for shimmer in (0.0, 0.4, 1.0)]
    high = [level_db(sound) + band_level_db(sound, 1800.0, 12_000.0) for sound in sounds]
    assert high[0] + 3.0 < high[1] < high[2] - 1.0


def test_an_aura_is_there_from_the_first_moment_and_never_gone() -> None:
    for element in ELEMENTS:
        sound = aura(4.0, element=element)
        tenths = [level_db(part) for part in np.array_split(sound, 40)]
        assert min(tenths) > max(tenths) - 30.0, element


def test_no_two_casts_are_alike() -> None:
    first, other = mono(spell(seed=1)), mono(spell(seed=2))
    assert correlation(first, other) < 0.3


def test_elements_are_about_equally_loud() -> None:
    loudness = [momentary_lufs(spell(element=element), SAMPLE_RATE) for element in ELEMENTS]
    assert max(loudness) - min(loudness) < 4.0
