"""Audio that a caller brings to begin with, as the bytes of a file."""

import os
import struct
from numbers import Integral
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from swash_client.errors import FieldViolation, InvalidRequestError
from swash_client.sound import Sound, SoundFile

InitAudio: TypeAlias = (
    bytes | str | os.PathLike[str] | Sound | SoundFile | tuple[npt.NDArray[np.floating[Any]], int]
)
"""A WAV, FLAC or Ogg file as its bytes or by its path, a sound that came from a server, or samples and their rate:
floats in [-1, 1] of shape (frames,) or (frames, channels), and frames a second. `soundfile.read` returns such."""

# A request is at most 8 MiB; gRPC itself refuses a larger one, and does not say which field is too large.
MAX_BYTES = 8 * 1024 * 1024 - 64 * 1024

_IEEE_FLOAT = 3
_SAMPLE_BYTES = 4
_HEAD_BYTES = 58
_MAX_SAMPLE_RATE = 2**28  # its bytes a second still fit the head; what a server takes is far below


def init_bytes(audio: InitAudio) -> bytes:
    """Return the bytes of a file that holds the audio; raise InvalidRequestError when they cannot be had."""
    match audio:
        case bytes():
            data = audio
        case str() | os.PathLike():
            data = _read(Path(audio))
        case SoundFile():
            data = audio.data
        case Sound():
            data = _wav(audio.samples, audio.header.sample_rate)
        case (np.ndarray() as samples, Integral() as sample_rate):
            data = _wav(samples, int(sample_rate))
        case _:
            raise _invalid(f"bytes, a path, a sound or (samples, sample_rate), got {type(audio).__name__}")
    if not 0 < len(data) <= MAX_BYTES:
        raise _invalid(f"1 to {MAX_BYTES} bytes, got {len(data)}")
    return data


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(
                MAX_BYTES + 1
            )  # one more shows that there is more; of a huge file the rest stays there
    except OSError as error:
        raise _invalid(f"cannot read {path} ({error.strerror or error})") from error
    if not 0 < len(data) <= MAX_BYTES:
        raise _invalid(f"1 to {MAX_BYTES} bytes, {path} has {'more' if data else 'none'}")
    return data


def _wav(samples: npt.NDArray[Any], sample_rate: int) -> bytes:
    """Return samples, shape (frames,) or (frames, channels), as a WAV file of 32-bit floats."""
    if not np.issubdtype(samples.dtype, np.floating):
        raise _invalid(f"samples are floats in [-1, 1], got {samples.dtype}")
    block = samples[:, np.newaxis] if samples.ndim == 1 else samples
    if block.ndim != 2 or block.shape[1] not in {1, 2}:
        raise _invalid(f"samples have the shape (frames,) or (frames, 1 or 2), got {samples.shape}")
    if block.size * _SAMPLE_BYTES > MAX_BYTES:
        raise _invalid(f"at most {MAX_BYTES} bytes, got {block.size} samples of {_SAMPLE_BYTES} bytes")
    if not 0 < sample_rate <= _MAX_SAMPLE_RATE:
        raise _invalid(f"a sample rate of 1 to {_MAX_SAMPLE_RATE}, got {sample_rate}")
    return _head(len(block), block.shape[1], sample_rate) + block.astype("<f4").tobytes()


def _head(frames: int, channels: int, sample_rate: int) -> bytes:
    """Return what stands before the samples: floats want a longer `fmt ` than PCM does, and a `fact` chunk."""
    frame_bytes = channels * _SAMPLE_BYTES
    data_bytes = frames * frame_bytes
    return struct.pack(
        "<4sI4s4sIHHIIHHH4sII4sI",
        b"RIFF",
        _HEAD_BYTES - 8 + data_bytes,
        b"WAVE",
        b"fmt ",
        18,
        _IEEE_FLOAT,
        channels,
        sample_rate,
        sample_rate * frame_bytes,
        frame_bytes,
        8 * _SAMPLE_BYTES,
        0,  # bytes of the extension of `fmt `
        b"fact",
        4,
        frames,
        b"data",
        data_bytes,
    )


def _invalid(problem: str) -> InvalidRequestError:
    return InvalidRequestError(f"init_audio: {problem}", [FieldViolation("init_audio", problem)])
