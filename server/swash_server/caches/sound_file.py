"""A finished sound as a file, or as a value of the shared tier, in which no wrong byte goes unnoticed.

magic 8, version 4, digest 16          the digest is over all that follows
key 32, sample rate 4, channels 4, frames 8, bytes of meta 4
meta: JSON, filled up with spaces so that the samples lie on a multiple of 16 bytes
samples: float32 little-endian, interleaved
"""

import hashlib
import io
import json
import os
import struct
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt

from swash_model.spec import Block

JSON: TypeAlias = Any
"""What JSON gives back as it was: None, bool, int, float, str, lists of these and dicts from str."""

MAGIC = b"swash\x00\r\n"  # the zero and the line end show a file that was taken for text on its way
VERSION = 1
ALIGNMENT_BYTES = 16
DIGEST_BYTES = 16

FRONT = struct.Struct(f"<8sI{DIGEST_BYTES}s")
REST = struct.Struct("<32sIIQI")
HEAD_BYTES = FRONT.size + REST.size


class DamagedError(Exception):
    """A file is not, or not any more, the sound that its name promises."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A finished sound, shape (frames, channels), and what is known about it."""

    sound: Block
    sample_rate: int
    meta: dict[str, JSON]


def write(file: BinaryIO, key: str, stored: Stored) -> int:
    """Write a sound under its key, 64 hex digits, and return the size in bytes."""
    frames, channels = stored.sound.shape
    samples = np.ascontiguousarray(stored.sound, "<f4").reshape(-1).view(np.uint8)
    meta = json.dumps(stored.meta, separators=(",", ":")).encode()
    meta += b" " * (-(HEAD_BYTES + len(meta)) % ALIGNMENT_BYTES)
    rest = REST.pack(bytes.fromhex(key), stored.sample_rate, channels, frames, len(meta)) + meta
    file.write(FRONT.pack(MAGIC, VERSION, _digest(rest, samples.data)) + rest)
    file.write(samples.data)
    return FRONT.size + len(rest) + len(samples)


def read(file: BinaryIO, key: str, max_bytes: int) -> Stored:
    """Return the sound of this key; raise DamagedError when a single bit of the file is not as it was.

    One of more than `max_bytes` is none of ours, and is not read: a file with holes may say that it is any size.
    """
    head = file.read(HEAD_BYTES)
    body_bytes = _body_bytes(head, key)
    if body_bytes > max_bytes:
        raise DamagedError("larger than any that was written")
    if os.fstat(file.fileno()).st_size != HEAD_BYTES + body_bytes:
        raise DamagedError("longer or shorter than its head says")
    body = np.empty(body_bytes, np.uint8)
    file.readinto(body.data)  # type: ignore[attr-defined]  # what is missing shows in the digest
    return _stored(head, body)


def packed(key: str, stored: Stored) -> bytes:
    """Return what `write` writes."""
    file = io.BytesIO()
    write(file, key, stored)
    return file.getvalue()


def unpacked(data: bytes, key: str) -> Stored:
    """Return the sound of this key from what `write` wrote; raise DamagedError when a single bit is not as it was.

    The sound is not copied: it keeps `data` alive.
    """
    head = data[:HEAD_BYTES]
    if len(data) != HEAD_BYTES + _body_bytes(head, key):
        raise DamagedError("longer or shorter than its head says")
    return _stored(head, np.frombuffer(data, np.uint8, offset=HEAD_BYTES))


def _body_bytes(head: bytes, key: str) -> int:
    """Return the bytes that follow a head; raise DamagedError when it is none, or that of another sound."""
    if len(head) < HEAD_BYTES:
        raise DamagedError("shorter than a head")
    magic, version, _ = FRONT.unpack_from(head)
    key_bytes, _, channels, frames, meta_bytes = REST.unpack_from(head, FRONT.size)
    if magic != MAGIC or version != VERSION:
        raise DamagedError("no sound, or of another version")
    if key_bytes != bytes.fromhex(key):
        raise DamagedError("the sound of another key")
    return int(meta_bytes + 4 * channels * frames)


def _stored(head: bytes, body: npt.NDArray[np.uint8]) -> Stored:
    """Return the sound of a head and all that follows; raise DamagedError when the digest is another."""
    _, _, digest = FRONT.unpack_from(head)
    if _digest(head[FRONT.size :], body.data) != digest:
        raise DamagedError("not the bytes that were written")
    _, sample_rate, channels, frames, meta_bytes = REST.unpack_from(head, FRONT.size)
    sound = body[meta_bytes:].view("<f4").reshape(frames, channels)
    sound.flags.writeable = False  # one sound in memory may be played by many
    try:
        meta = json.loads(body[:meta_bytes].tobytes())
    except ValueError as error:  # the digest is right: written by a program that is not ours
        raise DamagedError("no JSON") from error
    return Stored(sound, sample_rate, meta)


def _digest(*parts: bytes | memoryview) -> bytes:
    """Return the start of a SHA-256: with the processor's help the fastest digest at hand."""
    sha256 = hashlib.sha256()
    for part in parts:
        sha256.update(part)
    return sha256.digest()[:DIGEST_BYTES]
