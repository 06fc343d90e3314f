"""Loudness (ITU-R BS.1770-4) and true peak of a finished sound, and its level as a listener has it."""

import warnings

import numpy as np
import pyloudnorm
import soxr

from swash_model.spec import Block

SILENCE_LUFS = -70.0  # BS.1770's absolute gate: quieter has no loudness
SILENCE_DBTP = -120.0
GATE_S = 0.4  # BS.1770 measures in blocks of 400 ms; anything shorter is followed by silence
OVERSAMPLING = 4  # BS.1770-4, annex 2


def loudness_lufs(block: Block, sample_rate: int) -> float:
    """Return the integrated loudness of a whole sound, shape (frames, channels); -70 at the least."""
    frames = max(len(block), int(np.ceil(GATE_S * sample_rate)))
    padded = np.zeros((frames, block.shape[1]))
    padded[: len(block)] = block
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # log of silence: handled below
        measured = pyloudnorm.Meter(sample_rate).integrated_loudness(padded)
    return max(SILENCE_LUFS, float(measured)) if np.isfinite(measured) else SILENCE_LUFS


def momentary_lufs(block: Block, sample_rate: int) -> float:
    """Return the loudest 400 ms, in steps of 100 ms: the loudness of a hit; -70 at the least."""
    window, hop = round(GATE_S * sample_rate), round(0.1 * sample_rate)
    starts = range(0, max(1, len(block) - window + hop), hop)
    return max(loudness_lufs(block[start : start + window], sample_rate) for start in starts)


def true_peak_dbtp(block: Block, sample_rate: int) -> float:
    """Return the highest level between the samples too, by oversampling; -120 at the least."""
    if not len(block):
        return SILENCE_DBTP
    silence = np.zeros((64, block.shape[1]), np.float32)  # so that the edges are heard as they will be
    fine = soxr.resample(
        np.concatenate([silence, block, silence]), sample_rate, sample_rate * OVERSAMPLING, quality="HQ"
    )
    peak = max(float(np.abs(fine).max()), float(np.abs(block).max()))
    return max(SILENCE_DBTP, 20.0 * float(np.log10(max(peak, 1e-12))))
