"""An electric arc buzzes at the rate of its sparks, sputters when it is unsteady, and ends as a zap."""

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from swash_model.dsp.loudness import momentary_lufs
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.controls import Controls
from swash_model.procedural.effects.electric_arc import ELECTRIC_ARC
from swash_model.spec import Block, Value
from tests.hearing import band_level_db, centroid_hz, crest_db, level_db, lufs, mono, sound_of

STEADY: dict[str, Value] = {"sputter": 0.0, "hum": 0.0, "sizzle": 0.0}
CONTROL_HZ = 1000


def sharpness(samples: Samples) -> Samples:
    """Return the level above 2 kHz each millisecond."""
    sharp = np.abs(sosfilt(butter(2, 2000.0, "highpass", fs=SAMPLE_RATE, output="sos"), samples))
    step = SAMPLE_RATE // CONTROL_HZ
    return np.asarray(sharp[: len(sharp) // step * step].reshape(-1, step).max(axis=1))


def buzz(samples: Samples, rate_hz: float) -> float:
    """Return how much of the sharp level comes and goes at one rate, 0..1."""
    level = sharpness(samples)
    phase = 2.0 * np.pi * rate_hz * np.arange(len(level)) / CONTROL_HZ
    return float(abs(np.mean(level * np.exp(1j * phase))) / np.mean(level))


def silences_s(sound: Block) -> float:
    """Return how much of a sound has no sparks, s."""
    level = sharpness(mono(sound)).reshape(-1, 50).max(axis=1)
    return float(np.count_nonzero(level < 0.03 * np.percentile(level, 90)) * 0.05)


@pytest.mark.parametrize("rate_hz", [30.0, 100.0, 200.0])
def test_an_arc_buzzes_at_the_rate_of_its_sparks(rate_hz: float) -> None:
    sound = mono(sound_of("electric_arc", {**STEADY, "rate_hz": rate_hz}, duration_s=4.0))
    there = buzz(sound, rate_hz)
    assert there > 3.0 * max(buzz(sound, 0.73 * rate_hz), buzz(sound, 1.37 * rate_hz))
    assert there > 0.1


def test_in_a_loop_whole_sparks_fill_it() -> None:
    sound = mono(sound_of("electric_arc", {**STEADY, "rate_hz": 100.3}, duration_s=2.0, loop=True))
    assert buzz(sound, 100.5) > 3.0 * buzz(sound, 99.5)


def test_the_rate_moves_while_it_burns() -> None:
    assert ELECTRIC_ARC.endless
    controls = Controls(ELECTRIC_ARC, ELECTRIC_ARC.resolved({**STEADY, "rate_hz": 40.0}))
    voice = ELECTRIC_ARC.endless.voice(Timeline(seed=1, object_seed=1), controls.step())
    blocks = []
    for quantum in range(400):
        if quantum == 200:
            controls.set("rate_hz", 110.0)
        blocks.append(voice.block(quantum * QUANTUM_FRAMES, controls.step()))
    sound = np.concatenate(blocks, axis=1).mean(axis=0)
    before, after = sound[: 2 * SAMPLE_RATE], sound[-int(1.9 * SAMPLE_RATE) :]
    assert buzz(before, 40.0) > 3.0 * buzz(before, 110.0)
    assert buzz(after, 110.0) > 3.0 * buzz(after, 40.0)


def test_more_current_is_louder_and_lower() -> None:
    currents = (0.0, 0.33, 0.67, 1.0)
    sounds = [sound_of("electric_arc", {**STEADY, "current": current}, duration_s=3.0) for current in currents]
    assert (np.diff([lufs(sound) for sound in sounds]) > 1.0).all()
    assert (np.diff([centroid_hz(sound) for sound in sounds]) < -200.0).all()


def test_sputter_puts_it_out_and_strikes_it_anew() -> None:
    quiet = [
        silences_s(sound_of("electric_arc", {"sputter": sputter, "hum": 0.0}, duration_s=8.0))
        for sputter in (0.0, 0.45, 0.75, 1.0)
    ]
    assert quiet[0] == quiet[1] == 0.0
    assert quiet[1] < quiet[2] < quiet[3] < 4.0


def test_sizzle_and_hum_lie_above_and_below_the_sparks() -> None:
    still: dict[str, Value] = {"current": 0.3, "sputter": 0.0}
    plain, sizzling, humming = (
        sound_of("electric_arc", {**still, "sizzle": sizzle, "hum": hum}, duration_s=3.0)
        for sizzle, hum in ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))
    )

    def band_db(sound: Block, low_hz: float, high_hz: float) -> float:
        return level_db(sound) + band_level_db(sound, low_hz, high_hz)

    assert band_db(sizzling, 3000.0, 12_000.0) > band_db(plain, 3000.0, 12_000.0) + 3.0
    assert band_db(humming, 80.0, 420.0) > band_db(plain, 80.0, 420.0) + 6.0
    assert abs(band_db(humming, 3000.0, 12_000.0) - band_db(plain, 3000.0, 12_000.0)) < 1.0


def test_the_hum_stands_on_the_rate_and_its_multiples() -> None:
    sound = sound_of("electric_arc", {"rate_hz": 120.0, "hum": 1.0, "sizzle": 0.0, "current": 0.0}, duration_s=4.0)
    within = sum(
        10.0 ** (band_level_db(sound, at - 15.0, at + 15.0) / 10.0) for at in (120.0, 240.0, 360.0, 480.0)
    )
    whole = 10.0 ** (band_level_db(sound, 60.0, 540.0) / 10.0)
    assert within > 0.85 * whole


def test_a_zap_cracks_and_then_tires() -> None:
    for seed in range(1, 4):
        zap = sound_of("electric_arc", {"duration_s": 0.6}, seed=seed)
        parts = [level_db(part) for part in np.array_split(zap[: round(0.6 * SAMPLE_RATE)], 4)]
        assert parts == sorted(parts, reverse=True)
        assert parts[0] > parts[-1] + 8.0
        assert crest_db(zap) > 15.0


def test_a_zap_lasts_as_long_as_it_is_told() -> None:
    for duration_s in (0.1, 0.4, 1.5):
        lasts_s = len(sound_of("electric_arc", {"duration_s": duration_s})) / SAMPLE_RATE
        assert 0.75 * duration_s < lasts_s < 1.2 * duration_s + 0.08


def test_presets_are_what_their_names_say() -> None:
    transformer, cable, tesla = (
        sound_of(f"electric_arc/{name}", duration_s=4.0) for name in ("transformer", "torn_cable", "tesla_coil")
    )
    assert band_level_db(transformer, 80.0, 250.0) > -4.0
    assert silences_s(cable) > silences_s(transformer)
    assert lufs(tesla) > lufs(transformer) + 8.0
    stun = sharpness(mono(sound_of("electric_arc/stun_gun", duration_s=3.0)))
    assert np.median(stun) < 0.05 * stun.max()  # it ticks, and is still in between
    bolt = sound_of("electric_arc/lightning_spell")
    assert momentary_lufs(bolt, SAMPLE_RATE) > momentary_lufs(sound_of("electric_arc/zap"), SAMPLE_RATE) + 5.0
