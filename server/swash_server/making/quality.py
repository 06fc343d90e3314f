"""The quality gate: what a sound may not be, whatever was asked for; and what is made instead of a neural one."""

import hashlib
from collections.abc import Iterator

import numpy as np

from swash_model.dsp.inspection import Survey, survey
from swash_model.spec import Block, Spec
from swash_server.errors import QualityError

# Chosen so that no request that the contract allows fails: the quietest rain far away, a tenth of a millisecond of
# a gun, a bed that pauses. tests/server/test_quality_of_effects.py holds them to that.
AUDIBLE = 1e-3  # -60 dBFS, of a neural sound as the engine makes it
DEAD = 1e-6  # -120 dBFS: a channel below while another is audible is not there
OFFSET = 0.05  # -26 dBFS of DC, and most of what the channel holds
OFFSET_SHORTEST_S = 0.2  # below, half a wave of something deep looks like an offset
CLIPPED_RUNS = 5  # fewer may be waves that happen to turn at full scale
PAUSE_S = 1.0  # an endless sound may be silent for so long, and a one-shot that was cut off before its onset
ONSET_S = 0.05

MAX_TRIES = 3  # seeds that a neural sound is made from: the one asked for, and two instead


def next_seed(seed: int) -> int:
    """Return the seed that is taken when what was made from this one fails: always the same."""
    # Hashed, so that the takes beside it, whose seeds count up, are not replaced by each other.
    return int.from_bytes(hashlib.blake2b(seed.to_bytes(4, "big"), digest_size=4, person=b"swash gate").digest())


def check_finite(block: Block, key: str) -> None:
    """Raise QualityError if a sample is not a number."""
    if not np.isfinite(block).all():
        raise _not_finite(int(np.size(block) - np.isfinite(block).sum()), key)


def check_whole(sound: Block, sample_rate: int, *, spec: Spec, frames: int | None, key: str) -> None:
    """Raise QualityError if a finished sound, shape (frames, channels), is not fit to be remembered.

    `frames` is the length that was promised, None where only making it told.
    """
    _check_length(len(sound), sample_rate, spec, frames, key)
    surveyed = survey(sound, sample_rate, loop=spec.loop)
    _check(surveyed, sample_rate, key)
    duration_s = len(sound) / sample_rate
    cut_short = not spec.endless and spec.duration_s is not None and spec.duration_s < ONSET_S
    may_pause = spec.endless and duration_s <= PAUSE_S
    if surveyed.peak == 0.0 and not cut_short and not may_pause:
        raise QualityError("silence", f"{duration_s:.3f} s of digital silence", key)
    _check_clicks(surveyed, sample_rate, key)


def admitted(blocks: Iterator[Block], sample_rate: int, key: str, *, loop: bool) -> Iterator[Block]:
    """Yield the blocks of a neural sound, shape (frames, channels), the first when something audible has come.

    Raise QualityError when what came, or all of it, is not fit to be heard. Closing this closes `blocks`.
    """
    came: list[Block] = []
    passed = False
    try:
        for block in blocks:
            came.append(block)
            if passed:
                check_finite(block, key)
                yield block
            elif passed := _is_heard(beginning := np.concatenate(came), sample_rate, key):
                yield beginning
        if came:  # nothing at all is what a sound that was stopped gives
            whole = np.concatenate(came)
            _check_heard(survey(whole, sample_rate, loop=loop), sample_rate, key)
            if not passed:
                yield whole
    finally:
        if close := getattr(blocks, "close", None):
            close()


def _is_heard(beginning: Block, sample_rate: int, key: str) -> bool:
    """Return whether a beginning is long enough to be judged, and audible; raise QualityError if it is bad."""
    surveyed = survey(beginning, sample_rate)
    _check(surveyed, sample_rate, key)
    return surveyed.peak > AUDIBLE and len(beginning) >= OFFSET_SHORTEST_S * sample_rate


def _check_heard(surveyed: Survey, sample_rate: int, key: str) -> None:
    """Raise QualityError for a whole neural sound, as the engine made it: resampled, a click is harder to tell."""
    _check(surveyed, sample_rate, key)
    if surveyed.peak <= AUDIBLE:
        raise QualityError("silence", "nothing in it is louder than -60 dBFS", key)
    _check_clicks(surveyed, sample_rate, key)


def _check_length(got: int, sample_rate: int, spec: Spec, frames: int | None, key: str) -> None:
    if frames is not None and got != frames:
        raise QualityError("length", f"{got} frames instead of {frames}", key)
    if not got:
        raise QualityError("length", "no frames at all", key)
    if spec.duration_s is not None and got > spec.duration_s * sample_rate + 2:  # rounded at two rates
        raise QualityError("length", f"{got / sample_rate:.4f} s instead of {spec.duration_s:.4f}", key)


def _check(surveyed: Survey, sample_rate: int, key: str) -> None:
    """Raise QualityError for what neither a sound nor a part of one may have."""
    if surveyed.not_finite:
        raise _not_finite(surveyed.not_finite, key)
    if surveyed.peak <= 1.0 and len(surveyed.clipped) >= CLIPPED_RUNS:
        raise QualityError("clipping", f"{len(surveyed.clipped)} runs of samples at full scale", key)
    if surveyed.peak > AUDIBLE and min(surveyed.peaks) < DEAD:
        raise QualityError("dead_channel", f"channel {int(np.argmin(surveyed.peaks))} is silent", key)
    if surveyed.frames >= OFFSET_SHORTEST_S * sample_rate:
        for channel, (mean, power) in enumerate(zip(surveyed.means, surveyed.powers, strict=True)):
            if abs(mean) > OFFSET and mean * mean > power / 2.0:
                raise QualityError("dc", f"channel {channel} is off centre by {mean:.2f}", key)


def _check_clicks(surveyed: Survey, sample_rate: int, key: str) -> None:
    if surveyed.clicks:
        times = ", ".join(f"{frame / sample_rate:.3f}" for frame in surveyed.clicks[:3])
        raise QualityError("click", f"{len(surveyed.clicks)} clicks, the first at {times} s", key)


def _not_finite(samples: int, key: str) -> QualityError:
    return QualityError("not_finite", f"{samples} samples are not numbers", key)
