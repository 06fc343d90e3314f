"""From what an engine makes to what is heard: channels, rate, loudness and ceiling; and what came out."""

import dataclasses
import json
import math
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import soxr

from swash_model.dsp.inspection import survey
from swash_model.dsp.limiter import Limiter
from swash_model.dsp.loudness import SILENCE_LUFS, loudness_lufs, true_peak_dbtp
from swash_model.spec import Block

MAX_GAIN_DB = 20.0  # raised further, a quiet sound is mostly its own noise
PIECE_FRAMES = 16_384  # a whole sound is limited in pieces, so that the first is heard before the last is done
CONTEXT_FRAMES = 4096  # more than the resampler's filter reaches at any ratio that is served


@dataclass(frozen=True, slots=True)
class Mastering:
    """How a sound is finished: `channels` 1 or 2, `loudness_lufs` None leaves the level as it was made."""

    sample_rate: int
    channels: int
    loudness_lufs: float | None
    ceiling_dbtp: float

    def canonical(self) -> bytes:
        """Return bytes that are equal exactly when two masterings are."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Measured:
    """What a finished sound is: its loudness -70 LUFS at the least, its true peak -120 dBTP."""

    frames: int
    loudness_lufs: float
    true_peak_dbtp: float


def master(
    blocks: Iterator[Block],
    *,
    source_rate: int,
    frames: int | None,
    mastering: Mastering,
    loop: bool = False,
) -> Iterator[Block]:
    """Yield a sound as it will be heard, shape (frames, mastering.channels), while `blocks` are made.

    It is `frames` long where they are given, else as long as it was. With `loop` the sound is one turn, and so is
    what is yielded. Each block that goes in brings one out, which may be empty: limiter and resampler hold some
    back, and a loudness target or a loop needs the whole sound before its first frame. So whoever iterates may
    stop at any time. Closing this closes `blocks`.
    """
    try:
        folded = (_folded(block, mastering.channels) for block in blocks)
        if loop:
            whole = yield from _gathered(folded, mastering)
            turn = _levelled(_resampled_turn(whole, source_rate, frames, mastering), mastering)
            yield from _limited_turn(turn, mastering)
            return
        sound = _fitted(_resampled(folded, source_rate, mastering), frames, mastering)
        if mastering.loudness_lufs is not None:
            whole = yield from _gathered(sound, mastering)
            sound = _pieces(_levelled(whole, mastering))
        yield from _limited(sound, mastering)
    finally:
        if close := getattr(blocks, "close", None):
            close()


def measure(sound: Block, sample_rate: int) -> Measured:
    """Return what a finished sound is."""
    return Measured(len(sound), loudness_lufs(sound, sample_rate), true_peak_dbtp(sound, sample_rate))


def warm_up() -> None:
    """Compile what a first sound would wait for (or load it from disk)."""
    click = np.full((480, 1), 2.0, np.float32)
    mastering = Mastering(48_000, 1, -20.0, -1.0)
    sound = np.concatenate(list(master(iter([click]), source_rate=44_100, frames=None, mastering=mastering)))
    survey(sound, mastering.sample_rate)
    measure(sound, mastering.sample_rate)


def _folded(block: Block, channels: int) -> Block:
    """Return the mean of two channels, or the same in both."""
    if block.shape[1] == channels:
        return block
    if channels == 1:
        return np.asarray(block.mean(axis=1, keepdims=True))
    return np.repeat(block, channels, axis=1)


def _gathered(blocks: Iterable[Block], mastering: Mastering) -> Generator[Block, None, Block]:
    """Return the whole sound; yield an empty block for each on the way."""
    nothing = np.zeros((0, mastering.channels), np.float32)
    gathered = [nothing]
    for block in blocks:
        gathered.append(block)
        yield nothing
    return np.concatenate(gathered)


def _pieces(sound: Block) -> Iterator[Block]:
    for start in range(0, len(sound), PIECE_FRAMES):
        yield sound[start : start + PIECE_FRAMES]


def _resampled(blocks: Iterable[Block], source_rate: int, mastering: Mastering) -> Iterator[Block]:
    """Yield blocks at the rate of the mastering."""
    if source_rate == mastering.sample_rate:
        yield from blocks
        return
    stream = soxr.ResampleStream(source_rate, mastering.sample_rate, mastering.channels, "float32", "HQ")
    taken = given = 0
    for block in blocks:
        resampled = stream.resample_chunk(np.ascontiguousarray(block))
        taken, given = taken + len(block), given + len(resampled)
        yield resampled
    # The resampler rounds a length down: with some silence behind, the sound rings out into its last frame.
    silence = np.zeros((1 + source_rate // mastering.sample_rate, mastering.channels), np.float32)
    due = round(taken * mastering.sample_rate / source_rate) - given
    yield stream.resample_chunk(silence, last=True)[:due]


def _fitted(blocks: Iterable[Block], frames: int | None, mastering: Mastering) -> Iterator[Block]:
    """Yield exactly `frames`: the rest is cut, what is missing is silence. None: all, as they come."""
    if frames is None:
        yield from blocks
        return
    given = 0
    for block in blocks:
        yield block[: frames - given]
        given += len(block)
        if given >= frames:
            return
    yield np.zeros((frames - given, mastering.channels), np.float32)


def _levelled(sound: Block, mastering: Mastering) -> Block:
    """Return a whole sound at the loudness asked for, raised by no more than MAX_GAIN_DB."""
    if mastering.loudness_lufs is None:
        return sound
    measured = loudness_lufs(sound, mastering.sample_rate)
    if measured <= SILENCE_LUFS:
        return sound
    gain_db = min(MAX_GAIN_DB, mastering.loudness_lufs - measured)
    return sound * np.float32(10.0 ** (gain_db / 20.0))


def _limited(blocks: Iterable[Block], mastering: Mastering) -> Iterator[Block]:
    """Yield blocks under the ceiling."""
    limiter = Limiter(mastering.ceiling_dbtp, mastering.sample_rate, mastering.channels)
    for block in blocks:
        yield limiter.process(block)
    yield limiter.flush()


def _resampled_turn(turn: Block, source_rate: int, frames: int | None, mastering: Mastering) -> Block:
    """Return one turn of a loop at the rate of the mastering, resampled as if it had always been turning.

    The ratio is that of the two lengths, so a turn that is no whole number of frames at its new rate is
    stretched by less than one.
    """
    taken = len(turn)
    given = round(taken * mastering.sample_rate / source_rate) if frames is None else frames
    if taken == given:
        return turn
    step = taken // math.gcd(taken, given)  # the fewest frames that are whole frames at both rates
    context = -(-CONTEXT_FRAMES // step) * step
    around = np.take(turn, np.arange(-context, taken + context), axis=0, mode="wrap")
    resampled = soxr.resample(around, taken, given, quality="HQ")
    start = context * given // taken
    return np.asarray(resampled[start : start + given])


def _limited_turn(turn: Block, mastering: Mastering) -> Iterator[Block]:
    """Yield one turn of a loop under the ceiling: the second, when the limiter has heard it all."""
    limiter = Limiter(mastering.ceiling_dbtp, mastering.sample_rate, mastering.channels)
    needed = 2 * len(turn) + limiter.look_ahead_frames
    given = -len(turn)
    for start in range(0, needed if len(turn) else 0, PIECE_FRAMES):
        frames = np.arange(start, min(start + PIECE_FRAMES, needed))
        limited = limiter.process(np.take(turn, frames, axis=0, mode="wrap"))
        if len(limited) > -given:
            yield limited[max(0, -given) :]
        given += len(limited)
