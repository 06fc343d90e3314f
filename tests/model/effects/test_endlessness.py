"""What goes on never comes back: nothing in ten minutes shows a period, in the waveform or in how loud it is."""

import numpy as np
import pytest
from scipy.fft import irfft, next_fast_len, rfft

from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.catalogue import EFFECTS
from swash_model.procedural.effect import Values

TEN_MINUTES_S = 600
DECIMATION = 12  # to 4 kHz: what repeats there repeats everywhere
ENVELOPE_S = 0.05


def ten_minutes(effect_id: str) -> Samples:
    """Return the mono sum at 4 kHz, shape (frames,)."""
    effect = EFFECTS[effect_id]
    assert effect.endless
    values = Values(effect.resolved())
    voice = effect.endless.voice(Timeline(seed=1, object_seed=1), values)
    quanta = TEN_MINUTES_S * SAMPLE_RATE // QUANTUM_FRAMES
    out = np.empty((quanta, QUANTUM_FRAMES // DECIMATION))
    for quantum in range(quanta):
        block = voice.block(quantum * QUANTUM_FRAMES, values)
        out[quantum] = block.mean(axis=0).reshape(-1, DECIMATION).mean(axis=1)
    return out.ravel()


def largest_return(samples: Samples, first_lag: int) -> float:
    """Return the largest autocorrelation, 0..1, at any lag from `first_lag` to half of the length."""
    centred = samples - samples.mean()
    size = next_fast_len(2 * len(centred), real=True)
    similar = irfft(np.square(np.abs(rfft(centred, size))), size)[: len(centred) // 2]
    return float(np.abs(similar[first_lag:]).max() / similar[0])


@pytest.mark.timeout(240)
@pytest.mark.parametrize("effect_id", ["rain", "wind", "fire", "river_stream"])
def test_ten_minutes_show_no_period(effect_id: str) -> None:
    samples = ten_minutes(effect_id)
    rate = SAMPLE_RATE // DECIMATION
    assert largest_return(samples, first_lag=2 * rate) < 0.1
    step = round(ENVELOPE_S * rate)
    envelope = np.sqrt(np.square(samples[: len(samples) // step * step].reshape(-1, step)).mean(axis=1))
    # Gusts and swells may be alike; the same minute twice would be 0.5 and more.
    assert largest_return(envelope, first_lag=round(10.0 / ENVELOPE_S)) < 0.3
