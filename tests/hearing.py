"""Ears for the tests: what a listener would notice, in numbers."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy.signal import welch

from swash_model.dsp.loudness import loudness_lufs
from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.procedural.engine import ProceduralEngine
from swash_model.spec import Ask, Block, Value

OCTAVES_HZ = (31.5, 63.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16000.0)


def sound_of(
    effect: str,
    parameters: Mapping[str, Value] | None = None,
    *,
    seed: int = 1,
    object_seed: int = 1,
    duration_s: float | None = None,
    loop: bool = False,
) -> Block:
    """Return a whole sound at 48 kHz, shape (frames, 2), as the engine gives it."""
    engine = ProceduralEngine()
    ask = Ask(
        effect=effect,
        parameters=parameters or {},
        seed=seed,
        object_seed=object_seed,
        duration_s=duration_s,
        loop=loop,
    )
    return np.concatenate(list(engine.render(engine.resolve(ask).spec)))


def mono(block: Block) -> npt.NDArray[np.float64]:
    return np.asarray(block.astype(np.float64).mean(axis=1))


def lufs(block: Block) -> float:
    return loudness_lufs(block, SAMPLE_RATE)


def level_db(samples: npt.NDArray[np.floating]) -> float:
    """Return the RMS level, dBFS."""
    return 10.0 * float(np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-20))


def spectrum(block: Block) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return frequencies (Hz) and power of the mono sum."""
    samples = mono(block)
    frequency, power = welch(samples, SAMPLE_RATE, nperseg=min(8192, len(samples)))
    return np.asarray(frequency), np.asarray(power)


def centroid_hz(block: Block) -> float:
    """Return the centre of gravity of the power spectrum."""
    frequency, power = spectrum(block)
    return float((frequency * power).sum() / power.sum())


def octave_levels_db(block: Block) -> dict[float, float]:
    """Return the level of each octave band against the whole, dB."""
    frequency, power = spectrum(block)
    levels = {}
    for centre in OCTAVES_HZ:
        band = (frequency >= centre / np.sqrt(2)) & (frequency < centre * np.sqrt(2))
        levels[centre] = 10.0 * float(np.log10(power[band].sum() / power.sum() + 1e-20))
    return levels


def band_level_db(block: Block, low_hz: float, high_hz: float) -> float:
    """Return the level between two frequencies against the whole, dB."""
    frequency, power = spectrum(block)
    band = (frequency >= low_hz) & (frequency < high_hz)
    return 10.0 * float(np.log10(power[band].sum() / power.sum() + 1e-20))


def crest_db(block: Block) -> float:
    """Return peak over RMS, dB."""
    return 20.0 * float(np.log10(np.abs(block).max() + 1e-20)) - level_db(block)


def onset_s(block: Block, threshold_db: float = -40.0) -> float:
    """Return when the sound first comes within `threshold_db` of its peak."""
    level = np.abs(block).max(axis=1)
    return float(np.argmax(level > level.max() * 10 ** (threshold_db / 20.0))) / SAMPLE_RATE


def correlation(one: npt.NDArray[np.floating], other: npt.NDArray[np.floating]) -> float:
    frames = min(len(one), len(other))
    a, b = one[:frames].astype(float), other[:frames].astype(float)
    return float(abs(np.dot(a, b)) / (np.linalg.norm(a) * np.linalg.norm(b) + 1e-20))


def pcm16(samples: npt.NDArray[np.floating]) -> npt.NDArray[np.int16]:
    return np.asarray(np.round(np.clip(samples, -1, 1) * 32767), np.int16)
