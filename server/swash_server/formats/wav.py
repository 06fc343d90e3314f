"""The frame of a RIFF WAVE file of 16-bit PCM: what stands before the samples, and after them."""

import struct
from collections.abc import Mapping

BYTES_PER_SAMPLE = 2
PCM = 1
HEAD_BYTES = 44
LOOP_BYTES = 68
MIDDLE_C = 60  # the note at which a sampler plays it unchanged
FORWARD = 0
FOR_EVER = 0


def head(frames: int, channels: int, sample_rate: int, *, loop: bool = False) -> bytes:
    """Return the 44 bytes before the samples: enough to begin a file whose length is known."""
    frame_bytes = channels * BYTES_PER_SAMPLE
    data_bytes = frames * frame_bytes
    riff_bytes = HEAD_BYTES - 8 + data_bytes + (LOOP_BYTES if loop else 0)
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        riff_bytes,
        b"WAVE",
        b"fmt ",
        16,
        PCM,
        channels,
        sample_rate,
        sample_rate * frame_bytes,
        frame_bytes,
        8 * BYTES_PER_SAMPLE,
        b"data",
        data_bytes,
    )


def tail(frames: int, sample_rate: int, *, loop: bool = False) -> bytes:
    """Return what follows the samples: for a loop a `smpl` chunk that repeats them all, else nothing.

    It stands last, because players that expect the samples at byte 44 exist.
    """
    if not loop:
        return b""
    nanoseconds = round(1e9 / sample_rate)
    sampler = struct.pack("<9I", 0, 0, nanoseconds, MIDDLE_C, 0, 0, 0, 1, 0)
    whole = struct.pack("<6I", 0, FORWARD, 0, frames - 1, 0, FOR_EVER)  # the last frame belongs to the loop
    return b"smpl" + struct.pack("<I", len(sampler + whole)) + sampler + whole


def with_info(file: bytes, info: Mapping[str, str]) -> bytes:
    """Return a file with a LIST/INFO chunk at its end: texts by their names of four letters, such as ICMT."""
    parts = [b"INFO"]
    for name, text in info.items():
        data = text.encode() + b"\0"
        parts += [name.encode(), struct.pack("<I", len(data)), data, b"\0" * (len(data) % 2)]
    body = b"".join(parts)
    chunk = b"LIST" + struct.pack("<I", len(body)) + body
    return file[:4] + struct.pack("<I", len(file) - 8 + len(chunk)) + file[8:] + chunk
